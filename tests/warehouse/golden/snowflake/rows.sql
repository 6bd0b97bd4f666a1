-- test: test_golden.py  metric: skip_rate  engine: snowflake
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMPNTZ)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMPNTZ)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMPNTZ),
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
      CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN DATE_PART(EPOCH_MICROSECOND, exposed_at) * 2 + arm END
    ) - DATE_PART(EPOCH_MICROSECOND, MIN(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END)) * 2 AS INT) AS arm,
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
        TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
      )
      AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1d after"
      THEN (
        '[' || COALESCE(TO_JSON(TO_VARIANT(CAST(TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) AS VARCHAR))), 'null') || ',' || COALESCE(TO_JSON(TO_VARIANT(CAST(CAST(listening.played_ms AS DOUBLE) / 1000.0 AS VARCHAR))), 'null') || ',' || COALESCE(TO_JSON(TO_VARIANT(CAST(listening.skipped AS VARCHAR))), 'null') || ']'
      )
    END AS same,
    COUNT(
      CASE WHEN TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at THEN 1 END
    ) AS before,
    COUNT(
      CASE
        WHEN TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        AND NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1h before"
        )
        THEN 1
      END
    ) AS just_before,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        THEN 1
      END
    ) AS after,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."7d after"
        AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMPNTZ)
        THEN 1
      END
    ) AS first_week,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."7d after"
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."14d after"
        AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMPNTZ)
        THEN 1
      END
    ) AS second_week,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1d after"
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) = DATE_TRUNC('minute', TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)))
        THEN 1
      END
    ) AS whole_minutes,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1d before"
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        THEN 1
      END
    ) AS before_0,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1d after"
        THEN 1
      END
    ) AS after_0,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."2d before"
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1d before"
        THEN 1
      END
    ) AS before_1,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1d after"
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."2d after"
        THEN 1
      END
    ) AS after_1,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."7d before"
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        THEN 1
      END
    ) AS before_2,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."7d after"
        THEN 1
      END
    ) AS after_2,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        AND DATE_PART(EPOCH_MICROSECOND, TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.loaded_at))) - DATE_PART(EPOCH_MICROSECOND, TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at))) < 0
        THEN 1
      END
    ) AS ahead,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        AND DATE_PART(EPOCH_MICROSECOND, TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.loaded_at))) - DATE_PART(EPOCH_MICROSECOND, TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at))) >= 3600000000
        THEN 1
      END
    ) AS late,
    COUNT(
      CASE
        WHEN NOT (
          TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        )
        AND (
          CAST(listening.played_ms AS DOUBLE) / 1000.0
        ) > 0
        THEN 1
      END
    ) AS delivered,
    COUNT(*) AS "rows"
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) >= first_exposure."14d before"
  GROUP BY
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
      )
      AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."1d after"
      THEN (
        '[' || COALESCE(TO_JSON(TO_VARIANT(CAST(TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) AS VARCHAR))), 'null') || ',' || COALESCE(TO_JSON(TO_VARIANT(CAST(CAST(listening.played_ms AS DOUBLE) / 1000.0 AS VARCHAR))), 'null') || ',' || COALESCE(TO_JSON(TO_VARIANT(CAST(listening.skipped AS VARCHAR))), 'null') || ']'
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
    CAST(SUM("rows") AS DOUBLE) AS "rows",
    COALESCE(SUM(CASE WHEN NOT same IS NULL THEN "rows" END), 0) AS tested,
    COALESCE(SUM(CASE WHEN NOT same IS NULL THEN "rows" END), 0) - COUNT(CASE WHEN NOT same IS NULL THEN 1 END) AS repeated
  FROM listening_counted
  GROUP BY
    unit,
    arm
)
SELECT
  answer.part,
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('arm', answer.arm, 'units', answer.units, 'matured', answer.matured)) AS answer
FROM (
  SELECT
    'arms' AS part,
    arm,
    COUNT(*) AS units,
    COUNT_IF(first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMPNTZ)) AS matured
  FROM first_exposure
  GROUP BY
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSON(
    OBJECT_CONSTRUCT_KEEP_NULL(
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
      answer."rows",
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
    COUNT_IF(after > 0) AS active,
    ARRAY_CONSTRUCT(
      COALESCE(TO_VARIANT(AVG(before)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(AVG(just_before)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(AVG(after)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(AVG(first_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(AVG(second_week)), PARSE_JSON('null'))
    ) AS means,
    ARRAY_CONSTRUCT(
      COALESCE(TO_VARIANT(VAR_POP(before)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(before, just_before)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(before, after)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(before, first_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(before, second_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(VAR_POP(just_before)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(just_before, after)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(just_before, first_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(just_before, second_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(VAR_POP(after)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(after, first_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(after, second_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(VAR_POP(first_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(COVAR_POP(first_week, second_week)), PARSE_JSON('null')),
      COALESCE(TO_VARIANT(VAR_POP(second_week)), PARSE_JSON('null'))
    ) AS covariances,
    SUM("rows") AS "rows",
    COUNT_IF("rows" > 1) AS several,
    SUM(tested) AS tested,
    SUM(repeated) AS repeated,
    COUNT_IF(repeated > 0) AS repeating,
    SUM(whole_minutes) AS whole_minutes,
    MAX_BY(unit, CASE WHEN NOT unit IS NULL THEN "rows" END) AS busiest,
    MAX("rows") AS most,
    AVG(LN("rows")) AS log_mean,
    VAR_POP(LN("rows")) AS log_variance,
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
