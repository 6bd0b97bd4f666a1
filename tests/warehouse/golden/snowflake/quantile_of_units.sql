-- test: test_golden.py  metric: median  engine: snowflake
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
    MIN(CASE WHEN NOT arm IS NULL THEN arm END) AS arm,
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "median value" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "median value" END IS NULL THEN 1 END
    ) AS "median value",
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "median known" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "median known" END IS NULL THEN 1 END
    ) AS "median known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    MIN(CASE WHEN NOT arm IS NULL THEN "median value" END) IS DISTINCT FROM MAX(CASE WHEN NOT arm IS NULL THEN "median value" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "median value" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR BOOLAND_AGG(CASE WHEN NOT arm IS NULL THEN "median known" END) IS DISTINCT FROM BOOLOR_AGG(CASE WHEN NOT arm IS NULL THEN "median known" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "median known" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END)) AS conflict
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
    OBJECT_CONSTRUCT_KEEP_NULL(
      'median',
      OBJECT_CONSTRUCT_KEEP_NULL(
        'known',
        COUNT_IF(units."median known"),
        'count',
        COUNT(units."median value"),
        'means',
        ARRAY_CONSTRUCT(COALESCE(TO_VARIANT(AVG(units."median value")), PARSE_JSON('null'))),
        'covariances',
        ARRAY_CONSTRUCT(COALESCE(TO_VARIANT(VAR_POP(units."median value")), PARSE_JSON('null'))),
        'extremes',
        ARRAY_CONSTRUCT(
          COALESCE(
            TO_VARIANT(
              OBJECT_CONSTRUCT_KEEP_NULL(
                'unit',
                CAST(MAX_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."median value" END) AS VARCHAR),
                'values',
                ARRAY_CONSTRUCT(COALESCE(TO_VARIANT(MAX_BY(units."median value", units."median value")), PARSE_JSON('null')))
              )
            ),
            PARSE_JSON('null')
          ),
          COALESCE(
            TO_VARIANT(
              OBJECT_CONSTRUCT_KEEP_NULL(
                'unit',
                CAST(MIN_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."median value" END) AS VARCHAR),
                'values',
                ARRAY_CONSTRUCT(COALESCE(TO_VARIANT(MIN_BY(units."median value", units."median value")), PARSE_JSON('null')))
              )
            ),
            PARSE_JSON('null')
          )
        )
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
    MIN(
      CASE
        WHEN upto >= FLOOR((
          1 + CAST(0.5 AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE))
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
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('arm', answer.arm, 'units', answer.units, 'moments', answer.moments)) AS answer
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
  TO_JSON(
    OBJECT_CONSTRUCT_KEEP_NULL(
      'arm_value',
      answer.arm_value,
      'arm',
      answer.arm,
      'rows',
      answer."rows",
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
    COUNT(*) AS "rows",
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
  TO_JSON(
    OBJECT_CONSTRUCT_KEEP_NULL(
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
    COUNT_IF(crossed) AS in_two_arms,
    SUM(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated,
    MIN(CASE WHEN conflict AND NOT crossed THEN CAST(unit AS VARCHAR) END) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('metric', answer.metric, 'arm', answer.arm, 'ranks', answer.ranks)) AS answer
FROM (
  SELECT
    'ranks' AS part,
    'median' AS metric,
    "median ends".arm,
    OBJECT_CONSTRUCT_KEEP_NULL(
      'count',
      "median ends".count,
      'ranks',
      ARRAY_CONSTRUCT(
        COALESCE(TO_VARIANT(at_lower), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(at_middle), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(at_upper), PARSE_JSON('null'))
      ),
      'values',
      ARRAY_CONSTRUCT(
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_lower - 1 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_lower THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_lower + 1 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_lower + 2 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_middle - 1 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_middle THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_middle + 1 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_middle + 2 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_upper - 1 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_upper THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_upper + 1 THEN value END)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(MIN(CASE WHEN upto >= at_upper + 2 THEN value END)), PARSE_JSON('null'))
      ),
      'lowest',
      MIN(value),
      'highest',
      MAX(value),
      'units',
      CAST(NULL AS BIGINT),
      'means',
      ARRAY_CONSTRUCT(
        COALESCE(TO_VARIANT(CAST(NULL AS DOUBLE)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(CAST(NULL AS DOUBLE)), PARSE_JSON('null'))
      ),
      'covariances',
      ARRAY_CONSTRUCT(
        COALESCE(TO_VARIANT(CAST(NULL AS DOUBLE)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(CAST(NULL AS DOUBLE)), PARSE_JSON('null')),
        COALESCE(TO_VARIANT(CAST(NULL AS DOUBLE)), PARSE_JSON('null'))
      )
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
