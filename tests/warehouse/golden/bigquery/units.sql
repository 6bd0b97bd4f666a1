-- test: test_golden.py  metric: spend  engine: bigquery
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS FLOAT64) AS `spend value`,
    CAST(COALESCE(shop.history, 0) AS FLOAT64) AS `spend history`,
    NOT shop.spend IS NULL AS `spend known`
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    min(CASE WHEN NOT arm IS NULL THEN arm END) AS arm,
    max_by(
      CASE WHEN NOT arm IS NULL THEN `spend value` END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN `spend value` END IS NULL THEN 1 END
    ) AS `spend value`,
    max_by(
      CASE WHEN NOT arm IS NULL THEN `spend history` END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN `spend history` END IS NULL THEN 1 END
    ) AS `spend history`,
    max_by(
      CASE WHEN NOT arm IS NULL THEN `spend known` END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN `spend known` END IS NULL THEN 1 END
    ) AS `spend known`,
    min(arm) <> max(arm) AS crossed,
    COUNT(arm) AS entries,
    min(CASE WHEN NOT arm IS NULL THEN `spend value` END) IS DISTINCT FROM max(CASE WHEN NOT arm IS NULL THEN `spend value` END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN `spend value` END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR min(CASE WHEN NOT arm IS NULL THEN `spend history` END) IS DISTINCT FROM max(CASE WHEN NOT arm IS NULL THEN `spend history` END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN `spend history` END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR logical_and(CASE WHEN NOT arm IS NULL THEN `spend known` END) IS DISTINCT FROM logical_or(CASE WHEN NOT arm IS NULL THEN `spend known` END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN `spend known` END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END)) AS conflict
  FROM unit_rows
  WHERE
    NOT unit IS NULL
  GROUP BY
    unit
), units AS (
  /* Units in one arm only. */
  SELECT
    unit,
    arm,
    `spend value`,
    `spend history`,
    `spend known`
  FROM units_met
  WHERE
    NOT arm IS NULL AND NOT crossed
), cells AS (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    json_object(
      'spend',
      json_object(
        'known',
        countif(units.`spend known`),
        'count',
        COUNT(units.`spend value`),
        'means',
        json_array(avg(units.`spend value`), avg(units.`spend history`)),
        'covariances',
        json_array(
          var_pop(units.`spend value`),
          covar_pop(units.`spend value`, units.`spend history`),
          var_pop(units.`spend history`)
        ),
        'extremes',
        json_array(
          json_object(
            'unit',
            CAST(max_by(units.unit, CASE WHEN NOT units.unit IS NULL THEN units.`spend value` END) AS STRING),
            'values',
            json_array(max_by(units.`spend value`, units.`spend value`))
          ),
          json_object(
            'unit',
            CAST(min_by(units.unit, CASE WHEN NOT units.unit IS NULL THEN units.`spend value` END) AS STRING),
            'values',
            json_array(min_by(units.`spend value`, units.`spend value`))
          )
        )
      )
    ) AS moments
  FROM units
  GROUP BY
    arm
)
SELECT
  answer.part,
  to_json_string(json_object('arm', answer.`arm`, 'units', answer.`units`, 'moments', answer.`moments`)) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.arm,
    cells.units,
    cells.moments
  FROM cells
) AS answer
UNION ALL
SELECT
  answer.part,
  to_json_string(
    json_object(
      'arm_value',
      answer.`arm_value`,
      'arm',
      answer.`arm`,
      'rows',
      answer.`rows`,
      'kept',
      answer.`kept`,
      'without_unit',
      answer.`without_unit`,
      'outside',
      answer.`outside`
    )
  ) AS answer
FROM (
  SELECT
    'entrants' AS part,
    arm_value,
    arm,
    COUNT(*) AS `rows`,
    COUNT(*) AS kept,
    COUNT(*) - COUNT(unit) AS without_unit,
    COUNT(CASE WHEN FALSE THEN 1 END) AS outside
  FROM unit_rows
  GROUP BY
    arm_value,
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  to_json_string(
    json_object(
      'arm',
      answer.`arm`,
      'crossed',
      answer.`crossed`,
      'units',
      answer.`units`,
      'in_two_arms',
      answer.`in_two_arms`,
      'repeated',
      answer.`repeated`,
      'conflict',
      answer.`conflict`
    )
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    countif(crossed) AS in_two_arms,
    sum(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated,
    min(CASE WHEN conflict AND NOT crossed THEN CAST(unit AS STRING) END) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
