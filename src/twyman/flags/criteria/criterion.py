"""Whether an attribute's value meets a test: the plain reading, which the fast ones must equal.

A list meets a test where some element does. Null, and a missing attribute, meet only `is null`, and
(as an empty list) `each`. An attribute is read as the value it is compared with wants it (`reading`).

A context may come from anybody, so that what it holds is bounded where time would multiply: a list longer than
`LONGEST_LIST` isn't looked at.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, cast

from twyman.flags.criteria.reading import comparable, read_as
from twyman.flags.criteria.value_set import ValueSet
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
    Unknown,
)

LONGEST_LIST = 1_000
"""Elements of an attribute's list: a longer one breaks the criterion."""
_PATTERN_BYTES = 1 << 16
"""Memory of a pattern: one that needs more isn't taken. It bounds the time that each character takes, too."""
_FEW = 64
"""Comparisons that are made one by one."""


class BrokenCriterion(Exception):
    """A criterion that can't be understood, or not in this context: the rule that needs it is skipped."""


def holds(test: Test, value: object) -> bool:
    """Say whether an attribute's value meets a test.

    Raises:
        BrokenCriterion: If the test can't be understood, or the value is beyond bounds.

    Example:
        >>> holds(In(("NZ", "SE")), ["NO", "SE"])
        True
        >>> holds(Range(18, 65), "30"), holds(Range(18, 65), None)
        (True, False)
    """
    if isinstance(test, Exists):
        return (value is not None) is test.there
    elements = _bounded(_elements(value))
    if isinstance(test, AnyOf | EachOf):
        met = map(_tester(test.test, elements), elements)
        return any(met) if isinstance(test, AnyOf) else all(met)
    if isinstance(test, Is) and isinstance(test.value, tuple) and _same(value, test.value, fold=test.ignore_case):
        return True
    if isinstance(test, Unknown):
        raise BrokenCriterion(f"test '{test.said}' isn't known")
    return any(map(_tester(test, elements), elements or _null(value)))


def _bounded(elements: Sequence[object]) -> Sequence[object]:
    if len(elements) > LONGEST_LIST:
        raise BrokenCriterion(f"attribute is a list of {len(elements):,}: at most {LONGEST_LIST:,} are looked at")
    return elements


def _tester(test: Test, elements: Sequence[object]) -> Callable[[object], bool]:
    """Return how elements are tested: against many values by a set of them, which says the same."""
    if isinstance(test, In) and len(test.values) * len(elements) > _FEW:
        known = ValueSet(test.values, ignore_case=test.ignore_case)
        lists = In(tuple(value for value in test.values if isinstance(value, tuple)), test.ignore_case)
        return lambda element: element in known or _element_holds(lists, element)
    return partial(_element_holds, test)


def _elements(value: object) -> Sequence[object]:
    """A list's elements; a lone value as a list of one; null as none."""
    if value is None:
        return ()
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)


def _null(value: object) -> Sequence[object]:
    return (None,) if value is None else ()


def _element_holds(test: Test, element: object) -> bool:
    match test:
        case Is():
            return _same(element, test.value, fold=test.ignore_case)
        case In():
            return any(_same(element, operand, fold=test.ignore_case) for operand in test.values)
        case Range():
            return _within(element, test)
        case Exists():
            return (element is not None) is test.there
        case StartsWith() | EndsWith() | Contains() | Matches():
            return isinstance(element, str) and _text_holds(test, element)
        case _:
            raise BrokenCriterion("test isn't known")


def _text_holds(test: StartsWith | EndsWith | Contains | Matches, text: str) -> bool:
    if isinstance(test, Matches):
        return found_in(pattern(test.pattern, ignore_case=test.ignore_case), text)
    wanted, given = (test.text.casefold(), text.casefold()) if test.ignore_case else (test.text, text)
    match test:
        case StartsWith():
            return given.startswith(wanted)
        case EndsWith():
            return given.endswith(wanted)
        case Contains():
            return wanted in given


def _same(value: object, operand: object, *, fold: bool) -> bool:
    if isinstance(operand, tuple):
        wanted = cast("tuple[object, ...]", operand)
        given = _elements(cast("object", value)) if isinstance(value, list | tuple) else None
        return (
            given is not None
            and len(given) == len(wanted)
            and all(_same(each, like, fold=fold) for each, like in zip(given, wanted, strict=True))
        )
    if operand is None:
        return value is None
    read = read_as(value, operand)
    if read is None:
        return False
    if fold and isinstance(operand, str):
        return cast("str", read).casefold() == operand.casefold()
    return read == comparable(operand)


def _within(value: object, test: Range) -> bool:
    if test.start is None and test.end is None:
        return False
    return _beyond(value, test) and _before(value, test)


def _beyond(value: object, test: Range) -> bool:
    if test.start is None:
        return True
    read, bound = cast("Any", read_as(value, test.start)), cast("Any", comparable(test.start))
    if read is None or bound is None:
        return False
    return read >= bound if test.start_in else read > bound


def _before(value: object, test: Range) -> bool:
    if test.end is None:
        return True
    read, bound = cast("Any", read_as(value, test.end)), cast("Any", comparable(test.end))
    if read is None or bound is None:
        return False
    return read <= bound if test.end_in else read < bound


def found_in(compiled: Any, text: str) -> bool:  # noqa: ANN401 - re2 is untyped
    """Say whether a pattern is found in a text; a text that UTF-8 can't write matches nothing."""
    try:
        return compiled.search(text) is not None
    except UnicodeEncodeError:
        return False


@lru_cache(maxsize=4096)
def pattern(text: str, *, ignore_case: bool) -> Any:  # noqa: ANN401 - re2 is untyped
    """Compile a regular expression of RE2, which matches in linear time whatever is written.

    Raises:
        BrokenCriterion: If it isn't one, or asks for more memory than a pattern may.
    """
    re2 = cast("Any", import_module("re2"))  # loaded by the first pattern only
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = _PATTERN_BYTES
    options.never_capture = True  # whether it is found is all that is asked
    try:
        return re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise BrokenCriterion(f"pattern '{text:.60}' isn't a regular expression of RE2: {error}") from None
