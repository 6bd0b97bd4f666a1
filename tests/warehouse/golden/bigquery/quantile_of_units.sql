-- test: test_golden.py  metric: median  engine: bigquery
WITH unit_rows AS (
  /* Rows of shop. Arms: 0 control, 1 moments. */
  SELECT
    shop.id AS unit,
    shop.segment AS arm_value,
    CASE shop.segment WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    CAST(COALESCE(shop.spend, 0) AS FLOAT64) AS `median value`,
    NOT shop.spend IS NULL AS `median known`
  FROM shop AS shop
), units_met AS (
  /* What stands of each unit: equal rows are one. */
  SELECT
    unit,
    min(CASE WHEN NOT arm IS NULL THEN arm END) AS arm,
    max_by(
      CASE WHEN NOT arm IS NULL THEN `median value` END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN `median value` END IS NULL THEN 1 END
    ) AS `median value`,
    max_by(
      CASE WHEN NOT arm IS NULL THEN `median known` END,
      CASE WHEN NOT CASE WHEN NOT arm IS NULL THEN `median known` END IS NULL THEN 1 END
    ) AS `median known`,
    min(arm) <> max(arm) AS crossed,
    COUNT(arm) AS entries,
    min(CASE WHEN NOT arm IS NULL THEN `median value` END) IS DISTINCT FROM max(CASE WHEN NOT arm IS NULL THEN `median value` END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN `median value` END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END))
    OR logical_and(CASE WHEN NOT arm IS NULL THEN `median known` END) IS DISTINCT FROM logical_or(CASE WHEN NOT arm IS NULL THEN `median known` END)
    OR NOT COUNT(CASE WHEN NOT arm IS NULL THEN `median known` END) IN (0, COUNT(CASE WHEN NOT arm IS NULL THEN 1 END)) AS conflict
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
    `median value`,
    `median known`
  FROM units_met
  WHERE
    NOT arm IS NULL AND NOT crossed
), cells AS (
  /* Moments by arm, and by arm and dimension. */
  SELECT
    arm,
    COUNT(*) AS units,
    json_object(
      'median',
      json_object(
        'known',
        countif(units.`median known`),
        'count',
        COUNT(units.`median value`),
        'means',
        json_array(avg(units.`median value`)),
        'covariances',
        json_array(var_pop(units.`median value`)),
        'extremes',
        json_array(
          json_object(
            'unit',
            CAST(max_by(units.unit, CASE WHEN NOT units.unit IS NULL THEN units.`median value` END) AS STRING),
            'values',
            json_array(max_by(units.`median value`, units.`median value`))
          ),
          json_object(
            'unit',
            CAST(min_by(units.unit, CASE WHEN NOT units.unit IS NULL THEN units.`median value` END) AS STRING),
            'values',
            json_array(min_by(units.`median value`, units.`median value`))
          )
        )
      )
    ) AS moments
  FROM units
  GROUP BY
    arm
), `median values` AS (
  /* One row a value. */
  SELECT
    units.arm,
    `median value` AS value,
    units.unit AS drawn
  FROM units
  WHERE
    NOT `median value` IS NULL
), `median tally` AS (
  /* How often each value occurs, by group. */
  SELECT
    arm,
    value,
    COUNT(*) AS tally
  FROM `median values`
  GROUP BY
    arm,
    value
), `median ranks` AS (
  /* Up to each value, how many there are. */
  SELECT
    arm,
    value,
    CAST(sum(tally) OVER (PARTITION BY arm ORDER BY value) AS INT64) AS upto,
    CAST(sum(tally) OVER (PARTITION BY arm) AS INT64) AS count
  FROM `median tally`
), `median middle` AS (
  /* The value at the quantile, by group. */
  SELECT
    arm,
    max(count) AS count,
    min(
      CASE
        WHEN upto >= floor((
          1 + CAST(0.5 AS FLOAT64) * (
            count - 1
          )
        ) * CAST(1.0000000000000009 AS FLOAT64))
        THEN value
      END
    ) AS middle
  FROM `median ranks`
  GROUP BY
    arm
), `median ends` AS (
  /* Where the quantile and the ends of its interval lie. */
  SELECT
    arm,
    count,
    CAST(floor((
      1 + CAST((
        0.5 - reach
      ) AS FLOAT64) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS FLOAT64)) AS INT64) AS at_lower,
    CAST(floor((
      1 + CAST(0.5 AS FLOAT64) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS FLOAT64)) AS INT64) AS at_middle,
    CAST(floor((
      1 + CAST((
        0.5 + reach
      ) AS FLOAT64) * (
        count - 1
      )
    ) * CAST(1.0000000000000009 AS FLOAT64)) AS INT64) AS at_upper
  FROM (
    SELECT
      `median middle`.arm,
      count,
      CAST(1.9599639845400545 AS FLOAT64) * sqrt(CAST(0.25 AS FLOAT64) / count) AS reach
    FROM `median middle`
  ) AS reached
)
SELECT
  answer.part,
  to_json_string(json_object('arm', answer.`arm`, 'units', answer.`units`, 'moments', answer.`moments`)) AS answer
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
  to_json_string(
    json_object(
      'arm_value',
      answer.`arm_value`,
      'arm',
      answer.`arm`,
      'rows',
      answer.`rows`,
      'kept',
      answer.`kept`,
      'without_unit',
      answer.`without_unit`,
      'outside',
      answer.`outside`
    )
  ) AS answer
FROM (
  SELECT
    'entrants' AS part,
    arm_value,
    arm,
    COUNT(*) AS `rows`,
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
  to_json_string(
    json_object(
      'arm',
      answer.`arm`,
      'crossed',
      answer.`crossed`,
      'units',
      answer.`units`,
      'in_two_arms',
      answer.`in_two_arms`,
      'repeated',
      answer.`repeated`,
      'conflict',
      answer.`conflict`
    )
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    countif(crossed) AS in_two_arms,
    sum(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated,
    min(CASE WHEN conflict AND NOT crossed THEN CAST(unit AS STRING) END) AS conflict
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
UNION ALL
SELECT
  answer.part,
  to_json_string(json_object('metric', answer.`metric`, 'arm', answer.`arm`, 'ranks', answer.`ranks`)) AS answer
FROM (
  SELECT
    'ranks' AS part,
    'median' AS metric,
    `median ends`.arm,
    json_object(
      'count',
      `median ends`.count,
      'ranks',
      json_array(at_lower, at_middle, at_upper),
      'values',
      json_array(
        min(CASE WHEN upto >= at_lower - 1 THEN value END),
        min(CASE WHEN upto >= at_lower THEN value END),
        min(CASE WHEN upto >= at_lower + 1 THEN value END),
        min(CASE WHEN upto >= at_lower + 2 THEN value END),
        min(CASE WHEN upto >= at_middle - 1 THEN value END),
        min(CASE WHEN upto >= at_middle THEN value END),
        min(CASE WHEN upto >= at_middle + 1 THEN value END),
        min(CASE WHEN upto >= at_middle + 2 THEN value END),
        min(CASE WHEN upto >= at_upper - 1 THEN value END),
        min(CASE WHEN upto >= at_upper THEN value END),
        min(CASE WHEN upto >= at_upper + 1 THEN value END),
        min(CASE WHEN upto >= at_upper + 2 THEN value END)
      ),
      'lowest',
      min(value),
      'highest',
      max(value),
      'units',
      CAST(NULL AS INT64),
      'means',
      json_array(CAST(NULL AS FLOAT64), CAST(NULL AS FLOAT64)),
      'covariances',
      json_array(CAST(NULL AS FLOAT64), CAST(NULL AS FLOAT64), CAST(NULL AS FLOAT64))
    ) AS ranks
  FROM `median ranks`
  JOIN `median ends`
    ON `median ranks`.arm = `median ends`.arm
  GROUP BY
    `median ends`.arm,
    `median ends`.count,
    `median ends`.at_lower,
    `median ends`.at_middle,
    `median ends`.at_upper
) AS answer
