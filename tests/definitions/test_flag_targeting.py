"""`when:` in files: whom each criterion takes in, and what every slip is answered with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twyman.definitions.flags import load_flags
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Slice
from twyman.flags.state import State

Errors = Callable[..., list[str]]
SPLIT = Split((Assigned((Slice(0, 1_000_000),), "on"),))


def takes(here: Path, when: str, **context: Any) -> bool:
    """Whether a segment with this `when:` takes a context in."""
    project = "kind: project\ntimezone: Pacific/Auckland\n---\n"
    (here / "twyman.yaml").write_text(f"{project}kind: segment\nname: s\nwhen: {when}\n")
    folder = load_flags(here)
    assert folder.errors == ()
    flag = Flag("f", (Variant("on", value=True),), (Rule("r", SPLIT, segment="s"),))
    return Interpreter(State({"f": flag}, folder.state.segments)).evaluate("f", context).value is True


@pytest.mark.parametrize(
    ("when", "inside", "outside"),
    [
        ("{a: {is: NO}}", "NO", "no"),
        ("{a: {is: NO, ignore_case: true}}", "no", "se"),
        ("{a: {is: true}}", True, False),
        ("{a: {is: 5}}", 5.0, 6),
        ("{a: {is: [x, y]}}", ["x", "y"], ["y", "x"]),
        ("{a: {is: {version: 5.2.0}}}", "5.2", "5.20"),
        ("{a: {in: [NZ, off]}}", "off", False),
        ("{a: {not_in: [NZ]}}", "SE", "NZ"),
        ("{a: {above: 5}}", 5.1, 5),
        ("{a: {at_least: 5, below: 7}}", 5, 7),
        ("{a: {at_most: 5}}", 5, 5.1),
        ("{a: {between: [1, 5]}}", 5, 5.1),
        ("{a: {between: [1, 5]}}", 1, 0.9),
        ("{a: {at_least: 5.2.0}}", "5.10.1", "5.1.9"),
        ('{a: {at_least: "5.2"}}', "5.10", "5.1"),
        ("{a: {below: 6.0.0-rc.1}}", "6.0.0-beta", "6.0.0"),
        ("{a: {at_least: 2015-06-01}}", "2015-05-31T12:00:00Z", "2015-05-31T11:59:59Z"),
        ("{a: {below: 2015-06-01T00:00Z}}", "2015-05-31T23:59:59Z", "2015-06-01"),
        ("{a: {at_least: m}}", "n", "l"),
        ("{a: {at_least: {text: 5.2.0}}}", "6", "10.0.0"),
        ("{a: {starts_with: Ki}}", "Kiwi", "kiwi"),
        ("{a: {ends_with: WI, ignore_case: true}}", "Kiwi", "Kea"),
        ("{a: {contains: iw}}", "Kiwi", "Kea"),
        ("{a: {matches: '^K.+a$'}}", "Kea", "Kiwi"),
        ("{a: {exists: true}}", 0, None),
        ("{a: {is_null: true}}", None, 0),
        ("{a: {is_null: false}}", 0, None),
        ("{a: {any_of: {in: [x]}}}", ["y", "x"], ["y"]),
        ("{a: {each_of: {in: [x, y]}}}", ["y", "x"], ["x", "z"]),
        ("{a: {each_of: {not_in: [x]}}}", ["y"], ["y", "x"]),
        ("{a: {any_of: {not_in: [x]}}}", ["x", "y"], ["x"]),
        ("{a: {each_of: {starts_with: x, ends_with: z}}}", ["xz"], ["xz", "x"]),
        ("{a: {starts_with: x, ends_with: z}}", "xz", "xy"),
        ("{not: {a: {is: 1}}}", 2, 1),
        ("{any: [{a: {is: 1}}, {a: {is: 2}}]}", 2, 3),
        ("{all: [{a: {above: 1}}, {a: {below: 3}}]}", 2, 3),
        ("{b.c: {is: x}, a: {is: 1}}", 1, 2),
        ("{segment: {is: x}, flag: {is: y}, a: {is: 1}}", 1, 2),
    ],
)
def test_a_criterion_takes_in_whom_it_says(here: Path, when: str, inside: object, outside: object) -> None:
    around = {"b": {"c": "x"}, "segment": "x", "flag": "y"}
    if inside is not outside:
        assert takes(here, when, a=inside, **around)
    assert not takes(here, when, a=outside, **around)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("NZ", "'when' 'NZ' is a lone word, and criteria stand under attributes"),
        ("[{a: {is: 1}}]", "'when' is a list, and criteria stand under attributes"),
        ("{}", "'when' says nothing"),
        ("{country: NZ}", "'when.country' has no test: write country: {is: NZ}"),
        ("{country: [NZ]}", "'when.country' is a list without a test: write country: {in: […]}"),
        ("{country: {inn: [NZ]}}", "key 'inn' isn't known in 'when.country': did you mean 'in'?"),
        ("{country: {in: []}}", "'when.country.in' holds no value"),
        ("{country: {}}", "'when.country' has no test"),
        ("{country: {is: null}}", "'is' has no value"),
        ("{all: {country: {in: [NZ]}}}", "'when.all' takes a list of criteria"),
        ("{any: []}", "'when.any' takes a list of criteria"),
        ("{segment: 5}", "'when.segment' names no segment"),
        ("{a: {above: 1, at_least: 2}}", "'above' and 'at_least' bound the same side: keep one"),
        ("{a: {above: 5, below: 5}}", "nothing lies within the bounds of 'when.a'"),
        ("{a: {between: [5, 1]}}", "nothing lies within the bounds of 'when.a.between'"),
        ("{a: {between: [1, 2, 3]}}", "'when.a.between' has 3 values, and lies between two"),
        ("{a: {between: [5.2, 5.10.1]}}", "bounds of 'when.a.between' are a number and a version: write both alike"),
        ("{a: {above: true}}", "'when.a.above' is a truth"),
        ("{a: {at_least: 2015-13-01}}", "isn't an ISO 8601 date or time"),
        ("{a: {is: {version: five}}}", "version 'five' isn't one to four dotted numbers"),
        ("{a: {is: {version: 5.2}}}", 'quote it, as in "5.2"'),
        ("{a: {is: {}}}", "'when.a.is' needs one type"),
        ("{app_version: {at_least: 5.20}}", "'when.app_version.at_least' 5.20 is read as a number"),
        ("{a: {matches: '(?=x)'}}", "isn't a regular expression of RE2"),
        ("{a: {contains: ''}}", "'when.a.contains' is empty"),
        ("{a: {above: 1, ignore_case: true}}", "'when.a.ignore_case' has no text test beside it"),
        ("{a: {any_of: {starts_with: x, ends_with: y}}}", "has 2 tests, and one element need not meet them all"),
        ("{a: {any_of: {}}}", "'when.a.any_of' has no test for the elements"),
        ("{flag: {name: x, is: a, in: [b]}}", "'when.flag' needs what the flag must serve"),
    ],
)
def test_a_slip_is_said_with_its_cure(errors: Errors, when: str, said: str) -> None:
    (error,) = errors(f"kind: segment\nname: s\ntitle: T\nwhen:\n  {when}\n")

    assert error.startswith(("a.yaml:5: segment 's': ", "a.yaml:4: segment 's': ", "a.yaml:5: segment 's', when"))
    assert said in error


def test_bounds_become_one_range(here: Path) -> None:
    (here / "a.yaml").write_text("kind: segment\nname: s\nwhen: {age: {at_least: 18, below: 65}}\n")

    (segment,) = load_flags(here / "a.yaml").state.segments.values()
    assert "Range(start=18, end=65, start_in=True, end_in=False)" in repr(segment.when)
