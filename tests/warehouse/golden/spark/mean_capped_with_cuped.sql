-- test: test_golden.py  metric: minutes  engine: spark
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
  SUM(CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE)) FILTER(WHERE
    CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.exposed_at
    AND (
      CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE)
    ) >= 30) AS `minutes value`,
  SUM(CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE)) FILTER(WHERE
    CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.exposed_at
    AND (
      CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE)
    ) >= 30) AS `minutes pre 14d`,
  COUNT(*) AS rows
FROM listening AS listening
JOIN (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at - INTERVAL '14' DAY AS `14d before`,
    exposed_at + INTERVAL '7' DAY AS `7d after`
  FROM units_met
  WHERE
    NOT crossed
) AS first_exposure
  ON listening.user_id = first_exposure.unit
WHERE
  listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMP)
  AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.`14d before`
  AND CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.`7d after`
GROUP BY
  first_exposure.unit;
-- units
/* One row a unit; null where a metric doesn't take it. */
SELECT
  first_exposure.unit,
  first_exposure.arm,
  first_exposure.exposed_on,
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
    THEN CAST(CAST(COALESCE(listening_facts.`minutes value`, 0) AS DOUBLE) * 0.016666666666666666 AS DOUBLE)
  END AS `minutes value`,
  CASE
    WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
    THEN CAST(CAST(COALESCE(listening_facts.`minutes pre 14d`, 0) AS DOUBLE) * 0.016666666666666666 AS DOUBLE)
  END AS `minutes pre 14d`,
  first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ) AS `minutes matured`,
  first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP_NTZ)
  AND COALESCE(NOT listening_facts.`minutes value` IS NULL, FALSE) AS `minutes known`
FROM (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at - INTERVAL '14' DAY AS `14d before`,
    exposed_at + INTERVAL '7' DAY AS `7d after`
  FROM units_met
  WHERE
    NOT crossed
) AS first_exposure
LEFT JOIN listening_facts
  ON first_exposure.unit = listening_facts.unit;
-- caps
/* One threshold for all arms: a percentile over all units measured. */
SELECT
  PERCENTILE(units.`minutes value`, 0.999) AS `minutes value`,
  PERCENTILE(units.`minutes pre 14d`, 0.999) AS `minutes pre 14d`
FROM units;
SELECT
  'cells' AS part,
  cells.arm,
  cells.exposed_on,
  cells.units,
  cells.moments
FROM (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'minutes',
      NAMED_STRUCT(
        'matured',
        COUNT_IF(capped_units.`minutes matured`),
        'known',
        COUNT_IF(capped_units.`minutes known`),
        'count',
        COUNT(capped_units.`minutes value`),
        'means',
        ARRAY(AVG(CAST(capped_units.`minutes value` AS DOUBLE)), AVG(CAST(capped_units.`minutes pre 14d` AS DOUBLE))),
        'covariances',
        ARRAY(
          VAR_POP(capped_units.`minutes value`),
          COVAR_POP(capped_units.`minutes value`, capped_units.`minutes pre 14d`),
          VAR_POP(capped_units.`minutes pre 14d`)
        ),
        'extremes',
        ARRAY(
          NAMED_STRUCT(
            'unit',
            CAST(MAX_BY(capped_units.unit, capped_units.`minutes value`) FILTER(WHERE
              NOT capped_units.unit IS NULL) AS STRING),
            'values',
            ARRAY(
              MAX_BY(capped_units.`minutes value`, capped_units.`minutes value`) FILTER(WHERE
                NOT capped_units.`minutes value` IS NULL)
            )
          ),
          NAMED_STRUCT(
            'unit',
            CAST(MIN_BY(capped_units.unit, capped_units.`minutes value`) FILTER(WHERE
              NOT capped_units.unit IS NULL) AS STRING),
            'values',
            ARRAY(
              MIN_BY(capped_units.`minutes value`, capped_units.`minutes value`) FILTER(WHERE
                NOT capped_units.`minutes value` IS NULL)
            )
          )
        )
      )
    ) AS moments
  FROM (
    /* Units, with values beyond the threshold brought down to it. */
    SELECT
      units.unit,
      units.arm,
      units.exposed_on,
      CASE
        WHEN units.`minutes value` > caps.`minutes value` AND units.`minutes value` < CAST('infinity' AS DOUBLE)
        THEN caps.`minutes value`
        ELSE units.`minutes value`
      END AS `minutes value`,
      CASE
        WHEN units.`minutes pre 14d` > caps.`minutes pre 14d` AND units.`minutes pre 14d` < CAST('infinity' AS DOUBLE)
        THEN caps.`minutes pre 14d`
        ELSE units.`minutes pre 14d`
      END AS `minutes pre 14d`,
      units.`minutes matured`,
      units.`minutes known`
    FROM units
    CROSS JOIN caps
  ) AS capped_units
  GROUP BY
    arm,
    exposed_on
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
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMP)
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
FROM listening AS listening;
SELECT
  'caps' AS part,
  NAMED_STRUCT('minutes value', caps.`minutes value`, 'minutes pre 14d', caps.`minutes pre 14d`) AS thresholds
FROM caps
