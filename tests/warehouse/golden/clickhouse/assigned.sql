-- test: test_golden.py  metric: skip_rate  engine: clickhouse
-- exposure_rows
/* Exposures of moment-page. Arms: 0 control, 1 moments. */
SELECT
  assigned.user_id AS unit,
  assigned.arm AS arm_value,
  CASE assigned.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  assigned.exposed_at AS exposed_at,
  COALESCE(toBool(NOT assigned.is_bot), FALSE) AS kept,
  COALESCE(
    toBool(
      assigned.exposed_at >= CAST('2015-04-06 00:00:00' AS DateTime64(6))
      AND assigned.exposed_at < CAST('2015-05-04 00:00:00' AS DateTime64(6))
      AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS DateTime64(6))
    ),
    FALSE
  ) AS inside
FROM exposures AS assigned
WHERE
  assigned.experiment = 'moment-page';
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
  toDate32(toDateTime64(exposed_at, 6, 'UTC')) AS exposed_on
FROM units_met
WHERE
  NOT crossed;
SELECT
  'arms' AS part,
  arm,
  COUNT(*) AS units
FROM first_exposure
GROUP BY
  arm
