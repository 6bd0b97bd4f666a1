-- test: test_golden.py  metric: week_4  engine: clickhouse
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
  exposed_at + INTERVAL '21' DAY AS "21d after",
  exposed_at + INTERVAL '28' DAY AS "28d after"
FROM units_met
WHERE
  NOT crossed;
-- listening_facts
/* Facts of listening, one row a unit that has any. */
SELECT
  first_exposure.unit AS unit,
  COUNT(*) AS "week_4 value",
  COUNT(*) AS rows
FROM listening AS listening
JOIN first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= parseDateTime64BestEffort('2015-04-27 00:00:00+00:00', 6, 'UTC')
  AND listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  AND toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure."21d after"
  AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."28d after"
GROUP BY
  first_exposure.unit;
-- profile_frozen
/* Attributes of profile, frozen before exposure. */
SELECT
  first_exposure.unit AS unit,
  tupleElement(
    argMax(
      tuple(toNullable(profile.country)),
      tuple(profile.valid_from, isNotNull(toNullable(profile.country)), assumeNotNull(toNullable(profile.country)))
    ) FILTER(WHERE
      NOT (
        profile.valid_from IS NULL
      )),
    1
  ) AS country
FROM users AS profile
JOIN first_exposure
  ON profile.user_id = first_exposure.unit
WHERE
  profile.valid_from <= first_exposure.exposed_at
GROUP BY
  first_exposure.unit;
-- units
/* One row a unit; null where a metric doesn't take it. */
SELECT
  first_exposure.unit AS unit,
  first_exposure.arm AS arm,
  first_exposure.exposed_on AS exposed_on,
  COALESCE(profile_frozen.country, '(none)') AS "by country",
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS DateTime64(6))
    THEN toFloat64(
      CASE
        WHEN COALESCE(listening_facts."week_4 value", 0) > 0
        THEN 1
        WHEN NOT (
          COALESCE(listening_facts."week_4 value", 0) > 0
        )
        THEN 0
      END
    )
  END AS "week_4 value",
  toBool(first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS DateTime64(6))) AS "week_4 matured"
FROM first_exposure
LEFT JOIN listening_facts
  ON first_exposure.unit = listening_facts.unit
LEFT JOIN profile_frozen
  ON first_exposure.unit = profile_frozen.unit;
-- largest by country
/* The 50 values with most units. */
SELECT
  "by country"
FROM units
GROUP BY
  "by country"
ORDER BY
  COUNT(*) DESC,
  "by country"
LIMIT 50;
-- lumped_units
/* All other values are one. */
SELECT
  units.unit AS unit,
  units.arm AS arm,
  units.exposed_on AS exposed_on,
  CASE
    WHEN "by country" IN (
      SELECT
        "by country"
      FROM "largest by country"
    )
    THEN "by country"
    ELSE '(other)'
  END AS "by country",
  units."week_4 value" AS "week_4 value",
  units."week_4 matured" AS "week_4 matured"
FROM units;
-- cells
/* Moments by arm and day of exposure. */
SELECT
  arm,
  exposed_on,
  "by country",
  COUNT(*) AS units,
  tuple(
    'week_4',
    tuple(
      'matured',
      COUNT(*) FILTER(WHERE
        lumped_units."week_4 matured"),
      'count',
      COUNT(lumped_units."week_4 value"),
      'means',
      [(
          sumKahan(toFloat64(lumped_units."week_4 value")) / COUNT(toFloat64(lumped_units."week_4 value"))
      )],
      'covariances',
      [varPopStable(toFloat64(lumped_units."week_4 value"))]
    )
  ) AS moments
FROM lumped_units
GROUP BY
  GROUPING SETS (
    (arm, exposed_on),
    (arm, "by country")
  );
SELECT
  'cells' AS part,
  cells.arm AS arm,
  cells.exposed_on AS exposed_on,
  cells."by country" AS "by country",
  cells.units AS units,
  cells.moments AS moments
FROM cells;
SELECT
  'entrants' AS part,
  arm_value,
  arm,
  COUNT(*) AS rows,
  COUNT(*) FILTER(WHERE
    kept) AS kept,
  COUNT(*) - COUNT(unit) AS without_unit,
  COUNT(*) FILTER(WHERE
    kept AND NOT inside) AS outside
FROM exposure_rows
GROUP BY
  arm_value,
  arm;
SELECT
  'units' AS part,
  arm,
  crossed,
  COUNT(*) AS units,
  COUNT(*) FILTER(WHERE
    in_two_arms) AS in_two_arms,
  sum((
    entries - CASE WHEN crossed THEN 2 ELSE 1 END
  ) + toDecimal128(0, 0)) FILTER(WHERE
    entries > 0) AS repeated
FROM units_met
GROUP BY
  arm,
  crossed;
SELECT
  'facts' AS part,
  'listening' AS source,
  COALESCE(sum(rows + toDecimal128(0, 0)), 0) AS rows,
  COUNT(*) AS units
FROM listening_facts;
SELECT
  'seen' AS part,
  'listening' AS source,
  (
    SELECT
      toDateTime64(listening.played_at, 6, 'UTC') AS first_at
    FROM listening AS listening
    WHERE
      NOT (
        listening.played_at IS NULL
      )
      AND listening.played_at >= parseDateTime64BestEffort('2015-04-27 00:00:00+00:00', 6, 'UTC')
      AND listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
      AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
    ORDER BY
      first_at
    LIMIT 1
  ) AS first_at,
  (
    SELECT
      max(toDateTime64(listening.played_at, 6, 'UTC')) AS last_at
    FROM listening AS listening
    WHERE
      listening.played_at >= parseDateTime64BestEffort('2015-05-31 00:00:00+00:00', 6, 'UTC')
      AND listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
      AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  ) AS last_at,
  (
    SELECT
      COUNT(*)
    FROM listening AS listening
    WHERE
      listening.played_at >= parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
  ) AS after_cutoff,
  (
    SELECT
      COUNT(*)
    FROM listening AS listening
    WHERE
      listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
      AND listening.loaded_at >= parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  ) AS late,
  (
    SELECT
      COUNT(*)
    FROM listening AS listening
    WHERE
      listening.played_at >= parseDateTime64BestEffort('2015-05-31 00:00:00+00:00', 6, 'UTC')
      AND listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
      AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
      AND listening.loaded_at < listening.played_at
  ) AS ahead
