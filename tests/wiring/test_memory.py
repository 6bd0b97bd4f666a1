"""A project says how much memory DuckDB may take; nothing said, DuckDB decides."""

from pathlib import Path

import pytest
from tests.cli.studio import studio

from twyman.cli.main import main
from twyman.definitions.project import read_path
from twyman.wiring.warehouses import connector

ASKED = "SELECT current_setting('memory_limit') AS most"


def test_what_is_said_is_what_duckdb_may_take(tmp_path: Path) -> None:
    over = connector(read_path(studio(tmp_path, also=", memory: 512MiB")).project)

    assert over.rows(ASKED) == [{"most": "512.0 MiB"}]


@pytest.mark.parametrize("amount", ["much", "4", "1KB", "0GB", "-4GB"])
def test_no_amount_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str], amount: str) -> None:
    root = studio(tmp_path, also=f", memory: '{amount}'")

    assert main(["check", str(root)]) == 2
    said = capsys.readouterr()
    assert f"'{amount}' is no amount of memory" in said.out + said.err
