-- test: test_golden.py  metric: plays  engine: clickhouse
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
  exposed_at + INTERVAL '7' DAY AS "7d after"
FROM units_met
WHERE
  NOT crossed;
-- listening_facts
/* Facts of listening, one row a unit that has any. */
SELECT
  first_exposure.unit AS unit,
  COUNT(*) AS "plays value",
  COUNT(*) AS rows
FROM listening AS listening
JOIN first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= parseDateTime64BestEffort('2015-04-06 00:00:00+00:00', 6, 'UTC')
  AND listening.played_at < parseDateTime64BestEffort('2015-05-11 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  AND toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure.exposed_at
  AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after"
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
  ) AS country,
  tupleElement(
    argMax(
      tuple(toNullable(toBool(profile.signed_up_at >= (
        first_exposure.exposed_at
      ) - INTERVAL '7' DAY))),
      tuple(
        profile.valid_from,
        isNotNull(toNullable(profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7' DAY)),
        assumeNotNull(toNullable(profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7' DAY))
      )
    ) FILTER(WHERE
      NOT (
        profile.valid_from IS NULL
      )),
    1
  ) AS is_new
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
  toString(toJSONString([toString(profile_frozen.country), toString(toString(profile_frozen.is_new))])) AS strata,
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(COALESCE(listening_facts."plays value", 0))
  END AS "plays value",
  toBool(first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))) AS "plays matured"
FROM first_exposure
LEFT JOIN listening_facts
  ON first_exposure.unit = listening_facts.unit
LEFT JOIN profile_frozen
  ON first_exposure.unit = profile_frozen.unit;
-- largest strata
/* The 1000 values with most units. */
SELECT
  strata
FROM units
GROUP BY
  strata
ORDER BY
  COUNT(*) DESC,
  strata
LIMIT 1000;
-- lumped_units
/* All other values are one. */
SELECT
  units.unit AS unit,
  units.arm AS arm,
  units.exposed_on AS exposed_on,
  CASE WHEN strata IN (
    SELECT
      strata
    FROM "largest strata"
  ) THEN strata ELSE '[]' END AS strata,
  units."plays value" AS "plays value",
  units."plays matured" AS "plays matured"
FROM units;
-- cells
/* Moments by arm and day of exposure. */
SELECT
  arm,
  exposed_on,
  strata,
  COUNT(*) AS units,
  tuple(
    'plays',
    tuple(
      'matured',
      COUNT(*) FILTER(WHERE
        lumped_units."plays matured"),
      'count',
      COUNT(lumped_units."plays value"),
      'means',
      [(
          sumKahan(toFloat64(lumped_units."plays value")) / COUNT(toFloat64(lumped_units."plays value"))
      )],
      'covariances',
      [varPopStable(toFloat64(lumped_units."plays value"))],
      'extremes',
      [
        tuple(
          'unit',
          toString(
            argMax(lumped_units.unit, lumped_units."plays value") FILTER(WHERE
              NOT (
                lumped_units.unit IS NULL
              ) AND NOT (
                lumped_units."plays value" IS NULL
              ))
          ),
          'values',
          [
            argMax(lumped_units."plays value", lumped_units."plays value") FILTER(WHERE
              NOT (
                lumped_units."plays value" IS NULL
              ))
          ]
        ),
        tuple(
          'unit',
          toString(
            argMin(lumped_units.unit, lumped_units."plays value") FILTER(WHERE
              NOT (
                lumped_units.unit IS NULL
              ) AND NOT (
                lumped_units."plays value" IS NULL
              ))
          ),
          'values',
          [
            argMin(lumped_units."plays value", lumped_units."plays value") FILTER(WHERE
              NOT (
                lumped_units."plays value" IS NULL
              ))
          ]
        )
      ]
    )
  ) AS moments
FROM lumped_units
GROUP BY
  GROUPING SETS (
    (arm, exposed_on),
    (arm, strata)
  );
SELECT
  'cells' AS part,
  cells.arm AS arm,
  cells.exposed_on AS exposed_on,
  cells.strata AS strata,
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
      AND listening.played_at >= parseDateTime64BestEffort('2015-04-06 00:00:00+00:00', 6, 'UTC')
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
