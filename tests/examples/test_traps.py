"""Every trap of the public data sets is among the first three doubts; healthy sets raise none.

The traps are those that the data's own description lists.
"""

import json
import runpy
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.examples.test_published import DATA, EXAMPLES

from twyman.cli import main

Json = dict[str, Any]
Doubting = Callable[[str, str], Json]

AMONG = 3
"""How far down a reader looks."""

TRAPS = [
    ("cookie_cats", "gate", "srm", "44,700"),
    ("cookie_cats", "gate", "srm", "0.0086"),
    ("cookie_cats", "gate", "dominant_unit", "49,854"),
    ("udacity_ab_data", "page", "rows", "3,893"),
    ("udacity_ab_data", "page", "rows", "1,895 units stand in two arms"),
    ("udacity_free_trial", "screener", "immature", "14 of 37 days"),
    ("udacity_homepage", "homepage", "rows", "1,860 of 8,188"),
    ("adsmart", "respondents", "filter", "16.4 %"),
    ("adsmart", "respondents", "filter", "(p = 0.0125)"),
    ("adsmart", "respondents", "stray_rows", "1 of 8,078"),
    ("globox", "banner", "sparse_facts", "2,233 rows"),
    ("globox", "banner", "sparse_facts", "4.28 % of units have a fact in 'purchases', and the others count, too"),
    ("globox", "banner", "sparse_facts", "139 have more than one"),
    ("sparkify", "aa", "dominant_unit", "1261737"),
    ("sparkify", "aa", "dominant_unit", "songs_per_session"),
    ("sparkify", "aa", "dominant_unit", "158,115"),
    ("lalonde", "survey-controls", "srm", "2,490"),
]
HEALTHY = [("hillstrom", "email"), ("cdnow", "aa"), ("cdnow", "repeat")]


@pytest.fixture(scope="session")
def doubting(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Doubting:
    """Doubt an example's experiment by the command line; return the dossier it writes."""

    @cache
    def project(name: str) -> Path:
        folder = tmp_path_factory.mktemp("traps") / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("data", "*.py"))
        (folder / "data").mkdir()
        for file in (shared / "data" / DATA[name]).iterdir():
            (folder / "data" / file.name).symlink_to(file)
        if (EXAMPLES / name / "prepare.py").exists():
            runpy.run_path(str(EXAMPLES / name / "prepare.py"))["main"](folder / "data")
        return folder

    @cache
    def run(name: str, experiment: str) -> Json:
        folder = project(name)
        output = folder / f"{experiment}.json"
        asked = ["doubt", str(folder / f"{experiment}.yaml"), "--format", "json", "--output", str(output)]
        assert main(asked) == 0
        return json.loads(output.read_text())["dossier"]

    return run


@pytest.mark.parametrize(("name", "experiment", "code", "says"), TRAPS)
def test_a_trap_is_among_the_first_three_doubts(
    doubting: Doubting, name: str, experiment: str, code: str, says: str
) -> None:
    first = doubting(name, experiment)["doubts"][:AMONG]

    assert any(doubt["code"] == code and says in doubt["text"] for doubt in first), [doubt["text"] for doubt in first]


@pytest.mark.parametrize(("name", "experiment"), HEALTHY)
def test_a_healthy_set_raises_nothing(doubting: Doubting, name: str, experiment: str) -> None:
    found = doubting(name, experiment)

    assert found["doubts"] == []
    assert found["probability"] < found["prior"]
