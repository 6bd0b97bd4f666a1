-- test: test_dealt.py  engine: databricks
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS DOUBLE) AS `spend value`,
    CAST(COALESCE(shop.history, 0) AS DOUBLE) AS `spend history`,
    NOT shop.spend IS NULL AS `spend known`
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    MIN(arm) FILTER(WHERE
      NOT arm IS NULL) AS arm,
    MAX(`spend value`) FILTER(WHERE
      NOT arm IS NULL) AS `spend value`,
    MAX(`spend history`) FILTER(WHERE
      NOT arm IS NULL) AS `spend history`,
    MAX(`spend known`) FILTER(WHERE
      NOT arm IS NULL) AS `spend known`,
    MIN(arm) <> MAX(arm) AS crossed,
    COUNT(arm) AS entries,
    MIN(`spend value`) FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX(`spend value`) FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT(`spend value`) FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL))
    OR MIN(`spend history`) FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX(`spend history`) FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT(`spend history`) FILTER(WHERE
      NOT arm IS NULL) IN (0, COUNT(*) FILTER(WHERE
      NOT arm IS NULL))
    OR MIN(`spend known`) FILTER(WHERE
      NOT arm IS NULL) IS DISTINCT FROM MAX(`spend known`) FILTER(WHERE
      NOT arm IS NULL)
    OR NOT COUNT(`spend known`) FILTER(WHERE
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
    `spend value`,
    `spend history`,
    `spend known`
  FROM units_met
  WHERE
    NOT arm IS NULL AND NOT crossed
), dealt_units AS (
  /* Units, each in the bucket that a hash of its user names. */
  SELECT
    units.unit,
    units.arm,
    units.`spend value`,
    units.`spend history`,
    units.`spend known`,
    LEFT(MD5(CAST(unit AS STRING)), 3) AS bucket,
    CAST(unit AS STRING) AS dealt_id
  FROM units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'spend',
      NAMED_STRUCT(
        'count',
        COUNT(dealt_units.`spend value`),
        'means',
        ARRAY(AVG(CAST(dealt_units.`spend value` AS DOUBLE)), AVG(CAST(dealt_units.`spend history` AS DOUBLE))),
        'covariances',
        ARRAY(
          VAR_POP(dealt_units.`spend value`),
          COVAR_POP(dealt_units.`spend value`, dealt_units.`spend history`),
          VAR_POP(dealt_units.`spend history`)
        ),
        'cubes',
        ARRAY(
          AVG(
            CAST(CAST(dealt_units.`spend value` AS DOUBLE) * CAST(dealt_units.`spend value` AS DOUBLE) * CAST(dealt_units.`spend value` AS DOUBLE) AS DOUBLE)
          )
        )
      )
    ) AS moments
  FROM dealt_units
  GROUP BY
    bucket
)
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.bucket,
    cells.units,
    cells.moments
  FROM cells
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'units' AS part,
    COUNT(*) AS units,
    COUNT(DISTINCT dealt_id) AS groups
  FROM dealt_units
) AS answer
