"""The command line: exit codes by kind, files whole or not at all."""

from pathlib import Path

import pytest

from twyman.cli.exits import ANSWERED, EXITS, FAILED_ON_VERDICT, STOPPED, exit_code
from twyman.cli.main import main
from twyman.cli.output import deliver
from twyman.kernel.errors import Forbidden, NotFound, TwymanError


def test_every_kind_of_error_has_its_own_exit_code() -> None:
    assert sorted(EXITS.values()) == [2, 3, 4, 5, 6]
    assert set(EXITS) == set(TwymanError.__subclasses__())
    assert exit_code(NotFound("x")) == 3


def test_every_exit_code_is_on_the_page_for_pipelines() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "in-a-pipeline.md").read_text()
    codes = {
        int(line.split("|")[1])
        for line in page.splitlines()
        if line.startswith("| ") and "---" not in line and line[2].isdigit()
    }

    assert codes == {ANSWERED, FAILED_ON_VERDICT, STOPPED, *EXITS.values()}


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    deliver("all of it", tmp_path / "a.json")

    assert (tmp_path / "a.json").read_text() == "all of it"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="make it first"):
        deliver("x", tmp_path / "no" / "a.json")


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()

    with pytest.raises(Forbidden, match="can't be written"):
        deliver("x", tmp_path / "a.json")

    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_an_experiment_that_is_not_there_is_not_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out.json"

    code = main(["analyze", str(tmp_path / "no.yaml"), "--format", "json", "--output", str(output)])

    assert code == 3
    assert "no.yaml" in capsys.readouterr().err
    assert not output.exists()


def test_a_verdict_that_nobody_gives_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(tmp_path / "x.yaml"), "--fail-on", "hodl"]) == 2
    assert "did you mean 'hold'?" in capsys.readouterr().err
