-- test: test_golden.py  metric: median  engine: postgres
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
    MIN(arm) FILTER(WHERE
      NOT arm IS NULL) AS arm,
    (
      ARRAY_AGG("median value") FILTER(WHERE
        NOT "median value" IS NULL AND NOT arm IS NULL)
    )[1] AS "median value",
    (
      ARRAY_AGG("median known") FILTER(WHERE
        NOT "median known" IS NULL AND NOT arm IS NULL)
    )[1] AS "median known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    MIN("median value") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX("median value") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("median value") FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL))
    OR BOOL_AND("median known") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM BOOL_OR("median known") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("median known") FILTER(WHERE
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
    JSONB_BUILD_OBJECT(
      'median',
      JSONB_BUILD_OBJECT(
        'known',
        COUNT(CASE WHEN units."median known" THEN 1 END),
        'count',
        COUNT(units."median value"),
        'means',
        ARRAY[
          (
            AVG(units."median value" * 134217729.0 - (
              units."median value" * 134217729.0 - units."median value"
            )) + AVG(
              units."median value" - (
                units."median value" * 134217729.0 - (
                  units."median value" * 134217729.0 - units."median value"
                )
              )
            )
          )
        ],
        'covariances',
        ARRAY[VAR_POP(units."median value")],
        'extremes',
        ARRAY[
          JSONB_BUILD_OBJECT(
            'unit',
            CAST((
              ARRAY_AGG(units.unit ORDER BY units."median value" DESC NULLS LAST) FILTER(WHERE
                NOT units.unit IS NULL AND NOT units."median value" IS NULL)
            )[1] AS TEXT),
            'values',
            ARRAY[MAX(units."median value")]
          ),
          JSONB_BUILD_OBJECT(
            'unit',
            CAST((
              ARRAY_AGG(units.unit ORDER BY units."median value" ASC) FILTER(WHERE
                NOT units.unit IS NULL AND NOT units."median value" IS NULL)
            )[1] AS TEXT),
            'values',
            ARRAY[MIN(units."median value")]
          )
        ]
      )
    ) AS moments
  FROM units
  GROUP BY
    arm
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
    MIN(value) FILTER(WHERE
      upto >= FLOOR((
        1 + CAST(0.5 AS DOUBLE PRECISION) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE PRECISION))) AS middle
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
      CAST(1.9599639845400545 AS DOUBLE PRECISION) * SQRT(
        CAST(CASE
          WHEN CAST(count AS DOUBLE PRECISION) = 0
          THEN CASE
            WHEN CAST(CAST(0.25 AS DOUBLE PRECISION) AS DOUBLE PRECISION) > 0
            THEN CAST('infinity' AS DOUBLE PRECISION)
            WHEN CAST(CAST(0.25 AS DOUBLE PRECISION) AS DOUBLE PRECISION) < 0
            THEN CAST('-infinity' AS DOUBLE PRECISION)
            WHEN NOT CAST(CAST(0.25 AS DOUBLE PRECISION) AS DOUBLE PRECISION) IS NULL
            THEN CAST('nan' AS DOUBLE PRECISION)
          END
          ELSE CAST(CAST(0.25 AS DOUBLE PRECISION) AS DOUBLE PRECISION) / CAST(count AS DOUBLE PRECISION)
        END AS DOUBLE PRECISION)
      ) AS reach
    FROM "median middle"
  ) AS reached
)
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
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
  TO_JSONB(answer) AS answer
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
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT(CASE WHEN crossed THEN 1 END) AS in_two_arms,
    SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
      entries > 0) AS repeated,
    MIN(CAST(unit AS TEXT)) FILTER(WHERE
      conflict AND NOT crossed) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'ranks' AS part,
    'median' AS metric,
    "median ends".arm,
    JSONB_BUILD_OBJECT(
      'count',
      "median ends".count,
      'ranks',
      ARRAY[at_lower, at_middle, at_upper],
      'values',
      ARRAY[
        MIN(value) FILTER(WHERE
          upto >= at_lower - 1),
        MIN(value) FILTER(WHERE
          upto >= at_lower),
        MIN(value) FILTER(WHERE
          upto >= at_lower + 1),
        MIN(value) FILTER(WHERE
          upto >= at_lower + 2),
        MIN(value) FILTER(WHERE
          upto >= at_middle - 1),
        MIN(value) FILTER(WHERE
          upto >= at_middle),
        MIN(value) FILTER(WHERE
          upto >= at_middle + 1),
        MIN(value) FILTER(WHERE
          upto >= at_middle + 2),
        MIN(value) FILTER(WHERE
          upto >= at_upper - 1),
        MIN(value) FILTER(WHERE
          upto >= at_upper),
        MIN(value) FILTER(WHERE
          upto >= at_upper + 1),
        MIN(value) FILTER(WHERE
          upto >= at_upper + 2)
      ],
      'lowest',
      MIN(value),
      'highest',
      MAX(value),
      'units',
      CAST(NULL AS BIGINT),
      'means',
      ARRAY[CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION)],
      'covariances',
      ARRAY[CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION), CAST(NULL AS DOUBLE PRECISION)]
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
