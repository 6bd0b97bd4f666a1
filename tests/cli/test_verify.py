"""`twyman verify`, as a person and as a program read it."""

import json
from pathlib import Path

import pytest

from twyman.cli.main import main

FILES = """
kind: project
name: gate
warehouse: {engine: duckdb, path: .}
---
kind: units
name: players
table: players.csv
row_is_unit: true
arm: version
outcomes: {kept: kept, odd: "hash(kept)"}
---
kind: metric
name: retention
type: proportion
value: {outcome: kept}
---
kind: metric
name: odd
type: mean
value: {outcome: odd}
---
kind: experiment
name: gate
units: players
arms: {gate_30: {control: true}, gate_40: {}}
metrics: {retention: {role: success}, odd: {role: information}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [f"gate_{30 + 10 * (i % 2)},{i % 3 // 2}" for i in range(90)]
    (tmp_path / "players.csv").write_text("\n".join(["version,kept", *rows]))
    (tmp_path / "twyman.yaml").write_text(FILES)
    return tmp_path / "twyman.yaml"


def test_what_agrees_and_what_was_not_verified_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["verify", str(file)])
    said = capsys.readouterr().out

    assert code == 0
    assert "gate: all that was verified agrees" in said
    assert "Not verified: metric 'odd'" in said


def test_json_names_all_of_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", str(file), "--format", "json"])
    found = json.loads(capsys.readouterr().out)

    assert (found["experiment"], found["agrees"], found["look"]) == ("gate", True, None)
    assert found["today"]["agreements"] > 10
    assert [one["what"] for one in found["unverified"]] == ["metric 'odd'"]


def test_a_look_of_an_experiment_without_dates_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(file), "--look", "1"]) == 2
    assert "has no dates" in capsys.readouterr().err
