-- test: test_golden.py  metric: skip_rate  engine: duckdb
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
      THEN CAST(exposures.exposed_at AS TEXT)
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
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP),
      FALSE
    ) AS inside
  FROM READ_PARQUET('exposures.parquet') AS exposures
  WHERE
    exposures.experiment = 'moment-page'
) AS exposures;
SELECT
  MIN(MAKE_TIMESTAMP(EPOCH_US(listening.played_at))) AS min,
  MAX(MAKE_TIMESTAMP(EPOCH_US(listening.played_at))) AS max,
  COUNT_IF(
    MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < CAST('1900-01-01' AS TIMESTAMP)
    OR MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= CAST('2200-01-01' AS TIMESTAMP)
  ) AS outside,
  MIN(
    CASE
      WHEN MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) < CAST('1900-01-01' AS TIMESTAMP)
      OR MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) >= CAST('2200-01-01' AS TIMESTAMP)
      THEN CAST(MAKE_TIMESTAMP(EPOCH_US(listening.played_at)) AS TEXT)
    END
  ) AS example,
  COUNT(*) - COUNT(listening.played_at) AS undated
FROM READ_PARQUET('listening.parquet') AS listening
