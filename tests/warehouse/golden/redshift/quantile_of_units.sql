-- test: test_golden.py  metric: median  engine: redshift
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE PRECISION) AS "median value",
    NOT shop.spend IS NULL AS "median known"
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(CASE WHEN NOT arm IS NULL THEN arm END) AS arm,
    "first 1" AS "median value",
    "first 2" AS "median known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    COALESCE(
      MIN(CASE WHEN NOT arm IS NULL THEN "median value" END) <> MAX(CASE WHEN NOT arm IS NULL THEN "median value" END)
      OR (
        MIN(CASE WHEN NOT arm IS NULL THEN "median value" END) IS NULL
      ) <> (
        MAX(CASE WHEN NOT arm IS NULL THEN "median value" END) IS NULL
      ),
      FALSE
    )
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "median value" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR COALESCE(
      BOOL_AND(CASE WHEN NOT arm IS NULL THEN "median known" END) <> BOOL_OR(CASE WHEN NOT arm IS NULL THEN "median known" END)
      OR (
        BOOL_AND(CASE WHEN NOT arm IS NULL THEN "median known" END) IS NULL
      ) <> (
        BOOL_OR(CASE WHEN NOT arm IS NULL THEN "median known" END) IS NULL
      ),
      FALSE
    )
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "median known" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END)) AS conflict
  FROM (
    SELECT
      unit,
      arm,
      "median known",
      "median value",
      FIRST_VALUE(CASE WHEN NOT arm IS NULL AND NOT "median value" IS NULL THEN "median value" END) OVER (
        PARTITION BY unit
        ORDER BY CASE WHEN NOT arm IS NULL AND NOT "median value" IS NULL THEN "median value" END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1",
      FIRST_VALUE(CASE WHEN NOT arm IS NULL AND NOT "median known" IS NULL THEN "median known" END) OVER (
        PARTITION BY unit
        ORDER BY CASE WHEN NOT arm IS NULL AND NOT "median known" IS NULL THEN "median known" END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 2"
    FROM unit_rows
    WHERE
      NOT unit IS NULL
  ) AS ordered
  GROUP BY
    unit,
    "first 1",
    "first 2"
), units AS (
  /* Units in one arm only. */
  SELECT
    unit,
    arm,
    "median value",
    "median known"
  FROM units_met
  WHERE
    NOT arm IS NULL AND NOT crossed
), cells AS (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    OBJECT(
      'median',
      OBJECT(
        'known',
        COUNT(CASE WHEN "median known" THEN 1 END),
        'count',
        COUNT("median value"),
        'means',
        ARRAY(AVG(CAST("median value" AS DOUBLE PRECISION))),
        'covariances',
        ARRAY(VAR_POP("median value")),
        'extremes',
        ARRAY(
          OBJECT('unit', CAST("first 1" AS VARCHAR(MAX)), 'values', ARRAY(MAX("median value"))),
          OBJECT('unit', CAST("first 2" AS VARCHAR(MAX)), 'values', ARRAY(MIN("median value")))
        )
      )
    ) AS moments
  FROM (
    SELECT
      arm,
      units."median value",
      units."median known",
      FIRST_VALUE(CASE WHEN NOT units.unit IS NULL AND NOT units."median value" IS NULL THEN units.unit END) OVER (
        PARTITION BY arm
        ORDER BY CASE WHEN NOT units.unit IS NULL AND NOT units."median value" IS NULL THEN units."median value" END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1",
      FIRST_VALUE(CASE WHEN NOT units.unit IS NULL AND NOT units."median value" IS NULL THEN units.unit END) OVER (
        PARTITION BY arm
        ORDER BY CASE WHEN NOT units.unit IS NULL AND NOT units."median value" IS NULL THEN units."median value" END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 2"
    FROM units
  ) AS ordered
  GROUP BY
    arm,
    "first 1",
    "first 2"
), "median values" AS (
  /* One row a value. */
  SELECT
    units.arm,
    "median value" AS value,
    units.unit AS drawn
  FROM units
  WHERE
    NOT "median value" IS NULL
), "median tally" AS (
  /* How often each value occurs, by group. */
  SELECT
    arm,
    value,
    COUNT(*) AS tally
  FROM "median values"
  GROUP BY
    arm,
    value
), "median ranks" AS (
  /* Up to each value, how many there are. */
  SELECT
    arm,
    value,
    CAST(SUM(tally) OVER (PARTITION BY arm ORDER BY value) AS BIGINT) AS upto,
    CAST(SUM(tally) OVER (PARTITION BY arm) AS BIGINT) AS count
  FROM "median tally"
), "median middle" AS (
  /* The value at the quantile, by group. */
  SELECT
    arm,
    MAX(count) AS count,
    MIN(
      CASE
        WHEN upto >= FLOOR((
          1 + CAST(0.5 AS DOUBLE PRECISION) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE PRECISION))
        THEN value
      END
    ) AS middle
  FROM "median ranks"
  GROUP BY
    arm
), "median ends" AS (
  /* Where the quantile and the ends of its interval lie. */
  SELECT
    arm,
    count,
    CAST(FLOOR(
      (
        1 + CAST((
          0.5 - reach
        ) AS DOUBLE PRECISION) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE PRECISION)
    ) AS BIGINT) AS at_lower,
    CAST(FLOOR((
      1 + CAST(0.5 AS DOUBLE PRECISION) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE PRECISION)) AS BIGINT) AS at_middle,
    CAST(FLOOR(
      (
        1 + CAST((
          0.5 + reach
        ) AS DOUBLE PRECISION) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE PRECISION)
    ) AS BIGINT) AS at_upper
  FROM (
    SELECT
      "median middle".arm,
      count,
      CAST(1.9599639845400545 AS DOUBLE PRECISION) * SQRT(CAST(CAST(0.25 AS DOUBLE PRECISION) AS DOUBLE PRECISION) / CAST(count AS DOUBLE PRECISION)) AS reach
    FROM "median middle"
  ) AS reached
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
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(OBJECT('metric', answer.metric, 'arm', answer.arm, 'ranks', answer.ranks)) AS answer
FROM (
  SELECT
    'ranks' AS part,
    'median' AS metric,
    "median ends".arm,
    OBJECT(
      'count',
      "median ends".count,
      'ranks',
      ARRAY(at_lower, at_middle, at_upper),
      'values',
      ARRAY(
        MIN(CASE WHEN upto >= at_lower - 1 THEN value END),
        MIN(CASE WHEN upto >= at_lower THEN value END),
        MIN(CASE WHEN upto >= at_lower + 1 THEN value END),
        MIN(CASE WHEN upto >= at_lower + 2 THEN value END),
        MIN(CASE WHEN upto >= at_middle - 1 THEN value END),
        MIN(CASE WHEN upto >= at_middle THEN value END),
        MIN(CASE WHEN upto >= at_middle + 1 THEN value END),
        MIN(CASE WHEN upto >= at_middle + 2 THEN value END),
        MIN(CASE WHEN upto >= at_upper - 1 THEN value END),
        MIN(CASE WHEN upto >= at_upper THEN value END),
        MIN(CASE WHEN upto >= at_upper + 1 THEN value END),
        MIN(CASE WHEN upto >= at_upper + 2 THEN value END)
      ),
      'lowest',
      MIN(value),
      'highest',
      MAX(value),
      'units',
      CAST(NULL AS BIGINT),
      'means',
      ARRAY(CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION)),
      'covariances',
      ARRAY(CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION))
    ) AS ranks
  FROM "median ranks"
  JOIN "median ends"
    ON "median ranks".arm = "median ends".arm
  GROUP BY
    "median ends".arm,
    "median ends".count,
    "median ends".at_lower,
    "median ends".at_middle,
    "median ends".at_upper
) AS answer
