"""Programs are started, watched and ended, whatever they do."""

import sys
from pathlib import Path

import pytest
from tests.engines.server import free_port, listens, missing, running

LISTENS = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"


def test_a_server_is_there_for_the_block_and_gone_after_it(tmp_path: Path) -> None:
    port = free_port()

    with running([sys.executable, "-c", LISTENS, str(port)], log=tmp_path / "log", ready=lambda: listens(port)) as one:
        assert one.poll() is None
    assert one.poll() is not None
    assert not listens(port)


def test_a_program_that_ends_at_once_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no room left'); raise SystemExit(3)"]

    with (
        pytest.raises(RuntimeError, match=r"ended; it said:\nno room left"),
        running(command, log=tmp_path / "log", ready=lambda: False),
    ):
        pytest.fail("it never was ready")


def test_what_is_missing_skips_a_test() -> None:
    with pytest.raises(pytest.skip.Exception, match="needs a thing"):
        missing("needs a thing", required=False)


def test_what_is_missing_fails_a_test_where_all_is_required() -> None:
    with pytest.raises(pytest.fail.Exception, match="needs a thing, and TWYMAN_ENGINES=required"):
        missing("needs a thing", required=True)
