-- test: test_dealt.py  engine: snowflake
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMPNTZ)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMPNTZ)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMPNTZ),
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
      CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN DATE_PART(EPOCH_MICROSECOND, exposed_at) * 2 + arm END
    ) - DATE_PART(EPOCH_MICROSECOND, MIN(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END)) * 2 AS INT) AS arm,
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
    exposed_at - INTERVAL '14 DAY' AS "14d before",
    exposed_at + INTERVAL '7 DAY' AS "7d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    SUM(
      CASE
        WHEN TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) >= first_exposure.exposed_at
        AND (
          CAST(listening.played_ms AS DOUBLE) / 1000.0
        ) >= 30
        THEN CAST(listening.played_ms AS DOUBLE) / 1000.0
      END
    ) AS "minutes value",
    SUM(
      CASE
        WHEN TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure.exposed_at
        AND (
          CAST(listening.played_ms AS DOUBLE) / 1000.0
        ) >= 30
        THEN CAST(listening.played_ms AS DOUBLE) / 1000.0
      END
    ) AS "minutes pre 14d",
    COUNT(*) AS "rows"
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) >= first_exposure."14d before"
    AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."7d after"
  GROUP BY
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMPNTZ)
      THEN CAST(CAST(COALESCE(listening_facts."minutes value", 0) AS DOUBLE) * 0.016666666666666666 AS DOUBLE)
    END AS "minutes value",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMPNTZ)
      THEN CAST(CAST(COALESCE(listening_facts."minutes pre 14d", 0) AS DOUBLE) * 0.016666666666666666 AS DOUBLE)
    END AS "minutes pre 14d",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMPNTZ) AS "minutes matured",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMPNTZ)
    AND COALESCE(NOT listening_facts."minutes value" IS NULL, FALSE) AS "minutes known"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
), caps AS (
  /* One threshold for all arms: a percentile over all units measured. */
  SELECT
    PERCENTILE_CONT(0.999) WITHIN GROUP (ORDER BY
      units."minutes value") AS "minutes value",
    PERCENTILE_CONT(0.999) WITHIN GROUP (ORDER BY
      units."minutes pre 14d") AS "minutes pre 14d"
  FROM units
), capped_units AS (
  /* Units, with values beyond the threshold brought down to it. */
  SELECT
    units.unit,
    units.arm,
    units.exposed_on,
    CASE
      WHEN units."minutes value" > caps."minutes value" AND units."minutes value" < CAST('infinity' AS DOUBLE)
      THEN caps."minutes value"
      ELSE units."minutes value"
    END AS "minutes value",
    CASE
      WHEN units."minutes pre 14d" > caps."minutes pre 14d" AND units."minutes pre 14d" < CAST('infinity' AS DOUBLE)
      THEN caps."minutes pre 14d"
      ELSE units."minutes pre 14d"
    END AS "minutes pre 14d",
    units."minutes matured",
    units."minutes known"
  FROM units
  CROSS JOIN caps
), dealt_units AS (
  /* Units, each in the bucket that a hash of its user names. */
  SELECT
    capped_units.unit,
    capped_units.arm,
    capped_units.exposed_on,
    capped_units."minutes value",
    capped_units."minutes pre 14d",
    capped_units."minutes matured",
    capped_units."minutes known",
    LEFT(MD5(unit), 3) AS bucket,
    unit AS dealt_id
  FROM capped_units
), cells AS (
  /* Moments by bucket. */
  SELECT
    bucket,
    exposed_on,
    COUNT(*) AS units,
    OBJECT_CONSTRUCT_KEEP_NULL(
      'minutes',
      OBJECT_CONSTRUCT_KEEP_NULL(
        'count',
        COUNT(dealt_units."minutes value"),
        'means',
        ARRAY_CONSTRUCT(
          COALESCE(TO_VARIANT(AVG(dealt_units."minutes value")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(AVG(dealt_units."minutes pre 14d")), PARSE_JSON('null'))
        ),
        'covariances',
        ARRAY_CONSTRUCT(
          COALESCE(TO_VARIANT(VAR_POP(dealt_units."minutes value")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(COVAR_POP(dealt_units."minutes value", dealt_units."minutes pre 14d")), PARSE_JSON('null')),
          COALESCE(TO_VARIANT(VAR_POP(dealt_units."minutes pre 14d")), PARSE_JSON('null'))
        ),
        'cubes',
        ARRAY_CONSTRUCT(
          COALESCE(
            TO_VARIANT(
              AVG(
                CAST(dealt_units."minutes value" AS DOUBLE) * CAST(dealt_units."minutes value" AS DOUBLE) * CAST(dealt_units."minutes value" AS DOUBLE)
              )
            ),
            PARSE_JSON('null')
          )
        )
      )
    ) AS moments
  FROM dealt_units
  GROUP BY
    bucket,
    exposed_on
), "listening alike" AS (
  /* Facts of listening that are alike in unit, instant and measures. */
  SELECT
    COUNT(*) AS "rows"
  FROM (
    SELECT
      first_exposure.unit,
      TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) AS at,
      CAST(listening.played_ms AS DOUBLE) / 1000.0 AS "measure seconds",
      listening.skipped AS "measure skipped"
    FROM listening AS listening
    JOIN first_exposure
      ON listening.user_id = first_exposure.unit
    WHERE
      listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMPTZ)
      AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
      AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) >= first_exposure."14d before"
      AND TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < first_exposure."7d after"
  ) AS facts
  GROUP BY
    unit,
    at,
    "measure seconds",
    "measure skipped"
)
SELECT
  answer.part,
  TO_JSON(
    OBJECT_CONSTRUCT_KEEP_NULL('bucket', answer.bucket, 'exposed_on', answer.exposed_on, 'units', answer.units, 'moments', answer.moments)
  ) AS answer
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
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('units', answer.units, 'groups', answer.groups)) AS answer
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
  TO_JSON(OBJECT_CONSTRUCT_KEEP_NULL('source', answer.source, 'rows', answer."rows", 'units', answer.units)) AS answer
FROM (
  SELECT
    'repeats' AS part,
    'listening' AS source,
    SUM("rows") AS "rows",
    SUM("rows" - 1) AS units
  FROM "listening alike"
) AS answer
