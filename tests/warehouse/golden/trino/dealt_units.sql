-- test: test_dealt.py  engine: trino
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
), dealt_units AS (
  /* Units, each in the bucket that a hash of its user names. */
  SELECT
    units.unit,
    units.arm,
    units."spend value",
    units."spend history",
    units."spend known",
    SUBSTR(LOWER(TO_HEX(MD5(TO_UTF8(CAST(unit AS VARCHAR))))), 1, 3) AS bucket,
    CAST(unit AS VARCHAR) AS dealt_id
  FROM units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    COUNT(*) AS units,
    CAST(MAP(
      ARRAY['spend'],
      ARRAY[CAST(CAST(MAP(
        ARRAY['count', 'means', 'covariances', 'cubes'],
        ARRAY[CAST(COUNT(dealt_units."spend value") AS JSON), CAST(CAST(ARRAY[CAST(AVG(dealt_units."spend value") AS JSON), CAST(AVG(dealt_units."spend history") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(VAR_POP(dealt_units."spend value") AS JSON), CAST(COVAR_POP(dealt_units."spend value", dealt_units."spend history") AS JSON), CAST(VAR_POP(dealt_units."spend history") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(AVG(
          CAST(dealt_units."spend value" AS DOUBLE) * CAST(dealt_units."spend value" AS DOUBLE) * CAST(dealt_units."spend value" AS DOUBLE)
        ) AS JSON)] AS JSON) AS JSON)]
      ) AS JSON) AS JSON)]
    ) AS JSON) AS moments
  FROM dealt_units
  GROUP BY
    bucket
)
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('bucket' AS JSON), CAST('units' AS JSON), CAST('moments' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.bucket AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.moments AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
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
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('units' AS JSON), CAST('groups' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.groups AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    COUNT(*) AS units,
    COUNT(DISTINCT dealt_id) AS groups
  FROM dealt_units
) AS answer
