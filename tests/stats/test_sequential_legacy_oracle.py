"""Coarse grids: ldbounds and spotify-confidence come near our bounds, and miss their error by more than we do."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import HwangShihDecani, ObrienFleming, Pocock, PowerSpending, Spending
from twyman.stats.sequential.stopping import crossings, drift_for

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
CASES: list[Case] = []
for name, wanted in (("gs_ldbounds_legacy", "ldbounds_legacy"), ("decision_rule_spotify", "sequential_bounds_power2")):
    if (FOLDER / f"{name}.json").exists():
        CASES += [
            case for case in json.loads((FOLDER / f"{name}.json").read_text())["cases"] if case["method"] == wanted
        ]
BOUNDS = [case for case in CASES if "z_upper" in case["expected"]]
DRIFTS = [case for case in CASES if case["inputs"].get("what") == "drift_for_power"]

THEIR_STEP = 1e-5
"""Error increments below which their grids, and a search that ends at 1e-7 in probability, lose digits of z."""


def _family(inputs: Case) -> Spending:
    match inputs["spending"]:
        case "power":
            return PowerSpending(inputs["parameter"])
        case "hwang_shih_decani":
            return HwangShihDecani(inputs["parameter"])
        case "lan_demets_pocock":
            return Pocock()
        case other:
            assert other == "lan_demets_obrien_fleming"
            return ObrienFleming()


def _missed(times: list[float], z: list[float], sides: int, targets: list[float]) -> float:
    """Return by how much the error spent by bounds misses what was to be spent, at worst."""
    lower = [-bound for bound in z] if sides == 2 else None
    crossed = crossings(times, z, lower=lower)
    spent = itertools.accumulate(map(sum, zip(crossed.upper, crossed.lower, strict=True)))
    return max(abs(ours - target) for ours, target in zip(spent, targets, strict=True))


@pytest.mark.parametrize("case", BOUNDS, ids=[case["id"] for case in BOUNDS])
def test_bounds_come_near_and_ours_miss_less_of_the_error(case: Case) -> None:
    inputs, times, sides = case["inputs"], case["inputs"]["information_fractions"], case["inputs"]["sides"]
    family = _family(inputs)
    ours = bounds(times, times, alpha=inputs["alpha"], spending=family, sides=sides)
    theirs = [math.inf if z is None else z for z in case["expected"]["z_upper"]]

    steps = [after - before for before, after in itertools.pairwise((0.0, *ours.spent))]
    for mine, yours, step in zip(ours.z, theirs, steps, strict=True):
        if step > THEIR_STEP:
            assert mine == pytest.approx(yours, abs=5e-4)
        elif yours < 8:  # where they give up
            assert mine == pytest.approx(yours, abs=0.08)
        else:
            assert step < 1e-6
    targets = [sides * family.spent(t, inputs["alpha"] / sides) for t in times]
    assert _missed(times, list(ours.z), sides, targets) < 1e-12
    assert _missed(times, theirs, sides, targets) > 1e-12


@pytest.mark.parametrize("case", DRIFTS, ids=[case["id"] for case in DRIFTS])
def test_drifts_come_near(case: Case) -> None:
    inputs, times = case["inputs"], case["inputs"]["information_fractions"]
    z = bounds(times, times, alpha=inputs["alpha"], spending=_family(inputs), sides=inputs["sides"]).z

    drift = drift_for(times, z, power=inputs["power"], symmetric=inputs["sides"] == 2)

    assert drift == pytest.approx(case["expected"]["drift"], abs=5e-4)
    stops = crossings(times, z, lower=[-bound for bound in z], drift=drift)
    either = list(map(sum, zip(stops.upper, stops.lower, strict=True)))
    assert either == pytest.approx(case["expected"]["stop_prob_per_look"], abs=1e-4)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert len(BOUNDS) + len(DRIFTS) == len(CASES)
