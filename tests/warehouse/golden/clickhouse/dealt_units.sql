-- test: test_dealt.py  engine: clickhouse
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
-- dealt_units
/* Units, each in the bucket that a hash of its user names. */
SELECT
  units.unit AS unit,
  units.arm AS arm,
  units."spend value" AS "spend value",
  units."spend history" AS "spend history",
  units."spend known" AS "spend known",
  leftUTF8(lower(hex(MD5(toString(unit)))), 3) AS bucket,
  toString(unit) AS dealt_id
FROM units;
-- cells
/* Moments by bucket. */
SELECT
  bucket,
  COUNT(*) AS units,
  tuple(
    'spend',
    tuple(
      'count',
      COUNT(dealt_units."spend value"),
      'means',
      [
        (
          sumKahan(toFloat64(dealt_units."spend value")) / COUNT(toFloat64(dealt_units."spend value"))
        ),
        (
          sumKahan(toFloat64(dealt_units."spend history")) / COUNT(toFloat64(dealt_units."spend history"))
        )
      ],
      'covariances',
      [
        varPopStable(toFloat64(dealt_units."spend value")),
        covarPopStable(toFloat64(dealt_units."spend value"), toFloat64(dealt_units."spend history")),
        varPopStable(toFloat64(dealt_units."spend history"))
      ],
      'cubes',
      [
        (
          sumKahan(
            toFloat64(
              if(isNull(dealt_units."spend value"), NULL, toFloat64(assumeNotNull(dealt_units."spend value"))) * if(isNull(dealt_units."spend value"), NULL, toFloat64(assumeNotNull(dealt_units."spend value"))) * if(isNull(dealt_units."spend value"), NULL, toFloat64(assumeNotNull(dealt_units."spend value")))
            )
          ) / COUNT(
            toFloat64(
              if(isNull(dealt_units."spend value"), NULL, toFloat64(assumeNotNull(dealt_units."spend value"))) * if(isNull(dealt_units."spend value"), NULL, toFloat64(assumeNotNull(dealt_units."spend value"))) * if(isNull(dealt_units."spend value"), NULL, toFloat64(assumeNotNull(dealt_units."spend value")))
            )
          )
        )
      ]
    )
  ) AS moments
FROM dealt_units
GROUP BY
  bucket;
SELECT
  'cells' AS part,
  cells.bucket AS bucket,
  cells.units AS units,
  cells.moments AS moments
FROM cells;
SELECT
  'units' AS part,
  COUNT(*) AS units,
  COUNT(DISTINCT dealt_id) AS groups
FROM dealt_units
