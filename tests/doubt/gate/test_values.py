"""Values, not variants: what a flag's variants come to, and how a difference of arms is said."""

import numpy as np

from twyman.doubt.gate.values import values_of
from twyman.doubt.gate.wording import Difference, differences, listed
from twyman.flags.flag import Flag, Variant

ADS = Flag(
    "ads",
    (
        Variant("a", {"enabled": True, "slot": {"top": 1, "side": 0}, "title": "Hear this"}),
        Variant("b", {"enabled": False, "slot": {"top": 1, "side": 2}, "title": "Hear this"}),
        Variant("c", {"title": "Hear this", "slot": {"side": 0, "top": 1}, "enabled": True}),
    ),
)


def test_variants_of_one_value_are_one_whatever_the_order_of_their_keys() -> None:
    values = values_of(ADS)

    assert values.of_variant == {"a": 0, "b": 1, "c": 0}
    assert values.count == 3
    assert values.codes(("", "c", "b")).tolist() == [2, 0, 1]


def test_one_and_one_point_zero_and_true_are_different() -> None:
    several = Flag("n", (Variant("a", 1), Variant("b", True), Variant("c", "1")))  # noqa: FBT003

    assert len(values_of(several).values) == 3


def test_only_parameters_that_differ_are_named_the_treatment_first() -> None:
    found = differences(values_of(ADS), np.array([[10, 0, 0], [0, 10, 0]]))

    assert [each.text(("control", "new")) for each in found] == [
        "`ads.enabled` is off for 100 % of new and 0 % of control",
        "`ads.slot.side` is 2 for 100 % of new and 0 % of control",
    ]


def test_what_only_the_caller_knows_is_said_so() -> None:
    [found] = differences(values_of(Flag("ads", (Variant("on", "x"),))), np.array([[10, 0], [5, 5]]))

    assert found.text(("control", "new")) == ("`ads` is the caller's own default for 50 % of new and 0 % of control")


def test_several_arms_are_all_said() -> None:
    one = Difference("ads", "off", (0.0, 0.25, 1.0))

    assert one.text(("control", "a", "b")) == "`ads` is off for 25 % of a, 100 % of b and 0 % of control"


def test_a_struct_of_many_fields_is_cut_short() -> None:
    several = [Difference(f"f.{n}", "on", (0.0, 1.0)) for n in range(5)]

    said = listed(several, ("control", "new"))

    assert said.endswith("`f.2` is on for 100 % of new and 0 % of control; and 2 more parameters")


def test_a_field_that_one_variant_has_not_is_not_set() -> None:
    odd = Flag("f", (Variant("a", {"x": 1}), Variant("b", {"y": [1]})))

    assert values_of(odd).settings() == {
        "f.x": ("1", "not set", "the caller's own default"),
        "f.y": ("not set", "[1]", "the caller's own default"),
    }
