-- test: test_golden.py  metric: skip_rate  engine: clickhouse
-- exposure_rows
/* Exposures of moment-page. Arms: 0 control, 1 moments. */
SELECT
  exposures.user_id AS unit,
  exposures.arm AS arm_value,
  CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  exposures.exposed_at AS exposed_at,
  toBool(NOT COALESCE(toBool(NOT exposures.is_bot), FALSE)) AS kept,
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
  exposed_at + INTERVAL '7' DAY AS "7d after"
FROM units_met
WHERE
  NOT crossed;
-- listening_stretch
/* Rows of listening by stretch. */
SELECT
  first_exposure.unit AS unit,
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
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after") AS after_2
FROM listening AS listening
JOIN first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= parseDateTime64BestEffort('2015-03-30 00:00:00+00:00', 6, 'UTC')
  AND listening.played_at < parseDateTime64BestEffort('2015-05-11 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  AND toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure."7d before"
  AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after"
GROUP BY
  first_exposure.unit;
SELECT
  'stretch' AS part,
  'listening' AS source,
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
    after_2 > 0) AS after_2
FROM listening_stretch
