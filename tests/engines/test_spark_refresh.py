"""What Spark keeps beside the files of a folder: piece by piece is as at once, and a kill leaves nothing half done."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.engines.server import Server
from tests.engines.test_postgres_refresh import arriving
from tests.warehouse.state.test_refresh import DAY, EXPOSED, FOLDED, PLAYED, START, load, question, same

from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.connectors.spark import SparkConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse
from twyman.warehouse.state import accumulators, history

pytestmark = pytest.mark.engines

KEPT = Path(".twyman") / "tables"
CHILD = """
import sys
from pathlib import Path
from tests.warehouse.state.test_refresh import question
from twyman.warehouse.connectors.spark import SparkConnector
from twyman.warehouse.sql_warehouse import SqlWarehouse
warehouse = SqlWarehouse(SparkConnector(sys.argv[1], path=Path(sys.argv[2])), incremental=True)
print("ready", flush=True)
warehouse.measure(question(float(sys.argv[3])))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Exposures, and no plays yet."""
    for name in ("exposures", "plays"):
        (tmp_path / name).mkdir()
    load(tmp_path / "exposures", EXPOSED, arriving(1)[0], "all")
    return tmp_path


def arrived(folder: Path, after: int, until: int) -> None:
    """Put the plays of some days there, in a file of their own."""
    start, end = ((START + day * DAY).replace(tzinfo=None) for day in (after, until))
    load(folder / "plays", PLAYED, [row for row in arriving(1)[1] if start <= row[4] < end], f"{until}")  # type: ignore[operator]


def at_once(folder: Path, day: int, metrics: tuple[str, ...]) -> object:
    with closing(DuckDBConnector(folder)) as connector:
        return SqlWarehouse(connector).measure(question(day, metrics))


@pytest.mark.parametrize("metrics", [FOLDED, ("kinds", "any")], ids=["folded", "anew"])
def test_piece_by_piece_is_at_once(
    spark: Server, folder: Path, metrics: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SparkConnector(spark.url, path=folder)) as first:
        arrived(folder, -30, 3)
        same(SqlWarehouse(first, incremental=True).measure(question(3, metrics)), at_once(folder, 3, metrics))
    with closing(SparkConnector(spark.url, path=folder)) as then:
        arrived(folder, 3, 6)
        warehouse = SqlWarehouse(then, incremental=True)
        same(warehouse.measure(question(6, metrics)), at_once(folder, 6, metrics))
        assert 0 < warehouse.read["plays"] < 1_500
        for state in (history, accumulators):
            monkeypatch.setattr(state, "MOST_TABLES", 1)
        arrived(folder, 6, 8)
    with closing(SparkConnector(spark.url, path=folder)) as last:
        warehouse = SqlWarehouse(last, incremental=True)
        same(warehouse.measure(question(8, metrics)), at_once(folder, 8, metrics))
        assert last.kept()


def killed(url: str, folder: Path, day: int, *, once: Path, after: float) -> None:
    """Refresh in a process that is killed some seconds after a file or folder is there."""
    command = [sys.executable, "-c", CHILD, url, str(folder), str(day)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        while not any(folder.glob(str(once))) and child.poll() is None:
            time.sleep(0.02)
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)


@pytest.mark.parametrize(("once", "after"), [(KEPT / ".*", 0.0), (KEPT / "[!.]*", 0.5)], ids=["writing", "named"])
def test_a_kill_in_the_middle_of_a_refresh_loses_nothing_and_counts_nothing_twice(
    spark: Server, folder: Path, once: Path, after: float
) -> None:
    arrived(folder, -30, 5)

    killed(spark.url, folder, 5, once=once, after=after)

    with closing(SparkConnector(spark.url, path=folder)) as connector:
        assert connector.kept()
        same(SqlWarehouse(connector, incremental=True).measure(question(5)), at_once(folder, 5, FOLDED))


def test_a_folder_that_cant_be_written_is_read_all_the_same(spark: Server, folder: Path) -> None:
    arrived(folder, -30, 3)
    (folder / ".twyman").write_text("somebody's file, where the folder of our own would be")

    with closing(SparkConnector(spark.url, path=folder)) as connector:
        assert not connector.keep("plays", "SELECT 1 AS n")
        assert not connector.write("looks/page", 0, b"{}")
        same(SqlWarehouse(connector, incremental=True).measure(question(3)), at_once(folder, 3, FOLDED))
