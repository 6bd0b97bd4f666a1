"""`twyman aa`, as a person and as a program read it: clusters by their id, and what can't be asked."""

import json
from pathlib import Path

import numpy as np
import pytest

from twyman.cli.main import main

FILES = """
kind: project
name: shop
warehouse: {engine: duckdb, path: .}
---
kind: exposures
name: met
table: users.csv
entities: {user: user_id, household: home}
timestamp: {column: day, grain: day}
arm: arm
---
kind: facts
name: plays
table: users.csv
entities: {user: user_id}
timestamp: {column: day, grain: day}
measures: {minutes: minutes, longest: longest}
---
kind: metric
name: minutes
entity: user
facts: plays
type: mean
value: {sum: minutes}
window: 1d
cuped: none
---
kind: metric
name: longest
entity: user
facts: plays
type: quantile
value: {max: longest}
quantile: 0.9
window: 1d
cuped: none
---
kind: experiment
name: evening
entity: user
exposures: met
measure_until: 2024-01-05
arms: {old: {control: true}, new: {}}
metrics: {minutes: {role: success}, longest: {role: information}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Households of seven, of whose minutes half the variance is shared: a design effect of 4."""
    rng = np.random.default_rng(8)
    minutes = 9 + np.sqrt(0.5) * (np.repeat(rng.normal(size=600), 7) + rng.normal(size=4_200))
    rows = [
        f"{i},h{i // 7},{('old', 'new')[i // 7 % 2]},2024-01-02,{one:.6f},{i % 50}" for i, one in enumerate(minutes)
    ]
    (tmp_path / "users.csv").write_text("\n".join(["user_id,home,arm,day,minutes,longest", *rows]))
    (tmp_path / "twyman.yaml").write_text(FILES)
    return tmp_path / "twyman.yaml"


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["aa", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_clusters_are_named_with_their_design_effect_and_cure(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = json.loads(said(capsys, file, "--by", "household", "--format", "json"))["metrics"]

    assert (found["metric"], found["verdict"], found["cause"]) == ("minutes", "inflated", "clusters")
    assert found["scatter"] == pytest.approx(4, rel=0.2)
    assert found["alarms"]["lower"] > 0.2
    assert found["cure"] == "analyse each household as one: randomised_by: household"


def test_it_is_read_from_the_terminal(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = said(capsys, file)

    assert "evening: 4,200 units dealt to arms 1,000 times by user" in shown
    assert "minutes  trusted" in shown
    assert "where a whole household gets one arm" in " ".join(shown.split())
    assert "longest: not tested: a quantile" in shown
    assert max(map(len, shown.splitlines()[1:])) <= 80


def test_drawn_by_household_the_analysis_is_trusted(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = FILES.replace("name: evening", "name: evening\nrandomised_by: household")
    file.write_text(drawn.replace(", longest: {role: information}", ""))

    found = json.loads(said(capsys, file, "--format", "json"))

    assert (found["of"], found["units"]) == ("household", 600)
    assert found["metrics"][0]["verdict"] == "trusted"
    assert found["metrics"][0]["method"] == "difference-by-cluster"


def test_a_metric_alone_is_dealt_over_everybody(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "minutes", "--folder", file.parent, "--format", "json", "--runs", 200))

    assert (found["experiment"], found["units"], found["runs"]) == ("everybody of met", 4_200, 200)
    assert found["shares"] == [0.5, 0.5]


def test_without_exposures_a_metric_is_dealt_over_everybody_with_facts(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = [part for part in FILES.split("---") if "kind: exposures" not in part and "kind: experiment" not in part]
    file.write_text("---".join(kept))

    found = json.loads(said(capsys, "minutes", "--folder", file.parent, "--format", "json", "--runs", 200))

    assert (found["experiment"], found["units"]) == ("everybody of plays", 4_200)


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["minuts", "--folder", "."], 3, "did you mean 'minutes'?"),
        (["twyman.yaml", "--runs", "5"], 2, "ask for 100 to 100,000"),
        (["twyman.yaml", "--by", "street"], 2, "nothing says which street each user is of"),
    ],
)
def test_what_cant_be_asked_is_refused(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    why: str,
) -> None:
    monkeypatch.chdir(file.parent)

    assert main(["aa", *arguments]) == code
    assert why in capsys.readouterr().err
