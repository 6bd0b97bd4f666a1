"""Whom a filter of exposures keeps and leaves out, before exposure and after it, against a count by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from twyman.app.auditing import audit_checks
from twyman.app.ports import Asked, Question
from twyman.doubt.check import Check, Status
from twyman.metrics.source import Grain, Timestamp
from twyman.warehouse.duckdb import DuckDB

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SPANS = ((-1, 0, 0, 1), (-2, -1, 1, 2), (-7, 0, 0, 7))
"""Days before exposure and after it that are held against each other."""


@pytest.fixture
def world(scene: Any, metric: Any) -> Callable[..., Any]:
    """Four hundred units who play every other day; `bot` says whether they are left out."""

    def made(left_out: Callable[[np.ndarray], bool], metrics: Any = None, **more: Any) -> Any:
        """Args: left_out: Says of a unit's days with plays, from seven before exposure on, whether it is."""
        rng, exposed, played = np.random.default_rng(4), [], []
        for unit in range(400):
            days = np.flatnonzero(rng.random(14) < 0.5) - 7
            at = NOON + int(rng.integers(0, 10)) * DAY
            exposed.append((unit, ("control", "treatment")[unit % 2], at, bool(left_out(days))))
            played += [(unit, at + (int(day) + 0.4) * DAY, 1.0) for day in days]
        filtered = {"where": "not bot"} | more
        return scene(
            exposed=exposed,
            played=played,
            metrics=(metric(),) if metrics is None else metrics,
            cutoff=NOON + 35 * DAY,
            exposures=filtered,
        )

    return made


def back(days: np.ndarray) -> bool:
    """Whether somebody doesn't come back the day after."""
    return 1 not in days


def heavy(days: np.ndarray) -> bool:
    """Whether somebody had done much before."""
    return int((days < 0).sum()) > 4


def check(question: Question) -> Check | None:
    made = audit_checks(question.experiment, DuckDB().audit(question))
    return next((one for one in made if one.code == "filter_by_outcome"), None)


@pytest.mark.parametrize("left_out", [back, heavy])
def test_units_are_counted_as_one_would_by_hand(world: Callable[..., Any], left_out: Callable[..., bool]) -> None:
    scene = world(left_out)

    found = DuckDB().audit(scene.question()).filtered

    expected = dict[bool, list[tuple[int, int]]]()
    for side in (False, True):
        who = {unit: at for unit, _, at, bot in scene.exposed if bot is side}
        gaps = [(unit, (when - who[unit]) / DAY) for unit, when, _ in scene.played if unit in who]
        expected[side] = [
            (
                len({unit for unit, gap in gaps if begin <= gap < end}),
                len({unit for unit, gap in gaps if start <= gap < until}),
            )
            for begin, end, start, until in SPANS
        ]
    assert [(one.source, list(one.kept), list(one.left_out)) for one in found] == [
        ("plays", expected[False], expected[True])
    ]


def test_a_filter_by_who_comes_back_is_told_and_one_by_habit_is_not(world: Callable[..., Any]) -> None:
    told, fine = (check(world(one).question()) for one in (back, heavy))

    assert told is not None
    assert told.status is Status.WARN
    assert "0 have a fact of plays on the day after exposure" in told.text
    assert fine is not None
    assert fine.status is Status.OK


def test_a_condition_that_is_neither_true_nor_false_leaves_a_row_out_on_both_sides_alike(
    world: Callable[..., Any],
) -> None:
    """Whoever isn't kept is left out: a null is neither, and counts as false."""
    plain = DuckDB().audit(world(back).question()).filtered
    nulls = DuckDB().audit(world(back, where="case when not bot then true end").question()).filtered

    assert nulls == plain


def test_days_are_told_where_the_hour_is_not_known(world: Callable[..., Any]) -> None:
    """Of an exposure by the day, the day after it is a day of the calendar."""
    told = check(world(back, timestamp=Timestamp("at", grain=Grain.DAY)).question())

    assert told is not None
    assert told.status is Status.WARN


def test_without_facts_nothing_is_asked(world: Callable[..., Any]) -> None:
    assert DuckDB().audit(world(back, metrics=()).question()).filtered == ()


def test_without_a_filter_nothing_is_asked(world: Callable[..., Any]) -> None:
    question = world(back, where=None).question()

    assert DuckDB().audit(question).filtered == ()
    assert DuckDB().sql(question, Asked.FILTERED) == ()
    assert len(DuckDB().sql(world(back).question(), Asked.FILTERED)) == 1
