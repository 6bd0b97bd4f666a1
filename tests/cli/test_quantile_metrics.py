"""Quantiles from files to verdict: over facts and over units, in every role, by country, over looks."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.cli.main import main
from twyman.stats.lift import absolute, relative
from twyman.stats.pair import Pair
from twyman.stats.quantile import Clustered, quantiles

FILES = {
    "twyman.yaml": "kind: project\nname: music\nwarehouse: {engine: duckdb, path: data/}\n"
    "entities: {user: {type: string}}\n",
    "sources.yaml": """\
kind: exposures
name: exposures
table: exposures.csv
entities: {user: user_id}
timestamp: exposed_at
arm: arm
---
kind: facts
name: loads
table: loads.csv
entities: {user: user_id}
timestamp: loaded_at
measures: {ms: ms}
settle: 1d
---
kind: attributes
name: profile
table: users.csv
entities: {user: user_id}
columns: [country]
---
kind: metric
name: p90
title: Slow loads
type: quantile
quantile: 90%
facts: loads
value: {each: ms}
window: 2d
direction: decrease
---
kind: metric
name: typical
type: quantile
quantile: 50%
facts: loads
value: {max: ms}
missing: drop
window: 2d
direction: decrease
---
{kind: metric, name: worst, type: quantile, quantile: 99.9%, facts: loads, value: {max: ms}, missing: drop, window: 2d}
---
{kind: metric, name: tied, type: quantile, quantile: 50%, facts: loads, value: {count: "*"}, window: 2d}
""",
    "page.yaml": """\
kind: experiment
name: page
exposures: exposures
arms: {old: {control: true}, new: {}}
enrol: {from: 2015-01-05, until: 2015-01-25}
measure_until: 2015-01-27
metrics:
  p90: {role: success, mde: 5%}
  typical: {role: guardrail, margin: 5%}
  worst: {role: must_not_move}
  tied: {role: information}
dimensions: [country]
""",
}
SEQUENTIAL = "analysis: {sequential: {spending: obrien-fleming, looks: 4d}}\n"
Loads = list[tuple[str, float]]


@pytest.fixture(scope="module")
def loads() -> dict[str, Loads]:
    """Some four loads a user, who differ more from each other than loads of one do; in new 20 % faster."""
    rng, found = np.random.default_rng(7), dict[str, Loads](old=[], new=[])
    for number in range(1200):
        arm, level = ("old", "new")[number % 2], rng.normal(5.5, 0.4)
        faster = 0.8 if arm == "new" else 1.0
        for _ in range(1 + rng.poisson(3)):
            found[arm].append((f"u{number}", round(faster * float(np.exp(level + rng.normal(0, 0.2))), 3)))
    return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loads: dict[str, Loads]) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    tables = {"exposures": ["user_id,exposed_at,arm"], "loads": ["user_id,loaded_at,ms"], "users": ["user_id,country"]}
    for number in range(1200):
        day, user = 5 + number // 60, f"u{number}"
        tables["exposures"].append(f"{user},2015-01-{day:02} 10:00:00+00:00,{('old', 'new')[number % 2]}")
        tables["users"].append(f"{user},{('NZ', 'SE')[number // 2 % 2]}")
    for user, ms in (each for arm in loads.values() for each in arm):
        tables["loads"].append(f"{user},2015-01-{6 + int(user[1:]) // 60:02} 09:00:00+00:00,{ms}")
    for name, lines in tables.items():
        (tmp_path / "data" / f"{name}.csv").write_text("\n".join(lines) + "\n")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def answer(project: Path, day: str = "2015-01-27") -> dict[str, Any]:
    file = project / "answer.json"
    assert main(["analyze", "page.yaml", "--as-of", day, "--format", "json", "--output", str(file)]) == 0
    return json.loads(file.read_text())


def rows_of(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["metric"]: row for row in said["results"] if row["segment"] is None}


def test_a_quantile_over_facts_decides_by_the_clustered_error(project: Path, loads: dict[str, Loads]) -> None:
    said = answer(project)
    row = rows_of(said)["p90"]
    sides = [Clustered([ms for _, ms in loads[arm]], [user for user, _ in loads[arm]]) for arm in ("new", "old")]
    pair = quantiles(sides[0], sides[1], 0.9)
    assert isinstance(pair, Pair)
    expected = absolute(pair)

    assert row["absolute"]["estimate"] == pytest.approx(expected.estimate, rel=1e-9)
    assert row["absolute"]["se"] == pytest.approx(expected.se, rel=1e-9)
    assert row["absolute"]["fixed"]["p_value"] == pytest.approx(expected.p_value, rel=1e-6)
    assert row["relative"]["fixed"]["lower"] == pytest.approx(getattr(relative(pair), "lower"), rel=1e-9)  # noqa: B009
    assert row["control"] | {"mean": 0} == row["control"] | {"units": 600, "mean": 0, "sd": None}
    assert row["control"]["mean"] == pytest.approx(pair.control)
    assert row["method"] | {"lift": ""} == {
        "estimate": "quantile-clustered", "test": "wald", "lift": "", "sequential": "fixed", "cap": None,
    }  # fmt: skip
    assert (row["decision"]["state"], said["verdict"]["action"]) == ("superior", "ship")
    assert (row["covariates"], row["variance_reduction"]) == ([], None)


def test_each_role_has_its_test_and_what_cannot_be_told_says_why(project: Path) -> None:
    said = answer(project)
    rows = rows_of(said)

    assert rows["typical"]["decision"]["state"] == "non_inferior"
    assert rows["typical"]["method"]["estimate"] == "quantile"
    assert (rows["worst"]["reason"]["code"], rows["tied"]["reason"]["code"]) == ("too_extreme", "tied")
    assert (rows["tied"]["control"]["units"], rows["tied"]["control"]["mean"]) == (600, None)
    settings = said["settings"]["metrics"]["p90"]
    assert (settings["type"], settings["quantile"], settings["of"]) == ("quantile", 0.9, "facts")
    assert not [series for series in said["series"] if series["metric"] == "p90"]


def test_each_country_has_quantiles_of_its_own(project: Path, loads: dict[str, Loads]) -> None:
    rows = [row for row in answer(project)["results"] if row["metric"] == "p90" and row["segment"]]
    swedes = {arm: [each for each in loads[arm] if int(each[0][1:]) // 2 % 2] for arm in loads}
    sides = [Clustered([ms for _, ms in swedes[arm]], [user for user, _ in swedes[arm]]) for arm in ("new", "old")]
    pair = quantiles(sides[0], sides[1], 0.9)

    assert [row["segment"]["value"] for row in rows] == ["NZ", "SE"]
    assert isinstance(pair, Pair)
    assert rows[1]["absolute"]["se"] == pytest.approx(pair.contrast().se, rel=1e-9)


def test_looks_add_up_and_are_read_back_as_they_were(project: Path) -> None:
    (project / "page.yaml").write_text(FILES["page.yaml"] + SEQUENTIAL)
    first = answer(project, "2015-01-27")
    again = answer(project, "2015-01-27")

    row = rows_of(first)["p90"]
    assert first["results"] == again["results"]
    assert row["method"]["sequential"] == "group"
    assert row["decision"]["crossed_at"] is not None
    assert [point["look"] for point in first["series"][0]["points"]] == list(range(1, first["look"]["number"] + 1))


@pytest.mark.usefixtures("project")
def test_the_terminal_and_the_page_show_a_quantile(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "page.yaml", "--as-of", "2015-01-27"]) == 0
    assert "Slow loads" in capsys.readouterr().out
    assert main(["analyze", "page.yaml", "--as-of", "2015-01-27", "--format", "html", "--output", "page.html"]) == 0
    assert "Slow loads" in Path("page.html").read_text()
