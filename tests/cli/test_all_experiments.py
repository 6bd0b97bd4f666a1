"""`analyze --all`: an answer or an error for each, in one pass over what they share."""

import json
from pathlib import Path

import pytest
from tests.cli.studio import EXPERIMENT, left, studio, write

from twyman.cli.main import main
from twyman.definitions.project import read_path
from twyman.kernel.time import instant
from twyman.warehouse.connector import Row
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.wiring.all_experiments import asked_together

FEW = "6d"
"""Two looks instead of four: several are kept and read back all the same."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return studio(tmp_path_factory.mktemp("sound"), looks=FEW)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = studio(tmp_path_factory.mktemp("broken"), looks=FEW)
    write(root / "search.yaml", EXPERIMENT.format(name="search").replace("minutes", "minuets"))
    return root


def test_each_has_a_line_and_no_table_stays(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--all", str(sound)]) == 0

    said = capsys.readouterr()
    assert [line.split()[:3] for line in said.out.splitlines()] == [
        [name, "‖", "Hold"] for name in ("page", "search", "shelf")
    ]
    assert said.err == ""
    assert [name for name in left(sound) if not name.startswith("looks/")] == []


def test_an_error_stands_beside_the_answers_and_gives_the_exit_code(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", "--all", str(broken), "--format", "json", "--fail-on", "hold"]) == 2

    said = json.loads(capsys.readouterr().out)
    assert sorted(said["experiments"]) == ["page", "shelf"]
    assert said["experiments"]["page"]["verdict"]["action"] == "hold"
    assert "did you mean 'minutes'?" in said["errors"]["search"]


def test_a_verdict_that_was_named_fails_the_job(sound: Path, tmp_path: Path) -> None:
    output = tmp_path / "all.txt"

    assert main(["analyze", "--all", str(sound), "--fail-on", "hold", "--output", str(output)]) == 10
    assert len(output.read_text().splitlines()) == 3


def test_each_has_a_report_in_a_folder(broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--all", str(broken), "--format", "html", "--output", str(tmp_path)]) == 2

    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "shelf.html"]
    assert "search  ! not answered" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--experiment", "page"], 2, "leave one out"),
        (["--format", "html"], 2, "--output reports"),
        (["--format", "html", "--output", "no/such"], 3, "make it first"),
        (["--as-of", "someday"], 2, "someday"),
        (["--fail-on", "hodl"], 2, "did you mean 'hold'?"),
        (["--explain"], 2, "leave out --all"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    sound: Path, arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", "--all", str(sound), *arguments]) == code
    assert said in capsys.readouterr().err


def test_a_folder_without_experiments_is_not_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "twyman.yaml", "kind: project\nname: empty\n")

    assert main(["analyze", "--all", str(tmp_path)]) == 3
    assert "no experiment is defined" in capsys.readouterr().err


def test_several_at_a_time_say_the_same(tmp_path: Path) -> None:
    said = list[str]()
    for also in ("", ", concurrency: 3", ", concurrency: 2, refresh: incremental"):
        root, output = studio(tmp_path / str(len(said)), also=also, looks=FEW), tmp_path / f"{len(said)}.txt"
        assert main(["analyze", "--all", str(root), "--output", str(output)]) == 0
        said.append(output.read_text())

    assert said[0] == said[1] == said[2]


class Recording(DuckDBConnector):
    """Remembers the statements that ran."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.ran = list[str]()

    def rows(self, sql: str) -> list[Row]:
        self.ran.append(sql)
        return super().rows(sql)

    @property
    def scans(self) -> int:
        """How many statements read facts from their beginning, to keep them."""
        return sum(sql.startswith("COPY (SELECT\n") and "'plays/*.csv'" in sql for sql in self.ran)


@pytest.mark.parametrize(("incremental", "again"), [(False, 1), (True, 0)], ids=["full", "incremental"])
def test_facts_are_read_once_for_all_of_them(tmp_path: Path, *, incremental: bool, again: int) -> None:
    root = studio(tmp_path, also=", refresh: incremental" if incremental else "", looks=FEW)
    scans = list[int]()
    for _ in range(2):
        over = Recording(root / "data")
        project = read_path(root).project
        ask = asked_together(project, [over])
        made = ask(list(project.experiments.values()), project.catalogue, as_of=instant("2024-03-12"))
        assert [one.error for one in made] == [None] * 3
        scans.append(over.scans)

    assert scans == [1, again]
