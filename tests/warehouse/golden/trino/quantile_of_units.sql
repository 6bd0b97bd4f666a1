-- test: test_golden.py  metric: median  engine: trino
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE) AS "median value",
    NOT shop.spend IS NULL AS "median known"
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(arm) FILTER(WHERE
      NOT arm IS NULL) AS arm,
    ARBITRARY("median value") FILTER(WHERE
      NOT arm IS NULL) AS "median value",
    ARBITRARY("median known") FILTER(WHERE
      NOT arm IS NULL) AS "median known",
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
    CAST(MAP(
      ARRAY['median'],
      ARRAY[CAST(CAST(MAP(
        ARRAY['known', 'count', 'means', 'covariances', 'extremes'],
        ARRAY[CAST(COUNT_IF(units."median known") AS JSON), CAST(COUNT(units."median value") AS JSON), CAST(CAST(ARRAY[CAST(AVG(units."median value") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(VAR_POP(units."median value") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(CAST(MAP(
          ARRAY['unit', 'values'],
          ARRAY[CAST(CAST(MAX_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."median value" END) AS VARCHAR) AS JSON), CAST(CAST(ARRAY[CAST(MAX_BY(units."median value", units."median value") AS JSON)] AS JSON) AS JSON)]
        ) AS JSON) AS JSON), CAST(CAST(MAP(
          ARRAY['unit', 'values'],
          ARRAY[CAST(CAST(MIN_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."median value" END) AS VARCHAR) AS JSON), CAST(CAST(ARRAY[CAST(MIN_BY(units."median value", units."median value") AS JSON)] AS JSON) AS JSON)]
        ) AS JSON) AS JSON)] AS JSON) AS JSON)]
      ) AS JSON) AS JSON)]
    ) AS JSON) AS moments
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
        1 + CAST(0.5 AS DOUBLE) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE))) AS middle
  FROM "median ranks"
  GROUP BY
    arm
), "median ends" AS (
  /* Where the quantile and the ends of its interval lie. */
  SELECT
    arm,
    count,
    CAST(FLOOR((
      1 + CAST((
        0.5 - reach
      ) AS DOUBLE) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS at_lower,
    CAST(FLOOR((
      1 + CAST(0.5 AS DOUBLE) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS at_middle,
    CAST(FLOOR((
      1 + CAST((
        0.5 + reach
      ) AS DOUBLE) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS at_upper
  FROM (
    SELECT
      "median middle".arm,
      count,
      CAST(1.9599639845400545 AS DOUBLE) * SQRT(CAST(CAST(0.25 AS DOUBLE) AS DOUBLE) / CAST(count AS DOUBLE)) AS reach
    FROM "median middle"
  ) AS reached
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
UNION ALL
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('metric' AS JSON), CAST('arm' AS JSON), CAST('ranks' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.metric AS JSON) AS JSON), CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.ranks AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'ranks' AS part,
    'median' AS metric,
    "median ends".arm,
    CAST(MAP(
      ARRAY['count', 'ranks', 'values', 'lowest', 'highest', 'units', 'means', 'covariances'],
      ARRAY[CAST("median ends".count AS JSON), CAST(CAST(ARRAY[CAST(at_lower AS JSON), CAST(at_middle AS JSON), CAST(at_upper AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(MIN(value) FILTER(WHERE
        upto >= at_lower - 1) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_lower) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_lower + 1) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_lower + 2) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_middle - 1) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_middle) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_middle + 1) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_middle + 2) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_upper - 1) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_upper) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_upper + 1) AS JSON), CAST(MIN(value) FILTER(WHERE
        upto >= at_upper + 2) AS JSON)] AS JSON) AS JSON), CAST(MIN(value) AS JSON), CAST(MAX(value) AS JSON), CAST(CAST(NULL AS BIGINT) AS JSON), CAST(CAST(ARRAY[CAST(CAST(NULL AS DOUBLE) AS JSON), CAST(CAST(NULL AS DOUBLE) AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(CAST(NULL AS DOUBLE) AS JSON), CAST(CAST(NULL AS DOUBLE) AS JSON), CAST(CAST(NULL AS DOUBLE) AS JSON)] AS JSON) AS JSON)]
    ) AS JSON) AS ranks
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
