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
    exposed_at - INTERVAL '1' DAY AS "1d before",
    exposed_at + INTERVAL '1' DAY AS "1d after",
    exposed_at - INTERVAL '2' DAY AS "2d before",
    exposed_at + INTERVAL '2' DAY AS "2d after",
    exposed_at - INTERVAL '7' DAY AS "7d before",
    exposed_at + INTERVAL '7' DAY AS "7d after",
    exposed_at + INTERVAL '14' DAY AS "14d after",
    exposed_at - INTERVAL '3600' SECOND AS "1h before",
    exposed_at - INTERVAL '14' DAY AS "14d before"
  FROM units_met
  WHERE
    NOT crossed
), listening_counted AS (
  /* Rows of listening around exposure; repeats fall together. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1d after"
      THEN JSON_ARRAY(
        CAST(MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) AS TEXT),
        CAST(listening.played_ms / 1000.0 AS TEXT),
        CAST(listening.skipped AS TEXT)
      )
    END AS same,
    COUNT(*) FILTER(WHERE
      MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at) AS before,
    COUNT(*) FILTER(WHERE
      MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      AND NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1h before"
      )) AS just_before,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )) AS after,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."7d after"
      AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP)) AS first_week,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."7d after"
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."14d after"
      AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP)) AS second_week,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1d after"
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) = DATE_TRUNC('minute', MAKE_TIMESTAMP(EPOCH_US(listening.played_at)))) AS whole_minutes,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1d before"
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at) AS before_0,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1d after") AS after_0,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."2d before"
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1d before") AS before_1,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1d after"
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."2d after") AS after_1,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."7d before"
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at) AS before_2,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."7d after") AS after_2,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND EPOCH_US(MAKE_TIMESTAMP(EPOCH_US(listening.loaded_at))) - EPOCH_US(MAKE_TIMESTAMP(EPOCH_US(listening.played_at))) < 0) AS ahead,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND EPOCH_US(MAKE_TIMESTAMP(EPOCH_US(listening.loaded_at))) - EPOCH_US(MAKE_TIMESTAMP(EPOCH_US(listening.played_at))) >= 3600000000) AS late,
    COUNT(*) FILTER(WHERE
      NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND (
        listening.played_ms / 1000.0
      ) > 0) AS delivered,
    COUNT(*) AS rows
  FROM READ_PARQUET('listening.parquet') AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= first_exposure."14d before"
  GROUP BY
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure.exposed_at
      )
      AND MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < first_exposure."1d after"
      THEN JSON_ARRAY(
        CAST(MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) AS TEXT),
        CAST(listening.played_ms / 1000.0 AS TEXT),
        CAST(listening.skipped AS TEXT)
      )
    END
), listening_audit AS (
  /* One row a unit that has any. */
  SELECT
    unit,
    arm,
    CAST(SUM(before) AS DOUBLE) AS before,
    CAST(SUM(just_before) AS DOUBLE) AS just_before,
    CAST(SUM(after) AS DOUBLE) AS after,
    CAST(SUM(first_week) AS DOUBLE) AS first_week,
    CAST(SUM(second_week) AS DOUBLE) AS second_week,
    CAST(SUM(whole_minutes) AS DOUBLE) AS whole_minutes,
    CAST(SUM(before_0) AS DOUBLE) AS before_0,
    CAST(SUM(after_0) AS DOUBLE) AS after_0,
    CAST(SUM(before_1) AS DOUBLE) AS before_1,
    CAST(SUM(after_1) AS DOUBLE) AS after_1,
    CAST(SUM(before_2) AS DOUBLE) AS before_2,
    CAST(SUM(after_2) AS DOUBLE) AS after_2,
    CAST(SUM(ahead) AS DOUBLE) AS ahead,
    CAST(SUM(late) AS DOUBLE) AS late,
    CAST(SUM(delivered) AS DOUBLE) AS delivered,
    CAST(SUM(rows) AS DOUBLE) AS rows,
    COALESCE(SUM(rows) FILTER(WHERE
      NOT same IS NULL), 0) AS tested,
    COALESCE(SUM(rows) FILTER(WHERE
      NOT same IS NULL), 0) - COUNT(*) FILTER(WHERE
      NOT same IS NULL) AS repeated
  FROM listening_counted
  GROUP BY
    unit,
    arm
)
SELECT
  'arms' AS part,
  arm,
  COUNT(*) AS units,
  COUNT_IF(first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP)) AS matured
FROM first_exposure
GROUP BY
  arm
UNION ALL BY NAME
SELECT
  'activity' AS part,
  'listening' AS source,
  arm,
  COUNT(*) AS units,
  COUNT_IF(after > 0) AS active,
  [FAVG(before), FAVG(just_before), FAVG(after), FAVG(first_week), FAVG(second_week)] AS means,
  [
    VAR_POP(before),
    COVAR_POP(before, just_before),
    COVAR_POP(before, after),
    COVAR_POP(before, first_week),
    COVAR_POP(before, second_week),
    VAR_POP(just_before),
    COVAR_POP(just_before, after),
    COVAR_POP(just_before, first_week),
    COVAR_POP(just_before, second_week),
    VAR_POP(after),
    COVAR_POP(after, first_week),
    COVAR_POP(after, second_week),
    VAR_POP(first_week),
    COVAR_POP(first_week, second_week),
    VAR_POP(second_week)
  ] AS covariances,
  SUM(rows) AS rows,
  COUNT_IF(rows > 1) AS several,
  SUM(tested) AS tested,
  SUM(repeated) AS repeated,
  COUNT_IF(repeated > 0) AS repeating,
  SUM(whole_minutes) AS whole_minutes,
  ARG_MAX(unit, rows) AS busiest,
  MAX(rows) AS most,
  FAVG(LN(rows)) AS log_mean,
  VAR_POP(LN(rows)) AS log_variance,
  COUNT_IF(2 * ahead > after) AS ahead,
  COUNT_IF(2 * late > after) AS late,
  COUNT_IF(before_0 > 0) AS before_0,
  COUNT_IF(after_0 > 0) AS after_0,
  COUNT_IF(before_1 > 0) AS before_1,
  COUNT_IF(after_1 > 0) AS after_1,
  COUNT_IF(before_2 > 0) AS before_2,
  COUNT_IF(after_2 > 0) AS after_2,
  COUNT_IF(delivered > 0) AS delivered
FROM listening_audit
GROUP BY
  arm
