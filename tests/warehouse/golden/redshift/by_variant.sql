-- test: test_golden.py  metric: skip_rate  engine: redshift
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
    MIN(CASE WHEN NOT arm IS NULL AND (
      kept AND inside
    ) THEN exposed_at END) AS exposed_at,
    CAST(MIN(
      CASE
        WHEN NOT arm IS NULL AND (
          kept AND inside
        )
        THEN DATEDIFF(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP), exposed_at) * 2 + arm
      END
    ) - DATEDIFF(
      MICROSECOND,
      CAST('1970-01-01' AS TIMESTAMP),
      MIN(CASE WHEN NOT arm IS NULL AND (
        kept AND inside
      ) THEN exposed_at END)
    ) * 2 AS INTEGER) AS arm,
    MIN(CASE WHEN kept AND inside THEN arm END) <> MAX(CASE WHEN kept AND inside THEN arm END) AS crossed,
    COUNT(CASE WHEN kept AND inside THEN arm END) AS entries,
    MIN(CASE WHEN inside THEN arm END) <> MAX(CASE WHEN inside THEN arm END) AS in_two_arms
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
    exposed_at + INTERVAL '7 DAY' AS "7d after"
  FROM units_met
  WHERE
    NOT crossed
), listening_facts AS (
  /* Facts of listening, one row a unit that has any. */
  SELECT
    first_exposure.unit,
    SUM(CASE WHEN listening.skipped THEN 1 WHEN NOT (
      listening.skipped
    ) THEN 0 END) AS "skip_rate numerator",
    COUNT(*) AS "skip_rate denominator",
    COUNT(*) AS rows
  FROM listening AS listening
  JOIN first_exposure
    ON listening.user_id = first_exposure.unit
  WHERE
    listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at < CAST('2015-05-11 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    AND listening.played_at AT TIME ZONE 'UTC' >= first_exposure.exposed_at
    AND listening.played_at AT TIME ZONE 'UTC' < first_exposure."7d after"
  GROUP BY
    first_exposure.unit
), profile_frozen AS (
  /* Attributes of profile, frozen before exposure. */
  SELECT
    "first_exposure unit" AS unit,
    "first 1" AS is_new
  FROM (
    SELECT
      first_exposure.unit AS "first_exposure unit",
      FIRST_VALUE(
        CASE
          WHEN NOT profile.valid_from IS NULL
          THEN profile.signed_up_at >= (
            first_exposure.exposed_at
          ) - INTERVAL '7 DAY'
        END
      ) OVER (
        PARTITION BY first_exposure.unit
        ORDER BY CASE WHEN NOT profile.valid_from IS NULL THEN profile.valid_from END DESC NULLS LAST, CASE
          WHEN NOT profile.valid_from IS NULL
          THEN profile.signed_up_at >= (
            first_exposure.exposed_at
          ) - INTERVAL '7 DAY'
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1"
    FROM users AS profile
    JOIN first_exposure
      ON profile.user_id = first_exposure.unit
    WHERE
      profile.valid_from <= first_exposure.exposed_at
  ) AS ordered
  GROUP BY
    "first_exposure unit",
    "first 1"
), other_exposures AS (
  SELECT
    exposures.user_id AS unit,
    exposures.experiment AS other,
    exposures.arm AS variant
  FROM exposures AS exposures
  WHERE
    exposures.experiment <> 'moment-page'
    AND exposures.experiment IN ('no-ads')
    AND NOT exposures.arm IS NULL
    AND NOT exposures.user_id IS NULL
    AND exposures.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP)
    AND NOT exposures.is_bot
  /* Exposures of other experiments. */
  UNION ALL
  SELECT
    assigned.user_id AS unit,
    assigned.experiment AS other,
    assigned.arm AS variant
  FROM exposures AS assigned
  WHERE
    assigned.experiment IN ('no-ads')
    AND NOT assigned.arm IS NULL
    AND NOT assigned.user_id IS NULL
    AND assigned.exposed_at < CAST('2015-06-01 00:00:00' AS TIMESTAMP)
    AND NOT assigned.is_bot
), "beside 1" AS (
  /* What was met of 'no-ads'. */
  SELECT
    first_exposure.unit,
    CASE
      WHEN MIN(other_exposures.variant) = MAX(other_exposures.variant)
      THEN MIN(other_exposures.variant)
      ELSE '(several)'
    END AS variant
  FROM other_exposures
  JOIN first_exposure
    ON other_exposures.unit = first_exposure.unit
  WHERE
    other_exposures.other = 'no-ads'
  GROUP BY
    first_exposure.unit
), units AS (
  /* One row a unit; null where a metric doesn't take it. */
  SELECT
    first_exposure.unit,
    first_exposure.arm,
    first_exposure.exposed_on,
    COALESCE("beside 1".variant, '(none)') AS "by beside 1",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(listening_facts."skip_rate numerator", 0) AS DOUBLE PRECISION)
    END AS "skip_rate numerator",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(listening_facts."skip_rate denominator", 0) AS DOUBLE PRECISION)
    END AS "skip_rate denominator",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(COALESCE(CASE WHEN profile_frozen.is_new THEN 1 WHEN NOT (
        profile_frozen.is_new
      ) THEN 0 END, 0) AS DOUBLE PRECISION)
    END AS "skip_rate profile.is_new",
    CASE
      WHEN first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
      THEN CAST(CASE WHEN profile_frozen.is_new IS NULL THEN 1 WHEN NOT (
        profile_frozen.is_new IS NULL
      ) THEN 0 END AS DOUBLE PRECISION)
    END AS "skip_rate profile.is_new is missing",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP) AS "skip_rate matured",
    first_exposure.exposed_at <= CAST('2015-05-25 00:00:00' AS TIMESTAMP)
    AND (
      COALESCE(NOT listening_facts."skip_rate numerator" IS NULL, FALSE)
      OR COALESCE(listening_facts."skip_rate denominator" > 0, FALSE)
    ) AS "skip_rate known"
  FROM first_exposure
  LEFT JOIN listening_facts
    ON first_exposure.unit = listening_facts.unit
  LEFT JOIN profile_frozen
    ON first_exposure.unit = profile_frozen.unit
  LEFT JOIN "beside 1"
    ON first_exposure.unit = "beside 1".unit
), "largest by beside 1" AS (
  /* The 50 values with most units. */
  SELECT
    "by beside 1"
  FROM units
  GROUP BY
    "by beside 1"
  ORDER BY
    COUNT(*) DESC NULLS LAST,
    "by beside 1"
  LIMIT 50
), lumped_units AS (
  /* All other values are one. */
  SELECT
    units.unit,
    units.arm,
    units.exposed_on,
    CASE
      WHEN "by beside 1" IN (
        SELECT
          "by beside 1"
        FROM "largest by beside 1"
      )
      THEN "by beside 1"
      ELSE '(other)'
    END AS "by beside 1",
    units."skip_rate numerator",
    units."skip_rate denominator",
    units."skip_rate profile.is_new",
    units."skip_rate profile.is_new is missing",
    units."skip_rate matured",
    units."skip_rate known"
  FROM units
), cells AS (
  /* Moments by arm and day of exposure. */
  SELECT
    arm,
    exposed_on,
    "by beside 1",
    COUNT(*) AS units,
    OBJECT(
      'skip_rate',
      OBJECT(
        'matured',
        COUNT(CASE WHEN "skip_rate matured" THEN 1 END),
        'known',
        COUNT(CASE WHEN "skip_rate known" THEN 1 END),
        'count',
        COUNT("skip_rate numerator"),
        'means',
        ARRAY(
          AVG(CAST("skip_rate numerator" AS DOUBLE PRECISION)),
          AVG(CAST("skip_rate denominator" AS DOUBLE PRECISION)),
          AVG(CAST("skip_rate profile.is_new" AS DOUBLE PRECISION)),
          AVG(CAST("skip_rate profile.is_new is missing" AS DOUBLE PRECISION))
        ),
        'covariances',
        ARRAY(
          VAR_POP("skip_rate numerator"),
          (
            VAR_POP(
              (
                CAST("skip_rate numerator" AS DOUBLE PRECISION)
              ) + (
                CAST("skip_rate denominator" AS DOUBLE PRECISION)
              )
            ) - VAR_POP(
              (
                CAST("skip_rate numerator" AS DOUBLE PRECISION)
              ) - (
                CAST("skip_rate denominator" AS DOUBLE PRECISION)
              )
            )
          ) / 4,
          (
            VAR_POP(
              (
                CAST("skip_rate numerator" AS DOUBLE PRECISION)
              ) + (
                CAST("skip_rate profile.is_new" AS DOUBLE PRECISION)
              )
            ) - VAR_POP(
              (
                CAST("skip_rate numerator" AS DOUBLE PRECISION)
              ) - (
                CAST("skip_rate profile.is_new" AS DOUBLE PRECISION)
              )
            )
          ) / 4,
          (
            VAR_POP(
              (
                CAST("skip_rate numerator" AS DOUBLE PRECISION)
              ) + (
                CAST("skip_rate profile.is_new is missing" AS DOUBLE PRECISION)
              )
            ) - VAR_POP(
              (
                CAST("skip_rate numerator" AS DOUBLE PRECISION)
              ) - (
                CAST("skip_rate profile.is_new is missing" AS DOUBLE PRECISION)
              )
            )
          ) / 4,
          VAR_POP("skip_rate denominator"),
          (
            VAR_POP(
              (
                CAST("skip_rate denominator" AS DOUBLE PRECISION)
              ) + (
                CAST("skip_rate profile.is_new" AS DOUBLE PRECISION)
              )
            ) - VAR_POP(
              (
                CAST("skip_rate denominator" AS DOUBLE PRECISION)
              ) - (
                CAST("skip_rate profile.is_new" AS DOUBLE PRECISION)
              )
            )
          ) / 4,
          (
            VAR_POP(
              (
                CAST("skip_rate denominator" AS DOUBLE PRECISION)
              ) + (
                CAST("skip_rate profile.is_new is missing" AS DOUBLE PRECISION)
              )
            ) - VAR_POP(
              (
                CAST("skip_rate denominator" AS DOUBLE PRECISION)
              ) - (
                CAST("skip_rate profile.is_new is missing" AS DOUBLE PRECISION)
              )
            )
          ) / 4,
          VAR_POP("skip_rate profile.is_new"),
          (
            VAR_POP(
              (
                CAST("skip_rate profile.is_new" AS DOUBLE PRECISION)
              ) + (
                CAST("skip_rate profile.is_new is missing" AS DOUBLE PRECISION)
              )
            ) - VAR_POP(
              (
                CAST("skip_rate profile.is_new" AS DOUBLE PRECISION)
              ) - (
                CAST("skip_rate profile.is_new is missing" AS DOUBLE PRECISION)
              )
            )
          ) / 4,
          VAR_POP("skip_rate profile.is_new is missing")
        ),
        'extremes',
        ARRAY(
          OBJECT(
            'unit',
            CAST(COALESCE("first 1", "first 1.1") AS VARCHAR(MAX)),
            'values',
            ARRAY(MAX("skip_rate numerator"), COALESCE("first 2", "first 2.1"))
          ),
          OBJECT(
            'unit',
            CAST(COALESCE("first 3", "first 3.1") AS VARCHAR(MAX)),
            'values',
            ARRAY(COALESCE("first 4", "first 4.1"), MAX("skip_rate denominator"))
          ),
          OBJECT(
            'unit',
            CAST(COALESCE("first 5", "first 5.1") AS VARCHAR(MAX)),
            'values',
            ARRAY(MIN("skip_rate numerator"), COALESCE("first 6", "first 6.1"))
          )
        )
      )
    ) AS moments
  FROM (
    SELECT
      arm,
      exposed_on,
      "by beside 1",
      lumped_units."skip_rate numerator",
      lumped_units."skip_rate denominator",
      lumped_units."skip_rate profile.is_new",
      lumped_units."skip_rate profile.is_new is missing",
      lumped_units."skip_rate matured",
      lumped_units."skip_rate known",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units.unit
        END
      ) OVER (
        PARTITION BY arm, exposed_on
        ORDER BY CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units.unit
        END
      ) OVER (
        PARTITION BY arm, "by beside 1"
        ORDER BY CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 1.1",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END
      ) OVER (
        PARTITION BY arm, exposed_on
        ORDER BY CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 2",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END
      ) OVER (
        PARTITION BY arm, "by beside 1"
        ORDER BY CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 2.1",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units.unit
        END
      ) OVER (
        PARTITION BY arm, exposed_on
        ORDER BY CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 3",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units.unit
        END
      ) OVER (
        PARTITION BY arm, "by beside 1"
        ORDER BY CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 3.1",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units."skip_rate numerator" IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END
      ) OVER (
        PARTITION BY arm, exposed_on
        ORDER BY CASE
          WHEN NOT lumped_units."skip_rate numerator" IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 4",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units."skip_rate numerator" IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END
      ) OVER (
        PARTITION BY arm, "by beside 1"
        ORDER BY CASE
          WHEN NOT lumped_units."skip_rate numerator" IS NULL AND NOT lumped_units."skip_rate denominator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END DESC NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 4.1",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units.unit
        END
      ) OVER (
        PARTITION BY arm, exposed_on
        ORDER BY CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 5",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units.unit
        END
      ) OVER (
        PARTITION BY arm, "by beside 1"
        ORDER BY CASE
          WHEN NOT lumped_units.unit IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 5.1",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END
      ) OVER (
        PARTITION BY arm, exposed_on
        ORDER BY CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 6",
      FIRST_VALUE(
        CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate denominator"
        END
      ) OVER (
        PARTITION BY arm, "by beside 1"
        ORDER BY CASE
          WHEN NOT lumped_units."skip_rate denominator" IS NULL AND NOT lumped_units."skip_rate numerator" IS NULL
          THEN lumped_units."skip_rate numerator"
        END ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first 6.1"
    FROM lumped_units
  ) AS ordered
  GROUP BY
    GROUPING SETS (
      (arm, exposed_on, "first 1", "first 2", "first 3", "first 4", "first 5", "first 6"),
      (arm, "by beside 1", "first 1.1", "first 2.1", "first 3.1", "first 4.1", "first 5.1", "first 6.1")
    )
)
SELECT
  answer.part,
  JSON_SERIALIZE(
    OBJECT(
      'arm',
      answer.arm,
      'exposed_on',
      CAST(answer.exposed_on AS VARCHAR(MAX)),
      'by beside 1',
      answer."by beside 1",
      'units',
      answer.units,
      'moments',
      answer.moments
    )
  ) AS answer
FROM (
  SELECT
    'cells' AS part,
    cells.arm,
    cells.exposed_on,
    cells."by beside 1",
    cells.units,
    cells.moments
  FROM cells
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(
    OBJECT(
      'arm_value',
      answer.arm_value,
      'arm',
      answer.arm,
      'rows',
      answer.rows,
      'kept',
      answer.kept,
      'without_unit',
      answer.without_unit,
      'outside',
      answer.outside
    )
  ) AS answer
FROM (
  SELECT
    'entrants' AS part,
    arm_value,
    arm,
    COUNT(*) AS rows,
    COUNT(CASE WHEN kept THEN 1 END) AS kept,
    COUNT(*) - COUNT(unit) AS without_unit,
    COUNT(CASE WHEN kept AND NOT inside THEN 1 END) AS outside
  FROM exposure_rows
  GROUP BY
    arm_value,
    arm
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(
    OBJECT(
      'arm',
      answer.arm,
      'crossed',
      answer.crossed,
      'units',
      answer.units,
      'in_two_arms',
      answer.in_two_arms,
      'repeated',
      answer.repeated
    )
  ) AS answer
FROM (
  SELECT
    'units' AS part,
    arm,
    crossed,
    COUNT(*) AS units,
    COUNT(CASE WHEN in_two_arms THEN 1 END) AS in_two_arms,
    SUM(CASE WHEN entries > 0 THEN entries - CASE WHEN crossed THEN 2 ELSE 1 END END) AS repeated
  FROM units_met
  GROUP BY
    arm,
    crossed
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(OBJECT('source', answer.source, 'rows', answer.rows, 'units', answer.units)) AS answer
FROM (
  SELECT
    'facts' AS part,
    'listening' AS source,
    COALESCE(SUM(rows), 0) AS rows,
    COUNT(*) AS units
  FROM listening_facts
) AS answer
UNION ALL
SELECT
  answer.part,
  JSON_SERIALIZE(
    OBJECT(
      'source',
      answer.source,
      'first_at',
      CAST(answer.first_at AS VARCHAR(MAX)),
      'last_at',
      CAST(answer.last_at AS VARCHAR(MAX)),
      'after_cutoff',
      answer.after_cutoff,
      'late',
      answer.late,
      'ahead',
      answer.ahead
    )
  ) AS answer
FROM (
  SELECT
    'seen' AS part,
    'listening' AS source,
    (
      SELECT
        listening.played_at AT TIME ZONE 'UTC' AS first_at
      FROM listening AS listening
      WHERE
        NOT listening.played_at IS NULL
        AND listening.played_at >= CAST('2015-04-06 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
      ORDER BY
        first_at
      LIMIT 1
    ) AS first_at,
    (
      SELECT
        MAX(listening.played_at AT TIME ZONE 'UTC') AS last_at
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    ) AS last_at,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    ) AS after_cutoff,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at >= CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
    ) AS late,
    (
      SELECT
        COUNT(*)
      FROM listening AS listening
      WHERE
        listening.played_at >= CAST('2015-05-31 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.played_at < CAST('2015-06-01 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < CAST('2015-06-03 00:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)
        AND listening.loaded_at < listening.played_at
    ) AS ahead
) AS answer
