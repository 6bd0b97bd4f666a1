-- test: test_golden.py  metric: skip_rate  engine: redshift
WITH exposure_rows AS (
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
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
), units_met AS (
  /* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
  SELECT
    unit,
    MIN(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END) AS exposed_at,
    CAST(MIN(
      CASE
        WHEN NOT arm IS NULL AND (
          kept AND inside
        )
        THEN DATEDIFF(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP), exposed_at) * 2 + arm
      END
    ) - DATEDIFF(
      MICROSECOND,
      CAST('1970-01-01' AS TIMESTAMP),
      MIN(CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN exposed_at END)
    ) * 2 AS INTEGER) AS arm,
    MIN(CASE WHEN kept AND inside THEN arm END) <> MAX(CASE WHEN kept AND inside THEN arm END) AS crossed,
    COUNT(CASE WHEN kept AND inside THEN arm END) AS entries,
    MIN(CASE WHEN inside THEN arm END) <> MAX(CASE WHEN inside THEN arm END) AS in_two_arms
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
    exposed_at - INTERVAL '1 DAY' AS "1d before",
    exposed_at + INTERVAL '1 DAY' AS "1d after",
    exposed_at - INTERVAL '2 DAY' AS "2d before",
    exposed_at + INTERVAL '2 DAY' AS "2d after",
    exposed_at - INTERVAL '7 DAY' AS "7d before",
    exposed_at + INTERVAL '7 DAY' AS "7d after",
    exposed_at + INTERVAL '14 DAY' AS "14d after",
    exposed_at - INTERVAL '3600 SECOND' AS "1h before",
    exposed_at - INTERVAL '14 DAY' AS "14d before"
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
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
      THEN JSON_SERIALIZE(
        ARRAY(
          CAST(listening.played_at AT TIME ZONE 'UTC' AS VARCHAR(MAX)),
          CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS VARCHAR(MAX)),
          CAST(listening.skipped AS VARCHAR(MAX))
        )
      )
    END AS same,
    COUNT(CASE WHEN listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at THEN 1 END) AS before,
    COUNT(
      CASE
        WHEN listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        AND NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure."1h before"
        )
        THEN 1
      END
    ) AS just_before,
    COUNT(CASE WHEN NOT (
      listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
    ) THEN 1 END) AS after,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after"
        AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP)
        THEN 1
      END
    ) AS first_week,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after"
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."14d after"
        AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP)
        THEN 1
      END
    ) AS second_week,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
        AND listening.played_at AT TIME ZONE 'UTC' = DATE_TRUNC('minute', listening.played_at AT TIME ZONE 'UTC')
        THEN 1
      END
    ) AS whole_minutes,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d before"
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        THEN 1
      END
    ) AS before_0,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
        THEN 1
      END
    ) AS after_0,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure."2d before"
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d before"
        THEN 1
      END
    ) AS before_1,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."2d after"
        THEN 1
      END
    ) AS after_1,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d before"
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        THEN 1
      END
    ) AS before_2,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        )
        AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after"
        THEN 1
      END
    ) AS after_2,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        )
        AND DATEDIFF(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP), listening.loaded_at AT TIME ZONE 'UTC') - DATEDIFF(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP), listening.played_at AT TIME ZONE 'UTC') < 0
        THEN 1
      END
    ) AS ahead,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        )
        AND DATEDIFF(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP), listening.loaded_at AT TIME ZONE 'UTC') - DATEDIFF(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP), listening.played_at AT TIME ZONE 'UTC') >= 3600000000
        THEN 1
      END
    ) AS late,
    COUNT(
      CASE
        WHEN NOT (
          listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
        )
        AND (
          CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0
        ) > 0
        THEN 1
      END
    ) AS delivered,
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at AT TIME ZONE 'UTC' >= first_exposure."14d before"
  GROUP BY
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
      THEN JSON_SERIALIZE(
        ARRAY(
          CAST(listening.played_at AT TIME ZONE 'UTC' AS VARCHAR(MAX)),
          CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS VARCHAR(MAX)),
          CAST(listening.skipped AS VARCHAR(MAX))
        )
      )
    END
), listening_audit AS (
  /* One row a unit that has any. */
  SELECT
    unit,
    arm,
    CAST(SUM(before) AS DOUBLE PRECISION) AS before,
    CAST(SUM(just_before) AS DOUBLE PRECISION) AS just_before,
    CAST(SUM(after) AS DOUBLE PRECISION) AS after,
    CAST(SUM(first_week) AS DOUBLE PRECISION) AS first_week,
    CAST(SUM(second_week) AS DOUBLE PRECISION) AS second_week,
    CAST(SUM(whole_minutes) AS DOUBLE PRECISION) AS whole_minutes,
    CAST(SUM(before_0) AS DOUBLE PRECISION) AS before_0,
    CAST(SUM(after_0) AS DOUBLE PRECISION) AS after_0,
    CAST(SUM(before_1) AS DOUBLE PRECISION) AS before_1,
    CAST(SUM(after_1) AS DOUBLE PRECISION) AS after_1,
    CAST(SUM(before_2) AS DOUBLE PRECISION) AS before_2,
    CAST(SUM(after_2) AS DOUBLE PRECISION) AS after_2,
    CAST(SUM(ahead) AS DOUBLE PRECISION) AS ahead,
    CAST(SUM(late) AS DOUBLE PRECISION) AS late,
    CAST(SUM(delivered) AS DOUBLE PRECISION) AS delivered,
    CAST(SUM(rows) AS DOUBLE PRECISION) AS rows,
    COALESCE(SUM(CASE WHEN NOT same IS NULL THEN rows END), 0) AS tested,
    COALESCE(SUM(CASE WHEN NOT same IS NULL THEN rows END), 0) - COUNT(CASE WHEN NOT same IS NULL THEN 1 END) AS repeated
  FROM listening_counted
  GROUP BY
    unit,
    arm
)
SELECT
  answer.part,
  JSON_SERIALIZE(OBJECT('arm', answer.arm, 'units', answer.units, 'matured', answer.matured)) AS answer
FROM (
  SELECT
    'arms' AS part,
    arm,
    COUNT(*) AS units,
    COUNT(CASE WHEN first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP) THEN 1 END) AS matured
  FROM first_exposure
  GROUP BY
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(
    OBJECT(
      'source',
      answer.source,
      'arm',
      answer.arm,
      'units',
      answer.units,
      'active',
      answer.active,
      'means',
      answer.means,
      'covariances',
      answer.covariances,
      'rows',
      answer.rows,
      'several',
      answer.several,
      'tested',
      answer.tested,
      'repeated',
      answer.repeated,
      'repeating',
      answer.repeating,
      'whole_minutes',
      answer.whole_minutes,
      'busiest',
      answer.busiest,
      'most',
      answer.most,
      'log_mean',
      answer.log_mean,
      'log_variance',
      answer.log_variance,
      'ahead',
      answer.ahead,
      'late',
      answer.late,
      'before_0',
      answer.before_0,
      'after_0',
      answer.after_0,
      'before_1',
      answer.before_1,
      'after_1',
      answer.after_1,
      'before_2',
      answer.before_2,
      'after_2',
      answer.after_2,
      'delivered',
      answer.delivered
    )
  ) AS answer
FROM (
  SELECT
    'activity' AS part,
    'listening' AS source,
    arm,
    COUNT(*) AS units,
    COUNT(CASE WHEN after > 0 THEN 1 END) AS active,
    ARRAY(
      AVG(CAST(before AS DOUBLE PRECISION)),
      AVG(CAST(just_before AS DOUBLE PRECISION)),
      AVG(CAST(after AS DOUBLE PRECISION)),
      AVG(CAST(first_week AS DOUBLE PRECISION)),
      AVG(CAST(second_week AS DOUBLE PRECISION))
    ) AS means,
    ARRAY(
      VAR_POP(before),
      (
        VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) + (
          CAST(just_before AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) - (
          CAST(just_before AS DOUBLE PRECISION)
        ))
      ) / 4,
      (
        VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) + (
          CAST(after AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) - (
          CAST(after AS DOUBLE PRECISION)
        ))
      ) / 4,
      (
        VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) + (
          CAST(first_week AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) - (
          CAST(first_week AS DOUBLE PRECISION)
        ))
      ) / 4,
      (
        VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) + (
          CAST(second_week AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(before AS DOUBLE PRECISION)
        ) - (
          CAST(second_week AS DOUBLE PRECISION)
        ))
      ) / 4,
      VAR_POP(just_before),
      (
        VAR_POP((
          CAST(just_before AS DOUBLE PRECISION)
        ) + (
          CAST(after AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(just_before AS DOUBLE PRECISION)
        ) - (
          CAST(after AS DOUBLE PRECISION)
        ))
      ) / 4,
      (
        VAR_POP((
          CAST(just_before AS DOUBLE PRECISION)
        ) + (
          CAST(first_week AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(just_before AS DOUBLE PRECISION)
        ) - (
          CAST(first_week AS DOUBLE PRECISION)
        ))
      ) / 4,
      (
        VAR_POP((
          CAST(just_before AS DOUBLE PRECISION)
        ) + (
          CAST(second_week AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(just_before AS DOUBLE PRECISION)
        ) - (
          CAST(second_week AS DOUBLE PRECISION)
        ))
      ) / 4,
      VAR_POP(after),
      (
        VAR_POP((
          CAST(after AS DOUBLE PRECISION)
        ) + (
          CAST(first_week AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(after AS DOUBLE PRECISION)
        ) - (
          CAST(first_week AS DOUBLE PRECISION)
        ))
      ) / 4,
      (
        VAR_POP((
          CAST(after AS DOUBLE PRECISION)
        ) + (
          CAST(second_week AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(after AS DOUBLE PRECISION)
        ) - (
          CAST(second_week AS DOUBLE PRECISION)
        ))
      ) / 4,
      VAR_POP(first_week),
      (
        VAR_POP((
          CAST(first_week AS DOUBLE PRECISION)
        ) + (
          CAST(second_week AS DOUBLE PRECISION)
        )) - VAR_POP((
          CAST(first_week AS DOUBLE PRECISION)
        ) - (
          CAST(second_week AS DOUBLE PRECISION)
        ))
      ) / 4,
      VAR_POP(second_week)
    ) AS covariances,
    SUM(rows) AS rows,
    COUNT(CASE WHEN rows > 1 THEN 1 END) AS several,
    SUM(tested) AS tested,
    SUM(repeated) AS repeated,
    COUNT(CASE WHEN repeated > 0 THEN 1 END) AS repeating,
    SUM(whole_minutes) AS whole_minutes,
    "first 1" AS busiest,
    MAX(rows) AS most,
    AVG(CAST(LN(rows) AS DOUBLE PRECISION)) AS log_mean,
    VAR_POP(LN(rows)) AS log_variance,
    COUNT(CASE WHEN 2 * ahead > after THEN 1 END) AS ahead,
    COUNT(CASE WHEN 2 * late > after THEN 1 END) AS late,
    COUNT(CASE WHEN before_0 > 0 THEN 1 END) AS before_0,
    COUNT(CASE WHEN after_0 > 0 THEN 1 END) AS after_0,
    COUNT(CASE WHEN before_1 > 0 THEN 1 END) AS before_1,
    COUNT(CASE WHEN after_1 > 0 THEN 1 END) AS after_1,
    COUNT(CASE WHEN before_2 > 0 THEN 1 END) AS before_2,
    COUNT(CASE WHEN after_2 > 0 THEN 1 END) AS after_2,
    COUNT(CASE WHEN delivered > 0 THEN 1 END) AS delivered
  FROM (
    SELECT
      arm,
      after,
      before,
      just_before,
      first_week,
      second_week,
      rows,
      tested,
      repeated,
      whole_minutes,
      ahead,
      late,
      before_0,
      after_0,
      before_1,
      after_1,
      before_2,
      after_2,
      delivered,
      FIRST_VALUE(CASE WHEN NOT unit IS NULL AND NOT rows IS NULL THEN unit END) OVER (
        PARTITION BY arm
        ORDER BY CASE WHEN NOT unit IS NULL AND NOT rows IS NULL THEN rows END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1"
    FROM listening_audit
  ) AS ordered
  GROUP BY
    arm,
    "first 1"
) AS answer
