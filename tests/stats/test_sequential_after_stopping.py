"""What is said once, after stopping; what may still come; and when to give up: laws."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.curtailment import conditional_power, predictive_power
from twyman.stats.sequential.futility import futility
from twyman.stats.sequential.spending import ObrienFleming, Pocock, PowerSpending, Spending
from twyman.stats.sequential.stagewise import stagewise
from twyman.stats.sequential.stopping import crossings, drift_for, stopping
from twyman.stats.tails import critical_value, two_sided, upper_tail

FAMILIES = st.sampled_from([PowerSpending(1), PowerSpending(3), ObrienFleming(), Pocock()])
TIMES = st.lists(st.integers(1, 40), min_size=1, max_size=5, unique=True).map(
    lambda days: [day / max(days) for day in sorted(days)]
)
SIDES = st.sampled_from([1, 2])
few = settings(deadline=None, max_examples=25)


def _plan(times: list[float], family: Spending, sides: int, alpha: float = 0.05) -> tuple[float, ...]:
    return bounds(times, times, alpha=alpha, spending=family, sides=sides).z


@given(st.floats(-8, 8), SIDES)
def test_one_look_is_the_fixed_test(score: float, sides: int) -> None:
    ours = stagewise(score, [4.0], [1.96], alpha=0.05, sides=sides)

    reach = critical_value(0.05 / sides)
    assert [2 * ours.estimate, 2 * ours.lower, 2 * ours.upper] == pytest.approx(
        [score, score - reach, score + reach], abs=1e-9
    )
    assert ours.p_value == pytest.approx(two_sided(score)[0] if sides == 2 else upper_tail(score), rel=1e-9)


@few
@given(TIMES, FAMILIES, st.floats(-6, 6), SIDES)
def test_the_interval_excludes_no_effect_exactly_when_p_is_below_alpha(
    times: list[float], family: Spending, score: float, sides: int
) -> None:
    ours = stagewise(score, times, _plan(times, family, sides), alpha=0.05, sides=sides)

    assert (ours.lower > 0 or (sides == 2 and ours.upper < 0)) == (ours.p_value < 0.05)
    assert ours.lower < ours.estimate < ours.upper


@few
@given(TIMES, FAMILIES, st.data(), SIDES)
def test_p_is_below_alpha_exactly_when_a_bound_was_crossed(
    times: list[float], family: Spending, data: st.DataObject, sides: int
) -> None:
    z = _plan(times, family, sides)
    look = data.draw(st.integers(1, len(times)))
    over = data.draw(st.floats(1e-6, 3))

    crossed = stagewise(z[look - 1] + over, times[:look], z[:look], alpha=0.05, sides=sides)
    missed = stagewise(z[-1] - over, times, z, alpha=0.05, sides=sides)

    assert crossed.p_value < 0.05 < missed.p_value


@few
@given(TIMES, FAMILIES, st.floats(-6, 6))
def test_arms_that_change_places_turn_the_signs(times: list[float], family: Spending, score: float) -> None:
    z = _plan(times, family, 2)

    ours, turned = (stagewise(sign * score, times, z, alpha=0.05) for sign in (1, -1))

    assert (turned.estimate, turned.lower, turned.upper) == pytest.approx(
        (-ours.estimate, -ours.upper, -ours.lower), abs=1e-8
    )
    assert turned.p_value == pytest.approx(ours.p_value, rel=1e-9)


@few
@given(TIMES, FAMILIES, st.floats(-7, 6), SIDES)
def test_each_end_of_the_interval_has_its_tail_by_a_straight_walk(
    times: list[float], family: Spending, score: float, sides: int
) -> None:
    """The ends are found by tilting walks; here each one's own walk is taken."""
    z = _plan(times, family, sides)
    ours = stagewise(score, times, z, alpha=0.05, sides=sides)

    lower = [*(-bound if sides == 2 else -math.inf for bound in z[:-1]), -math.inf]
    ends = ((ours.lower, 0.05 / sides), (ours.estimate, 0.5), (ours.upper, 1 - 0.05 / sides))
    for effect, tail in ends:
        walked = crossings(times, [*z[:-1], score], lower=lower, drift=effect)
        assert walked.power == pytest.approx(tail, abs=1e-11)


def test_without_an_effect_the_trend_goes_on() -> None:
    asked = {"later": [0.8, 1.0], "z": [2.3, 2.0]}

    assert conditional_power(1.2, 0.4, **asked) == conditional_power(1.2, 0.4, effect=1.2 / math.sqrt(0.4), **asked)


def test_stopping_early_shrinks_the_estimate_and_an_earlier_stop_says_more() -> None:
    times = [0.25, 0.5, 0.75, 1.0]
    z = _plan(times, Pocock(), 2)

    ours = [stagewise(3.0, times[:look], z[:look], alpha=0.05) for look in (1, 2, 3, 4)]

    naive = [3.0 / math.sqrt(t) for t in times]
    assert ours[0].estimate == pytest.approx(naive[0])
    assert all(shrunk.estimate < plain for shrunk, plain in zip(ours[1:], naive[1:], strict=True))
    assert [each.p_value for each in ours] == sorted(each.p_value for each in ours)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("drift", [-1.0, 0.0, 1.5, 3.0])
def test_the_estimate_is_too_large_as_often_as_too_small(drift: float, sides: int) -> None:
    """No simulation: the estimate exceeds the truth beyond one result in the ordering, whose chance is summed."""
    times = [0.3, 0.6, 1.0]
    z = _plan(times, ObrienFleming(), sides)
    lower = [-bound if sides == 2 else -math.inf for bound in z]
    exceeded = 0.0
    for look in range(3):
        low, high = (lower[look], z[look]) if look < 2 else (-12.0, 12.0)
        if look < 2:
            pieces = [(high, 12.0), (max(-12.0, -12.0), low)] if sides == 2 else [(high, 12.0)]
        else:
            pieces = [(-12.0, 12.0)]
        for start, end in pieces:
            exceeded += _mass_above(times[: look + 1], z[: look + 1], sides, drift, start, end)
    assert exceeded == pytest.approx(0.5, abs=1e-6)


def _mass_above(times: list[float], z: tuple[float, ...], sides: int, drift: float, start: float, end: float) -> float:
    """Return the chance to end at the last look with a score between two values, whose estimate exceeds the drift."""

    def exceeds(score: float) -> bool:
        return stagewise(score, times, z, alpha=0.05, sides=sides).estimate > drift

    if exceeds(start) or not exceeds(end):
        edge = start if exceeds(start) else end
    else:
        low, high = start, end
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (low, middle) if exceeds(middle) else (middle, high)
        edge = high
    lower = [-bound for bound in z] if sides == 2 else None

    def beyond(score: float) -> float:
        below = None if lower is None else [*lower[:-1], -math.inf]
        return crossings(times, [*z[:-1], score], lower=below, drift=drift).upper[-1]

    return beyond(edge) - beyond(end)


def test_181_looks_are_quick_and_smooth() -> None:
    times = [(day + 1) / 181 for day in range(181)]
    z = _plan(times, PowerSpending(2), 2)

    ours = stagewise(z[120] + 0.2, times[:121], z[:121], alpha=0.05)

    assert 0 < ours.lower < ours.estimate < ours.upper


@pytest.mark.parametrize("score", [-1000.0, -40.0, 40.0, 1000.0])
def test_scores_far_out_are_no_trouble(score: float) -> None:
    """With two sides an early look that didn't cross caps what a huge later score can say."""
    ours = stagewise(score, [1, 2, 3], [3, 2.5, 2.2], alpha=0.05)
    single = stagewise(score, [3], [2.2], alpha=0.05)

    assert ours.p_value == pytest.approx(0.014034308581629, rel=1e-9)
    assert math.copysign(1, ours.estimate) == math.copysign(1, score)
    assert single.log10_p is not None
    assert single.log10_p < -300


@pytest.mark.parametrize(
    "ask",
    [
        lambda: stagewise(math.nan, [1.0], [2.0], alpha=0.05),
        lambda: stagewise(2.0, [1.0, 1.0], [2.0, 2.0], alpha=0.05),
        lambda: stagewise(2.0, [1.0], [2.0, 2.0], alpha=0.05),
        lambda: stagewise(2.0, [], [], alpha=0.05),
        lambda: stagewise(2.0, [1.0], [2.0], alpha=1.5),
        lambda: conditional_power(1.0, 1.0, later=[1.0], z=[2.0]),
        lambda: conditional_power(math.inf, 1.0, later=[2.0], z=[2.0]),
        lambda: conditional_power(1.0, 0.0, later=[2.0], z=[2.0]),
        lambda: predictive_power(1.0, 0.5, later=[], z=[]),
        lambda: predictive_power(1.0, 0.5, later=[1.0], z=[2.0], prior=(0.0, 0.0)),
        lambda: futility([1.0], [1.0], [2.0], effect=0.0, beta=0.2, spending=Pocock()),
        lambda: futility([1.0, 1.0], [0.5, 1.0], [2.0, 2.0], effect=1.0, beta=0.2, spending=Pocock()),
        lambda: drift_for([1.0], [2.0], power=0.01),
    ],
)
def test_questions_that_cannot_be_are_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()


@given(st.floats(-4, 4), st.floats(0.1, 0.9), st.floats(-5, 5))
def test_conditional_power_with_one_look_to_come_is_the_formula(score: float, now: float, effect: float) -> None:
    ours = conditional_power(score, now, later=[1.0], z=[1.96], effect=effect, sides=1)

    mean = score * math.sqrt(now) + effect * (1 - now)
    assert ours == pytest.approx(upper_tail((1.96 - mean) / math.sqrt(1 - now)), rel=1e-9)


@few
@given(st.floats(-4, 4), st.floats(0.1, 0.9), st.floats(-2, 2), st.floats(0.2, 3))
def test_predictive_power_averages_conditional_power(score: float, now: float, mean: float, spread: float) -> None:
    """Against a plain sum over the posterior."""
    later, z = [0.95, 1.3], [2.1, 2.0]
    weight = 1 / spread**2
    known = weight + now
    centre = (score * math.sqrt(now) + weight * mean) / known
    deviates = np.linspace(-8, 8, 401)
    effects = centre + deviates / math.sqrt(known)
    asked = {"later": later, "z": z, "sides": 2}
    powers = [conditional_power(score, now, effect=float(effect), **asked) for effect in effects[::4]]
    density = np.exp(-0.5 * deviates[::4] ** 2)

    ours = predictive_power(score, now, prior=(mean, spread), **asked)

    assert ours == pytest.approx(float(powers @ density / density.sum()), abs=2e-4)


def test_predictive_power_with_a_flat_prior_is_the_formula() -> None:
    ours = predictive_power(1.2, 0.4, later=[1.0], z=[1.96], sides=1)

    assert ours == pytest.approx(upper_tail((1.96 * math.sqrt(0.4) - 1.2) / math.sqrt(0.6)), rel=1e-9)


def test_a_prior_that_knows_is_conditional_power() -> None:
    asked = {"later": [0.8, 1.0], "z": [2.3, 2.0]}

    ours = predictive_power(1.2, 0.4, prior=(2.5, 1e-4), **asked)

    assert ours == pytest.approx(conditional_power(1.2, 0.4, effect=2.5, **asked), abs=1e-6)


@few
@given(TIMES, FAMILIES, FAMILIES, st.floats(0.05, 0.4))
def test_futility_gives_away_just_beta_and_borrows_no_alpha(
    times: list[float], family: Spending, lower_family: Spending, beta: float
) -> None:
    z = _plan(times, family, 1, alpha=0.025)
    effect = drift_for(times, z, power=1 - beta)

    low = futility(times, times, z, effect=effect, beta=beta, spending=lower_family)

    assert all(a <= b for a, b in zip(low, z, strict=True))
    ends = crossings(times, z, lower=low, drift=effect)
    targets = [lower_family.spent(t, beta) for t in times]
    for look, spent in enumerate(itertools.accumulate(ends.lower)):
        if all(a < b for a, b in zip(low[: look + 1], z[: look + 1], strict=True)):
            assert spent == pytest.approx(targets[look], rel=1e-7)
    assert ends.power >= 1 - 2 * beta
    assert math.fsum(crossings(times, z, lower=low).upper) <= math.fsum(stopping(times, z)) + 1e-12
