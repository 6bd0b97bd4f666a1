-- test: test_golden.py  metric: skip_rate  engine: trino
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP(6))
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP(6))
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP(6)),
      FALSE
    ) AS inside
  FROM exposures AS exposures
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
    CAST(MIN(
      CASE
        WHEN NOT arm IS NULL AND (
          kept AND inside
        )
        THEN CAST(ROUND(TO_UNIXTIME(WITH_TIMEZONE(exposed_at, 'UTC')) * 1000000) AS BIGINT) * 2 + arm
      END
    ) - CAST(ROUND(
      TO_UNIXTIME(WITH_TIMEZONE(MIN(exposed_at) FILTER(WHERE
        NOT arm IS NULL AND (
          kept AND inside
        )), 'UTC')) * 1000000
    ) AS BIGINT) * 2 AS INTEGER) AS arm,
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
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1d after"
      THEN JSON_FORMAT(
        CAST(ARRAY[CAST(CAST(CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) AS VARCHAR) AS JSON), CAST(CAST(CAST(listening.played_ms AS DOUBLE) / 1000.0 AS VARCHAR) AS JSON), CAST(CAST(listening.skipped AS VARCHAR) AS JSON)] AS JSON)
      )
    END AS same,
    COUNT(*) FILTER(WHERE
      CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at) AS before,
    COUNT(*) FILTER(WHERE
      CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      AND NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1h before"
      )) AS just_before,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )) AS after,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."7d after"
      AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP(6))) AS first_week,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."7d after"
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."14d after"
      AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP(6))) AS second_week,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1d after"
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) = DATE_TRUNC('minute', CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)))) AS whole_minutes,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1d before"
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at) AS before_0,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1d after") AS after_0,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."2d before"
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1d before") AS before_1,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1d after"
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."2d after") AS after_1,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."7d before"
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at) AS before_2,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."7d after") AS after_2,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(ROUND(TO_UNIXTIME(WITH_TIMEZONE(CAST(AT_TIMEZONE(listening.loaded_at, 'UTC') AS TIMESTAMP(6)), 'UTC')) * 1000000) AS BIGINT) - CAST(ROUND(TO_UNIXTIME(WITH_TIMEZONE(CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)), 'UTC')) * 1000000) AS BIGINT) < 0) AS ahead,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(ROUND(TO_UNIXTIME(WITH_TIMEZONE(CAST(AT_TIMEZONE(listening.loaded_at, 'UTC') AS TIMESTAMP(6)), 'UTC')) * 1000000) AS BIGINT) - CAST(ROUND(TO_UNIXTIME(WITH_TIMEZONE(CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)), 'UTC')) * 1000000) AS BIGINT) >= 3600000000) AS late,
    COUNT(*) FILTER(WHERE
      NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND (
        CAST(listening.played_ms AS DOUBLE) / 1000.0
      ) > 0) AS delivered,
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) >= first_exposure."14d before"
  GROUP BY
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure.exposed_at
      )
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."1d after"
      THEN JSON_FORMAT(
        CAST(ARRAY[CAST(CAST(CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) AS VARCHAR) AS JSON), CAST(CAST(CAST(listening.played_ms AS DOUBLE) / 1000.0 AS VARCHAR) AS JSON), CAST(CAST(listening.skipped AS VARCHAR) AS JSON)] AS JSON)
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
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm' AS JSON), CAST('units' AS JSON), CAST('matured' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.matured AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'arms' AS part,
    arm,
    COUNT(*) AS units,
    COUNT_IF(first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP(6))) AS matured
  FROM first_exposure
  GROUP BY
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('source' AS JSON), CAST('arm' AS JSON), CAST('units' AS JSON), CAST('active' AS JSON), CAST('means' AS JSON), CAST('covariances' AS JSON), CAST('rows' AS JSON), CAST('several' AS JSON), CAST('tested' AS JSON), CAST('repeated' AS JSON), CAST('repeating' AS JSON), CAST('whole_minutes' AS JSON), CAST('busiest' AS JSON), CAST('most' AS JSON), CAST('log_mean' AS JSON), CAST('log_variance' AS JSON), CAST('ahead' AS JSON), CAST('late' AS JSON), CAST('before_0' AS JSON), CAST('after_0' AS JSON), CAST('before_1' AS JSON), CAST('after_1' AS JSON), CAST('before_2' AS JSON), CAST('after_2' AS JSON), CAST('delivered' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.source AS JSON) AS JSON), CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.active AS JSON) AS JSON), CAST(CAST(answer.means AS JSON) AS JSON), CAST(CAST(answer.covariances AS JSON) AS JSON), CAST(CAST(answer.rows AS JSON) AS JSON), CAST(CAST(answer.several AS JSON) AS JSON), CAST(CAST(answer.tested AS JSON) AS JSON), CAST(CAST(answer.repeated AS JSON) AS JSON), CAST(CAST(answer.repeating AS JSON) AS JSON), CAST(CAST(answer.whole_minutes AS JSON) AS JSON), CAST(CAST(answer.busiest AS JSON) AS JSON), CAST(CAST(answer.most AS JSON) AS JSON), CAST(CAST(answer.log_mean AS JSON) AS JSON), CAST(CAST(answer.log_variance AS JSON) AS JSON), CAST(CAST(answer.ahead AS JSON) AS JSON), CAST(CAST(answer.late AS JSON) AS JSON), CAST(CAST(answer.before_0 AS JSON) AS JSON), CAST(CAST(answer.after_0 AS JSON) AS JSON), CAST(CAST(answer.before_1 AS JSON) AS JSON), CAST(CAST(answer.after_1 AS JSON) AS JSON), CAST(CAST(answer.before_2 AS JSON) AS JSON), CAST(CAST(answer.after_2 AS JSON) AS JSON), CAST(CAST(answer.delivered AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'activity' AS part,
    'listening' AS source,
    arm,
    COUNT(*) AS units,
    COUNT_IF(after > 0) AS active,
    CAST(ARRAY[CAST(AVG(before) AS JSON), CAST(AVG(just_before) AS JSON), CAST(AVG(after) AS JSON), CAST(AVG(first_week) AS JSON), CAST(AVG(second_week) AS JSON)] AS JSON) AS means,
    CAST(ARRAY[CAST(VAR_POP(before) AS JSON), CAST(COVAR_POP(before, just_before) AS JSON), CAST(COVAR_POP(before, after) AS JSON), CAST(COVAR_POP(before, first_week) AS JSON), CAST(COVAR_POP(before, second_week) AS JSON), CAST(VAR_POP(just_before) AS JSON), CAST(COVAR_POP(just_before, after) AS JSON), CAST(COVAR_POP(just_before, first_week) AS JSON), CAST(COVAR_POP(just_before, second_week) AS JSON), CAST(VAR_POP(after) AS JSON), CAST(COVAR_POP(after, first_week) AS JSON), CAST(COVAR_POP(after, second_week) AS JSON), CAST(VAR_POP(first_week) AS JSON), CAST(COVAR_POP(first_week, second_week) AS JSON), CAST(VAR_POP(second_week) AS JSON)] AS JSON) AS covariances,
    SUM(rows) AS rows,
    COUNT_IF(rows > 1) AS several,
    SUM(tested) AS tested,
    SUM(repeated) AS repeated,
    COUNT_IF(repeated > 0) AS repeating,
    SUM(whole_minutes) AS whole_minutes,
    MAX_BY(unit, CASE WHEN NOT unit IS NULL THEN rows END) AS busiest,
    MAX(rows) AS most,
    AVG(LN(rows)) AS log_mean,
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
) AS answer
