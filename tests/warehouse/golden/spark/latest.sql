-- test: test_golden.py  metric: skip_rate  engine: spark
SELECT
  MAX(CAST(listening.played_at AS TIMESTAMP_NTZ)) AS last_at
FROM listening AS listening
WHERE
  listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP)
