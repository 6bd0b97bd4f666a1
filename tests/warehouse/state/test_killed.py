"""Whoever is killed in the middle of a refresh leaves behind what the next one makes right."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.warehouse.state.test_refresh import DAY, EXPOSED, HOUR, PLAYED, START, load, question, same

from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.state.tables import AT_WORK, collected, own_tables

LAST = 10
CHILD = """
import sys
from pathlib import Path
from tests.warehouse.state.test_refresh import question
from twyman.warehouse.duckdb import DuckDB
warehouse, first, last = DuckDB(Path(sys.argv[1]), incremental=True), int(sys.argv[2]), int(sys.argv[3])
warehouse.extent(question(first))
print("ready", flush=True)
for day in range(first, last + 1):
    warehouse.measure(question(day))
    print(day, flush=True)
"""


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """Ten days of exposures and plays, of which some arrive a day late."""
    start = START.replace(tzinfo=None)
    for name in ("exposures", "plays"):
        (tmp_path / name).mkdir()
    for day in range(LAST):
        units = [(unit, ("control", "moments")[unit % 2], start + day * DAY) for unit in range(day, 400, LAST)]
        plays = [
            (unit, start + day * DAY + unit % 24 * HOUR, unit % 9, "a", start + day * DAY + unit % 50 * HOUR)
            for unit in range(400)
        ]
        load(tmp_path / "exposures", EXPOSED, units, f"{day:02d}")
        load(tmp_path / "plays", PLAYED, plays, f"{day:02d}")
    return tmp_path


def run(path: Path, first: int, after: float | None) -> int:
    """Refresh day by day, killed after some seconds; return the last day that was said to be done."""
    command = [sys.executable, "-c", CHILD, str(path), str(first), str(LAST)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        if after is not None:
            time.sleep(after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
        return max([first - 1, *(int(line) for line in child.stdout)])


def kill_and_compare(path: Path, kills: int, seed: int) -> None:
    drawn, day = random.Random(seed), 0  # noqa: S311 - when to kill is no secret
    for _ in range(kills):
        day = min(run(path, day + 1, drawn.uniform(0, 1.2)) + 1, LAST)
        same(DuckDB(path, incremental=True).measure(question(day)), DuckDB(path).measure(question(day)))
        every = day == LAST
        day = 0 if every else day
        collected(DuckDBConnector(path), now=datetime.now(UTC) + 2 * AT_WORK, every=every)


def test_two_kills_lose_nothing_and_count_nothing_twice(days: Path) -> None:
    kill_and_compare(days, kills=2, seed=1)


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_count_nothing_twice(days: Path) -> None:
    kill_and_compare(days, kills=50, seed=2)


@pytest.mark.slow
def test_two_at_the_same_time_do_not_disturb_each_other(days: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(days), "1", str(LAST)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [child.communicate() for child in children]

    assert [(child.returncode, out[1]) for child, out in zip(children, said, strict=True)] == [(0, ""), (0, "")]
    same(DuckDB(days, incremental=True).measure(question(LAST)), DuckDB(days).measure(question(LAST)))


def test_what_no_state_names_is_collected_and_the_rest_is_left(days: Path) -> None:
    DuckDB(days, incremental=True).measure(question(4))
    connector = DuckDBConnector(days)
    connector.keep("facts_left_behind_0000000065e5a5c0aabbcc", "SELECT 1 AS x")

    gone = collected(connector, now=datetime.now(UTC))

    assert [one.name for one in gone] == ["facts_left_behind_0000000065e5a5c0aabbcc"]
    assert {one.state.partition("/")[0].partition("_")[0] for one in own_tables(connector)} == {"plays", "moment-page"}


def test_a_table_that_may_be_in_the_making_is_left_alone(days: Path) -> None:
    connector, now = DuckDBConnector(days), START
    connector.keep(f"facts_plays_{int((now - timedelta(hours=1)).timestamp()):08x}aabbcc", "SELECT 1 AS x")

    assert collected(connector, now=now) == []


def test_all_may_be_dropped_and_the_next_reading_reads_anew(days: Path) -> None:
    DuckDB(days, incremental=True).measure(question(4))
    collected(DuckDBConnector(days), now=datetime.now(UTC), every=True)
    warehouse = DuckDB(days, incremental=True)

    same(warehouse.measure(question(5)), DuckDB(days).measure(question(5)))
    assert own_tables(DuckDBConnector(days))
