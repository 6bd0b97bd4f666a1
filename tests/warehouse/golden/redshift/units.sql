-- test: test_golden.py  metric: spend  engine: redshift
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
), cells AS (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    OBJECT(
      'spend',
      OBJECT(
        'known',
        COUNT(CASE WHEN "spend known" THEN 1 END),
        'count',
        COUNT("spend value"),
        'means',
        ARRAY(AVG(CAST("spend value" AS DOUBLE PRECISION)), AVG(CAST("spend history" AS DOUBLE PRECISION))),
        'covariances',
        ARRAY(
          VAR_POP("spend value"),
          (
            VAR_POP((
              CAST("spend value" AS DOUBLE PRECISION)
            ) + (
              CAST("spend history" AS DOUBLE PRECISION)
            )) - VAR_POP((
              CAST("spend value" AS DOUBLE PRECISION)
            ) - (
              CAST("spend history" AS DOUBLE PRECISION)
            ))
          ) / 4,
          VAR_POP("spend history")
        ),
        'extremes',
        ARRAY(
          OBJECT('unit', CAST("first 1" AS VARCHAR(MAX)), 'values', ARRAY(MAX("spend value"))),
          OBJECT('unit', CAST("first 2" AS VARCHAR(MAX)), 'values', ARRAY(MIN("spend value")))
        )
      )
    ) AS moments
  FROM (
    SELECT
      arm,
      units."spend value",
      units."spend history",
      units."spend known",
      FIRST_VALUE(CASE WHEN NOT units.unit IS NULL AND NOT units."spend value" IS NULL THEN units.unit END) OVER (
        PARTITION BY arm
        ORDER BY CASE WHEN NOT units.unit IS NULL AND NOT units."spend value" IS NULL THEN units."spend value" END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1",
      FIRST_VALUE(CASE WHEN NOT units.unit IS NULL AND NOT units."spend value" IS NULL THEN units.unit END) OVER (
        PARTITION BY arm
        ORDER BY CASE WHEN NOT units.unit IS NULL AND NOT units."spend value" IS NULL THEN units."spend value" END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 2"
    FROM units
  ) AS ordered
  GROUP BY
    arm,
    "first 1",
    "first 2"
)
SELECT
  answer.part,
  JSON_SERIALIZE(OBJECT('arm', answer.arm, 'units', answer.units, 'moments', answer.moments)) AS answer
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
  JSON_SERIALIZE(
    OBJECT(
      'arm_value',
      answer.arm_value,
      'arm',
      answer.arm,
      'rows',
      answer.rows,
      'kept',
      answer.kept,
      'without_unit',
      answer.without_unit,
      'outside',
      answer.outside
    )
  ) AS answer
FROM (
  SELECT
    'entrants' AS part,
    arm_value,
    arm,
    COUNT(*) AS rows,
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
  JSON_SERIALIZE(
    OBJECT(
      'arm',
      answer.arm,
      'crossed',
      answer.crossed,
      'units',
      answer.units,
      'in_two_arms',
      answer.in_two_arms,
      'repeated',
      answer.repeated,
      'conflict',
      answer.conflict
    )
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT(CASE WHEN crossed THEN 1 END) AS in_two_arms,
    SUM(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated,
    MIN(CASE WHEN conflict AND NOT crossed THEN CAST(unit AS VARCHAR(MAX)) END) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
