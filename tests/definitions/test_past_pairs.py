"""How often surfaces' experiments interacted, as a history says it."""

from pathlib import Path

import pytest

from twyman.definitions import check, load
from twyman.experiments.history import PastPairs

PAIRS = "kind: history\nname: h\npairs:\n  - {surfaces: [home, ads], tested: 40, interacting: 9}\n"


def project(folder: Path, text: str) -> Path:
    (folder / "twyman.yaml").write_text("kind: project\nname: p\n")
    (folder / "history.yaml").write_text(text)
    return folder


def test_pairs_stand_alone_or_beside_results(tmp_path: Path) -> None:
    row = "rows:\n  - {experiment: a, metric: m, lift: 1%, se: 1%, ended: 2024-03-01}\n"

    alone, beside = load(project(tmp_path, PAIRS)).history, load(project(tmp_path, f"{PAIRS}{row}")).history

    assert alone.pairs == beside.pairs == (PastPairs(frozenset({"home", "ads"}), 40, 9),)
    assert (len(alone.results), len(beside.results)) == (0, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[home, ads]", "[]", "pairs are of one surface or two, and 0 are named"),
        ("[home, ads]", "[a, b, c]", "pairs are of one surface or two, and 3 are named"),
        ("tested: 40", "tested: 4", "of 4 pairs of experiments on ads and home, 9 are said to interact"),
        ("interacting: 9", "interacting: -1", "-1 are said to interact"),
    ],
)
def test_what_cant_be_is_refused_at_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    (error,) = check(project(tmp_path, PAIRS.replace(old, new))).errors

    assert said in error.message
    assert error.place is not None
    assert error.place.line == 4


def test_a_history_of_nothing_is_refused_still(tmp_path: Path) -> None:
    (error,) = check(project(tmp_path, "kind: history\nname: h\n")).errors

    assert "neither rows nor a table" in error.message
