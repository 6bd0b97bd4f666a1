"""The sequential test of sample ratio against savvi: every case agrees."""

import json
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.anytime.split import sequential_split
from twyman.stats.balance import Period
from twyman.stats.estimate import NotEstimable

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "srm_sequential.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_bayes_factors_and_running_p_values_agree(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    looks = [[Period(counts, inputs["theta0"])] for counts in inputs["cumulative_counts"]]

    ours = sequential_split(looks, concentrations=[inputs["dirichlet_concentration_k"]])

    assert not isinstance(ours, NotEstimable)
    assert [look.log_bayes_factor for look in ours] == pytest.approx(theirs["log_bayes_factor"], abs=1e-8)
    assert [look.p_value for look in ours] == pytest.approx(theirs["p_value_running_min"], abs=1e-8)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_of_the_one_kind() -> None:
    assert {case["method"] for case in CASES} == {"sequential_multinomial_srm"}
