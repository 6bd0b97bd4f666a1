"""tea-tasting over DuckDB: a whole analysis of some metrics, from a table of units that DuckDB computes as it is read.

Runs in an environment of its own, which `bench/market.py` calls: tea-tasting 2 wants Python 3.12.

    python bench/tea.py FOLDER CUTOFF METRICS
"""

import sys
import time

import duckdb
import tea_tasting as tt
from tea_tasting.aggr import read_aggregates

from fresh import answer
from market_sql import columns_of, metrics, one_row_a_unit


def main(folder: str, cutoff: str, count: int) -> None:
    """Answer with the seconds of the analysis, and with the moments that it stands on."""
    asked = metrics(count)
    connection = duckdb.connect()
    started = time.perf_counter()
    units = connection.sql(one_row_a_unit(folder, cutoff, asked))
    made = {f"{kind}_{genre}": _metric(kind, genre) for kind, genre in asked}
    tt.Experiment(made, variant="arm").analyze(units, control="control")
    seconds = time.perf_counter() - started
    titles = {f"{kind}_{genre}": _titles(kind, genre) for kind, genre in asked}
    every = [title for some in titles.values() for title in some]
    pairs = [some for some in titles.values() if len(some) == 2]
    found = read_aggregates(units, "arm", has_count=True, mean_cols=every, var_cols=every, cov_cols=pairs)
    moments = {}
    for arm, one in found.items():
        n = one.count()
        for name, some in titles.items():
            products = [
                (n - 1) * (one.var(left) if left == right else one.cov(left, right))
                for place, left in enumerate(some)
                for right in some[place:]
            ]
            moments[f"{name} {arm}"] = [n, *(one.mean(title) for title in some), *products]
    answer({"seconds": seconds, "moments": moments, "version": tt.__version__})


def _titles(kind: str, genre: int) -> tuple[str, ...]:
    names = columns_of(kind)
    return (f"{kind}_{genre}",) if len(names) == 1 else tuple(f"{kind}_{genre}_{name}" for name in names)


def _metric(kind: str, genre: int) -> tt.metrics.MetricBase:
    titles = _titles(kind, genre)
    return tt.Mean(*titles) if len(titles) == 1 else tt.RatioOfMeans(*titles)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
