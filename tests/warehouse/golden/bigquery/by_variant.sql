-- test: test_golden.py  metric: skip_rate  engine: bigquery
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS DATETIME)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS DATETIME)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS DATETIME),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
), units_met AS (
  /* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
  SELECT
    unit,
    min(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END) AS exposed_at,
    CAST(min(
      CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN unix_micros(timestamp(exposed_at, 'UTC')) * 2 + arm END
    ) - unix_micros(timestamp(min(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END), 'UTC')) * 2 AS INT64) AS arm,
    min(CASE WHEN kept AND inside THEN arm END) <> max(CASE WHEN kept AND inside THEN arm END) AS crossed,
    COUNT(CASE WHEN kept AND inside THEN arm END) AS entries,
    min(CASE WHEN inside THEN arm END) <> max(CASE WHEN inside THEN arm END) AS in_two_arms
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
    sum(CASE WHEN listening.skipped THEN 1 WHEN NOT (
      listening.skipped
    ) THEN 0 END) AS `skip_rate numerator`,
    COUNT(*) AS `skip_rate denominator`,
    COUNT(*) AS `rows`
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    AND datetime(listening.played_at, 'UTC') >= first_exposure.exposed_at
    AND datetime(listening.played_at, 'UTC') < first_exposure.`7d after`
  GROUP BY
    first_exposure.unit
), profile_frozen AS (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    first_exposure.unit,
    ARRAY_AGG(
      CASE
        WHEN NOT profile.valid_from IS NULL
        THEN profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7' DAY
      END ORDER BY profile.valid_from DESC, CASE
        WHEN NOT profile.valid_from IS NULL
        THEN profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7' DAY
      END DESC
      LIMIT 1
    )[SAFE_OFFSET(0)] AS is_new
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
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS DATETIME)
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
    AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS DATETIME)
    AND NOT assigned.is_bot
), `beside 1` AS (
  /* What was met of 'no-ads'. */
  SELECT
    first_exposure.unit,
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
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    COALESCE(`beside 1`.variant, '(none)') AS `by beside 1`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DATETIME)
      THEN CAST(COALESCE(listening_facts.`skip_rate numerator`, 0) AS FLOAT64)
    END AS `skip_rate numerator`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DATETIME)
      THEN CAST(COALESCE(listening_facts.`skip_rate denominator`, 0) AS FLOAT64)
    END AS `skip_rate denominator`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DATETIME)
      THEN CAST(COALESCE(CASE WHEN profile_frozen.is_new THEN 1 WHEN NOT (
        profile_frozen.is_new
      ) THEN 0 END, 0) AS FLOAT64)
    END AS `skip_rate profile.is_new`,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DATETIME)
      THEN CAST(CASE WHEN profile_frozen.is_new IS NULL THEN 1 WHEN NOT (
        profile_frozen.is_new IS NULL
      ) THEN 0 END AS FLOAT64)
    END AS `skip_rate profile.is_new is missing`,
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DATETIME) AS `skip_rate matured`,
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS DATETIME)
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
    json_object(
      'skip_rate',
      json_object(
        'matured',
        countif(lumped_units.`skip_rate matured`),
        'known',
        countif(lumped_units.`skip_rate known`),
        'count',
        COUNT(lumped_units.`skip_rate numerator`),
        'means',
        json_array(
          avg(lumped_units.`skip_rate numerator`),
          avg(lumped_units.`skip_rate denominator`),
          avg(lumped_units.`skip_rate profile.is_new`),
          avg(lumped_units.`skip_rate profile.is_new is missing`)
        ),
        'covariances',
        json_array(
          var_pop(lumped_units.`skip_rate numerator`),
          covar_pop(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate denominator`),
          covar_pop(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate profile.is_new`),
          covar_pop(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate profile.is_new is missing`),
          var_pop(lumped_units.`skip_rate denominator`),
          covar_pop(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate profile.is_new`),
          covar_pop(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate profile.is_new is missing`),
          var_pop(lumped_units.`skip_rate profile.is_new`),
          covar_pop(lumped_units.`skip_rate profile.is_new`, lumped_units.`skip_rate profile.is_new is missing`),
          var_pop(lumped_units.`skip_rate profile.is_new is missing`)
        ),
        'extremes',
        json_array(
          json_object(
            'unit',
            CAST(max_by(lumped_units.unit, CASE WHEN NOT lumped_units.unit IS NULL THEN lumped_units.`skip_rate numerator` END) AS STRING),
            'values',
            json_array(
              max_by(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate numerator`),
              max_by(
                lumped_units.`skip_rate denominator`,
                CASE WHEN NOT lumped_units.`skip_rate denominator` IS NULL THEN lumped_units.`skip_rate numerator` END
              )
            )
          ),
          json_object(
            'unit',
            CAST(max_by(lumped_units.unit, CASE WHEN NOT lumped_units.unit IS NULL THEN lumped_units.`skip_rate denominator` END) AS STRING),
            'values',
            json_array(
              max_by(
                lumped_units.`skip_rate numerator`,
                CASE WHEN NOT lumped_units.`skip_rate numerator` IS NULL THEN lumped_units.`skip_rate denominator` END
              ),
              max_by(lumped_units.`skip_rate denominator`, lumped_units.`skip_rate denominator`)
            )
          ),
          json_object(
            'unit',
            CAST(min_by(lumped_units.unit, CASE WHEN NOT lumped_units.unit IS NULL THEN lumped_units.`skip_rate numerator` END) AS STRING),
            'values',
            json_array(
              min_by(lumped_units.`skip_rate numerator`, lumped_units.`skip_rate numerator`),
              min_by(
                lumped_units.`skip_rate denominator`,
                CASE WHEN NOT lumped_units.`skip_rate denominator` IS NULL THEN lumped_units.`skip_rate numerator` END
              )
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
  to_json_string(
    json_object(
      'arm',
      answer.`arm`,
      'exposed_on',
      answer.`exposed_on`,
      'by beside 1',
      answer.`by beside 1`,
      'units',
      answer.`units`,
      'moments',
      answer.`moments`
    )
  ) AS answer
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
    COUNT(CASE WHEN kept THEN 1 END) AS kept,
    COUNT(*) - COUNT(unit) AS without_unit,
    COUNT(CASE WHEN kept AND NOT inside THEN 1 END) AS outside
  FROM exposure_rows
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
      answer.`repeated`
    )
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    countif(in_two_arms) AS in_two_arms,
    sum(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
UNION ALL
SELECT
  answer.part,
  to_json_string(json_object('source', answer.`source`, 'rows', answer.`rows`, 'units', answer.`units`)) AS answer
FROM (
  SELECT
    'facts' AS part,
    'listening' AS source,
    COALESCE(sum(`rows`), 0) AS `rows`,
    COUNT(*) AS units
  FROM listening_facts
) AS answer
UNION ALL
SELECT
  answer.part,
  to_json_string(
    json_object(
      'source',
      answer.`source`,
      'first_at',
      answer.`first_at`,
      'last_at',
      answer.`last_at`,
      'after_cutoff',
      answer.`after_cutoff`,
      'late',
      answer.`late`,
      'ahead',
      answer.`ahead`
    )
  ) AS answer
FROM (
  SELECT
    'seen' AS part,
    'listening' AS source,
    (
      SELECT
        datetime(listening.played_at, 'UTC') AS first_at
      FROM listening AS listening
      WHERE
        NOT listening.played_at IS NULL
        AND listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
      ORDER BY
        first_at
      LIMIT 1
    ) AS first_at,
    (
      SELECT
        max(datetime(listening.played_at, 'UTC')) AS last_at
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    ) AS last_at,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
    ) AS after_cutoff,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
        AND listening.loaded_at >= CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    ) AS late,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
        AND listening.loaded_at < listening.played_at
    ) AS ahead
) AS answer
