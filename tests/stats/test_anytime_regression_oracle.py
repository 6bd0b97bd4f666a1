"""Anytime-valid regression and mixture tests against avlm, savvi and mixtureSPRT, case by case."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.anytime.boundary import MixtureSprt
from twyman.stats.anytime.regression import Regression, optimal_g, t_log_e, t_radius, z_radius
from twyman.stats.anytime.running import intersections, smallest
from twyman.stats.estimate import Contrast

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "anytime_regression_msprt.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
DATA: dict[str, dict[str, list[float]]] = json.loads((FOLDER / "data.json").read_text()) if FILE.exists() else {}
KINDS = ("log_e", "tuning", "model", "recursive", "msprt")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    given = set(case["inputs"])
    if case["method"] == "msprt":
        return "msprt"
    if case["method"] == "anytime_valid_regression":
        return "recursive"
    return "log_e" if "t_squared" in given else "model" if "formula" in given else "tuning"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


@of("log_e")
def test_e_values_of_a_t_statistic_agree(case: Case) -> None:
    inputs = case["inputs"]
    asked = {name: inputs[name] for name in ("n", "g")}

    log_e = float(t_log_e(math.sqrt(inputs["t_squared"]), df=inputs["nu"], **asked))

    assert log_e == pytest.approx(case["expected"]["log_e_value"], rel=1e-8)
    contrast = Contrast(math.sqrt(inputs["t_squared"]), 1.0, inputs["nu"])
    p_value = math.exp(Regression(inputs["g"]).log_p(contrast, inputs["n"]))
    assert p_value == pytest.approx(case["expected"]["p_anytime"], rel=1e-8)


@of("tuning")
def test_radii_agree_and_our_tuning_is_the_exact_minimum(case: Case) -> None:
    """R's optimiser stops at six digits of g; ours solves for it, and its radius is no larger."""
    n, k, alpha = (case["inputs"][name] for name in ("n", "number_of_coefficients", "alpha"))
    theirs = case["expected"]

    g = optimal_g(n, coefficients=k, alpha=alpha)

    assert g == pytest.approx(theirs["g"], rel=1e-4)
    assert z_radius(n=n, g=theirs["g"], alpha=alpha) == pytest.approx(theirs["z_radius_at_g"], rel=1e-8)
    at_theirs, at_ours = (t_radius(df=n - k, n=n, g=each, alpha=alpha) for each in (theirs["g"], g))
    assert at_theirs == pytest.approx(theirs["t_radius"], rel=1e-8)
    assert at_ours == pytest.approx(theirs["t_radius"], rel=1e-8)
    assert at_ours <= at_theirs * (1 + 1e-15)


def _design(inputs: Case) -> tuple[np.ndarray, np.ndarray]:
    data = {name: np.array(column) for name, column in DATA[inputs["dataset"]].items() if name != "seg"}
    if "formula" in inputs:
        outcome, terms = inputs["formula"].replace(" ", "").split("~")
        names = terms.split("+")
    else:
        outcome, names = "y", [name for name in inputs["columns"].split(" ")[0].split(",") if name != "1"]
    return np.column_stack([np.ones(len(data[outcome])), *(data[name].astype(float) for name in names)]), data[outcome]


def _fit(design: np.ndarray, outcome: np.ndarray, vcov: str) -> Contrast:
    """Fit by least squares; the treatment is the second column."""
    n, k = design.shape
    inverse = np.linalg.inv(design.T @ design)
    slopes = inverse @ design.T @ outcome
    residuals = outcome - design @ slopes
    leverages = np.einsum("ij,jk,ik->i", design, inverse, design)
    weights = {
        "classical": np.full(n, residuals @ residuals / (n - k)),
        "HC0": residuals**2,
        "HC1": residuals**2 * n / (n - k),
        "HC2": residuals**2 / (1 - leverages),
        "HC3": residuals**2 / (1 - leverages) ** 2,
    }[vcov]
    covariance = inverse @ (design.T * weights) @ design @ inverse
    return Contrast(float(slopes[1]), math.sqrt(covariance[1, 1]), n - k)


@of("model")
def test_a_linear_models_interval_and_p_value_agree(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    design, outcome = _design(inputs)
    contrast, plan = _fit(design, outcome, inputs["vcov"]), Regression(inputs["g"])

    reach = plan.critical(contrast, len(outcome), 1 - inputs["confidence"]) * contrast.se

    assert contrast.statistic == pytest.approx(theirs["t_stat"], rel=1e-8)
    assert math.exp(plan.log_p(contrast, len(outcome))) == pytest.approx(theirs["p_anytime"], rel=1e-8)
    assert [contrast.estimate - reach, contrast.estimate + reach] == pytest.approx(theirs["ci"], rel=1e-8)


@of("recursive")
def test_savvi_agrees_with_its_degrees_of_freedom_and_all_looks_intersected(case: Case) -> None:
    """savvi has one degree of freedom fewer than R and we, weighs by the treatment's own residual
    sum of squares instead of n, and shows the running intersection and minimum only."""
    design, outcome = _design(case["inputs"])
    phi, alpha = case["inputs"]["phi"], case["inputs"]["alpha"]
    looks = range(6, len(outcome) + 1)
    ends, log_p = [], []
    for n in looks:
        fit = _fit(design[:n], outcome[:n], "classical")
        residual = design[:n, 1] - design[:n, ::2] @ np.linalg.lstsq(design[:n, ::2], design[:n, 1], rcond=None)[0]
        asked = {"df": n - 4, "n": float(residual @ residual), "g": phi}
        log_p.append(min(0.0, -float(t_log_e(fit.statistic, **asked))))
        ends.append((fit.estimate, t_radius(**asked, alpha=alpha) * fit.se))

    running = intersections([b - r for b, r in ends], [b + r for b, r in ends])

    for at in case["expected"]["at"]:
        look = looks.index(at["n"])
        assert ends[look][0] == pytest.approx(at["estimate"], rel=1e-6)
        assert [running.lower[look], running.upper[look]] == pytest.approx(at["ci"], rel=1e-5)
        assert math.exp(smallest(log_p)[look]) == pytest.approx(at["p_value"], rel=1e-5)


@of("msprt")
def test_mixture_likelihood_ratios_agree(case: Case) -> None:
    inputs = case["inputs"]
    test = MixtureSprt(inputs["tau"])
    arms = [np.array(inputs[arm]) for arm in ("treatment", "control")]
    spread = sum(arm.mean() * (1 - arm.mean()) for arm in arms)  # of proportions: theirs, from all data at once
    spread = 2 * inputs["sigma"] ** 2 if "sigma" in inputs else spread

    for n, theirs in zip(inputs["at"], case["expected"]["likelihood_ratio"], strict=True):
        mean, se = float((arms[0] - arms[1])[:n].mean()) - inputs["theta0"], math.sqrt(spread / n)
        log_p = test.log_p(Contrast(mean, se, None), n)
        assert log_p == pytest.approx(min(0.0, -math.log(theirs)), abs=1e-10)
        assert float(test.log_e(Contrast(mean, se, None))) == pytest.approx(math.log(theirs), abs=1e-10)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
