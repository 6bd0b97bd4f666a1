-- test: test_golden.py  metric: skip_rate  engine: bigquery
SELECT
  min(CASE WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
    kept AND inside
  ) THEN exposures.exposed_at END) AS min,
  max(CASE WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
    kept AND inside
  ) THEN exposures.exposed_at END) AS max,
  countif(
    CASE
      WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
        kept AND inside
      )
      THEN exposures.exposed_at < CAST('1900-01-01' AS DATETIME) OR exposures.exposed_at >= CAST('2200-01-01' AS DATETIME)
    END
  ) AS outside,
  min(
    CASE
      WHEN NOT arm IS NULL AND NOT unit IS NULL AND (
        kept AND inside
      )
      THEN CASE
        WHEN exposures.exposed_at < CAST('1900-01-01' AS DATETIME) OR exposures.exposed_at >= CAST('2200-01-01' AS DATETIME)
        THEN CAST(exposures.exposed_at AS STRING)
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
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS DATETIME)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS DATETIME),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
) AS exposures;
SELECT
  min(datetime(listening.played_at, 'UTC')) AS min,
  max(datetime(listening.played_at, 'UTC')) AS max,
  countif(
    datetime(listening.played_at, 'UTC') < CAST('1900-01-01' AS DATETIME)
    OR datetime(listening.played_at, 'UTC') >= CAST('2200-01-01' AS DATETIME)
  ) AS outside,
  min(
    CASE
      WHEN datetime(listening.played_at, 'UTC') < CAST('1900-01-01' AS DATETIME)
      OR datetime(listening.played_at, 'UTC') >= CAST('2200-01-01' AS DATETIME)
      THEN CAST(datetime(listening.played_at, 'UTC') AS STRING)
    END
  ) AS example,
  COUNT(*) - COUNT(listening.played_at) AS undated
FROM listening AS listening
