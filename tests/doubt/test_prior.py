"""What was to be expected: whose past, how much the owner's word weighs, and how often wins are real."""

from datetime import date

import pytest

from twyman.doubt.prior import Asked, Scope, owners_weight, prior
from twyman.experiments.expectation import Expectation
from twyman.experiments.history import PastResult
from twyman.stats.history import TwoPieces

DAY = date(2014, 1, 1)
LIFTS = (0.004, -0.003, 0.006, 0.0, -0.005, 0.002)


def past(change: str, count: int = 6, *, metric: str = "m", factor: float = 1.0) -> list[PastResult]:
    return [
        PastResult(experiment=f"{change}{at}", metric=metric, change=change, lift=factor * lift, se=0.001, ended=DAY)
        for at, lift in enumerate(LIFTS[:count])
    ]


def foretold(likely: float, lift: float, *, owner: str = "team") -> PastResult:
    said = Expectation(likely - 0.0128, likely, likely + 0.0128)
    return PastResult(experiment="x", metric="m", change="", lift=lift, se=1e-6, ended=DAY, owner=owner, expected=said)


def test_the_same_class_of_change_is_the_first_guide() -> None:
    found = prior([*past("layout"), *past("price", factor=10)], Asked(metric="m", change="Layout"))

    assert (found.scope, len(found.past)) == (Scope.CLASS, 6)
    assert found.belief.sd < 0.01
    assert found.source == "6 past results on it by changes of class Layout"


def test_with_fewer_than_five_of_a_class_all_on_the_metric_are() -> None:
    found = prior([*past("layout", 4), *past("price", 3)], Asked(metric="m", change="layout"))

    assert (found.scope, len(found.past)) == (Scope.METRIC, 7)


def test_with_no_history_a_public_class_stands_in_and_says_so() -> None:
    found = prior(past("layout", metric="other"), Asked(metric="m", change="layout"))

    assert (found.scope, found.past, found.belief.mean) == (Scope.PUBLIC, (), pytest.approx(0.0, abs=1e-12))
    assert found.belief.sd == pytest.approx(0.0073, abs=5e-5)
    assert "Browne and Jones 2017" in found.source


def test_history_and_expectation_weigh_the_same_unless_the_owner_is_too_sure() -> None:
    sound = [foretold(0.0, lift) for lift in (0.01, -0.008, 0.006, -0.011, 0.009)]
    sure = [foretold(0.0, 2 * lift) for lift in (0.01, -0.01, 0.01, -0.01, 0.01)]

    assert owners_weight(sound) == 0.5
    assert owners_weight(sure) == pytest.approx(0.5 / 4, rel=0.01)
    assert owners_weight(sure[:4]) == 0.5


def test_only_the_owners_own_past_tells_how_sure_they_may_be() -> None:
    sure = [foretold(0.0, 0.02) for _ in range(5)]
    asked = Asked(metric="m", owner="team", expected=TwoPieces(0.02, 0.01, 0.01))
    others = Asked(metric="m", owner="others", expected=TwoPieces(0.02, 0.01, 0.01))

    assert prior(sure, asked).belief.weight == pytest.approx(0.125, rel=0.01)
    assert prior(sure, others).belief.weight == 0.5


def test_the_success_rate_is_of_wins_beyond_chance_and_the_public_rate_beside_it() -> None:
    """METHODS 4.3 (4): W = 12 % of wins at power .8 is 12.3 % of successes; the public 10 % counts as ten more."""
    won = [
        PastResult(experiment=f"{at}", metric="m", change="", lift=0.01 if at < 3 else 0.0, se=0.001, ended=DAY)
        for at in range(25)
    ]

    assert prior(won, Asked(metric="m")).wins == pytest.approx((25 * 0.1226 + 10 * 0.1) / 35, abs=1e-4)
    assert prior(won, Asked(metric="m", improving=-1)).wins == pytest.approx(10 * 0.1 / 35)
    assert prior([], Asked(metric="m")).wins == 0.1
