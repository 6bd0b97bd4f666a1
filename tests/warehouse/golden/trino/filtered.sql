-- test: test_golden.py  metric: skip_rate  engine: trino
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    NOT COALESCE(NOT exposures.is_bot, FALSE) AS kept,
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
    exposed_at + INTERVAL '7' DAY AS "7d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_stretch AS (
  /* Rows of listening by stretch. */
  SELECT
    first_exposure.unit,
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
      AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."7d after") AS after_2
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-30 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) >= first_exposure."7d before"
    AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."7d after"
  GROUP BY
    first_exposure.unit
)
SELECT
  'stretch' AS part,
  'listening' AS source,
  COUNT_IF(before_0 > 0) AS before_0,
  COUNT_IF(after_0 > 0) AS after_0,
  COUNT_IF(before_1 > 0) AS before_1,
  COUNT_IF(after_1 > 0) AS after_1,
  COUNT_IF(before_2 > 0) AS before_2,
  COUNT_IF(after_2 > 0) AS after_2
FROM listening_stretch
