-- test: test_golden.py  metric: skip_rate  engine: clickhouse
SELECT
  max(toDateTime64(listening.played_at, 6, 'UTC')) AS last_at
FROM listening AS listening
WHERE
  listening.played_at < parseDateTime64BestEffort('2015-06-01 00:00:00+00:00', 6, 'UTC')
  AND listening.loaded_at < parseDateTime64BestEffort('2015-06-03 00:00:00+00:00', 6, 'UTC')
