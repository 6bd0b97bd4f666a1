"""`twyman doubt --exposures`: an experiment without definitions, from the terminal."""

import json
from pathlib import Path

import pytest

from twyman.cli.main import main

UNITS = 300


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Exposures of an experiment whose new arm lacks a third of its units, and a purchase of each third unit."""
    arms = [(at, "new" if at % 2 else "control") for at in range(UNITS) if at % 6 != 1]
    day = "2024-03-{:02}T00:00:00Z".format
    seen = [f"u{at},{day(1 + at % 3)},page,{arm}" for at, arm in arms]
    bought = [f"u{at},{day(5)},{at % 7}" for at, _ in arms if not at % 3] + [f"u0,{day(28)},1"]
    (tmp_path / "seen.csv").write_text("\n".join(["user_id,timestamp,experiment_id,variation_id", *seen]))
    (tmp_path / "bought.csv").write_text("\n".join(["user_id,ordered_at,price", *bought]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_alone_are_doubted_and_what_was_taken_for_what_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["doubt", "--exposures", "seen.csv", "--events", "bought.csv", "--write", "lab"])

    said = " ".join(capsys.readouterr().out.split())
    assert code == 0
    assert "bought.csv: the time is 'ordered_at' (its name ends as a time's does)" in said
    assert "150 control : 100 new, planned 50 % : 50 %" in said
    assert main(["check", "lab"]) == 0
    assert (folder / "lab" / "experiment.yaml").is_file()


def test_planned_shares_answer_the_mismatch_and_json_tells_what_was_taken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    main(["doubt", "--exposures", "seen.csv", "--shares", "control=60%,new=40%", "--format", "json"])

    told = json.loads(capsys.readouterr().out)
    assert "shares are those of --shares" in told["taken"]
    assert "srm" not in [doubt["code"] for doubt in told["dossier"]["doubts"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing says which experiment"),
        (["lab.yaml", "--exposures", "seen.csv"], "give one of the two"),
        (["lab.yaml", "--control", "new"], "--control belongs to an experiment without definitions"),
        (["--exposures", "seen.csv", "--shares", "control"], "--shares 'control' is no arm with its share"),
        (["--exposures", "seen.csv", "--value", "price"], "--value 'price' is no number in any table of events"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder

    assert main(["doubt", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_definitions_that_are_there_are_not_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "twyman.yaml").write_text("kind: project\n")

    assert main(["doubt", "--exposures", "seen.csv", "--write", "."]) == 4
    assert "is there already" in capsys.readouterr().err
    assert not (folder / "sources.yaml").exists()


def test_days_that_may_be_two_are_read_as_the_asker_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a column that is said to be the arm's names no experiment, whatever it is called."""
    rows = [f"u{at},{3 + at % 3}/4/2020,{('control', 'new')[at % 2]},{at % 5}" for at in range(60)]
    (tmp_path / "seen.csv").write_text("\n".join(["id,date,experiment,score", *rows]))
    monkeypatch.chdir(tmp_path)
    asked = ["doubt", "--exposures", "seen.csv", "--unit", "id", "--arm", "experiment"]

    assert main(asked) == 2
    assert '(without definitions: --time-format "%m/%d/%Y")' in capsys.readouterr().err
    assert main([*asked, "--time-format", "%d/%m/%Y", "--write", "lab"]) == 0
    assert "audit-seen, as of 2020-04-06" in capsys.readouterr().out
    assert main(["check", "lab"]) == 0
    assert main(["doubt", "lab/experiment.yaml"]) == 0
    assert main(["doubt", "lab/experiment.yaml", "--time-format", "%d/%m/%Y"]) == 2
    assert "--time-format belongs to an experiment without definitions" in capsys.readouterr().err


SEEN = "user_id,timestamp,experiment_id,variation_id"
ROWS = [f"u{at},2024-03-0{1 + at % 3},page,{('control', 'new')[at % 2]}" for at in range(40)]
WRONG: dict[str, tuple[str, bytes, str, int]] = {
    "Latin-1": (
        "seen.csv",
        "\n".join([f"{SEEN},land", *[f"{row},Österreich" for row in ROWS]]).encode("latin-1"),
        "line 2 of 'seen.csv' isn't written in UTF-8 (byte 0xd6): save the file in UTF-8, as `iconv -f LATIN1",
        2,
    ),
    "UTF-16": ("seen.csv", "\n".join([SEEN, *ROWS]).encode("utf-16"), "line 1 of 'seen.csv' isn't written in UTF-8", 2),
    "a name twice": (
        "seen.csv",
        "\n".join([f"{SEEN},User_ID", *[f"{row},x" for row in ROWS]]).encode(),
        "'seen.csv' has several columns called 'user_id', and which of them is meant isn't ours to guess: rename",
        2,
    ),
    "a header alone": ("seen.csv", f"{SEEN}\n".encode(), "load the table again if it has no row, or name the", 2),
    "another program's file": ("seen.xlsx", b"PK\3\4", "is of a kind that isn't read ('.xlsx'): save it as CSV", 2),
    "no file at all": ("other.csv", SEEN.encode(), "file '", 3),
    "an empty one": ("seen.csv", b"", "is empty: load it again, or take it away", 2),
    "neither time nor number": (
        "seen.csv",
        b"user_id,variation_id,name\n1,control,x\n2,new,y\n",
        "'seen.csv' has no number to compare arms by: name a numeric column, as in --value COLUMN",
        2,
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_that_cannot_be_read_is_named_with_its_cure(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, held, said, code = WRONG[wrong]
    (tmp_path / name).write_bytes(held)
    monkeypatch.chdir(tmp_path)

    assert main(["doubt", "--exposures", "seen.csv" if name == "other.csv" else name]) == code
    told = capsys.readouterr().err
    assert said in told
    assert Path(name).stem in told or wrong == "no file at all"


def test_a_folder_is_no_table_and_its_files_are_to_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lake").mkdir()

    assert main(["doubt", "--exposures", "lake"]) == 2
    assert "'lake' is a folder: name its files, as in 'lake/*.parquet'" in capsys.readouterr().err
