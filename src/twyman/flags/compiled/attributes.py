"""Tests on attributes, as source: the usual kinds of values inline, all others by way of `criterion.holds`.

Inline is what a test says of a value of just that class which its operands have. Whatever else an attribute
may hold (lists, texts of numbers, classes of the caller's own) is read by the plain `holds`, so that the two
can't differ.
"""

from typing import cast

from twyman.flags.compiled.source import Source
from twyman.flags.criteria.criterion import BrokenCriterion, pattern
from twyman.flags.criteria.reading import comparable
from twyman.flags.targeting import (
    Contains,
    EndsWith,
    Exists,
    In,
    Is,
    Matches,
    Range,
    StartsWith,
    Test,
    Time,
    Version,
    Where,
)

Inline = tuple[str, str]
"""The classes of values that are tested inline (a condition on what stands for `{}`), and how `v` is."""


def where(source: Source, criterion: Where) -> str:
    """Return the source of a test on an attribute, as an expression."""
    value, test = read(source, criterion.attribute), criterion.test
    if isinstance(test, Exists):
        return f"({value} is {'not ' if test.there else ''}None)"
    inline = _inline(source, test)
    if inline is None:
        return f"holds({source.constant(test)}, {value})"
    usual, tested = inline
    # Null meets none of the tests that are inline.
    plain = f"v is not None and holds({source.constant(test)}, v)"
    return f"({tested} if {usual.format(f'v := {value}')} else {plain})"


def read(source: Source, path: str) -> str:
    """Return the source of an attribute's value."""
    outer, *inner = path.split(".")
    if not inner:
        return f"context.get({source.constant(outer)})"
    anyhow = f"attribute(context, {source.constant(path)})"
    if len(inner) > 1:
        return anyhow
    found = f"(w := context.get({source.constant(outer)}))"
    return f"(w.get({source.constant(inner[0])}) if type{found} is dict else {anyhow})"


def _inline(source: Source, test: Test) -> Inline | None:
    match test:
        case Is():
            return _equal(source, (test.value,), fold=test.ignore_case)
        case In():
            return _equal(source, test.values, fold=test.ignore_case)
        case Range():
            return _between(source, test)
        case StartsWith() | EndsWith() | Contains():
            return _text(source, test)
        case Matches():
            return _matching(source, test)
        case _:
            return None


_TEXT = "type({}) is str"
_NUMBER = "((k := type({})) is int or k is float)"
_DATED = "type({}) in DATED"


def _equal(source: Source, operands: tuple[object, ...], *, fold: bool) -> Inline | None:
    if len(operands) == 1 and isinstance(operands[0], bool):
        return "type({}) is bool", f"v is {source.constant(operands[0])}"
    if len(operands) == 1 and isinstance(operands[0], Version | Time):
        return _equal_to(source, operands[0])
    kind = _kind(operands)
    if kind is str:
        given = "v.casefold()" if fold else "v"
        texts = cast("tuple[str, ...]", operands)
        return _TEXT, _among(source, given, frozenset(text.casefold() for text in texts) if fold else frozenset(texts))
    if kind is float:  # what isn't equal to itself (not a number) equals nothing, but would be found in a set
        return _NUMBER, _among(source, "v", frozenset(each for each in operands if each == each))  # noqa: PLR0124
    return None


def _among(source: Source, given: str, operands: frozenset[object]) -> str:
    if len(operands) == 1:
        return f"{given} == {source.constant(next(iter(operands)))}"
    return f"{given} in {source.constant(operands)}"


def _equal_to(source: Source, operand: Version | Time) -> Inline | None:
    wanted = comparable(operand)
    if wanted is None:
        return None
    usual, given = (_TEXT, "as_version(v)") if isinstance(operand, Version) else (_DATED, "as_time(v)")
    return usual, f"{given} == {source.constant(wanted)}"


def _between(source: Source, test: Range) -> Inline | None:
    bounds = tuple(bound for bound in (test.start, test.end) if bound is not None)
    kind = _kind(bounds)
    places = [comparable(bound) for bound in bounds]
    if kind is None or None in places:
        return None
    low = "" if test.start is None else f"{source.constant(places[0])} {'<=' if test.start_in else '<'} "
    high = "" if test.end is None else f" {'<=' if test.end_in else '<'} {source.constant(places[-1])}"
    if kind is Version:
        return _TEXT, f"((k := as_version(v)) is not None and {low}k{high})"
    if kind is Time:
        return _DATED, f"((k := as_time(v)) is not None and {low}k{high})"
    return _TEXT if kind is str else _NUMBER, f"{low}v{high}"


def _kind(operands: tuple[object, ...]) -> type | None:
    """Return the one class that all operands have (a number's is float); `None` where they differ, or have none.

    Whole numbers beyond 64 bits have a class of their own: any number of them can be chosen to have one hash.
    """
    kinds = {float if type(operand) is int and operand.bit_length() < 65 else type(operand) for operand in operands}
    only = kinds.pop() if len(kinds) == 1 else None
    return only if only in (str, float, Version, Time) else None


def _text(source: Source, test: StartsWith | EndsWith | Contains) -> Inline:
    given, wanted = ("v.casefold()", test.text.casefold()) if test.ignore_case else ("v", test.text)
    text = source.constant(wanted)
    match test:
        case StartsWith():
            return _TEXT, f"{given}.startswith({text})"
        case EndsWith():
            return _TEXT, f"{given}.endswith({text})"
        case Contains():
            return _TEXT, f"{text} in {given}"


def _matching(source: Source, test: Matches) -> Inline | None:
    try:
        found = pattern(test.pattern, ignore_case=test.ignore_case)
    except BrokenCriterion:
        return None
    return _TEXT, f"found_in({source.constant(found)}, v)"
