"""A server that runs for the length of a test session, how to reach it, and how programs are started and ended."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pytest

REQUIRED = os.environ.get("TWYMAN_ENGINES") == "required"
PATIENCE = 120.0
TAIL = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A live engine.

    Attributes:
        engine: Its name, as dialects have it: duckdb, postgres, clickhouse, spark.
        url: Where it listens, in the words of its own driver.
        load: Puts an Arrow table there as a database table of that name, in place of any that there was.
        rows: Runs a statement through the engine's own driver, and returns rows by column.
        log: What it says while it runs.
    """

    engine: str
    url: str
    load: Callable[[str, pa.Table], None]
    rows: Callable[[str], list[dict[str, Any]]]
    log: Path | None = None


def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody answers at a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def missing(what: str, *, required: bool = REQUIRED) -> NoReturn:
    """Skip, since a program or package isn't there; fail where all of them have to be."""
    if required:
        pytest.fail(f"{what}, and TWYMAN_ENGINES=required")
    pytest.skip(what)


@contextmanager
def running(
    command: Sequence[str], *, log: Path, ready: Callable[[], bool], env: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """Run a program until the block ends, once it is ready, which takes two minutes at most."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, start_new_session=True
        )
    try:
        _await(process, ready, log)
        yield process
    finally:
        _end(process)


def tail(log: Path) -> str:
    """The last lines that a server wrote."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:]) if log.exists() else ""


def _await(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            why = "ended" if process.poll() is not None else f"isn't ready after {PATIENCE:g} s"
            raise RuntimeError(f"{process.args!r} {why}; it said:\n{tail(log)}")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            process.wait()
        return
