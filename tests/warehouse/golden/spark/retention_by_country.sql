-- test: test_golden.py  metric: week_4  engine: spark
-- exposure_rows
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
  exposures.experiment = 'moment-page';
-- units_met
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
  unit;
-- listening_facts
/* Facts of listening, one row a unit that has any. */
SELECT
  first_exposure.unit,
  COUNT(*) AS `week_4 value`,
  COUNT(*) AS rows
FROM listening AS listening
JOIN (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at + INTERVAL '21' DAY AS `21d after`,
    exposed_at + INTERVAL '28' DAY AS `28d after`
  FROM units_met
  WHERE
    NOT crossed
) AS first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMP)
  AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.`21d after`
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.`28d after`
GROUP BY
  first_exposure.unit;
-- units
/* One row a unit; null where a metric doesn't take it. */
SELECT
  first_exposure.unit,
  first_exposure.arm,
  first_exposure.exposed_on,
  COALESCE(profile_frozen.country, '(none)') AS `by country`,
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS TIMESTAMP_NTZ)
    THEN CAST(CASE
      WHEN COALESCE(listening_facts.`week_4 value`, 0) > 0
      THEN 1
      WHEN NOT (
        COALESCE(listening_facts.`week_4 value`, 0) > 0
      )
      THEN 0
    END AS DOUBLE)
  END AS `week_4 value`,
  first_exposure.exposed_at <= CAST('2015-05-04 00:00:00' AS TIMESTAMP_NTZ) AS `week_4 matured`
FROM (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at + INTERVAL '21' DAY AS `21d after`,
    exposed_at + INTERVAL '28' DAY AS `28d after`
  FROM units_met
  WHERE
    NOT crossed
) AS first_exposure
LEFT JOIN listening_facts
  ON first_exposure.unit = listening_facts.unit
LEFT JOIN (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    first_exposure.unit,
    MAX_BY(profile.country, STRUCT(profile.valid_from, profile.country)) FILTER(WHERE
      NOT profile.valid_from IS NULL) AS country
  FROM users AS profile
  JOIN (
    /* Units in one arm only, from their first exposure. */
    SELECT
      unit,
      arm,
      exposed_at,
      CAST(exposed_at AS DATE) AS exposed_on,
      exposed_at + INTERVAL '21' DAY AS `21d after`,
      exposed_at + INTERVAL '28' DAY AS `28d after`
    FROM units_met
    WHERE
      NOT crossed
  ) AS first_exposure
    ON profile.user_id = first_exposure.unit
  WHERE
    profile.valid_from <= first_exposure.exposed_at
  GROUP BY
    first_exposure.unit
) AS profile_frozen
  ON first_exposure.unit = profile_frozen.unit;
SELECT
  'cells' AS part,
  cells.arm,
  cells.exposed_on,
  cells.`by country`,
  cells.units,
  cells.moments
FROM (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    `by country`,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'week_4',
      NAMED_STRUCT(
        'matured',
        COUNT_IF(lumped_units.`week_4 matured`),
        'count',
        COUNT(lumped_units.`week_4 value`),
        'means',
        ARRAY(AVG(CAST(lumped_units.`week_4 value` AS DOUBLE))),
        'covariances',
        ARRAY(VAR_POP(lumped_units.`week_4 value`))
      )
    ) AS moments
  FROM (
    /* All other values are one. */
    SELECT
      units.unit,
      units.arm,
      units.exposed_on,
      CASE
        WHEN `by country` IN (
          SELECT
            `by country`
          FROM (
            /* The 50 values with most units. */
            SELECT
              `by country`
            FROM units
            GROUP BY
              `by country`
            ORDER BY
              COUNT(*) DESC,
              `by country`
            LIMIT 50
          ) AS `largest by country`
        )
        THEN `by country`
        ELSE '(other)'
      END AS `by country`,
      units.`week_4 value`,
      units.`week_4 matured`
    FROM units
  ) AS lumped_units
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on),
      (arm, `by country`)
    )
) AS cells;
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
  arm;
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
  crossed;
SELECT
  'facts' AS part,
  'listening' AS source,
  COALESCE(SUM(rows), 0) AS rows,
  COUNT(*) AS units
FROM listening_facts;
SELECT
  'seen' AS part,
  'listening' AS source,
  MIN(CAST(listening.played_at AS TIMESTAMP_NTZ)) FILTER(WHERE
    listening.played_at >= CAST('2015-04-27 00:00:00+00:00' AS TIMESTAMP)
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
