-- test: test_golden.py  metric: skip_rate  engine: redshift
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
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP)
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
    AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP)
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
  JSON_SERIALIZE(OBJECT('arm', answer.arm, 'other', answer.other, 'variant', answer.variant, 'units', answer.units)) AS answer
FROM (
  SELECT
    'totals' AS part,
    arm,
    CAST(NULL AS VARCHAR(MAX)) AS other,
    CAST(NULL AS VARCHAR(MAX)) AS variant,
    COUNT(*) AS units
  FROM drawn
  GROUP BY
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(OBJECT('arm', answer.arm, 'other', answer.other, 'variant', answer.variant, 'units', answer.units)) AS answer
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
