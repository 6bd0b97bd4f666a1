"""An address is told to nobody: not in a message, a log, a representation, an answer or a look."""

import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from tests.cli.studio import studio, write
from tests.engines.server import free_port

from twyman.cli.main import main
from twyman.definitions.project import read_path
from twyman.kernel.errors import TwymanError
from twyman.wiring.warehouses import connector

SECRET = "hunter-of-snarks"  # noqa: S105 - of nobody
ENGINES = {
    "postgres": "postgresql://reader-of-all:{secret}@127.0.0.1:{port}/lab",
    "spark": "sc://127.0.0.1:{port}/;token={secret};user_id=reader-of-all",
}


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose server nobody runs."""
    url = ENGINES[request.param].format(secret=SECRET, port=free_port())
    monkeypatch.setenv("WAREHOUSE_URL", url)
    root = studio(tmp_path)
    write(
        root / "twyman.yaml",
        f"kind: project\nname: studio\nwarehouse: {{engine: {request.param}, url: $WAREHOUSE_URL, timeout: 5s}}\n",
    )
    return root


def test_a_project_does_not_show_it(place: Path) -> None:
    project = read_path(place).project

    assert SECRET in str(project.warehouse.url)
    assert SECRET not in f"{project!r} {project.warehouse!r} {project}"


def test_neither_does_an_error_nor_its_traceback_nor_a_log(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with pytest.raises(TwymanError) as error:
        connector(read_path(place).project)

    said = "".join(traceback.format_exception(error.value)) + repr(error.value) + caplog.text
    assert SECRET not in said
    assert "reader-of-all" not in said


def test_neither_does_a_command(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twyman", "analyze", "--all", "."],
        cwd=place,
        env={**os.environ, "PYTHONDEVMODE": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 6
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_one_that_is_written_out_is_refused_and_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path / "twyman.yaml",
        f"kind: project\nname: studio\nwarehouse: {{engine: postgres, url: 'postgresql://me:{SECRET}@db/lab'}}\n",
    )

    assert main(["check", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "holds a password" in said.out + said.err
    assert SECRET not in said.out + said.err
