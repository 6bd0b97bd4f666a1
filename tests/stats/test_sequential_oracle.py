"""Bounds against rpact and gsDesign; what is said at each look, and after stopping, against rpact and ldbounds."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.power import drift_needed, share_inflation
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.repeated import repeated_p
from twyman.stats.sequential.spending import HwangShihDecani, ObrienFleming, Pocock, PowerSpending, Spending
from twyman.stats.sequential.stagewise import stagewise
from twyman.stats.sequential.stopping import stopping

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
CASES: list[Case] = []
for name in ("gs_spending_bounds", "gs_many_looks", "gs_analysis_inference"):
    if (FOLDER / f"{name}.json").exists():
        CASES += [case | {"file": name} for case in json.loads((FOLDER / f"{name}.json").read_text())["cases"]]
KINDS = ("spending", "capped", "many_looks", "repeated", "stagewise")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if case["file"] == "gs_many_looks":
        return "many_looks"
    if case["file"] == "gs_analysis_inference":
        return "stagewise" if case["method"] == "stagewise_ci" else "repeated"
    return "capped" if 20 in case["expected"]["z_upper"] else "spending"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _spending(name: str, parameter: float | None) -> Spending:
    if name in ("power", "asKD"):
        return PowerSpending(parameter or 1.0)
    if name in ("hwang_shih_decani", "asHSD"):
        return HwangShihDecani(parameter if parameter is not None else -4.0)
    return {"lan_demets_pocock": Pocock(), "asP": Pocock()}.get(name, ObrienFleming())


def _bounds(case: Case) -> tuple[tuple[float, ...], tuple[float, ...]]:
    inputs, times = case["inputs"], case["inputs"]["information_fractions"]
    family = _spending(inputs["spending"], inputs["parameter"])
    plan = bounds(times, times, alpha=inputs["alpha"], spending=family, sides=inputs["sides"])
    return plan.z, plan.spent


@of("spending")
def test_bounds_agree_with_rpact_and_gsdesign(case: Case) -> None:
    """Where rpact writes infinity, its bound lies beyond what its normal distribution can tell from it."""
    z, spent = _bounds(case)

    wanted = case["expected"]["z_upper"]
    for ours, theirs, tolerance in zip(z, wanted, case.get("tolerance_z", [1e-6] * len(z)), strict=True):
        assert ours > 7.9 if theirs is None else ours == pytest.approx(theirs, abs=tolerance)
    assert spent == pytest.approx(case["expected"]["alpha_spent"], abs=1e-7)


@of("spending")
def test_drift_and_stopping_agree_with_gsdesign(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    if "drift_at_full_information" not in theirs:
        assert set(theirs) <= {"z_upper", "alpha_spent", "nominal_p"}
        return
    times, family = inputs["information_fractions"], _spending(inputs["spending"], inputs["parameter"])
    asked = {"spending": family, "alpha": inputs["alpha"], "power": 0.8, "sides": 1}

    drift = drift_needed(times, **asked)

    assert drift == pytest.approx(theirs["drift_at_full_information"], rel=2e-5)
    assert share_inflation(times, **asked) == pytest.approx(theirs["inflation_factor"], rel=4e-5)
    stops = stopping(times, _bounds(case)[0], drift=drift)
    assert stops == pytest.approx(theirs["stop_prob_per_look_under_H1"], abs=1e-5)


@of("capped")
def test_gsdesign_writes_20_for_a_bound_that_it_does_not_solve(case: Case) -> None:
    """Where a look's error is below 1e-18 gsDesign gives up and prints 20; ours is the true bound, well below."""
    for ours, theirs in zip(_bounds(case)[0], case["expected"]["z_upper"], strict=True):
        assert 8 < ours < 20 if theirs == 20 else ours == pytest.approx(theirs, abs=1e-6)


@of("many_looks")
def test_many_looks_agree_side_by_side(case: Case) -> None:
    """These numbers bound each side by itself; rpact's (and our) two-sided bounds end a path at either.

    A side by itself is our one-sided bound at half of alpha, to 1e-8. Ending at either leaves a little
    error over, and the bounds are lower by less than 1e-5.
    """
    inputs, times = case["inputs"], case["inputs"]["information_fractions"]
    family = _spending(inputs["spending"], inputs["parameter"])

    alone = bounds(times, times, alpha=inputs["alpha"] / 2, spending=family, sides=1)
    together = bounds(times, times, alpha=inputs["alpha"], spending=family, sides=2)

    assert alone.z == pytest.approx(case["expected"]["z_upper"], abs=1e-8)
    assert all(0 <= a - b + 1e-11 < 1e-5 for a, b in zip(alone.z, together.z, strict=True))


@of("repeated")
def test_repeated_intervals_and_p_values_agree_with_rpact(case: Case) -> None:
    """rpact prints one-sided p-values above one half as .49999; ours go on to 1, as p-values do."""
    inputs, theirs, look = case["inputs"], case["expected"], case["inputs"]["look"]
    times = inputs["information_fractions"]
    family = _spending(inputs["design"].split("_")[0], inputs.get("parameter"))
    se = inputs["sd"] * math.sqrt(1 / _last(inputs["cum_n_treatment"]) + 1 / _last(inputs["cum_n_control"]))
    plan = bounds(times, times, alpha=inputs["alpha_one_sided"], spending=family, sides=1)

    reach = plan.z[look - 1] * se

    if _last(theirs["repeated_ci_lower"]) is None:  # beyond what they can tell from infinity
        assert plan.z[look - 1] > 7.9
        return
    z, effect = _list(theirs["z"]), _last(theirs["effect"])
    assert [effect - reach, effect + reach] == pytest.approx(
        [_last(theirs["repeated_ci_lower"]), _last(theirs["repeated_ci_upper"])], abs=2e-5
    )
    ours = repeated_p(z, times[:look], times[:look], spending=family, sides=1)
    for mine, yours in zip(ours, _list(theirs["repeated_p"]), strict=True):
        assert min(mine, 0.49999904633) == pytest.approx(yours, abs=2e-5)


def _list(value: Any) -> list[float]:
    return value if isinstance(value, list) else [value]


def _last(value: Any) -> float:
    return _list(value)[-1]


@of("repeated")
def test_final_inference_agrees_with_rpact(case: Case) -> None:
    """Where the path first crosses, or at the last look: stage-wise p-value, interval, median-unbiased estimate."""
    inputs, theirs = case["inputs"], case["expected"]
    stage = theirs["final_stage"]
    if stage is None:
        assert _last(theirs["action"]) == "continue"
        return
    times, alpha = inputs["information_fractions"], inputs["alpha_one_sided"]
    family = _spending(inputs["design"].split("_")[0], inputs.get("parameter"))
    arms = zip(_list(inputs["cum_n_treatment"]), _list(inputs["cum_n_control"]), strict=True)
    information = [1 / (inputs["sd"] ** 2 * (1 / n + 1 / m)) for n, m in arms]
    z = bounds(times, times, alpha=alpha, spending=family, sides=1).z

    ours = stagewise(_list(theirs["z"])[stage - 1], information[:stage], z[:stage], alpha=alpha, sides=1)

    found = [ours.p_value, ours.lower, ours.upper, ours.estimate]
    asked = ("final_p", "final_ci_lower", "final_ci_upper", "median_unbiased")
    assert found == pytest.approx([_list(theirs[name])[stage - 1] for name in asked], abs=2e-5)


@of("stagewise")
def test_stagewise_intervals_agree_with_ldbounds(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    assert inputs["what"].startswith("stagewise")
    times, look = inputs["information_fractions"], inputs["stopped_at_look"]
    plan = bounds(
        times, times, alpha=inputs["alpha"], spending=_spending(inputs["spending"], None), sides=inputs["sides"]
    )

    ours = stagewise(inputs["z"], times[:look], plan.z[:look], alpha=1 - inputs["confidence"], sides=2)

    assert [ours.lower, ours.upper] == pytest.approx([theirs["lower"], theirs["upper"]], abs=case["tolerance"]["abs"])
    assert ours.lower < ours.estimate < ours.upper


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
