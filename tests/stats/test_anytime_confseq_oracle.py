"""Uniform boundaries, stitching, quantiles, rates and bounded means against confseq: every case agrees."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.anytime.bernoulli import rate_interval
from twyman.stats.anytime.bounded import betting, empirical_bernstein, hoeffding
from twyman.stats.anytime.mixtures import (
    BetaBinomial,
    GammaExponential,
    GammaPoisson,
    Mixture,
    NormalMixture,
    best_rho,
    mixture_bound,
)
from twyman.stats.anytime.quantile import quantile_difference_p
from twyman.stats.anytime.stitching import Epochs, double_stitching, empirical_process_lil, poly_stitching

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "anytime_confseq.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
MIXTURES = ("normal", "gamma_exponential", "gamma_poisson", "beta_binomial")
KINDS = (
    "mixture", "rho", "poly_stitching", "empirical_process_lil", "double_stitching",
    "bernoulli", "quantile_ab", "predmix", "betting",
)  # fmt: skip


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    name = case["inputs"]["fn"]
    if name.startswith("best_rho"):
        return "rho"
    if name.startswith(MIXTURES):
        return "mixture"
    return next(kind for kind in KINDS if name.startswith(kind))


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _agrees(ours: float, case: Case, name: str | None = None) -> None:
    """Runs agree to 1e-6, relative; the package's own unit tests are written to 1e-5."""
    theirs = case["expected"][name] if name else next(iter(case["expected"].values()))
    written = case["id"].startswith("unittest")
    assert ours == pytest.approx(theirs, rel=0 if written else 1e-6, abs=1e-5 if written else 1e-12)


def _sides(case: Case) -> int:
    name, asked = case["inputs"]["fn"], case["inputs"].get("is_one_sided", True)
    return 2 if "two" in name or not asked else 1


def _mixture(case: Case) -> Mixture:
    inputs, sides = case["inputs"], _sides(case)
    rho = best_rho(inputs["v_opt"], alpha=inputs.get("alpha_opt", 0.05), sides=sides)
    kind = next(kind for kind in MIXTURES if inputs["fn"].startswith(kind))
    if kind == "normal":
        return NormalMixture(rho, sides)
    if kind == "beta_binomial":
        return BetaBinomial(rho, inputs["g"], inputs["h"], sides)
    return (GammaExponential if kind == "gamma_exponential" else GammaPoisson)(rho, inputs["c"])


@of("mixture")
def test_mixtures_and_their_bounds_agree(case: Case) -> None:
    inputs, mixture = case["inputs"], _mixture(case)
    if "log_mixture" in inputs["fn"]:
        _agrees(mixture.log_mixture(inputs["s"], inputs["v"]), case)
    else:
        _agrees(mixture_bound(mixture, inputs["v"], alpha=inputs["alpha"]), case)


@of("rho")
def test_the_best_precision_agrees(case: Case) -> None:
    inputs = case["inputs"]
    _agrees(best_rho(inputs["v_opt"], alpha=inputs["alpha_opt"], sides=2 if "two" in inputs["fn"] else 1), case)


def _epochs(inputs: Case) -> Epochs:
    return Epochs(inputs.get("s", 1.4), inputs.get("eta", 2.0))


@of("poly_stitching")
def test_stitched_boundaries_agree(case: Case) -> None:
    i = case["inputs"]
    _agrees(poly_stitching(i["v"], alpha=i["alpha"], v_min=i["v_min"], c=i.get("c", 0), epochs=_epochs(i)), case)


@of("empirical_process_lil")
def test_bounds_on_the_distribution_function_agree(case: Case) -> None:
    i = case["inputs"]
    _agrees(empirical_process_lil(i["t"], alpha=i["alpha"], t_min=i["t_min"], a=i.get("A", 0.85)), case)


@of("double_stitching")
def test_bounds_on_all_quantiles_agree(case: Case) -> None:
    i = case["inputs"]
    asked = {"t_opt": i["t_opt"], "delta": i.get("delta", 0.5), "epochs": _epochs(i)}
    _agrees(double_stitching(i["quantile_p"], i["t"], alpha=i["alpha"], **asked), case)


@of("bernoulli")
def test_intervals_of_a_rate_agree(case: Case) -> None:
    i = case["inputs"]
    tuned = {"tuned_for": i["t_opt"], "tuned_alpha": i.get("alpha_opt", 0.05)}
    lower, upper = rate_interval(i["successes"], i["n"], alpha=i["alpha"], **tuned)
    _agrees(lower, case, "lower")
    _agrees(upper, case, "upper")


def _range(text: str, offset: int) -> np.ndarray:
    first, last = text.replace("offset", str(offset)).split("..")
    return np.arange(_sum(first), _sum(last) + 1)


def _sum(text: str) -> int:
    return sum(int(part) for part in text.split("+"))


@of("quantile_ab")
def test_p_values_of_two_arms_quantiles_agree(case: Case) -> None:
    i = case["inputs"]
    a, b = (_range(i[arm], i["offset"]) if isinstance(i[arm], str) else np.array(i[arm]) for arm in ("a", "b"))
    tuned = {"tuned_for": i["t_opt"], "tuned_alpha": i.get("alpha_opt", 0.05)}
    _agrees(quantile_difference_p(b, a, i["quantile_p"], **tuned)[0], case)


@of("predmix")
def test_predictable_mixtures_agree(case: Case) -> None:
    i, at = case["inputs"], np.array(case["inputs"]["at"]) - 1
    sequence = empirical_bernstein if "empbern" in i["fn"] else hoeffding
    lower, upper = sequence(i["x"], alpha=i["alpha"])
    assert lower[at] == pytest.approx(case["expected"]["lower"], rel=1e-6)
    assert upper[at] == pytest.approx(case["expected"]["upper"], rel=1e-6)


@of("betting")
def test_betting_sequences_agree_once_ours_is_rounded_to_their_grid(case: Case) -> None:
    """They try candidates on a grid, and widen by one step; ours finds the ends themselves."""
    i, theirs = case["inputs"], case["expected"]
    lower, upper = betting(i["x"], at=i["at"], alpha=i["alpha"])
    breaks = i["breaks"]

    on_grid = [max(math.ceil(end * breaks) - 1, 0) / breaks for end in lower]
    assert on_grid == pytest.approx(theirs["lower"], abs=1e-9)
    on_grid = [min(math.floor(end * breaks) + 1, breaks) / breaks for end in upper]
    assert on_grid == pytest.approx(theirs["upper"], abs=1e-9)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
