-- test: test_golden.py  metric: spend  engine: clickhouse
-- unit_rows
/* Rows of shop. Arms: 0 control, 1 moments. */
SELECT
  shop.id AS unit,
  shop.segment AS arm_value,
  CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
  COALESCE(shop.spend, toFloat64(0)) AS "spend value",
  COALESCE(shop.history, toFloat64(0)) AS "spend history",
  toBool(NOT (
    shop.spend IS NULL
  )) AS "spend known"
FROM shop AS shop;
-- units_met
/* What stands of each unit: equal rows are one. */
SELECT
  unit,
  min(arm) FILTER(WHERE
    NOT (
      arm IS NULL
    )) AS arm,
  any("spend value") FILTER(WHERE
    NOT (
      arm IS NULL
    )) AS "spend value",
  any("spend history") FILTER(WHERE
    NOT (
      arm IS NULL
    )) AS "spend history",
  any("spend known") FILTER(WHERE
    NOT (
      arm IS NULL
    )) AS "spend known",
  toBool(min(arm) <> max(arm)) AS crossed,
  COUNT(arm) AS entries,
  toBool(
    min("spend value") FILTER(WHERE
      NOT (
        arm IS NULL
      )) IS DISTINCT FROM max("spend value") FILTER(WHERE
      NOT (
        arm IS NULL
      ))
    OR NOT (
      COUNT("spend value") FILTER(WHERE
        NOT (
          arm IS NULL
        )) IN (0, COUNT(*) FILTER(WHERE
          NOT (
            arm IS NULL
        )))
    )
    OR min("spend history") FILTER(WHERE
      NOT (
        arm IS NULL
      )) IS DISTINCT FROM max("spend history") FILTER(WHERE
      NOT (
        arm IS NULL
      ))
    OR NOT (
      COUNT("spend history") FILTER(WHERE
        NOT (
          arm IS NULL
        )) IN (0, COUNT(*) FILTER(WHERE
          NOT (
            arm IS NULL
        )))
    )
    OR min("spend known") FILTER(WHERE
      NOT (
        arm IS NULL
      )) IS DISTINCT FROM max("spend known") FILTER(WHERE
      NOT (
        arm IS NULL
      ))
    OR NOT (
      COUNT("spend known") FILTER(WHERE
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
  "spend value",
  "spend history",
  "spend known"
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
    'spend',
    tuple(
      'known',
      COUNT(*) FILTER(WHERE
        units."spend known"),
      'count',
      COUNT(units."spend value"),
      'means',
      [
        (
          sumKahan(toFloat64(units."spend value")) / COUNT(toFloat64(units."spend value"))
        ),
        (
          sumKahan(toFloat64(units."spend history")) / COUNT(toFloat64(units."spend history"))
        )
      ],
      'covariances',
      [
        varPopStable(toFloat64(units."spend value")),
        covarPopStable(toFloat64(units."spend value"), toFloat64(units."spend history")),
        varPopStable(toFloat64(units."spend history"))
      ],
      'extremes',
      [
        tuple(
          'unit',
          toString(
            argMax(units.unit, units."spend value") FILTER(WHERE
              NOT (
                units.unit IS NULL
              ) AND NOT (
                units."spend value" IS NULL
              ))
          ),
          'values',
          [argMax(units."spend value", units."spend value") FILTER(WHERE
              NOT (
                units."spend value" IS NULL
            ))]
        ),
        tuple(
          'unit',
          toString(
            argMin(units.unit, units."spend value") FILTER(WHERE
              NOT (
                units.unit IS NULL
              ) AND NOT (
                units."spend value" IS NULL
              ))
          ),
          'values',
          [argMin(units."spend value", units."spend value") FILTER(WHERE
              NOT (
                units."spend value" IS NULL
            ))]
        )
      ]
    )
  ) AS moments
FROM units
GROUP BY
  arm;
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
  crossed
