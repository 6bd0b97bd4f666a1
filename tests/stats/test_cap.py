"""Caps against scipy and numpy, and what must hold of them whatever the data are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.cap import Cap, Capped, CapRule, capped
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "winsorize_cap.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
KINDS = ("winsorize", "cap_at_quantile")


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["method"] == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _cap(rule: CapRule, treatment: Any, control: Any = ()) -> Cap:
    cap = rule.threshold(treatment=treatment, control=control)
    assert isinstance(cap, Cap), cap
    return cap


def _capped(*arms: Any, rule: CapRule | Cap, **more: Any) -> Capped:
    answer = capped(*arms, rule=rule, **more)
    assert isinstance(answer, Capped), answer
    return answer


@of("winsorize")
def test_winsorising_by_count_is_scipys(case: Case) -> None:
    data, (low, high) = case["inputs"]["data"], case["inputs"]["limits"]

    ours = _cap(CapRule(lower=low, upper=1 - high, counted=True), data).of(data)

    theirs = case["expected"]
    seen = {"mean": ours.mean(), "max": ours.max(), "min": ours.min(), "var_ddof1": Moments.of(ours).variance()}
    assert seen == pytest.approx(theirs, rel=1e-10)


@of("cap_at_quantile")
def test_capping_at_a_percentile_is_numpys(case: Case) -> None:
    data = case["inputs"]["data"]

    arms = _capped(data, [], rule=CapRule(upper=case["inputs"]["quantile"]))

    moments = arms.treatment.capped
    seen = {"cap": min(arms.cap.upper, max(data)), "mean": moments.means[0], "var_ddof1": moments.variance()}
    assert seen == pytest.approx(case["expected"], rel=1e-10)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {case["method"] for case in CASES} <= set(KINDS)


@pytest.mark.parametrize("source", ["per_arm", "treatment"])
def test_a_cap_that_follows_the_treatment_is_refused_with_the_reason(source: str) -> None:
    with pytest.raises(Invalid, match=r"A/A tests|moves with"):
        CapRule(upper=0.99, source=source)


def test_what_a_cap_per_arm_would_have_done() -> None:
    """Nothing was done to either arm, and caps of their own reject in a fifth of experiments at 5 %."""
    rng = np.random.default_rng(1)
    rule, own, shared = CapRule(upper=0.95), 0, 0
    for _ in range(200):
        treatment, control = rng.lognormal(0, 1.5, (2, 300))
        together = _capped(treatment, control, rule=rule)
        apart = [Moments.of(_cap(rule, arm).of(arm)) for arm in (treatment, control)]
        shared += _rejects(together.treatment.capped, together.control.capped)
        own += _rejects(*apart)

    assert shared <= 20
    assert own >= 25


def _rejects(treatment: Moments, control: Moments) -> bool:
    pair = means(treatment, control)
    assert isinstance(pair, Pair)
    return abs(pair.contrast().statistic) > 1.96


def test_the_controls_cap_does_not_see_the_treated() -> None:
    rule = CapRule(upper=0.9, source="control")
    control = np.arange(50.0)

    assert _cap(rule, control * 100, control) == _cap(rule, control, control)


def test_zeros_can_be_left_out_of_the_percentile() -> None:
    spend = [0.0] * 98 + [10.0, 1000.0]

    assert _cap(CapRule(upper=0.5), spend).upper == 0
    assert _cap(CapRule(upper=0.5, zeros=False), spend).upper == pytest.approx(505)


def test_both_answers_are_kept_with_the_share_capped() -> None:
    arms = _capped([1, 2, 300, 400], [1, 2, 3, 400], rule=Cap(upper=100))

    assert (arms.treatment.share, arms.control.share) == (0.5, 0.25)
    assert arms.treatment.uncapped == Moments.of([1, 2, 300, 400])
    assert arms.treatment.capped == Moments.of([1, 2, 100, 100])


def test_a_covariate_is_capped_by_the_same_rule_at_a_threshold_of_its_own() -> None:
    rng = np.random.default_rng(3)
    before = rng.lognormal(2, 1, (2, 400))
    after = before * rng.lognormal(1, 0.2, (2, 400))

    arms = _capped(*after, rule=CapRule(upper=0.95), covariates=(before[0], before[1]))

    assert arms.covariate_cap is not None
    assert arms.covariate_cap.upper == pytest.approx(np.quantile(before, 0.95))
    plain = means(arms.treatment.capped.columns(0), arms.control.capped.columns(0))
    answer = adjusted(arms.treatment.capped, arms.control.capped)
    assert isinstance(plain, Pair)
    assert isinstance(answer, Adjusted)
    assert answer.pair.contrast().se < 0.5 * plain.contrast().se


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.floats(0.5, 1), st.floats(0, 0.45))
def test_a_cap_takes_off_no_more_than_its_share(values: list[float], upper: float, lower: float) -> None:
    rule = CapRule(upper=upper, lower=lower, counted=True)

    cap = _cap(rule, values)

    assert cap.share(values) <= lower + (1 - upper) + 1e-9
    assert (cap.of(cap.of(values)) == cap.of(values)).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_no_cap_changes_nothing(values: list[float]) -> None:
    arms = _capped(values, values, rule=CapRule())

    assert arms.treatment.capped == arms.treatment.uncapped
    assert arms.control.share == 0


def test_nobody_to_read_a_cap_off() -> None:
    answer = capped([0.0], [0.0], rule=CapRule(upper=0.9, zeros=False))

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.NO_UNITS


@pytest.mark.parametrize(
    "wrong", [{"upper": 0.0}, {"upper": 1.1}, {"lower": 0.9, "upper": 0.5}, {"source": "controll"}]
)
def test_a_rule_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        CapRule(**wrong)


def test_a_cap_upside_down_or_a_missing_covariate_is_refused() -> None:
    with pytest.raises(Invalid, match="leaves nothing"):
        Cap(lower=3, upper=2)
    with pytest.raises(Invalid, match="each unit"):
        capped([1.0, 2.0], [1.0, 2.0], rule=Cap(upper=1.5), covariates=([1.0], [1.0, 2.0]))
