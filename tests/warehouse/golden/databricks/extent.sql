-- test: test_golden.py  metric: skip_rate  engine: databricks
SELECT
  MIN(exposures.exposed_at) FILTER(WHERE
    NOT arm IS NULL AND NOT unit IS NULL AND (
      kept AND inside
    )) AS min,
  MAX(exposures.exposed_at) FILTER(WHERE
    NOT arm IS NULL AND NOT unit IS NULL AND (
      kept AND inside
    )) AS max,
  COUNT_IF(
    exposures.exposed_at < CAST('1900-01-01' AS TIMESTAMP)
    OR exposures.exposed_at >= CAST('2200-01-01' AS TIMESTAMP)
  ) FILTER(WHERE
    NOT arm IS NULL AND NOT unit IS NULL AND (
      kept AND inside
    )) AS outside,
  MIN(
    CASE
      WHEN exposures.exposed_at < CAST('1900-01-01' AS TIMESTAMP)
      OR exposures.exposed_at >= CAST('2200-01-01' AS TIMESTAMP)
      THEN CAST(exposures.exposed_at AS STRING)
    END
  ) FILTER(WHERE
    NOT arm IS NULL AND NOT unit IS NULL AND (
      kept AND inside
    )) AS example,
  COUNT(*) - COUNT(exposures.exposed_at) AS undated
FROM (
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP_NTZ)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP_NTZ),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
) AS exposures;
SELECT
  MIN(CAST(listening.played_at AS TIMESTAMP_NTZ)) AS min,
  MAX(CAST(listening.played_at AS TIMESTAMP_NTZ)) AS max,
  COUNT_IF(
    CAST(listening.played_at AS TIMESTAMP_NTZ) < CAST('1900-01-01' AS TIMESTAMP)
    OR CAST(listening.played_at AS TIMESTAMP_NTZ) >= CAST('2200-01-01' AS TIMESTAMP)
  ) AS outside,
  MIN(
    CASE
      WHEN CAST(listening.played_at AS TIMESTAMP_NTZ) < CAST('1900-01-01' AS TIMESTAMP)
      OR CAST(listening.played_at AS TIMESTAMP_NTZ) >= CAST('2200-01-01' AS TIMESTAMP)
      THEN CAST(CAST(listening.played_at AS TIMESTAMP_NTZ) AS STRING)
    END
  ) AS example,
  COUNT(*) - COUNT(listening.played_at) AS undated
FROM listening AS listening
