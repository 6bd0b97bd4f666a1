-- test: test_golden.py  metric: spend  engine: trino
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE) AS "spend value",
    CAST(COALESCE(shop.history, 0) AS DOUBLE) AS "spend history",
    NOT shop.spend IS NULL AS "spend known"
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(arm) FILTER(WHERE
      NOT arm IS NULL) AS arm,
    ARBITRARY("spend value") FILTER(WHERE
      NOT arm IS NULL) AS "spend value",
    ARBITRARY("spend history") FILTER(WHERE
      NOT arm IS NULL) AS "spend history",
    ARBITRARY("spend known") FILTER(WHERE
      NOT arm IS NULL) AS "spend known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    MIN("spend value") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX("spend value") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("spend value") FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL))
    OR MIN("spend history") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX("spend history") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("spend history") FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL))
    OR BOOL_AND("spend known") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM BOOL_OR("spend known") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("spend known") FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL)) AS conflict
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
    "spend value",
    "spend history",
    "spend known"
  FROM units_met
  WHERE
    NOT arm IS NULL AND NOT crossed
), cells AS (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    CAST(MAP(
      ARRAY['spend'],
      ARRAY[CAST(CAST(MAP(
        ARRAY['known', 'count', 'means', 'covariances', 'extremes'],
        ARRAY[CAST(COUNT_IF(units."spend known") AS JSON), CAST(COUNT(units."spend value") AS JSON), CAST(CAST(ARRAY[CAST(AVG(units."spend value") AS JSON), CAST(AVG(units."spend history") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(VAR_POP(units."spend value") AS JSON), CAST(COVAR_POP(units."spend value", units."spend history") AS JSON), CAST(VAR_POP(units."spend history") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(CAST(MAP(
          ARRAY['unit', 'values'],
          ARRAY[CAST(CAST(MAX_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."spend value" END) AS VARCHAR) AS JSON), CAST(CAST(ARRAY[CAST(MAX_BY(units."spend value", units."spend value") AS JSON)] AS JSON) AS JSON)]
        ) AS JSON) AS JSON), CAST(CAST(MAP(
          ARRAY['unit', 'values'],
          ARRAY[CAST(CAST(MIN_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."spend value" END) AS VARCHAR) AS JSON), CAST(CAST(ARRAY[CAST(MIN_BY(units."spend value", units."spend value") AS JSON)] AS JSON) AS JSON)]
        ) AS JSON) AS JSON)] AS JSON) AS JSON)]
      ) AS JSON) AS JSON)]
    ) AS JSON) AS moments
  FROM units
  GROUP BY
    arm
)
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm' AS JSON), CAST('units' AS JSON), CAST('moments' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.moments AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
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
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm_value' AS JSON), CAST('arm' AS JSON), CAST('rows' AS JSON), CAST('kept' AS JSON), CAST('without_unit' AS JSON), CAST('outside' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm_value AS JSON) AS JSON), CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.rows AS JSON) AS JSON), CAST(CAST(answer.kept AS JSON) AS JSON), CAST(CAST(answer.without_unit AS JSON) AS JSON), CAST(CAST(answer.outside AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
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
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm' AS JSON), CAST('crossed' AS JSON), CAST('units' AS JSON), CAST('in_two_arms' AS JSON), CAST('repeated' AS JSON), CAST('conflict' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.crossed AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.in_two_arms AS JSON) AS JSON), CAST(CAST(answer.repeated AS JSON) AS JSON), CAST(CAST(answer.conflict AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT_IF(crossed) AS in_two_arms,
    SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
      entries > 0) AS repeated,
    MIN(CAST(unit AS VARCHAR)) FILTER(WHERE
      conflict AND NOT crossed) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
