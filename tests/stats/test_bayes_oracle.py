"""The Bayesian view against gbstats' normal priors, and beta integrals by adaptive quadrature."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.bayes import FLAT, Beta, NormalPrior, Posterior, beta_posterior, posterior, updated
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.proportion import proportions
from twyman.stats.ratio import linearised, ratios
from twyman.stats.tails import critical_value

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "bayesian.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
DATA: dict[str, dict[str, list[Any]]] = json.loads((FOLDER / "data.json").read_text()) if FILE.exists() else {}
KINDS = ("counts", "plain", "adjusted_difference", "adjusted_lift", "adjusted_ratio")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if case["method"] == "beta_binomial_exact":
        return "counts"
    kind = case["inputs"]["control"]["type"]
    if kind == "RegressionAdjustedRatioStatistic":
        return "adjusted_ratio"
    if kind == "RegressionAdjustedStatistic":
        return "adjusted_difference" if case["inputs"]["difference"] == "absolute" else "adjusted_lift"
    return "plain"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _prior(inputs: Case) -> NormalPrior:
    given = inputs["prior"]
    sd = math.sqrt(given["variance"]) if given["proper"] else math.inf
    return NormalPrior(given["mean"], sd, given["scale"])


def _agrees(ours: Any, case: Case) -> None:
    assert isinstance(ours, Posterior)
    theirs = case["expected"]
    said = {
        "posterior_mean": ours.mean,
        "posterior_sd": ours.sd,
        "chance_to_win": ours.chance_to_win,
        "expected_loss_keep_control": ours.loss_keeping,
        "expected_loss_ship_treatment": ours.loss_shipping,
    }
    assert said == pytest.approx({name: theirs[name] for name in said}, rel=1e-8, abs=0)
    assert ours.interval(case["inputs"]["alpha"]) == pytest.approx(tuple(theirs["credible_interval"]), rel=1e-8)


def _moments(arm: Case) -> Moments:
    if arm["type"] == "RatioStatistic":
        y, x, both = arm["m_statistic"], arm["d_statistic"], arm["m_d_sum_of_products"]
        squares = [[y["sum_squares"], both], [both, x["sum_squares"]]]
        return Moments.from_sums(arm["n"], [y["sum"], x["sum"]], squares)
    if arm["type"] == "ProportionStatistic":
        return Moments.binary(int(arm["sum"]), arm["n"])
    return Moments.from_sums(arm["n"], [arm["sum"]], [[arm["sum_squares"]]])


def _quantile(arm: Case) -> tuple[float, float]:
    se = (arm["quantile_upper"] - arm["quantile_lower"]) / (2 * critical_value(0.025))
    return arm["quantile_hat"], se * se * (arm["n"] - 1) / arm["n"]


def _pair(inputs: Case) -> Pair:
    arms = inputs["treatment"], inputs["control"]
    kind = arms[0]["type"]
    if kind == "QuantileStatistic":
        (treatment, v_t), (control, v_c) = (_quantile(arm) for arm in arms)
        return Pair(
            treatment=treatment,
            control=control,
            treatment_variance=v_t,
            control_variance=v_c,
            treatment_units=arms[0]["n"],
            control_units=arms[1]["n"],
            method="quantile",
        )
    compare = {"ProportionStatistic": proportions, "RatioStatistic": ratios}.get(kind, means)
    answer = compare(*map(_moments, arms), test="wald")
    assert isinstance(answer, Pair)
    return answer


@of("plain")
def test_a_normal_prior_agrees_with_gbstats(case: Case) -> None:
    """Means, proportions, ratios and quantiles, of whose variances gbstats takes (n - 1) / n.

    A loss of 5e-43 comes out to the same digits as one of 0.5.
    """
    inputs = case["inputs"]

    _agrees(posterior(_pair(inputs), _prior(inputs), scale=inputs["difference"]), case)


def _sums(arm: Case) -> Moments:
    y, x, both = arm["post_statistic"], arm["pre_statistic"], arm["post_pre_sum_of_products"]
    return Moments.from_sums(arm["n"], [y["sum"], x["sum"]], [[y["sum_squares"], both], [both, x["sum_squares"]]])


def _adjusted(inputs: Case) -> Adjusted:
    answer = adjusted(_sums(inputs["treatment"]), _sums(inputs["control"]), theta="pooled", test="wald")
    assert isinstance(answer, Adjusted)
    return answer


@of("adjusted_difference")
def test_an_adjusted_difference_takes_gbstats_raw_baseline(case: Case) -> None:
    """gbstats brings a relative prior to the absolute scale by the unadjusted control mean, ours by the pair's own."""
    inputs = case["inputs"]
    effect = _adjusted(inputs).pair.contrast()
    raw = float(_sums(inputs["control"]).means[0])

    _agrees(updated(effect.estimate, effect.se, _prior(inputs).on("absolute", baseline=raw)), case)


def _likelihood(case: Case, baseline: float) -> tuple[float, float]:
    """Return the estimate and standard error that a posterior was made from, by taking its prior out again."""
    mean, sd = case["expected"]["posterior_mean"], case["expected"]["posterior_sd"]
    prior = _prior(case["inputs"]).on(case["inputs"]["difference"], baseline=baseline)
    precision = 1 / sd**2 - 1 / prior.sd**2
    return (mean / sd**2 - prior.mean / prior.sd**2) / precision, 1 / math.sqrt(precision)


@of("adjusted_lift")
def test_an_adjusted_lift_is_over_another_baseline_in_gbstats(case: Case) -> None:
    """gbstats divides the adjusted difference by the unadjusted control mean; ours by the adjusted one, jointly.

    Their likelihood, put into our update, gives all of their numbers; its error is within 5 % of ours.
    """
    inputs = case["inputs"]
    raw = float(_sums(inputs["control"]).means[0])
    estimate, se = _likelihood(case, raw)
    ours = posterior(_adjusted(inputs).pair)
    assert isinstance(ours, Posterior)

    assert estimate * raw == pytest.approx(_adjusted(inputs).pair.contrast().estimate, rel=1e-8)
    assert se == pytest.approx(ours.sd, rel=0.05)
    _agrees(updated(estimate, se, _prior(inputs)), case)


def _ratio_arm(t: int) -> Moments:
    table = DATA["D1"]
    columns = [np.asarray(table[name], dtype=float) for name in ("num", "den", "prenum", "preden")]
    arm = Moments.of(np.column_stack(columns)[np.array(table["t"]) == t])
    own = linearised(arm)
    assert isinstance(own, Moments)
    both = linearised(own.columns(1, 2, 0))
    assert isinstance(both, Moments)
    return both.columns(1, 0)


@of("adjusted_ratio")
def test_an_adjusted_ratio_has_another_slope_in_gbstats(case: Case) -> None:
    """The slope is weighted otherwise (see the adjustments' oracle test), so their likelihood is close to ours.

    Put into our update it gives all of their numbers.
    """
    inputs, control = case["inputs"], case["inputs"]["control"]
    raw = control["m_statistic_post"]["sum"] / control["d_statistic_post"]["sum"]
    estimate, se = _likelihood(case, raw)
    answer = adjusted(_ratio_arm(1), _ratio_arm(0), theta="pooled", test="wald")
    assert isinstance(answer, Adjusted)
    effect = answer.pair.contrast()
    scale = raw if inputs["difference"] == "relative" else 1.0

    assert estimate * scale == pytest.approx(effect.estimate, abs=effect.se / 20)
    assert se * scale == pytest.approx(effect.se, rel=0.2)
    _agrees(updated(estimate, se, _prior(inputs).on(inputs["difference"], baseline=raw)), case)


@of("counts")
def test_beta_binomial_agrees_with_adaptive_quadrature(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    rates = beta_posterior(
        (inputs["treatment_successes"], inputs["treatment_n"]),
        (inputs["control_successes"], inputs["control_n"]),
        prior=Beta(inputs["prior_alpha"], inputs["prior_beta"]),
    )

    said = {
        "prob_treatment_better": rates.chance_to_win,
        "expected_loss_ship_treatment": rates.loss_shipping,
        "expected_loss_keep_control": rates.loss_keeping,
        "posterior_mean_control": rates.control.mean,
        "posterior_mean_treatment": rates.treatment.mean,
    }
    assert said == pytest.approx({name: theirs[name] for name in said}, rel=1e-10)
    assert rates.control.interval() == pytest.approx(tuple(theirs["cred95_control"]), rel=1e-8)
    assert rates.treatment.interval() == pytest.approx(tuple(theirs["cred95_treatment"]), rel=1e-8)


def test_an_improper_prior_is_the_wald_test_in_other_words() -> None:
    pair = means(Moments.of([3, 4, 5, 6]), Moments.of([1, 2, 3, 4]), test="wald")
    assert isinstance(pair, Pair)
    view = posterior(pair, FLAT, scale="absolute")
    assert isinstance(view, Posterior)

    assert (view.mean, view.sd) == (pair.contrast().estimate, pair.contrast().se)
    assert view.interval(0.05) == pair.contrast().interval(0.05)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
    assert {case["method"] for case in CASES} <= {"beta_binomial_exact", "bayesian_normal_effect_prior"}
