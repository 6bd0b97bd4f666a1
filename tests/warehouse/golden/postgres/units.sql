-- test: test_golden.py  metric: spend  engine: postgres
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE PRECISION) AS "spend value",
    CAST(COALESCE(shop.history, 0) AS DOUBLE PRECISION) AS "spend history",
    NOT shop.spend IS NULL AS "spend known"
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(arm) FILTER(WHERE
      NOT arm IS NULL) AS arm,
    (
      ARRAY_AGG("spend value") FILTER(WHERE
        NOT "spend value" IS NULL AND NOT arm IS NULL)
    )[1] AS "spend value",
    (
      ARRAY_AGG("spend history") FILTER(WHERE
        NOT "spend history" IS NULL AND NOT arm IS NULL)
    )[1] AS "spend history",
    (
      ARRAY_AGG("spend known") FILTER(WHERE
        NOT "spend known" IS NULL AND NOT arm IS NULL)
    )[1] AS "spend known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    MIN("spend value") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX("spend value") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("spend value") FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL))
    OR MIN("spend history") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX("spend history") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("spend history") FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL))
    OR BOOL_AND("spend known") FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM BOOL_OR("spend known") FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT("spend known") FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL)) AS conflict
  FROM unit_rows
  WHERE
    NOT unit IS NULL
  GROUP BY
    unit
), units AS (
  /* Units in one arm only. */
  SELECT
    unit,
    arm,
    "spend value",
    "spend history",
    "spend known"
  FROM units_met
  WHERE
    NOT arm IS NULL AND NOT crossed
), cells AS (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    JSONB_BUILD_OBJECT(
      'spend',
      JSONB_BUILD_OBJECT(
        'known',
        COUNT(CASE WHEN units."spend known" THEN 1 END),
        'count',
        COUNT(units."spend value"),
        'means',
        ARRAY[
          (
            AVG(units."spend value" * 134217729.0 - (
              units."spend value" * 134217729.0 - units."spend value"
            )) + AVG(
              units."spend value" - (
                units."spend value" * 134217729.0 - (
                  units."spend value" * 134217729.0 - units."spend value"
                )
              )
            )
          ),
          (
            AVG(units."spend history" * 134217729.0 - (
              units."spend history" * 134217729.0 - units."spend history"
            )) + AVG(
              units."spend history" - (
                units."spend history" * 134217729.0 - (
                  units."spend history" * 134217729.0 - units."spend history"
                )
              )
            )
          )
        ],
        'covariances',
        ARRAY[
          VAR_POP(units."spend value"),
          COVAR_POP(units."spend value", units."spend history"),
          VAR_POP(units."spend history")
        ],
        'extremes',
        ARRAY[
          JSONB_BUILD_OBJECT(
            'unit',
            CAST((
              ARRAY_AGG(units.unit ORDER BY units."spend value" DESC NULLS LAST) FILTER(WHERE
                NOT units.unit IS NULL AND NOT units."spend value" IS NULL)
            )[1] AS TEXT),
            'values',
            ARRAY[MAX(units."spend value")]
          ),
          JSONB_BUILD_OBJECT(
            'unit',
            CAST((
              ARRAY_AGG(units.unit ORDER BY units."spend value" ASC) FILTER(WHERE
                NOT units.unit IS NULL AND NOT units."spend value" IS NULL)
            )[1] AS TEXT),
            'values',
            ARRAY[MIN(units."spend value")]
          )
        ]
      )
    ) AS moments
  FROM units
  GROUP BY
    arm
)
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.arm,
    cells.units,
    cells.moments
  FROM cells
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
FROM (
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
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT(CASE WHEN crossed THEN 1 END) AS in_two_arms,
    SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
      entries > 0) AS repeated,
    MIN(CAST(unit AS TEXT)) FILTER(WHERE
      conflict AND NOT crossed) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
