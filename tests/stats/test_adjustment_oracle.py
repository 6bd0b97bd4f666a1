"""Ratios, CUPED and regression against tea-tasting, gbstats, R and statsmodels, case by case.

What needs rows (heteroskedasticity-consistent errors with covariates) or strata is named so.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Contrast, Estimate
from twyman.stats.lift import relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.ratio import linearised, ratios
from twyman.stats.tails import critical_value, two_sided, upper_tail

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "ratio_cuped_poststrat.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
DATA: dict[str, dict[str, list[Any]]] = json.loads((FOLDER / "data.json").read_text()) if FILE.exists() else {}
KINDS = (
    "unadjusted",
    "ratio_adjusted",
    "cuped",
    "aggregates",
    "strata",
    "regression",
    "lin",
    "clusters",
    "one_ratio",
)


def kind_of(case: Case) -> str:  # noqa: PLR0911 a table of kinds
    """Say which test below answers for a case."""
    name, inputs = case["id"], case["inputs"]
    if "strat" in name or "blocks" in name:
        return "strata"
    if "aggregates" in name:
        return "aggregates"
    if "formula" in inputs:
        return "regression"
    if "lm_lin" in name:
        return "lin"
    if case["method"] == "survey_ratio":
        return "clusters" if "cluster" in name else "one_ratio"
    if "cuped_ratio" in name:
        return "ratio_adjusted"
    return "cuped" if "cuped" in name else "unadjusted"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _arms(*columns: str, data: str = "D1") -> tuple[Moments, Moments]:
    table = DATA[data]
    rows, t = np.column_stack([np.asarray(table[name], dtype=float) for name in columns]), np.array(table["t"])
    return Moments.of(rows[t == 1]), Moments.of(rows[t == 0])


def _pair(answer: Any) -> Pair:
    pair = answer.pair if isinstance(answer, Adjusted) else answer
    assert isinstance(pair, Pair)
    return pair


def _side(inputs: Case) -> str:
    asked = inputs.get("alternative") or inputs.get("test") or "two-sided"
    return "two" if asked.startswith("two") else "lower" if asked.endswith("greater") else "upper"


def _read(contrast: Contrast, inputs: Case) -> dict[str, Any]:
    """Read a contrast as the case asks: one or two sides, t or normal."""
    df = contrast.df if inputs.get("use_t", True) else None
    side, alpha = _side(inputs), inputs.get("alpha", 0.05)
    q = critical_value(alpha / 2 if side == "two" else alpha, df)
    p = {"lower": upper_tail(contrast.statistic, df), "upper": upper_tail(-contrast.statistic, df)}
    low = None if side == "upper" else contrast.estimate - q * contrast.se
    high = None if side == "lower" else contrast.estimate + q * contrast.se
    return {
        "effect_size": contrast.estimate,
        "estimate": contrast.estimate,
        "ate": contrast.estimate,
        "effect_size_ci_lower": low,
        "effect_size_ci_upper": high,
        "ci": [low, high],
        "pvalue": p.get(side, two_sided(contrast.statistic, df)[0]),
        "p_value": p.get(side, two_sided(contrast.statistic, df)[0]),
        "statistic": contrast.statistic,
        "df": df,
        "se": contrast.se,
    }


def _agrees(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for name in ours.keys() & theirs.keys():
        mine, yours = np.atleast_1d(ours[name]), np.atleast_1d(theirs[name])
        assert [end is None for end in mine] == [end is None for end in yours], name
        assert [end or 0.0 for end in mine] == pytest.approx([end or 0.0 for end in yours], rel=1e-8), name


def _log_lift(pair: Pair, inputs: Case) -> dict[str, Any]:
    """tea-tasting's relative interval: on the log scale, the two means taken for independent."""
    apart = Pair(
        treatment=pair.treatment,
        control=pair.control,
        treatment_variance=pair.treatment_variance,
        control_variance=pair.control_variance,
        df=pair.df if inputs.get("use_t", True) else None,
        treatment_units=pair.treatment_units,
        control_units=pair.control_units,
        method=pair.method,
    )
    lift = relative(apart, alpha=0.05 if _side(inputs) == "two" else 0.10, method="log")
    assert isinstance(lift, Estimate)
    return {
        "rel_effect_size": lift.estimate,
        "rel_effect_size_ci_lower": lift.lower,
        "rel_effect_size_ci_upper": lift.upper,
    }


def _own_columns(case: Case) -> tuple[str, ...]:
    return ("num", "den") if "ratio" in case["id"] else ("y",)


@of("unadjusted")
def test_means_and_ratios_agree_with_all_three_packages(case: Case) -> None:
    """tea-tasting's relative interval is `lift: log`, with degrees of freedom of the logarithms; ours keeps one df.

    Two degrees of freedom for one question let interval and test contradict each other.
    """
    inputs, theirs = case["inputs"], case["expected"]
    compare = ratios if "ratio" in case["id"] else means
    pair = _pair(compare(*_arms(*_own_columns(case)), test="student" if inputs.get("equal_var") else "welch"))
    if inputs.get("difference") == "relative":
        delta = relative(pair, alpha=inputs["alpha"] if _side(inputs) == "two" else 2 * inputs["alpha"], method="delta")
        assert isinstance(delta, Estimate)
        _agrees(_read(Contrast(delta.estimate, delta.se, delta.df), inputs), theirs)
        return

    _agrees(_read(pair.contrast(), inputs), theirs)

    lift = _log_lift(pair, inputs)
    for name in lift.keys() & theirs.keys():
        assert theirs[name] is None or lift[name] == pytest.approx(theirs[name], abs=0.03), name


def _adjusted_values(arm: Moments, theta: float) -> Moments:
    """Moments of y - theta x, unit by unit."""
    weights = np.array([1.0, -theta])
    return Moments(arm.count, [weights @ arm.means], [[weights @ arm.products @ weights]])


@of("cuped")
def test_pooled_cuped_agrees_and_its_lift_is_jointly_estimated(case: Case) -> None:
    """`theta: pooled` gives their differences. Their lifts differ from ours in two known ways:

    gbstats divides by the unadjusted control mean (ours by the adjusted one, about which the
    difference is taken); tea-tasting takes the adjusted means for independent (ours has their covariance).
    """
    inputs, theirs = case["inputs"], case["expected"]
    treatment, control = _arms("y", "x")
    answer = adjusted(treatment, control, theta="pooled")
    assert isinstance(answer, Adjusted)
    contrast = answer.pair.contrast()
    if inputs.get("equal_var"):  # one variance for both: Student on the adjusted values
        theta = float(answer.theta[0][0])
        plain = _pair(means(_adjusted_values(treatment, theta), _adjusted_values(control, theta), test="student"))
        contrast = Contrast(contrast.estimate, plain.contrast().se, plain.df)
    assert float(answer.theta[0][0]) == pytest.approx(theirs.get("theta", answer.theta[0][0]), rel=1e-8)
    if inputs.get("difference") == "relative":
        assert contrast.df == pytest.approx(theirs["df"], rel=1e-8)
        assert contrast.estimate / float(control.means[0]) == pytest.approx(theirs["estimate"], rel=1e-8)
        assert contrast.estimate / answer.pair.control > theirs["estimate"]  # the adjusted baseline is lower here
        return

    _agrees(_read(contrast, inputs), theirs)

    if "control" in theirs:
        assert [answer.pair.treatment, answer.pair.control] == pytest.approx([theirs["treatment"], theirs["control"]])


def _pre_ratio(arm: Moments) -> Moments:
    """Replace pre-period numerator and denominator by the linearised pre-period ratio."""
    own = linearised(arm)
    assert isinstance(own, Moments)
    both = linearised(own.columns(1, 2, 0))
    assert isinstance(both, Moments)
    return both.columns(1, 0)


@of("ratio_adjusted")
def test_adjusted_ratios_differ_by_the_weighting_of_one_slope(case: Case) -> None:
    """Both packages use one covariate, the linearised pre-period ratio, and one slope for both arms.

    gbstats weights the arms' moments by n where ours has n - 1; tea-tasting linearises at the
    ratios of both arms together. Each is our estimator at another slope, within 0.04 of ours, which
    is the same 1/25 of an effect's error. (Ours would rather take numerator and denominator as two
    covariates: regression finds the best ratio itself.)
    """
    treatment, control = _arms("num", "den", "prenum", "preden")
    t, c = _pre_ratio(treatment), _pre_ratio(control)
    answer = adjusted(t, c, theta="pooled")
    assert isinstance(answer, Adjusted)
    raw, gap = float(t.means[0] - c.means[0]), float(t.means[1] - c.means[1])
    theirs = case["expected"]
    estimate = theirs.get("estimate", theirs.get("effect_size"))
    if case["inputs"].get("difference") == "relative":
        estimate *= float(control.means[0] / control.means[1])

    slope = (raw - estimate) / gap

    assert slope == pytest.approx(theirs.get("theta", slope), rel=1e-6)
    assert slope == pytest.approx(float(answer.theta[0][0]), abs=0.04)
    assert estimate == pytest.approx(answer.pair.contrast().estimate, abs=answer.pair.contrast().se / 20)
    if "theta" in theirs and case["inputs"].get("difference") == "absolute":
        at = means(_adjusted_values(t, slope), _adjusted_values(c, slope))
        _agrees({"se": _pair(at).contrast().se, "df": _pair(at).df}, theirs)


@of("aggregates")
def test_moments_agree_with_plain_sample_moments(case: Case) -> None:
    for arm, expected in zip(("treatment", "control"), ("treatment", "control"), strict=True):
        theirs = case["expected"][expected]
        names = list(theirs["mean"])
        moments = dict(zip(("treatment", "control"), _arms(*names), strict=True))[arm]

        assert moments.count == theirs["n"]
        assert moments.means == pytest.approx(list(theirs["mean"].values()), rel=1e-12)
        assert np.diagonal(moments.covariance()) == pytest.approx(list(theirs["var"].values()), rel=1e-12)
        for key, value in theirs["cov"].items():
            i, j = (names.index(part) for part in key.split("|"))
            assert moments.covariance()[i, j] == pytest.approx(value, rel=1e-10)


@of("strata")
def test_post_stratification_is_left_to_strata(case: Case) -> None:
    """Weighting strata by their size is another method (`strata`, not in this room yet); it isn't CUPED.

    Stratum indicators as covariates come close, and are what this room offers: within a quarter of
    a standard error of theirs, for means.
    """
    if not case["id"].startswith("dim_blocks"):
        assert case["inputs"]["strata"] == "seg"
        return
    table = DATA["D1"]
    inside = [[float(s == value) for s in table["seg"]] for value in ("b", "c")]
    rows, t = np.column_stack([table["y"], *inside]), np.array(table["t"])
    answer = adjusted(Moments.of(rows[t == 1]), Moments.of(rows[t == 0]))
    assert isinstance(answer, Adjusted)

    assert answer.pair.contrast().estimate == pytest.approx(case["expected"]["ate"], abs=case["expected"]["se"] / 4)


@of("one_ratio")
def test_one_arms_ratio_agrees_with_rs_survey(case: Case) -> None:
    arm = linearised(_arms("num", "den")[1 - case["inputs"]["arm"]])
    assert isinstance(arm, Moments)

    ours = (float(arm.means[0]), math.sqrt(arm.variance() / arm.count))

    assert ours == pytest.approx((case["expected"]["ratio"], case["expected"]["se"]), rel=1e-9)


@of("clusters")
def test_a_mean_of_rows_randomised_by_user_is_a_ratio(case: Case) -> None:
    table, arm = DATA["D5"], case["inputs"]["arm"]
    user, t, y = (np.array(table[name]) for name in ("user", "t", "y"))
    users = np.unique(user[t == arm])
    rows = [[y[user == one].sum(), (user == one).sum()] for one in users]

    one_user = linearised(Moments.of(rows))

    assert isinstance(one_user, Moments)
    ours = (float(one_user.means[0]), math.sqrt(one_user.variance() / one_user.count))
    assert ours == pytest.approx((case["expected"]["mean"], case["expected"]["se"]), rel=1e-8)


def _regression(formula: str) -> tuple[Moments, Moments]:
    """Arms of outcome and covariates of a formula; segments become indicators."""
    table = DATA["D1"]
    columns = [np.asarray(table["y"], dtype=float)]
    if "x" in formula:
        columns.append(np.asarray(table["x"], dtype=float))
    if "x2" in formula:
        columns.append(np.asarray(table["x2"], dtype=float))
    if "seg" in formula:
        columns += [np.array([float(s == value) for s in table["seg"]]) for value in ("b", "c")]
    rows, t = np.column_stack(columns), np.array(table["t"])
    return Moments.of(rows[t == 1]), Moments.of(rows[t == 0])


FACTORS = {"HC0": lambda n, _: (n - 1) / n, "HC1": lambda n, all_: (n - 1) / n * all_ / (all_ - 2)}
FACTORS |= {"HC2": lambda _n, _: 1.0, "HC3": lambda n, _: n / (n - 1)}


@of("regression")
def test_regressions_give_our_estimates_and_welch_is_hc2(case: Case) -> None:
    """Without covariates: HC2 is Welch's error, `nonrobust` is Student's, the others rescale arm by arm.

    With them the slopes are the same (`pooled_within` for additive models, `per_arm` for interacted
    ones), and errors differ: HC0 to HC3 weight each unit's residual by its leverage, which needs
    rows; ours weights arms, and lies within 5 % at 60 units an arm.
    """
    inputs, theirs = case["inputs"], case["expected"]
    formula, kind = inputs["formula"].replace(" ", ""), inputs.get("vcov") or inputs["cov_type"]
    arms = _regression(formula)
    if formula == "y~t":
        contrast = _pair(means(*arms, test="student" if kind == "nonrobust" else "welch")).contrast()
        assert contrast.estimate == pytest.approx(theirs["coef"]["t"], rel=1e-9)
        total = arms[0].count + arms[1].count
        scale = FACTORS.get(kind, FACTORS["HC2"])
        parts = [arm.variance() / arm.count * scale(arm.count, total) for arm in arms]
        se = contrast.se if kind in ("nonrobust", "const") else math.sqrt(sum(parts))
        assert se == pytest.approx(theirs["se"]["t"], rel=1e-9)
        return
    interacted = "*" in formula
    answer = adjusted(*arms, theta="per_arm" if interacted else "pooled_within")
    assert isinstance(answer, Adjusted)
    (at_t, at_c), slopes = (answer.pair.treatment, answer.pair.control), answer.theta
    if interacted:  # their `t` is the effect at x = 0
        centre = (arms[0] + arms[1]).means[1]
        effect = (at_t - slopes[0][0] * centre) - (at_c - slopes[1][0] * centre)
        assert [effect, slopes[0][0] - slopes[1][0]] == pytest.approx(
            [theirs["coef"]["t"], theirs["coef"]["t:x"]], rel=1e-8
        )
    else:
        assert at_t - at_c == pytest.approx(theirs["coef"]["t"], rel=1e-8)
        assert answer.pair.contrast().se == pytest.approx(theirs["se"]["t"], rel=0.05)
    assert slopes[1][0] == pytest.approx(theirs["coef"]["x"], rel=1e-8)


@of("lin")
def test_lins_estimate_agrees_and_its_error_leaves_out_the_covariates_sampling(case: Case) -> None:
    """Their error takes the covariates for fixed (and is weighted by leverage, which needs rows).

    Ours adds (theta_t - theta_c)' S (theta_t - theta_c) / n for covariates being a sample; so close
    to theirs where slopes are nearly equal.
    """
    covariates = case["inputs"]["covariates"].lstrip("~").replace(" ", "")
    answer = adjusted(*_regression(f"y~{covariates}"))
    assert isinstance(answer, Adjusted)

    ours = answer.pair.contrast()

    assert ours.estimate == pytest.approx(case["expected"]["ate"], rel=1e-8)
    assert ours.se == pytest.approx(case["expected"]["se"], rel=0.06)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
