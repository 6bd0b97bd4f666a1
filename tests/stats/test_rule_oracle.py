"""The risk-aware rule against spotify-confidence: its numbers from our parts by its conventions, and where we differ.

Its conventions, none of them the paper's or ours: spot-1 divides the guardrails' alpha by the number of
successes too (T19); a margin is turned into a number by the observed control mean, taken for known (T20);
relative intervals divide by that mean likewise (T1); Holm has "adjusted" intervals that are not adjusted.
"""

import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.margins import noninferiority
from twyman.stats.moments import Moments
from twyman.stats.multiplicity import (
    bh,
    bky,
    bonferroni,
    by,
    corrected,
    hochberg,
    holm,
    holm_sidak,
    hommel,
    sidak,
    two_stage_bh,
)
from twyman.stats.pair import Pair
from twyman.stats.power import information_needed
from twyman.stats.proportion import proportions
from twyman.stats.rule import Errors, all_of, allocated, any_of, noninferior, superior
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import PowerSpending
from twyman.stats.tails import critical_value, upper_tail

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "decision_rule_spotify.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
ELSEWHERE = {"sequential_bounds_power2"}
"""Answered for by the tests of sequential bounds."""


def of(method: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["method"] == method]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


# Sizes


@of("risk_aware_sample_size")
def test_sizes_agree_by_their_conventions(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    successes, guards = inputs["success_metrics"], inputs["guardrail_metrics"]
    spot = inputs["correction"].startswith("spot-1")
    tests = successes if spot else successes + guards
    alpha = inputs["alpha"] * (2 if spot else 1) / max(1, tests)
    power = 1 - (1 - inputs["power"]) / (guards + (successes > 0)) if spot else inputs["power"]

    for name, size in theirs["required_sample_size_per_metric"].items():
        assert theirs["adjusted_alpha"][name] == pytest.approx(alpha, rel=1e-12)
        assert theirs["adjusted_power"][name] == pytest.approx(power, rel=1e-12)
        assert theirs["preference_test"][name] == ("two-sided" if spot else "larger")
        metric = inputs["success" if name.startswith("s") else "guardrail"]
        effect = metric["mean"] * metric.get("mde_rel", metric.get("nim_rel", 0.0))
        information = information_needed(effect, alpha, power, 2 if spot else 1)
        assert _units(information, metric["var"], inputs["weights"]) == pytest.approx(size, rel=1e-6)


def _units(information: float, variance: float, weights: list[float]) -> float:
    """Return the units of both arms, each rounded up for itself."""
    total = sum(weights)
    every = information * variance * sum(total / weight for weight in weights)
    return sum(math.ceil(every * weight / total) for weight in weights)


@of("risk_aware_sample_size")
def test_our_allocation_is_the_papers(case: Case) -> None:
    """Powers are theirs, as is the successes' alpha (two-sided at twice it); guardrails keep theirs whole."""
    inputs = case["inputs"]
    if not inputs["correction"].startswith("spot-1"):
        return
    successes = [superior(f"s{i}", sides=1) for i in range(inputs["success_metrics"])]
    margin = inputs["guardrail"]["nim_rel"]
    guards = [noninferior(f"g{i}", margin=margin) for i in range(inputs["guardrail_metrics"])]

    plan = allocated(
        all_of(*([any_of(*successes)] if successes else []), *guards),
        Errors(alpha=inputs["alpha"], beta=1 - inputs["power"]),
    )

    for share in plan.shares:
        name, theirs = share.hypothesis.name, case["expected"]
        divided = max(1, len(successes)) if name.startswith("g") else 1
        assert share.power == pytest.approx(theirs["adjusted_power"][name], rel=1e-12)
        assert share.alpha == pytest.approx(theirs["adjusted_alpha"][name] / 2 * divided, rel=1e-12)


# Tests of several metrics


STEPS: Mapping[str, Any] = {
    "holm": holm,
    "holm-sidak": holm_sidak,
    "hommel": hommel,
    "sidak": sidak,
    "simes-hochberg": hochberg,
    "fdr_bh": bh,
    "fdr_by": by,
    "fdr_tsbh": partial(two_stage_bh, alpha=0.05),
    "fdr_tsbky": partial(bky, alpha=0.05),
}
ADJUST = STEPS | {f"spot-1-{name}": correction for name, correction in STEPS.items()}
UNADJUSTED = ("holm", "hommel", "simes-hochberg")
"""Steps whose "adjusted" intervals are the plain ones; others have none, or under spot-1 Bonferroni's."""


def _arms(rows: list[Case], reference: str) -> dict[str, dict[str, Moments]]:
    """Return moments by metric and arm; a proportion's variance is p (1 - p), other metrics' has n - 1 below."""
    arms: dict[str, dict[str, Moments]] = {}
    for row in rows:
        plain = Moments.from_sums(row["n"], [row["num"]], [[row["ssq"]]])
        shrunk = (plain.count - 1) / plain.count if row["num"] == row["ssq"] else 1.0
        arms.setdefault(row["metric"], {})[row["variation"]] = Moments(
            plain.count, plain.means, plain.products * shrunk
        )
    assert all(reference in by_arm for by_arm in arms.values())
    return arms


class Theirs:
    """One comparison by their conventions, from our parts."""

    def __init__(self, inputs: Case, metric: str, arm: str) -> None:
        arms = _arms(inputs["rows"], inputs["reference"])[metric]
        [margin, direction] = next(
            [row["non_inferiority_margin"], row["preferred_direction"]]
            for row in inputs["rows"]
            if row["metric"] == metric
        )
        treatment, control = arms[arm], arms[inputs["reference"]]
        self.pair = Pair(
            treatment=float(treatment.means[0]),
            control=float(control.means[0]),
            treatment_variance=treatment.variance() / treatment.count,
            control_variance=control.variance() / control.count,
            treatment_units=treatment.count,
            control_units=control.count,
            method="difference",
        )
        self.margin, self.sign = margin, {"increase": 1, "decrease": -1, None: 0}[direction]
        self.scale = 1.0 if inputs["absolute"] else 1 / self.pair.control
        self.two_sided = inputs["correction"] == "spot-1-bonferroni" or not self.sign

    @property
    def null(self) -> float:
        return -self.sign * (self.margin or 0.0) * self.pair.control

    @property
    def p(self) -> float:
        contrast = self.pair.contrast()
        z = (contrast.estimate - self.null) / contrast.se
        return min(1.0, 2 * upper_tail(abs(z))) if self.two_sided else upper_tail(self.sign * z)

    def ends(self, alpha: float) -> tuple[float | None, float | None]:
        low, high = self.pair.contrast().interval(alpha if self.two_sided else 2 * alpha)
        low, high = low * self.scale, high * self.scale
        if self.two_sided:
            return low, high
        return (low, None) if self.sign == 1 else (None, high)


@of("z_test_multi_metric")
def test_tests_of_several_metrics_agree_by_their_conventions(case: Case) -> None:
    inputs, table, correction = case["inputs"], case["expected"]["table"], case["inputs"]["correction"]
    ours = [Theirs(inputs, row["metric"], row["level_2"]) for row in table]
    p = [each.p for each in ours]
    alpha = (1 - inputs["interval_size"]) * (2 if correction == "spot-1-bonferroni" else 1)
    counted = sum(each.margin is None for each in ours)
    tests = counted if correction.startswith("spot-1") or "do-not-count" in correction else len(ours)
    adjusted = ADJUST[correction](p) if correction in ADJUST else [min(1.0, tests * each) for each in p]
    divided = tests if "bonferroni" in correction or correction.startswith("spot-1") else 1

    for each, row, p_adjusted in zip(ours, table, adjusted, strict=True):
        assert each.pair.contrast().estimate * each.scale == pytest.approx(row["difference"], rel=1e-6, abs=1e-10)
        assert each.null * each.scale == pytest.approx(row["null_hypothesis"], rel=1e-6)
        assert each.p == pytest.approx(row["p-value"], rel=1e-6, abs=1e-11)
        assert p_adjusted == pytest.approx(row["adjusted p-value"], rel=1e-6, abs=1e-11)
        assert row["alpha"] == pytest.approx(alpha)
        assert row["adjusted_alpha"] == pytest.approx(alpha / divided, rel=1e-6)
        assert row["is_significant"] == (p_adjusted < alpha)
        _same_ends(each.ends(alpha), row["ci_lower"], row["ci_upper"])
        unadjusted = correction.removeprefix("spot-1-") in UNADJUSTED
        if correction in STEPS and not unadjusted:
            _same_ends((None, None), row["adjusted ci_lower"], row["adjusted ci_upper"])
        else:
            level = alpha if unadjusted else alpha / divided
            _same_ends(each.ends(level), row["adjusted ci_lower"], row["adjusted ci_upper"])


def _same_ends(ours: tuple[float | None, float | None], *theirs: float | None) -> None:
    for mine, yours in zip(ours, theirs, strict=True):
        assert (mine is None) == (yours is None)
        assert mine == (None if yours is None else pytest.approx(yours, rel=1e-6, abs=1e-10))


@of("z_test_multi_metric")
def test_ours_differ_from_theirs_where_theirs_mislead(case: Case) -> None:
    """A margin's test has the baseline's own noise in it; Holm has no such intervals; Fieller isn't a division."""
    inputs = case["inputs"]
    for row in case["expected"]["table"]:
        each = Theirs(inputs, row["metric"], row["level_2"])
        lift, plain = relative(each.pair), absolute(each.pair)
        assert not isinstance(lift, NotEstimable)
        assert lift.lower is not None
        assert plain.lower is not None
        assert (lift.lower > 0) == (plain.lower > 0)
        assert lift.lower != pytest.approx(plain.lower / each.pair.control, rel=1e-6)
        if each.margin is not None and each.sign == 1:
            pair = each.pair
            theirs = (pair.contrast().estimate - each.null) / pair.contrast().se
            known_baseline = (1 - each.margin) * math.sqrt(pair.treatment_variance + pair.control_variance)
            exact = math.sqrt(pair.treatment_variance + (1 - each.margin) ** 2 * pair.control_variance)
            ours = noninferiority(pair, margin=each.margin)
            assert known_baseline < exact
            assert ours == pytest.approx(theirs * pair.contrast().se / exact, rel=1e-9)
    assert isinstance(corrected([0.01, 0.2], correction="holm").interval_alphas, NotEstimable)
    assert bonferroni([0.01], 4)[0] == 0.04


# Looks


@of("z_test_group_sequential")
def test_looks_agree_by_their_share_of_planned_units(case: Case) -> None:
    """Their clock is the share of planned units, ours that of 1 / se²; at the same times bounds agree."""
    inputs = case["inputs"]
    days = sorted({row["day"] for row in inputs["rows"]})
    looks = [{row["variation"]: row for row in inputs["rows"] if row["day"] == day} for day in days]
    alpha = 1 - inputs["interval_size"]
    times = [sum(row["n"] for row in look.values()) / next(iter(look.values()))["fin"] for look in looks]

    plan = bounds(times, times, alpha=alpha, spending=PowerSpending(2.0), sides=2)

    for look, z, theirs in zip(looks, plan.z, case["expected"]["table"], strict=True):
        contrast = _proportions(look["t"], look["c"]).contrast()
        assert contrast.estimate == pytest.approx(theirs["difference"], rel=1e-6)
        assert contrast.interval(alpha) == pytest.approx((theirs["ci_lower"], theirs["ci_upper"]), rel=1e-6)
        assert z == pytest.approx(critical_value(theirs["adjusted_alpha"] / 2), abs=2e-4)
        reach = z * contrast.se
        assert contrast.estimate - reach == pytest.approx(theirs["adjusted ci_lower"], abs=2e-4 * contrast.se)
        assert contrast.estimate + reach == pytest.approx(theirs["adjusted ci_upper"], abs=2e-4 * contrast.se)
        assert theirs["is_significant"] == (abs(contrast.statistic) > z)


def _proportions(treatment: Case, control: Case) -> Pair:
    arms = [Moments.from_sums(row["n"], [row["num"]], [[row["ssq"]]]) for row in (treatment, control)]
    pair = proportions(*arms, test="wald")
    assert isinstance(pair, Pair)
    return pair


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_of_the_rule_is_claimed_by_a_test() -> None:
    claimed = {"risk_aware_sample_size", "z_test_multi_metric", "z_test_group_sequential"}

    assert {case["method"] for case in CASES} <= claimed | ELSEWHERE
