"""Day 30's refresh against reading everything, for the same moments: rows of facts read, and seconds.

Thirty daily looks: each day's file comes in, and a warehouse that keeps what it has read is refreshed (`--every`
days, not timed, up to day 29). Then day 30, in fresh processes: the refresh, against a warehouse that keeps nothing.

Rows are counted by the engine: each statement that either runs is run under EXPLAIN ANALYZE, too, and what its scans
of the facts' own files say is added up. A scan reads row groups whole, so a scan's rows are those of the row groups
that it opened, however few pass its filter. Rows read from Twyman's own tables are told apart.

    python bench/refresh.py                        # both sizes, a table
    python bench/refresh.py day 20000000 30 kept   # one day's look, as JSON; of a warehouse that keeps, or `anew`
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from aims import Figure, note
from fresh import Answer, agree, answer, in_turn, middle, once, scaled
from plays import BEFORE, DATA, ENROLMENT, made, question, told, usual
from twyman.warehouse.connector import Row
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse

SIZES = 20_000_000, 100_000_000
RUNS = 3
OWN = ".twyman"
FEWER = 15


class Counting(DuckDBConnector):
    """Runs each statement under EXPLAIN ANALYZE first, and keeps what that says of its scans."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.scans: list[dict[str, Any]] = []

    def rows(self, sql: str) -> list[Row]:
        """Run a statement twice: to count, and for its rows."""
        [explained] = super().rows(f"EXPLAIN (ANALYZE, FORMAT json) {sql}")
        self.scans += _scans(msgspec.json.decode(explained["explain_value"]))
        return super().rows(sql)


def _scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in plan.get("operator", plan.get("children", [])):
        if "row_groups_scanned" in one:
            yield one
        yield from _scans(one)


def look(events: int, day: int, kept: str) -> None:
    """Answer with one look: its moments, and how long it took from the question to them."""
    warehouse = SqlWarehouse(DuckDBConnector(_lake(events)), incremental=kept == "kept")
    asked = question(usual(), day)
    started = time.perf_counter()
    measured = warehouse.measure(asked)
    answer({"seconds": time.perf_counter() - started, "moments": told(measured)})


def count(events: int, day: int, kept: str) -> None:
    """Answer with the rows that one look reads: of the facts' own files, and of Twyman's tables."""
    lake = _lake(events)
    connector = Counting(lake)
    SqlWarehouse(connector, incremental=kept == "kept").measure(question(usual(), day))
    group = _rows_a_group(lake)
    found = {"opened": 0.0, "passed": 0, "own": 0, "groups": 0}
    for scan in connector.scans:
        names = str(scan["extra_info"].get("Filename(s)", ""))
        if OWN in names:
            found["own"] += scan["rows_scanned"]
        elif "plays/" in names:
            found["groups"] += scan["row_groups_scanned"]
            found["opened"] += scan["row_groups_scanned"] * group
            found["passed"] += scan["rows_scanned"]
    answer(found)


def _rows_a_group(lake: Path) -> float:
    sql = "SELECT sum(num_rows) / sum(num_row_groups) FROM parquet_file_metadata(?)"
    [[mean]] = duckdb.execute(sql, [f"{lake}/plays/*.parquet"]).fetchall()
    return float(mean)


def _lake(events: int) -> Path:
    return DATA / f"lake-{events}"


def _loaded(events: int, day: int) -> None:
    """Let come in what had been loaded by the end of a day of enrolment."""
    source, lake = made(events), _lake(events)
    for kind, last in (("plays", BEFORE + day), ("exposures", day)):
        (lake / kind).mkdir(parents=True, exist_ok=True)
        for file in sorted((source / kind).glob("*.parquet"))[:last]:
            if not (lake / kind / file.name).exists():
                os.link(file, lake / kind / file.name)


def _grown(events: int, every: int) -> float:
    """Make the lake anew, look at it day by day up to day 29, and return the seconds of the last refresh."""
    shutil.rmtree(_lake(events), ignore_errors=True)
    seconds = 0.0
    for day in [*range(1, ENROLMENT - 1, every), ENROLMENT - 1]:
        _loaded(events, day)
        seconds = once(__file__, "day", events, day, "kept")["seconds"]
    own = _lake(events) / OWN
    shutil.copytree(own, own.with_suffix(".before"), copy_function=os.link)
    _loaded(events, ENROLMENT)
    return seconds


def _of_day_30(word: str, events: int, kept: str) -> Answer:
    """Run day 30 on what was kept at day 29."""
    own = _lake(events) / OWN
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(own.with_suffix(".before"), own, copy_function=os.link)
    return once(__file__, word, events, ENROLMENT, kept)


def measured(events: int, every: int) -> list[Figure]:
    """Compare both at one size."""
    made(events)
    _grown(events, every)
    rows = {kept: _of_day_30("count", events, kept) for kept in ("kept", "anew")}
    runs = in_turn(RUNS, kept=lambda: _of_day_30("day", events, "kept"), anew=lambda: _of_day_30("day", events, "anew"))
    agree(runs["kept"][0]["moments"], runs["anew"][0]["moments"], within=1e-12)
    shutil.rmtree(_lake(events))
    seconds = {kept: middle(found) for kept, found in runs.items()}
    for kept, found in rows.items():
        print(
            f"  {events:>11,} events, day 30 {kept}: {seconds[kept]:.2f} s, {found['groups']:,} row groups of facts, "
            f"{found['opened']:,.0f} rows in them, {found['passed']:,} pass; {found['own']:,} rows of our own tables"
        )
    size = f"{events / 1e6:g} M events"
    return [
        Figure(f"refresh of day 30: fact rows, full / new, {size}", _ratio(rows, "opened"), FEWER, least=True),
        Figure(f"refresh of day 30: seconds, full / new, {size}", seconds["anew"] / seconds["kept"]),
        Figure(f"refresh of day 30: seconds, {size}", seconds["kept"], told=f"full {seconds['anew']:.2f}"),
    ]


def _ratio(rows: dict[str, Answer], key: str) -> float:
    return rows["anew"][key] / max(rows["kept"][key], 1)


def main() -> None:
    """Compare both at both sizes: at the smaller one after a look each day, at the larger one after one each week."""
    small, large = map(scaled, SIZES)
    note("refresh", [*measured(small, every=1), *measured(large, every=7)])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"day": look, "count": count}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        main()
