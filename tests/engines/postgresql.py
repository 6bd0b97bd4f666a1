"""PostgreSQL: a cluster of the test's own, of whatever version is installed, run by a user that isn't root."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.engines.server import Server, free_port, missing, tail

OPTIONS = "-c listen_addresses=127.0.0.1 -c fsync=off -c timezone=UTC"


@contextmanager
def started() -> Generator[Server]:
    """Run a server, which anybody on this machine may enter as `postgres`."""
    binaries = _binaries()
    folder = Path(subprocess.check_output(_unprivileged("mktemp", "-d"), text=True).strip())
    port, data, log = free_port(), folder / "data", folder / "log"
    try:
        initialise = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres"]
        _run(*initialise, "--encoding=UTF8", "--locale=C", "--no-sync")
        control = [str(binaries / "pg_ctl"), "-D", str(data), "-w"]
        try:
            _run(*control, "-l", str(log), "-o", f"-p {port} -k {folder} {OPTIONS}", "start")
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"PostgreSQL didn't start; it said:\n{tail(log)}") from error
        try:
            yield _server(f"postgresql://postgres@127.0.0.1:{port}/postgres", log)
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not found:
        missing("needs the server of PostgreSQL (Debian: apt-get install postgresql)")
    return found[-1].parent


def _unprivileged(*command: str) -> list[str]:
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


def _run(*command: str) -> None:
    # Not to a pipe: the server would keep it open, and nobody would ever see its end.
    subprocess.run(
        _unprivileged(*command), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=60
    )


def _server(url: str, log: Path) -> Server:
    psycopg = pytest.importorskip("psycopg")

    def load(name: str, table: pa.Table) -> None:
        listed = ", ".join(f'"{field.name}" {kind(field.type)}' for field in table.schema)
        with psycopg.connect(url) as session, session.cursor() as cursor:
            cursor.execute(f'DROP TABLE IF EXISTS "{name}"; CREATE TABLE "{name}" ({listed})')
            with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
                for batch in table.to_batches():
                    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        copy.write_row(row)
            cursor.execute(f'ANALYZE "{name}"')

    def rows(sql: str) -> list[dict[str, Any]]:
        with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as session:
            return session.execute(sql).fetchall()

    return Server(engine="postgres", url=url, load=load, rows=rows, log=log)


def kind(arrow: pa.DataType) -> str:
    """PostgreSQL's type for one of Arrow's."""
    if pa.types.is_decimal(arrow):
        return f"numeric({arrow.precision}, {arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "timestamptz" if arrow.tz else "timestamp"
    return KINDS[str(arrow)]


KINDS = {
    "bool": "boolean",
    "int32": "integer",
    "int64": "bigint",
    "double": "double precision",
    "string": "text",
    "large_string": "text",
    "date32[day]": "date",
}
