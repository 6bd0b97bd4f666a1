-- test: test_golden.py  metric: week_4  engine: redshift
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
    MIN(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END) AS exposed_at,
    CAST(MIN(
      CASE
        WHEN NOT arm IS NULL AND (
          kept AND inside
        )
        THEN DATEDIFF(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP), exposed_at) * 2 + arm
      END
    ) - DATEDIFF(
      MICROSECOND,
      CAST('1970-01-01' AS TIMESTAMP),
      MIN(CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN exposed_at END)
    ) * 2 AS INTEGER) AS arm,
    MIN(CASE WHEN kept AND inside THEN arm END) <> MAX(CASE WHEN kept AND inside THEN arm END) AS crossed,
    COUNT(CASE WHEN kept AND inside THEN arm END) AS entries,
    MIN(CASE WHEN inside THEN arm END) <> MAX(CASE WHEN inside THEN arm END) AS in_two_arms
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
    listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at AT TIME ZONE 'UTC' >= first_exposure."21d after"
    AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."28d after"
  GROUP BY
    first_exposure.unit
), profile_frozen AS (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    "first_exposure unit" AS unit,
    "first 1" AS country
  FROM (
    SELECT
      first_exposure.unit AS "first_exposure unit",
      FIRST_VALUE(CASE WHEN NOT profile.valid_from IS NULL THEN profile.country END) OVER (
        PARTITION BY first_exposure.unit
        ORDER BY CASE WHEN NOT profile.valid_from IS NULL THEN profile.valid_from END DESC NULLS LAST, CASE WHEN NOT profile.valid_from IS NULL THEN profile.country END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1"
    FROM users AS profile
    JOIN first_exposure
      ON profile.user_id = first_exposure.unit
    WHERE
      profile.valid_from <= first_exposure.exposed_at
  ) AS ordered
  GROUP BY
    "first_exposure unit",
    "first 1"
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
    "by country"
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
    OBJECT(
      'week_4',
      OBJECT(
        'matured',
        COUNT(CASE WHEN lumped_units."week_4 matured" THEN 1 END),
        'count',
        COUNT(lumped_units."week_4 value"),
        'means',
        ARRAY(AVG(CAST(lumped_units."week_4 value" AS DOUBLE PRECISION))),
        'covariances',
        ARRAY(VAR_POP(lumped_units."week_4 value"))
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
  JSON_SERIALIZE(
    OBJECT(
      'arm',
      answer.arm,
      'exposed_on',
      CAST(answer.exposed_on AS VARCHAR(MAX)),
      'by country',
      answer."by country",
      'units',
      answer.units,
      'moments',
      answer.moments
    )
  ) AS answer
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
  JSON_SERIALIZE(
    OBJECT(
      'arm_value',
      answer.arm_value,
      'arm',
      answer.arm,
      'rows',
      answer.rows,
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
    COUNT(*) AS rows,
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
  JSON_SERIALIZE(
    OBJECT(
      'arm',
      answer.arm,
      'crossed',
      answer.crossed,
      'units',
      answer.units,
      'in_two_arms',
      answer.in_two_arms,
      'repeated',
      answer.repeated
    )
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT(CASE WHEN in_two_arms THEN 1 END) AS in_two_arms,
    SUM(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(OBJECT('source', answer.source, 'rows', answer.rows, 'units', answer.units)) AS answer
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
  JSON_SERIALIZE(
    OBJECT(
      'source',
      answer.source,
      'first_at',
      CAST(answer.first_at AS VARCHAR(MAX)),
      'last_at',
      CAST(answer.last_at AS VARCHAR(MAX)),
      'after_cutoff',
      answer.after_cutoff,
      'late',
      answer.late,
      'ahead',
      answer.ahead
    )
  ) AS answer
FROM (
  SELECT
    'seen' AS part,
    'listening' AS source,
    (
      SELECT
        listening.played_at AT TIME ZONE 'UTC' AS first_at
      FROM listening AS listening
      WHERE
        NOT listening.played_at IS NULL
        AND listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
      ORDER BY
        first_at
      LIMIT 1
    ) AS first_at,
    (
      SELECT
        MAX(listening.played_at AT TIME ZONE 'UTC') AS last_at
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
