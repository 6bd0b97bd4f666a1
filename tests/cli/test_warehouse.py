"""`twyman warehouse`: tables of our own are listed, and dropped."""

from pathlib import Path

import pytest
from tests.cli.studio import left, studio, write

from twyman.cli.main import main

LEFT_BEHIND = "facts_plays_0000000065e5a5c0aabbcc"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = studio(tmp_path_factory.mktemp("kept"), also=", refresh: incremental")
    assert main(["analyze", "--all", str(root)]) == 0
    return root


def tables(root: Path) -> list[str]:
    return [name for name in left(root) if name.startswith("tables/")]


def test_tables_are_listed_with_what_they_are_part_of(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["warehouse", "tables", str(kept)]) == 0

    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["TABLE", "PART", "OF", "MADE", "SIZE"]
    assert len(lines) == len(tables(kept)) > 0
    assert {line.split()[0].partition("_")[0] for line in lines} == {"facts", "sums", "units"}


def test_only_what_nobody_needs_is_dropped(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needed = tables(kept)
    write(kept / f"data/.twyman/tables/{LEFT_BEHIND}.parquet", "half of it")

    assert main(["warehouse", "gc", str(kept)]) == 0

    said = capsys.readouterr().out
    assert LEFT_BEHIND in said
    assert "(nothing)" in said
    assert said.endswith("dropped: 1\n")
    assert tables(kept) == needed
    assert main(["warehouse", "gc", str(kept)]) == 0
    assert capsys.readouterr().out == "nothing to drop\n"


def test_all_of_them_may_go_and_looks_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = studio(tmp_path, also=", refresh: incremental")
    main(["analyze", str(root / "page.yaml")])

    assert main(["warehouse", "gc", "--all", str(root)]) == 0

    assert [name.partition("/")[0] for name in left(root)] == ["looks"] * 4
    assert main(["warehouse", "tables", str(root)]) == 0
    assert "no tables are kept" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["tables", "gc"])
def test_a_folder_that_is_not_there_is_not_found(command: str, tmp_path: Path) -> None:
    assert main(["warehouse", command, str(tmp_path / "no")]) == 3
