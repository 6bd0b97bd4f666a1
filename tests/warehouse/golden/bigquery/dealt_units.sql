-- test: test_dealt.py  engine: bigquery
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
), dealt_units AS (
  /* Units, each in the bucket that a hash of its user names. */
  SELECT
    units.unit,
    units.arm,
    units.`spend value`,
    units.`spend history`,
    units.`spend known`,
    LEFT(TO_HEX(MD5(CAST(unit AS STRING))), 3) AS bucket,
    CAST(unit AS STRING) AS dealt_id
  FROM units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    COUNT(*) AS units,
    json_object(
      'spend',
      json_object(
        'count',
        COUNT(dealt_units.`spend value`),
        'means',
        json_array(avg(dealt_units.`spend value`), avg(dealt_units.`spend history`)),
        'covariances',
        json_array(
          var_pop(dealt_units.`spend value`),
          covar_pop(dealt_units.`spend value`, dealt_units.`spend history`),
          var_pop(dealt_units.`spend history`)
        ),
        'cubes',
        json_array(
          avg(
            CAST(dealt_units.`spend value` AS FLOAT64) * CAST(dealt_units.`spend value` AS FLOAT64) * CAST(dealt_units.`spend value` AS FLOAT64)
          )
        )
      )
    ) AS moments
  FROM dealt_units
  GROUP BY
    bucket
)
SELECT
  answer.part,
  to_json_string(json_object('bucket', answer.`bucket`, 'units', answer.`units`, 'moments', answer.`moments`)) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.bucket,
    cells.units,
    cells.moments
  FROM cells
) AS answer
UNION ALL
SELECT
  answer.part,
  to_json_string(json_object('units', answer.`units`, 'groups', answer.`groups`)) AS answer
FROM (
  SELECT
    'units' AS part,
    COUNT(*) AS units,
    COUNT(DISTINCT dealt_id) AS `groups`
  FROM dealt_units
) AS answer
