-- test: test_dealt.py  engine: clickhouse
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
  exposed_at - INTERVAL '14' DAY AS "14d before",
  exposed_at + INTERVAL '7' DAY AS "7d after"
FROM units_met
WHERE
  NOT crossed;
-- listening_facts
/* Facts of listening, one row a unit that has any. */
SELECT
  first_exposure.unit AS unit,
  sum(toFloat64(listening.played_ms) / 1000.0) FILTER(WHERE
    toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure.exposed_at
    AND (
      toFloat64(listening.played_ms) / 1000.0
    ) >= 30) AS "minutes value",
  sum(toFloat64(listening.played_ms) / 1000.0) FILTER(WHERE
    toDateTime64(listening.played_at, 6, 'UTC') < first_exposure.exposed_at
    AND (
      toFloat64(listening.played_ms) / 1000.0
    ) >= 30) AS "minutes pre 14d",
  COUNT(*) AS rows
FROM listening AS listening
JOIN first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= parseDateTime64BestEffort('2015-03-23 00:00:00+00:00', 6, 'UTC')
  AND listening.played_at < parseDateTime64BestEffort('2015-05-11 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  AND toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure."14d before"
  AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after"
GROUP BY
  first_exposure.unit;
-- units
/* One row a unit; null where a metric doesn't take it. */
SELECT
  first_exposure.unit AS unit,
  first_exposure.arm AS arm,
  first_exposure.exposed_on AS exposed_on,
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(COALESCE(listening_facts."minutes value", 0)) * 0.016666666666666666
  END AS "minutes value",
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(COALESCE(listening_facts."minutes pre 14d", 0)) * 0.016666666666666666
  END AS "minutes pre 14d",
  toBool(first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))) AS "minutes matured",
  toBool(
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    AND COALESCE(toBool(NOT (
      listening_facts."minutes value" IS NULL
    )), FALSE)
  ) AS "minutes known"
FROM first_exposure
LEFT JOIN listening_facts
  ON first_exposure.unit = listening_facts.unit;
-- caps
/* One threshold for all arms: a percentile over all units measured. */
SELECT
  quantileExactInclusive(0.999)(toFloat64(units."minutes value")) AS "minutes value",
  quantileExactInclusive(0.999)(toFloat64(units."minutes pre 14d")) AS "minutes pre 14d"
FROM units;
-- capped_units
/* Units, with values beyond the threshold brought down to it. */
SELECT
  units.unit AS unit,
  units.arm AS arm,
  units.exposed_on AS exposed_on,
  CASE
    WHEN units."minutes value" > caps."minutes value" AND units."minutes value" < toFloat64('infinity')
    THEN caps."minutes value"
    ELSE units."minutes value"
  END AS "minutes value",
  CASE
    WHEN units."minutes pre 14d" > caps."minutes pre 14d" AND units."minutes pre 14d" < toFloat64('infinity')
    THEN caps."minutes pre 14d"
    ELSE units."minutes pre 14d"
  END AS "minutes pre 14d",
  units."minutes matured" AS "minutes matured",
  units."minutes known" AS "minutes known"
FROM units
CROSS JOIN caps;
-- dealt_units
/* Units, each in the bucket that a hash of its user names. */
SELECT
  capped_units.unit AS unit,
  capped_units.arm AS arm,
  capped_units.exposed_on AS exposed_on,
  capped_units."minutes value" AS "minutes value",
  capped_units."minutes pre 14d" AS "minutes pre 14d",
  capped_units."minutes matured" AS "minutes matured",
  capped_units."minutes known" AS "minutes known",
  leftUTF8(lower(hex(MD5(unit))), 3) AS bucket,
  unit AS dealt_id
FROM capped_units;
-- cells
/* Moments by bucket. */
SELECT
  bucket,
  exposed_on,
  COUNT(*) AS units,
  tuple(
    'minutes',
    tuple(
      'count',
      COUNT(dealt_units."minutes value"),
      'means',
      [
        (
          sumKahan(toFloat64(dealt_units."minutes value")) / COUNT(toFloat64(dealt_units."minutes value"))
        ),
        (
          sumKahan(toFloat64(dealt_units."minutes pre 14d")) / COUNT(toFloat64(dealt_units."minutes pre 14d"))
        )
      ],
      'covariances',
      [
        varPopStable(toFloat64(dealt_units."minutes value")),
        covarPopStable(toFloat64(dealt_units."minutes value"), toFloat64(dealt_units."minutes pre 14d")),
        varPopStable(toFloat64(dealt_units."minutes pre 14d"))
      ],
      'cubes',
      [
        (
          sumKahan(
            toFloat64(
              if(isNull(dealt_units."minutes value"), NULL, toFloat64(assumeNotNull(dealt_units."minutes value"))) * if(isNull(dealt_units."minutes value"), NULL, toFloat64(assumeNotNull(dealt_units."minutes value"))) * if(isNull(dealt_units."minutes value"), NULL, toFloat64(assumeNotNull(dealt_units."minutes value")))
            )
          ) / COUNT(
            toFloat64(
              if(isNull(dealt_units."minutes value"), NULL, toFloat64(assumeNotNull(dealt_units."minutes value"))) * if(isNull(dealt_units."minutes value"), NULL, toFloat64(assumeNotNull(dealt_units."minutes value"))) * if(isNull(dealt_units."minutes value"), NULL, toFloat64(assumeNotNull(dealt_units."minutes value")))
            )
          )
        )
      ]
    )
  ) AS moments
FROM dealt_units
GROUP BY
  bucket,
  exposed_on;
-- listening alike
/* Facts of listening that are alike in unit, instant and measures. */
SELECT
  COUNT(*) AS rows
FROM (
  SELECT
    first_exposure.unit AS unit,
    toDateTime64(listening.played_at, 6, 'UTC') AS at,
    toFloat64(listening.played_ms) / 1000.0 AS "measure seconds",
    listening.skipped AS "measure skipped"
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= parseDateTime64BestEffort('2015-03-23 00:00:00+00:00', 6, 'UTC')
    AND listening.played_at < parseDateTime64BestEffort('2015-05-11 00:00:00+00:00', 6, 'UTC')
    AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
    AND toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure."14d before"
    AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after"
) AS facts
GROUP BY
  unit,
  at,
  "measure seconds",
  "measure skipped";
SELECT
  'cells' AS part,
  cells.bucket AS bucket,
  cells.exposed_on AS exposed_on,
  cells.units AS units,
  cells.moments AS moments
FROM cells;
SELECT
  'units' AS part,
  COUNT(*) AS units,
  COUNT(DISTINCT dealt_id) AS groups
FROM dealt_units;
SELECT
  'repeats' AS part,
  'listening' AS source,
  sum(rows + toDecimal128(0, 0)) AS rows,
  sum((
    rows - 1
  ) + toDecimal128(0, 0)) AS units
FROM "listening alike"
