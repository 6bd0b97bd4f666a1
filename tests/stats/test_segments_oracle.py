"""Segments, strata, rates, dependence, A/A counts and trends against R, case by case."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.balance import exact_binomial
from twyman.stats.count import Count, clopper_pearson
from twyman.stats.estimate import Contrast, Estimate, NotEstimable
from twyman.stats.interactions import Dependence, Interaction, dependence, grid, interaction
from twyman.stats.moments import Moments
from twyman.stats.over_days import trend
from twyman.stats.rates import RateRatio, central_p, rate_ratio
from twyman.stats.segments import Heterogeneity, StratifiedOdds, breakdown, heterogeneity, mantel_haenszel
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


OTHER = "other"
"""Differences between segments, under whatever name."""


def of(method: str) -> pytest.MarkDecorator:
    known = HERE | ELSEWHERE
    chosen = [case for case in CASES if method == (case["method"] if case["method"] in known else OTHER)]
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

    if not treatment[0] + control[0]:  # R calls the ratio's interval everything
        assert isinstance(rates, NotEstimable)
        return
    assert isinstance(rates, RateRatio)
    asked = [math.inf if end is None else end for end in (theirs["rate_ratio"], *theirs["ci"])]
    assert [rates.ratio, rates.lower, rates.upper] == pytest.approx(asked, rel=1e-8)
    share = treatment[1] / (treatment[1] + control[1])
    assert exact_binomial(treatment[0], treatment[0] + control[0], share) == pytest.approx(theirs["p_value"], rel=1e-8)
    assert rates.p_value <= 2 * theirs["p_value"] * (1 + 1e-9)
    low, high = theirs["ci"]
    assert (rates.p_value < 0.05) == (not low <= 1 <= (math.inf if high is None else high))


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


def _segment_arms(inputs: Case) -> list[tuple[Moments, Moments]]:
    table = DATA[inputs.get("dataset", "D1")]
    y, t, segment = np.array(table["y"]), np.array(table["t"]), np.array(table["seg"])
    treated, control = ([Moments.of(y[(segment == s) & (t == arm)]) for s in sorted(set(segment))] for arm in (1, 0))
    return list(zip(treated, control, strict=True))


def _differences(inputs: Case) -> list[dict[str, float | None]]:
    """Every test that segments (or the effects given) are alike: Cochran's, and the model's F with either error."""
    if "dataset" not in inputs:
        errors = inputs.get("se") or inputs.get("ses") or np.sqrt(inputs["variances"])
        effects = [Contrast(y, se, None) for y, se in zip(inputs["estimates"], errors, strict=True)]
        found = heterogeneity(effects)
        assert isinstance(found, Heterogeneity)
        return [_cochran(found)]
    arms = _segment_arms(inputs)
    tests = [_cochran(one) for one in [breakdown(arms).heterogeneity] if isinstance(one, Heterogeneity)]
    for variance in ("const", "hc0", "hc1", "hc2", "hc3"):
        for df in ("residual", "normal"):
            answer = interaction(grid([list(arm) for arm in zip(*arms, strict=True)][::-1], variance=variance), df=df)
            assert isinstance(answer, Interaction)
            read = {"chi2": answer.statistic, "df": answer.df, "df1": answer.df, "df2": answer.residual_df}
            p = {"p_value": answer.p_value, "p": answer.p_value}
            tests.append(read | p | {"F": answer.statistic / answer.df})
    return tests


def _cochran(test: Heterogeneity) -> dict[str, float | None]:
    p = {"p_value": test.p_value, "p": test.p_value, "Q_p": test.p_value}
    return p | {"Q": test.q, "chi2": test.q, "df": test.df, "I2": 100 * test.i2, "common": test.common.estimate}


@of(OTHER)
def test_segments_that_differ_agree_with_one_of_our_tests(case: Case) -> None:
    """Q, or F of the interaction of treatment and segment: whichever it is, its numbers are ours together."""
    theirs = {name: value for name, value in case["expected"].items() if isinstance(value, int | float)}

    agree = [
        len(ours.keys() & theirs.keys())
        for ours in _differences(case["inputs"])
        if all(ours[name] == pytest.approx(theirs[name], rel=1e-8) for name in ours.keys() & theirs.keys())
    ]

    assert max(agree, default=0) >= min(2, len(theirs))


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_the_f_of_segments_is_rs_anova() -> None:
    """R 4.2.2: `anova(lm(y ~ t + seg), lm(y ~ t * seg))` of the first data set: F 3.273330 on 2 and 114, p 0.041470."""
    tests = _differences({"dataset": "D1"})

    assert any(test.get("F") == pytest.approx(3.27333003689257, rel=1e-8) for test in tests)
    assert any(test["p_value"] == pytest.approx(0.0414697241494086, rel=1e-8) for test in tests)


def test_no_p_value_is_above_one() -> None:
    assert central_p(Count(5, 10), 0.5) == 1.0
    assert central_p(Count(0, 10), 0.5) == pytest.approx(2 / 1024)
    assert central_p(Count(10, 10), 0.5) == pytest.approx(2 / 1024)
    assert math.isclose(central_p(Count(70, 1000), 0.05), 0.0069, abs_tol=1e-4)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert not HERE & ELSEWHERE
    assert OTHER not in HERE | ELSEWHERE
