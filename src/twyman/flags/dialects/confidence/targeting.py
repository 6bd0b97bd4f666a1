"""Whom a segment speaks to: named criteria, and one expression that combines them.

Versions are equal where their texts are, and in a range what comes before a release isn't told from it. A set is of
its first value's kind. Nothing equals a list, and no element is null.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from twyman.flags.criteria.reading import as_time
from twyman.flags.dialects.confidence.piece import Piece, Unreadable, items, message, number, only, short, text, truth
from twyman.flags.faults import DEEPEST
from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    Contains,
    EachOf,
    ElementTest,
    EndsWith,
    Expression,
    In,
    InPopulation,
    InSegment,
    Is,
    Not,
    Operand,
    Range,
    Scalar,
    Some,
    StartsWith,
    Test,
    Time,
    Unknown,
    Version,
    Where,
)


def targeting(given: object) -> Expression | None:
    """Read a `Targeting`; `None` where it speaks to everybody.

    Raises:
        Unreadable: If it is no such message; what is amiss within is `Broken` in its place.

    Example:
        >>> country = {"attributeName": "country", "eqRule": {"value": {"stringValue": "SE"}}}
        >>> targeting({"criteria": {"c1": {"attribute": country}}, "expression": {"not": {"ref": "c1"}}})
        Not(part=Where(attribute='country', test=Is(value='SE', ignore_case=False)))
    """
    whole = message(given, "targeting")
    if whole.get("expression") is None:
        return None
    criteria = {name: _criterion(each) for name, each in message(whole.get("criteria"), "criteria").items()}
    return _expression(whole["expression"], criteria, depth=1)


def _expression(given: object, criteria: Mapping[str, Expression], depth: int) -> Expression:
    if depth > DEEPEST:
        return Broken(f"an expression is nested deeper than {DEEPEST} levels")
    try:
        found = only(message(given, "expression"), ("ref", "not", "and", "or"))
        match found:
            case ("ref", name):
                return _named(text(name, "reference to a criterion"), criteria)
            case ("not", part):
                return Not(_expression(part, criteria, depth + 1))
            case ("and" | "or" as kind, operands):
                given_parts = items(message(operands, kind).get("operands"), "operands")
                parts = tuple(_expression(part, criteria, depth + 1) for part in given_parts)
                return All(parts) if kind == "and" else Some(parts)
            case _:
                return Broken("an expression is of a kind that isn't known")
    except Unreadable as error:
        return Broken(str(error))


def _named(name: str, criteria: Mapping[str, Expression]) -> Expression:
    return criteria.get(name) or Broken(f"criterion '{name:.60}' isn't defined")


def _criterion(given: object) -> Expression:
    try:
        found = only(message(given, "criterion"), ("attribute", "segment", "materializedSegment"))
        match found:
            case ("attribute", value):
                attribute = message(value, "attribute")
                return Where(text(attribute.get("attributeName"), "attributeName"), _test(attribute))
            case ("segment", value):
                return InSegment(short(text(message(value, "segment").get("segment"), "segment"), "segments"))
            case ("materializedSegment", value):
                name = message(value, "materializedSegment").get("materializedSegment")
                return InPopulation(text(name, "materializedSegment"))
            case _:
                return Broken("a criterion is of a kind that isn't known")
    except Unreadable as error:
        return Broken(str(error))


def _test(attribute: Piece) -> Test:
    found = only(attribute, (*_RULES, "anyRule", "allRule"))
    if found is None or found[0] in _RULES:
        return _element_test(found)
    inner = _element_test(only(message(message(found[1], found[0]).get("rule"), "rule"), tuple(_RULES)))
    if isinstance(inner, Unknown):
        return inner
    inner = In(()) if inner == Is(None) else inner
    return AnyOf(inner) if found[0] == "anyRule" else EachOf(inner)


def _element_test(found: tuple[str, object] | None) -> ElementTest:
    if found is None:
        return Unknown("a rule of a kind that isn't known")
    kind, rule = found
    return _RULES[kind](message(rule, kind))


def _eq(rule: Piece) -> ElementTest:
    if rule.get("value") is None:
        return Unknown("eqRule without a value")
    value = _operand(rule["value"])
    return In(()) if isinstance(value, tuple) else Is(_equal_to(value))


def _set(rule: Piece) -> ElementTest:
    """Read a set: its first value says of which kind all are; others, and null, equal nothing."""
    values = [_operand(value) for value in items(rule.get("values"), "values")]
    alike = (value for value in values if _kind(value) == _kind(values[0]))
    return In(tuple(_equal_to(value) for value in alike if value is not None and not isinstance(value, tuple)))


def _equal_to(value: Scalar) -> Scalar:
    """Return what an attribute equals where it equals a value: of a version, its text."""
    return value.text if isinstance(value, Version) else value


def _range(rule: Piece) -> ElementTest:
    """Read a range; one with bounds that have no order, or not a common one, is met by nothing."""
    start = only(rule, ("startInclusive", "startExclusive"))
    end = only(rule, ("endInclusive", "endExclusive"))
    bounds = [_operand(bound[1]) for bound in (start, end) if bound]
    if not _are_ordered(bounds):
        return Range()
    first = _scalar(start[1]) if start else None
    last = _scalar(end[1]) if end else None
    start_in = start is None or start[0] == "startInclusive"
    end_in = end is not None and end[0] == "endInclusive"
    return Range(_edge(first, early=start_in), _edge(last, early=not end_in), start_in, end_in)


def _edge(bound: Scalar, *, early: bool) -> Scalar:
    """Return a bound; of a version its numbers alone, or, where what comes before a release is beyond it, the first."""
    if not isinstance(bound, Version):
        return bound
    numbers = re.split("[-+]", bound.text, maxsplit=1)[0]
    return Version(f"{numbers}-0" if early else numbers)


def _are_ordered(bounds: list[Operand]) -> bool:
    unordered = any(bound is None or isinstance(bound, bool | tuple) for bound in bounds)
    return len({_kind(bound) for bound in bounds}) == 1 and not unordered


def _kind(value: Operand) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


def _operand(value: object) -> Operand:
    lists = message(value, "value").get("listValue")
    if lists is None:
        return _scalar(value)
    return tuple(_scalar(each) for each in items(message(lists, "listValue").get("values"), "values"))


_KINDS = ("boolValue", "numberValue", "stringValue", "timestampValue", "versionValue", "listValue")


def _scalar(value: object) -> Scalar:
    """Read a value that is no list; an empty one is null."""
    match only(message(value, "value"), _KINDS):
        case None:
            return None
        case ("boolValue", found):
            return truth(found, "boolValue")
        case ("numberValue", found):
            return number(found, "numberValue")
        case ("stringValue", found):
            return text(found, "stringValue")
        case ("versionValue", found):
            return Version(text(message(found, "versionValue").get("version"), "version"))
        case ("timestampValue", found):
            return _time(found)
        case (kind, _):
            raise Unreadable(f"'{kind}' stands where a single value was expected")


def _time(found: object) -> Time:
    if isinstance(found, Mapping):  # the binary form
        return _instant(message(cast("object", found), "timestampValue"))
    said = text(found, "timestampValue")
    if as_time(said) is None:
        raise Unreadable(f"timestampValue '{said:.60}' is no time")
    return Time(said)


def _instant(found: Piece) -> Time:
    seconds, nanos = found.get("seconds", 0), found.get("nanos", 0)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
            seconds=int(number(seconds, "seconds")), microseconds=int(number(nanos, "nanos")) // 1000
        )
    except OverflowError:
        raise Unreadable(f"timestampValue of {seconds} seconds is beyond the year 9999") from None
    return Time(moment.isoformat())


def _affix(make: Callable[[str], ElementTest]) -> Callable[[Piece], ElementTest]:
    return lambda rule: make(text(rule.get("value"), "value"))


_RULES: dict[str, Callable[[Piece], ElementTest]] = {
    "eqRule": _eq,
    "setRule": _set,
    "rangeRule": _range,
    "startsWithRule": _affix(StartsWith),
    "endsWithRule": _affix(EndsWith),
    "containsRule": _affix(Contains),
}
