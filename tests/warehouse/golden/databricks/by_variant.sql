-- test: test_golden.py  metric: skip_rate  engine: databricks
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP_NTZ)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP_NTZ)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP_NTZ),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
), units_met AS (
  /* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
  SELECT
    unit,
    MIN(exposed_at) FILTER(WHERE
      NOT arm IS NULL AND (
        kept AND inside
      )) AS exposed_at,
    (
      CAST(MIN(
        CASE WHEN NOT arm IS NULL AND (
          kept AND inside
        ) THEN UNIX_MICROS(CAST(exposed_at AS TIMESTAMP)) * 2 + arm END
      ) - UNIX_MICROS(CAST(MIN(exposed_at) FILTER(WHERE
        NOT arm IS NULL AND (
          kept AND inside
        )) AS TIMESTAMP)) * 2 AS INT) + CAST(ROUND(
        CAST(MIN(
          CASE WHEN NOT arm IS NULL AND (
            kept AND inside
          ) THEN UNIX_MICROS(CAST(exposed_at AS TIMESTAMP)) * 2 + arm END
        ) - UNIX_MICROS(CAST(MIN(exposed_at) FILTER(WHERE
          NOT arm IS NULL AND (
            kept AND inside
          )) AS TIMESTAMP)) * 2 AS DOUBLE) - CAST(CAST(MIN(
          CASE WHEN NOT arm IS NULL AND (
            kept AND inside
          ) THEN UNIX_MICROS(CAST(exposed_at AS TIMESTAMP)) * 2 + arm END
        ) - UNIX_MICROS(CAST(MIN(exposed_at) FILTER(WHERE
          NOT arm IS NULL AND (
            kept AND inside
          )) AS TIMESTAMP)) * 2 AS INT) AS DOUBLE)
      ) AS INT)
    ) AS arm,
    MIN(arm) FILTER(WHERE
      kept AND inside) <> MAX(arm) FILTER(WHERE
      kept AND inside) AS crossed,
    COUNT(arm) FILTER(WHERE
      kept AND inside) AS entries,
    MIN(arm) FILTER(WHERE
      inside) <> MAX(arm) FILTER(WHERE
      inside) AS in_two_arms
  FROM exposure_rows
  WHERE
    NOT unit IS NULL
  GROUP BY
    unit
), first_exposure AS (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at + INTERVAL '7' DAY AS `7d after`
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    SUM(CASE WHEN listening.skipped THEN 1 WHEN NOT (
      listening.skipped
    ) THEN 0 END) AS `skip_rate numerator`,
    COUNT(*) AS `skip_rate denominator`,
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    AND CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.exposed_at
    AND CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.`7d after`
  GROUP BY
    first_exposure.unit
), profile_frozen AS (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    first_exposure.unit,
    MAX_BY(
      profile.signed_up_at >= (
        first_exposure.exposed_at
      ) - INTERVAL '7' DAY,
      STRUCT(profile.valid_from, profile.signed_up_at >= (
        first_exposure.exposed_at
      ) - INTERVAL '7' DAY)
    ) FILTER(WHERE
      NOT profile.valid_from IS NULL) AS is_new
  FROM users AS profile
  JOIN first_exposure
    ON profile.user_id = first_exposure.unit
  WHERE
    profile.valid_from <= first_exposure.exposed_at
  GROUP BY
    first_exposure.unit
), other_exposures AS (
  SELECT
    exposures.user_id AS unit,
    exposures.experiment AS other,
    exposures.arm AS variant
  FROM exposures AS exposures
  WHERE
    exposures.experiment <> 'moment-page'
    AND exposures.experiment IN ('no-ads')
    AND NOT exposures.arm IS NULL
    AND NOT exposures.user_id IS NULL
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP_NTZ)
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
    AND NOT assigned.arm IS NULL
    AND NOT assigned.user_id IS NULL
    AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP_NTZ)
    AND NOT assigned.is_bot
), `beside 1` AS (
  /* What was met of 'no-ads'. */
  SELECT
    first_exposure.unit,
    CASE
      WHEN MIN(other_exposures.variant) = MAX(other_exposures.variant)
      THEN MIN(other_exposures.variant)
      ELSE '(several)'
    END AS variant
  FROM other_exposures
  JOIN first_exposure
    ON other_exposures.unit = first_exposure.unit
  WHERE
    other_exposures.other = 'no-ads'
  GROUP BY
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    COALESCE(`beside 1`.variant, '(none)') AS `by beside 1`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
      THEN CAST(COALESCE(listening_facts.`skip_rate numerator`, 0) AS DOUBLE)
    END AS `skip_rate numerator`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
      THEN CAST(COALESCE(listening_facts.`skip_rate denominator`, 0) AS DOUBLE)
    END AS `skip_rate denominator`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
      THEN CAST(COALESCE(CASE WHEN profile_frozen.is_new THEN 1 WHEN NOT (
        profile_frozen.is_new
      ) THEN 0 END, 0) AS DOUBLE)
    END AS `skip_rate profile.is_new`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
      THEN CAST(CASE WHEN profile_frozen.is_new IS NULL THEN 1 WHEN NOT (
        profile_frozen.is_new IS NULL
      ) THEN 0 END AS DOUBLE)
    END AS `skip_rate profile.is_new is missing`,
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ) AS `skip_rate matured`,
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
    AND (
      COALESCE(NOT listening_facts.`skip_rate numerator` IS NULL, FALSE)
      OR COALESCE(listening_facts.`skip_rate denominator` > 0, FALSE)
    ) AS `skip_rate known`
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
  LEFT JOIN profile_frozen
    ON first_exposure.unit = profile_frozen.unit
  LEFT JOIN `beside 1`
    ON first_exposure.unit = `beside 1`.unit
), `largest by beside 1` AS (
  /* The 50 values with most units. */
  SELECT
    `by beside 1`
  FROM units
  GROUP BY
    `by beside 1`
  ORDER BY
    COUNT(*) DESC,
    `by beside 1`
  LIMIT 50
), lumped_units AS (
  /* All other values are one. */
  SELECT
    units.unit,
    units.arm,
    units.exposed_on,
    CASE
      WHEN `by beside 1` IN (
        SELECT
          `by beside 1`
        FROM `largest by beside 1`
      )
      THEN `by beside 1`
      ELSE '(other)'
    END AS `by beside 1`,
    units.`skip_rate numerator`,
    units.`skip_rate denominator`,
    units.`skip_rate profile.is_new`,
    units.`skip_rate profile.is_new is missing`,
    units.`skip_rate matured`,
    units.`skip_rate known`
  FROM units
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    `by beside 1`,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'skip_rate',
      NAMED_STRUCT(
        'matured',
        COUNT_IF(lumped_units.`skip_rate matured`),
        'known',
        COUNT_IF(lumped_units.`skip_rate known`),
        'count',
        COUNT(lumped_units.`skip_rate numerator`),
        'means',
        ARRAY(
          AVG(CAST(lumped_units.`skip_rate numerator` AS DOUBLE)),
          AVG(CAST(lumped_units.`skip_rate denominator` AS DOUBLE)),
          AVG(CAST(lumped_units.`skip_rate profile.is_new` AS DOUBLE)),
          AVG(CAST(lumped_units.`skip_rate profile.is_new is missing` AS DOUBLE))
        ),
        'covariances',
        ARRAY(
          VAR_POP(lumped_units.`skip_rate numerator`),
          COVAR_POP(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate denominator`),
          COVAR_POP(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate profile.is_new`),
          COVAR_POP(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate profile.is_new is missing`),
          VAR_POP(lumped_units.`skip_rate denominator`),
          COVAR_POP(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate profile.is_new`),
          COVAR_POP(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate profile.is_new is missing`),
          VAR_POP(lumped_units.`skip_rate profile.is_new`),
          COVAR_POP(lumped_units.`skip_rate profile.is_new`, lumped_units.`skip_rate profile.is_new is missing`),
          VAR_POP(lumped_units.`skip_rate profile.is_new is missing`)
        ),
        'extremes',
        ARRAY(
          NAMED_STRUCT(
            'unit',
            CAST(MAX_BY(lumped_units.unit, lumped_units.`skip_rate numerator`) FILTER(WHERE
              NOT lumped_units.unit IS NULL) AS STRING),
            'values',
            ARRAY(
              MAX_BY(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate numerator`) FILTER(WHERE
                NOT lumped_units.`skip_rate numerator` IS NULL),
              MAX_BY(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate numerator`) FILTER(WHERE
                NOT lumped_units.`skip_rate denominator` IS NULL)
            )
          ),
          NAMED_STRUCT(
            'unit',
            CAST(MAX_BY(lumped_units.unit, lumped_units.`skip_rate denominator`) FILTER(WHERE
              NOT lumped_units.unit IS NULL) AS STRING),
            'values',
            ARRAY(
              MAX_BY(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate denominator`) FILTER(WHERE
                NOT lumped_units.`skip_rate numerator` IS NULL),
              MAX_BY(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate denominator`) FILTER(WHERE
                NOT lumped_units.`skip_rate denominator` IS NULL)
            )
          ),
          NAMED_STRUCT(
            'unit',
            CAST(MIN_BY(lumped_units.unit, lumped_units.`skip_rate numerator`) FILTER(WHERE
              NOT lumped_units.unit IS NULL) AS STRING),
            'values',
            ARRAY(
              MIN_BY(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate numerator`) FILTER(WHERE
                NOT lumped_units.`skip_rate numerator` IS NULL),
              MIN_BY(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate numerator`) FILTER(WHERE
                NOT lumped_units.`skip_rate denominator` IS NULL)
            )
          )
        )
      )
    ) AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, `by beside 1`)
    )
)
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.arm,
    cells.exposed_on,
    cells.`by beside 1`,
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
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT_IF(in_two_arms) AS in_two_arms,
    SUM(entries - CASE WHEN crossed THEN 2 ELSE 1 END) FILTER(WHERE
      entries > 0) AS repeated
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'facts' AS part,
    'listening' AS source,
    COALESCE(SUM(rows), 0) AS rows,
    COUNT(*) AS units
  FROM listening_facts
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'seen' AS part,
    'listening' AS source,
    MIN(CAST(listening.played_at AS TIMESTAMP_NTZ)) FILTER(WHERE
      listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP)
      AND (
        listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
      )) AS first_at,
    MAX(CAST(listening.played_at AS TIMESTAMP_NTZ)) FILTER(WHERE
      listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)) AS last_at,
    COUNT(*) FILTER(WHERE
      listening.played_at >= CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)) AS after_cutoff,
    COUNT(*) FILTER(WHERE
      listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
      AND listening.loaded_at >= CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)) AS late,
    COUNT(*) FILTER(WHERE
      listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP)
      AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
      AND listening.loaded_at < listening.played_at) AS ahead
  FROM listening AS listening
) AS answer
