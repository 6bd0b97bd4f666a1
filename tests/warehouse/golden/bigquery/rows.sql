-- test: test_golden.py  metric: skip_rate  engine: bigquery
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS DATETIME)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS DATETIME)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS DATETIME),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
), units_met AS (
  /* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
  SELECT
    unit,
    min(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END) AS exposed_at,
    CAST(min(
      CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN unix_micros(timestamp(exposed_at, 'UTC')) * 2 + arm END
    ) - unix_micros(timestamp(min(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END), 'UTC')) * 2 AS INT64) AS arm,
    min(CASE WHEN kept AND inside THEN arm END) <> max(CASE WHEN kept AND inside THEN arm END) AS crossed,
    COUNT(CASE WHEN kept AND inside THEN arm END) AS entries,
    min(CASE WHEN inside THEN arm END) <> max(CASE WHEN inside THEN arm END) AS in_two_arms
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
    exposed_at - INTERVAL '1' DAY AS `1d before`,
    exposed_at + INTERVAL '1' DAY AS `1d after`,
    exposed_at - INTERVAL '2' DAY AS `2d before`,
    exposed_at + INTERVAL '2' DAY AS `2d after`,
    exposed_at - INTERVAL '7' DAY AS `7d before`,
    exposed_at + INTERVAL '7' DAY AS `7d after`,
    exposed_at + INTERVAL '14' DAY AS `14d after`,
    exposed_at - INTERVAL '3600' SECOND AS `1h before`,
    exposed_at - INTERVAL '14' DAY AS `14d before`
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
        datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
      )
      AND datetime(listening.played_at, 'UTC') < first_exposure.`1d after`
      THEN to_json_string(
        json_array(
          CAST(datetime(listening.played_at, 'UTC') AS STRING),
          CAST(listening.played_ms / 1000.0 AS STRING),
          CAST(listening.skipped AS STRING)
        )
      )
    END AS same,
    COUNT(CASE WHEN datetime(listening.played_at, 'UTC') < first_exposure.exposed_at THEN 1 END) AS before,
    COUNT(
      CASE
        WHEN datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        AND NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.`1h before`
        )
        THEN 1
      END
    ) AS just_before,
    COUNT(CASE WHEN NOT (
      datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
    ) THEN 1 END) AS after,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.`7d after`
        AND first_exposure.`14d after` <= CAST('2015-06-01 00:00:00' AS DATETIME)
        THEN 1
      END
    ) AS first_week,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.`7d after`
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.`14d after`
        AND first_exposure.`14d after` <= CAST('2015-06-01 00:00:00' AS DATETIME)
        THEN 1
      END
    ) AS second_week,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.`1d after`
        AND datetime(listening.played_at, 'UTC') = datetime_trunc(datetime(listening.played_at, 'UTC'), MINUTE)
        THEN 1
      END
    ) AS whole_minutes,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.`1d before`
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        THEN 1
      END
    ) AS before_0,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.`1d after`
        THEN 1
      END
    ) AS after_0,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.`2d before`
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.`1d before`
        THEN 1
      END
    ) AS before_1,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.`1d after`
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.`2d after`
        THEN 1
      END
    ) AS after_1,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.`7d before`
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        THEN 1
      END
    ) AS before_2,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        )
        AND datetime(listening.played_at, 'UTC') < first_exposure.`7d after`
        THEN 1
      END
    ) AS after_2,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        )
        AND unix_micros(timestamp(datetime(listening.loaded_at, 'UTC'), 'UTC')) - unix_micros(timestamp(datetime(listening.played_at, 'UTC'), 'UTC')) < 0
        THEN 1
      END
    ) AS ahead,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        )
        AND unix_micros(timestamp(datetime(listening.loaded_at, 'UTC'), 'UTC')) - unix_micros(timestamp(datetime(listening.played_at, 'UTC'), 'UTC')) >= 3600000000
        THEN 1
      END
    ) AS late,
    COUNT(
      CASE
        WHEN NOT (
          datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
        )
        AND (
          listening.played_ms / 1000.0
        ) > 0
        THEN 1
      END
    ) AS delivered,
    COUNT(*) AS `rows`
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMP)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    AND datetime(listening.played_at, 'UTC') >= first_exposure.`14d before`
  GROUP BY
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        datetime(listening.played_at, 'UTC') < first_exposure.exposed_at
      )
      AND datetime(listening.played_at, 'UTC') < first_exposure.`1d after`
      THEN to_json_string(
        json_array(
          CAST(datetime(listening.played_at, 'UTC') AS STRING),
          CAST(listening.played_ms / 1000.0 AS STRING),
          CAST(listening.skipped AS STRING)
        )
      )
    END
), listening_audit AS (
  /* One row a unit that has any. */
  SELECT
    unit,
    arm,
    CAST(sum(before) AS FLOAT64) AS before,
    CAST(sum(just_before) AS FLOAT64) AS just_before,
    CAST(sum(after) AS FLOAT64) AS after,
    CAST(sum(first_week) AS FLOAT64) AS first_week,
    CAST(sum(second_week) AS FLOAT64) AS second_week,
    CAST(sum(whole_minutes) AS FLOAT64) AS whole_minutes,
    CAST(sum(before_0) AS FLOAT64) AS before_0,
    CAST(sum(after_0) AS FLOAT64) AS after_0,
    CAST(sum(before_1) AS FLOAT64) AS before_1,
    CAST(sum(after_1) AS FLOAT64) AS after_1,
    CAST(sum(before_2) AS FLOAT64) AS before_2,
    CAST(sum(after_2) AS FLOAT64) AS after_2,
    CAST(sum(ahead) AS FLOAT64) AS ahead,
    CAST(sum(late) AS FLOAT64) AS late,
    CAST(sum(delivered) AS FLOAT64) AS delivered,
    CAST(sum(`rows`) AS FLOAT64) AS `rows`,
    COALESCE(sum(CASE WHEN NOT same IS NULL THEN `rows` END), 0) AS tested,
    COALESCE(sum(CASE WHEN NOT same IS NULL THEN `rows` END), 0) - COUNT(CASE WHEN NOT same IS NULL THEN 1 END) AS repeated
  FROM listening_counted
  GROUP BY
    unit,
    arm
)
SELECT
  answer.part,
  to_json_string(json_object('arm', answer.`arm`, 'units', answer.`units`, 'matured', answer.`matured`)) AS answer
FROM (
  SELECT
    'arms' AS part,
    arm,
    COUNT(*) AS units,
    countif(first_exposure.`14d after` <= CAST('2015-06-01 00:00:00' AS DATETIME)) AS matured
  FROM first_exposure
  GROUP BY
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  to_json_string(
    json_object(
      'source',
      answer.`source`,
      'arm',
      answer.`arm`,
      'units',
      answer.`units`,
      'active',
      answer.`active`,
      'means',
      answer.`means`,
      'covariances',
      answer.`covariances`,
      'rows',
      answer.`rows`,
      'several',
      answer.`several`,
      'tested',
      answer.`tested`,
      'repeated',
      answer.`repeated`,
      'repeating',
      answer.`repeating`,
      'whole_minutes',
      answer.`whole_minutes`,
      'busiest',
      answer.`busiest`,
      'most',
      answer.`most`,
      'log_mean',
      answer.`log_mean`,
      'log_variance',
      answer.`log_variance`,
      'ahead',
      answer.`ahead`,
      'late',
      answer.`late`,
      'before_0',
      answer.`before_0`,
      'after_0',
      answer.`after_0`,
      'before_1',
      answer.`before_1`,
      'after_1',
      answer.`after_1`,
      'before_2',
      answer.`before_2`,
      'after_2',
      answer.`after_2`,
      'delivered',
      answer.`delivered`
    )
  ) AS answer
FROM (
  SELECT
    'activity' AS part,
    'listening' AS source,
    arm,
    COUNT(*) AS units,
    countif(after > 0) AS active,
    json_array(avg(before), avg(just_before), avg(after), avg(first_week), avg(second_week)) AS means,
    json_array(
      var_pop(before),
      covar_pop(before, just_before),
      covar_pop(before, after),
      covar_pop(before, first_week),
      covar_pop(before, second_week),
      var_pop(just_before),
      covar_pop(just_before, after),
      covar_pop(just_before, first_week),
      covar_pop(just_before, second_week),
      var_pop(after),
      covar_pop(after, first_week),
      covar_pop(after, second_week),
      var_pop(first_week),
      covar_pop(first_week, second_week),
      var_pop(second_week)
    ) AS covariances,
    sum(`rows`) AS `rows`,
    countif(`rows` > 1) AS several,
    sum(tested) AS tested,
    sum(repeated) AS repeated,
    countif(repeated > 0) AS repeating,
    sum(whole_minutes) AS whole_minutes,
    max_by(unit, CASE WHEN NOT unit IS NULL THEN `rows` END) AS busiest,
    max(`rows`) AS most,
    avg(LN(`rows`)) AS log_mean,
    var_pop(LN(`rows`)) AS log_variance,
    countif(2 * ahead > after) AS ahead,
    countif(2 * late > after) AS late,
    countif(before_0 > 0) AS before_0,
    countif(after_0 > 0) AS after_0,
    countif(before_1 > 0) AS before_1,
    countif(after_1 > 0) AS after_1,
    countif(before_2 > 0) AS before_2,
    countif(after_2 > 0) AS after_2,
    countif(delivered > 0) AS delivered
  FROM listening_audit
  GROUP BY
    arm
) AS answer
