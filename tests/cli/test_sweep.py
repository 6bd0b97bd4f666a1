"""`twyman doubt FOLDER`: every pair of the experiments that run, quiet unless one depends on or changes another."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.studio import EXPERIMENT, PROJECT, SOURCES, write

from twyman.cli.main import main

UNITS = 3_000
START = "surface: start\n"


def folder(
    root: Path, *, twin: bool = False, interacts: bool = False, surfaces: tuple[str, str] = (START, START)
) -> Path:
    """A page and a search, dealt independently; the page's twin; what both together add to each play, if anything."""
    rng = np.random.default_rng(5)
    page, search = rng.random(UNITS) < 0.5, rng.random(UNITS) < 0.5
    dealt = {"page": page, "search": search} | ({"shelf": page} if twin else {})
    write(root / "twyman.yaml", PROJECT.format(also=""))
    write(root / "sources.yaml", SOURCES)
    surface = dict(zip(("page", "search"), surfaces, strict=True))
    for name in dealt:
        write(root / f"{name}.yaml", EXPERIMENT.format(name=name) + surface.get(name, ""))
    met = [
        f"u{unit},{name},{('old', 'new')[int(arms[unit])]},2024-03-01 10:00:00"
        for unit in range(UNITS)
        for name, arms in dealt.items()
    ]
    write(root / "data" / "exposures.csv", "\n".join(["user_id,test,arm,exposed_at", *met, ""]))
    ms = 60_000 * (10 + rng.normal(0, 1, UNITS) + (2.0 if interacts else 0.0) * (page & search))
    played = [f"u{unit},2024-03-02 12:00:00,{ms[unit]:.0f}" for unit in range(UNITS)]
    write(root / "data" / "plays" / "02.csv", "\n".join(["user_id,played_at,ms", *played, ""]))
    return root


def swept(root: Path, capsys: pytest.CaptureFixture[str], *more: str, code: int = 0) -> dict[str, Any]:
    assert main(["doubt", str(root), "--as-of", "2024-03-08", "--format", "json", *more]) == code
    return json.loads(capsys.readouterr().out)


def test_healthy_pairs_get_one_line_each_with_what_would_have_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = swept(folder(tmp_path), capsys)

    assert (found["experiments"], found["pairs"], found["tests"]) == (["page", "search"], 1, 1)
    assert [(check["code"], check["status"]) for check in found["checks"]] == [
        ("coexposure", "ok"),
        ("interactions", "ok"),
    ]
    assert found["checks"][1]["detail"]["mde"][0]["mde"] > 0


def test_twins_are_named_and_fail_a_job_that_wants_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = swept(folder(tmp_path, twin=True), capsys, "--fail-above", "50%", code=10)

    first = found["checks"][0]
    assert (first["code"], first["status"]) == ("aliased", "block")
    assert sorted(first["detail"]["experiments"]) == ["page", "shelf"]
    assert found["pairs"] == 3


@pytest.mark.parametrize(
    ("pairs", "status", "code"), [({"twin": True}, "block", 10), ({"interacts": True}, "warn", 0), ({}, "ok", 0)]
)
@pytest.mark.parametrize("share", ["0%", "90%"])
def test_a_folder_fails_where_any_pair_blocks_whatever_the_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pairs: dict[str, bool], status: str, code: int, share: str
) -> None:
    found = swept(folder(tmp_path, **pairs), capsys, "--fail-above", share, code=code)  # pyright: ignore[reportArgumentType]

    assert found["checks"][0]["status"] == status


def test_a_folder_whose_pairs_block_fails_nothing_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert swept(folder(tmp_path, twin=True), capsys)["checks"][0]["status"] == "block"


def test_help_says_what_fail_above_means_for_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doubt", "--help"])

    said = " ".join(capsys.readouterr().out.split())
    assert (
        "exit with 10 where a fault is likelier than this; of all pairs of a FOLDER, which have no such share: where "
        "any blocks" in said
    )


def test_an_interaction_is_found_with_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = swept(folder(tmp_path, interacts=True), capsys)

    first = found["checks"][0]
    assert (first["code"], first["status"], first["metric"]) == ("interaction", "warn", "minutes")
    assert first["detail"]["estimate"] == pytest.approx(2.0, abs=0.4)


def test_pairs_on_different_surfaces_or_on_none_are_not_asked_for_interactions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart = swept(folder(tmp_path / "apart", surfaces=(START, "surface: search\n"), interacts=True), capsys)
    nowhere = swept(folder(tmp_path / "nowhere", surfaces=("", ""), interacts=True), capsys)

    assert apart["tests"] == nowhere["tests"] == 0


@pytest.mark.parametrize(("interacts", "code"), [(True, "interaction"), (False, "interactions")])
def test_an_analysis_says_whether_a_neighbour_on_its_surface_changes_its_effects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, interacts: bool, code: str
) -> None:
    page = folder(tmp_path, interacts=interacts) / "page.yaml"

    assert main(["analyze", str(page), "--as-of", "2024-03-12", "--format", "json"]) == 0

    checks = json.loads(capsys.readouterr().out)["health"]["checks"]
    (found,) = [check for check in checks if check["code"].startswith("interaction")]
    assert (found["code"], found["status"]) == (code, "warn" if interacts else "ok")


def test_between_looks_where_effects_are_hidden_no_interaction_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder(tmp_path, interacts=True) / "page.yaml"

    assert main(["analyze", str(page), "--as-of", "2024-03-05", "--format", "json"]) == 0

    checks = json.loads(capsys.readouterr().out)["health"]["checks"]
    assert not [check for check in checks if check["code"].startswith("interaction")]


def test_of_a_sealed_experiment_others_are_told_that_it_conflicts_and_whom_to_ask_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = START + "sealed: true\nowner: ada\n"
    root = folder(tmp_path, twin=True, interacts=True, surfaces=(secret, START))

    found = swept(root, capsys)
    assert main(["doubt", str(root), "--as-of", "2024-03-08"]) == 0
    shown = capsys.readouterr()

    assert [(check["status"], check["text"]) for check in found["checks"]] == [
        ("block", "'shelf' conflicts with a sealed experiment: ask its owner (ada)."),
        ("warn", "'search' conflicts with a sealed experiment: ask its owner (ada)."),
    ]
    assert (found["experiments"], found["sealed"], found["pairs"]) == (["search", "shelf"], 1, 3)
    assert "page" not in json.dumps(found)
    assert "page" not in shown.out + shown.err
    assert shown.out.startswith("As of 2024-03-08: 2 experiments and 1 sealed, 3 pairs that share units.")


def test_what_would_have_shown_is_said_without_sealed_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = START + "sealed: true\n"

    found = swept(folder(tmp_path, surfaces=(secret, START)), capsys)

    assert [check["code"] for check in found["checks"]] == ["coexposure", "interactions"]
    assert "page" not in json.dumps(found)


def test_pairs_that_are_not_sealed_are_told_with_their_figures_beside_one_that_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path, twin=True, interacts=True)
    write(root / "shelf.yaml", (root / "shelf.yaml").read_text() + "sealed: true\nowner: ada\n")

    found = swept(root, capsys)

    (known,) = [check for check in found["checks"] if check["code"] == "interaction"]
    assert known["detail"]["experiments"] == ["page", "search"]
    assert known["detail"]["estimate"] == pytest.approx(2.0, abs=0.4)
    assert "shelf" not in json.dumps(found)


def test_what_is_dealt_by_clusters_is_left_out_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path, twin=True)
    for name, known in (
        ("twyman.yaml", "user: {type: string}"),
        ("sources.yaml", "user: user_id}\ntimestamp: exposed"),
    ):
        homes = known.replace("string}", "string}, home: {type: string}").replace("user_id}", "user_id, home: user_id}")
        write(root / name, (root / name).read_text().replace(known, homes))
    shelf = root / "shelf.yaml"
    write(shelf, shelf.read_text() + "randomised_by: home\n")

    found = swept(root, capsys)

    assert found["experiments"] == ["page", "search"]
    (said,) = [check for check in found["checks"] if check["code"] == "left_out"]
    assert (said["status"], said["detail"]["experiments"]) == ("note", ["shelf"])
    assert "dealt by home: 'shelf'" in said["text"]


def test_a_terminal_shows_the_loudest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doubt", str(folder(tmp_path, twin=True)), "--as-of", "2024-03-08"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "As of 2024-03-08: 3 experiments, 3 pairs that share units."
    assert lines[2].startswith("■ ")
    assert all(len(line) <= 120 for line in lines)


def test_a_day_on_which_nothing_runs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doubt", str(folder(tmp_path)), "--as-of", "2024-05-01"]) == 3

    said = capsys.readouterr().err
    assert "0 of 2 experiments run on 2024-05-01" in said
    assert "two: give a day on which they do, as in --as-of 2024-03-12" in said


@pytest.mark.parametrize(
    ("more", "asks"), [("", "{root}/page.yaml"), ("sealed: true\nowner: ada\n", "FOLDER/EXPERIMENT.yaml")]
)
def test_a_folder_with_one_experiment_is_told_how_to_ask_about_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, asks: str
) -> None:
    root = folder(tmp_path)
    (root / "search.yaml").unlink()
    write(root / "page.yaml", (root / "page.yaml").read_text() + more)

    assert main(["doubt", str(root)]) == 3

    said = capsys.readouterr().err
    assert f"name its file, as in twyman doubt {asks.format(root=root)}" in said
    assert "one experiment is defined, and a folder is swept for pairs" in said
    assert "--as-of" not in said
    assert main(["doubt", str(root / "page.yaml")]) == 0


def test_a_folder_without_experiments_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = folder(tmp_path)
    for name in ("page", "search"):
        (root / f"{name}.yaml").unlink()

    assert main(["doubt", str(root)]) == 3

    said = capsys.readouterr().err
    assert "no experiment is defined, and a folder is swept for pairs: define two" in said


def test_two_definitions_of_one_assignment_are_no_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = folder(tmp_path)
    (root / "search.yaml").unlink()
    write(root / "watch.yaml", EXPERIMENT.format(name="watch") + "key: page\n" + START)

    found = swept(root, capsys)

    assert found["experiments"] == ["page", "watch"]
    assert found["pairs"] == 0
    assert {check["status"] for check in found["checks"]} == {"ok"}


def test_one_pair_is_counted_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doubt", str(folder(tmp_path)), "--as-of", "2024-03-08"]) == 0

    assert capsys.readouterr().out.startswith("As of 2024-03-08: 2 experiments, 1 pair that shares units.\n")
