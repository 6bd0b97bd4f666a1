"""Planned designs against rpact, mvtnorm and printed tables: classical bounds, crossing, power, information."""

import itertools
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from twyman.stats.sequential.bounds import Bounds, bounds
from twyman.stats.sequential.classical import haybittle_peto, obrien_fleming, pocock, wang_tsiatis
from twyman.stats.sequential.spending import HwangShihDecani, ObrienFleming, Pocock, PowerSpending
from twyman.stats.sequential.stopping import crossings, drift_for, inflation, peeking_error, stopping
from twyman.stats.tails import critical_value, upper_tail

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
CASES: list[Case] = []
for name in ("gs_classical_bounds", "gs_crossing_mvnorm", "gs_power_asn", "gs_published_tables"):
    if (FOLDER / f"{name}.json").exists():
        CASES += [case | {"file": name} for case in json.loads((FOLDER / f"{name}.json").read_text())["cases"]]

OURS = {
    "classical_boundary",
    "crossing_probability",
    "peeking_inflation",
    "group_sequential_power",
    "published_constant",
    "published_inflation",
    "published_spending",
    "published_peeking_inflation",
}
ELSEWHERE = {"published_dunnett", "published_srm", "gpower_total_n"}
"""Lines of the printed tables that aren't sequential."""


def of(method: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["method"] == method]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _classical(inputs: Case) -> Bounds:
    looks, asked = range(1, inputs["K"] + 1), {"alpha": inputs["alpha"], "sides": inputs["sides"]}
    if inputs["boundary"] == "wang_tsiatis":
        return wang_tsiatis(looks, delta=inputs["delta"], **asked)
    if inputs["boundary"] == "haybittle_peto":
        return haybittle_peto(looks, interim=inputs["interim_z"], **asked)
    return {"pocock": pocock, "obrien_fleming": obrien_fleming}[inputs["boundary"]](looks, **asked)


@of("classical_boundary")
def test_classical_bounds_agree_with_rpact(case: Case) -> None:
    """Where rpact writes infinity, its bound lies beyond 7.9, which it can't tell from one that is never crossed."""
    ours, theirs = _classical(case["inputs"]), case["expected"]

    for mine, yours in zip(ours.z, theirs["z_upper"], strict=True):
        assert mine > 7.9 if yours is None else mine == pytest.approx(yours, abs=2e-6)
    if "constant" in theirs:
        assert ours.z[-1] == pytest.approx(theirs["constant"], abs=2e-6)
    nominal = theirs.get("nominal_p", [upper_tail(z) for z in ours.z])
    assert [upper_tail(z) for z in ours.z] == pytest.approx(nominal, abs=2e-6)
    assert ours.spent[-1] == pytest.approx(case["inputs"]["alpha"], rel=1e-9)


@of("crossing_probability")
def test_crossing_agrees_with_the_multivariate_normal(case: Case) -> None:
    inputs, (theirs,) = case["inputs"], case["expected"].values()
    z = inputs.get("z_upper") or inputs["z_bounds"]
    lower = [-bound for bound in z] if inputs["sides"] == 2 else None

    ours = crossings(inputs["information_fractions"], z, lower=lower, drift=inputs.get("drift_at_full_information", 0))

    either = map(sum, zip(ours.upper, ours.lower, strict=True))
    assert list(itertools.accumulate(either)) == pytest.approx(theirs, abs=5e-6)


@of("peeking_inflation")
def test_peeking_agrees_with_the_multivariate_normal(case: Case) -> None:
    """From five dimensions on mvtnorm's answers, asked for without a tolerance, carry Monte Carlo error of some 1e-5.

    Ours agrees with plain sums over a fine grid, which use neither the recursion nor its nodes.
    """
    looks, alpha = case["inputs"]["looks"], case["inputs"]["nominal_alpha"]

    ours = peeking_error(range(1, looks + 1), alpha=alpha, sides=case["inputs"]["sides"])

    assert ours == pytest.approx(case["expected"]["true_type_I_error"], abs=5e-5 if looks >= 5 else 5e-6)
    assert ours == pytest.approx(_summed(looks, critical_value(alpha / 2)), abs=2e-5 if looks > 10 else 8e-6)


def _summed(looks: int, z: float) -> float:
    """Walk the sum of standard normals over a plain grid, and count what leaves at any look."""
    grid = np.linspace(-z * math.sqrt(looks), z * math.sqrt(looks), 1201)
    step = grid[1] - grid[0]
    cells = ndtr(grid[:, None] - grid[None, :] + step / 2) - ndtr(grid[:, None] - grid[None, :] - step / 2)
    mass = (np.arange(1201) == 600).astype(float)
    for look in range(1, looks + 1):
        edge = z * math.sqrt(look)
        kept = np.clip((edge - np.abs(grid)) / step + 0.5, 0, 1)
        mass = kept * (cells @ mass)
    return 1 - float(mass.sum())


DESIGNS: dict[str, Callable[..., Bounds]] = {
    "asOF": lambda t, **asked: bounds(t, t, spending=ObrienFleming(), **asked),
    "asP": lambda t, **asked: bounds(t, t, spending=Pocock(), **asked),
    "asKD": lambda t, rho, **asked: bounds(t, t, spending=PowerSpending(rho), **asked),
    "asHSD": lambda t, gamma, **asked: bounds(t, t, spending=HwangShihDecani(gamma), **asked),
    "P": pocock,
    "OF": obrien_fleming,
    "WT": lambda t, delta, **asked: wang_tsiatis(t, delta=delta, **asked),
}


def _design(inputs: Case) -> Sequence[float]:
    """Lay the bounds of a design that is named like asKD2: a family and its number."""
    name = inputs["design"].rstrip("-.0123456789")
    number = inputs["design"][len(name) :]
    parameters = (float(number),) if number else ()
    return DESIGNS[name](inputs["information_fractions"], *parameters, alpha=inputs["alpha"], sides=inputs["sides"]).z


@of("group_sequential_power")
def test_drift_inflation_and_expected_information_agree_with_rpact(case: Case) -> None:
    inputs, theirs, times = case["inputs"], case["expected"], case["inputs"]["information_fractions"]
    z = _design(inputs)

    drift = drift_for(times, z, power=inputs["power"], symmetric=inputs["sides"] == 2)
    more = inflation(times, z, alpha=inputs["alpha"], power=inputs["power"], sides=inputs["sides"])

    lower = [-bound for bound in z] if inputs["sides"] == 2 else None
    for mine, yours in zip(z, theirs["z_upper"], strict=True):
        assert mine > 7.9 if yours is None else mine == pytest.approx(yours, abs=1e-4)
    assert (drift, more) == pytest.approx((theirs["drift"], theirs["inflation_factor"]), rel=2e-5)
    stops = crossings(times, z, lower=lower, drift=drift)
    assert stops.upper == pytest.approx(theirs["stop_prob_per_look_under_H1"], abs=2e-5)  # the wrong side uncounted
    if lower is None:
        assert stopping(times, z, drift=drift) == pytest.approx(stops.upper, rel=1e-12)
    for share, expected in ((1.0, "asn_ratio_H1"), (0.5, "asn_ratio_H01"), (0.0, "asn_ratio_H0")):
        ours = more * crossings(times, z, lower=lower, drift=share * drift).expected_information
        assert ours == pytest.approx(theirs[expected], rel=2e-5)


@of("published_constant")
def test_constants_are_as_printed(case: Case) -> None:
    assert _classical(case["inputs"]).z[-1] == pytest.approx(case["expected"]["constant"], abs=6e-4)


@of("published_inflation")
def test_inflation_is_as_printed(case: Case) -> None:
    inputs = case["inputs"]
    ours = inflation(range(1, inputs["K"] + 1), _classical(inputs).z, alpha=inputs["alpha"], power=inputs["power"])
    assert ours == pytest.approx(case["expected"]["inflation_factor"], abs=1.1e-3)


@of("published_spending")
def test_spending_bounds_are_as_printed(case: Case) -> None:
    inputs, times = case["inputs"], case["inputs"]["information_fractions"]
    family = {"lan_demets_obrien_fleming": ObrienFleming(), "lan_demets_pocock": Pocock()}[inputs["spending"]]
    ours = bounds(times, times, alpha=inputs["alpha"], spending=family, sides=inputs["sides"])
    assert list(ours.z) == pytest.approx(case["expected"]["z_upper"], abs=6e-4)


@of("published_peeking_inflation")
def test_peeking_is_as_armitage_mcpherson_and_rowe_print_it(case: Case) -> None:
    inputs = case["inputs"]
    ours = peeking_error(range(1, inputs["looks"] + 1), alpha=inputs["nominal_alpha"], sides=inputs["sides"])
    assert ours == pytest.approx(case["expected"]["true_type_I_error"], abs=6e-4)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {case["method"] for case in CASES} <= OURS | ELSEWHERE
