-- test: test_golden.py  metric: skip_rate  engine: clickhouse
SELECT
  min(exposures.exposed_at) FILTER(WHERE
    NOT (
      arm IS NULL
    ) AND NOT (
      unit IS NULL
    ) AND (
      kept AND inside
    )) AS min,
  max(exposures.exposed_at) FILTER(WHERE
    NOT (
      arm IS NULL
    ) AND NOT (
      unit IS NULL
    ) AND (
      kept AND inside
    )) AS max,
  COUNT(*) FILTER(WHERE
    (
      NOT (
        arm IS NULL
      ) AND NOT (
        unit IS NULL
      ) AND (
        kept AND inside
      )
    )
    AND (
      exposures.exposed_at < CAST('1900-01-01' AS DateTime64(6))
      OR exposures.exposed_at >= CAST('2200-01-01' AS DateTime64(6))
    )) AS outside,
  min(
    CASE
      WHEN exposures.exposed_at < CAST('1900-01-01' AS DateTime64(6))
      OR exposures.exposed_at >= CAST('2200-01-01' AS DateTime64(6))
      THEN toString(exposures.exposed_at)
    END
  ) FILTER(WHERE
    NOT (
      arm IS NULL
    ) AND NOT (
      unit IS NULL
    ) AND (
      kept AND inside
    )) AS example,
  COUNT(*) - COUNT(exposures.exposed_at) AS undated
FROM (
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at AS exposed_at,
    COALESCE(toBool(NOT exposures.is_bot), FALSE) AS kept,
    COALESCE(
      toBool(
        exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS DateTime64(6))
        AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS DateTime64(6))
      ),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
) AS exposures;
SELECT
  min(toDateTime64(listening.played_at, 6, 'UTC')) AS min,
  max(toDateTime64(listening.played_at, 6, 'UTC')) AS max,
  COUNT(*) FILTER(WHERE
    toDateTime64(listening.played_at, 6, 'UTC') < CAST('1900-01-01' AS DateTime64(6))
    OR toDateTime64(listening.played_at, 6, 'UTC') >= CAST('2200-01-01' AS DateTime64(6))) AS outside,
  min(
    CASE
      WHEN toDateTime64(listening.played_at, 6, 'UTC') < CAST('1900-01-01' AS DateTime64(6))
      OR toDateTime64(listening.played_at, 6, 'UTC') >= CAST('2200-01-01' AS DateTime64(6))
      THEN toString(toDateTime64(listening.played_at, 6, 'UTC'))
    END
  ) AS example,
  COUNT(*) - COUNT(listening.played_at) AS undated
FROM listening AS listening
