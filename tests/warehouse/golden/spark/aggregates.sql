-- test: test_golden.py  metric: paid  engine: spark
WITH counts AS (
  /* Counts of trial, a row an arm and day. */
  SELECT
    CASE trial.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    trial.arm AS arm_value,
    CAST(NULL AS DATE) AS day,
    COALESCE(NOT trial.paid IS NULL, FALSE) AS matured,
    trial.clicks,
    trial.paid
  FROM trial AS trial
)
SELECT
  arm,
  arm_value,
  day,
  matured,
  COUNT(*) AS rows,
  CASE WHEN COUNT(clicks) = COUNT(*) THEN SUM(clicks) END AS clicks,
  CASE WHEN COUNT(paid) = COUNT(*) THEN SUM(paid) END AS paid
FROM counts
GROUP BY
  arm,
  arm_value,
  day,
  matured
ORDER BY
  day,
  arm
