"""Means against R, scipy, statsmodels and gbstats: each case agrees, or is named with the convention that differs."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.difference import means
from twyman.stats.estimate import Contrast, Estimate
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair, welch_df
from twyman.stats.ranks import RankTest, mann_whitney
from twyman.stats.tails import two_sided, upper_tail

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "means_tests.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
KINDS = ("agrees", "shifted_null", "equivalence", "ranks", "gb_mean", "gb_proportion")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if case["method"] == "fixed_horizon_t":
        return "gb_proportion" if _is_proportion(case) else "gb_mean"
    if case["method"] == "tost":
        return "equivalence"
    if "statistic_W_treatment" in case["expected"]:
        return "ranks"
    return "shifted_null" if case["inputs"].get("null_difference") else "agrees"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _is_proportion(case: Case) -> bool:
    return case["inputs"]["control"]["type"] == "ProportionStatistic"


def _arm(inputs: Case, arm: str) -> Moments:
    given = inputs.get(arm)
    if isinstance(given, list):
        return Moments.of(given)
    if isinstance(given, dict):
        return Moments.from_sums(given["n"], [given["sum"]], [[given.get("sum_squares", given["sum"])]])
    n, sd = inputs[f"n_{arm}"], inputs[f"sd_{arm}"]
    return Moments(n, [inputs[f"mean_{arm}"]], [[sd * sd * (n - 1)]])


def _test(inputs: Case) -> str:
    return "student" if inputs.get("equal_var") or inputs.get("usevar") == "pooled" else "welch"


def _pair(inputs: Case) -> Pair:
    pair = means(_arm(inputs, "treatment"), _arm(inputs, "control"), test=_test(inputs))
    assert isinstance(pair, Pair)
    return pair


def _side(inputs: Case) -> str:
    asked = inputs.get("alternative") or inputs.get("test") or "two.sided"
    return "two" if asked.startswith("two") else "lower" if asked.endswith("greater") else "upper"


def _answer(pair: Pair, side: str, alpha: float, *, scale: str = "absolute") -> dict[str, Any]:
    """One-sided answers are the two-sided ones at twice the alpha, with one end left out."""
    width = alpha if side == "two" else 2 * alpha
    effect = absolute(pair, alpha=width) if scale == "absolute" else relative(pair, alpha=width, method="delta")
    assert isinstance(effect, Estimate)
    tails = {"lower": upper_tail(effect.statistic, effect.df), "upper": upper_tail(-effect.statistic, effect.df)}
    return {
        "diff": effect.estimate,
        "estimate": effect.estimate,
        "se": effect.se,
        "stderr": effect.se,
        "statistic": effect.statistic,
        "df": effect.df,
        "p_value": tails.get(side, effect.p_value),
        "ci": [None if side == "upper" else effect.lower, None if side == "lower" else effect.upper],
    }


def _agrees(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for name, value in theirs.items():
        yours, mine = (value, ours[name]) if isinstance(value, list) else ([value], [ours[name]])
        assert [end is None for end in mine] == [end is None for end in yours], name
        assert [end or 0.0 for end in mine] == pytest.approx([end or 0.0 for end in yours], rel=1e-9, abs=1e-14), name


@of("agrees")
def test_welch_and_student_agree_with_r_and_scipy(case: Case) -> None:
    inputs = case["inputs"]

    ours = _answer(_pair(inputs), _side(inputs), 1 - inputs.get("confidence", 0.95))

    _agrees(ours, case["expected"])


@of("shifted_null")
def test_a_null_difference_other_than_zero_shifts_the_treatment(case: Case) -> None:
    inputs, null = case["inputs"], case["inputs"]["null_difference"]
    treatment = _arm(inputs, "treatment")
    shifted = Moments(treatment.count, treatment.means - null, treatment.products)
    moved = means(shifted, _arm(inputs, "control"), test=_test(inputs))
    assert isinstance(moved, Pair)

    ours = _answer(moved, _side(inputs), 1 - inputs.get("confidence", 0.95))

    ends = [None if end is None else end + null for end in ours["ci"]]
    both = {"ci": ends, "ci_lower": ends[0], "ci_upper": ends[1], "diff": ours["diff"] + null}
    _agrees(ours | both, case["expected"])


@of("equivalence")
def test_two_one_sided_tests_are_two_shifted_ones(case: Case) -> None:
    inputs = case["inputs"]
    contrast = _pair(inputs).contrast()

    t_lower = (contrast.estimate - inputs["low"]) / contrast.se
    t_upper = (contrast.estimate - inputs["upp"]) / contrast.se

    p_lower, p_upper = upper_tail(t_lower, contrast.df), upper_tail(-t_upper, contrast.df)
    ours = {"t_lower": t_lower, "t_upper": t_upper, "p_lower": p_lower, "p_upper": p_upper}
    _agrees(ours | {"df": contrast.df, "p_value": max(p_lower, p_upper)}, case["expected"])


@of("ranks")
def test_mann_whitney_agrees_with_r(case: Case) -> None:
    """It asks for the order of single units, which moments don't keep: `ranks` sees the values."""
    inputs = case["inputs"]

    test = mann_whitney(
        inputs["treatment"], inputs["control"], continuity=inputs["continuity"], exact=inputs.get("exact")
    )

    assert isinstance(test, RankTest)
    assert test.statistic == case["expected"]["statistic_W_treatment"]
    assert test.p_value == pytest.approx(case["expected"]["p_value"], rel=1e-9)


@of("gb_mean")
def test_gbstats_means_agree_with_welch_and_the_delta_lift(case: Case) -> None:
    """Their p-value of a relative effect is the delta method's, not the absolute test's; ours is `lift: delta`."""
    inputs = case["inputs"]

    ours = _answer(_pair(inputs), _side(inputs), inputs["alpha"], scale=inputs["difference"])

    _agrees(ours, case["expected"])


@of("gb_proportion")
def test_gbstats_puts_the_variance_of_wald_under_the_t_of_welch(case: Case) -> None:
    """They divide p (1 - p) by n and then use t quantiles made for n - 1; ours keeps each with its own.

    Wald's variance with Welch's degrees of freedom gives their numbers, and is the only difference.
    """
    inputs = case["inputs"]
    treatment, control = _arm(inputs, "treatment"), _arm(inputs, "control")
    v_t, v_c = (float(arm.products[0, 0]) / arm.count**2 for arm in (treatment, control))
    mixed = Pair(
        treatment=float(treatment.means[0]),
        control=float(control.means[0]),
        treatment_variance=v_t,
        control_variance=v_c,
        df=welch_df((v_t, treatment.count - 1), (v_c, control.count - 1)),
        treatment_units=treatment.count,
        control_units=control.count,
        method="wald variance, welch quantile",
    )

    _agrees(_answer(mixed, _side(inputs), inputs["alpha"], scale=inputs["difference"]), case["expected"])

    ours = _pair(inputs).contrast()
    assert mixed.contrast().se < ours.se < mixed.contrast().se * math.sqrt(1 + 2 / min(treatment.count, control.count))


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
    assert sum(kind_of(case) == kind for case in CASES for kind in KINDS) == len(CASES)


def test_a_contrast_of_no_effect_has_p_of_one() -> None:
    assert two_sided(Contrast(0.0, 1.0, 5).statistic, 5) == (1.0, None)
