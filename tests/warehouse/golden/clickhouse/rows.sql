-- test: test_golden.py  metric: skip_rate  engine: clickhouse
-- exposure_rows
/* Exposures of moment-page. Arms: 0 control, 1 moments. */
SELECT
  exposures.user_id AS unit,
  exposures.arm AS arm_value,
  CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  exposures.exposed_at AS exposed_at,
  COALESCE(toBool(NOT exposures.is_bot), FALSE) AS kept,
  COALESCE(
    toBool(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS DateTime64(6))
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS DateTime64(6))
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS DateTime64(6))
    ),
    FALSE
  ) AS inside
FROM exposures AS exposures
WHERE
  exposures.experiment = 'moment-page';
-- units_met
/* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
SELECT
  unit,
  min(exposed_at) FILTER(WHERE
    NOT (
      arm IS NULL
    ) AND (
      kept AND inside
    )) AS exposed_at,
  accurateCast(
    round(
      toDecimal128(
        min(
          CASE
            WHEN NOT (
              arm IS NULL
            ) AND (
              kept AND inside
            )
            THEN (
              (
                toUnixTimestamp64Micro(toDateTime64(exposed_at, 6))
              ) + toDecimal256(0, 0)
            ) * 2 + arm
          END
        ) - (
          (
            toUnixTimestamp64Micro(toDateTime64(min(exposed_at) FILTER(WHERE
              NOT (
                arm IS NULL
              ) AND (
                kept AND inside
              )), 6))
          ) + toDecimal256(0, 0)
        ) * 2,
        10
      )
    ),
    'Int32'
  ) AS arm,
  toBool(min(arm) FILTER(WHERE
    kept AND inside) <> max(arm) FILTER(WHERE
    kept AND inside)) AS crossed,
  COUNT(arm) FILTER(WHERE
    kept AND inside) AS entries,
  toBool(min(arm) FILTER(WHERE
    inside) <> max(arm) FILTER(WHERE
    inside)) AS in_two_arms
FROM exposure_rows
WHERE
  NOT (
    unit IS NULL
  )
GROUP BY
  unit;
-- first_exposure
/* Units in one arm only, from their first exposure. */
SELECT
  unit,
  arm,
  exposed_at,
  toDate32(toDateTime64(exposed_at, 6, 'UTC')) AS exposed_on,
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
  NOT crossed;
-- listening_counted
/* Rows of listening around exposure; repeats fall together. */
SELECT
  first_exposure.unit AS unit,
  first_exposure.arm AS arm,
  CASE
    WHEN NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1d after"
    THEN toJSONString(
      [
        toString(toString(toDateTime64(listening.played_at, 6, 'UTC'))),
        toString(
          CASE
            WHEN match(toString(toFloat64(listening.played_ms) / 1000.0), '^-?[0-9]+$')
            THEN concat(toString(toFloat64(listening.played_ms) / 1000.0), '.0')
            ELSE toString(toFloat64(listening.played_ms) / 1000.0)
          END
        ),
        toString(toString(listening.skipped))
      ]
    )
  END AS same,
  COUNT(*) FILTER(WHERE
    toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at) AS before,
  COUNT(*) FILTER(WHERE
    toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    AND NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1h before"
    )) AS just_before,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )) AS after,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after"
    AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS DateTime64(6))) AS first_week,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after"
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."14d after"
    AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS DateTime64(6))) AS second_week,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1d after"
    AND toDateTime64(listening.played_at, 6, 'UTC') = toDateTime64(date_trunc('minute', toDateTime64(listening.played_at, 6, 'UTC')), 6)) AS whole_minutes,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1d before"
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at) AS before_0,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1d after") AS after_0,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."2d before"
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1d before") AS before_1,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1d after"
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."2d after") AS after_1,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d before"
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at) AS before_2,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after") AS after_2,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toUnixTimestamp64Micro(toDateTime64(toDateTime64(listening.loaded_at, 6, 'UTC'), 6)) - toUnixTimestamp64Micro(toDateTime64(toDateTime64(listening.played_at, 6, 'UTC'), 6)) < 0) AS ahead,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toUnixTimestamp64Micro(toDateTime64(toDateTime64(listening.loaded_at, 6, 'UTC'), 6)) - toUnixTimestamp64Micro(toDateTime64(toDateTime64(listening.played_at, 6, 'UTC'), 6)) >= 3600000000) AS late,
  COUNT(*) FILTER(WHERE
    NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND (
      toFloat64(listening.played_ms) / 1000.0
    ) > 0) AS delivered,
  COUNT(*) AS rows
FROM listening AS listening
JOIN first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= parseDateTime64BestEffort('2015-03-23 00:00:00+00:00', 6, 'UTC')
  AND listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  AND toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure."14d before"
GROUP BY
  first_exposure.unit,
  first_exposure.arm,
  CASE
    WHEN NOT (
      toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    )
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."1d after"
    THEN toJSONString(
      [
        toString(toString(toDateTime64(listening.played_at, 6, 'UTC'))),
        toString(
          CASE
            WHEN match(toString(toFloat64(listening.played_ms) / 1000.0), '^-?[0-9]+$')
            THEN concat(toString(toFloat64(listening.played_ms) / 1000.0), '.0')
            ELSE toString(toFloat64(listening.played_ms) / 1000.0)
          END
        ),
        toString(toString(listening.skipped))
      ]
    )
  END;
-- listening_audit
/* One row a unit that has any. */
SELECT
  unit,
  arm,
  toFloat64(sum(before + toDecimal128(0, 0))) AS before,
  toFloat64(sum(just_before + toDecimal128(0, 0))) AS just_before,
  toFloat64(sum(after + toDecimal128(0, 0))) AS after,
  toFloat64(sum(first_week + toDecimal128(0, 0))) AS first_week,
  toFloat64(sum(second_week + toDecimal128(0, 0))) AS second_week,
  toFloat64(sum(whole_minutes + toDecimal128(0, 0))) AS whole_minutes,
  toFloat64(sum(before_0 + toDecimal128(0, 0))) AS before_0,
  toFloat64(sum(after_0 + toDecimal128(0, 0))) AS after_0,
  toFloat64(sum(before_1 + toDecimal128(0, 0))) AS before_1,
  toFloat64(sum(after_1 + toDecimal128(0, 0))) AS after_1,
  toFloat64(sum(before_2 + toDecimal128(0, 0))) AS before_2,
  toFloat64(sum(after_2 + toDecimal128(0, 0))) AS after_2,
  toFloat64(sum(ahead + toDecimal128(0, 0))) AS ahead,
  toFloat64(sum(late + toDecimal128(0, 0))) AS late,
  toFloat64(sum(delivered + toDecimal128(0, 0))) AS delivered,
  toFloat64(sum(rows + toDecimal128(0, 0))) AS rows,
  COALESCE(sum(rows + toDecimal128(0, 0)) FILTER(WHERE
    NOT (
      same IS NULL
    )), 0) AS tested,
  COALESCE(sum(rows + toDecimal128(0, 0)) FILTER(WHERE
    NOT (
      same IS NULL
    )), 0) - COUNT(*) FILTER(WHERE
    NOT (
      same IS NULL
    )) AS repeated
FROM listening_counted
GROUP BY
  unit,
  arm;
SELECT
  'arms' AS part,
  arm,
  COUNT(*) AS units,
  COUNT(*) FILTER(WHERE
    first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS DateTime64(6))) AS matured
FROM first_exposure
GROUP BY
  arm;
SELECT
  'activity' AS part,
  'listening' AS source,
  arm,
  COUNT(*) AS units,
  COUNT(*) FILTER(WHERE
    after > 0) AS active,
  [
    (
      sumKahan(toFloat64(before)) / COUNT(toFloat64(before))
    ),
    (
      sumKahan(toFloat64(just_before)) / COUNT(toFloat64(just_before))
    ),
    (
      sumKahan(toFloat64(after)) / COUNT(toFloat64(after))
    ),
    (
      sumKahan(toFloat64(first_week)) / COUNT(toFloat64(first_week))
    ),
    (
      sumKahan(toFloat64(second_week)) / COUNT(toFloat64(second_week))
    )
  ] AS means,
  [
    varPopStable(toFloat64(before)),
    covarPopStable(toFloat64(before), toFloat64(just_before)),
    covarPopStable(toFloat64(before), toFloat64(after)),
    covarPopStable(toFloat64(before), toFloat64(first_week)),
    covarPopStable(toFloat64(before), toFloat64(second_week)),
    varPopStable(toFloat64(just_before)),
    covarPopStable(toFloat64(just_before), toFloat64(after)),
    covarPopStable(toFloat64(just_before), toFloat64(first_week)),
    covarPopStable(toFloat64(just_before), toFloat64(second_week)),
    varPopStable(toFloat64(after)),
    covarPopStable(toFloat64(after), toFloat64(first_week)),
    covarPopStable(toFloat64(after), toFloat64(second_week)),
    varPopStable(toFloat64(first_week)),
    covarPopStable(toFloat64(first_week), toFloat64(second_week)),
    varPopStable(toFloat64(second_week))
  ] AS covariances,
  sum(rows + toDecimal128(0, 0)) AS rows,
  COUNT(*) FILTER(WHERE
    rows > 1) AS several,
  sum(tested + toDecimal128(0, 0)) AS tested,
  sum(repeated + toDecimal128(0, 0)) AS repeated,
  COUNT(*) FILTER(WHERE
    repeated > 0) AS repeating,
  sum(whole_minutes + toDecimal128(0, 0)) AS whole_minutes,
  argMax(unit, rows) FILTER(WHERE
    NOT (
      unit IS NULL
    ) AND NOT (
      rows IS NULL
    )) AS busiest,
  max(rows) AS most,
  (
    sumKahan(toFloat64(ln(if(isNull(rows), NULL, toFloat64(assumeNotNull(rows)))))) / COUNT(toFloat64(ln(if(isNull(rows), NULL, toFloat64(assumeNotNull(rows))))))
  ) AS log_mean,
  varPopStable(toFloat64(ln(if(isNull(rows), NULL, toFloat64(assumeNotNull(rows)))))) AS log_variance,
  COUNT(*) FILTER(WHERE
    (
      (
        2
      ) + toDecimal256(0, 0)
    ) * ahead > after) AS ahead,
  COUNT(*) FILTER(WHERE
    (
      (
        2
      ) + toDecimal256(0, 0)
    ) * late > after) AS late,
  COUNT(*) FILTER(WHERE
    before_0 > 0) AS before_0,
  COUNT(*) FILTER(WHERE
    after_0 > 0) AS after_0,
  COUNT(*) FILTER(WHERE
    before_1 > 0) AS before_1,
  COUNT(*) FILTER(WHERE
    after_1 > 0) AS after_1,
  COUNT(*) FILTER(WHERE
    before_2 > 0) AS before_2,
  COUNT(*) FILTER(WHERE
    after_2 > 0) AS after_2,
  COUNT(*) FILTER(WHERE
    delivered > 0) AS delivered
FROM listening_audit
GROUP BY
  arm
