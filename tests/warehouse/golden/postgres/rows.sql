-- test: test_golden.py  metric: skip_rate  engine: postgres
WITH exposure_rows AS (
  /* Exposures of moment-page. Arms: 0 control, 1 moments. */
  SELECT
    exposures.user_id AS unit,
    exposures.arm AS arm_value,
    CASE exposures.arm WHEN 'control' THEN 0 WHEN 'moments' THEN 1 END AS arm,
    exposures.exposed_at,
    COALESCE(NOT exposures.is_bot, FALSE) AS kept,
    COALESCE(
      exposures.exposed_at >= CAST('2015-04-06 00:00:00' AS TIMESTAMP)
      AND exposures.exposed_at < CAST('2015-05-04 00:00:00' AS TIMESTAMP)
      AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP),
      FALSE
    ) AS inside
  FROM exposures AS exposures
  WHERE
    exposures.experiment = 'moment-page'
), units_met AS (
  /* What each unit met; exposures that count lie in the enrolment and before the cut-off. */
  SELECT
    unit,
    MIN(exposed_at) FILTER(WHERE
      NOT arm IS NULL AND (
        kept AND inside
      )) AS exposed_at,
    CAST(MIN(
      CASE
        WHEN NOT arm IS NULL AND (
          kept AND inside
        )
        THEN CAST(EXTRACT(EPOCH FROM exposed_at) * 1000000 AS BIGINT) * 2 + arm
      END
    ) - CAST(EXTRACT(EPOCH FROM MIN(exposed_at) FILTER(WHERE
      NOT arm IS NULL AND (
        kept AND inside
      ))) * 1000000 AS BIGINT) * 2 AS INT) AS arm,
    MIN(arm) FILTER(WHERE
      kept AND inside) <> MAX(arm) FILTER(WHERE
      kept AND inside) AS crossed,
    COUNT(arm) FILTER(WHERE
      kept AND inside) AS entries,
    MIN(arm) FILTER(WHERE
      inside) <> MAX(arm) FILTER(WHERE
      inside) AS in_two_arms
  FROM exposure_rows
  WHERE
    NOT unit IS NULL
  GROUP BY
    unit
), first_exposure AS (
  /* Units in one arm only, from their first exposure. */
  SELECT
    unit,
    arm,
    exposed_at,
    CAST(exposed_at AS DATE) AS exposed_on,
    exposed_at - INTERVAL '1 DAY' AS "1d before",
    exposed_at + INTERVAL '1 DAY' AS "1d after",
    exposed_at - INTERVAL '2 DAY' AS "2d before",
    exposed_at + INTERVAL '2 DAY' AS "2d after",
    exposed_at - INTERVAL '7 DAY' AS "7d before",
    exposed_at + INTERVAL '7 DAY' AS "7d after",
    exposed_at + INTERVAL '14 DAY' AS "14d after",
    exposed_at - INTERVAL '3600 SECOND' AS "1h before",
    exposed_at - INTERVAL '14 DAY' AS "14d before"
  FROM units_met
  WHERE
    NOT crossed
), listening_counted AS (
  /* Rows of listening around exposure; repeats fall together. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
      THEN (
        '[' || COALESCE(CAST(TO_JSON(CAST(listening.played_at AT TIME ZONE 'UTC' AS TEXT)) AS TEXT), 'null') || ',' || COALESCE(
          CAST(TO_JSON(
            CASE
              WHEN LOWER(REPLACE(CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS TEXT), 'Infinity', 'inf')) ~ '^-?[0-9]+$'
              THEN LOWER(REPLACE(CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS TEXT), 'Infinity', 'inf')) || '.0'
              ELSE LOWER(REPLACE(CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS TEXT), 'Infinity', 'inf'))
            END
          ) AS TEXT),
          'null'
        ) || ',' || COALESCE(CAST(TO_JSON(CAST(listening.skipped AS TEXT)) AS TEXT), 'null') || ']'
      )
    END AS same,
    COUNT(*) FILTER(WHERE
      listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at) AS before,
    COUNT(*) FILTER(WHERE
      listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      AND NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure."1h before"
      )) AS just_before,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )) AS after,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after"
      AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP)) AS first_week,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after"
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."14d after"
      AND first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP)) AS second_week,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
      AND listening.played_at AT TIME ZONE 'UTC' = DATE_TRUNC('minute', listening.played_at AT TIME ZONE 'UTC')) AS whole_minutes,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d before"
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at) AS before_0,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after") AS after_0,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure."2d before"
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d before") AS before_1,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."2d after") AS after_1,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d before"
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at) AS before_2,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after") AS after_2,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND CAST(EXTRACT(EPOCH FROM listening.loaded_at AT TIME ZONE 'UTC') * 1000000 AS BIGINT) - CAST(EXTRACT(EPOCH FROM listening.played_at AT TIME ZONE 'UTC') * 1000000 AS BIGINT) < 0) AS ahead,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND CAST(EXTRACT(EPOCH FROM listening.loaded_at AT TIME ZONE 'UTC') * 1000000 AS BIGINT) - CAST(EXTRACT(EPOCH FROM listening.played_at AT TIME ZONE 'UTC') * 1000000 AS BIGINT) >= 3600000000) AS late,
    COUNT(*) FILTER(WHERE
      NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND (
        CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0
      ) > 0) AS delivered,
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-03-23 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMPTZ)
    AND listening.played_at AT TIME ZONE 'UTC' >= first_exposure."14d before"
  GROUP BY
    first_exposure.unit,
    first_exposure.arm,
    CASE
      WHEN NOT (
        listening.played_at AT TIME ZONE 'UTC' < first_exposure.exposed_at
      )
      AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."1d after"
      THEN (
        '[' || COALESCE(CAST(TO_JSON(CAST(listening.played_at AT TIME ZONE 'UTC' AS TEXT)) AS TEXT), 'null') || ',' || COALESCE(
          CAST(TO_JSON(
            CASE
              WHEN LOWER(REPLACE(CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS TEXT), 'Infinity', 'inf')) ~ '^-?[0-9]+$'
              THEN LOWER(REPLACE(CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS TEXT), 'Infinity', 'inf')) || '.0'
              ELSE LOWER(REPLACE(CAST(CAST(listening.played_ms AS DOUBLE PRECISION) / 1000.0 AS TEXT), 'Infinity', 'inf'))
            END
          ) AS TEXT),
          'null'
        ) || ',' || COALESCE(CAST(TO_JSON(CAST(listening.skipped AS TEXT)) AS TEXT), 'null') || ']'
      )
    END
), listening_audit AS (
  /* One row a unit that has any. */
  SELECT
    unit,
    arm,
    CAST(SUM(before) AS DOUBLE PRECISION) AS before,
    CAST(SUM(just_before) AS DOUBLE PRECISION) AS just_before,
    CAST(SUM(after) AS DOUBLE PRECISION) AS after,
    CAST(SUM(first_week) AS DOUBLE PRECISION) AS first_week,
    CAST(SUM(second_week) AS DOUBLE PRECISION) AS second_week,
    CAST(SUM(whole_minutes) AS DOUBLE PRECISION) AS whole_minutes,
    CAST(SUM(before_0) AS DOUBLE PRECISION) AS before_0,
    CAST(SUM(after_0) AS DOUBLE PRECISION) AS after_0,
    CAST(SUM(before_1) AS DOUBLE PRECISION) AS before_1,
    CAST(SUM(after_1) AS DOUBLE PRECISION) AS after_1,
    CAST(SUM(before_2) AS DOUBLE PRECISION) AS before_2,
    CAST(SUM(after_2) AS DOUBLE PRECISION) AS after_2,
    CAST(SUM(ahead) AS DOUBLE PRECISION) AS ahead,
    CAST(SUM(late) AS DOUBLE PRECISION) AS late,
    CAST(SUM(delivered) AS DOUBLE PRECISION) AS delivered,
    CAST(SUM(rows) AS DOUBLE PRECISION) AS rows,
    COALESCE(SUM(rows) FILTER(WHERE
      NOT same IS NULL), 0) AS tested,
    COALESCE(SUM(rows) FILTER(WHERE
      NOT same IS NULL), 0) - COUNT(*) FILTER(WHERE
      NOT same IS NULL) AS repeated
  FROM listening_counted
  GROUP BY
    unit,
    arm
)
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'arms' AS part,
    arm,
    COUNT(*) AS units,
    COUNT(CASE WHEN first_exposure."14d after" <= CAST('2015-06-01 00:00:00' AS TIMESTAMP) THEN 1 END) AS matured
  FROM first_exposure
  GROUP BY
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  TO_JSONB(answer) AS answer
FROM (
  SELECT
    'activity' AS part,
    'listening' AS source,
    arm,
    COUNT(*) AS units,
    COUNT(CASE WHEN after > 0 THEN 1 END) AS active,
    ARRAY[
      (
        AVG(before * 134217729.0 - (
          before * 134217729.0 - before
        )) + AVG(before - (
          before * 134217729.0 - (
            before * 134217729.0 - before
          )
        ))
      ),
      (
        AVG(just_before * 134217729.0 - (
          just_before * 134217729.0 - just_before
        )) + AVG(just_before - (
          just_before * 134217729.0 - (
            just_before * 134217729.0 - just_before
          )
        ))
      ),
      (
        AVG(after * 134217729.0 - (
          after * 134217729.0 - after
        )) + AVG(after - (
          after * 134217729.0 - (
            after * 134217729.0 - after
          )
        ))
      ),
      (
        AVG(first_week * 134217729.0 - (
          first_week * 134217729.0 - first_week
        )) + AVG(first_week - (
          first_week * 134217729.0 - (
            first_week * 134217729.0 - first_week
          )
        ))
      ),
      (
        AVG(second_week * 134217729.0 - (
          second_week * 134217729.0 - second_week
        )) + AVG(second_week - (
          second_week * 134217729.0 - (
            second_week * 134217729.0 - second_week
          )
        ))
      )
    ] AS means,
    ARRAY[
      VAR_POP(before),
      COVAR_POP(before, just_before),
      COVAR_POP(before, after),
      COVAR_POP(before, first_week),
      COVAR_POP(before, second_week),
      VAR_POP(just_before),
      COVAR_POP(just_before, after),
      COVAR_POP(just_before, first_week),
      COVAR_POP(just_before, second_week),
      VAR_POP(after),
      COVAR_POP(after, first_week),
      COVAR_POP(after, second_week),
      VAR_POP(first_week),
      COVAR_POP(first_week, second_week),
      VAR_POP(second_week)
    ] AS covariances,
    SUM(rows) AS rows,
    COUNT(CASE WHEN rows > 1 THEN 1 END) AS several,
    SUM(tested) AS tested,
    SUM(repeated) AS repeated,
    COUNT(CASE WHEN repeated > 0 THEN 1 END) AS repeating,
    SUM(whole_minutes) AS whole_minutes,
    (
      ARRAY_AGG(unit ORDER BY rows DESC NULLS LAST) FILTER(WHERE
        NOT unit IS NULL AND NOT rows IS NULL)
    )[1] AS busiest,
    MAX(rows) AS most,
    (
      AVG(
        LN(CAST(rows AS DOUBLE PRECISION)) * 134217729.0 - (
          LN(CAST(rows AS DOUBLE PRECISION)) * 134217729.0 - LN(CAST(rows AS DOUBLE PRECISION))
        )
      ) + AVG(
        LN(CAST(rows AS DOUBLE PRECISION)) - (
          LN(CAST(rows AS DOUBLE PRECISION)) * 134217729.0 - (
            LN(CAST(rows AS DOUBLE PRECISION)) * 134217729.0 - LN(CAST(rows AS DOUBLE PRECISION))
          )
        )
      )
    ) AS log_mean,
    VAR_POP(LN(CAST(rows AS DOUBLE PRECISION))) AS log_variance,
    COUNT(CASE WHEN 2 * ahead > after THEN 1 END) AS ahead,
    COUNT(CASE WHEN 2 * late > after THEN 1 END) AS late,
    COUNT(CASE WHEN before_0 > 0 THEN 1 END) AS before_0,
    COUNT(CASE WHEN after_0 > 0 THEN 1 END) AS after_0,
    COUNT(CASE WHEN before_1 > 0 THEN 1 END) AS before_1,
    COUNT(CASE WHEN after_1 > 0 THEN 1 END) AS after_1,
    COUNT(CASE WHEN before_2 > 0 THEN 1 END) AS before_2,
    COUNT(CASE WHEN after_2 > 0 THEN 1 END) AS after_2,
    COUNT(CASE WHEN delivered > 0 THEN 1 END) AS delivered
  FROM listening_audit
  GROUP BY
    arm
) AS answer
