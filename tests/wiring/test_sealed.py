"""An answer to one experiment never names a sealed one that its units met: not in its checks, its doubts or its SQL."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.studio import EXPERIMENT, PROJECT, SOURCES, write

import twyman
from twyman.app.explain_sql import CROSSED, OTHERS
from twyman.cli.main import main
from twyman.report.doubts import json_text, text
from twyman.wiring.all_experiments import analyze_all
from twyman.wiring.explanation import explain

UNITS = 3_000
TOLD = "It conflicts with a sealed experiment: ask its owner (ada)."
SURFACE = "surface: start\n"
SEALED = "sealed: true\nowner: ada\n"
FLAG = """\
kind: flag
name: {name}
schema: bool
variants: {{old: false, new: true}}
default: old
rules: [{{name: test, by: user.id, salt: hush-1, split: {{old: 50%, new: 50%}}, experiment: hush}}]
"""
OWN_TABLE = """\
kind: exposures
name: {name}
table: {name}.csv
entities: {{user: user_id}}
timestamp: exposed_at
arm: arm
"""
NAMES = ("no-ads", "No_Ads", "no ads")


def folder(root: Path, kind: str, *, also: str = SEALED, called: str = "no-ads", name: str = "no-ads") -> Path:
    """A page, and beside it one that is dealt as it is (`aliased`), nearly so (`leak`), or apart.

    Args:
        root: Where.
        kind: How the other is dealt; `alike`: everybody meets one variant; `interacts`: apart, and both together add to
            each play.
        also: What its definition says besides.
        called: What the data call it.
        name: Its name.
    """
    rng = np.random.default_rng(5)
    page, apart = rng.random(UNITS) < 0.5, rng.random(UNITS) < 0.5
    leaks = np.where(rng.random(UNITS) < 0.5, page, apart)
    other = {"aliased": page, "leak": leaks, "alike": np.ones(UNITS, dtype=bool)}.get(kind, apart)
    write(root / "twyman.yaml", PROJECT.format(also=""))
    write(root / "sources.yaml", SOURCES)
    write(root / "page.yaml", EXPERIMENT.format(name="page") + SURFACE)
    write(root / "other.yaml", EXPERIMENT.format(name=name) + SURFACE + also)
    arms = {"page": page, called: other}
    met = [
        f"u{unit},{key},{('old', 'new')[int(dealt[unit])]},2024-03-01 10:00:00"
        for unit in range(UNITS)
        for key, dealt in arms.items()
    ]
    write(root / "data" / "exposures.csv", "\n".join(["user_id,test,arm,exposed_at", *met, ""]))
    ms = 60_000 * (10 + rng.normal(0, 1, UNITS) + (2.0 if kind == "interacts" else 0.0) * (page & other))
    played = [f"u{unit},2024-03-02 12:00:00,{ms[unit]:.0f}" for unit in range(UNITS)]
    write(root / "data" / "plays" / "02.csv", "\n".join(["user_id,played_at,ms", *played, ""]))
    return root


def apart_in_a_table(root: Path) -> Path:
    """Move the other's exposures into a table of its own, in arms of its own."""
    header, *rows = (root / "data" / "exposures.csv").read_text().splitlines()
    for table, kept in (("exposures", "page"), ("no-ads", "no-ads")):
        write(root / "data" / f"{table}.csv", "\n".join([header, *(row for row in rows if f",{kept}," in row), ""]))
    own = root / "data" / "no-ads.csv"
    write(own, own.read_text().replace(",old,", ",on,").replace(",new,", ",off,"))
    write(root / "table.yaml", OWN_TABLE.format(name="no-ads"))
    other = (root / "other.yaml").read_text().replace("exposures: exposures", "exposures: no-ads")
    arms = other.replace("{old: {control: true}, new: {}}", "{on: {control: true}, off: {}}")
    write(root / "other.yaml", arms.replace("name: no-ads", "name: hush"))
    return root


def told(root: Path) -> tuple[dict[str, Any], str]:
    """Return the answer, and all that is said anywhere of it."""
    analysis = twyman.analyze(root / "page.yaml", as_of="2024-03-12")
    doubts = (text(analysis.answer, width=100), json_text(analysis.answer))
    said = (analysis.to_text(width=100), analysis.to_html(), analysis.to_json(), *doubts)
    return analysis.to_dict(), "\n".join(said)


@pytest.mark.parametrize(("kind", "status"), [("aliased", "block"), ("leak", "block"), ("interaction", "warn")])
def test_whoever_conflicts_with_a_sealed_experiment_is_told_how_loudly_and_whom_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, status: str
) -> None:
    dealt = "interacts" if kind == "interaction" else kind
    root = folder(tmp_path / "sealed", dealt)

    answer, said = told(root)
    for command in ("doubt", "analyze"):
        assert main([command, str(root / "page.yaml"), "--as-of", "2024-03-12"]) == 0
    read = capsys.readouterr()
    said += read.out + read.err

    checks = answer["health"]["checks"]
    (found,) = [check for check in checks if check["text"] == TOLD]
    assert (found["code"], found["status"]) == (kind, status)
    assert (found["p_value"], found["metric"], found["arm"], found["detail"]) == (None, None, None, {})
    (doubt,) = [one for one in answer["dossier"]["doubts"] if one["text"] == TOLD]
    assert (doubt["p_value"], doubt["metric"], doubt["detail"]) == (None, None, {})
    assert not [name for name in NAMES if name in said]


@pytest.mark.parametrize("kind", ["aliased", "leak", "interacts", "apart"])
def test_what_is_sealed_weighs_as_what_is_not(tmp_path: Path, kind: str) -> None:
    sealed, _ = told(folder(tmp_path / "sealed", kind))
    known, said = told(folder(tmp_path / "known", kind, also="owner: ada\n"))

    weighed, plain = sealed["dossier"], known["dossier"]
    assert weighed["probability"] == pytest.approx(plain["probability"], rel=1e-9)  # sums differ in their last digits
    for what, value in (("doubts", "likelihood_ratio"), ("causes", "probability")):
        assert [one["cause"] for one in weighed[what]] == [one["cause"] for one in plain[what]]
        assert [one[value] for one in weighed[what]] == pytest.approx([one[value] for one in plain[what]], rel=1e-9)
    assert sealed["verdict"]["action"] == known["verdict"]["action"]
    assert [check["status"] for check in sealed["health"]["checks"]] == [
        check["status"] for check in known["health"]["checks"]
    ]
    assert "no-ads" in said


def test_a_reason_to_hold_names_nothing_sealed(tmp_path: Path) -> None:
    answer, _ = told(folder(tmp_path, "aliased"))

    assert answer["verdict"]["action"] == "hold"
    assert ("aliased", TOLD) in [(reason["code"], reason["text"]) for reason in answer["verdict"]["reasons"]]


@pytest.mark.parametrize("kind", ["aliased", "leak", "interacts"])
def test_a_sealed_experiment_is_known_by_its_key_its_flag_and_its_table(tmp_path: Path, kind: str) -> None:
    keyed = folder(tmp_path / "keyed", kind, also=f"{SEALED}key: no-ads\n", name="hush")
    flagged = folder(tmp_path / "flagged", kind, also=f"{SEALED}flag: no-ads\n", name="hush")
    write(flagged / "flag.yaml", FLAG.format(name="no-ads"))
    in_table = apart_in_a_table(folder(tmp_path / "table", kind))

    for root in (keyed, flagged, in_table):
        answer, said = told(root)
        assert not [name for name in (*NAMES, "hush") if name in said], root.name
        conflicts = [check for check in answer["health"]["checks"] if check["text"] == TOLD]
        is_known = root != flagged or kind != "interacts"  # what the data call after its flag, is on no surface
        assert len(conflicts) == int(is_known), root.name


def test_the_closest_of_many_flags_is_not_told_where_it_is_sealed(tmp_path: Path) -> None:
    answer, said = told(folder(tmp_path, "apart"))

    (quiet,) = [check for check in answer["health"]["checks"] if check["code"] == "coexposure"]
    assert (quiet["status"], quiet["p_value"], quiet["detail"]["closest"]) == ("ok", None, None)
    (crossed,) = [check for check in answer["health"]["checks"] if check["code"] == "interactions"]
    assert crossed["detail"]["mde"] == []
    assert "no-ads" not in said


def test_a_sealed_experiment_that_reached_all_alike_is_not_named_either(tmp_path: Path) -> None:
    _, said = told(folder(tmp_path, "alike"))

    assert "no-ads" not in said


def test_a_neighbour_that_is_not_sealed_is_named_with_its_figures_beside_one_that_is(tmp_path: Path) -> None:
    root = folder(tmp_path, "aliased")
    exposures = root / "data" / "exposures.csv"
    shelf = [row.replace(",page,", ",shelf,") for row in exposures.read_text().splitlines() if ",page," in row]
    write(exposures, exposures.read_text() + "\n".join([*shelf, ""]))
    write(root / "shelf.yaml", EXPERIMENT.format(name="shelf"))

    answer, said = told(root)

    aliased = [check for check in answer["health"]["checks"] if check["code"] == "aliased"]
    assert sorted((check["text"] == TOLD, check["detail"].get("flag")) for check in aliased) == [
        (False, "shelf"),
        (True, None),
    ]
    assert "no-ads" not in said


@pytest.mark.parametrize(
    ("kind", "code", "detail"),
    [("aliased", "aliased", {"flag": "page"}), ("interacts", "interaction", {"experiments": ["no-ads", "page"]})],
)
def test_whoever_asks_for_a_sealed_experiment_sees_it_and_what_it_met(
    tmp_path: Path, kind: str, code: str, detail: dict[str, object]
) -> None:
    root = folder(tmp_path, kind)

    answer = twyman.analyze(root / "other.yaml", as_of="2024-03-12").to_dict()

    assert answer["experiment"] == "no-ads"
    (found,) = [check for check in answer["health"]["checks"] if check["code"] == code]
    assert detail.items() <= found["detail"].items()


def test_with_all_experiments_of_a_folder_the_others_answers_name_nothing_sealed(tmp_path: Path) -> None:
    found = analyze_all(folder(tmp_path, "interacts"), as_of="2024-03-12")

    (page,) = [one.answer for one in found if one.experiment == "page"]
    assert page is not None
    assert "no-ads" not in json.dumps(page.to_dict(), default=str)


def test_statements_that_would_name_it_are_shown_by_their_purpose_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for root, left_out in (
        (folder(tmp_path / "shared", "interacts"), {CROSSED}),
        (apart_in_a_table(folder(tmp_path / "table", "interacts")), {CROSSED, OTHERS}),
    ):
        shown = explain(root / "page.yaml", as_of="2024-03-12")
        assert {one.purpose for one in shown if one.sealed} == left_out
        assert all(not one.sql for one in shown if one.sealed)
        (crossed,) = [one for one in shown if one.purpose == CROSSED]
        assert crossed.only_if.endswith("those of a sealed experiment that are so")
        for command in (["sql"], ["analyze", "--explain"]):
            assert main([*command, str(root / "page.yaml"), "--as-of", "2024-03-12"]) == 0
        said = capsys.readouterr().out
        assert "-- it names a sealed experiment" in said
        assert not [name for name in (*NAMES, "hush") if name in said]
