-- test: test_golden.py  metric: skip_rate  engine: trino
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP(6))
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP(6))
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP(6)),
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
    CAST(MIN(
      CASE
        WHEN NOT arm IS NULL AND (
          kept AND inside
        )
        THEN CAST(ROUND(TO_UNIXTIME(WITH_TIMEZONE(exposed_at, 'UTC')) * 1000000) AS BIGINT) * 2 + arm
      END
    ) - CAST(ROUND(
      TO_UNIXTIME(WITH_TIMEZONE(MIN(exposed_at) FILTER(WHERE
        NOT arm IS NULL AND (
          kept AND inside
        )), 'UTC')) * 1000000
    ) AS BIGINT) * 2 AS INTEGER) AS arm,
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
    exposed_at + INTERVAL '7' DAY AS "7d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    SUM(CASE WHEN listening.skipped THEN 1 WHEN NOT (
      listening.skipped
    ) THEN 0 END) AS "skip_rate numerator",
    COUNT(*) AS "skip_rate denominator",
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) >= first_exposure.exposed_at
    AND CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) < first_exposure."7d after"
  GROUP BY
    first_exposure.unit
), profile_frozen AS (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    first_exposure.unit,
    ELEMENT_AT(
      ARRAY_AGG(
        profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7' DAY ORDER BY profile.valid_from DESC, profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7' DAY DESC
      ) FILTER(WHERE
        NOT profile.valid_from IS NULL),
      1
    ) AS is_new
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
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP(6))
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
    AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP(6))
    AND NOT assigned.is_bot
), "beside 1" AS (
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
    COALESCE("beside 1".variant, '(none)') AS "by beside 1",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP(6))
      THEN CAST(COALESCE(listening_facts."skip_rate numerator", 0) AS DOUBLE)
    END AS "skip_rate numerator",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP(6))
      THEN CAST(COALESCE(listening_facts."skip_rate denominator", 0) AS DOUBLE)
    END AS "skip_rate denominator",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP(6))
      THEN CAST(COALESCE(CASE WHEN profile_frozen.is_new THEN 1 WHEN NOT (
        profile_frozen.is_new
      ) THEN 0 END, 0) AS DOUBLE)
    END AS "skip_rate profile.is_new",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP(6))
      THEN CAST(CASE WHEN profile_frozen.is_new IS NULL THEN 1 WHEN NOT (
        profile_frozen.is_new IS NULL
      ) THEN 0 END AS DOUBLE)
    END AS "skip_rate profile.is_new is missing",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP(6)) AS "skip_rate matured",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP(6))
    AND (
      COALESCE(NOT listening_facts."skip_rate numerator" IS NULL, FALSE)
      OR COALESCE(listening_facts."skip_rate denominator" > 0, FALSE)
    ) AS "skip_rate known"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
  LEFT JOIN profile_frozen
    ON first_exposure.unit = profile_frozen.unit
  LEFT JOIN "beside 1"
    ON first_exposure.unit = "beside 1".unit
), "largest by beside 1" AS (
  /* The 50 values with most units. */
  SELECT
    "by beside 1"
  FROM units
  GROUP BY
    "by beside 1"
  ORDER BY
    COUNT(*) DESC,
    "by beside 1"
  LIMIT 50
), lumped_units AS (
  /* All other values are one. */
  SELECT
    units.unit,
    units.arm,
    units.exposed_on,
    CASE
      WHEN "by beside 1" IN (
        SELECT
          "by beside 1"
        FROM "largest by beside 1"
      )
      THEN "by beside 1"
      ELSE '(other)'
    END AS "by beside 1",
    units."skip_rate numerator",
    units."skip_rate denominator",
    units."skip_rate profile.is_new",
    units."skip_rate profile.is_new is missing",
    units."skip_rate matured",
    units."skip_rate known"
  FROM units
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    "by beside 1",
    COUNT(*) AS units,
    CAST(MAP(
      ARRAY['skip_rate'],
      ARRAY[CAST(CAST(MAP(
        ARRAY['matured', 'known', 'count', 'means', 'covariances', 'extremes'],
        ARRAY[CAST(COUNT_IF(lumped_units."skip_rate matured") AS JSON), CAST(COUNT_IF(lumped_units."skip_rate known") AS JSON), CAST(COUNT(lumped_units."skip_rate numerator") AS JSON), CAST(CAST(ARRAY[CAST(AVG(lumped_units."skip_rate numerator") AS JSON), CAST(AVG(lumped_units."skip_rate denominator") AS JSON), CAST(AVG(lumped_units."skip_rate profile.is_new") AS JSON), CAST(AVG(lumped_units."skip_rate profile.is_new is missing") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(VAR_POP(lumped_units."skip_rate numerator") AS JSON), CAST(COVAR_POP(lumped_units."skip_rate numerator", lumped_units."skip_rate denominator") AS JSON), CAST(COVAR_POP(lumped_units."skip_rate numerator", lumped_units."skip_rate profile.is_new") AS JSON), CAST(COVAR_POP(lumped_units."skip_rate numerator", lumped_units."skip_rate profile.is_new is missing") AS JSON), CAST(VAR_POP(lumped_units."skip_rate denominator") AS JSON), CAST(COVAR_POP(lumped_units."skip_rate denominator", lumped_units."skip_rate profile.is_new") AS JSON), CAST(COVAR_POP(lumped_units."skip_rate denominator", lumped_units."skip_rate profile.is_new is missing") AS JSON), CAST(VAR_POP(lumped_units."skip_rate profile.is_new") AS JSON), CAST(COVAR_POP(lumped_units."skip_rate profile.is_new", lumped_units."skip_rate profile.is_new is missing") AS JSON), CAST(VAR_POP(lumped_units."skip_rate profile.is_new is missing") AS JSON)] AS JSON) AS JSON), CAST(CAST(ARRAY[CAST(CAST(MAP(
          ARRAY['unit', 'values'],
          ARRAY[CAST(CAST(MAX_BY(lumped_units.unit, CASE WHEN NOT lumped_units.unit IS NULL THEN lumped_units."skip_rate numerator" END) AS VARCHAR) AS JSON), CAST(CAST(ARRAY[CAST(MAX_BY(lumped_units."skip_rate numerator", lumped_units."skip_rate numerator") AS JSON), CAST(MAX_BY(
            lumped_units."skip_rate denominator",
            CASE WHEN NOT lumped_units."skip_rate denominator" IS NULL THEN lumped_units."skip_rate numerator" END
          ) AS JSON)] AS JSON) AS JSON)]
        ) AS JSON) AS JSON), CAST(CAST(MAP(
          ARRAY['unit', 'values'],
          ARRAY[CAST(CAST(MAX_BY(lumped_units.unit, CASE WHEN NOT lumped_units.unit IS NULL THEN lumped_units."skip_rate denominator" END) AS VARCHAR) AS JSON), CAST(CAST(ARRAY[CAST(MAX_BY(
            lumped_units."skip_rate numerator",
            CASE WHEN NOT lumped_units."skip_rate numerator" IS NULL THEN lumped_units."skip_rate denominator" END
          ) AS JSON), CAST(MAX_BY(lumped_units."skip_rate denominator", lumped_units."skip_rate denominator") AS JSON)] AS JSON) AS JSON)]
        ) AS JSON) AS JSON), CAST(CAST(MAP(
          ARRAY['unit', 'values'],
          ARRAY[CAST(CAST(MIN_BY(lumped_units.unit, CASE WHEN NOT lumped_units.unit IS NULL THEN lumped_units."skip_rate numerator" END) AS VARCHAR) AS JSON), CAST(CAST(ARRAY[CAST(MIN_BY(lumped_units."skip_rate numerator", lumped_units."skip_rate numerator") AS JSON), CAST(MIN_BY(
            lumped_units."skip_rate denominator",
            CASE WHEN NOT lumped_units."skip_rate denominator" IS NULL THEN lumped_units."skip_rate numerator" END
          ) AS JSON)] AS JSON) AS JSON)]
        ) AS JSON) AS JSON)] AS JSON) AS JSON)]
      ) AS JSON) AS JSON)]
    ) AS JSON) AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, "by beside 1")
    )
)
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm' AS JSON), CAST('exposed_on' AS JSON), CAST('by beside 1' AS JSON), CAST('units' AS JSON), CAST('moments' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.exposed_on AS JSON) AS JSON), CAST(CAST(answer."by beside 1" AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.moments AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.arm,
    cells.exposed_on,
    cells."by beside 1",
    cells.units,
    cells.moments
  FROM cells
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm_value' AS JSON), CAST('arm' AS JSON), CAST('rows' AS JSON), CAST('kept' AS JSON), CAST('without_unit' AS JSON), CAST('outside' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm_value AS JSON) AS JSON), CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.rows AS JSON) AS JSON), CAST(CAST(answer.kept AS JSON) AS JSON), CAST(CAST(answer.without_unit AS JSON) AS JSON), CAST(CAST(answer.outside AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
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
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm' AS JSON), CAST('crossed' AS JSON), CAST('units' AS JSON), CAST('in_two_arms' AS JSON), CAST('repeated' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.crossed AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON), CAST(CAST(answer.in_two_arms AS JSON) AS JSON), CAST(CAST(answer.repeated AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
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
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('source' AS JSON), CAST('rows' AS JSON), CAST('units' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.source AS JSON) AS JSON), CAST(CAST(answer.rows AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
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
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('source' AS JSON), CAST('first_at' AS JSON), CAST('last_at' AS JSON), CAST('after_cutoff' AS JSON), CAST('late' AS JSON), CAST('ahead' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.source AS JSON) AS JSON), CAST(CAST(answer.first_at AS JSON) AS JSON), CAST(CAST(answer.last_at AS JSON) AS JSON), CAST(CAST(answer.after_cutoff AS JSON) AS JSON), CAST(CAST(answer.late AS JSON) AS JSON), CAST(CAST(answer.ahead AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'seen' AS part,
    'listening' AS source,
    (
      SELECT
        CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6)) AS first_at
      FROM listening AS listening
      WHERE
        NOT listening.played_at IS NULL
        AND listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
      ORDER BY
        first_at
      LIMIT 1
    ) AS first_at,
    (
      SELECT
        MAX(CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6))) AS last_at
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    ) AS last_at,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    ) AS after_cutoff,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at >= CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    ) AS late,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < listening.played_at
    ) AS ahead
) AS answer
