-- test: test_dealt.py  engine: postgres
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE PRECISION) AS "spend value",
    CAST(COALESCE(shop.history, 0) AS DOUBLE PRECISION) AS "spend history",
    NOT shop.spend IS NULL AS "spend known"
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(arm) FILTER(WHERE
      NOT arm IS NULL) AS arm,
    (
      ARRAY_AGG("spend value") FILTER(WHERE
        NOT "spend value" IS NULL AND NOT arm IS NULL)
    )[1] AS "spend value",
    (
      ARRAY_AGG("spend history") FILTER(WHERE
        NOT "spend history" IS NULL AND NOT arm IS NULL)
    )[1] AS "spend history",
    (
      ARRAY_AGG("spend known") FILTER(WHERE
        NOT "spend known" IS NULL AND NOT arm IS NULL)
    )[1] AS "spend known",
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
    LEFT(MD5(CAST(unit AS TEXT)), 3) AS bucket,
    CAST(unit AS TEXT) AS dealt_id
  FROM units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    COUNT(*) AS units,
    JSONB_BUILD_OBJECT(
      'spend',
      JSONB_BUILD_OBJECT(
        'count',
        COUNT(dealt_units."spend value"),
        'means',
        ARRAY[
          (
            AVG(
              dealt_units."spend value" * 134217729.0 - (
                dealt_units."spend value" * 134217729.0 - dealt_units."spend value"
              )
            ) + AVG(
              dealt_units."spend value" - (
                dealt_units."spend value" * 134217729.0 - (
                  dealt_units."spend value" * 134217729.0 - dealt_units."spend value"
                )
              )
            )
          ),
          (
            AVG(
              dealt_units."spend history" * 134217729.0 - (
                dealt_units."spend history" * 134217729.0 - dealt_units."spend history"
              )
            ) + AVG(
              dealt_units."spend history" - (
                dealt_units."spend history" * 134217729.0 - (
                  dealt_units."spend history" * 134217729.0 - dealt_units."spend history"
                )
              )
            )
          )
        ],
        'covariances',
        ARRAY[
          VAR_POP(dealt_units."spend value"),
          COVAR_POP(dealt_units."spend value", dealt_units."spend history"),
          VAR_POP(dealt_units."spend history")
        ],
        'cubes',
        ARRAY[
          (
            AVG(
              CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * 134217729.0 - (
                CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * 134217729.0 - CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION)
              )
            ) + AVG(
              CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) - (
                CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * 134217729.0 - (
                  CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * 134217729.0 - CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION)
                )
              )
            )
          )
        ]
      )
    ) AS moments
  FROM dealt_units
  GROUP BY
    bucket
)
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
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
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'units' AS part,
    COUNT(*) AS units,
    COUNT(DISTINCT dealt_id) AS groups
  FROM dealt_units
) AS answer
