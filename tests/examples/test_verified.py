"""Every example comes out the same by the statement and by the rows."""

import runpy
import shutil
from pathlib import Path

import pytest
from tests.examples.test_published import DATA, EXAMPLES

from twyman.wiring.verification import verify

SMALL = ("lalonde/dehejia-wahba", "lalonde/full-sample", "udacity_free_trial/screener", "udacity_free_trial/sanity")
LARGE = (
    "adsmart/all",
    "adsmart/respondents",
    "cdnow/aa",
    "cdnow/aa-active",
    "cdnow/repeat",
    "cookie_cats/gate",
    "cookie_cats/gate-without-outlier",
    "globox/banner",
    "hillstrom/email",
    "hillstrom/email-welch",
    "lalonde/survey-controls",
    "sparkify/aa",
    "sparkify/aa-without-bot",
    "udacity_ab_data/page",
    "udacity_homepage/homepage",
)
"""One a definition that measures something else; the files beside them differ in how they test."""


@pytest.mark.parametrize("example", [*SMALL, *(pytest.param(one, marks=pytest.mark.slow) for one in LARGE)])
def test_an_example_agrees_with_its_rows(example: str, shared: Path, tmp_path: Path) -> None:
    name, _, experiment = example.partition("/")
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("data", "*.py"))
    shutil.copytree(shared / "data" / DATA[name], folder / "data", copy_function=shutil.copyfile)
    (folder / "data").chmod(0o755)
    if (EXAMPLES / name / "prepare.py").exists():
        runpy.run_path(str(EXAMPLES / name / "prepare.py"))["main"](folder / "data")

    found = verify(folder / f"{experiment}.yaml")

    assert found.agrees, found.today.disagreements[:5]
    assert not found.unverified
    assert found.today.numbers > 20
