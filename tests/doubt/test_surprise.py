"""METHODS, Rulings 4."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.doubt.surprise import Surprise, passes_by_chance, surprise
from twyman.experiments.expectation import Ceiling, Expectation

PAGE = Expectation(0.005, 0.02, 0.03, ceiling=Ceiling(0.04, "no page moved it by more"))


@pytest.mark.parametrize(
    ("estimate", "se", "status"),
    [
        (0.06, 0.008, Surprise.ABOVE_CEILING),
        (0.041, 0.030, Surprise.ABOVE_CEILING),
        (0.039, 0.003, Surprise.BEYOND_HIGH),
        (0.039, 0.0034, Surprise.BEYOND_HIGH),  # 2.6 standard errors above high
        (0.039, 0.0036, Surprise.SURPRISING),  # 2.5 of them: not wholly beyond it at 99 %
        (0.034, 0.0035, Surprise.WITHIN),
        (0.021, 0.004, Surprise.WITHIN),
        (-0.02, 0.001, Surprise.FAR),
        (-0.01, 0.005, Surprise.SURPRISING),
    ],
)
def test_the_story_and_its_neighbours(estimate: float, se: float, status: Surprise) -> None:
    ends = (estimate - 1.96 * se, estimate + 1.96 * se)

    assert surprise(PAGE, estimate, se, interval=ends, improving=1).status is status


def test_the_interval_that_decides_must_be_beyond_high_too() -> None:
    """An early look's interval is wider than that of 99 %."""
    early = surprise(PAGE, 0.039, 0.003, interval=(0.028, 0.05), improving=1)

    assert early.status is Surprise.SURPRISING


def test_a_fall_hoped_for_has_its_ceiling_below() -> None:
    fewer = Expectation(-0.03, -0.02, -0.005, ceiling=Ceiling(-0.04, "never seen"))

    seen = surprise(fewer, -0.06, 0.008, interval=(-0.076, -0.044), improving=-1)

    assert seen.status is Surprise.ABOVE_CEILING
    assert surprise(fewer, 0.001, 0.01, interval=(-0.02, 0.02), improving=-1).status is Surprise.WITHIN


@given(estimate=st.floats(-0.2, 0.2), se=st.floats(1e-4, 0.05))
def test_turning_the_direction_round_turns_the_surprise_round(estimate: float, se: float) -> None:
    mirror = Expectation(-0.03, -0.02, -0.005, ceiling=Ceiling(-0.04, "x"))
    ends = (estimate - 2 * se, estimate + 2 * se)

    up = surprise(PAGE, estimate, se, interval=ends, improving=1)
    down = surprise(mirror, -estimate, se, interval=(-ends[1], -ends[0]), improving=-1)

    assert up.status is down.status
    assert up.z == pytest.approx(-down.z)


def test_an_estimate_below_the_ceiling_but_near_it_is_no_hold_by_the_ceiling() -> None:
    """`estimate > ceiling - 2 se` would block 94 % of healthy experiments over 28 looks."""
    seen = surprise(PAGE, 0.025, 0.01, interval=(0.005, 0.045), improving=1)

    assert not seen.status.doubtful


@pytest.mark.parametrize("improving", [1, -1])
@pytest.mark.parametrize("se", [0.005, 0.01, 0.03])
def test_noise_passes_a_ceiling_as_often_as_is_said(se: float, improving: int) -> None:
    """Effects as their owner expects them, each estimated with an error: how many estimates lie above the ceiling?"""
    rng = np.random.default_rng(5)
    honest = Expectation(-0.01, 0.0, 0.01, ceiling=Ceiling(improving * 0.02, "x"))
    effects = rng.normal(0, honest.spread(0.0), 200_000)

    above = float(np.mean(improving * (effects + rng.normal(0, se, effects.size)) > 0.02))

    said = passes_by_chance(honest, se, improving=improving)
    assert above == pytest.approx(said, abs=4 * (said / effects.size) ** 0.5)


def test_without_a_ceiling_nothing_passes_it() -> None:
    assert passes_by_chance(Expectation(-0.01, 0.0, 0.01), 0.1, improving=1) == 0
