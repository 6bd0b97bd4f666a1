-- test: test_golden.py  metric: median  engine: spark
-- unit_rows
/* Rows of shop. Arms: 0 control, 1 moments. */
SELECT
  shop.id AS unit,
  shop.segment AS arm_value,
  CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  CAST(COALESCE(shop.spend, 0) AS DOUBLE) AS `median value`,
  NOT shop.spend IS NULL AS `median known`
FROM shop AS shop;
-- units_met
/* What stands of each unit: equal rows are one. */
SELECT
  unit,
  MIN(arm) FILTER(WHERE
    NOT arm IS NULL) AS arm,
  MAX(`median value`) FILTER(WHERE
    NOT arm IS NULL) AS `median value`,
  MAX(`median known`) FILTER(WHERE
    NOT arm IS NULL) AS `median known`,
  MIN(arm) <> MAX(arm) AS crossed,
  COUNT(arm) AS entries,
  MIN(`median value`) FILTER(WHERE
    NOT arm IS NULL) IS DISTINCT FROM MAX(`median value`) FILTER(WHERE
    NOT arm IS NULL)
  OR NOT COUNT(`median value`) FILTER(WHERE
    NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
    NOT arm IS NULL))
  OR MIN(`median known`) FILTER(WHERE
    NOT arm IS NULL) IS DISTINCT FROM MAX(`median known`) FILTER(WHERE
    NOT arm IS NULL)
  OR NOT COUNT(`median known`) FILTER(WHERE
    NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
    NOT arm IS NULL)) AS conflict
FROM unit_rows
WHERE
  NOT unit IS NULL
GROUP BY
  unit;
-- median ranks
/* Up to each value, how many there are. */
SELECT
  arm,
  value,
  (
    CAST(SUM(tally) OVER (PARTITION BY arm ORDER BY value) AS BIGINT) + CAST(ROUND(
      CAST(SUM(tally) OVER (PARTITION BY arm ORDER BY value) AS DOUBLE) - CAST(CAST(SUM(tally) OVER (PARTITION BY arm ORDER BY value) AS BIGINT) AS DOUBLE)
    ) AS BIGINT)
  ) AS upto,
  (
    CAST(SUM(tally) OVER (PARTITION BY arm) AS BIGINT) + CAST(ROUND(
      CAST(SUM(tally) OVER (PARTITION BY arm) AS DOUBLE) - CAST(CAST(SUM(tally) OVER (PARTITION BY arm) AS BIGINT) AS DOUBLE)
    ) AS BIGINT)
  ) AS count
FROM (
  /* How often each value occurs, by group. */
  SELECT
    arm,
    value,
    COUNT(*) AS tally
  FROM (
    /* One row a value. */
    SELECT
      units.arm,
      `median value` AS value,
      units.unit AS drawn
    FROM (
      /* Units in one arm only. */
      SELECT
        unit,
        arm,
        `median value`,
        `median known`
      FROM units_met
      WHERE
        NOT arm IS NULL AND NOT crossed
    ) AS units
    WHERE
      NOT `median value` IS NULL
  ) AS `median values`
  GROUP BY
    arm,
    value
) AS `median tally`;
SELECT
  'cells' AS part,
  cells.arm,
  cells.units,
  cells.moments
FROM (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'median',
      NAMED_STRUCT(
        'known',
        COUNT_IF(units.`median known`),
        'count',
        COUNT(units.`median value`),
        'means',
        ARRAY(AVG(CAST(units.`median value` AS DOUBLE))),
        'covariances',
        ARRAY(VAR_POP(units.`median value`)),
        'extremes',
        ARRAY(
          NAMED_STRUCT(
            'unit',
            CAST(MAX_BY(units.unit, units.`median value`) FILTER(WHERE
              NOT units.unit IS NULL) AS STRING),
            'values',
            ARRAY(MAX_BY(units.`median value`, units.`median value`) FILTER(WHERE
              NOT units.`median value` IS NULL))
          ),
          NAMED_STRUCT(
            'unit',
            CAST(MIN_BY(units.unit, units.`median value`) FILTER(WHERE
              NOT units.unit IS NULL) AS STRING),
            'values',
            ARRAY(MIN_BY(units.`median value`, units.`median value`) FILTER(WHERE
              NOT units.`median value` IS NULL))
          )
        )
      )
    ) AS moments
  FROM (
    /* Units in one arm only. */
    SELECT
      unit,
      arm,
      `median value`,
      `median known`
    FROM units_met
    WHERE
      NOT arm IS NULL AND NOT crossed
  ) AS units
  GROUP BY
    arm
) AS cells;
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
  arm;
SELECT
  'units' AS part,
  arm,
  crossed,
  COUNT(*) AS units,
  COUNT_IF(crossed) AS in_two_arms,
  SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
    entries > 0) AS repeated,
  MIN(CAST(unit AS STRING)) FILTER(WHERE
    conflict AND NOT crossed) AS conflict
FROM units_met
GROUP BY
  arm,
  crossed;
SELECT
  'ranks' AS part,
  'median' AS metric,
  `median ends`.arm,
  NAMED_STRUCT(
    'count',
    `median ends`.count,
    'ranks',
    ARRAY(at_lower, at_middle, at_upper),
    'values',
    ARRAY(
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
    ),
    'lowest',
    MIN(value),
    'highest',
    MAX(value),
    'units',
    (
      CAST(NULL AS BIGINT) + CAST(ROUND(CAST(NULL AS DOUBLE) - CAST(CAST(NULL AS BIGINT) AS DOUBLE)) AS BIGINT)
    ),
    'means',
    ARRAY(CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE)),
    'covariances',
    ARRAY(CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE))
  ) AS ranks
FROM `median ranks`
JOIN (
  /* Where the quantile and the ends of its interval lie. */
  SELECT
    arm,
    count,
    (
      CAST(FLOOR((
        1 + CAST((
          0.5 - reach
        ) AS DOUBLE) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) + CAST(ROUND(
        CAST(FLOOR((
          1 + CAST((
            0.5 - reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS DOUBLE) - CAST(CAST(FLOOR((
          1 + CAST((
            0.5 - reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS DOUBLE)
      ) AS BIGINT)
    ) AS at_lower,
    (
      CAST(FLOOR((
        1 + CAST(0.5 AS DOUBLE) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) + CAST(ROUND(
        CAST(FLOOR((
          1 + CAST(0.5 AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS DOUBLE) - CAST(CAST(FLOOR((
          1 + CAST(0.5 AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS DOUBLE)
      ) AS BIGINT)
    ) AS at_middle,
    (
      CAST(FLOOR((
        1 + CAST((
          0.5 + reach
        ) AS DOUBLE) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) + CAST(ROUND(
        CAST(FLOOR((
          1 + CAST((
            0.5 + reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS DOUBLE) - CAST(CAST(FLOOR((
          1 + CAST((
            0.5 + reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS DOUBLE)
      ) AS BIGINT)
    ) AS at_upper
  FROM (
    SELECT
      `median middle`.arm,
      count,
      CAST(1.9599639845400545 AS DOUBLE) * SQRT(
        CASE
          WHEN (
            count
          ) = 0
          THEN CAST(CAST(0.25 AS DOUBLE) AS DOUBLE) * CAST('infinity' AS DOUBLE)
          ELSE CAST(CAST(0.25 AS DOUBLE) AS DOUBLE) / CAST(count AS DOUBLE)
        END
      ) AS reach
    FROM (
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
      FROM `median ranks`
      GROUP BY
        arm
    ) AS `median middle`
  ) AS reached
) AS `median ends`
  ON `median ranks`.arm = `median ends`.arm
GROUP BY
  `median ends`.arm,
  `median ends`.count,
  `median ends`.at_lower,
  `median ends`.at_middle,
  `median ends`.at_upper
