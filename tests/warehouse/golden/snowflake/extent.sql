-- test: test_golden.py  metric: skip_rate  engine: snowflake
SELECT
  MIN(CASE WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
    kept AND inside
  ) THEN exposures.exposed_at END) AS min,
  MAX(CASE WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
    kept AND inside
  ) THEN exposures.exposed_at END) AS max,
  COUNT_IF(
    CASE
      WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
        kept AND inside
      )
      THEN exposures.exposed_at < CAST('1900-01-01' AS TIMESTAMP)
      OR exposures.exposed_at >= CAST('2200-01-01' AS TIMESTAMP)
    END
  ) AS outside,
  MIN(
    CASE
      WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
        kept AND inside
      )
      THEN CASE
        WHEN exposures.exposed_at < CAST('1900-01-01' AS TIMESTAMP)
        OR exposures.exposed_at >= CAST('2200-01-01' AS TIMESTAMP)
        THEN CAST(exposures.exposed_at AS VARCHAR)
      END
    END
  ) AS example,
  COUNT(*) - COUNT(exposures.exposed_at) AS undated
FROM (
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMPNTZ)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMPNTZ),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
) AS exposures;
SELECT
  MIN(TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at))) AS min,
  MAX(TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at))) AS max,
  COUNT_IF(
    TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < CAST('1900-01-01' AS TIMESTAMP)
    OR TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) >= CAST('2200-01-01' AS TIMESTAMP)
  ) AS outside,
  MIN(
    CASE
      WHEN TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) < CAST('1900-01-01' AS TIMESTAMP)
      OR TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) >= CAST('2200-01-01' AS TIMESTAMP)
      THEN CAST(TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at)) AS VARCHAR)
    END
  ) AS example,
  COUNT(*) - COUNT(listening.played_at) AS undated
FROM listening AS listening
