-- test: test_golden.py  metric: p95  engine: clickhouse
-- listening_rows
/* Facts of listening that can count, read once. */
SELECT
  listening.user_id AS user_id,
  listening.played_ms AS played_ms,
  listening.played_at AS played_at,
  listening.skipped AS skipped,
  listening.loaded_at AS loaded_at
FROM listening AS listening
WHERE
  listening.played_at >= parseDateTime64BestEffort('2015-04-04 00:00:00+00:00', 6, 'UTC')
  AND listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC');
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
  COUNT(toFloat64(listening.played_ms) / 1000.0) FILTER(WHERE
    NOT (
      listening.skipped
    )) AS "p95 value",
  COUNT(*) AS rows
FROM listening_rows AS listening
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
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    THEN toFloat64(COALESCE(listening_facts."p95 value", 0))
  END AS "p95 value",
  toBool(first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))) AS "p95 matured",
  toBool(
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6))
    AND COALESCE(toBool(listening_facts."p95 value" > 0), FALSE)
  ) AS "p95 known"
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
  units."p95 value" AS "p95 value",
  units."p95 matured" AS "p95 matured",
  units."p95 known" AS "p95 known"
FROM units;
-- cells
/* Moments by arm and day of exposure. */
SELECT
  arm,
  exposed_on,
  "by country",
  COUNT(*) AS units,
  tuple(
    'p95',
    tuple(
      'matured',
      COUNT(*) FILTER(WHERE
        lumped_units."p95 matured"),
      'known',
      COUNT(*) FILTER(WHERE
        lumped_units."p95 known"),
      'count',
      COUNT(lumped_units."p95 value"),
      'means',
      [(
          sumKahan(toFloat64(lumped_units."p95 value")) / COUNT(toFloat64(lumped_units."p95 value"))
      )],
      'covariances',
      [varPopStable(toFloat64(lumped_units."p95 value"))],
      'extremes',
      [
        tuple(
          'unit',
          toString(
            argMax(lumped_units.unit, lumped_units."p95 value") FILTER(WHERE
              NOT (
                lumped_units.unit IS NULL
              ) AND NOT (
                lumped_units."p95 value" IS NULL
              ))
          ),
          'values',
          [
            argMax(lumped_units."p95 value", lumped_units."p95 value") FILTER(WHERE
              NOT (
                lumped_units."p95 value" IS NULL
              ))
          ]
        ),
        tuple(
          'unit',
          toString(
            argMin(lumped_units.unit, lumped_units."p95 value") FILTER(WHERE
              NOT (
                lumped_units.unit IS NULL
              ) AND NOT (
                lumped_units."p95 value" IS NULL
              ))
          ),
          'values',
          [
            argMin(lumped_units."p95 value", lumped_units."p95 value") FILTER(WHERE
              NOT (
                lumped_units."p95 value" IS NULL
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
    (arm, "by country")
  );
-- p95 values
/* One row a value. */
SELECT
  first_exposure.arm AS arm,
  toFloat64(listening.played_ms) / 1000.0 AS value,
  first_exposure.unit AS drawn,
  lumped_units."by country" AS "by country"
FROM listening_rows AS listening
JOIN first_exposure
  ON listening.user_id = first_exposure.unit
JOIN lumped_units
  ON first_exposure.unit = lumped_units.unit
WHERE
  listening.played_at >= parseDateTime64BestEffort('2015-04-06 00:00:00+00:00', 6, 'UTC')
  AND listening.played_at < parseDateTime64BestEffort('2015-05-11 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
  AND toDateTime64(listening.played_at, 6, 'UTC') >= first_exposure.exposed_at
  AND toDateTime64(listening.played_at, 6, 'UTC') < first_exposure."7d after"
  AND NOT (
    listening.skipped
  )
  AND NOT (
    toFloat64(listening.played_ms) / 1000.0 IS NULL
  )
  AND first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DateTime64(6));
-- p95 tally
/* How often each value occurs, by group. */
SELECT
  arm,
  value,
  COUNT(*) AS tally,
  CASE WHEN NOT (
    "by country" IS NULL
  ) THEN 'by country' ELSE '' END AS dimension,
  COALESCE("by country", '') AS segment
FROM "p95 values"
GROUP BY
  GROUPING SETS (
    (arm, value),
    (arm, "by country", value)
  );
-- p95 ranks
/* Up to each value, how many there are. */
SELECT
  arm,
  dimension,
  segment,
  value,
  toInt64(sum(tally + toDecimal128(0, 0)) OVER (PARTITION BY arm, dimension, segment ORDER BY value)) AS upto,
  toInt64(sum(tally + toDecimal128(0, 0)) OVER (PARTITION BY arm, dimension, segment)) AS count
FROM "p95 tally";
-- p95 middle
/* The value at the quantile, by group. */
SELECT
  arm,
  dimension,
  segment,
  max(count) AS count,
  min(value) FILTER(WHERE
    upto >= floor((
      1 + 0.95 * (
        count - 1
      )
    ) * 1.0000000000000009)) AS middle
FROM "p95 ranks"
GROUP BY
  arm,
  dimension,
  segment;
-- p95 by unit
/* The values of each unit, and those up to the quantile. */
SELECT
  "p95 values".drawn AS drawn,
  "p95 values".arm AS arm,
  "p95 values"."by country" AS "by country",
  COUNT(*) AS number,
  COUNT(*) FILTER(WHERE
    "p95 values".value <= middle.middle) AS below,
  COUNT(*) FILTER(WHERE
    "p95 values".value <= "middle by country".middle) AS "below by country"
FROM "p95 values"
JOIN "p95 middle" AS middle
  ON middle.arm = "p95 values".arm AND middle.dimension = ''
JOIN "p95 middle" AS "middle by country"
  ON "middle by country".arm = "p95 values".arm
  AND "middle by country".dimension = 'by country'
  AND "middle by country".segment = "p95 values"."by country"
GROUP BY
  "p95 values".drawn,
  "p95 values".arm,
  "p95 values"."by country";
-- p95 clusters
SELECT
  arm,
  '' AS dimension,
  '' AS segment,
  COUNT(*) AS units,
  (
    sumKahan(toFloat64(if(isNull(below), NULL, toFloat64(assumeNotNull(below))))) / COUNT(toFloat64(if(isNull(below), NULL, toFloat64(assumeNotNull(below)))))
  ) AS below_mean,
  (
    sumKahan(toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number))))) / COUNT(toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number)))))
  ) AS number_mean,
  varPopStable(toFloat64(if(isNull(below), NULL, toFloat64(assumeNotNull(below))))) AS below_variance,
  covarPopStable(
    toFloat64(if(isNull(below), NULL, toFloat64(assumeNotNull(below)))),
    toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number))))
  ) AS covariance,
  varPopStable(toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number))))) AS number_variance
FROM "p95 by unit"
GROUP BY
  arm
/* How both vary from unit to unit. */
UNION ALL
SELECT
  arm,
  'by country' AS dimension,
  "by country" AS segment,
  COUNT(*) AS units,
  (
    sumKahan(toFloat64(if(isNull("below by country"), NULL, toFloat64(assumeNotNull("below by country"))))) / COUNT(toFloat64(if(isNull("below by country"), NULL, toFloat64(assumeNotNull("below by country")))))
  ) AS below_mean,
  (
    sumKahan(toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number))))) / COUNT(toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number)))))
  ) AS number_mean,
  varPopStable(toFloat64(if(isNull("below by country"), NULL, toFloat64(assumeNotNull("below by country"))))) AS below_variance,
  covarPopStable(
    toFloat64(if(isNull("below by country"), NULL, toFloat64(assumeNotNull("below by country")))),
    toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number))))
  ) AS covariance,
  varPopStable(toFloat64(if(isNull(number), NULL, toFloat64(assumeNotNull(number))))) AS number_variance
FROM "p95 by unit"
GROUP BY
  arm,
  "by country";
-- p95 ends
/* Where the quantile and the ends of its interval lie. */
SELECT
  arm,
  dimension,
  segment,
  count,
  units,
  below_mean,
  number_mean,
  below_variance,
  covariance,
  number_variance,
  toInt64(floor((
    1 + (
      0.95 - reach
    ) * (
      count - 1
    )
  ) * 1.0000000000000009)) AS at_lower,
  toInt64(floor((
    1 + 0.95 * (
      count - 1
    )
  ) * 1.0000000000000009)) AS at_middle,
  toInt64(floor((
    1 + (
      0.95 + reach
    ) * (
      count - 1
    )
  ) * 1.0000000000000009)) AS at_upper
FROM (
  SELECT
    "p95 middle".arm AS arm,
    "p95 middle".dimension AS dimension,
    "p95 middle".segment AS segment,
    count,
    1.9599639845400545 * sqrt(
      if(
        isNull(
          greatest(
            (
              below_variance - 2 * (
                if(isNull(below_mean), NULL, toFloat64(assumeNotNull(below_mean))) / if(isNull(number_mean), NULL, toFloat64(assumeNotNull(number_mean)))
              ) * covariance + (
                if(isNull(below_mean), NULL, toFloat64(assumeNotNull(below_mean))) / if(isNull(number_mean), NULL, toFloat64(assumeNotNull(number_mean)))
              ) * (
                if(isNull(below_mean), NULL, toFloat64(assumeNotNull(below_mean))) / if(isNull(number_mean), NULL, toFloat64(assumeNotNull(number_mean)))
              ) * number_variance
            ) / toFloat64(
              (
                (
                  (
                    CASE WHEN units > 1 THEN units - 1 END
                  ) + toDecimal256(0, 0)
                ) * (
                  number_mean + toDecimal256(0, 0)
                ) * number_mean
              )
            ),
            toFloat64(0)
          )
        ),
        NULL,
        toFloat64(
          assumeNotNull(
            greatest(
              (
                below_variance - 2 * (
                  if(isNull(below_mean), NULL, toFloat64(assumeNotNull(below_mean))) / if(isNull(number_mean), NULL, toFloat64(assumeNotNull(number_mean)))
                ) * covariance + (
                  if(isNull(below_mean), NULL, toFloat64(assumeNotNull(below_mean))) / if(isNull(number_mean), NULL, toFloat64(assumeNotNull(number_mean)))
                ) * (
                  if(isNull(below_mean), NULL, toFloat64(assumeNotNull(below_mean))) / if(isNull(number_mean), NULL, toFloat64(assumeNotNull(number_mean)))
                ) * number_variance
              ) / toFloat64(
                (
                  (
                    (
                      CASE WHEN units > 1 THEN units - 1 END
                    ) + toDecimal256(0, 0)
                  ) * (
                    number_mean + toDecimal256(0, 0)
                  ) * number_mean
                )
              ),
              toFloat64(0)
            )
          )
        )
      )
    ) AS reach,
    units,
    below_mean,
    number_mean,
    below_variance,
    covariance,
    number_variance
  FROM "p95 middle"
  JOIN "p95 clusters"
    ON "p95 middle".arm = "p95 clusters".arm
    AND "p95 middle".dimension = "p95 clusters".dimension
    AND "p95 middle".segment = "p95 clusters".segment
) AS reached;
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
  ) AS ahead;
SELECT
  'ranks' AS part,
  'p95' AS metric,
  "p95 ends".arm AS arm,
  "p95 ends".dimension AS dimension,
  "p95 ends".segment AS segment,
  tuple(
    'count',
    "p95 ends".count,
    'ranks',
    [at_lower, at_middle, at_upper],
    'values',
    [
      min(value) FILTER(WHERE
        upto >= at_lower - 1),
      min(value) FILTER(WHERE
        upto >= at_lower),
      min(value) FILTER(WHERE
        upto >= at_lower + 1),
      min(value) FILTER(WHERE
        upto >= at_lower + 2),
      min(value) FILTER(WHERE
        upto >= at_middle - 1),
      min(value) FILTER(WHERE
        upto >= at_middle),
      min(value) FILTER(WHERE
        upto >= at_middle + 1),
      min(value) FILTER(WHERE
        upto >= at_middle + 2),
      min(value) FILTER(WHERE
        upto >= at_upper - 1),
      min(value) FILTER(WHERE
        upto >= at_upper),
      min(value) FILTER(WHERE
        upto >= at_upper + 1),
      min(value) FILTER(WHERE
        upto >= at_upper + 2)
    ],
    'lowest',
    min(value),
    'highest',
    max(value),
    'units',
    units,
    'means',
    [below_mean, number_mean],
    'covariances',
    [below_variance, covariance, number_variance]
  ) AS ranks
FROM "p95 ranks"
JOIN "p95 ends"
  ON "p95 ranks".arm = "p95 ends".arm
  AND "p95 ranks".dimension = "p95 ends".dimension
  AND "p95 ranks".segment = "p95 ends".segment
GROUP BY
  "p95 ends".arm,
  "p95 ends".dimension,
  "p95 ends".segment,
  "p95 ends".count,
  "p95 ends".at_lower,
  "p95 ends".at_middle,
  "p95 ends".at_upper,
  "p95 ends".units,
  "p95 ends".below_mean,
  "p95 ends".number_mean,
  "p95 ends".below_variance,
  "p95 ends".covariance,
  "p95 ends".number_variance
