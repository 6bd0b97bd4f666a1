"""Whoever stops a command stops the engine at once, and nothing of it stays behind."""

import os
import pty
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.studio import HEAVY, left, studio

from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.state.tables import own_tables

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from twyman.cli.main import main; print('ready', flush=True); sys.exit(main(sys.argv[1:]))",
    "analyze",
]
ALL, ONE = ["--all", "."], ["page.yaml"]
INCREMENTAL = ", refresh: incremental"


def on_a_terminal(root: Path, arguments: list[str], stop: int) -> tuple[int, list[str]]:
    """Run a command on a terminal, and stop it once it has drawn how far it is; return what it drew."""
    master, terminal = pty.openpty()
    with subprocess.Popen(COMMAND + arguments, cwd=root, stderr=terminal, stdout=subprocess.DEVNULL) as child:
        drawn = os.read(master, 1000)
        os.kill(child.pid, stop)
        code = child.wait(timeout=60)
    os.close(terminal)
    drawn += os.read(master, 1000)
    os.close(master)
    return code, [line for line in drawn.decode().replace("\r\n", "\r\x1b[K").split("\r\x1b[K") if line]


@pytest.mark.parametrize(
    ("arguments", "also", "stop", "step"),
    [
        (ALL, "", signal.SIGINT, "[........................] 0/3 facts of all experiments"),
        (ONE, INCREMENTAL, signal.SIGTERM, "page"),
    ],
    ids=["all-interrupted", "one-terminated"],
)
def test_a_stop_ends_what_runs_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], also: str, stop: int, step: str
) -> None:
    root = studio(tmp_path, also=also, facts=HEAVY)

    assert on_a_terminal(root, arguments, stop) == (130, [step, "stopped; nothing was written"])
    assert left(root) == []


SLOW = "import time; print('reading', flush=True); time.sleep(60)"
"""A module of the standard library that takes its time: so the program is still being read when it is stopped."""


@pytest.mark.parametrize("command", [[sys.executable, "-m", "twyman"], [str(Path(sys.executable).with_name("twyman"))]])
def test_a_stop_while_the_program_is_still_being_read_is_quiet(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "argparse.py").write_text(SLOW)
    aside = {**os.environ, "PYTHONPATH": str(tmp_path)}
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, "check"], env=aside, stdout=pipe, stderr=pipe, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "reading\n"
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=60)

    assert (child.returncode, said) == (130, ("", "stopped; nothing was written\n"))


AMID_A_CLASS = """
class Slow:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt

class Made:
    held = Slow()
"""


@pytest.mark.parametrize(
    ("module", "code", "said"), [(AMID_A_CLASS, 130, "stopped;"), ("1 / 0", 1, "ZeroDivisionError")]
)
def test_a_stop_while_a_class_is_made_is_quiet_and_nothing_else_is(
    tmp_path: Path, module: str, code: int, said: str
) -> None:
    (tmp_path / "argparse.py").write_text(module)
    aside = {**os.environ, "PYTHONPATH": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-m", "twyman", "check"], env=aside, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr.startswith(said) or said in done.stderr.splitlines()[-1]) == (code, True)


def stopped(root: Path, arguments: list[str], after: float) -> int:
    """Run a command and stop it after some seconds; return its exit code."""
    with subprocess.Popen(COMMAND + arguments, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(after)
        os.kill(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
        return child.returncode


@pytest.mark.slow
@pytest.mark.parametrize("also", ["", INCREMENTAL, ", concurrency: 2"])
def test_a_stop_at_any_moment_leaves_no_draft_and_no_table_that_nobody_names(tmp_path: Path, also: str) -> None:
    drawn, codes = random.Random(3), set[int]()  # noqa: S311 - when to stop is no secret
    for number in range(8):
        root = studio(tmp_path / str(number), also=also)
        codes.add(stopped(root, ALL, after=drawn.uniform(0.2, 4.0)))

        tables = own_tables(DuckDBConnector(root / "data"))
        assert all(one.state for one in tables) if also == INCREMENTAL else tables == []
        assert not [name for name in left(root) if Path(name).name.startswith(".")]
    assert codes in ({130}, {0, 130})


WAITING = """
import os, signal, threading, time
from twyman.cli import stopping

stopping.GRACE = 0.5
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
with stopping.stoppable():
    try:
        time.sleep(60)
    finally:
        time.sleep(60)  # as a driver that waits for an answer nobody gives
"""
LINGERING = """
import signal, threading, time
from twyman.__main__ import run

def stop(*_):
    raise KeyboardInterrupt

threading.Thread(target=time.sleep, args=(60,)).start()
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.01)
run()
"""


@pytest.mark.parametrize(("script", "said"), [(WAITING, "an engine didn't answer"), (LINGERING, "nothing was written")])
def test_nobody_waits_for_a_driver_that_waits(script: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)

    assert (done.returncode, said in done.stderr) == (130, True)
