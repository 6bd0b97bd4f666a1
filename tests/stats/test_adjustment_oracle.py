"""Ratios, CUPED, strata and regression against tea-tasting, gbstats, R, statsmodels and Ambrosia, case by case."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.adjusted_rows import TREATED, regression
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Contrast, Estimate, NotEstimable
from twyman.stats.lift import relative
from twyman.stats.linear import Fit, least_squares
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.predictors import pre_ratio
from twyman.stats.ranks import RankTest, mann_whitney
from twyman.stats.ratio import linearised, ratios
from twyman.stats.strata import Stratified, Stratum, combined, post_stratified, stratified_mean
from twyman.stats.tails import critical_value, two_sided, upper_tail

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
CASES: list[Case] = []
for name in ("ratio_cuped_poststrat", "ambrosia_misc", "misc_r"):
    if (FOLDER / f"{name}.json").exists():
        CASES += [case | {"file": name} for case in json.loads((FOLDER / f"{name}.json").read_text())["cases"]]
CASES = [case for case in CASES if case["file"] != "misc_r" or case["method"] == "post_stratified_mean"]
DATA: dict[str, dict[str, list[Any]]] = json.loads((FOLDER / "data.json").read_text()) if CASES else {}
KINDS = (
    "unadjusted",
    "ratio_adjusted",
    "cuped",
    "aggregates",
    "strata",
    "strata_cuped",
    "blocks",
    "population",
    "regression",
    "lin",
    "clusters",
    "one_ratio",
    "ambrosia_test",
    "ambrosia_rank",
    "ambrosia_cuped",
)


def _ambrosia_kind(case: Case) -> str:
    if case["method"] != "tester":
        return "ambrosia_cuped"
    return "ambrosia_test" if case["inputs"]["criterion"].startswith("t") else "ambrosia_rank"


METHODS = {"aggregates": "aggregates", "post_stratified_mean": "population"}


def _metric(case: Case) -> str:
    """Name what is compared: in words (tea-tasting), or by the statistics handed in (gbstats)."""
    inputs = case["inputs"]
    given = inputs.get("control", {}).get("type", "")
    typed = {"RegressionAdjustedRatioStatistic": "cuped_ratio", "RegressionAdjustedStatistic": "cuped"}
    return inputs.get("metric") or typed.get(given, "ratio" if given.startswith("Ratio") else "mean")


def kind_of(case: Case) -> str:  # noqa: PLR0911 a table of kinds
    """Say which test below answers for a case."""
    inputs = case["inputs"]
    if case["file"] == "ambrosia_misc":
        return _ambrosia_kind(case)
    if case["method"] == "post_stratification":
        return "strata_cuped" if inputs["metric"] == "cuped" else "strata"
    if case["method"] in METHODS:
        return METHODS[case["method"]]
    if "formula" in inputs:
        return "regression"
    if case["method"] == "survey_ratio":
        return "one_ratio" if "numerator" in inputs else "clusters"
    if "covariates" in inputs:
        return "lin"
    if inputs.get("design", "").startswith("block"):
        return "blocks"
    metric = _metric(case)
    return "ratio_adjusted" if metric == "cuped_ratio" else "cuped" if metric.startswith("cuped") else "unadjusted"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _table(*columns: str, data: str = "D1") -> np.ndarray:
    return np.column_stack([np.asarray(DATA[data][name], dtype=float) for name in columns])


def _treated(data: str = "D1") -> np.ndarray:
    return np.array(DATA[data]["t"])


def _arms(*columns: str) -> tuple[Moments, Moments]:
    rows, t = _table(*columns), _treated()
    return Moments.of(rows[t == 1]), Moments.of(rows[t == 0])


def _cells(*columns: str) -> list[dict[str, Moments]]:
    rows, t, seg = _table(*columns), _treated(), np.array(DATA["D1"]["seg"])
    return [{h: Moments.of(rows[(t == arm) & (seg == h)]) for h in sorted(set(seg))} for arm in (1, 0)]


def _pair(answer: Any) -> Pair:
    pair = answer.pair if isinstance(answer, Adjusted | Stratified) else answer
    assert isinstance(pair, Pair)
    return pair


def _linear(arm: Moments) -> Moments:
    made = linearised(arm)
    assert isinstance(made, Moments)
    return made


def _delta(pair: Pair) -> Contrast:
    lift = relative(pair, method="delta")
    assert isinstance(lift, Estimate)
    return Contrast(lift.estimate, lift.se, lift.df)


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
    p_value = p.get(side, two_sided(contrast.statistic, df)[0])
    return {
        "effect_size": contrast.estimate,
        "estimate": contrast.estimate,
        "ate": contrast.estimate,
        "effect_size_ci_lower": low,
        "effect_size_ci_upper": high,
        "ci": [low, high],
        "pvalue": p_value,
        "p_value": p_value,
        "statistic": contrast.statistic,
        "df": df,
        "se": contrast.se,
    }


def _agrees(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() & theirs.keys()
    for name in ours.keys() & theirs.keys():
        mine, yours = np.atleast_1d(ours[name]), np.atleast_1d(theirs[name])
        assert [end is None for end in mine] == [end is None for end in yours], name
        assert [end or 0.0 for end in mine] == pytest.approx([end or 0.0 for end in yours], rel=1e-8), name


def _log_lift(arms: tuple[Moments, Moments], inputs: Case) -> dict[str, Any]:
    """tea-tasting's lift: Welch's or Student's test of the logarithms of two means, taken for independent.

    Its degrees of freedom are those of the logarithms, so they differ from the difference's; ours
    are the same for both, lest interval and test contradict each other.
    """
    at = [float(arm.means[0]) for arm in arms]
    logs = [arm.scaled([1 / mean]) for arm, mean in zip(arms, at, strict=True)]
    pair = _pair(means(logs[0], logs[1], test="student" if inputs["equal_var"] else "welch"))
    read = _read(Contrast(math.log(at[0] / at[1]), pair.contrast().se, pair.df), inputs)
    low, high = read["ci"]
    return {
        "rel_effect_size": at[0] / at[1] - 1,
        "rel_effect_size_ci_lower": low and math.expm1(low),
        "rel_effect_size_ci_upper": high and math.expm1(high),
    }


def _own_columns(case: Case) -> tuple[str, ...]:
    return ("num", "den") if _metric(case) == "ratio" else ("y",)


@of("unadjusted")
def test_means_and_ratios_agree_with_all_three_packages(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    columns = _own_columns(case)
    arms = _arms(*columns)
    compare = ratios if len(columns) == 2 else means
    pair = _pair(compare(*arms, test="student" if inputs.get("equal_var") else "welch"))

    wanted = _delta(pair) if inputs.get("difference") == "relative" else pair.contrast()

    _agrees(_read(wanted, inputs), theirs)
    if "rel_effect_size" in theirs:
        values = (_linear(arms[0]), _linear(arms[1])) if len(columns) == 2 else arms
        _agrees(_log_lift(values, inputs) | {"control": pair.control, "treatment": pair.treatment}, theirs)


def _adjusted_values(arms: tuple[Moments, Moments], theta: float) -> tuple[Moments, Moments]:
    """Moments of y - theta (x - mean of x over both arms), unit by unit."""
    weights = np.array([1.0, -theta])
    centre = theta * float((arms[0] + arms[1]).means[1])
    t, c = (Moments(a.count, [weights @ a.means + centre], [[weights @ a.products @ weights]]) for a in arms)
    return t, c


def _tea(arms: tuple[Moments, Moments], answer: Adjusted, inputs: Case) -> dict[str, Any]:
    """Read an adjustment by one slope as tea-tasting does."""
    values = _adjusted_values(arms, float(answer.theta[0][0]))
    contrast = answer.pair.contrast()
    if inputs["equal_var"]:  # one variance for both: Student on the adjusted values
        plain = _pair(means(*values, test="student"))
        contrast = Contrast(contrast.estimate, plain.contrast().se, plain.df)
    at = {"control": answer.pair.control, "treatment": answer.pair.treatment}
    return _read(contrast, inputs) | _log_lift(values, inputs) | at


def _over_raw_baseline(arms: tuple[Moments, Moments], theta: float) -> Contrast:
    """gbstats' lift: the adjusted difference over the unadjusted control mean, its gradient taken at raw means."""
    (t, c), (at, base) = arms, (float(arm.means[0]) for arm in arms)
    v_t, v_c = t.covariance() / t.count, c.covariance() / c.count
    own = v_t[0, 0] - 2 * theta * v_t[0, 1] + theta**2 * (v_t[1, 1] + v_c[1, 1])
    raw = Pair(
        treatment=at,
        control=base,
        treatment_variance=float(own),
        control_variance=float(v_c[0, 0]),
        covariance=float(theta * v_c[0, 1]),
        treatment_units=t.count,
        control_units=c.count,
        method="over the raw baseline",
    )
    gap = float(t.means[1] - c.means[1])
    return Contrast((at - base - theta * gap) / base, _delta(raw).se, None)


@of("cuped")
def test_pooled_cuped_agrees(case: Case) -> None:
    """`theta: pooled` gives their differences, and with their way of reading a lift their lifts.

    tea-tasting takes the adjusted means for independent, gbstats divides by the unadjusted control
    mean; our lift is Fieller's on the joint covariance of the adjusted means.
    """
    inputs, theirs = case["inputs"], case["expected"]
    arms = _arms("y", "x")
    answer = adjusted(*arms, theta="pooled")
    assert isinstance(answer, Adjusted)
    theta = float(answer.theta[0][0])
    if "effect_size" in theirs:
        _agrees(_tea(arms, answer, inputs), theirs)
        return
    contrast = answer.pair.contrast()
    if inputs["difference"] == "relative":
        contrast = replace(_over_raw_baseline(arms, theta), df=contrast.df)

    _agrees(_read(contrast, inputs) | {"theta": theta}, theirs)


def _slope_of(arm: Moments) -> float:
    return float(arm.products[0, 1] / arm.products[1, 1])


def _even_slope(arms: tuple[Moments, Moments]) -> float:
    """gbstats' slope for ratios: both arms' covariance matrices count the same, however many units they have."""
    both = arms[0].covariance() + arms[1].covariance()
    return float(both[0, 1] / both[1, 1])


@of("ratio_adjusted")
def test_adjusted_ratios_agree_by_the_slope_that_each_package_takes(case: Case) -> None:
    """One covariate, the linearised pre-period ratio at each arm's own ratio, and one slope, given as a number.

    tea-tasting's slope is that of both arms linearised together; gbstats' lets arms count the same.
    (Ours would rather take numerator and denominator as two covariates: regression finds the best
    ratio itself.)
    """
    inputs, theirs = case["inputs"], case["expected"]
    arms = _arms("num", "den", "prenum", "preden")
    made = pre_ratio(*arms, numerator=2, denominator=3, at="arm")
    assert not isinstance(made, NotEstimable)
    linear = (_linear(made[0]), _linear(made[1]))
    whole = pre_ratio(arms[0] + arms[1], arms[0] + arms[1], numerator=2, denominator=3)
    assert not isinstance(whole, NotEstimable)
    tea = "effect_size" in theirs

    answer = adjusted(*made, own=2, theta=[_slope_of(_linear(whole[0])) if tea else _even_slope(linear)])

    assert isinstance(answer, Adjusted)
    if tea:
        centre = float(_linear(whole[0]).means[1])  # they centre at the ratio of both arms together
        shift = float(answer.theta[0][0]) * (centre - float((linear[0] + linear[1]).means[1]))
        moved = replace(
            answer,
            pair=replace(answer.pair, treatment=answer.pair.treatment + shift, control=answer.pair.control + shift),
        )
        values = _adjusted_values(linear, float(answer.theta[0][0]))
        there = [Moments(arm.count, arm.means + shift, arm.products) for arm in values]
        ours = _tea(linear, moved, inputs) | _log_lift((there[0], there[1]), inputs)
        _agrees(ours, theirs)
    elif inputs["difference"] == "absolute":
        _agrees(_read(answer.pair.contrast(), inputs) | {"theta": float(answer.theta[0][0])}, theirs)
    else:  # over the unadjusted ratio of control
        assert answer.pair.contrast().estimate / float(linear[1].means[0]) == pytest.approx(theirs["estimate"])
        assert _delta(answer.pair).se == pytest.approx(theirs["se"], rel=0.2)


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


def _with_their_df(contrast: Contrast, columns: tuple[str, ...]) -> Contrast:
    """gbstats keeps the degrees of freedom of the comparison without strata; ours are Satterthwaite's over strata."""
    plain = {1: means, 2: ratios}[len(columns)](*_arms(*columns))
    return replace(contrast, df=_pair(plain).df)


@of("strata")
def test_post_stratified_means_and_ratios_agree_with_gbstats(case: Case) -> None:
    inputs = case["inputs"]
    columns = ("num", "den") if inputs["metric"] == "ratio" else ("y",)

    answer = post_stratified(*_cells(*columns), own=len(columns))

    pair = _pair(answer)
    contrast = _delta(pair) if inputs["difference"] == "relative" else pair.contrast()
    _agrees(_read(_with_their_df(contrast, columns), inputs), case["expected"])


@of("strata_cuped")
def test_post_stratified_cuped_agrees_with_gbstats_by_its_regressions(case: Case) -> None:
    """They take one slope and one residual variance a stratum (`y ~ t + x`, classical errors); we combine their pairs.

    To a stratum's control mean they add the product of two sampling errors, a term of order 1 / n²
    that ours leaves out. Ours lets each arm have slope and variance of its own: within 6 %.
    """
    inputs, theirs = case["inputs"], case["expected"]
    seg, t = np.array(DATA["D1"]["seg"]), _treated()
    y, x = _table("y", "x").T
    strata = []
    for h in sorted(set(seg)):
        mine = seg == h
        made = regression(y[mine], t[mine], {"x": x[mine]}, interacted=False)
        assert not isinstance(made, NotEstimable)
        slope = made.fit.contrast("x", errors="classical")
        assert isinstance(slope, Contrast)
        product = slope.se**2 * float(x[mine].var(ddof=1)) / mine.sum()
        pair = _pair(made.pair(errors="classical"))
        pair = replace(
            pair,
            treatment_variance=pair.treatment_variance + product,
            control_variance=pair.control_variance + product,
            covariance=pair.covariance + product,
        )
        strata.append(Stratum((h,), mine.mean(), pair))

    pair = combined(tuple(strata), units=(int(t.sum()), int((1 - t).sum())))

    contrast = _delta(pair) if inputs["difference"] == "relative" else pair.contrast()
    df = _pair(adjusted(*_arms("y", "x"), theta="pooled")).df
    _agrees(_read(replace(contrast, df=df), inputs), theirs)
    ours = _pair(post_stratified(*_cells("y", "x"), theta="pooled_within"))
    near = _delta(ours) if inputs["difference"] == "relative" else ours.contrast()
    assert near.estimate == pytest.approx(theirs["estimate"], rel=1e-9)
    assert near.se == pytest.approx(theirs["se"], rel=0.08)


@of("blocks")
def test_fixed_sizes_agree_with_rs_blocked_differences(case: Case) -> None:
    """Their degrees of freedom are units less two a block; ours are Satterthwaite's, so a little fewer."""
    answer = post_stratified(*_cells("y"), sizes="fixed")
    assert isinstance(answer, Stratified)

    contrast = answer.pair.contrast()

    assert contrast.df is not None
    assert contrast.df < case["expected"]["df"]
    units = answer.pair.treatment_units + answer.pair.control_units
    _agrees(_read(replace(contrast, df=units - 2.0 * len(answer.strata)), case["inputs"]), case["expected"])


@of("population")
def test_a_mean_reweighted_to_a_population_agrees_with_rs_survey(case: Case) -> None:
    inputs = case["inputs"]
    assert inputs["strata"] == "seg"

    ours = stratified_mean(_cells("y")[1 - inputs["arm"]], inputs["population_counts"], residuals="sample")

    assert isinstance(ours, Contrast)
    assert (ours.estimate, ours.se) == pytest.approx((case["expected"]["mean"], case["expected"]["se"]), rel=1e-8)


@of("one_ratio")
def test_one_arms_ratio_agrees_with_rs_survey(case: Case) -> None:
    inputs = case["inputs"]
    arm = _linear(_arms(inputs["numerator"], inputs["denominator"])[1 - inputs["arm"]])

    ours = (float(arm.means[0]), math.sqrt(arm.variance() / arm.count))

    assert ours == pytest.approx((case["expected"]["ratio"], case["expected"]["se"]), rel=1e-9)


@of("clusters")
def test_a_mean_of_rows_randomised_by_user_is_a_ratio(case: Case) -> None:
    table, arm = DATA["D5"], case["inputs"]["arm"]
    user, t, y = (np.array(table[name]) for name in ("user", "t", "y"))
    users = np.unique(user[t == arm])
    rows = [[y[user == one].sum(), (user == one).sum()] for one in users]

    one_user = _linear(Moments.of(rows))

    ours = (float(one_user.means[0]), math.sqrt(one_user.variance() / one_user.count))
    assert ours == pytest.approx((case["expected"]["mean"], case["expected"]["se"]), rel=1e-8)


def _term(name: str) -> dict[str, np.ndarray]:
    """Columns of one term of a formula: a variable, its interaction, or a factor's indicators."""
    if ":" in name:
        left, right = (_term(part) for part in name.split(":"))
        return {f"{a}:{b}": left[a] * right[b] for a in left for b in right}
    if "seg" in name:
        seg = np.array(DATA["D1"]["seg"])
        return {f"seg{level}": (seg == level).astype(float) for level in sorted(set(seg))[1:]}
    return {name: _table(name).ravel()}


def _fit(formula: str) -> Fit:
    outcome, right = formula.replace(" ", "").split("~")
    columns: dict[str, np.ndarray] = {}
    for part in right.split("+"):
        names = [*part.split("*"), part.replace("*", ":")] if "*" in part else [part]
        for one in names:
            columns |= _term(one)
    return least_squares(_table(outcome).ravel(), columns)


def _plain(name: str) -> str:
    """Write a coefficient's name as we do, whichever package wrote it."""
    if name in ("Intercept", "(Intercept)"):
        return "intercept"
    return ":".join(f"seg{part.rstrip(']')[-1]}" if "seg" in part else part for part in name.split(":"))


KINDS_OF_ERRORS = {"nonrobust": "classical", "const": "classical"}


@of("regression")
def test_regressions_from_rows_agree_with_r_and_statsmodels(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    asked = inputs.get("vcov") or inputs["cov_type"]
    fit = _fit(inputs["formula"])
    for name, coefficient in theirs["coef"].items():
        contrast = fit.contrast(_plain(name), errors=KINDS_OF_ERRORS.get(asked, asked))

        assert isinstance(contrast, Contrast)
        assert contrast.estimate == pytest.approx(coefficient, rel=1e-8)
        assert contrast.se == pytest.approx(theirs["se"][name], rel=1e-8)
        if "p" in theirs:
            df = contrast.df if theirs["p_reference"] == "t" else None
            assert two_sided(contrast.statistic, df)[0] == pytest.approx(theirs["p"][name], rel=1e-6)
    if "r2" in theirs:
        y = _table("y").ravel()
        assert fit.df == theirs["df_residual"]
        assert 1 - fit.residuals @ fit.residuals / ((y - y.mean()) ** 2).sum() == pytest.approx(theirs["r2"], rel=1e-8)


@of("regression")
def test_without_covariates_hc2_is_welch_from_moments(case: Case) -> None:
    """T9: one variance for both arms is Student's test; HC2 is Welch's, to the last digits."""
    if case["inputs"]["formula"].replace(" ", "") != "y~t":
        return
    for errors, test in (("HC2", "welch"), ("classical", "student")):
        rows = _fit("y~t").contrast("t", errors=errors)

        assert isinstance(rows, Contrast)
        assert rows.se == pytest.approx(_pair(means(*_arms("y"), test=test)).contrast().se, rel=1e-13)


@of("lin")
def test_lins_estimator_agrees_with_rs_estimatr(case: Case) -> None:
    """Theirs takes the covariates' mean for given (`sampled=False`); ours, from moments too, for a sample's.

    The difference is (theta_t - theta_c)' S (theta_t - theta_c) / n, and the moments' residual
    variances weight all units of an arm the same.
    """
    inputs, theirs = case["inputs"], case["expected"]
    names = inputs["covariates"].lstrip("~").replace(" ", "").split("+")
    covariates = {key: column for name in names for key, column in _term(name).items()}
    made = regression(_table(inputs["outcome"]).ravel(), _treated(), covariates)
    assert not isinstance(made, NotEstimable)

    pair = _pair(made.pair(errors=inputs["se_type"], df="residual", sampled=False))

    _agrees(_read(pair.contrast(), inputs), theirs)
    rows, t = np.column_stack([_table(inputs["outcome"]), *covariates.values()]), _treated()
    moments = adjusted(Moments.of(rows[t == 1]), Moments.of(rows[t == 0]))
    assert isinstance(moments, Adjusted)
    assert moments.pair.contrast().estimate == pytest.approx(theirs["ate"], rel=1e-8)
    assert _pair(made.pair(errors="HC2")).contrast().se == pytest.approx(moments.pair.contrast().se, rel=0.03)
    assert made.fit.coefficient(TREATED) == pytest.approx(theirs["ate"], rel=1e-8)


def _ambrosias_lift(arms: tuple[Moments, Moments]) -> tuple[float, Contrast]:
    """The delta method with n for n - 1 and both arms half of all units, centred on the second-order expansion."""
    half = (arms[0].count + arms[1].count) // 2
    (at, base), (v_t, v_c) = ((a.means[0] for a in arms), (a.products[0, 0] / a.count / half for a in arms))
    pair = replace(_pair(means(*arms)), treatment_variance=float(v_t), control_variance=float(v_c), df=None)
    lift = _delta(pair)
    return lift.estimate, replace(lift, estimate=lift.estimate + float(at * v_c / base**3))


@of("ambrosia_test")
def test_ambrosias_absolute_p_is_welchs_and_its_intervals_are_its_own(case: Case) -> None:
    """T32. Its absolute interval divides Welch's degrees of freedom by the squared standard error, so that
    it depends on the unit of measurement; its relative one takes both arms for equally large and is
    centred off the estimate. Both are made here of our parts. Ours exclude no effect exactly when p < alpha.
    """
    inputs = case["inputs"]
    assert inputs["criterion"] == "ttest"
    (theirs,) = case["expected"]
    arms = _arms(inputs["outcome"])
    welch = _pair(means(*arms)).contrast()
    assert welch.df is not None
    effect, inside = (welch.estimate, welch) if inputs["effect"] == "absolute" else _ambrosias_lift(arms)

    p_value, _ = two_sided(inside.statistic, inside.df)

    assert (effect, p_value) == pytest.approx((theirs["effect"], theirs["pvalue"]), rel=1e-8)
    df = welch.df / welch.se**2 if inputs["effect"] == "absolute" else None
    assert replace(inside, df=df).interval(0.05) == pytest.approx(theirs["confidence_interval"], abs=6e-5)


@of("ambrosia_rank")
def test_ambrosias_rank_test_is_mann_and_whitneys(case: Case) -> None:
    """It asks whether one arm tends to be higher, and is answered from ranks, not from moments."""
    outcome, t = _table(case["inputs"]["outcome"]).ravel(), _treated()
    (theirs,) = case["expected"]

    test = mann_whitney(outcome[t == 1], outcome[t == 0])

    assert isinstance(test, RankTest)
    if case["inputs"]["criterion"].startswith("m"):  # others, such as Wilcoxon's of pairs, are for other designs
        assert test.p_value == pytest.approx(theirs["pvalue"], rel=1e-3)


@of("ambrosia_cuped")
def test_multi_cuped_transforms_by_the_slopes_of_everybody(case: Case) -> None:
    """Ambrosia transforms the column before anyone is split; that is `pooled`, over everybody."""
    inputs, theirs = case["inputs"], case["expected"]
    names = inputs.get("covariates") or [inputs["covariate"]]
    treatment, control = _arms(inputs["target"], *names)
    answer = adjusted(treatment, control, theta="pooled")
    assert isinstance(answer, Adjusted)
    weights = np.concatenate([[1.0], -answer.theta[0]])
    everybody = treatment + control

    variance = weights @ everybody.covariance() @ weights

    assert variance == pytest.approx(theirs["var"], rel=1e-8)
    assert float(everybody.means[0]) == pytest.approx(theirs["mean"], rel=1e-8)
    if "params" in theirs:  # their printed dictionary: slopes and the constant added back
        printed = [float(figure) for figure in re.findall(r"\d+\.\d+", theirs["params"].split("theta")[1])]
        bias = float(answer.theta[0] @ everybody.means[1:])
        assert printed == pytest.approx([*answer.theta[0], bias], abs=1e-8)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
