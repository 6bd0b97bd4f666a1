"""Sample ratio against R, tea-tasting, gbstats and Spotify: every case agrees."""

import json
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.balance import Balance, exact_binomial, srm

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "srm_fixed.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
KINDS = ("chi_square", "exact", "tea")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if "control_n" in case["inputs"]:
        return "tea"
    return "exact" if "exact_binomial_p" in case["expected"] else "chi_square"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


@of("chi_square")
def test_chi_square_agrees(case: Case) -> None:
    """Spotify's p-values come from 1 - cdf, and are good to 1e-15 absolute only."""
    inputs, theirs = case["inputs"], case["expected"]
    observed = inputs.get("observed") or inputs.get("users") or inputs["n"]

    ours = srm(observed, inputs["weights"])

    assert isinstance(ours, Balance)
    assert ours.p_value == pytest.approx(theirs["p_value"], rel=1e-9, abs=2e-15 if "n" in inputs else 0)
    assert ours.statistic == pytest.approx(theirs.get("chi2", ours.statistic), rel=1e-9)
    assert ours.df == theirs.get("df", ours.df)


@of("exact")
def test_exact_binomial_agrees_with_r(case: Case) -> None:
    observed, weights = case["inputs"]["observed"], case["inputs"]["weights"]

    ours = exact_binomial(observed[0], sum(observed), weights[0] / sum(weights))

    assert ours == pytest.approx(case["expected"]["exact_binomial_p"], rel=1e-9)


@of("tea")
def test_tea_tasting_is_the_exact_test_or_a_corrected_normal_one(case: Case) -> None:
    """It corrects its normal test for continuity, and takes it from 1,000 units on where left to itself.

    Ours has chi-square without correction (thousands of units) and the exact test (fewer), by name.
    """
    inputs = case["inputs"]
    control, treatment = inputs["control_n"], inputs["treatment_n"]
    n, share = (
        control + treatment,
        inputs["ratio_treatment_over_control"] / (1 + inputs["ratio_treatment_over_control"]),
    )
    if inputs["method"] == "binom" or (inputs["method"] == "auto" and n < 1000):
        assert exact_binomial(treatment, n, share) == pytest.approx(case["expected"]["pvalue"], rel=1e-9)
        return

    gap = max(abs(treatment - n * share) - 0.5, 0.0)
    nudged = srm([n * share + gap, n * (1 - share) - gap], [share, 1 - share])  # pyright: ignore[reportArgumentType]

    assert isinstance(nudged, Balance)
    assert nudged.p_value == pytest.approx(case["expected"]["pvalue"], rel=1e-9)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
