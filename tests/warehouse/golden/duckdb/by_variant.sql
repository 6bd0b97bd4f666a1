-- test: test_golden.py  metric: skip_rate  engine: duckdb
WITH exposure_rows AS NOT MATERIALIZED (
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
    SUM(CASE WHEN listening.skipped THEN 1 WHEN NOT (
      listening.skipped
    ) THEN 0 END) AS "skip_rate numerator",
    COUNT(*) AS "skip_rate denominator",
    COUNT(*) AS rows
  FROM READ_PARQUET('listening.parquet') AS listening
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
    ARG_MAX_NULL(
      profile.signed_up_at >= (
        first_exposure.exposed_at
      ) - INTERVAL '7' DAY,
      {'moment': profile.valid_from, 'known': NOT profile.signed_up_at >= (
        first_exposure.exposed_at
      ) - INTERVAL '7' DAY IS NULL, 'value': profile.signed_up_at >= (
        first_exposure.exposed_at
      ) - INTERVAL '7' DAY}
    ) AS is_new
  FROM READ_PARQUET('users.parquet') AS profile
  JOIN first_exposure
    ON profile.user_id = first_exposure.unit
  WHERE
    profile.valid_from <= first_exposure.exposed_at
  GROUP BY
    first_exposure.unit
), other_exposures AS (
  SELECT
    exposures.user_id AS unit,
    exposures.experiment AS other,
    exposures.arm AS variant
  FROM READ_PARQUET('exposures.parquet') AS exposures
  WHERE
    exposures.experiment <> 'moment-page'
    AND exposures.experiment IN ('no-ads')
    AND NOT exposures.arm IS NULL
    AND NOT exposures.user_id IS NULL
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP)
    AND NOT exposures.is_bot
  /* Exposures of other experiments. */
  UNION ALL
  SELECT
    assigned.user_id AS unit,
    assigned.experiment AS other,
    assigned.arm AS variant
  FROM READ_PARQUET('exposures.parquet') AS assigned
  WHERE
    assigned.experiment IN ('no-ads')
    AND NOT assigned.arm IS NULL
    AND NOT assigned.user_id IS NULL
    AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP)
    AND NOT assigned.is_bot
), "beside 1" AS (
  /* What was met of 'no-ads'. */
  SELECT
    first_exposure.unit,
    CASE
      WHEN MIN(other_exposures.variant) = MAX(other_exposures.variant)
      THEN MIN(other_exposures.variant)
      ELSE '(several)'
    END AS variant
  FROM other_exposures
  JOIN first_exposure
    ON other_exposures.unit = first_exposure.unit
  WHERE
    other_exposures.other = 'no-ads'
  GROUP BY
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    COALESCE("beside 1".variant, '(none)') AS "by beside 1",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(listening_facts."skip_rate numerator", 0) AS DOUBLE)
    END AS "skip_rate numerator",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(listening_facts."skip_rate denominator", 0) AS DOUBLE)
    END AS "skip_rate denominator",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(CASE WHEN profile_frozen.is_new THEN 1 WHEN NOT (
        profile_frozen.is_new
      ) THEN 0 END, 0) AS DOUBLE)
    END AS "skip_rate profile.is_new",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(CASE WHEN profile_frozen.is_new IS NULL THEN 1 WHEN NOT (
        profile_frozen.is_new IS NULL
      ) THEN 0 END AS DOUBLE)
    END AS "skip_rate profile.is_new is missing",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP) AS "skip_rate matured",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
    AND (
      COALESCE(NOT listening_facts."skip_rate numerator" IS NULL, FALSE)
      OR COALESCE(listening_facts."skip_rate denominator" > 0, FALSE)
    ) AS "skip_rate known"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
  LEFT JOIN profile_frozen
    ON first_exposure.unit = profile_frozen.unit
  LEFT JOIN "beside 1"
    ON first_exposure.unit = "beside 1".unit
), "largest by beside 1" AS (
  /* The 50 values with most units. */
  SELECT
    "by beside 1"
  FROM units
  GROUP BY
    "by beside 1"
  ORDER BY
    COUNT(*) DESC,
    "by beside 1"
  LIMIT 50
), lumped_units AS (
  /* All other values are one. */
  SELECT
    *
    REPLACE (CASE
      WHEN "by beside 1" IN (
        SELECT
          "by beside 1"
        FROM "largest by beside 1"
      )
      THEN "by beside 1"
      ELSE '(other)'
    END AS "by beside 1")
  FROM units
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    "by beside 1",
    COUNT(*) AS units,
    {'skip_rate': {'matured': COUNT_IF(lumped_units."skip_rate matured"), 'known': COUNT_IF(lumped_units."skip_rate known"), 'count': COUNT(lumped_units."skip_rate numerator"), 'means': [
      FAVG(lumped_units."skip_rate numerator"),
      FAVG(lumped_units."skip_rate denominator"),
      FAVG(lumped_units."skip_rate profile.is_new"),
      FAVG(lumped_units."skip_rate profile.is_new is missing")
    ], 'covariances': [
      VAR_POP(lumped_units."skip_rate numerator"),
      COVAR_POP(lumped_units."skip_rate numerator", lumped_units."skip_rate denominator"),
      COVAR_POP(lumped_units."skip_rate numerator", lumped_units."skip_rate profile.is_new"),
      COVAR_POP(lumped_units."skip_rate numerator", lumped_units."skip_rate profile.is_new is missing"),
      VAR_POP(lumped_units."skip_rate denominator"),
      COVAR_POP(lumped_units."skip_rate denominator", lumped_units."skip_rate profile.is_new"),
      COVAR_POP(lumped_units."skip_rate denominator", lumped_units."skip_rate profile.is_new is missing"),
      VAR_POP(lumped_units."skip_rate profile.is_new"),
      COVAR_POP(lumped_units."skip_rate profile.is_new", lumped_units."skip_rate profile.is_new is missing"),
      VAR_POP(lumped_units."skip_rate profile.is_new is missing")
    ], 'extremes': [
      {'unit': CAST(ARG_MAX(lumped_units.unit, lumped_units."skip_rate numerator") AS TEXT), 'values': [
        ARG_MAX(lumped_units."skip_rate numerator", lumped_units."skip_rate numerator"),
        ARG_MAX(lumped_units."skip_rate denominator", lumped_units."skip_rate numerator")
      ]},
      {'unit': CAST(ARG_MAX(lumped_units.unit, lumped_units."skip_rate denominator") AS TEXT), 'values': [
        ARG_MAX(lumped_units."skip_rate numerator", lumped_units."skip_rate denominator"),
        ARG_MAX(lumped_units."skip_rate denominator", lumped_units."skip_rate denominator")
      ]},
      {'unit': CAST(ARG_MIN(lumped_units.unit, lumped_units."skip_rate numerator") AS TEXT), 'values': [
        ARG_MIN(lumped_units."skip_rate numerator", lumped_units."skip_rate numerator"),
        ARG_MIN(lumped_units."skip_rate denominator", lumped_units."skip_rate numerator")
      ]}
    ]}} AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, "by beside 1")
    )
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
