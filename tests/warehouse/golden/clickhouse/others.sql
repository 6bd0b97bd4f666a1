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
  toDate32(toDateTime64(exposed_at, 6, 'UTC')) AS exposed_on
FROM units_met
WHERE
  NOT crossed;
-- drawn
/* What was drawn: each with its arm. */
SELECT
  unit,
  unit AS drawn,
  arm
FROM first_exposure;
-- other_exposures
SELECT
  exposures.user_id AS unit,
  exposures.experiment AS other,
  exposures.arm AS variant
FROM exposures AS exposures
WHERE
  exposures.experiment <> 'moment-page'
  AND NOT (
    exposures.arm IS NULL
  )
  AND NOT (
    exposures.user_id IS NULL
  )
  AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS DateTime64(6))
  AND NOT exposures.is_bot
/* Exposures of other experiments, of the same units. */
UNION ALL
SELECT
  assigned.user_id AS unit,
  assigned.experiment AS other,
  assigned.arm AS variant
FROM exposures AS assigned
WHERE
  NOT (
    assigned.arm IS NULL
  )
  AND NOT (
    assigned.user_id IS NULL
  )
  AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS DateTime64(6))
  AND NOT assigned.is_bot;
-- met_too
/* What was met of each other experiment. */
SELECT
  drawn.drawn AS drawn,
  drawn.arm AS arm,
  other_exposures.other AS other,
  min(other_exposures.variant) AS lowest,
  max(other_exposures.variant) AS highest
FROM other_exposures
JOIN drawn
  ON other_exposures.unit = drawn.unit
GROUP BY
  drawn.drawn,
  drawn.arm,
  other_exposures.other;
SELECT
  'totals' AS part,
  arm,
  CAST(NULL AS Nullable(String)) AS other,
  CAST(NULL AS Nullable(String)) AS variant,
  COUNT(*) AS units
FROM drawn
GROUP BY
  arm;
SELECT
  'met' AS part,
  arm,
  other,
  CASE WHEN lowest = highest THEN lowest ELSE '(several)' END AS variant,
  COUNT(*) AS units
FROM met_too
GROUP BY
  arm,
  other,
  CASE WHEN lowest = highest THEN lowest ELSE '(several)' END
