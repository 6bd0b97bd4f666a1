"""What others' users run, written by us: the market's statement for one metric, and one row a unit for tea-tasting.

The market's open platform asks a question a metric, and each time of everything: exposures, units with a check that
none met two arms, distinct units, rows of facts, units joined with facts inside their window, a value a unit, the
cap, and sums, squares and products by arm. Metrics are told by their names: `minutes_3` is of genre 3.
"""

from collections.abc import Sequence

KINDS = "minutes", "plays", "played", "skips", "skip_rate"
MOST = {"minutes": 6.0, "plays": 2.0, "skips": 1.0}
"""Caps, where some units' values lie beyond."""

_SUMS = {
    "minutes": "coalesce(sum(f.played_ms){of}, 0) / 60000.0",
    "plays": "count(f.user_id){of}",
    "played": "(count(f.user_id){of} > 0)::INT",
    "skips": "coalesce(sum(f.skipped::INT){of}, 0)",
}
_UNITS = """
WITH exposures AS (
  SELECT user_id, arm, exposed_at FROM read_parquet('{folder}/exposures/*.parquet')
  WHERE experiment = 'bench' AND exposed_at >= TIMESTAMP '2026-01-15' AND exposed_at < TIMESTAMP '{cutoff}'
), units_checked AS (
  SELECT user_id, CASE WHEN count(DISTINCT arm) > 1 THEN '__multiple__' ELSE max(arm) END AS arm,
    min(exposed_at) AS t0
  FROM exposures GROUP BY user_id
), distinct_units AS (
  SELECT user_id, arm, t0 FROM units_checked
  WHERE arm <> '__multiple__' AND t0 <= TIMESTAMP '{cutoff}' - INTERVAL 7 DAY
)"""
_ONE_METRIC = """{units}, fact_rows AS (
  SELECT user_id, played_at, played_ms, skipped FROM read_parquet('{folder}/plays/*.parquet')
  WHERE genre = {genre} AND played_at >= TIMESTAMP '2026-01-15' AND played_at < TIMESTAMP '{cutoff}'
    AND loaded_at < TIMESTAMP '{cutoff}'
), per_unit AS (
  SELECT u.user_id, u.arm, {columns}
  FROM distinct_units u
  LEFT JOIN fact_rows f
    ON f.user_id = u.user_id AND f.played_at >= u.t0 AND f.played_at < u.t0 + INTERVAL 7 DAY
  GROUP BY u.user_id, u.arm
), capped AS (
  SELECT arm, {capped} FROM per_unit
)
SELECT arm, count(*) AS n, {sums} FROM capped GROUP BY arm"""
_ONE_ROW_A_UNIT = """{units}, per_unit AS (
  SELECT u.user_id, {columns}
  FROM distinct_units u
  JOIN read_parquet('{folder}/plays/*.parquet') f
    ON f.user_id = u.user_id AND f.played_at >= u.t0 AND f.played_at < u.t0 + INTERVAL 7 DAY
  WHERE f.played_at >= TIMESTAMP '2026-01-15' AND f.played_at < TIMESTAMP '{cutoff}'
    AND f.loaded_at < TIMESTAMP '{cutoff}'
  GROUP BY u.user_id
)
SELECT u.arm, {values} FROM distinct_units u LEFT JOIN per_unit USING (user_id)"""


def metrics(count: int) -> list[tuple[str, int]]:
    """Return kinds and genres of so many metrics, in the order in which `plays.by_genre` has them.

    Example:
        >>> metrics(6)[-2:]
        [('skip_rate', 0), ('minutes', 1)]
    """
    return [(KINDS[index % 5], index // 5) for index in range(count)]


def columns_of(kind: str) -> tuple[str, ...]:
    """Return what a unit's value is made of: two columns for a ratio."""
    return ("skips", "plays") if kind == "skip_rate" else (kind,)


def of_one_metric(folder: object, cutoff: str, kind: str, genre: int) -> str:
    """Return the market's statement for one metric."""
    names = columns_of(kind)
    capped = [_capped(name, name) if len(names) == 1 else name for name in names]
    pairs = [(one, other) for place, one in enumerate(names) for other in names[place:]]
    return _ONE_METRIC.format(
        units=_units(folder, cutoff),
        folder=folder,
        cutoff=cutoff,
        genre=genre,
        columns=", ".join(f"{_SUMS[name].format(of='')} AS {name}" for name in names),
        capped=", ".join(f"{value} AS {name}" for value, name in zip(capped, names, strict=True)),
        sums=", ".join([*(f"sum({name})" for name in names), *(f"sum({one} * {other})" for one, other in pairs)]),
    )


def one_row_a_unit(folder: object, cutoff: str, asked: Sequence[tuple[str, int]]) -> str:
    """Return a table of units with the columns of all metrics, as a user of tea-tasting would make it."""
    needed = dict.fromkeys((name, genre) for kind, genre in asked for name in columns_of(kind))
    sums = [
        f"{_SUMS[name].format(of=f' FILTER (WHERE f.genre = {genre})')} AS {name}_{genre}" for name, genre in needed
    ]
    return _ONE_ROW_A_UNIT.format(
        units=_units(folder, cutoff),
        folder=folder,
        cutoff=cutoff,
        columns=", ".join(sums),
        values=", ".join(value for kind, genre in asked for value in _values(kind, genre)),
    )


def _values(kind: str, genre: int) -> list[str]:
    if len(columns_of(kind)) == 1:
        return [f"{_capped(kind, f'coalesce({kind}_{genre}, 0)')} AS {kind}_{genre}"]
    return [f"coalesce({name}_{genre}, 0) AS {kind}_{genre}_{name}" for name in columns_of(kind)]


def _units(folder: object, cutoff: str) -> str:
    return _UNITS.format(folder=folder, cutoff=cutoff)


def _capped(name: str, value: str) -> str:
    return f"least({value}, {MOST[name]})" if name in MOST else value
