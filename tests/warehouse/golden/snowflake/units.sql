-- test: test_golden.py  metric: spend  engine: snowflake
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE) AS "spend value",
    CAST(COALESCE(shop.history, 0) AS DOUBLE) AS "spend history",
    NOT shop.spend IS NULL AS "spend known"
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(CASE WHEN NOT arm IS NULL THEN arm END) AS arm,
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "spend value" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "spend value" END IS NULL THEN 1 END
    ) AS "spend value",
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "spend history" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "spend history" END IS NULL THEN 1 END
    ) AS "spend history",
    MAX_BY(
      CASE WHEN NOT arm IS NULL THEN "spend known" END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN "spend known" END IS NULL THEN 1 END
    ) AS "spend known",
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    MIN(CASE WHEN NOT arm IS NULL THEN "spend value" END) IS DISTINCT FROM MAX(CASE WHEN NOT arm IS NULL THEN "spend value" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend value" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR MIN(CASE WHEN NOT arm IS NULL THEN "spend history" END) IS DISTINCT FROM MAX(CASE WHEN NOT arm IS NULL THEN "spend history" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend history" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR BOOLAND_AGG(CASE WHEN NOT arm IS NULL THEN "spend known" END) IS DISTINCT FROM BOOLOR_AGG(CASE WHEN NOT arm IS NULL THEN "spend known" END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN "spend known" END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END)) AS conflict
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
    OBJECT_CONSTRUCT_KEEP_NULL(
      'spend',
      OBJECT_CONSTRUCT_KEEP_NULL(
        'known',
        COUNT_IF(units."spend known"),
        'count',
        COUNT(units."spend value"),
        'means',
        ARRAY_CONSTRUCT(
          COALESCE(TO_VARIANT(AVG(units."spend value")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(AVG(units."spend history")), PARSE_JSON('null'))
        ),
        'covariances',
        ARRAY_CONSTRUCT(
          COALESCE(TO_VARIANT(VAR_POP(units."spend value")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(COVAR_POP(units."spend value", units."spend history")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(VAR_POP(units."spend history")), PARSE_JSON('null'))
        ),
        'extremes',
        ARRAY_CONSTRUCT(
          COALESCE(
            TO_VARIANT(
              OBJECT_CONSTRUCT_KEEP_NULL(
                'unit',
                CAST(MAX_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."spend value" END) AS VARCHAR),
                'values',
                ARRAY_CONSTRUCT(COALESCE(TO_VARIANT(MAX_BY(units."spend value", units."spend value")), PARSE_JSON('null')))
              )
            ),
            PARSE_JSON('null')
          ),
          COALESCE(
            TO_VARIANT(
              OBJECT_CONSTRUCT_KEEP_NULL(
                'unit',
                CAST(MIN_BY(units.unit, CASE WHEN NOT units.unit IS NULL THEN units."spend value" END) AS VARCHAR),
                'values',
                ARRAY_CONSTRUCT(COALESCE(TO_VARIANT(MIN_BY(units."spend value", units."spend value")), PARSE_JSON('null')))
              )
            ),
            PARSE_JSON('null')
          )
        )
      )
    ) AS moments
  FROM units
  GROUP BY
    arm
)
SELECT
  answer.part,
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('arm', answer.arm, 'units', answer.units, 'moments', answer.moments)) AS answer
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
  TO_JSON(
    OBJECT_CONSTRUCT_KEEP_NULL(
      'arm_value',
      answer.arm_value,
      'arm',
      answer.arm,
      'rows',
      answer."rows",
      'kept',
      answer.kept,
      'without_unit',
      answer.without_unit,
      'outside',
      answer.outside
    )
  ) AS answer
FROM (
  SELECT
    'entrants' AS part,
    arm_value,
    arm,
    COUNT(*) AS "rows",
    COUNT(*) AS kept,
    COUNT(*) - COUNT(unit) AS without_unit,
    COUNT(CASE WHEN FALSE THEN 1 END) AS outside
  FROM unit_rows
  GROUP BY
    arm_value,
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSON(
    OBJECT_CONSTRUCT_KEEP_NULL(
      'arm',
      answer.arm,
      'crossed',
      answer.crossed,
      'units',
      answer.units,
      'in_two_arms',
      answer.in_two_arms,
      'repeated',
      answer.repeated,
      'conflict',
      answer.conflict
    )
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT_IF(crossed) AS in_two_arms,
    SUM(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated,
    MIN(CASE WHEN conflict AND NOT crossed THEN CAST(unit AS VARCHAR) END) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
