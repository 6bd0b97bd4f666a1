-- test: test_golden.py  metric: p95  engine: duckdb
WITH listening_rows AS (
  /* Facts of listening that can count, read once. */
  SELECT
    listening.user_id,
    listening.played_ms,
    listening.played_at,
    listening.skipped,
    listening.loaded_at
  FROM READ_PARQUET('listening.parquet') AS listening
  WHERE
    listening.played_at >= CAST('2015-04-04 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
), exposure_rows AS NOT MATERIALIZED (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP),
      FALSE
    ) AS inside
  FROM READ_PARQUET('exposures.parquet') AS exposures
  WHERE
    exposures.experiment = 'moment-page'
), units_met AS (
  /* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
  SELECT
    unit,
    MIN(exposed_at) FILTER(WHERE
      NOT arm IS NULL AND (
        kept AND inside
      )) AS exposed_at,
    CAST(MIN(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN EPOCH_US(exposed_at) * 2 + arm END) - EPOCH_US(MIN(exposed_at) FILTER(WHERE
      NOT arm IS NULL AND (
        kept AND inside
      ))) * 2 AS INT) AS arm,
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
    unit
), first_exposure AS (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at + INTERVAL '7' DAY AS "7d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    COUNT(listening.played_ms / 1000.0) FILTER(WHERE
      NOT (
        listening.skipped
      )) AS "p95 value",
    COUNT(*) AS rows
  FROM listening_rows AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= first_exposure.exposed_at
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."7d after"
  GROUP BY
    first_exposure.unit
), profile_frozen AS (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    first_exposure.unit,
    ARG_MAX_NULL(profile.country, {'moment': profile.valid_from, 'known': NOT profile.country IS NULL, 'value': profile.country}) AS country
  FROM READ_PARQUET('users.parquet') AS profile
  JOIN first_exposure
    ON profile.user_id = first_exposure.unit
  WHERE
    profile.valid_from <= first_exposure.exposed_at
  GROUP BY
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    COALESCE(profile_frozen.country, '(none)') AS "by country",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(listening_facts."p95 value", 0) AS DOUBLE)
    END AS "p95 value",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP) AS "p95 matured",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
    AND COALESCE(listening_facts."p95 value" > 0, FALSE) AS "p95 known"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
  LEFT JOIN profile_frozen
    ON first_exposure.unit = profile_frozen.unit
), "largest by country" AS (
  /* The 50 values with most units. */
  SELECT
    "by country"
  FROM units
  GROUP BY
    "by country"
  ORDER BY
    COUNT(*) DESC,
    "by country"
  LIMIT 50
), lumped_units AS (
  /* All other values are one. */
  SELECT
    *
    REPLACE (CASE
      WHEN "by country" IN (
        SELECT
          "by country"
        FROM "largest by country"
      )
      THEN "by country"
      ELSE '(other)'
    END AS "by country")
  FROM units
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    "by country",
    COUNT(*) AS units,
    {'p95': {'matured': COUNT_IF(lumped_units."p95 matured"), 'known': COUNT_IF(lumped_units."p95 known"), 'count': COUNT(lumped_units."p95 value"), 'means': [FAVG(lumped_units."p95 value")], 'covariances': [VAR_POP(lumped_units."p95 value")], 'extremes': [
      {'unit': CAST(ARG_MAX(lumped_units.unit, lumped_units."p95 value") AS TEXT), 'values': [ARG_MAX(lumped_units."p95 value", lumped_units."p95 value")]},
      {'unit': CAST(ARG_MIN(lumped_units.unit, lumped_units."p95 value") AS TEXT), 'values': [ARG_MIN(lumped_units."p95 value", lumped_units."p95 value")]}
    ]}} AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, "by country")
    )
), "p95 values" AS (
  /* One row a value. */
  SELECT
    first_exposure.arm,
    CAST(listening.played_ms / 1000.0 AS DOUBLE) AS value,
    first_exposure.unit AS drawn,
    lumped_units."by country"
  FROM listening_rows AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  JOIN lumped_units
    ON first_exposure.unit = lumped_units.unit
  WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= first_exposure.exposed_at
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."7d after"
    AND NOT (
      listening.skipped
    )
    AND NOT listening.played_ms / 1000.0 IS NULL
    AND first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
), "p95 tally" AS (
  /* How often each value occurs, by group. */
  SELECT
    arm,
    value,
    COUNT(*) AS tally,
    CASE WHEN NOT "by country" IS NULL THEN 'by country' ELSE '' END AS dimension,
    COALESCE("by country", '') AS segment
  FROM "p95 values"
  GROUP BY
    GROUPING SETS (
      (arm, value),
      (arm, "by country", value)
    )
), "p95 ranks" AS (
  /* Up to each value, how many there are. */
  SELECT
    arm,
    dimension,
    segment,
    value,
    CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment ORDER BY value) AS BIGINT) AS upto,
    CAST(SUM(tally) OVER (PARTITION BY arm, dimension, segment) AS BIGINT) AS count
  FROM "p95 tally"
), "p95 middle" AS (
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
  FROM "p95 ranks"
  GROUP BY
    arm,
    dimension,
    segment
), "p95 by unit" AS (
  /* The values of each unit, and those up to the quantile. */
  SELECT
    "p95 values".drawn,
    "p95 values".arm,
    "p95 values"."by country",
    COUNT(*) AS number,
    COUNT_IF("p95 values".value <= middle.middle) AS below,
    COUNT_IF("p95 values".value <= "middle by country".middle) AS "below by country"
  FROM "p95 values"
  JOIN "p95 middle" AS middle
    ON middle.arm = "p95 values".arm AND middle.dimension = ''
  JOIN "p95 middle" AS "middle by country"
    ON "middle by country".arm = "p95 values".arm
    AND "middle by country".dimension = 'by country'
    AND "middle by country".segment = "p95 values"."by country"
  GROUP BY
    "p95 values".drawn,
    "p95 values".arm,
    "p95 values"."by country"
), "p95 clusters" AS (
  SELECT
    arm,
    '' AS dimension,
    '' AS segment,
    COUNT(*) AS units,
    FAVG(CAST(below AS DOUBLE)) AS below_mean,
    FAVG(CAST(number AS DOUBLE)) AS number_mean,
    VAR_POP(CAST(below AS DOUBLE)) AS below_variance,
    COVAR_POP(CAST(below AS DOUBLE), CAST(number AS DOUBLE)) AS covariance,
    VAR_POP(CAST(number AS DOUBLE)) AS number_variance
  FROM "p95 by unit"
  GROUP BY
    arm
  /* How both vary from unit to unit. */
  UNION ALL
  SELECT
    arm,
    'by country' AS dimension,
    "by country" AS segment,
    COUNT(*) AS units,
    FAVG(CAST("below by country" AS DOUBLE)) AS below_mean,
    FAVG(CAST(number AS DOUBLE)) AS number_mean,
    VAR_POP(CAST("below by country" AS DOUBLE)) AS below_variance,
    COVAR_POP(CAST("below by country" AS DOUBLE), CAST(number AS DOUBLE)) AS covariance,
    VAR_POP(CAST(number AS DOUBLE)) AS number_variance
  FROM "p95 by unit"
  GROUP BY
    arm,
    "by country"
), "p95 ends" AS (
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
    CAST(FLOOR((
      1 + CAST((
        0.95 - reach
      ) AS DOUBLE) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS at_lower,
    CAST(FLOOR((
      1 + CAST(0.95 AS DOUBLE) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS at_middle,
    CAST(FLOOR((
      1 + CAST((
        0.95 + reach
      ) AS DOUBLE) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS DOUBLE)) AS BIGINT) AS at_upper
  FROM (
    SELECT
      "p95 middle".arm,
      "p95 middle".dimension,
      "p95 middle".segment,
      count,
      CAST(1.9599639845400545 AS DOUBLE) * SQRT(
        GREATEST(
          (
            below_variance - 2 * (
              below_mean / number_mean
            ) * covariance + (
              below_mean / number_mean
            ) * (
              below_mean / number_mean
            ) * number_variance
          ) / (
            CASE WHEN units > 1 THEN units - 1 END * number_mean * number_mean
          ),
          CAST(0 AS DOUBLE)
        )
      ) AS reach,
      units,
      below_mean,
      number_mean,
      below_variance,
      covariance,
      number_variance
    FROM "p95 middle"
    JOIN "p95 clusters"
      ON "p95 middle".arm = "p95 clusters".arm
      AND "p95 middle".dimension = "p95 clusters".dimension
      AND "p95 middle".segment = "p95 clusters".segment
  ) AS reached
)
SELECT
  'cells' AS part,
  *
FROM cells
UNION ALL BY NAME
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
  arm
UNION ALL BY NAME
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
  crossed
UNION ALL BY NAME
SELECT
  'facts' AS part,
  'listening' AS source,
  COALESCE(SUM(rows), 0) AS rows,
  COUNT(*) AS units
FROM listening_facts
UNION ALL BY NAME
SELECT
  'seen' AS part,
  'listening' AS source,
  (
    SELECT
      MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) AS first_at
    FROM READ_PARQUET('listening.parquet') AS listening
    WHERE
      NOT listening.played_at IS NULL
      AND listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    ORDER BY
      first_at
    LIMIT 1
  ) AS first_at,
  (
    SELECT
      MAX(MAKE_TIMESTAMP(EPOCH_US(listening.played_at))) AS last_at
    FROM READ_PARQUET('listening.parquet') AS listening
    WHERE
      listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
  ) AS last_at,
  (
    SELECT
      COUNT(*)
    FROM READ_PARQUET('listening.parquet') AS listening
    WHERE
      listening.played_at >= CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
  ) AS after_cutoff,
  (
    SELECT
      COUNT(*)
    FROM READ_PARQUET('listening.parquet') AS listening
    WHERE
      listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at >= CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
  ) AS late,
  (
    SELECT
      COUNT(*)
    FROM READ_PARQUET('listening.parquet') AS listening
    WHERE
      listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < listening.played_at
  ) AS ahead
UNION ALL BY NAME
SELECT
  'ranks' AS part,
  'p95' AS metric,
  "p95 ends".arm,
  "p95 ends".dimension,
  "p95 ends".segment,
  {'count': "p95 ends".count, 'ranks': [at_lower, at_middle, at_upper], 'values': [
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
  ], 'lowest': MIN(value), 'highest': MAX(value), 'units': units, 'means': [below_mean, number_mean], 'covariances': [below_variance, covariance, number_variance]} AS ranks
FROM "p95 ranks"
JOIN "p95 ends"
  ON "p95 ranks".arm = "p95 ends".arm
  AND "p95 ranks".dimension = "p95 ends".dimension
  AND "p95 ranks".segment = "p95 ends".segment
GROUP BY
  "p95 ends".arm,
  "p95 ends".dimension,
  "p95 ends".segment,
  "p95 ends".count,
  "p95 ends".at_lower,
  "p95 ends".at_middle,
  "p95 ends".at_upper,
  "p95 ends".units,
  "p95 ends".below_mean,
  "p95 ends".number_mean,
  "p95 ends".below_variance,
  "p95 ends".covariance,
  "p95 ends".number_variance
