-- test: test_dealt.py  engine: snowflake
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
    MIN(CASE WHEN NOT arm IS NULL THEN arm END) AS arm,
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "spend value" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "spend value" END IS NULL THEN 1 END
    ) AS "spend value",
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "spend history" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "spend history" END IS NULL THEN 1 END
    ) AS "spend history",
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "spend known" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "spend known" END IS NULL THEN 1 END
    ) AS "spend known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    MIN(CASE WHEN NOT arm IS NULL THEN "spend value" END) IS DISTINCT FROM MAX(CASE WHEN NOT arm IS NULL THEN "spend value" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend value" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR MIN(CASE WHEN NOT arm IS NULL THEN "spend history" END) IS DISTINCT FROM MAX(CASE WHEN NOT arm IS NULL THEN "spend history" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend history" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR BOOLAND_AGG(CASE WHEN NOT arm IS NULL THEN "spend known" END) IS DISTINCT FROM BOOLOR_AGG(CASE WHEN NOT arm IS NULL THEN "spend known" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend known" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END)) AS conflict
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
    LEFT(MD5(CAST(unit AS VARCHAR)), 3) AS bucket,
    CAST(unit AS VARCHAR) AS dealt_id
  FROM units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    COUNT(*) AS units,
    OBJECT_CONSTRUCT_KEEP_NULL(
      'spend',
      OBJECT_CONSTRUCT_KEEP_NULL(
        'count',
        COUNT(dealt_units."spend value"),
        'means',
        ARRAY_CONSTRUCT(
          COALESCE(TO_VARIANT(AVG(dealt_units."spend value")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(AVG(dealt_units."spend history")), PARSE_JSON('null'))
        ),
        'covariances',
        ARRAY_CONSTRUCT(
          COALESCE(TO_VARIANT(VAR_POP(dealt_units."spend value")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(COVAR_POP(dealt_units."spend value", dealt_units."spend history")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(VAR_POP(dealt_units."spend history")), PARSE_JSON('null'))
        ),
        'cubes',
        ARRAY_CONSTRUCT(
          COALESCE(
            TO_VARIANT(
              AVG(
                CAST(dealt_units."spend value" AS DOUBLE) * CAST(dealt_units."spend value" AS DOUBLE) * CAST(dealt_units."spend value" AS DOUBLE)
              )
            ),
            PARSE_JSON('null')
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
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('bucket', answer.bucket, 'units', answer.units, 'moments', answer.moments)) AS answer
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
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('units', answer.units, 'groups', answer.groups)) AS answer
FROM (
  SELECT
    'units' AS part,
    COUNT(*) AS units,
    COUNT(DISTINCT dealt_id) AS groups
  FROM dealt_units
) AS answer
