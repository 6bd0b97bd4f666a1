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
  exposed_at + INTERVAL '7' DAY AS "7d after"
FROM units_met
WHERE
  NOT crossed;
-- listening_facts
/* Facts of listening, one row a unit that has any. */
SELECT
  first_exposure.unit AS unit,
  sum((
    CASE WHEN listening.skipped THEN 1 WHEN NOT (
      listening.skipped
    ) THEN 0 END
  ) + toDecimal128(0, 0)) AS "skip_rate numerator",
  COUNT(*) AS "skip_rate denominator",
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
-- other_exposures
SELECT
  exposures.user_id AS unit,
  exposures.experiment AS other,
  exposures.arm AS variant
FROM exposures AS exposures
WHERE
  exposures.experiment <> 'moment-page'
  AND exposures.experiment IN ('no-ads')
  AND NOT (
    exposures.arm IS NULL
  )
  AND NOT (
    exposures.user_id IS NULL
  )
  AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS DateTime64(6))
  AND NOT exposures.is_bot
/* Exposures of other experiments. */
UNION ALL
SELECT
  assigned.user_id AS unit,
  assigned.experiment AS other,
  assigned.arm AS variant
FROM exposures AS assigned
WHERE
  assigned.experiment IN ('no-ads')
  AND NOT (
    assigned.arm IS NULL
  )
  AND NOT (
    assigned.user_id IS NULL
  )
  AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS DateTime64(6))
  AND NOT assigned.is_bot;
-- beside 1
/* What was met of 'no-ads'. */
SELECT
  first_exposure.unit AS unit,
  CASE
    WHEN min(other_exposures.variant) = max(other_exposures.variant)
    THEN min(other_exposures.variant)
    ELSE '(several)'
  END AS variant
FROM other_exposures
JOIN first_exposure
  ON other_exposures.unit = first_exposure.unit
WHERE
  other_exposures.other = 'no-ads'
GROUP BY
  first_exposure.unit;
-- units
/* One row a unit; null where a metric doesn't take it. */
SELECT
  first_exposure.unit AS unit,
  first_exposure.arm AS arm,
  first_exposure.exposed_on AS exposed_on,
  COALESCE("beside 1".variant, '(none)') AS "by beside 1",
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(COALESCE(listening_facts."skip_rate numerator", 0))
  END AS "skip_rate numerator",
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(COALESCE(listening_facts."skip_rate denominator", 0))
  END AS "skip_rate denominator",
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(COALESCE(CASE WHEN profile_frozen.is_new THEN 1 WHEN NOT (
      profile_frozen.is_new
    ) THEN 0 END, 0))
  END AS "skip_rate profile.is_new",
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(CASE WHEN profile_frozen.is_new IS NULL THEN 1 WHEN NOT (
      profile_frozen.is_new IS NULL
    ) THEN 0 END)
  END AS "skip_rate profile.is_new is missing",
  toBool(first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))) AS "skip_rate matured",
  toBool(
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    AND (
      COALESCE(toBool(NOT (
        listening_facts."skip_rate numerator" IS NULL
      )), FALSE)
      OR COALESCE(toBool(listening_facts."skip_rate denominator" > 0), FALSE)
    )
  ) AS "skip_rate known"
FROM first_exposure
LEFT JOIN listening_facts
  ON first_exposure.unit = listening_facts.unit
LEFT JOIN profile_frozen
  ON first_exposure.unit = profile_frozen.unit
LEFT JOIN "beside 1"
  ON first_exposure.unit = "beside 1".unit;
-- largest by beside 1
/* The 50 values with most units. */
SELECT
  "by beside 1"
FROM units
GROUP BY
  "by beside 1"
ORDER BY
  COUNT(*) DESC,
  "by beside 1"
LIMIT 50;
-- lumped_units
/* All other values are one. */
SELECT
  units.unit AS unit,
  units.arm AS arm,
  units.exposed_on AS exposed_on,
  CASE
    WHEN "by beside 1" IN (
      SELECT
        "by beside 1"
      FROM "largest by beside 1"
    )
    THEN "by beside 1"
    ELSE '(other)'
  END AS "by beside 1",
  units."skip_rate numerator" AS "skip_rate numerator",
  units."skip_rate denominator" AS "skip_rate denominator",
  units."skip_rate profile.is_new" AS "skip_rate profile.is_new",
  units."skip_rate profile.is_new is missing" AS "skip_rate profile.is_new is missing",
  units."skip_rate matured" AS "skip_rate matured",
  units."skip_rate known" AS "skip_rate known"
FROM units;
-- cells
/* Moments by arm and day of exposure. */
SELECT
  arm,
  exposed_on,
  "by beside 1",
  COUNT(*) AS units,
  tuple(
    'skip_rate',
    tuple(
      'matured',
      COUNT(*) FILTER(WHERE
        lumped_units."skip_rate matured"),
      'known',
      COUNT(*) FILTER(WHERE
        lumped_units."skip_rate known"),
      'count',
      COUNT(lumped_units."skip_rate numerator"),
      'means',
      [
        (
          sumKahan(toFloat64(lumped_units."skip_rate numerator")) / COUNT(toFloat64(lumped_units."skip_rate numerator"))
        ),
        (
          sumKahan(toFloat64(lumped_units."skip_rate denominator")) / COUNT(toFloat64(lumped_units."skip_rate denominator"))
        ),
        (
          sumKahan(toFloat64(lumped_units."skip_rate profile.is_new")) / COUNT(toFloat64(lumped_units."skip_rate profile.is_new"))
        ),
        (
          sumKahan(toFloat64(lumped_units."skip_rate profile.is_new is missing")) / COUNT(toFloat64(lumped_units."skip_rate profile.is_new is missing"))
        )
      ],
      'covariances',
      [
        varPopStable(toFloat64(lumped_units."skip_rate numerator")),
        covarPopStable(toFloat64(lumped_units."skip_rate numerator"), toFloat64(lumped_units."skip_rate denominator")),
        covarPopStable(toFloat64(lumped_units."skip_rate numerator"), toFloat64(lumped_units."skip_rate profile.is_new")),
        covarPopStable(toFloat64(lumped_units."skip_rate numerator"), toFloat64(lumped_units."skip_rate profile.is_new is missing")),
        varPopStable(toFloat64(lumped_units."skip_rate denominator")),
        covarPopStable(toFloat64(lumped_units."skip_rate denominator"), toFloat64(lumped_units."skip_rate profile.is_new")),
        covarPopStable(toFloat64(lumped_units."skip_rate denominator"), toFloat64(lumped_units."skip_rate profile.is_new is missing")),
        varPopStable(toFloat64(lumped_units."skip_rate profile.is_new")),
        covarPopStable(
          toFloat64(lumped_units."skip_rate profile.is_new"),
          toFloat64(lumped_units."skip_rate profile.is_new is missing")
        ),
        varPopStable(toFloat64(lumped_units."skip_rate profile.is_new is missing"))
      ],
      'extremes',
      [
        tuple(
          'unit',
          toString(
            argMax(lumped_units.unit, lumped_units."skip_rate numerator") FILTER(WHERE
              NOT (
                lumped_units.unit IS NULL
              ) AND NOT (
                lumped_units."skip_rate numerator" IS NULL
              ))
          ),
          'values',
          [
            argMax(lumped_units."skip_rate numerator", lumped_units."skip_rate numerator") FILTER(WHERE
              NOT (
                lumped_units."skip_rate numerator" IS NULL
              )),
            argMax(lumped_units."skip_rate denominator", lumped_units."skip_rate numerator") FILTER(WHERE
              NOT (
                lumped_units."skip_rate denominator" IS NULL
              ) AND NOT (
                lumped_units."skip_rate numerator" IS NULL
              ))
          ]
        ),
        tuple(
          'unit',
          toString(
            argMax(lumped_units.unit, lumped_units."skip_rate denominator") FILTER(WHERE
              NOT (
                lumped_units.unit IS NULL
              ) AND NOT (
                lumped_units."skip_rate denominator" IS NULL
              ))
          ),
          'values',
          [
            argMax(lumped_units."skip_rate numerator", lumped_units."skip_rate denominator") FILTER(WHERE
              NOT (
                lumped_units."skip_rate numerator" IS NULL
              ) AND NOT (
                lumped_units."skip_rate denominator" IS NULL
              )),
            argMax(lumped_units."skip_rate denominator", lumped_units."skip_rate denominator") FILTER(WHERE
              NOT (
                lumped_units."skip_rate denominator" IS NULL
              ))
          ]
        ),
        tuple(
          'unit',
          toString(
            argMin(lumped_units.unit, lumped_units."skip_rate numerator") FILTER(WHERE
              NOT (
                lumped_units.unit IS NULL
              ) AND NOT (
                lumped_units."skip_rate numerator" IS NULL
              ))
          ),
          'values',
          [
            argMin(lumped_units."skip_rate numerator", lumped_units."skip_rate numerator") FILTER(WHERE
              NOT (
                lumped_units."skip_rate numerator" IS NULL
              )),
            argMin(lumped_units."skip_rate denominator", lumped_units."skip_rate numerator") FILTER(WHERE
              NOT (
                lumped_units."skip_rate denominator" IS NULL
              ) AND NOT (
                lumped_units."skip_rate numerator" IS NULL
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
    (arm, "by beside 1")
  );
SELECT
  'cells' AS part,
  cells.arm AS arm,
  cells.exposed_on AS exposed_on,
  cells."by beside 1" AS "by beside 1",
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
