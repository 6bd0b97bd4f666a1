-- test: test_golden.py  metric: week_4  engine: postgres
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
    exposed_at + INTERVAL '21 DAY' AS "21d after",
    exposed_at + INTERVAL '28 DAY' AS "28d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    COUNT(*) AS "week_4 value",
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at AT TIME ZONE 'UTC' >= first_exposure."21d after"
    AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."28d after"
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
    )[1] AS country
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
    COALESCE(profile_frozen.country, '(none)') AS "by country",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS TIMESTAMP)
      THEN CAST(CASE
        WHEN COALESCE(listening_facts."week_4 value", 0) > 0
        THEN 1
        WHEN NOT (
          COALESCE(listening_facts."week_4 value", 0) > 0
        )
        THEN 0
      END AS DOUBLE PRECISION)
    END AS "week_4 value",
    first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS TIMESTAMP) AS "week_4 matured"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
  LEFT JOIN profile_frozen
    ON first_exposure.unit = profile_frozen.unit
), "largest by country" AS (
  /* The 50 values with most units. */
  SELECT
    "by country"
  FROM units
  GROUP BY
    "by country"
  ORDER BY
    COUNT(*) DESC NULLS LAST,
    "by country" COLLATE "C"
  LIMIT 50
), lumped_units AS (
  /* All other values are one. */
  SELECT
    units.unit,
    units.arm,
    units.exposed_on,
    CASE
      WHEN "by country" IN (
        SELECT
          "by country"
        FROM "largest by country"
      )
      THEN "by country"
      ELSE '(other)'
    END AS "by country",
    units."week_4 value",
    units."week_4 matured"
  FROM units
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    "by country",
    COUNT(*) AS units,
    JSONB_BUILD_OBJECT(
      'week_4',
      JSONB_BUILD_OBJECT(
        'matured',
        COUNT(CASE WHEN lumped_units."week_4 matured" THEN 1 END),
        'count',
        COUNT(lumped_units."week_4 value"),
        'means',
        ARRAY[
          (
            AVG(
              lumped_units."week_4 value" * 134217729.0 - (
                lumped_units."week_4 value" * 134217729.0 - lumped_units."week_4 value"
              )
            ) + AVG(
              lumped_units."week_4 value" - (
                lumped_units."week_4 value" * 134217729.0 - (
                  lumped_units."week_4 value" * 134217729.0 - lumped_units."week_4 value"
                )
              )
            )
          )
        ],
        'covariances',
        ARRAY[VAR_POP(lumped_units."week_4 value")]
      )
    ) AS moments
  FROM lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, "by country")
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
    cells."by country",
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
      listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMPTZ)
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
