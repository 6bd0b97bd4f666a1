-- test: test_golden.py  metric: minutes  engine: duckdb
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
    exposed_at - INTERVAL '14' DAY AS "14d before",
    exposed_at + INTERVAL '7' DAY AS "7d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    SUM(listening.played_ms / 1000.0) FILTER(WHERE
      MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= first_exposure.exposed_at
      AND (
        listening.played_ms / 1000.0
      ) >= 30) AS "minutes value",
    SUM(listening.played_ms / 1000.0) FILTER(WHERE
      MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      AND (
        listening.played_ms / 1000.0
      ) >= 30) AS "minutes pre 14d",
    COUNT(*) AS rows
  FROM READ_PARQUET('listening.parquet') AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= first_exposure."14d before"
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."7d after"
  GROUP BY
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(CAST(COALESCE(listening_facts."minutes value", 0) AS DOUBLE) * 0.016666666666666666 AS DOUBLE)
    END AS "minutes value",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(CAST(COALESCE(listening_facts."minutes pre 14d", 0) AS DOUBLE) * 0.016666666666666666 AS DOUBLE)
    END AS "minutes pre 14d",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP) AS "minutes matured",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
    AND COALESCE(NOT listening_facts."minutes value" IS NULL, FALSE) AS "minutes known"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
), caps AS (
  /* One threshold for all arms: a percentile over all units measured. */
  SELECT
    QUANTILE_CONT(units."minutes value", 0.999) AS "minutes value",
    QUANTILE_CONT(units."minutes pre 14d", 0.999) AS "minutes pre 14d"
  FROM units
), capped_units AS (
  /* Units, with values beyond the threshold brought down to it. */
  SELECT
    units.*
    REPLACE (CASE
      WHEN units."minutes value" > caps."minutes value" AND units."minutes value" < CAST('infinity' AS DOUBLE)
      THEN caps."minutes value"
      ELSE units."minutes value"
    END AS "minutes value", CASE
      WHEN units."minutes pre 14d" > caps."minutes pre 14d" AND units."minutes pre 14d" < CAST('infinity' AS DOUBLE)
      THEN caps."minutes pre 14d"
      ELSE units."minutes pre 14d"
    END AS "minutes pre 14d")
  FROM units
  CROSS JOIN caps
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    COUNT(*) AS units,
    {'minutes': {'matured': COUNT_IF(capped_units."minutes matured"), 'known': COUNT_IF(capped_units."minutes known"), 'count': COUNT(capped_units."minutes value"), 'means': [FAVG(capped_units."minutes value"), FAVG(capped_units."minutes pre 14d")], 'covariances': [
      VAR_POP(capped_units."minutes value"),
      COVAR_POP(capped_units."minutes value", capped_units."minutes pre 14d"),
      VAR_POP(capped_units."minutes pre 14d")
    ], 'extremes': [
      {'unit': CAST(ARG_MAX(capped_units.unit, capped_units."minutes value") AS TEXT), 'values': [ARG_MAX(capped_units."minutes value", capped_units."minutes value")]},
      {'unit': CAST(ARG_MIN(capped_units.unit, capped_units."minutes value") AS TEXT), 'values': [ARG_MIN(capped_units."minutes value", capped_units."minutes value")]}
    ]}} AS moments
  FROM capped_units
  GROUP BY
    arm,
    exposed_on
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
      AND listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMPTZ)
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
  'caps' AS part,
  {'minutes value': caps."minutes value", 'minutes pre 14d': caps."minutes pre 14d"} AS thresholds
FROM caps
