"""How loud a surprise is, and how often a healthy one is held."""

from datetime import date

import numpy as np
import pytest

from twyman.doubt.check import Status
from twyman.doubt.plausibility import plausibility
from twyman.doubt.prior import Asked, Prior, prior
from twyman.doubt.surprise import surprise
from twyman.experiments.expectation import Z90, Expectation
from twyman.experiments.history import PastResult
from twyman.stats.history import TwoPieces

OWNER = Expectation(0.005, 0.02, 0.03)
PIECES = TwoPieces(0.02, 0.015 / Z90, 0.01 / Z90)


def known(count: int, *, expected: TwoPieces | None = None, seed: int = 1) -> Prior:
    lifts = np.random.default_rng(seed).normal(0.0, 0.008, count)
    past = [
        PastResult(experiment=f"{at}", metric="m", change="", lift=float(lift), se=0.002, ended=date(2014, 1, 1))
        for at, lift in enumerate(lifts)
    ]
    return prior(past, Asked(metric="m", expected=expected))


@pytest.mark.parametrize(
    ("count", "expected", "level"),
    [(40, None, Status.BLOCK), (8, None, Status.WARN), (0, None, Status.NOTE), (40, PIECES, Status.WARN)],
)
def test_who_may_hold_what_nobody_believes(count: int, expected: TwoPieces | None, level: Status) -> None:
    assert plausibility(known(count, expected=expected), 0.3, 0.004).level is level


def test_good_and_bad_news_are_as_loud() -> None:
    public = known(0)

    good, bad = plausibility(public, 0.06, 0.008), plausibility(public, -0.06, 0.008)

    assert (good.level, good.ratio, good.z) == (bad.level, pytest.approx(bad.ratio), pytest.approx(-bad.z))


def test_the_story_is_likelier_a_bug_than_not_once_its_owner_has_spoken() -> None:
    assert plausibility(known(0, expected=PIECES), 0.06, 0.008).probability > 0.5
    assert plausibility(known(40, expected=PIECES), 0.06, 0.008).probability > 0.85


def test_a_large_effect_that_its_owner_foretold_is_no_bug_beside_others_small_ones() -> None:
    """A mailing against none moved visits by 70 %: no interface test ever did, and none had to."""
    foretold, silent = known(0, expected=TwoPieces(0.7, 0.2, 0.2)), known(0)

    assert plausibility(foretold, 0.7, 0.02).probability <= 0.05 + 1e-12
    assert plausibility(silent, 0.7, 0.02).probability <= 0.05 + 1e-12


def test_a_surprise_never_speaks_for_health_however_far_away() -> None:
    """LaLonde against a survey's controls: -70.5 % of earnings, where an experiment gives +13 %."""
    assert plausibility(prior([], Asked(metric="earnings")), -0.705, 0.027).ratio >= 1


def held(stretch: float, ratio: float, count: int = 8000) -> float:
    """Return how often a healthy final look is held, where owners' low and high are too close by a factor."""
    rng = np.random.default_rng(11)
    below, above, se = stretch * PIECES.below, stretch * PIECES.above, ratio * PIECES.above
    right = rng.random(count) < 0.5
    truth = OWNER.likely + np.where(right, above, -below) * np.abs(rng.standard_normal(count))
    seen = truth + se * rng.standard_normal(count)
    found = (surprise(OWNER, x, se, interval=(x - 1.96 * se, x + 1.96 * se), improving=1) for x in seen.tolist())
    return sum(one.status.doubtful for one in found) / count


@pytest.mark.parametrize(
    ("stretch", "ratio", "lowest", "highest"),
    [
        (1.0, 1.0, 0.001, 0.008),
        (1.0, 2.0, 0.001, 0.008),
        (1.0, 0.25, 0.02, 0.04),  # so sharp an experiment sees the truths beyond high, of which there are 10 %
        (Z90 / 0.6745, 1.0, 0.055, 0.09),  # 80 % intervals that cover 50 %, as people's do
        (Z90 / 0.6745, 2.0, 0.018, 0.035),
    ],
)
def test_how_often_a_healthy_result_is_held(stretch: float, ratio: float, lowest: float, highest: float) -> None:
    assert lowest < held(stretch, ratio) < highest


@pytest.mark.slow
@pytest.mark.parametrize("tails", ["normal", "fat"])
def test_history_alone_holds_at_most_one_healthy_result_in_a_hundred(tails: str) -> None:
    rng, blocked, runs = np.random.default_rng(5), 0, 600
    for _ in range(runs):
        truth = 0.0073 * rng.standard_normal(21) if tails == "normal" else 0.0042 * rng.standard_t(3, 21)
        seen = truth + 0.004 * rng.standard_normal(21)
        past = [
            PastResult(experiment=f"{at}", metric="m", change="", lift=float(lift), se=0.004, ended=date(2014, 1, 1))
            for at, lift in enumerate(seen[:20])
        ]
        blocked += plausibility(prior(past, Asked(metric="m")), float(seen[20]), 0.004).level is Status.BLOCK

    assert blocked / runs <= 0.01 + 2.33 * (0.01 * 0.99 / runs) ** 0.5
