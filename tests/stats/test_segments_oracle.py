"""Segments, strata, rates, dependence, A/A counts and trends against R, case by case."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.balance import exact_binomial
from twyman.stats.count import Count, clopper_pearson
from twyman.stats.estimate import Contrast, Estimate
from twyman.stats.interactions import Dependence, dependence
from twyman.stats.moments import Moments
from twyman.stats.over_days import trend
from twyman.stats.rates import RateRatio, central_p, rate_ratio
from twyman.stats.segments import StratifiedOdds, breakdown, mantel_haenszel
from twyman.stats.tails import two_sided

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "misc_r.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
DATA: dict[str, dict[str, list[Any]]] = json.loads((FOLDER / "data.json").read_text()) if FILE.exists() else {}
ELSEWHERE = {"post_stratified_mean", "storey_q"}
"""Methods of other files' tests."""

HERE = {
    "segment_welch",
    "stratified_proportions",
    "assignment_independence",
    "poisson_rate_ratio",
    "aa_calibration_binomial",
    "novelty_trend",
}


def of(method: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["method"] == method]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


@of("segment_welch")
def test_segments_agree_with_rs_t_test(case: Case) -> None:
    table = DATA[case["inputs"]["dataset"]]
    y, t, segment = np.array(table["y"]), np.array(table["t"]), np.array(table["seg"])
    names = sorted(set(table["seg"]))
    arms = [tuple(Moments.of(y[(segment == name) & (t == arm)]) for arm in (1, 0)) for name in names]

    effect = breakdown(arms).effects[names.index(case["inputs"]["segment"])]  # pyright: ignore[reportArgumentType]

    assert isinstance(effect, Estimate)
    ours = (effect.estimate, effect.se, effect.df, effect.p_value, effect.lower, effect.upper)
    theirs = case["expected"]
    assert ours == pytest.approx(
        (theirs["diff"], theirs["se"], theirs["df"], theirs["p_value"], *theirs["ci"]), rel=1e-8
    )


@of("stratified_proportions")
def test_mantel_and_haenszel_agree_with_r(case: Case) -> None:
    """R's p-value is the score test's (`score_p`); its interval goes with the test of the log odds (`p_value`)."""
    strata = [((a, a + b), (c, c + d)) for a, b, c, d in case["inputs"]["tables"]]
    theirs = case["expected"]

    odds = mantel_haenszel(strata)

    assert isinstance(odds, StratifiedOdds)
    ours = (odds.odds_ratio, odds.score, odds.score_p, odds.lower, odds.upper)
    assert ours == pytest.approx((theirs["common_or"], theirs["chi2"], theirs["p_value"], *theirs["ci"]), rel=1e-8)
    corrected = mantel_haenszel(strata, continuity=True)
    assert isinstance(corrected, StratifiedOdds)
    assert corrected.score < odds.score


@of("assignment_independence")
def test_dependence_agrees_with_rs_chisq_test(case: Case) -> None:
    table = DATA[case["inputs"]["dataset"]]
    one, other = np.array(table["e1"]), np.array(table["e2"])
    counts = [[int(np.sum((one == a) & (other == b))) for b in (0, 1)] for a in (0, 1)]

    answer = dependence(counts)

    assert isinstance(answer, Dependence)
    theirs = case["expected"]
    assert (answer.statistic, answer.df, answer.p_value) == pytest.approx(
        (theirs["chi2"], theirs["df"], theirs["p_value"]), rel=1e-8
    )


@of("poisson_rate_ratio")
def test_rates_agree_with_rs_poisson_test(case: Case) -> None:
    """Ratio and interval are R's. Its p-value adds up all outcomes as unlikely, and can contradict its interval;

    ours is twice the smaller tail, which can't. R's is `exact_binomial`, and never the larger by much.
    """
    inputs, theirs = case["inputs"], case["expected"]
    treatment = (inputs["treatment_events"], inputs["treatment_exposure"])
    control = (inputs["control_events"], inputs["control_exposure"])

    rates = rate_ratio(treatment, control)

    assert isinstance(rates, RateRatio)
    assert (rates.ratio, rates.lower, rates.upper) == pytest.approx((theirs["rate_ratio"], *theirs["ci"]), rel=1e-8)
    share = treatment[1] / (treatment[1] + control[1])
    assert exact_binomial(treatment[0], treatment[0] + control[0], share) == pytest.approx(theirs["p_value"], rel=1e-8)
    assert rates.p_value == pytest.approx(theirs["p_value"], rel=0.1)


@of("aa_calibration_binomial")
def test_a_count_of_rejections_agrees_with_rs_binom_test(case: Case) -> None:
    """As with rates: R's interval is ours, its p-value is `exact_binomial`, and ours belongs to the interval."""
    inputs, theirs = case["inputs"], case["expected"]
    found = Count(inputs["rejections"], inputs["simulations"])

    assert clopper_pearson(found) == pytest.approx(tuple(theirs["ci"]), rel=1e-8)
    minlike = exact_binomial(inputs["rejections"], inputs["simulations"], inputs["nominal"])
    assert minlike == pytest.approx(theirs["p_value"], rel=1e-8)
    low, high = theirs["ci"]
    assert (central_p(found, inputs["nominal"]) < 0.05) == (not low <= inputs["nominal"] <= high)


@of("novelty_trend")
def test_a_trend_with_known_variances_agrees_with_rs_weighted_line(case: Case) -> None:
    """Days that are independent indeed: then both weightings are R's."""
    inputs, theirs = case["inputs"], case["expected"]
    for weights in ("wls", "gls"):
        slope = trend(inputs["day"], inputs["effect"], np.square(inputs["se"]), weights=weights)
        assert isinstance(slope, Contrast)

        ours = (slope.estimate, slope.se, slope.statistic, two_sided(slope.statistic)[0])
        names = ("slope", "slope_se_known_variance", "z", "p_value")
        assert ours == pytest.approx(tuple(theirs[name] for name in names), rel=1e-8)


def test_no_p_value_is_above_one() -> None:
    assert central_p(Count(5, 10), 0.5) == 1.0
    assert central_p(Count(0, 10), 0.5) == pytest.approx(2 / 1024)
    assert central_p(Count(10, 10), 0.5) == pytest.approx(2 / 1024)
    assert math.isclose(central_p(Count(70, 1000), 0.05), 0.0069, abs_tol=1e-4)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {case["method"] for case in CASES} <= HERE | ELSEWHERE
