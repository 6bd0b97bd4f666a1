"""Tests, values, slices and answers in the words of a line for people: short, and safe whatever they hold."""

from collections.abc import Mapping, Sequence
from typing import cast

from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.slices import Slice
from twyman.flags.targeting import (
    AnyOf,
    Contains,
    EachOf,
    EndsWith,
    Exists,
    In,
    Is,
    Matches,
    Range,
    StartsWith,
    Test,
    Time,
    Unknown,
    Version,
)

MOST = 10
"""Elements of a list that are written out."""

_VERBS = {StartsWith: "starts with", EndsWith: "ends with", Contains: "contains"}


def shown(value: object) -> str:
    """Write a value: text in quotes, null where there is none, and no more than a few dozen characters.

    Example:
        >>> shown("NZ"), shown(None), shown(True), shown(["a", 1])
        ("'NZ'", 'null', 'true', "['a', 1]")
    """
    if isinstance(value, list | tuple):
        return f"[{listed(cast('Sequence[object]', value))}]"
    return _one(value)


def listed(values: Sequence[object]) -> str:
    """Write values one after the other; of many the first ten, and how many more there are."""
    more = [f"and {len(values) - MOST:,} more"] if len(values) > MOST else []
    return ", ".join([*(_one(value) for value in values[:MOST]), *more])


def _one(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _number(value)
    match value:
        case str():
            return _quoted(value)
        case Version() | Time():
            return f"{type(value).__name__.lower()} {_quoted(value.text)}"
        case Mapping() | list() | tuple():
            kind = "mapping" if isinstance(value, Mapping) else "list"
            return f"a {kind} of {len(cast('Sequence[object]', value)):,}"
        case _:
            return f"a {type(value).__name__}"


def _number(value: float) -> str:
    is_long = isinstance(value, int) and value.bit_length() > 100
    return f"a number of {cast('int', value).bit_length():,} bits" if is_long else f"{value}"


def _quoted(text: str) -> str:
    written = repr(text if len(text) <= 60 else f"{text[:59]}…")
    return written.encode("utf-8", "backslashreplace").decode()


def words_of(test: Test) -> str:
    """Write what a test asks of an attribute.

    Example:
        >>> words_of(Range(18, 65)), words_of(EachOf(StartsWith("a", ignore_case=True)))
        ('is at least 18 and below 65', "has only elements of which each starts with 'a', in any case")
    """
    match test:
        case AnyOf():
            return f"has some element that {words_of(test.test)}"
        case EachOf():
            return f"has only elements of which each {words_of(test.test)}"
        case Exists():
            return "exists" if test.there else "is missing or null"
        case Range():
            return _range_in_words(test)
        case Unknown():
            return f"is put to a test that isn't known ({test.said})" if test.said else "is put to an unknown test"
        case _:
            return _comparison(test) + (", in any case" if test.ignore_case else "")


def _comparison(test: Is | In | StartsWith | EndsWith | Contains | Matches) -> str:
    match test:
        case Is():
            return f"is {shown(test.value)}"
        case In():
            return f"is one of {listed(test.values)}" if test.values else "is one of none"
        case Matches():
            return f"matches {shown(test.pattern)}"
        case _:
            return f"{_VERBS[type(test)]} {shown(test.text)}"


def _range_in_words(test: Range) -> str:
    start = [f"{'at least' if test.start_in else 'above'} {shown(test.start)}"] if test.start is not None else []
    end = [f"{'at most' if test.end_in else 'below'} {shown(test.end)}"] if test.end is not None else []
    return "is " + (" and ".join([*start, *end]) or "in a range without bounds")


def words_of_slices(slices: Sequence[Slice], more: int = 0) -> str:
    """Write slices as half-open intervals.

    Example:
        >>> words_of_slices([Slice(0, 500_000)], more=2)
        '[0, 500,000) and 2 more'
    """
    written = ", ".join(f"[{part.start:,}, {part.stop:,})" for part in slices) or "none"
    return f"{written} and {more:,} more" if more else written


def words_of_answer(answer: Evaluation) -> str:
    """Write what was answered, and by what.

    Example:
        >>> words_of_answer(Evaluation("page", Reason.MATCH, "new", True, "ab"))
        "serves 'new', by rule 'ab'"
    """
    served = shown(answer.variant) if answer.variant else "the caller's own default"
    match answer.reason:
        case Reason.MATCH:
            return f"serves {served}, by rule {shown(answer.rule)}"
        case Reason.NO_MATCH:
            return f"serves {served}, as no rule does"
        case Reason.ARCHIVED:
            return f"serves {served}, as it is archived"
        case _:
            return f"serves the caller's own default ({answer.detail})"
