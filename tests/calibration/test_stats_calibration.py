"""What the methods promise, counted: error rates, coverage and power over simulated experiments.

Seeds are fixed. A band is what a right method leaves with a chance of 0.001 (3.29 standard errors of the count).
"""

import math
from collections.abc import Callable

import numpy as np
import pytest

from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Estimate
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.power import detectable
from twyman.stats.proportion import proportions
from twyman.stats.ratio import ratios
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import PowerSpending

RUNS = 3000

Draw = Callable[[np.random.Generator, float], Pair]


def banded(hits: int, runs: int, rate: float) -> bool:
    """Whether a count is what a rate leaves by chance."""
    return abs(hits / runs - rate) < 3.29 * math.sqrt(rate * (1 - rate) / runs)


def made(answer: object) -> Pair:
    pair = answer.pair if isinstance(answer, Adjusted) else answer
    assert isinstance(pair, Pair)
    return pair


def normal_means(rng: np.random.Generator, lift: float) -> Pair:
    return made(means(Moments.of(rng.normal(2 * (1 + lift), 3, 40)), Moments.of(rng.normal(2, 1, 120))))


def zeros_and_ones(test: str) -> Draw:
    def draw(rng: np.random.Generator, lift: float) -> Pair:
        arms = Moments.binary(rng.binomial(900, 0.2 * (1 + lift)), 900), Moments.binary(rng.binomial(1400, 0.2), 1400)
        return made(proportions(*arms, test=test))

    return draw


def _visits(rng: np.random.Generator, n: int, rate: float) -> Moments:
    """Users whose clicks a visit vary with how much they visit."""
    keen = rng.gamma(4, 0.25, n)
    visits = rng.poisson(5 * keen)
    return Moments.of(np.column_stack([rng.poisson(visits * rate * keen), visits]))


def clicks_a_visit(rng: np.random.Generator, lift: float) -> Pair:
    return made(ratios(_visits(rng, 400, 0.3 * (1 + lift)), _visits(rng, 500, 0.3)))


def _users(rng: np.random.Generator, n: int, lift: float) -> Moments:
    """A metric whose slope on its past grows with the lift, so that arms' slopes differ."""
    past = rng.gamma(4, 0.5, n)
    return Moments.of(np.column_stack([(1 + past) * (1 + lift) + rng.normal(0, 0.7, n), past]))


def cuped(rng: np.random.Generator, lift: float) -> Pair:
    return made(adjusted(_users(rng, 150, lift), _users(rng, 350, 0.0)))


def cuped_pooled(rng: np.random.Generator, lift: float) -> Pair:
    return made(adjusted(_users(rng, 250, lift), _users(rng, 250, 0.0), theta="pooled"))


def noisy_baseline(rng: np.random.Generator, lift: float) -> Pair:
    """A control mean five standard errors from zero: where the delta method falls short."""
    arms = Moments.of(rng.normal(1 + lift, 2, 100)), Moments.of(rng.normal(1, 2, 100))
    return made(means(*arms))


DRAWS = {
    "welch": normal_means,
    "proportions_welch": zeros_and_ones("welch"),
    "proportions_score": zeros_and_ones("score"),
    "ratio": clicks_a_visit,
    "cuped_per_arm": cuped,
    "cuped_pooled": cuped_pooled,
    "noisy_baseline": noisy_baseline,
}


@pytest.mark.parametrize("name", DRAWS)
def test_without_an_effect_five_in_a_hundred_reject(name: str) -> None:
    rng = np.random.default_rng(20_240_501)

    rejected = sum(absolute(DRAWS[name](rng, 0.0)).p_value < 0.05 for _ in range(RUNS))

    assert banded(rejected, RUNS, 0.05), rejected / RUNS


@pytest.mark.parametrize("name", [name for name in DRAWS if name != "proportions_score"])
def test_fieller_covers_a_lift_of_thirty_percent(name: str) -> None:
    """Score is left out: its variance is the null's, so that it promises error rates, and no coverage far off."""
    rng = np.random.default_rng(20_240_502)
    lifts = [relative(DRAWS[name](rng, 0.3)) for _ in range(RUNS)]
    bounded = [lift for lift in lifts if isinstance(lift, Estimate)]

    covered = sum((lift.lower or 0) < 0.3 < (lift.upper or 0) for lift in bounded)

    assert len(bounded) > 0.99 * RUNS
    assert banded(covered, len(bounded), 0.95), covered / len(bounded)


def test_the_detectable_effect_is_found_as_often_as_promised() -> None:
    rng = np.random.default_rng(20_240_503)
    se = math.sqrt(1 / 200 + 1 / 300)
    effect = detectable(se, alpha=0.05, power=0.8)

    found = sum(
        absolute(made(means(Moments.of(rng.normal(effect, 1, 200)), Moments.of(rng.normal(0, 1, 300))))).p_value < 0.05
        for _ in range(RUNS)
    )

    assert banded(found, RUNS, 0.8), found / RUNS


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_eight_looks_together_spend_alpha(alpha: float) -> None:
    rng, runs = np.random.default_rng(20_240_504), 40_000
    times = np.array([0.08, 0.2, 0.3, 0.45, 0.6, 0.7, 0.9, 1.0])
    plan = bounds(times.tolist(), times.tolist(), alpha=alpha, spending=PowerSpending(2))
    sums = np.cumsum(rng.normal(size=(runs, 8)) * np.sqrt(np.diff(times, prepend=0)), axis=1)

    crossed = np.abs(sums / np.sqrt(times)) > np.array(plan.z)

    for look in range(8):
        assert banded(int(crossed[:, : look + 1].any(axis=1).sum()), runs, plan.spent[look])


def test_peeking_at_growing_data_keeps_its_promise_from_moments_up() -> None:
    """Eight looks at accumulating rows: Welch's scores, information 1 / se², time by units."""
    rng, runs, crossed = np.random.default_rng(20_240_505), 1200, 0
    for _ in range(runs):
        arms = [Moments.empty(), Moments.empty()]
        scores, information = list[float](), list[float]()
        for _ in range(8):
            arms = [arm + Moments.of(rng.exponential(1, 60)) for arm in arms]
            pair = made(means(*arms))
            scores.append(pair.score())
            information.append(1 / pair.contrast().se ** 2)
        plan = bounds(information, [(look + 1) / 8 for look in range(8)], alpha=0.1, spending=PowerSpending(2))
        crossed += any(abs(score) > bound for score, bound in zip(scores, plan.z, strict=True))

    assert banded(crossed, runs, 0.1), crossed / runs
