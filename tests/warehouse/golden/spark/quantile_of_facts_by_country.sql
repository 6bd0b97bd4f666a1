-- test: test_golden.py  metric: p95  engine: spark
-- listening_rows
/* Facts of listening that can count, read once. */
SELECT
  listening.user_id,
  listening.played_ms,
  listening.played_at,
  listening.skipped,
  listening.loaded_at
FROM listening AS listening
WHERE
  listening.played_at >= CAST('2015-04-04 00:00:00+00:00' AS TIMESTAMP)
  AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP);
-- exposure_rows
/* Exposures of moment-page. Arms: 0 control, 1 moments. */
SELECT
  exposures.user_id AS unit,
  exposures.arm AS arm_value,
  CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  exposures.exposed_at,
  COALESCE(NOT exposures.is_bot, FALSE) AS kept,
  COALESCE(
    exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP_NTZ)
    AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP_NTZ)
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP_NTZ),
    FALSE
  ) AS inside
FROM exposures AS exposures
WHERE
  exposures.experiment = 'moment-page';
-- units_met
/* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
SELECT
  unit,
  MIN(exposed_at) FILTER(WHERE
    NOT arm IS NULL AND (
      kept AND inside
    )) AS exposed_at,
  (
    CAST(MIN(
      CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN UNIX_MICROS(CAST(exposed_at AS TIMESTAMP)) * 2 + arm END
    ) - UNIX_MICROS(CAST(MIN(exposed_at) FILTER(WHERE
      NOT arm IS NULL AND (
        kept AND inside
      )) AS TIMESTAMP)) * 2 AS INT) + CAST(ROUND(
      CAST(MIN(
        CASE WHEN NOT arm IS NULL AND (
          kept AND inside
        ) THEN UNIX_MICROS(CAST(exposed_at AS TIMESTAMP)) * 2 + arm END
      ) - UNIX_MICROS(CAST(MIN(exposed_at) FILTER(WHERE
        NOT arm IS NULL AND (
          kept AND inside
        )) AS TIMESTAMP)) * 2 AS DOUBLE) - CAST(CAST(MIN(
        CASE WHEN NOT arm IS NULL AND (
          kept AND inside
        ) THEN UNIX_MICROS(CAST(exposed_at AS TIMESTAMP)) * 2 + arm END
      ) - UNIX_MICROS(CAST(MIN(exposed_at) FILTER(WHERE
        NOT arm IS NULL AND (
          kept AND inside
        )) AS TIMESTAMP)) * 2 AS INT) AS DOUBLE)
    ) AS INT)
  ) AS arm,
  MIN(arm) FILTER(WHERE
    kept AND inside) <> MAX(arm) FILTER(WHERE
    kept AND inside) AS crossed,
  COUNT(arm) FILTER(WHERE
    kept AND inside) AS entries,
  MIN(arm) FILTER(WHERE
    inside) <> MAX(arm) FILTER(WHERE
    inside) AS in_two_arms
FROM exposure_rows
WHERE
  NOT unit IS NULL
GROUP BY
  unit;
-- listening_facts
/* Facts of listening, one row a unit that has any. */
SELECT
  first_exposure.unit,
  COUNT(CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE)) FILTER(WHERE
    NOT (
      listening.skipped
    )) AS `p95 value`,
  COUNT(*) AS rows
FROM listening_rows AS listening
JOIN (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at + INTERVAL '7' DAY AS `7d after`
  FROM units_met
  WHERE
    NOT crossed
) AS first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP)
  AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.exposed_at
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.`7d after`
GROUP BY
  first_exposure.unit;
-- units
/* One row a unit; null where a metric doesn't take it. */
SELECT
  first_exposure.unit,
  first_exposure.arm,
  first_exposure.exposed_on,
  COALESCE(profile_frozen.country, '(none)') AS `by country`,
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
    THEN CAST(COALESCE(listening_facts.`p95 value`, 0) AS DOUBLE)
  END AS `p95 value`,
  first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ) AS `p95 matured`,
  first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
  AND COALESCE(listening_facts.`p95 value` > 0, FALSE) AS `p95 known`
FROM (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at + INTERVAL '7' DAY AS `7d after`
  FROM units_met
  WHERE
    NOT crossed
) AS first_exposure
LEFT JOIN listening_facts
  ON first_exposure.unit = listening_facts.unit
LEFT JOIN (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    first_exposure.unit,
    MAX_BY(profile.country, STRUCT(profile.valid_from, profile.country)) FILTER(WHERE
      NOT profile.valid_from IS NULL) AS country
  FROM users AS profile
  JOIN (
    /* Units in one arm only, from their first exposure. */
    SELECT
      unit,
      arm,
      exposed_at,
      CAST(exposed_at AS DATE) AS exposed_on,
      exposed_at + INTERVAL '7' DAY AS `7d after`
    FROM units_met
    WHERE
      NOT crossed
  ) AS first_exposure
    ON profile.user_id = first_exposure.unit
  WHERE
    profile.valid_from <= first_exposure.exposed_at
  GROUP BY
    first_exposure.unit
) AS profile_frozen
  ON first_exposure.unit = profile_frozen.unit;
-- lumped_units
/* All other values are one. */
SELECT
  units.unit,
  units.arm,
  units.exposed_on,
  CASE
    WHEN `by country` IN (
      SELECT
        `by country`
      FROM (
        /* The 50 values with most units. */
        SELECT
          `by country`
        FROM units
        GROUP BY
          `by country`
        ORDER BY
          COUNT(*) DESC,
          `by country`
        LIMIT 50
      ) AS `largest by country`
    )
    THEN `by country`
    ELSE '(other)'
  END AS `by country`,
  units.`p95 value`,
  units.`p95 matured`,
  units.`p95 known`
FROM units;
-- p95 values
/* One row a value. */
SELECT
  first_exposure.arm,
  CAST(CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE) AS DOUBLE) AS value,
  first_exposure.unit AS drawn,
  lumped_units.`by country`
FROM listening_rows AS listening
JOIN (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at + INTERVAL '7' DAY AS `7d after`
  FROM units_met
  WHERE
    NOT crossed
) AS first_exposure
  ON listening.user_id = first_exposure.unit
JOIN lumped_units
  ON first_exposure.unit = lumped_units.unit
WHERE
  listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP)
  AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.exposed_at
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.`7d after`
  AND NOT (
    listening.skipped
  )
  AND NOT CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE) IS NULL
  AND first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ);
-- p95 ranks
/* Up to each value, how many there are. */
SELECT
  arm,
  dimension,
  segment,
  value,
  (
    CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment ORDER BY value) AS BIGINT) + CAST(ROUND(
      CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment ORDER BY value) AS DOUBLE) - CAST(CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment ORDER BY value) AS BIGINT) AS DOUBLE)
    ) AS BIGINT)
  ) AS upto,
  (
    CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment) AS BIGINT) + CAST(ROUND(
      CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment) AS DOUBLE) - CAST(CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment) AS BIGINT) AS DOUBLE)
    ) AS BIGINT)
  ) AS count
FROM (
  /* How often each value occurs, by group. */
  SELECT
    arm,
    value,
    COUNT(*) AS tally,
    CASE WHEN NOT `by country` IS NULL THEN 'by country' ELSE '' END AS dimension,
    COALESCE(`by country`, '') AS segment
  FROM `p95 values`
  GROUP BY
    GROUPING SETS (
      (arm, value),
      (arm, `by country`, value)
    )
) AS `p95 tally`;
-- p95 middle
/* The value at the quantile, by group. */
SELECT
  arm,
  dimension,
  segment,
  MAX(count) AS count,
  MIN(value) FILTER(WHERE
    upto >= FLOOR((
      1 + CAST(0.95 AS DOUBLE) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE))) AS middle
FROM `p95 ranks`
GROUP BY
  arm,
  dimension,
  segment;
-- p95 by unit
/* The values of each unit, and those up to the quantile. */
SELECT
  `p95 values`.drawn,
  `p95 values`.arm,
  `p95 values`.`by country`,
  COUNT(*) AS number,
  COUNT_IF(`p95 values`.value <= middle.middle) AS below,
  COUNT_IF(`p95 values`.value <= `middle by country`.middle) AS `below by country`
FROM `p95 values`
JOIN `p95 middle` AS middle
  ON middle.arm = `p95 values`.arm AND middle.dimension = ''
JOIN `p95 middle` AS `middle by country`
  ON `middle by country`.arm = `p95 values`.arm
  AND `middle by country`.dimension = 'by country'
  AND `middle by country`.segment = `p95 values`.`by country`
GROUP BY
  `p95 values`.drawn,
  `p95 values`.arm,
  `p95 values`.`by country`;
SELECT
  'cells' AS part,
  cells.arm,
  cells.exposed_on,
  cells.`by country`,
  cells.units,
  cells.moments
FROM (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    `by country`,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'p95',
      NAMED_STRUCT(
        'matured',
        COUNT_IF(lumped_units.`p95 matured`),
        'known',
        COUNT_IF(lumped_units.`p95 known`),
        'count',
        COUNT(lumped_units.`p95 value`),
        'means',
        ARRAY(AVG(CAST(lumped_units.`p95 value` AS DOUBLE))),
        'covariances',
        ARRAY(VAR_POP(lumped_units.`p95 value`)),
        'extremes',
        ARRAY(
          NAMED_STRUCT(
            'unit',
            CAST(MAX_BY(lumped_units.unit, lumped_units.`p95 value`) FILTER(WHERE
              NOT lumped_units.unit IS NULL) AS STRING),
            'values',
            ARRAY(
              MAX_BY(lumped_units.`p95 value`, lumped_units.`p95 value`) FILTER(WHERE
                NOT lumped_units.`p95 value` IS NULL)
            )
          ),
          NAMED_STRUCT(
            'unit',
            CAST(MIN_BY(lumped_units.unit, lumped_units.`p95 value`) FILTER(WHERE
              NOT lumped_units.unit IS NULL) AS STRING),
            'values',
            ARRAY(
              MIN_BY(lumped_units.`p95 value`, lumped_units.`p95 value`) FILTER(WHERE
                NOT lumped_units.`p95 value` IS NULL)
            )
          )
        )
      )
    ) AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, `by country`)
    )
) AS cells;
SELECT
  'entrants' AS part,
  arm_value,
  arm,
  COUNT(*) AS rows,
  COUNT(*) FILTER(WHERE
    kept) AS kept,
  COUNT(*) - COUNT(unit) AS without_unit,
  COUNT(*) FILTER(WHERE
    kept AND NOT inside) AS outside
FROM exposure_rows
GROUP BY
  arm_value,
  arm;
SELECT
  'units' AS part,
  arm,
  crossed,
  COUNT(*) AS units,
  COUNT_IF(in_two_arms) AS in_two_arms,
  SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
    entries > 0) AS repeated
FROM units_met
GROUP BY
  arm,
  crossed;
SELECT
  'facts' AS part,
  'listening' AS source,
  COALESCE(SUM(rows), 0) AS rows,
  COUNT(*) AS units
FROM listening_facts;
SELECT
  'seen' AS part,
  'listening' AS source,
  MIN(CAST(listening.played_at AS TIMESTAMP_NTZ)) FILTER(WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP)
    AND (
      listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    )) AS first_at,
  MAX(CAST(listening.played_at AS TIMESTAMP_NTZ)) FILTER(WHERE
    listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)) AS last_at,
  COUNT(*) FILTER(WHERE
    listening.played_at >= CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)) AS after_cutoff,
  COUNT(*) FILTER(WHERE
    listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at >= CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)) AS late,
  COUNT(*) FILTER(WHERE
    listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at < listening.played_at) AS ahead
FROM listening AS listening;
SELECT
  'ranks' AS part,
  'p95' AS metric,
  `p95 ends`.arm,
  `p95 ends`.dimension,
  `p95 ends`.segment,
  NAMED_STRUCT(
    'count',
    `p95 ends`.count,
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
    units,
    'means',
    ARRAY(below_mean, number_mean),
    'covariances',
    ARRAY(below_variance, covariance, number_variance)
  ) AS ranks
FROM `p95 ranks`
JOIN (
  /* Where the quantile and the ends of its interval lie. */
  SELECT
    arm,
    dimension,
    segment,
    count,
    units,
    below_mean,
    number_mean,
    below_variance,
    covariance,
    number_variance,
    (
      CAST(FLOOR((
        1 + CAST((
          0.95 - reach
        ) AS DOUBLE) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) + CAST(ROUND(
        CAST(FLOOR((
          1 + CAST((
            0.95 - reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS DOUBLE) - CAST(CAST(FLOOR((
          1 + CAST((
            0.95 - reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS DOUBLE)
      ) AS BIGINT)
    ) AS at_lower,
    (
      CAST(FLOOR((
        1 + CAST(0.95 AS DOUBLE) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) + CAST(ROUND(
        CAST(FLOOR((
          1 + CAST(0.95 AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS DOUBLE) - CAST(CAST(FLOOR((
          1 + CAST(0.95 AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS DOUBLE)
      ) AS BIGINT)
    ) AS at_middle,
    (
      CAST(FLOOR((
        1 + CAST((
          0.95 + reach
        ) AS DOUBLE) * (
          count - 1
        )
      ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) + CAST(ROUND(
        CAST(FLOOR((
          1 + CAST((
            0.95 + reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS DOUBLE) - CAST(CAST(FLOOR((
          1 + CAST((
            0.95 + reach
          ) AS DOUBLE) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS DOUBLE)
      ) AS BIGINT)
    ) AS at_upper
  FROM (
    SELECT
      `p95 middle`.arm,
      `p95 middle`.dimension,
      `p95 middle`.segment,
      count,
      CAST(1.9599639845400545 AS DOUBLE) * SQRT(
        GREATEST(
          CASE
            WHEN (
              (
                CASE WHEN units > 1 THEN units - 1 END * number_mean * number_mean
              )
            ) = 0
            THEN CAST((
              below_variance - 2 * (
                CASE
                  WHEN (
                    number_mean
                  ) = 0
                  THEN CAST(below_mean AS DOUBLE) * CAST('infinity' AS DOUBLE)
                  ELSE CAST(below_mean AS DOUBLE) / CAST(number_mean AS DOUBLE)
                END
              ) * covariance + (
                CASE
                  WHEN (
                    number_mean
                  ) = 0
                  THEN CAST(below_mean AS DOUBLE) * CAST('infinity' AS DOUBLE)
                  ELSE CAST(below_mean AS DOUBLE) / CAST(number_mean AS DOUBLE)
                END
              ) * (
                CASE
                  WHEN (
                    number_mean
                  ) = 0
                  THEN CAST(below_mean AS DOUBLE) * CAST('infinity' AS DOUBLE)
                  ELSE CAST(below_mean AS DOUBLE) / CAST(number_mean AS DOUBLE)
                END
              ) * number_variance
            ) AS DOUBLE) * CAST('infinity' AS DOUBLE)
            ELSE CAST((
              below_variance - 2 * (
                CASE
                  WHEN (
                    number_mean
                  ) = 0
                  THEN CAST(below_mean AS DOUBLE) * CAST('infinity' AS DOUBLE)
                  ELSE CAST(below_mean AS DOUBLE) / CAST(number_mean AS DOUBLE)
                END
              ) * covariance + (
                CASE
                  WHEN (
                    number_mean
                  ) = 0
                  THEN CAST(below_mean AS DOUBLE) * CAST('infinity' AS DOUBLE)
                  ELSE CAST(below_mean AS DOUBLE) / CAST(number_mean AS DOUBLE)
                END
              ) * (
                CASE
                  WHEN (
                    number_mean
                  ) = 0
                  THEN CAST(below_mean AS DOUBLE) * CAST('infinity' AS DOUBLE)
                  ELSE CAST(below_mean AS DOUBLE) / CAST(number_mean AS DOUBLE)
                END
              ) * number_variance
            ) AS DOUBLE) / CAST((
              CASE WHEN units > 1 THEN units - 1 END * number_mean * number_mean
            ) AS DOUBLE)
          END,
          CAST(0 AS DOUBLE)
        )
      ) AS reach,
      units,
      below_mean,
      number_mean,
      below_variance,
      covariance,
      number_variance
    FROM `p95 middle`
    JOIN (
      SELECT
        arm,
        '' AS dimension,
        '' AS segment,
        COUNT(*) AS units,
        AVG(CAST(CAST(below AS DOUBLE) AS DOUBLE)) AS below_mean,
        AVG(CAST(CAST(number AS DOUBLE) AS DOUBLE)) AS number_mean,
        VAR_POP(CAST(below AS DOUBLE)) AS below_variance,
        COVAR_POP(CAST(below AS DOUBLE), CAST(number AS DOUBLE)) AS covariance,
        VAR_POP(CAST(number AS DOUBLE)) AS number_variance
      FROM `p95 by unit`
      GROUP BY
        arm
      /* How both vary from unit to unit. */
      UNION ALL
      SELECT
        arm,
        'by country' AS dimension,
        `by country` AS segment,
        COUNT(*) AS units,
        AVG(CAST(CAST(`below by country` AS DOUBLE) AS DOUBLE)) AS below_mean,
        AVG(CAST(CAST(number AS DOUBLE) AS DOUBLE)) AS number_mean,
        VAR_POP(CAST(`below by country` AS DOUBLE)) AS below_variance,
        COVAR_POP(CAST(`below by country` AS DOUBLE), CAST(number AS DOUBLE)) AS covariance,
        VAR_POP(CAST(number AS DOUBLE)) AS number_variance
      FROM `p95 by unit`
      GROUP BY
        arm,
        `by country`
    ) AS `p95 clusters`
      ON `p95 middle`.arm = `p95 clusters`.arm
      AND `p95 middle`.dimension = `p95 clusters`.dimension
      AND `p95 middle`.segment = `p95 clusters`.segment
  ) AS reached
) AS `p95 ends`
  ON `p95 ranks`.arm = `p95 ends`.arm
  AND `p95 ranks`.dimension = `p95 ends`.dimension
  AND `p95 ranks`.segment = `p95 ends`.segment
GROUP BY
  `p95 ends`.arm,
  `p95 ends`.dimension,
  `p95 ends`.segment,
  `p95 ends`.count,
  `p95 ends`.at_lower,
  `p95 ends`.at_middle,
  `p95 ends`.at_upper,
  `p95 ends`.units,
  `p95 ends`.below_mean,
  `p95 ends`.number_mean,
  `p95 ends`.below_variance,
  `p95 ends`.covariance,
  `p95 ends`.number_variance
