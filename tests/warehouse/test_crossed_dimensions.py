"""Several dimensions crossed: a cell for each combination, beside those of each dimension alone."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import NotFound
from twyman.metrics.source import AttributeSource, Query

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
CROSS = "country × plan"


def profile(rows: list[tuple[int, str | None, str | None]]) -> AttributeSource:
    told = [tuple("null" if cell is None else repr(cell) for cell in row) for row in rows]
    cells = ", ".join(f"({', '.join(row)})" for row in told)
    return AttributeSource(
        name="profile",
        relation=Query(f"select * from (values {cells}) as given(user_id, country, plan)"),
        entities={"user": "user_id"},
        columns={"country": "country", "plan": "plan"},
    )


def crossed(scene: Any, metric: Any, rows: list[tuple[int, str | None, str | None]], *alone: str) -> Any:
    exposed = [(user, "control" if user % 2 else "treatment", NOON) for user, _, _ in rows]
    plays = [(user, NOON + timedelta(hours=hour)) for user, _, _ in rows for hour in range(user)]
    experiment = {"dimensions": alone, "crossed": (("country", "plan"),)}
    return scene(exposed, plays, (metric(),), sources={"profile": profile(rows)}, experiment=experiment).measure()


@settings(max_examples=8, deadline=None)
@given(
    known=st.lists(
        st.tuples(st.sampled_from(["NZ", "SE", None]), st.sampled_from(["free", None])), min_size=1, max_size=9
    )
)
def test_a_combination_holds_the_units_that_have_all_of_its_values(scene: Any, metric: Any, known: Any) -> None:
    rows = [(user, country, plan) for user, (country, plan) in enumerate(known, start=1)]
    found = crossed(scene, metric, rows, "country")

    expected = defaultdict[tuple[str, str], list[int]](list)
    for user, country, plan in rows:
        arm = "control" if user % 2 else "treatment"
        expected[arm, f"{country or '(none)'} × {plan or '(none)'}"].append(user)
    cells = {(cell.arm, cell.value): moments for cell, moments in found.cells.items() if cell.dimension == CROSS}
    assert {key: moments.count for key, moments in cells.items()} == {
        key: len(users) for key, users in expected.items()
    }
    for key, users in expected.items():
        assert float(cells[key].means[0]) * len(users) == pytest.approx(sum(users))
    assert {cell.dimension for cell in found.cells} == {"", "country", CROSS}


def test_beyond_fifty_combinations_the_rest_are_one(scene: Any, metric: Any) -> None:
    rows = [(user, f"c{user % 10}", f"p{user % 6}") for user in range(1, 61)] + [(61, "rare", "rare")]
    rows = [*rows, *((user, f"c{user % 8}", f"p{user // 8}") for user in range(100, 164))]
    found = crossed(scene, metric, rows)

    values = {cell.value for cell in found.cells if cell.dimension == CROSS}
    assert len(values) == 51
    assert "(other)" in values
    units = sum(moments.count for cell, moments in found.cells.items() if cell.dimension == CROSS)
    assert units == len(rows)


def test_each_attribute_of_a_combination_must_be_there(scene: Any, metric: Any) -> None:
    experiment, sources = {"crossed": (("country", "plans"),)}, {"profile": profile([(1, "NZ", "free")])}

    with pytest.raises(NotFound, match="attribute 'plans' isn't defined: did you mean 'plan'"):
        scene([(1, "control", NOON)], [], (metric(),), sources=sources, experiment=experiment).measure()
