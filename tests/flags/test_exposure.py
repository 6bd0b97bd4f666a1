"""What meeting an answer exposes a unit to."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from twyman.flags.evaluation import Assignment, Evaluation, Reason
from twyman.flags.exposure import Exposure, exposures_of
from twyman.flags.flag import Outcome

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def met(*made: Assignment, context: Any = None, **more: Any) -> list[Exposure]:
    """Return what assignments expose a unit to."""
    answer = Evaluation("page", Reason.MATCH, assignments=made)
    return list(exposures_of(answer, {"targeting_key": "u-1"} if context is None else context, at=NOW, **more))


def test_an_assignment_is_an_exposure_of_its_unit() -> None:
    [found] = met(Assignment("ab", "new", id="a1", experiment="e"), client="web", state="v1")
    assert found == Exposure("u-1", NOW, "page", "ab", "new", "e", "new", "", "a1", "web", "v1")


def test_without_an_experiment_the_key_is_flag_and_rule() -> None:
    assert met(Assignment("ab", "new"))[0].experiment == "page.ab"


@pytest.mark.parametrize(
    ("to", "variant", "arm"),
    [
        (Outcome.VARIANT, "new", "new"),
        (Outcome.FALLTHROUGH, "", "control"),
        (Outcome.CLIENT_DEFAULT, "", "client_default"),
    ],
)
def test_the_arm_is_the_variant_or_what_stands_for_none(to: Outcome, variant: str, arm: str) -> None:
    [found] = met(Assignment("ab", variant, to))
    assert (found.variant, found.arm) == (variant, arm)


def test_each_rule_that_assigned_the_unit_exposes_it_in_order() -> None:
    found = met(Assignment("first", "", Outcome.FALLTHROUGH), Assignment("second", "new"))
    assert [(each.rule, each.arm) for each in found] == [("first", "control"), ("second", "new")]


def test_the_unit_is_the_one_that_the_rule_deals_by() -> None:
    context = {"targeting_key": "u-1", "device": {"id": 7}}
    found = met(Assignment("a", "x"), Assignment("b", "y", by="device.id"), context=context)
    assert [(each.unit, each.by) for each in found] == [("u-1", ""), ("7", "device.id")]


@pytest.mark.parametrize("context", [{}, {"targeting_key": None}, {"targeting_key": 1.5}, {"targeting_key": "x" * 101}])
def test_nobody_known_is_exposed_to_nothing(context: dict[str, Any]) -> None:
    assert met(Assignment("ab", "new"), context=context) == []


def test_no_assignment_is_no_exposure() -> None:
    assert met() == []
    assert not Evaluation("page", Reason.NO_MATCH, "off").applies
    assert Evaluation("page", Reason.NO_MATCH, assignments=(Assignment("ab", ""),)).applies


def test_the_same_exposure_at_another_time_or_by_another_state_is_the_same() -> None:
    [one] = met(Assignment("ab", "new"))
    later = replace(one, exposed_at=datetime(2027, 1, 1, tzinfo=UTC), state="v2")
    assert one.identity == later.identity


@pytest.mark.parametrize("name", ["unit", "flag", "rule", "variant", "experiment", "arm", "by", "id", "client"])
def test_an_exposure_that_differs_in_anything_else_is_another(name: str) -> None:
    [one] = met(Assignment("ab", "new"))
    assert replace(one, **{name: "other"}).identity != one.identity


def test_an_exposure_can_be_written_and_read() -> None:
    [one] = met(Assignment("ab", "new"))
    assert msgspec.json.decode(msgspec.json.encode(one), type=Exposure) == one
