-- test: test_golden.py  metric: paid  engine: clickhouse
WITH counts AS (
  /* Counts of trial, a row an arm and day. */
  SELECT
    CASE trial.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    trial.arm AS arm_value,
    CAST(NULL AS Nullable(Date32)) AS day,
    COALESCE(toBool(NOT (
      trial.paid IS NULL
    )), FALSE) AS matured,
    trial.clicks AS clicks,
    trial.paid AS paid
  FROM trial AS trial
)
SELECT
  arm,
  arm_value,
  day,
  matured,
  COUNT(*) AS rows,
  CASE WHEN COUNT(clicks) = COUNT(*) THEN sum(clicks + toDecimal128(0, 0)) END AS clicks,
  CASE WHEN COUNT(paid) = COUNT(*) THEN sum(paid + toDecimal128(0, 0)) END AS paid
FROM counts
GROUP BY
  arm,
  arm_value,
  day,
  matured
ORDER BY
  day,
  arm
