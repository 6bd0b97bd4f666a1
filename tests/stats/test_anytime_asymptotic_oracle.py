"""Asymptotic confidence sequences against gbstats: every case agrees, from the moments where ours are theirs."""

import json
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.anytime.boundary import Asymptotic
from twyman.stats.anytime.sequence import difference, lift
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Contrast, Estimate
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.proportion import proportions
from twyman.stats.ratio import ratios

Case = dict[str, Any]

FILE = (
    Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "anytime_asymptotic_cs_gbstats.json"
)
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
KINDS = ("two_sided", "one_sided")
CLAMP = 0.4999


def kind_of(case: Case) -> str:
    return {
        "asymptotic_confidence_sequence": "two_sided",
        "asymptotic_confidence_sequence_one_sided": "one_sided",
    }[case["method"]]


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _sums(n: int, first: Case, second: Case, product: float) -> Moments:
    crossed = [[first["sum_squares"], product], [product, second["sum_squares"]]]
    return Moments.from_sums(n, [first["sum"], second["sum"]], crossed)


def _arm(given: Case) -> Moments:
    n = given["n"]
    if given["type"] == "RatioStatistic":
        return _sums(n, given["m_statistic"], given["d_statistic"], given["m_d_sum_of_products"])
    if given["type"] == "RegressionAdjustedStatistic":
        return _sums(n, given["post_statistic"], given["pre_statistic"], given["post_pre_sum_of_products"])
    return Moments.from_sums(n, [given["sum"]], [[given.get("sum_squares", given["sum"])]])


def _pair(inputs: Case) -> Pair | None:
    """Compare the arms as gbstats does, where we have that comparison: from moments, without quantiles."""
    kind = inputs["control"]["type"]
    compare = {"SampleMeanStatistic": means, "ProportionStatistic": proportions, "RatioStatistic": ratios}
    if kind in compare:
        pair = compare[kind](_arm(inputs["treatment"]), _arm(inputs["control"]), test="wald")
    elif kind == "RegressionAdjustedStatistic" and inputs["difference"] == "absolute":
        answer = adjusted(_arm(inputs["treatment"]), _arm(inputs["control"]), theta="pooled", test="wald")
        assert isinstance(answer, Adjusted)
        pair = answer.pair
    else:  # quantiles, whose pair isn't made of moments, and lifts of which theirs have the unadjusted baseline
        return None
    assert isinstance(pair, Pair)
    return pair


def _read(pair: Pair, inputs: Case, plan: Asymptotic, **sides: int) -> Estimate:
    if inputs["difference"] == "absolute":
        answer = difference(pair, plan, alpha=inputs["alpha"], **sides)
    else:
        answer = lift(pair, plan, alpha=inputs["alpha"], method="delta", **sides)
    assert isinstance(answer, Estimate)
    return answer


@of("two_sided")
def test_the_bound_and_the_p_value_agree(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    plan = Asymptotic.tuned_for(inputs["tuning_n"], alpha=inputs["alpha"])
    contrast = Contrast(theirs["estimate"], theirs["se"], None)

    reach = plan.critical(contrast, inputs["n_total"], inputs["alpha"]) * contrast.se

    assert plan.rate**0.5 == pytest.approx(theirs["rho"], rel=1e-9)
    ends = [contrast.estimate - reach, contrast.estimate + reach]
    assert ends == pytest.approx(theirs["ci"], rel=1e-9)
    log_p = plan.log_p(contrast, inputs["n_total"])
    assert 2.718281828459045**log_p == pytest.approx(theirs["p_value"], rel=1e-8)


@of("two_sided")
def test_it_is_read_off_moments(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    pair = _pair(inputs)
    if pair is None:
        assert inputs["control"]["type"].startswith(("Quantile", "RegressionAdjusted"))
        return

    ours = _read(pair, inputs, Asymptotic.tuned_for(inputs["tuning_n"], alpha=inputs["alpha"]))

    assert pair.treatment_units + pair.control_units == inputs["n_total"]
    answer = [ours.estimate, ours.se, ours.lower, ours.upper, ours.p_value]
    assert answer == pytest.approx([theirs["estimate"], theirs["se"], *theirs["ci"], theirs["p_value"]], rel=1e-8)


@of("one_sided")
def test_one_sided_intervals_agree_and_p_values_where_theirs_are_not_cut_off(case: Case) -> None:
    """Theirs searches by halves, stops where its bound is near zero, and at 0.4999; ours is the closed form.

    So theirs leaves a bound of up to a ten-thousandth of the estimate, where ours leaves none.
    """
    inputs, theirs = case["inputs"], case["expected"]
    plan = Asymptotic.tuned_for(inputs["tuning_n"], alpha=inputs["alpha"], sides=1)
    pair = _pair(inputs)
    assert pair is not None

    ours = _read(pair, inputs, plan, sides=1, improving=1 if inputs["side"] == "greater" else -1)

    assert plan.rate**0.5 == pytest.approx(theirs["rho"], rel=1e-9)
    assert ours.estimate == pytest.approx(theirs["estimate"], rel=1e-9)
    for end, expected in zip((ours.lower, ours.upper), theirs["ci"], strict=True):
        assert end is expected is None or end == pytest.approx(expected, rel=1e-9)
    if theirs["p_value_bisection"] >= CLAMP:
        assert ours.p_value >= CLAMP
        return
    assert ours.p_value == pytest.approx(theirs["p_value_bisection"], abs=3e-4)
    bounds = [
        plan.critical(pair.contrast(), inputs["control"]["n"] + inputs["treatment"]["n"], p, sides=1)
        for p in (ours.p_value, theirs["p_value_bisection"])
    ]
    assert bounds[0] == pytest.approx(abs(ours.statistic), rel=1e-12)
    assert bounds[1] == pytest.approx(abs(ours.statistic), rel=1e-3)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
