"""Switchbacks: what a burn-in drops, what a lag shows, and what other orders of blocks would have shown."""

import numpy as np
import pytest

from twyman.kernel.errors import Invalid
from twyman.stats.clusters.randomisation import Randomised
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.switchbacks import Panel, Switchback, carry_over, redrawn, switchback

REGIONS, PERIODS, BLOCK = 10, 24, 4
REGION, PERIOD = (side.ravel() for side in np.indices((REGIONS, PERIODS)))
RNG = np.random.default_rng(12)
TREATED = RNG.integers(0, 2, size=(REGIONS, PERIODS // BLOCK)).repeat(BLOCK, axis=1)
NOISE = RNG.normal(size=(REGIONS, PERIODS))
LEVEL = 5 * REGION.reshape(REGIONS, PERIODS) + np.sin(PERIOD.reshape(REGIONS, PERIODS))
BEFORE = np.column_stack([np.zeros(REGIONS), TREATED[:, :-1]])


def panel(effect: float, *, carried: float = 0.0, block: bool = True) -> Panel:
    y = LEVEL + effect * TREATED + carried * BEFORE + NOISE
    named = (REGION * 100 + PERIOD // BLOCK) if block else None
    return Panel.of(y.ravel(), TREATED.ravel(), region=REGION, period=PERIOD, block=named)


def found(answer: object) -> Switchback:
    assert isinstance(answer, Switchback)
    return answer


def lot(answer: object) -> Randomised:
    assert isinstance(answer, Randomised)
    return answer


def test_a_switchback_finds_its_effect_whatever_regions_and_hours_are_like() -> None:
    answer = found(switchback(panel(1.0)))

    low, high = answer.effect.interval(0.05)
    assert low < 1 < high
    assert (answer.rows, answer.clusters) == (REGIONS * PERIODS, REGIONS)
    moved = Panel.of(panel(1.0).outcome + 1000 * REGION - 30 * PERIOD, TREATED.ravel(), region=REGION, period=PERIOD)
    assert found(switchback(moved)).effect.estimate == pytest.approx(answer.effect.estimate, rel=1e-8)


def test_order_of_rows_and_names_of_labels_do_not_matter() -> None:
    order = RNG.permutation(REGIONS * PERIODS)
    y, t = panel(1.0).outcome[order], TREATED.ravel()[order]
    named = Panel.of(y, t, region=[f"r{g:02}" for g in REGION[order]], period=PERIOD[order] * 10 + 3)

    assert found(switchback(named)).effect == pytest.approx(found(switchback(panel(1.0, block=False))).effect)


def test_a_burn_in_drops_the_first_periods_after_each_switch() -> None:
    times = np.arange(8)
    one = Panel.of(times, [0, 0, 1, 1, 1, 0, 1, 1], region=["a"] * 8, period=times)

    assert one.settled(0).period.tolist() == times.tolist()
    assert one.settled(1).period.tolist() == [0, 1, 3, 4, 7]
    assert one.settled(2).period.tolist() == [0, 1, 4]
    assert one.settled(9).period.tolist() == [0, 1]


def test_a_burn_in_restarts_in_every_region() -> None:
    two = Panel.of(np.zeros(8), [0, 0, 1, 1, 1, 1, 0, 0], region=list("aaaabbbb"), period=[0, 1, 2, 3] * 2)

    kept = two.settled(1)

    assert list(zip(kept.region.tolist(), kept.period.tolist(), strict=True)) == [
        (0, 0), (0, 1), (0, 3), (1, 0), (1, 1), (1, 3)
    ]  # fmt: skip


def test_what_carries_over_is_seen_and_burnt_in() -> None:
    leaky = panel(1.0, carried=3.0)
    lag, quiet = carry_over(leaky), carry_over(panel(1.0))
    assert isinstance(lag, Contrast)
    assert isinstance(quiet, Contrast)

    low, high = lag.interval(0.05)
    assert low < 3 < high
    assert lag.statistic > 8
    assert abs(quiet.statistic) < 3
    fresh, settled = found(switchback(leaky)).effect, found(switchback(leaky, burn_in=1)).effect
    assert abs(settled.estimate - 4) < abs(fresh.estimate - 4)  # a lasting treatment does 1 + 3


@pytest.mark.parametrize("effect", [0.0, 0.25])
def test_the_lot_and_the_regression_agree(effect: float) -> None:
    tested = panel(effect)
    answer = found(switchback(tested, cluster="block"))

    drawn = lot(redrawn(tested, draws=499))

    assert drawn.effect == pytest.approx(answer.effect.estimate, rel=1e-9)
    sure = answer.effect.as_estimate(alpha=0.05, scale="absolute", method="switchback").p_value
    assert drawn.p_value == pytest.approx(sure, abs=0.12)
    assert drawn.draws == 500


def test_a_plain_effect_is_beyond_every_draw_and_the_seed_decides() -> None:
    assert lot(redrawn(panel(3.0), draws=199)).p_value == 1 / 200
    assert redrawn(panel(0.1), draws=99) == redrawn(panel(0.1), draws=99)
    assert redrawn(panel(0.1), draws=99) != redrawn(panel(0.1), draws=99, seed=1)


@pytest.mark.parametrize("draws", [99, 499])
def test_draws_keep_each_regions_number_of_treated_blocks(draws: int) -> None:
    """A region treated throughout, or never, has no other draw; with all of these there is nothing to compare."""
    steady = Panel.of(NOISE.ravel(), REGION % 2, region=REGION, period=PERIOD, block=REGION * 100 + PERIOD // 4)

    answer = redrawn(steady, draws=draws)

    assert isinstance(answer, NotEstimable)


def test_treatment_that_regions_or_hours_tell_is_refused() -> None:
    for treated in (REGION % 2, PERIOD % 2):
        answer = switchback(Panel.of(NOISE.ravel(), treated, region=REGION, period=PERIOD))

        assert isinstance(answer, NotEstimable)
        assert answer.code == Cause.COLLINEAR


def test_few_regions_have_few_degrees_of_freedom() -> None:
    three = panel(1.0).where(panel(1.0).region < 3)

    by_region, by_block = found(switchback(three)).effect, found(switchback(three, cluster="block")).effect

    assert (by_region.df or 9) < 2.1
    assert (by_block.df or 0) > 5


def test_a_single_region_or_nothing_left_is_refused() -> None:
    assert isinstance(switchback(panel(1.0).where(panel(1.0).region == 0)), NotEstimable)
    short = Panel.of([1.0], [1], region=["a"], period=[0])
    assert isinstance(switchback(short), NotEstimable)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Panel.of([1.0, 2.0], [0, 1], region=["a", "a"], period=[0, 0]),
        lambda: Panel.of([1.0, 2.0], [0, 2], region=["a", "a"], period=[0, 1]),
        lambda: Panel.of([1.0, float("nan")], [0, 1], region=["a", "a"], period=[0, 1]),
        lambda: Panel.of([1.0, 2.0], [0, 1], region=["a"], period=[0, 1]),
        lambda: panel(1.0).settled(-1),
        lambda: switchback(panel(1.0), cluster="city"),
        lambda: switchback(panel(1.0), kind="CR9"),
        lambda: carry_over(panel(1.0), periods=0),
        lambda: redrawn(panel(1.0), draws=0),
        lambda: redrawn(Panel.of([1.0, 2, 3, 4], [0, 1, 1, 0], region=list("aabb"), period=[0, 1] * 2, block=[0] * 4)),
    ],
)
def test_wrong_questions_are_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        wrong()  # pyright: ignore[reportCallIssue]
