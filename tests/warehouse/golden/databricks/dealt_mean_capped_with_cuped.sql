-- test: test_dealt.py  engine: databricks
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
    exposed_at - INTERVAL '14' DAY AS `14d before`,
    exposed_at + INTERVAL '7' DAY AS `7d after`
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
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
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMP)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
    AND CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.`14d before`
    AND CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.`7d after`
  GROUP BY
    first_exposure.unit
), units AS (
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
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
), caps AS (
  /* One threshold for all arms: a percentile over all units measured. */
  SELECT
    PERCENTILE(units.`minutes value`, 0.999) AS `minutes value`,
    PERCENTILE(units.`minutes pre 14d`, 0.999) AS `minutes pre 14d`
  FROM units
), capped_units AS (
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
), dealt_units AS (
  /* Units, each in the bucket that a hash of its user names. */
  SELECT
    capped_units.unit,
    capped_units.arm,
    capped_units.exposed_on,
    capped_units.`minutes value`,
    capped_units.`minutes pre 14d`,
    capped_units.`minutes matured`,
    capped_units.`minutes known`,
    LEFT(MD5(unit), 3) AS bucket,
    unit AS dealt_id
  FROM capped_units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    exposed_on,
    COUNT(*) AS units,
    NAMED_STRUCT(
      'minutes',
      NAMED_STRUCT(
        'count',
        COUNT(dealt_units.`minutes value`),
        'means',
        ARRAY(AVG(CAST(dealt_units.`minutes value` AS DOUBLE)), AVG(CAST(dealt_units.`minutes pre 14d` AS DOUBLE))),
        'covariances',
        ARRAY(
          VAR_POP(dealt_units.`minutes value`),
          COVAR_POP(dealt_units.`minutes value`, dealt_units.`minutes pre 14d`),
          VAR_POP(dealt_units.`minutes pre 14d`)
        ),
        'cubes',
        ARRAY(
          AVG(
            CAST(CAST(dealt_units.`minutes value` AS DOUBLE) * CAST(dealt_units.`minutes value` AS DOUBLE) * CAST(dealt_units.`minutes value` AS DOUBLE) AS DOUBLE)
          )
        )
      )
    ) AS moments
  FROM dealt_units
  GROUP BY
    bucket,
    exposed_on
), `listening alike` AS (
  /* Facts of listening that are alike in unit, instant and measures. */
  SELECT
    COUNT(*) AS rows
  FROM (
    SELECT
      first_exposure.unit,
      CAST(listening.played_at AS TIMESTAMP_NTZ) AS at,
      CAST(listening.played_ms AS DOUBLE) / CAST(1000.0 AS DOUBLE) AS `measure seconds`,
      listening.skipped AS `measure skipped`
    FROM listening AS listening
    JOIN first_exposure
      ON listening.user_id = first_exposure.unit
    WHERE
      listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMP)
      AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
      AND CAST(listening.played_at AS TIMESTAMP_NTZ) >= first_exposure.`14d before`
      AND CAST(listening.played_at AS TIMESTAMP_NTZ) < first_exposure.`7d after`
  ) AS facts
  GROUP BY
    unit,
    at,
    `measure seconds`,
    `measure skipped`
)
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.bucket,
    cells.exposed_on,
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
UNION ALL
SELECT
  answer.part,
  TO_JSON(STRUCT(answer.*), MAP('ignoreNullFields', 'false')) AS answer
FROM (
  SELECT
    'repeats' AS part,
    'listening' AS source,
    SUM(rows) AS rows,
    SUM(rows - 1) AS units
  FROM `listening alike`
) AS answer
