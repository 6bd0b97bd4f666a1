"""The whole way of an always-valid plan: files in, looks kept, a verdict that stands, and the words that say so."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.cli.main import main

FILES = {
    "twyman.yaml": "kind: project\nname: music\nwarehouse: {engine: duckdb, path: data/}\n"
    "entities: {user: {type: string}}\n",
    "sources.yaml": """\
kind: exposures
name: exposures
table: exposures.csv
entities: {user: user_id}
timestamp: exposed_at
experiment: test
arm: arm
---
kind: facts
name: plays
table: plays.csv
entities: {user: user_id}
timestamp: played_at
measures: {minutes: minutes}
settle: 1d
---
kind: metric
name: listening
title: Minutes listened
type: mean
facts: plays
value: {sum: minutes}
window: 2d
""",
    "page.yaml": """\
kind: experiment
name: page
exposures: exposures
arms: {old: {control: true}, new: {}}
enrol: {from: 2015-01-05}
metrics: {listening: {role: success}}
analysis:
  sequential: {always-valid: {tuned_for: 1200}, looks: 4d}
""",
}
"""No end, no planned units, no effect it is sized for."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 users a day and arm for 20 days; each plays once, a day after they came: 30 minutes, in new 34."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    rng, exposures, plays = np.random.default_rng(3), ["user_id,exposed_at,test,arm"], ["user_id,played_at,minutes"]
    for day in range(20):
        for number in range(80):
            user, arm = f"u{day}-{number}", ("old", "new")[number % 2]
            minutes = rng.normal(34 if arm == "new" else 30, 10)
            exposures.append(f"{user},2015-01-{5 + day:02} 10:00:00+00:00,page,{arm}")
            plays.append(f"{user},2015-01-{6 + day:02} 09:00:00+00:00,{minutes:.3f}")
    (tmp_path / "data" / "exposures.csv").write_text("\n".join(exposures) + "\n")
    (tmp_path / "data" / "plays.csv").write_text("\n".join(plays) + "\n")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def answer(project: Path, day: str) -> dict[str, Any]:
    file = project / "answer.json"
    assert main(["analyze", "page.yaml", "--as-of", day, "--format", "json", "--output", str(file)]) == 0
    return json.loads(file.read_text())


def test_it_needs_no_end_and_what_crossed_stays_crossed(project: Path) -> None:
    early, later = answer(project, "2015-01-09"), answer(project, "2015-01-25")

    first, last = (said["results"][0] for said in (early, later))
    assert early["verdict"]["action"] == "continue"
    assert "too early: bounds that hold at any look begin at 100 units" in early["verdict"]["reasons"][0]["text"]
    assert first["decision"]["bound"] is None
    assert first["relative"]["repeated"]["reason"]["code"] == "too_early"
    assert later["verdict"]["action"] == "ship"
    assert later["look"] | {"cutoff": None} == {
        "number": 5, "planned": None, "cutoff": None, "information": None, "reconstructed": False,
        "final": False, "between": False, "next": "2015-01-29T00:00:00Z", "kept": True,
    }  # fmt: skip
    assert last["method"]["sequential"] == "always-valid"
    assert last["decision"]["crossed_at"] < 5
    assert last["decision"]["alpha_spent"] == last["decision"]["alpha"] == 0.05
    assert last["decision"]["p_value"] <= last["absolute"]["repeated"]["p_value"] <= 0.05
    assert later["settings"]["sequential"] == "always-valid, tuned for 1,200 units"
    assert len(list((project / "data/.twyman/looks/page").iterdir())) == 5


@pytest.mark.usefixtures("project")
def test_the_terminal_and_the_page_say_that_bounds_hold_at_any_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "page.yaml", "--as-of", "2015-01-25"]) == 0
    shown = capsys.readouterr().out
    assert "look 5, bounds hold at any look" in " ".join(shown.split())
    assert "SHIP" in shown

    assert main(["analyze", "page.yaml", "--as-of", "2015-01-25", "--format", "html", "--output", "page.html"]) == 0
    page = Path("page.html").read_text()
    assert "bounds hold at any look" in page
    assert "always-valid, tuned for 1,200 units" in page


def test_what_it_is_tuned_for_may_not_change_after_a_look(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(project, "2015-01-09")
    (project / "page.yaml").write_text(FILES["page.yaml"].replace("1200", "900"))

    assert main(["analyze", "page.yaml", "--as-of", "2015-01-13"]) == 4
    assert "the plan of 'page' has changed since its first look" in capsys.readouterr().err


def test_a_plan_that_is_tuned_for_nothing_is_refused_where_it_stands(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "page.yaml").write_text(FILES["page.yaml"].replace("{tuned_for: 1200}", "{}"))

    assert main(["check", "page.yaml"]) == 2
    said = capsys.readouterr().out
    assert "page.yaml:8" in said
    assert "add units, or write {always-valid: {tuned_for: 160000}}" in said
