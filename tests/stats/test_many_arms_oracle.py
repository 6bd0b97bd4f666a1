"""Dunnett's comparisons against mvtnorm, multcomp and the printed tables."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.lift import absolute
from twyman.stats.many_arms import against_control, critical_of_largest, pooled_means
from twyman.stats.moments import Moments

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
CASES: list[Case] = []
for name in ("dunnett", "gs_published_tables"):
    if (FOLDER / f"{name}.json").exists():
        CASES += json.loads((FOLDER / f"{name}.json").read_text())["cases"]
EQUAL = math.sqrt(0.5)


def of(method: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["method"] == method]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _df(inputs: Case) -> float | None:
    return None if inputs["df"] == "inf" else inputs["df"]


@of("dunnett_critical_value")
def test_critical_values_agree_with_mvtnorm(case: Case) -> None:
    inputs = case["inputs"]
    assert "equal" in inputs["allocation"]

    ours = critical_of_largest(
        [EQUAL] * inputs["treatments"], alpha=inputs["alpha"], df=_df(inputs), sides=inputs["sides"]
    )

    assert ours == pytest.approx(case["expected"]["critical_value"], abs=3e-3)  # theirs is Monte Carlo


@of("published_dunnett")
def test_critical_values_are_the_printed_ones(case: Case) -> None:
    inputs = case["inputs"]

    for sides, key in ((1, "one_sided"), (2, "two_sided")):
        if key in case["expected"]:
            ours = critical_of_largest(
                [EQUAL] * inputs["treatments"], alpha=inputs["alpha"], df=_df(inputs), sides=sides
            )
            assert ours == pytest.approx(case["expected"][key], abs=0.006)


@of("dunnett_test")
def test_comparisons_agree_with_multcomp(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    arms: dict[str, list[float]] = {}
    for y, group in zip(inputs["y"], inputs["group"], strict=True):
        arms.setdefault(group, []).append(y)
    control = Moments.of(arms.pop(inputs["control"]))
    pairs = pooled_means([Moments.of(units) for units in arms.values()], control)

    answer = against_control(pairs)

    assert answer.statistics == pytest.approx(theirs["t"], rel=1e-9)
    assert answer.adjusted == pytest.approx(theirs["p_adjusted"], abs=1e-3)
    assert answer.critical == pytest.approx(theirs["critical_value"], abs=3e-3)
    assert isinstance(answer.interval_alpha, float)
    for pair, low, high, estimate in zip(
        pairs, theirs["ci_lower"], theirs["ci_upper"], theirs["estimate"], strict=True
    ):
        ours = absolute(pair, alpha=answer.interval_alpha)
        assert ours.estimate == pytest.approx(estimate, rel=1e-9)
        assert (ours.lower, ours.upper) == (pytest.approx(low, abs=3e-3), pytest.approx(high, abs=3e-3))


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_of_many_arms_is_claimed_by_a_test() -> None:
    claimed = {"dunnett_critical_value", "published_dunnett", "dunnett_test"}

    assert {case["method"] for case in CASES if "dunnett" in case["method"] or "dunnett" in case["id"]} <= claimed
