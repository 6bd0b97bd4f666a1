from typing import Any

import pytest

from twyman.flags.flag import Assigned, Flag, Rule, Split, Sticky, Variant
from twyman.flags.slices import Claim, Slice
from twyman.flags.targeting import Exists, Where

WHOLE = (Slice(0, 1_000_000),)
EVERYBODY = Split((Assigned(WHOLE, "on"),))
HALVES = Split((Assigned((Slice(0, 500_000),), "on"), Assigned((Slice(500_000, 1_000_000),), "off")))


def flag(*rules: Rule) -> Flag:
    return Flag("f", (Variant("on", value=True), Variant("off", value=False)), rules)


def test_a_flag_is_static_where_its_only_rule_takes_everybody() -> None:
    rule = Rule("all", EVERYBODY)

    assert flag(rule).is_static
    assert not flag().is_static
    assert not flag(rule, rule).is_static


@pytest.mark.parametrize(
    "condition",
    [
        {"split": HALVES},
        {"segment": "nz"},
        {"when": Where("country", Exists())},
        {"by": "household"},
        {"environments": ("production",)},
        {"sticky": Sticky(writes="kept")},
        {"claims": (Claim("salt", (Slice(0, 10),)),)},
    ],
    ids=lambda condition: next(iter(condition)),
)
def test_a_rule_with_any_condition_does_not_take_everybody(condition: dict[str, Any]) -> None:
    assert not flag(Rule("some", **{"split": EVERYBODY, **condition})).is_static
