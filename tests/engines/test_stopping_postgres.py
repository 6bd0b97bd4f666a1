"""A stopped command ends its statement on the server, and leaves no table; a wrong password is told to nobody."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from tests.cli.studio import studio, write
from tests.engines.server import Server

pytestmark = pytest.mark.engines

COMMAND = [sys.executable, "-m", "twyman", "analyze"]
PROJECT = "kind: project\nname: studio\nwarehouse: {engine: postgres, url: $WAREHOUSE_URL}\nentities: {user: {}}\n"
ENDLESS = "SELECT p.* FROM plays AS p " + " ".join(f"JOIN plays AS {one} ON p.ms = {one}.ms" for one in "bcdef")
RUNNING = (
    "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%plays AS f%' AND pid <> pg_backend_pid()"
)


@pytest.fixture
def root(postgres: Server, tmp_path: Path) -> Path:
    """The studio's tables on the server; its facts are more than anybody lives to read."""
    root = studio(tmp_path, facts=ENDLESS)
    write(root / "twyman.yaml", PROJECT)
    sources = (root / "sources.yaml").read_text().replace("table: exposures.csv", "table: exposures")
    write(root / "sources.yaml", sources)
    units = [f"u{number}" for number in range(2000)]
    day = [1709287200 * 1_000_000] * 2000
    at = pa.array(day, pa.timestamp("us", "UTC"))
    arms = [("old", "new")[number % 2] for number in range(2000)]
    postgres.load("plays", pa.table({"user_id": units, "played_at": at, "ms": [number % 5 for number in range(2000)]}))
    tests = {"user_id": units, "test": ["page"] * 2000, "arm": arms, "exposed_at": at}
    postgres.load("exposures", pa.table(tests))
    return root


@pytest.mark.parametrize(("arguments", "stop"), [(["--all", "."], signal.SIGINT), (["page.yaml"], signal.SIGTERM)])
def test_a_stop_ends_the_statement_on_the_server(postgres: Server, root: Path, arguments: list[str], stop: int) -> None:
    with psycopg.connect(postgres.url) as session:
        session.execute("DROP SCHEMA IF EXISTS twyman CASCADE")
    environment = {**os.environ, "WAREHOUSE_URL": postgres.url}
    with subprocess.Popen(COMMAND + arguments, cwd=root, env=environment, stderr=subprocess.PIPE, text=True) as child:
        while not postgres.rows(RUNNING) and child.poll() is None:
            time.sleep(0.05)
        os.kill(child.pid, stop)
        _, said = child.communicate(timeout=60)

    assert (child.returncode, said) == (130, "stopped; nothing was written\n")
    assert postgres.rows(RUNNING) == []
    assert postgres.rows("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('twyman')::oid") == []


def test_a_wrong_password_is_told_to_nobody(postgres: Server, root: Path) -> None:
    url = postgres.url.replace("postgres@", "nobody-here:tr0ub4dor@")
    done = subprocess.run(
        [*COMMAND, "--all", "."],
        cwd=root,
        env={**os.environ, "WAREHOUSE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    said = done.stdout + done.stderr
    assert done.returncode == 6
    assert not any(secret in said for secret in ("tr0ub4dor", "nobody-here", "127.0.0.1", "Traceback"))
