-- test: test_golden.py  metric: skip_rate  engine: databricks
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    assigned.user_id AS unit,
    assigned.arm AS arm_value,
    CASE assigned.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    assigned.exposed_at,
    COALESCE(NOT assigned.is_bot, FALSE) AS kept,
    COALESCE(
      assigned.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP_NTZ)
      AND assigned.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP_NTZ)
      AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP_NTZ),
      FALSE
    ) AS inside
  FROM exposures AS assigned
  WHERE
    assigned.experiment = 'moment-page'
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
