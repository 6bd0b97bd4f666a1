-- test: test_golden.py  metric: skip_rate  engine: duckdb
SELECT
  MAX(MAKE_TIMESTAMP(EPOCH_US(listening.played_at))) AS last_at
FROM READ_PARQUET('listening.parquet') AS listening
WHERE
  listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
  AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
