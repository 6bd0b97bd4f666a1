"""`analyze --explain`: what would run and what it would read, and nothing is written."""

import json
from pathlib import Path

import pytest
from tests.cli.studio import HEAVY, left, studio

from twyman.cli.main import main
from twyman.warehouse.connectors.duckdb import DuckDBConnector


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return studio(tmp_path_factory.mktemp("full"))


def explained(root: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert main(["analyze", str(root / "page.yaml"), "--explain", "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_statement_is_shown_with_the_sizes_of_the_files_it_names(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = sum(path.stat().st_size for path in (root / "data").glob("**/*.csv"))

    assert main(["analyze", str(root / "page.yaml"), "--explain"]) == 0

    said = capsys.readouterr().out
    reads = f"-- reads at most {size / 1000:,.1f} kB ({size:,} bytes)\n"
    assert said.startswith("-- statement 1 of 8: from when to when the data run\n-- reads at most ")
    effects = (
        "the effects, as of 2024-03-12T00:00:00Z; and for each of 3 earlier looks, as of its own day, unless it is"
    )
    assert f"\n\n-- statement 3 of 8: {effects} kept\n{reads}WITH " in said
    conditional = "-- asked only if it has none in the time that the metrics read\n-- reads at most "
    assert f"-- statement 5 of 8: when a source's latest fact was\n{conditional}" in said
    assert said.endswith("can still be told apart from them\n-- its text depends on what is found\n")
    assert left(root) == []
    main(["sql", str(root / "page.yaml")])
    lines = [line for line in said.splitlines() if not line.startswith("-- reads")]
    assert capsys.readouterr().out.splitlines() == lines


def test_what_is_of_text_files_can_be_run_as_it_is_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statements = [str(one["sql"]) for one in explained(root, capsys) if one["sql"]]
    over = DuckDBConnector(root / "data")

    assert len(statements) == 6
    assert all(over.rows(sql) for sql in statements)


def test_json_says_what_each_is_for_and_when_it_is_asked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statements = explained(root, capsys)

    assert [set(one) for one in statements] == [{"purpose", "asked_only_if", "sql", "reads_at_most"}] * 8
    assert all(one["purpose"] for one in statements)
    never_written = [one for one in statements if one["sql"] is None]
    assert [one["reads_at_most"] for one in never_written] == [None, None]
    assert all(one["asked_only_if"] for one in never_written)


def test_what_would_be_kept_is_shown_and_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = studio(tmp_path, also=", refresh: incremental")

    effects = [str(one["sql"]) for one in explained(root, capsys) if str(one["purpose"]).startswith("the effects, as")]

    assert effects[0].startswith("-- kept as facts_plays_")
    assert effects[-1].startswith("WITH ")
    assert left(root) == []


def test_once_facts_are_kept_the_statement_reads_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = studio(tmp_path, also=", refresh: incremental")
    main(["analyze", str(root / "page.yaml")])
    capsys.readouterr()
    before = left(root)

    statements = explained(root, capsys)

    assert not any("-- kept as facts_plays" in str(one["sql"]) for one in statements)
    effects = [str(one["sql"]) for one in statements if str(one["purpose"]).startswith("the effects, as")]
    assert ".twyman/tables/facts_plays_" in effects[-1]
    assert left(root) == before


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--fail-on", "hold"], "--fail-on"), (["--format", "html"], "--format html")]
)
def test_what_only_an_analysis_has_is_refused(
    root: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(root / "page.yaml"), "--explain", *arguments]) == 2
    assert f"leave out {said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sql", "bytes_read"),
    [
        ("SELECT 1 AS a", 0),
        ("SELECT * FROM read_csv('a.csv')", 4),
        ("WITH a AS (SELECT * FROM read_csv('*.csv')) SELECT * FROM a, read_csv('a.csv')", 10),
        ("SELECT * FROM somewhere", None),
    ],
)
def test_a_file_counts_once_and_of_a_table_nothing_is_told(tmp_path: Path, sql: str, bytes_read: int | None) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n111\n")

    assert DuckDBConnector(tmp_path).cost(sql) == bytes_read


def test_what_takes_too_long_is_ended_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = studio(tmp_path, also=", timeout: 1s", facts=HEAVY)

    assert main(["analyze", str(root / "page.yaml")]) == 6

    said = capsys.readouterr().err
    assert "took longer than 1 s, and was stopped: raise warehouse.timeout, or ask for less" in said
    assert left(root) == []
