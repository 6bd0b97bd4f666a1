-- test: test_golden.py  metric: skip_rate  engine: snowflake
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    assigned.user_id AS unit,
    assigned.arm AS arm_value,
    CASE assigned.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    assigned.exposed_at,
    COALESCE(NOT assigned.is_bot, FALSE) AS kept,
    COALESCE(
      assigned.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMPNTZ)
      AND assigned.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMPNTZ)
      AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMPNTZ),
      FALSE
    ) AS inside
  FROM exposures AS assigned
  WHERE
    assigned.experiment = 'moment-page'
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
    CAST(exposed_at AS DATE) AS exposed_on
  FROM units_met
  WHERE
    NOT crossed
)
SELECT
  'arms' AS part,
  arm,
  COUNT(*) AS units
FROM first_exposure
GROUP BY
  arm
