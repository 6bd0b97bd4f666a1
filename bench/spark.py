"""Our statements against one written by hand on Apache Spark, for the same moments of as many data as on DuckDB.

A driver of Spark's own with two cores, in a fresh process for each run, in turn. A run answers the question three
times: the first time with everything cold, then twice more, of which the faster counts. Both open the same files as
views before the clock starts; both start with as many partitions in a shuffle, which is more than so little data need
and less than Spark's own 200.

    python bench/spark.py              # the table
    python bench/spark.py ours FOLDER  # one run, as JSON; or `hand FOLDER`
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aims import Figure, note
from bench_question import moments, question
from fresh import agree, answer, in_turn, middle, once, scaled
from twyman.warehouse.connectors.spark import SparkConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse
from warehouse import EVENTS, EXPOSURES, HAND, MOST, made, moments_of

RUNS = 3
ASKED = 3
SETTINGS = {"spark.sql.shuffle.partitions": "8"}


def by_hand() -> str:
    """Return the statement written by hand in Spark's words."""
    said = HAND.replace("read_parquet('{data}/exposures.parquet')", "exposures")
    said = said.replace("read_parquet('{data}/listening/*.parquet')", "listening")
    said = said.replace("TIMESTAMP '", "TIMESTAMP_NTZ '").replace("arg_min(", "min_by(")
    for days in (1, 7, 14):
        said = said.replace(f"INTERVAL {days} DAY", f"INTERVAL '{days}' DAY")
    return said


def hand(folder: Path) -> None:
    """Answer with the moments and the seconds of the statement written by hand."""
    connector = SparkConnector("local[2]", path=folder, settings=SETTINGS)
    spark = connector._session.spark  # noqa: SLF001 - the same session as ours has
    for name, files in (("exposures", "exposures.parquet"), ("listening", "listening/*.parquet")):
        spark.read.parquet(f"file://{folder}/{files}").createOrReplaceTempView(name)
    sql = by_hand()

    def asked() -> dict[str, list[float]]:
        return moments_of([tuple(row) for row in spark.sql(sql).collect()])

    _timed(asked, connector)


def ours(folder: Path) -> None:
    """Answer with ours, from the question to the moments."""
    connector = SparkConnector("local[2]", path=folder, settings=SETTINGS)
    warehouse = SqlWarehouse(connector)
    _timed(lambda: moments(warehouse.measure(question())), connector)


def _timed(asked: Callable[[], dict[str, list[float]]], connector: Any) -> None:  # noqa: ANN401 - closes
    seconds: list[float] = []
    found: dict[str, list[float]] = {}
    for _ in range(ASKED):
        started = time.perf_counter()
        found = asked()
        seconds.append(time.perf_counter() - started)
    connector.close()
    answer({"cold": seconds[0], "seconds": min(seconds[1:]), "moments": found})


def main() -> None:
    """Make the data, time both in turn, and check that both agree."""
    folder = made(scaled(EXPOSURES), scaled(EVENTS))
    runs = in_turn(RUNS, ours=lambda: once(__file__, "ours", folder), hand=lambda: once(__file__, "hand", folder))
    agree(runs["ours"][0]["moments"], runs["hand"][0]["moments"], within=1e-9)
    for key in ("cold", "seconds"):
        mine, other = middle(runs["ours"], key), middle(runs["hand"], key)
        print(f"  {'cold' if key == 'cold' else 'warm':12}ours {mine:8.2f} s, by hand {other:8.2f} s")
    ratios = {key: middle(runs["ours"], key) / middle(runs["hand"], key) for key in ("cold", "seconds")}
    figures = [
        Figure("Spark: seconds, ours / hand-written SQL", ratios["seconds"], MOST),
        Figure("Spark: seconds of the first question, ours / hand-written SQL", ratios["cold"]),
    ]
    note("spark", figures)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"ours": ours, "hand": hand}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()
