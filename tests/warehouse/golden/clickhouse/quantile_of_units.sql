-- test: test_golden.py  metric: median  engine: clickhouse
-- unit_rows
/* Rows of shop. Arms: 0 control, 1 moments. */
SELECT
  shop.id AS unit,
  shop.segment AS arm_value,
  CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  COALESCE(shop.spend, toFloat64(0)) AS "median value",
  toBool(NOT (
    shop.spend IS NULL
  )) AS "median known"
FROM shop AS shop;
-- units_met
/* What stands of each unit: equal rows are one. */
SELECT
  unit,
  min(arm) FILTER(WHERE
    NOT (
      arm IS NULL
    )) AS arm,
  any("median value") FILTER(WHERE
    NOT (
      arm IS NULL
    )) AS "median value",
  any("median known") FILTER(WHERE
    NOT (
      arm IS NULL
    )) AS "median known",
  toBool(min(arm) <> max(arm)) AS crossed,
  COUNT(arm) AS entries,
  toBool(
    min("median value") FILTER(WHERE
      NOT (
        arm IS NULL
      )) IS DISTINCT FROM max("median value") FILTER(WHERE
      NOT (
        arm IS NULL
      ))
    OR NOT (
      COUNT("median value") FILTER(WHERE
        NOT (
          arm IS NULL
        )) IN (0, COUNT(*) FILTER(WHERE
          NOT (
            arm IS NULL
        )))
    )
    OR min("median known") FILTER(WHERE
      NOT (
        arm IS NULL
      )) IS DISTINCT FROM max("median known") FILTER(WHERE
      NOT (
        arm IS NULL
      ))
    OR NOT (
      COUNT("median known") FILTER(WHERE
        NOT (
          arm IS NULL
        )) IN (0, COUNT(*) FILTER(WHERE
          NOT (
            arm IS NULL
        )))
    )
  ) AS conflict
FROM unit_rows
WHERE
  NOT (
    unit IS NULL
  )
GROUP BY
  unit;
-- units
/* Units in one arm only. */
SELECT
  unit,
  arm,
  "median value",
  "median known"
FROM units_met
WHERE
  NOT (
    arm IS NULL
  ) AND NOT crossed;
-- cells
/* Moments by arm, and by arm and dimension. */
SELECT
  arm,
  COUNT(*) AS units,
  tuple(
    'median',
    tuple(
      'known',
      COUNT(*) FILTER(WHERE
        units."median known"),
      'count',
      COUNT(units."median value"),
      'means',
      [(
          sumKahan(toFloat64(units."median value")) / COUNT(toFloat64(units."median value"))
      )],
      'covariances',
      [varPopStable(toFloat64(units."median value"))],
      'extremes',
      [
        tuple(
          'unit',
          toString(
            argMax(units.unit, units."median value") FILTER(WHERE
              NOT (
                units.unit IS NULL
              ) AND NOT (
                units."median value" IS NULL
              ))
          ),
          'values',
          [argMax(units."median value", units."median value") FILTER(WHERE
              NOT (
                units."median value" IS NULL
            ))]
        ),
        tuple(
          'unit',
          toString(
            argMin(units.unit, units."median value") FILTER(WHERE
              NOT (
                units.unit IS NULL
              ) AND NOT (
                units."median value" IS NULL
              ))
          ),
          'values',
          [argMin(units."median value", units."median value") FILTER(WHERE
              NOT (
                units."median value" IS NULL
            ))]
        )
      ]
    )
  ) AS moments
FROM units
GROUP BY
  arm;
-- median values
/* One row a value. */
SELECT
  units.arm AS arm,
  "median value" AS value,
  units.unit AS drawn
FROM units
WHERE
  NOT (
    "median value" IS NULL
  );
-- median tally
/* How often each value occurs, by group. */
SELECT
  arm,
  value,
  COUNT(*) AS tally
FROM "median values"
GROUP BY
  arm,
  value;
-- median ranks
/* Up to each value, how many there are. */
SELECT
  arm,
  value,
  toInt64(sum(tally + toDecimal128(0, 0)) OVER (PARTITION BY arm ORDER BY value)) AS upto,
  toInt64(sum(tally + toDecimal128(0, 0)) OVER (PARTITION BY arm)) AS count
FROM "median tally";
-- median middle
/* The value at the quantile, by group. */
SELECT
  arm,
  max(count) AS count,
  min(value) FILTER(WHERE
    upto >= floor((
      1 + 0.5 * (
        count - 1
      )
    ) * 1.0000000000000009)) AS middle
FROM "median ranks"
GROUP BY
  arm;
-- median ends
/* Where the quantile and the ends of its interval lie. */
SELECT
  arm,
  count,
  toInt64(floor((
    1 + (
      0.5 - reach
    ) * (
      count - 1
    )
  ) * 1.0000000000000009)) AS at_lower,
  toInt64(floor((
    1 + 0.5 * (
      count - 1
    )
  ) * 1.0000000000000009)) AS at_middle,
  toInt64(floor((
    1 + (
      0.5 + reach
    ) * (
      count - 1
    )
  ) * 1.0000000000000009)) AS at_upper
FROM (
  SELECT
    "median middle".arm AS arm,
    count,
    1.9599639845400545 * sqrt(0.25 / if(isNull(count), NULL, toFloat64(assumeNotNull(count)))) AS reach
  FROM "median middle"
) AS reached;
SELECT
  'cells' AS part,
  cells.arm AS arm,
  cells.units AS units,
  cells.moments AS moments
FROM cells;
SELECT
  'entrants' AS part,
  arm_value,
  arm,
  COUNT(*) AS rows,
  COUNT(*) AS kept,
  COUNT(*) - COUNT(unit) AS without_unit,
  COUNT(*) FILTER(WHERE
    FALSE) AS outside
FROM unit_rows
GROUP BY
  arm_value,
  arm;
SELECT
  'units' AS part,
  arm,
  crossed,
  COUNT(*) AS units,
  COUNT(*) FILTER(WHERE
    crossed) AS in_two_arms,
  sum((
    entries - CASE WHEN crossed THEN 2 ELSE 1 END
  ) + toDecimal128(0, 0)) FILTER(WHERE
    entries > 0) AS repeated,
  min(toString(unit)) FILTER(WHERE
    conflict AND NOT crossed) AS conflict
FROM units_met
GROUP BY
  arm,
  crossed;
SELECT
  'ranks' AS part,
  'median' AS metric,
  "median ends".arm AS arm,
  tuple(
    'count',
    "median ends".count,
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
    CAST(NULL AS Nullable(Int64)),
    'means',
    [CAST(NULL AS Nullable(Float64)), CAST(NULL AS Nullable(Float64))],
    'covariances',
    [CAST(NULL AS Nullable(Float64)), CAST(NULL AS Nullable(Float64)), CAST(NULL AS Nullable(Float64))]
  ) AS ranks
FROM "median ranks"
JOIN "median ends"
  ON "median ranks".arm = "median ends".arm
GROUP BY
  "median ends".arm,
  "median ends".count,
  "median ends".at_lower,
  "median ends".at_middle,
  "median ends".at_upper
