-- test: test_dealt.py  engine: redshift
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
    MIN(CASE WHEN NOT arm IS NULL THEN arm END) AS arm,
    "first 1" AS "spend value",
    "first 2" AS "spend history",
    "first 3" AS "spend known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    COALESCE(
      MIN(CASE WHEN NOT arm IS NULL THEN "spend value" END) <> MAX(CASE WHEN NOT arm IS NULL THEN "spend value" END)
      OR (
        MIN(CASE WHEN NOT arm IS NULL THEN "spend value" END) IS NULL
      ) <> (
        MAX(CASE WHEN NOT arm IS NULL THEN "spend value" END) IS NULL
      ),
      FALSE
    )
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend value" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR COALESCE(
      MIN(CASE WHEN NOT arm IS NULL THEN "spend history" END) <> MAX(CASE WHEN NOT arm IS NULL THEN "spend history" END)
      OR (
        MIN(CASE WHEN NOT arm IS NULL THEN "spend history" END) IS NULL
      ) <> (
        MAX(CASE WHEN NOT arm IS NULL THEN "spend history" END) IS NULL
      ),
      FALSE
    )
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend history" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR COALESCE(
      BOOL_AND(CASE WHEN NOT arm IS NULL THEN "spend known" END) <> BOOL_OR(CASE WHEN NOT arm IS NULL THEN "spend known" END)
      OR (
        BOOL_AND(CASE WHEN NOT arm IS NULL THEN "spend known" END) IS NULL
      ) <> (
        BOOL_OR(CASE WHEN NOT arm IS NULL THEN "spend known" END) IS NULL
      ),
      FALSE
    )
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend known" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END)) AS conflict
  FROM (
    SELECT
      unit,
      arm,
      "spend known",
      "spend history",
      "spend value",
      FIRST_VALUE(CASE WHEN NOT arm IS NULL AND NOT "spend value" IS NULL THEN "spend value" END) OVER (
        PARTITION BY unit
        ORDER BY CASE WHEN NOT arm IS NULL AND NOT "spend value" IS NULL THEN "spend value" END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1",
      FIRST_VALUE(CASE WHEN NOT arm IS NULL AND NOT "spend history" IS NULL THEN "spend history" END) OVER (
        PARTITION BY unit
        ORDER BY CASE WHEN NOT arm IS NULL AND NOT "spend history" IS NULL THEN "spend history" END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 2",
      FIRST_VALUE(CASE WHEN NOT arm IS NULL AND NOT "spend known" IS NULL THEN "spend known" END) OVER (
        PARTITION BY unit
        ORDER BY CASE WHEN NOT arm IS NULL AND NOT "spend known" IS NULL THEN "spend known" END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 3"
    FROM unit_rows
    WHERE
      NOT unit IS NULL
  ) AS ordered
  GROUP BY
    unit,
    "first 1",
    "first 2",
    "first 3"
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
    LEFT(MD5(CAST(unit AS VARCHAR(MAX))), 3) AS bucket,
    CAST(unit AS VARCHAR(MAX)) AS dealt_id
  FROM units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    COUNT(*) AS units,
    OBJECT(
      'spend',
      OBJECT(
        'count',
        COUNT(dealt_units."spend value"),
        'means',
        ARRAY(
          AVG(CAST(dealt_units."spend value" AS DOUBLE PRECISION)),
          AVG(CAST(dealt_units."spend history" AS DOUBLE PRECISION))
        ),
        'covariances',
        ARRAY(
          VAR_POP(dealt_units."spend value"),
          (
            VAR_POP(
              (
                CAST(dealt_units."spend value" AS DOUBLE PRECISION)
              ) + (
                CAST(dealt_units."spend history" AS DOUBLE PRECISION)
              )
            ) - VAR_POP(
              (
                CAST(dealt_units."spend value" AS DOUBLE PRECISION)
              ) - (
                CAST(dealt_units."spend history" AS DOUBLE PRECISION)
              )
            )
          ) / 4,
          VAR_POP(dealt_units."spend history")
        ),
        'cubes',
        ARRAY(
          AVG(
            CAST(CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) * CAST(dealt_units."spend value" AS DOUBLE PRECISION) AS DOUBLE PRECISION)
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
  JSON_SERIALIZE(OBJECT('bucket', answer.bucket, 'units', answer.units, 'moments', answer.moments)) AS answer
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
  JSON_SERIALIZE(OBJECT('units', answer.units, 'groups', answer.groups)) AS answer
FROM (
  SELECT
    'units' AS part,
    COUNT(*) AS units,
    COUNT(DISTINCT dealt_id) AS groups
  FROM dealt_units
) AS answer
