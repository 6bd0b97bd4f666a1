"""Whom a rule speaks to: tests on attributes, and how they combine.

The shapes here are what goes over the wire. What they mean is in `criterion` (a test on a value) and
`resolve` (an expression in a context).
"""

from __future__ import annotations

from msgspec import Struct


class Version(Struct, frozen=True, tag="version", tag_field="as", omit_defaults=True):
    """A semantic version, compared by its numbers: 10.0.0 comes after 9.1.0."""

    text: str


class Time(Struct, frozen=True, tag="time", tag_field="as", omit_defaults=True):
    """An instant, as ISO 8601; without a zone it is UTC."""

    text: str


Scalar = str | bool | int | float | Version | Time | None
Operand = Scalar | tuple[Scalar, ...]
"""What an attribute is compared with: its type says how the attribute is read."""


class Is(Struct, frozen=True, tag="is", tag_field="op", omit_defaults=True):
    """Equal to the value; `None` is met by an attribute that is missing or null."""

    value: Operand
    ignore_case: bool = False


class In(Struct, frozen=True, tag="in", tag_field="op", omit_defaults=True):
    """Equal to one of the values."""

    values: tuple[Operand, ...]
    ignore_case: bool = False


class Range(Struct, frozen=True, tag="range", tag_field="op", omit_defaults=True):
    """Between two bounds, or beyond one; a range without bounds is met by nothing.

    Attributes:
        start, end: The bounds: number, text, version or time; `None` where there is none.
        start_in, end_in: Whether the bound itself is in.
    """

    start: Scalar = None
    end: Scalar = None
    start_in: bool = True
    end_in: bool = False


class StartsWith(Struct, frozen=True, tag="starts", tag_field="op", omit_defaults=True):
    """Text that starts with another."""

    text: str
    ignore_case: bool = False


class EndsWith(Struct, frozen=True, tag="ends", tag_field="op", omit_defaults=True):
    """Text that ends with another."""

    text: str
    ignore_case: bool = False


class Contains(Struct, frozen=True, tag="contains", tag_field="op", omit_defaults=True):
    """Text that holds another somewhere."""

    text: str
    ignore_case: bool = False


class Matches(Struct, frozen=True, tag="matches", tag_field="op", omit_defaults=True):
    """Text in which a regular expression (RE2's syntax, in linear time) is found somewhere."""

    pattern: str
    ignore_case: bool = False


class Exists(Struct, frozen=True, tag="exists", tag_field="op", omit_defaults=True):
    """There and not null; or, with `there=False`, missing or null."""

    there: bool = True


class Unknown(Struct, frozen=True, tag="unknown", tag_field="op", omit_defaults=True):
    """A test that this version doesn't know: whatever needs it is broken."""

    said: str = ""


ElementTest = Is | In | Range | StartsWith | EndsWith | Contains | Matches | Exists | Unknown


class AnyOf(Struct, frozen=True, tag="any", tag_field="op", omit_defaults=True):
    """A list with some element that meets the test; a lone value counts as a list of one."""

    test: ElementTest


class EachOf(Struct, frozen=True, tag="each", tag_field="op", omit_defaults=True):
    """A list whose every element meets the test: an empty or missing list does."""

    test: ElementTest


Test = ElementTest | AnyOf | EachOf


class Where(Struct, frozen=True, tag="where", tag_field="op", omit_defaults=True):
    """A test on one attribute, named by its path in the context (`user.country`)."""

    attribute: str
    test: Test


class InSegment(Struct, frozen=True, tag="segment", tag_field="op", omit_defaults=True):
    """In another segment: its targeting and its allocation."""

    segment: str


class InPopulation(Struct, frozen=True, tag="population", tag_field="op", omit_defaults=True):
    """Among the ids of a materialised segment."""

    population: str


class FlagIs(Struct, frozen=True, tag="flag", tag_field="op", omit_defaults=True):
    """A prerequisite: another flag serves one of these variants in the same context."""

    flag: str
    variants: tuple[str, ...]


class Broken(Struct, frozen=True, tag="broken", tag_field="op", omit_defaults=True):
    """What couldn't be understood: the rule that needs it is skipped, and said to be broken."""

    why: str


class All(Struct, frozen=True, tag="all", tag_field="op", omit_defaults=True):
    """Every part holds; they are tried in order, up to the first that doesn't."""

    parts: tuple[Expression, ...]


class Some(Struct, frozen=True, tag="some", tag_field="op", omit_defaults=True):
    """Some part holds; they are tried in order, up to the first that does."""

    parts: tuple[Expression, ...]


class Not(Struct, frozen=True, tag="not", tag_field="op", omit_defaults=True):
    """The part doesn't hold."""

    part: Expression


Criterion = Where | InSegment | InPopulation | FlagIs | Broken
Expression = Criterion | All | Some | Not
