"""What moved though nobody said it would: found among many, at any look, and seldom by chance."""

import numpy as np
import pytest

from twyman.doubt.check import Status
from twyman.doubt.undeclared import Move, undeclared


def move(score: float, metric: str = "ads", *, foreign: bool = True, units: int = 10_000) -> Move:
    return Move(
        metric=metric, title=metric, arm="new", score=score, units=units, says=f"{score:+.0f} %", foreign=foreign
    )


QUIET = [move(score, f"m{index}") for index, score in enumerate(np.random.default_rng(1).normal(size=29))]


def test_a_metric_over_facts_that_nothing_declared_reads_is_a_warning() -> None:
    found = undeclared([*QUIET, move(-9)])

    assert [(check.code, check.status, check.metric) for check in found] == [("undeclared_moved", Status.WARN, "ads")]
    assert "of 30 watched" in found[0].text


def test_a_neighbour_that_moves_along_is_no_doubt() -> None:
    found = undeclared([*QUIET, move(9, foreign=False)])

    assert [(check.code, check.status) for check in found] == [("neighbours_moved", Status.OK)]


def test_both_kinds_are_told_apart() -> None:
    found = undeclared([move(9, "a", foreign=False), move(-9, "b")])

    assert [check.metric for check in found] == ["b", "a"]


def test_where_nothing_moved_it_says_how_many_were_watched() -> None:
    assert [(check.status, check.text) for check in undeclared(QUIET)] == [
        (Status.OK, "29 metrics that nobody declared were watched, and none moved.")
    ]


def test_nothing_is_said_of_no_metric() -> None:
    assert undeclared([]) == []


def test_a_good_surprise_and_a_bad_one_weigh_the_same() -> None:
    up, down = undeclared([*QUIET, move(7)]), undeclared([*QUIET, move(-7)])

    assert up[0].p_value == down[0].p_value


@pytest.mark.parametrize("metrics", [1, 40])
def test_watched_at_every_look_healthy_metrics_are_seldom_named(metrics: int) -> None:
    """At most 1 % of experiments, over 30 looks each; the sums are those of independent normal units."""
    rng, runs, false_alarms = np.random.default_rng(4), 200, 0
    for _ in range(runs):
        sums = np.cumsum(rng.normal(size=(30, metrics)) * np.sqrt(200), axis=0)
        looks = sums / np.sqrt(np.arange(1, 31)[:, None] * 200)
        false_alarms += any(
            undeclared([move(z, str(i), units=200 * look) for i, z in enumerate(row)], planned=6_000)[0].status
            is not Status.OK
            for look, row in enumerate(looks, start=1)
        )

    assert false_alarms <= 6  # of 200; of a chance of 1 %, more comes once in 200
