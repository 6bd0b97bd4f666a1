"""Quantiles against R, quantreg and gbstats: each case agrees, or is named with the convention that differs."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.estimate import Estimate, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair, welch_df
from twyman.stats.quantile import Bracket, from_brackets, quantiles, sample_quantile, share_error
from twyman.stats.quantile.bracket import independent_error
from twyman.stats.tails import critical_value, upper_tail

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "quantiles.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
DATA: Case = json.loads((FOLDER / "data.json").read_text()) if FILE.exists() else {}
KINDS = ("sample", "regression", "gb_variance", "gb_test", "gb_clustered")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if case["method"] == "quantile":
        return "regression" if "tau" in case["inputs"] else "sample"
    return {"quantile_variance": "gb_variance", "fixed_horizon_t": "gb_test"}.get(case["method"], "gb_clustered")


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


@of("sample")
def test_sample_quantiles_agree_with_r(case: Case) -> None:
    inputs = case["inputs"]

    ours = sample_quantile(inputs["data"], inputs["q"], kind=inputs["type"])

    assert ours == pytest.approx(case["expected"]["value"], rel=1e-12)


@of("regression")
def test_quantile_regression_on_one_dummy_agrees_with_quantreg(case: Case) -> None:
    inputs = case["inputs"]
    arms = DATA[inputs["dataset"]]

    pair = quantiles(arms["b"], arms["a"], inputs["tau"], spread=inputs["se"], kind=1)

    if isinstance(pair, NotEstimable):  # two or three values beyond the quantile: theirs is a number, and noise
        assert min(len(arm) for arm in (arms["a"], arms["b"])) * min(inputs["tau"], 1 - inputs["tau"]) < 3
        return
    assert isinstance(pair, Pair)
    assert pair.contrast().estimate == pytest.approx(case["expected"]["diff"], rel=1e-8)
    assert pair.contrast().se == pytest.approx(case["expected"]["se"], rel=1e-8)


def _bracket(arm: Case) -> Bracket:
    """The ends were fetched for `n_star` values, however many there are: the reach is theirs, the error our own."""
    q, n = arm["nu"], arm["n"]
    return Bracket(
        q=q,
        count=n,
        value=arm["quantile_hat"],
        lower=arm["quantile_lower"],
        upper=arm["quantile_upper"],
        reach=critical_value(0.025) * independent_error(arm["n_star"], q),
        sigma=independent_error(n, q),
    )


def _clustered(arm: Case) -> Bracket:
    moments = Moments.from_sums(
        arm["n_clusters"],
        [arm["main_sum"], arm["denominator_sum"]],
        [
            [arm["main_sum_squares"], arm["main_denominator_sum_product"]],
            [arm["main_denominator_sum_product"], arm["denominator_sum_squares"]],
        ],
    )
    error = share_error(moments)
    assert isinstance(error, float)
    return _bracket(arm).with_sigma(error)


def _per_value(bracket: Bracket) -> float:
    """Theirs is the variance of one value, by n - 1; ours is the quantile's own, by n."""
    return bracket.se**2 * (bracket.count - 1)


def _answers(case: Case, treatment: Bracket, control: Bracket) -> Case:
    """Put the t distribution and n - 1 of gbstats under our two quantiles, and read its answers off them."""
    pair = from_brackets(treatment, control)
    assert isinstance(pair, Pair)
    v_t, v_c = (_per_value(arm) / arm.count for arm in (treatment, control))
    theirs = Pair(
        treatment=pair.treatment,
        control=pair.control,
        treatment_variance=v_t,
        control_variance=v_c,
        df=welch_df((v_t, treatment.count - 1), (v_c, control.count - 1)),
        treatment_units=pair.treatment_units,
        control_units=pair.control_units,
        method="gbstats",
    )
    inputs = case["inputs"]
    side = inputs.get("test", "two_sided").replace("lesser", "less")
    width = inputs["alpha"] * (1 if side == "two_sided" else 2)
    effect = (
        absolute(theirs, alpha=width)
        if inputs["difference"] == "absolute"
        else relative(theirs, alpha=width, method="delta")
    )
    assert isinstance(effect, Estimate)
    own = absolute(pair) if inputs["difference"] == "absolute" else relative(pair, method="delta")
    assert isinstance(own, Estimate)
    assert own.se == pytest.approx(effect.se, rel=1 / min(treatment.count, control.count))
    tails = {
        "two_sided": effect.p_value,
        "one_sided_greater": upper_tail(effect.statistic, effect.df),
        "one_sided_less": upper_tail(-effect.statistic, effect.df),
    }
    ends = [
        None if side == "one_sided_less" else effect.lower,
        None if side == "one_sided_greater" else effect.upper,
    ]
    return {"estimate": effect.estimate, "se": effect.se, "df": effect.df, "p_value": tails[side], "ci": ends}


def _agree(ours: Case, theirs: Case) -> None:
    for name in ("estimate", "se", "df"):
        if name in theirs:
            assert ours[name] == pytest.approx(theirs[name], rel=1e-8), name
    assert ours["p_value"] == pytest.approx(theirs["p_value"], rel=1e-8, abs=1e-14)  # theirs is 1 - cdf
    for mine, yours in zip(ours["ci"], theirs["ci"], strict=True):
        assert (mine is None) == (yours is None or not math.isfinite(yours))
        assert mine is None or mine == pytest.approx(yours, rel=1e-8)


@of("gb_variance")
def test_gbstats_variance_of_a_quantile_is_ours_per_value_by_n_minus_one(case: Case) -> None:
    for arm in ("treatment", "control"):
        ours = _per_value(_bracket(case["inputs"][arm]))

        assert ours == pytest.approx(case["expected"][f"variance_{arm}"], rel=1e-8)


@of("gb_test")
def test_gbstats_puts_students_t_under_two_quantiles(case: Case) -> None:
    """Ours is the normal distribution: the density's error isn't a chi-square that t would account for."""
    arms = (_bracket(case["inputs"][arm]) for arm in ("treatment", "control"))

    _agree(_answers(case, *arms), case["expected"])


@of("gb_clustered")
def test_gbstats_scales_the_plain_variance_by_the_clusters(case: Case) -> None:
    treatment, control = (_clustered(case["inputs"][arm]) for arm in ("treatment", "control"))

    for name, arm in (("treatment", treatment), ("control", control)):
        if f"variance_{name}" in case["expected"]:
            assert _per_value(arm) == pytest.approx(case["expected"][f"variance_{name}"], rel=1e-8)
    if "estimate" in case["expected"]:
        _agree(_answers(case, treatment, control), case["expected"])


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
