-- test: test_golden.py  metric: spend  engine: spark
-- unit_rows
/* Rows of shop. Arms: 0 control, 1 moments. */
SELECT
  shop.id AS unit,
  shop.segment AS arm_value,
  CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  CAST(COALESCE(shop.spend, 0) AS DOUBLE) AS `spend value`,
  CAST(COALESCE(shop.history, 0) AS DOUBLE) AS `spend history`,
  NOT shop.spend IS NULL AS `spend known`
FROM shop AS shop;
-- units_met
/* What stands of each unit: equal rows are one. */
SELECT
  unit,
  MIN(arm) FILTER(WHERE
    NOT arm IS NULL) AS arm,
  MAX(`spend value`) FILTER(WHERE
    NOT arm IS NULL) AS `spend value`,
  MAX(`spend history`) FILTER(WHERE
    NOT arm IS NULL) AS `spend history`,
  MAX(`spend known`) FILTER(WHERE
    NOT arm IS NULL) AS `spend known`,
  MIN(arm) <> MAX(arm) AS crossed,
  COUNT(arm) AS entries,
  MIN(`spend value`) FILTER(WHERE
    NOT arm IS NULL) IS DISTINCT FROM MAX(`spend value`) FILTER(WHERE
    NOT arm IS NULL)
  OR NOT COUNT(`spend value`) FILTER(WHERE
    NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
    NOT arm IS NULL))
  OR MIN(`spend history`) FILTER(WHERE
    NOT arm IS NULL) IS DISTINCT FROM MAX(`spend history`) FILTER(WHERE
    NOT arm IS NULL)
  OR NOT COUNT(`spend history`) FILTER(WHERE
    NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
    NOT arm IS NULL))
  OR MIN(`spend known`) FILTER(WHERE
    NOT arm IS NULL) IS DISTINCT FROM MAX(`spend known`) FILTER(WHERE
    NOT arm IS NULL)
  OR NOT COUNT(`spend known`) FILTER(WHERE
    NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
    NOT arm IS NULL)) AS conflict
FROM unit_rows
WHERE
  NOT unit IS NULL
GROUP BY
  unit;
SELECT
  'cells' AS part,
  cells.arm,
  cells.units,
  cells.moments
FROM (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'spend',
      NAMED_STRUCT(
        'known',
        COUNT_IF(units.`spend known`),
        'count',
        COUNT(units.`spend value`),
        'means',
        ARRAY(AVG(CAST(units.`spend value` AS DOUBLE)), AVG(CAST(units.`spend history` AS DOUBLE))),
        'covariances',
        ARRAY(
          VAR_POP(units.`spend value`),
          COVAR_POP(units.`spend value`, units.`spend history`),
          VAR_POP(units.`spend history`)
        ),
        'extremes',
        ARRAY(
          NAMED_STRUCT(
            'unit',
            CAST(MAX_BY(units.unit, units.`spend value`) FILTER(WHERE
              NOT units.unit IS NULL) AS STRING),
            'values',
            ARRAY(MAX_BY(units.`spend value`, units.`spend value`) FILTER(WHERE
              NOT units.`spend value` IS NULL))
          ),
          NAMED_STRUCT(
            'unit',
            CAST(MIN_BY(units.unit, units.`spend value`) FILTER(WHERE
              NOT units.unit IS NULL) AS STRING),
            'values',
            ARRAY(MIN_BY(units.`spend value`, units.`spend value`) FILTER(WHERE
              NOT units.`spend value` IS NULL))
          )
        )
      )
    ) AS moments
  FROM (
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
  ) AS units
  GROUP BY
    arm
) AS cells;
SELECT
  'entrants' AS part,
  arm_value,
  arm,
  COUNT(*) AS rows,
  COUNT(*) AS kept,
  COUNT(*) - COUNT(unit) AS without_unit,
  COUNT(*) FILTER(WHERE
    FALSE) AS outside
FROM unit_rows
GROUP BY
  arm_value,
  arm;
SELECT
  'units' AS part,
  arm,
  crossed,
  COUNT(*) AS units,
  COUNT_IF(crossed) AS in_two_arms,
  SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
    entries > 0) AS repeated,
  MIN(CAST(unit AS STRING)) FILTER(WHERE
    conflict AND NOT crossed) AS conflict
FROM units_met
GROUP BY
  arm,
  crossed
