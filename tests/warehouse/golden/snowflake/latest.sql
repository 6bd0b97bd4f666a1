-- test: test_golden.py  metric: skip_rate  engine: snowflake
SELECT
  MAX(TO_TIMESTAMP_NTZ(CONVERT_TIMEZONE('UTC', listening.played_at))) AS last_at
FROM listening AS listening
WHERE
  listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
