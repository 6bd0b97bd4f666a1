"""A table that looks as if it held a row a unit, and doesn't."""

import pytest

from twyman.doubt.check import Status
from twyman.doubt.sparse import sparse


def test_globox_buyers_are_few_and_some_bought_twice() -> None:
    """GloBox: 48,943 users, 2,094 of whom bought, 139 of them more than once (2,233 rows)."""
    seen = sparse("purchases", units=48_943, active=2_094, several=139, rows=2_233)

    assert seen is not None
    assert seen.status is Status.NOTE
    assert "4.28 %" in seen.text
    assert "of 2,094 that do, 139 have more than one (2,233 rows in all)" in seen.text
    assert "repeats rows counts those 139 more than once" in seen.text
    assert seen.detail["with_several"] == 139


@pytest.mark.parametrize(
    ("units", "active", "rows"),
    [
        (1_000, 800, 820),  # most units have facts: nobody drops the others unseen
        (1_000, 50, 50),  # a row a unit it is
        (1_000, 50, 400),  # plainly a table of events
        (1_000, 0, 0),
        (0, 0, 0),
    ],
)
def test_else_nothing_is_said(units: int, active: int, rows: int) -> None:
    assert sparse("x", units, active, several=max(rows - active, 0), rows=rows) is None
