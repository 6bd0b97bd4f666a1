-- test: test_golden.py  metric: plays  engine: postgres
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP),
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
        THEN CAST(EXTRACT(EPOCH FROM exposed_at) * 1000000 AS BIGINT) * 2 + arm
      END
    ) - CAST(EXTRACT(EPOCH FROM MIN(exposed_at) FILTER(WHERE
      NOT arm IS NULL AND (
        kept AND inside
      ))) * 1000000 AS BIGINT) * 2 AS INT) AS arm,
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
    exposed_at + INTERVAL '7 DAY' AS "7d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    COUNT(*) AS "plays value",
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at AT TIME ZONE 'UTC' >= first_exposure.exposed_at
    AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after"
  GROUP BY
    first_exposure.unit
), profile_frozen AS (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    first_exposure.unit,
    (
      ARRAY_AGG(
        profile.country COLLATE "C" ORDER BY profile.valid_from DESC NULLS LAST, profile.country COLLATE "C" DESC NULLS LAST
      ) FILTER(WHERE
        NOT profile.valid_from IS NULL)
    )[1] AS country,
    (
      ARRAY_AGG(
        profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7 DAY' ORDER BY profile.valid_from DESC NULLS LAST, profile.signed_up_at >= (
          first_exposure.exposed_at
        ) - INTERVAL '7 DAY' DESC NULLS LAST
      ) FILTER(WHERE
        NOT profile.valid_from IS NULL)
    )[1] AS is_new
  FROM users AS profile
  JOIN first_exposure
    ON profile.user_id = first_exposure.unit
  WHERE
    profile.valid_from <= first_exposure.exposed_at
  GROUP BY
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    CAST((
      '[' || COALESCE(CAST(TO_JSON(profile_frozen.country) AS TEXT), 'null') || ',' || COALESCE(CAST(TO_JSON(CAST(profile_frozen.is_new AS TEXT)) AS TEXT), 'null') || ']'
    ) AS TEXT) AS strata,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(listening_facts."plays value", 0) AS DOUBLE PRECISION)
    END AS "plays value",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP) AS "plays matured"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
  LEFT JOIN profile_frozen
    ON first_exposure.unit = profile_frozen.unit
), "largest strata" AS (
  /* The 1000 values with most units. */
  SELECT
    strata
  FROM units
  GROUP BY
    strata
  ORDER BY
    COUNT(*) DESC NULLS LAST,
    strata COLLATE "C"
  LIMIT 1000
), lumped_units AS (
  /* All other values are one. */
  SELECT
    units.unit,
    units.arm,
    units.exposed_on,
    CASE WHEN strata IN (
      SELECT
        strata
      FROM "largest strata"
    ) THEN strata ELSE '[]' END AS strata,
    units."plays value",
    units."plays matured"
  FROM units
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    strata,
    COUNT(*) AS units,
    JSONB_BUILD_OBJECT(
      'plays',
      JSONB_BUILD_OBJECT(
        'matured',
        COUNT(CASE WHEN lumped_units."plays matured" THEN 1 END),
        'count',
        COUNT(lumped_units."plays value"),
        'means',
        ARRAY[
          (
            AVG(
              lumped_units."plays value" * 134217729.0 - (
                lumped_units."plays value" * 134217729.0 - lumped_units."plays value"
              )
            ) + AVG(
              lumped_units."plays value" - (
                lumped_units."plays value" * 134217729.0 - (
                  lumped_units."plays value" * 134217729.0 - lumped_units."plays value"
                )
              )
            )
          )
        ],
        'covariances',
        ARRAY[VAR_POP(lumped_units."plays value")],
        'extremes',
        ARRAY[
          JSONB_BUILD_OBJECT(
            'unit',
            CAST((
              ARRAY_AGG(lumped_units.unit ORDER BY lumped_units."plays value" DESC NULLS LAST) FILTER(WHERE
                NOT lumped_units.unit IS NULL AND NOT lumped_units."plays value" IS NULL)
            )[1] AS TEXT),
            'values',
            ARRAY[MAX(lumped_units."plays value")]
          ),
          JSONB_BUILD_OBJECT(
            'unit',
            CAST((
              ARRAY_AGG(lumped_units.unit ORDER BY lumped_units."plays value" ASC) FILTER(WHERE
                NOT lumped_units.unit IS NULL AND NOT lumped_units."plays value" IS NULL)
            )[1] AS TEXT),
            'values',
            ARRAY[MIN(lumped_units."plays value")]
          )
        ]
      )
    ) AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, strata)
    )
)
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.arm,
    cells.exposed_on,
    cells.strata,
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
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT(CASE WHEN in_two_arms THEN 1 END) AS in_two_arms,
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
  TO_JSONB(answer) AS answer
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
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'seen' AS part,
    'listening' AS source,
    MIN(listening.played_at AT TIME ZONE 'UTC') FILTER(WHERE
      listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMPTZ)
      AND (
        listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
      )) AS first_at,
    MAX(listening.played_at AT TIME ZONE 'UTC') FILTER(WHERE
      listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)) AS last_at,
    COUNT(*) FILTER(WHERE
      listening.played_at >= CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)) AS after_cutoff,
    COUNT(*) FILTER(WHERE
      listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at >= CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)) AS late,
    COUNT(*) FILTER(WHERE
      listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < listening.played_at) AS ahead
  FROM listening AS listening
) AS answer
