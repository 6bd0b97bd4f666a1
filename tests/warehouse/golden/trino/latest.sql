-- test: test_golden.py  metric: skip_rate  engine: trino
SELECT
  MAX(CAST(AT_TIMEZONE(listening.played_at, 'UTC') AS TIMESTAMP(6))) AS last_at
FROM listening AS listening
WHERE
  listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
