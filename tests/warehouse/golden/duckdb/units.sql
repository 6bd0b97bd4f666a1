-- test: test_golden.py  metric: spend  engine: duckdb
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE) AS "spend value",
    CAST(COALESCE(shop.history, 0) AS DOUBLE) AS "spend history",
    NOT shop.spend IS NULL AS "spend known"
  FROM READ_PARQUET('shop.parquet') AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(arm) FILTER(WHERE
      NOT arm IS NULL) AS arm,
    ANY_VALUE("spend value") FILTER(WHERE
      NOT arm IS NULL) AS "spend value",
    ANY_VALUE("spend history") FILTER(WHERE
      NOT arm IS NULL) AS "spend history",
    ANY_VALUE("spend known") FILTER(WHERE
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
    OR MIN("spend known") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX("spend known") FILTER(WHERE
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
    {'spend': {'known': COUNT_IF(units."spend known"), 'count': COUNT(units."spend value"), 'means': [FAVG(units."spend value"), FAVG(units."spend history")], 'covariances': [
      VAR_POP(units."spend value"),
      COVAR_POP(units."spend value", units."spend history"),
      VAR_POP(units."spend history")
    ], 'extremes': [
      {'unit': CAST(ARG_MAX(units.unit, units."spend value") AS TEXT), 'values': [ARG_MAX(units."spend value", units."spend value")]},
      {'unit': CAST(ARG_MIN(units.unit, units."spend value") AS TEXT), 'values': [ARG_MIN(units."spend value", units."spend value")]}
    ]}} AS moments
  FROM units
  GROUP BY
    arm
)
SELECT
  'cells' AS part,
  *
FROM cells
UNION ALL BY NAME
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
UNION ALL BY NAME
SELECT
  'units' AS part,
  arm,
  crossed,
  COUNT(*) AS units,
  COUNT_IF(crossed) AS in_two_arms,
  SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
    entries > 0) AS repeated,
  MIN(CAST(unit AS TEXT)) FILTER(WHERE
    conflict AND NOT crossed) AS conflict
FROM units_met
GROUP BY
  arm,
  crossed
