"""What a person types, on Spark: every experiment at once, files packed by gzip, and a stop in the middle."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.studio import studio, write
from tests.engines.server import Server
from tests.engines.spark_events import events, in_memory, running
from tests.engines.studio_tables import studio_on

from twyman.cli.main import main

pytestmark = pytest.mark.engines

ANALYZE = [sys.executable, "-m", "twyman", "analyze"]
PACKED = (
    "kind: project\nname: studio\nwarehouse: {engine: spark, url: $WAREHOUSE_URL, path: data/}\nentities: {user: {}}\n"
)
LONG = """SELECT a.* FROM studio_plays AS a
  JOIN studio_plays AS b ON a.ms = b.ms JOIN studio_plays AS c ON a.ms = c.ms AND c.user_id < 'u13'"""
"""A quarter of a minute's work, and no more: where a task of Spark's hears of its end is up to Spark, and one that
only joins hears of nothing until it is through."""


@pytest.fixture(autouse=True)
def address(spark: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("WAREHOUSE_URL", spark.url)
    return spark.url


def test_files_packed_by_gzip_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = studio(tmp_path)
    assert main(["analyze", str(root / "page.yaml"), "--format", "json"]) == 0
    expected = json.loads(capsys.readouterr().out)["verdict"]
    for file in (root / "data").rglob("*.csv"):
        file.with_suffix(".csv.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    write(root / "sources.yaml", (root / "sources.yaml").read_text().replace(".csv", ".csv.gz"))
    write(root / "twyman.yaml", PACKED)

    assert main(["analyze", str(root / "page.yaml"), "--format", "json"]) == 0

    assert json.loads(capsys.readouterr().out)["verdict"] == expected


def own(server: Server) -> list[str]:
    """Tables of the schema `twyman`."""
    there = server.rows("SHOW SCHEMAS LIKE 'twyman'")
    return sorted(row["tableName"] for row in server.rows("SHOW TABLES IN twyman")) if there else []


@pytest.mark.parametrize(
    ("what", "told"), [(["--all", "."], signal.SIGINT), (["page.yaml"], signal.SIGTERM)], ids=["Ctrl-C", "polite kill"]
)
def test_a_stop_ends_the_statements_on_the_server_and_leaves_nothing(
    what: list[str], told: signal.Signals, spark: Server, tmp_path: Path
) -> None:
    root = studio_on(spark, tmp_path, also=", concurrency: 2")
    sources = (root / "sources.yaml").read_text()
    write(root / "sources.yaml", sources.replace("table: studio_plays", f"sql: {' '.join(LONG.split())}"))
    before, kept = len(events(spark)), own(spark)
    with subprocess.Popen([*ANALYZE, *what], cwd=root, stderr=subprocess.PIPE, text=True) as child:
        while not running(spark, before, "studio_plays") and child.poll() is None:
            time.sleep(0.2)
        os.kill(child.pid, told)
        _, said = child.communicate(timeout=60)

    assert (child.returncode, said) == (130, "stopped; nothing was written\n")
    happened = events(spark)
    assert not running(spark, before, "studio_plays")
    assert not in_memory(happened[before:])
    assert own(spark) == kept


def test_two_at_a_time_answer(spark: Server, tmp_path: Path) -> None:
    root = studio_on(spark, tmp_path, also=", concurrency: 2")
    (root / "shelf.yaml").unlink(missing_ok=True)

    done = subprocess.run(
        [*ANALYZE, "--all", ".", "--format", "json"], cwd=root, capture_output=True, check=False, timeout=300
    )

    found = json.loads(done.stdout)
    assert (done.returncode, set(found["experiments"]), found["errors"]) == (0, {"page", "search"}, {})
