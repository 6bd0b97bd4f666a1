"""Attributes are frozen before exposure: dimensions and covariates can't have been moved by the treatment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from twyman.app.ports import Cell
from twyman.kernel.errors import Invalid, NotFound
from twyman.metrics.metric import Adjustment
from twyman.metrics.source import AttributeSource, Frame, Timestamp

NOON = datetime(2024, 3, 4, 12)  # noqa: DTZ001 - as it stands in a zoneless column
EXPOSED = NOON.replace(tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = [(1, "treatment", EXPOSED), (2, "treatment", EXPOSED), (3, "control", EXPOSED)]


def profile(
    rows: list[tuple[object, ...]], columns: dict[str, str], *, dated: bool = True
) -> dict[str, AttributeSource]:
    names = ("id", "since", "country", "tenure")
    data = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    source = AttributeSource(
        name="profile",
        relation=Frame(data),
        entities={"user": "id"},
        timestamp=Timestamp("since") if dated else None,
        columns=columns,
    )
    return {"profile": source}


PROFILE = profile(
    [
        (1, NOON - 9 * DAY, "NZ", 3.0),
        (1, NOON - DAY, "SE", 4.0),
        (1, NOON + DAY, "US", 9.0),
        (2, NOON, None, None),
        (3, NOON, "NZ", 1.0),
    ],
    {"country": "country", "tenure": "tenure", "is_new": "since >= exposed_at - interval 2 day"},
)


def test_a_dimension_is_the_last_value_before_exposure(scene: Any, metric: Any) -> None:
    found = scene(ROWS, [], (metric(),), sources=PROFILE, experiment={"dimensions": ("country",)}).measure()

    counts = {(cell.arm, cell.value): one.count for cell, one in found.cells.items() if cell.dimension == "country"}
    assert counts == {("treatment", "SE"): 1, ("treatment", "(none)"): 1, ("control", "NZ"): 1}


def test_the_moment_of_exposure_is_at_hand(scene: Any, metric: Any) -> None:
    found = scene(ROWS, [], (metric(),), sources=PROFILE, experiment={"dimensions": ("is_new",)}).measure()

    assert {cell.value for cell in found.cells if cell.dimension} == {"true"}


def test_an_attribute_without_times_never_changes(scene: Any, metric: Any) -> None:
    sources = profile([(1, NOON + DAY, "NZ", 1.0), (3, NOON, "SE", 1.0)], {"country": "country"}, dated=False)
    found = scene(ROWS, [], (metric(),), sources=sources, experiment={"dimensions": ("profile.country",)}).measure()

    assert Cell("m", "treatment", "profile.country", "NZ") in found.cells


def test_dimension_cells_add_up_to_the_arm(scene: Any, metric: Any) -> None:
    facts = [(1, EXPOSED), (1, EXPOSED), (2, EXPOSED)]
    found = scene(ROWS, facts, (metric(),), sources=PROFILE, experiment={"dimensions": ("country", "is_new")}).measure()

    for dimension in ("country", "is_new"):
        parts = [one for cell, one in found.cells.items() if (cell.arm, cell.dimension) == ("treatment", dimension)]
        assert sum(parts[1:], start=parts[0]) == found.cells[Cell("m", "treatment")]


def test_beyond_fifty_values_the_rest_are_one(scene: Any, metric: Any) -> None:
    rows = [(user, "treatment", EXPOSED) for user in range(60)]
    sources = profile([(user, NOON, f"c{max(user - 5, 0):02d}", 1.0) for user in range(60)], {"country": "country"})
    found = scene(rows, [], (metric(),), sources=sources, experiment={"dimensions": ("country",)}).measure()

    counts = {cell.value: one.count for cell, one in found.cells.items() if cell.dimension}
    assert len(counts) == 51
    assert (counts["c00"], counts["(other)"]) == (6, 5)


def test_a_covariate_that_is_missing_counts_as_zero_and_says_so(scene: Any, metric: Any) -> None:
    adjusted = metric(adjustment=Adjustment(attributes=("profile.tenure",)))
    found = scene(ROWS, [], (adjusted,), sources=PROFILE).measure()

    assert found.columns["m"] == ("value", "profile.tenure", "profile.tenure is missing")
    assert found.cells[Cell("m", "treatment")].means.tolist() == [0, 2, 0.5]


def test_a_covariate_never_missing_has_no_flag(scene: Any, metric: Any) -> None:
    adjusted = metric(adjustment=Adjustment(attributes=("profile.tenure",)))
    found = scene([ROWS[0], ROWS[2]], [], (adjusted,), sources=PROFILE).measure()

    assert found.columns["m"] == ("value", "profile.tenure")


def test_a_text_is_no_covariate(scene: Any, metric: Any) -> None:
    adjusted = metric(adjustment=Adjustment(attributes=("profile.country",)))
    with pytest.raises(Invalid, match=r"^m.yaml:9: attribute 'profile.country' is of type VARCHAR"):
        scene(ROWS, [], (adjusted,), sources=PROFILE).measure()


def test_an_unknown_dimension_names_the_nearest(scene: Any, metric: Any) -> None:
    with pytest.raises(NotFound, match=r"^e.yaml:11: attribute 'contry' isn't defined: did you mean 'country'\?"):
        scene(ROWS, [], (metric(),), sources=PROFILE, experiment={"dimensions": ("contry",)}).measure()
