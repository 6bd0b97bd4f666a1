"""One, ten and fifty metrics of one experiment: ours, tea-tasting, and the statements of the market's open platform.

Ours is one statement for all metrics; theirs is one a metric, each of which reads the experiment anew; tea-tasting
reads a table of units, written by hand, that DuckDB computes as it is read. All three must give the same moments.

    python bench/market.py              # the table
    python bench/market.py ours 10      # one run, as JSON; or `theirs 10`
"""

import os
import sys
import time
from pathlib import Path

import duckdb

from aims import Figure, note
from fresh import Answer, agree, answer, in_turn, middle, once, scaled
from market_sql import columns_of, metrics, of_one_metric
from plays import DAY, ENROLMENT, START, by_genre, made, question, told
from twyman.warehouse.duckdb import DuckDB

EVENTS = 20_000_000
COUNTS = 1, 10, 50
RUNS = 3
CUTOFF = f"{START + ENROLMENT * DAY:%Y-%m-%d}"
TEA = Path(__file__).with_name("tea.py")


def ours(count: int) -> None:
    """Answer with our seconds and moments of so many metrics."""
    warehouse, asked = DuckDB(made(scaled(EVENTS))), question(by_genre(count))
    started = time.perf_counter()
    measured = warehouse.measure(asked)
    answer({"seconds": time.perf_counter() - started, "moments": told(measured)})


def theirs(count: int) -> None:
    """Answer with the seconds and moments of one statement a metric, on one connection."""
    connection, folder = duckdb.connect(), made(scaled(EVENTS))
    asked = metrics(count)
    started = time.perf_counter()
    rows = [connection.execute(of_one_metric(folder, CUTOFF, *one)).fetchall() for one in asked]
    seconds = time.perf_counter() - started
    moments = {
        f"{kind}_{genre} {arm}": _moments(len(columns_of(kind)), n, list(map(float, sums)))
        for (kind, genre), found in zip(asked, rows, strict=True)
        for arm, n, *sums in found
    }
    answer({"seconds": seconds, "moments": moments})


def _moments(width: int, n: int, sums: list[float]) -> list[float]:
    """Return the count, means and products of deviations, from sums and sums of products."""
    pairs = [(one, other) for one in range(width) for other in range(one, width)]
    products = [held - sums[i] * sums[j] / n for (i, j), held in zip(pairs, sums[width:], strict=True)]
    return [n, *(value / n for value in sums[:width]), *products]


def compared(count: int, folder: Path) -> list[Figure]:
    """Compare the three on so many metrics."""
    python = os.environ.get("MARKET_PYTHON", sys.executable)

    def tea() -> Answer:
        return once(str(TEA), folder, CUTOFF, count, python=python)

    runs = in_turn(RUNS, ours=lambda: once(__file__, "ours", count), market=lambda: once(__file__, "theirs", count),
                   tea=tea)  # fmt: skip
    for other in ("market", "tea"):
        agree(runs["ours"][0]["moments"], runs[other][0]["moments"], within=1e-9)
    seconds = {name: middle(found) for name, found in runs.items()}
    held = {name: middle(found, "megabytes") for name, found in runs.items()}
    print(
        f"  {count:>3} metrics: "
        + "; ".join(f"{name} {taken:.2f} s, {held[name]:,.0f} MB" for name, taken in seconds.items())
    )
    plural = "metric" if count == 1 else "metrics"
    return [
        Figure(f"market's SQL / ours, {count} {plural}", seconds["market"] / seconds["ours"]),
        Figure(f"tea-tasting {runs['tea'][0]['version']} / ours, {count} {plural}", seconds["tea"] / seconds["ours"]),
    ]


def main() -> None:
    """Compare all three, of few metrics and of many."""
    folder = made(scaled(EVENTS))
    note("market", [figure for count in COUNTS for figure in compared(count, folder)])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"ours": ours, "theirs": theirs}[sys.argv[1]](int(sys.argv[2]))
    else:
        main()
