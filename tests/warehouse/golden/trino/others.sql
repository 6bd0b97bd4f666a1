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
    CAST(exposed_at AS DATE) AS exposed_on
  FROM units_met
  WHERE
    NOT crossed
), drawn AS (
  /* What was drawn: each with its arm. */
  SELECT
    unit,
    unit AS drawn,
    arm
  FROM first_exposure
), other_exposures AS (
  SELECT
    exposures.user_id AS unit,
    exposures.experiment AS other,
    exposures.arm AS variant
  FROM exposures AS exposures
  WHERE
    exposures.experiment <> 'moment-page'
    AND NOT exposures.arm IS NULL
    AND NOT exposures.user_id IS NULL
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP(6))
    AND NOT exposures.is_bot
  /* Exposures of other experiments, of the same units. */
  UNION ALL
  SELECT
    assigned.user_id AS unit,
    assigned.experiment AS other,
    assigned.arm AS variant
  FROM exposures AS assigned
  WHERE
    NOT assigned.arm IS NULL
    AND NOT assigned.user_id IS NULL
    AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP(6))
    AND NOT assigned.is_bot
), met_too AS (
  /* What was met of each other experiment. */
  SELECT
    drawn.drawn,
    drawn.arm,
    other_exposures.other,
    MIN(other_exposures.variant) AS lowest,
    MAX(other_exposures.variant) AS highest
  FROM other_exposures
  JOIN drawn
    ON other_exposures.unit = drawn.unit
  GROUP BY
    drawn.drawn,
    drawn.arm,
    other_exposures.other
)
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm' AS JSON), CAST('other' AS JSON), CAST('variant' AS JSON), CAST('units' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.other AS JSON) AS JSON), CAST(CAST(answer.variant AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'totals' AS part,
    arm,
    CAST(NULL AS VARCHAR) AS other,
    CAST(NULL AS VARCHAR) AS variant,
    COUNT(*) AS units
  FROM drawn
  GROUP BY
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_FORMAT(
    CAST(MAP(
      CAST(ARRAY[CAST('arm' AS JSON), CAST('other' AS JSON), CAST('variant' AS JSON), CAST('units' AS JSON)] AS JSON),
      CAST(ARRAY[CAST(CAST(answer.arm AS JSON) AS JSON), CAST(CAST(answer.other AS JSON) AS JSON), CAST(CAST(answer.variant AS JSON) AS JSON), CAST(CAST(answer.units AS JSON) AS JSON)] AS JSON)
    ) AS JSON)
  ) AS answer
FROM (
  SELECT
    'met' AS part,
    arm,
    other,
    CASE WHEN lowest = highest THEN lowest ELSE '(several)' END AS variant,
    COUNT(*) AS units
  FROM met_too
  GROUP BY
    arm,
    other,
    CASE WHEN lowest = highest THEN lowest ELSE '(several)' END
) AS answer
