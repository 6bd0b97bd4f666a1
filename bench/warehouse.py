"""Our statement against one written by hand, for the same moments of 1,000,000 exposures and 20,000,000 events.

Both run in a fresh process each, in turn, so that neither is warmer than the other; they must agree on every moment
to 1e-9. The data are made once, by DuckDB, from hashes: everybody has the same.

    python bench/warehouse.py            # the table
    python bench/warehouse.py ours       # one run of ours, as JSON
    python bench/warehouse.py hand       # one run of the other
"""

import sys
import time
from pathlib import Path

import duckdb

from aims import Figure, note
from fresh import agree, answer, in_turn, middle, once, scaled

DATA = Path(__file__).parent / "data"
EXPOSURES, EVENTS = 1_000_000, 20_000_000
RUNS = 7
MOST = 1.1
METRICS = "minutes", "returned", "plays", "skip_rate"
HAND = """
WITH first_exposure AS (
  SELECT user_id, min(exposed_at) AS t0, arg_min(arm, exposed_at) AS arm
  FROM read_parquet('{data}/exposures.parquet')
  WHERE experiment = 'bench' AND exposed_at >= TIMESTAMP '2026-01-15' AND exposed_at < TIMESTAMP '2026-01-29'
  GROUP BY user_id
  HAVING min(arm) = max(arm)
), per_unit AS (
  SELECT
    u.user_id,
    sum(e.played_ms) FILTER (WHERE e.played_at >= u.t0) AS ms,
    sum(e.played_ms) FILTER (WHERE e.played_at < u.t0) AS ms_before,
    count(*) FILTER (WHERE e.played_at >= u.t0 + INTERVAL 1 DAY) AS late_plays,
    count(*) FILTER (WHERE e.played_at >= u.t0) AS plays,
    count(*) FILTER (WHERE e.played_at < u.t0) AS plays_before,
    sum(e.skipped::INT) FILTER (WHERE e.played_at >= u.t0) AS skips
  FROM first_exposure u
  JOIN read_parquet('{data}/listening/*.parquet') e
    ON e.user_id = u.user_id
    AND e.played_at >= u.t0 - INTERVAL 14 DAY AND e.played_at < u.t0 + INTERVAL 7 DAY
    AND e.played_at >= TIMESTAMP '2026-01-01' AND e.played_at < TIMESTAMP '2026-02-05'
  GROUP BY u.user_id
), units AS (
  SELECT
    arm,
    coalesce(ms, 0) / 60000.0 AS minutes, coalesce(ms_before, 0) / 60000.0 AS minutes_before,
    (coalesce(late_plays, 0) > 0)::INT AS returned, (coalesce(plays_before, 0) > 0)::INT AS returned_before,
    coalesce(plays, 0) AS plays, coalesce(plays_before, 0) AS plays_before, coalesce(skips, 0) AS skips
  FROM first_exposure LEFT JOIN per_unit USING (user_id)
)
SELECT
  arm, count(*) AS n,
  sum(minutes), sum(minutes_before),
  sum(minutes * minutes), sum(minutes * minutes_before), sum(minutes_before * minutes_before),
  sum(returned), sum(returned_before),
  sum(returned * returned), sum(returned * returned_before), sum(returned_before * returned_before),
  sum(plays), sum(plays_before),
  sum(plays * plays), sum(plays * plays_before), sum(plays_before * plays_before),
  sum(skips), sum(plays),
  sum(skips * skips), sum(skips * plays), sum(plays * plays)
FROM units
GROUP BY arm
ORDER BY arm
"""


def made(exposures: int, events: int) -> Path:
    """Return the folder of the data; write them unless they are there."""
    folder = DATA / f"listening-{events}"
    if (folder / "done").exists():
        return folder
    (folder / "listening").mkdir(parents=True, exist_ok=True)
    users, others = exposures * 6 // 10, exposures * 16 // 10
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"""
            COPY (
              SELECT (hash(i, 1) % {users})::BIGINT AS user_id, 'bench' AS experiment,
                CASE WHEN hash(hash(i, 1) % {users}, 2) % 2 = (hash(i, 3) % 2000 = 0)::INT
                  THEN 'control' ELSE 'treatment' END AS arm,
                TIMESTAMP '2026-01-15' + to_seconds((hash(i, 4) % 1209600)::BIGINT) AS exposed_at
              FROM range({exposures}) r(i) ORDER BY exposed_at
            ) TO '{folder}/exposures.parquet' (FORMAT parquet)""")
        for day in range(35):
            connection.execute(f"""
                COPY (
                  SELECT (hash(i, 5) % {others} * (hash(i, 6) % 1000 / 1000.0))::BIGINT AS user_id,
                    TIMESTAMP '2026-01-01' + INTERVAL {day} DAY + to_seconds((hash(i, 7) % 86400)::BIGINT) AS played_at,
                    (1000 + hash(i, 8) % 299000)::INTEGER AS played_ms,
                    hash(i, 9) % 5 = 0 AS skipped,
                    'track-' || (hash(i, 10) % 50000) AS track
                  FROM range({day * events // 35}, {(day + 1) * events // 35}) r(i) ORDER BY played_at
                ) TO '{folder}/listening/{day:02d}.parquet' (FORMAT parquet)""")
    (folder / "done").touch()
    return folder


def moments_of(rows: list[tuple[str, int, float]]) -> dict[str, list[float]]:
    """Return counts, means and products of deviations by metric and arm, from sums as the statement gives them."""
    moments: dict[str, list[float]] = {}
    for arm, n, *sums in rows:
        for index, metric in enumerate(METRICS):
            x, y, xx, xy, yy = (float(value) for value in sums[5 * index : 5 * index + 5])
            moments[f"{metric} {arm}"] = [n, x / n, y / n, xx - x * x / n, xy - x * y / n, yy - y * y / n]
    return moments


def hand(folder: Path) -> None:
    """Answer with the moments of the statement written by hand, and its seconds."""
    connection = duckdb.connect()
    started = time.perf_counter()
    rows = connection.execute(HAND.format(data=folder)).fetchall()
    answer({"seconds": time.perf_counter() - started, "moments": moments_of(rows)})


def ours(folder: Path) -> None:
    """Answer with ours, from the question to the moments."""
    from bench_question import moments, question  # noqa: PLC0415 - the other process needn't load it
    from twyman.warehouse.duckdb import DuckDB  # noqa: PLC0415 - as above

    warehouse = DuckDB(folder)
    started = time.perf_counter()
    measured = warehouse.measure(question())
    answer({"seconds": time.perf_counter() - started, "moments": moments(measured)})


def main() -> None:
    """Make the data, time both in turn, and check that both agree."""
    folder = made(scaled(EXPOSURES), scaled(EVENTS))
    runs = in_turn(RUNS, ours=lambda: once(__file__, "ours", folder), hand=lambda: once(__file__, "hand", folder))
    agree(runs["ours"][0]["moments"], runs["hand"][0]["moments"], within=1e-9)
    print(f"{scaled(EXPOSURES):,} exposures, {scaled(EVENTS):,} events; duckdb {duckdb.__version__}; medians of {RUNS}")
    print(f"{'':12}{'ours':>10}{'by hand':>10}{'ratio':>8}")
    for key in ("seconds", "processor", "megabytes"):
        mine, other = middle(runs["ours"], key), middle(runs["hand"], key)
        print(f"{key:12}{mine:10.2f}{other:10.2f}{mine / other:8.2f}")
    ratio = middle(runs["ours"]) / middle(runs["hand"])
    note("warehouse", [Figure("DuckDB: seconds, ours / hand-written SQL", ratio, MOST)])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"ours": ours, "hand": hand}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()
