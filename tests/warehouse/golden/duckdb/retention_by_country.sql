-- test: test_golden.py  metric: week_4  engine: duckdb
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
    exposed_at + INTERVAL '21' DAY AS "21d after",
    exposed_at + INTERVAL '28' DAY AS "28d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    COUNT(*) AS "week_4 value",
    COUNT(*) AS rows
  FROM READ_PARQUET('listening.parquet') AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= first_exposure."21d after"
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."28d after"
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
      WHEN first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS TIMESTAMP)
      THEN CAST(CASE
        WHEN COALESCE(listening_facts."week_4 value", 0) > 0
        THEN 1
        WHEN NOT (
          COALESCE(listening_facts."week_4 value", 0) > 0
        )
        THEN 0
      END AS DOUBLE)
    END AS "week_4 value",
    first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS TIMESTAMP) AS "week_4 matured"
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
    {'week_4': {'matured': COUNT_IF(lumped_units."week_4 matured"), 'count': COUNT(lumped_units."week_4 value"), 'means': [FAVG(lumped_units."week_4 value")], 'covariances': [VAR_POP(lumped_units."week_4 value")]}} AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, "by country")
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
      AND listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMPTZ)
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
