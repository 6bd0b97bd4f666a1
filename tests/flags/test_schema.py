"""Values are held against the schema, fault by fault with its path."""

import math

import pytest

from twyman.flags.schema import Field, Type, conformed, misfits

PAGE = Field(
    Type.STRUCT,
    {
        "layout": Field(Type.STRING, maximum=5, one_of=("list", "cards")),
        "rows": Field(Type.INT, minimum=1, maximum=100),
        "genres": Field(Type.LIST, items=Field(Type.STRING), minimum=1),
        "deep": Field(Type.STRUCT, {"ratio": Field(Type.DOUBLE), "on": Field(Type.BOOL, optional=True)}),
    },
)
SOUND = {"layout": "list", "rows": 12, "genres": ["metal"], "deep": {"ratio": 0.5}}


def said(**spoilt: object) -> list[tuple[str, str]]:
    return [*misfits({**SOUND, **spoilt}, PAGE)]


def test_a_sound_value_has_no_fault() -> None:
    assert said() == []
    assert said(deep={"ratio": 1, "on": True}) == []


@pytest.mark.parametrize(
    ("spoilt", "path", "why"),
    [
        ({"rows": 1.5}, "rows", "1.5 isn't a whole number"),
        ({"rows": True}, "rows", "true isn't a whole number"),
        ({"rows": "12"}, "rows", "'12' isn't a whole number"),
        ({"rows": None}, "rows", "nothing isn't a whole number"),
        ({"rows": 0}, "rows", "0 is below the minimum, 1"),
        ({"rows": 101}, "rows", "101 is above the maximum, 100"),
        ({"layout": "grid"}, "layout", "'grid' isn't one of 'list', 'cards'"),
        ({"genres": []}, "genres", "length 0 is below the minimum, 1"),
        ({"genres": ["metal", 7]}, "genres.1", "7 isn't text"),
        ({"genres": "metal"}, "genres", "'metal' isn't a list"),
        ({"deep": {"ratio": math.inf}}, "deep.ratio", "inf isn't a number"),
        ({"deep": {"ratio": True}}, "deep.ratio", "true isn't a number"),
        ({"deep": {}}, "deep", "'ratio' is missing"),
        ({"deep": []}, "deep", "a list isn't a mapping"),
        ({"deep": {"ratio": 1, "of": 2}}, "deep.of", "'of' isn't in the schema"),
        ({"deep": {"ratio": 1, "on": "true"}}, "deep.on", "'true' isn't true or false"),
    ],
)
def test_what_doesnt_fit_is_said_where_it_stands(spoilt: dict[str, object], path: str, why: str) -> None:
    assert said(**spoilt) == [(path, why)]


def test_every_fault_is_said_at_once() -> None:
    assert [path for path, _ in said(layout="far too long", rows=0.5)] == ["layout", "layout", "rows"]


def test_a_whole_decimal_is_a_whole_number_and_a_whole_number_is_a_number() -> None:
    made = conformed({**SOUND, "rows": 12.0, "deep": {"ratio": 1}}, PAGE)

    assert repr(made) == repr({**SOUND, "deep": {"ratio": 1.0}})
    assert [*misfits(12.0, Field(Type.INT))] == []
    assert repr(conformed([1.0, 2], Field(Type.LIST, items=Field(Type.INT)))) == "[1, 2]"
    assert conformed("x", Field(Type.INT)) == "x"
    assert repr(conformed(2**60, Field(Type.DOUBLE))) == repr(2**60)
