"""Criteria of segments, asked of one unit after the other."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twyman.flags.targeting import (
    All,
    Contains,
    EndsWith,
    Exists,
    Expression,
    In,
    Is,
    Not,
    Range,
    Some,
    StartsWith,
    Test,
    Time,
    Version,
    Where,
)
from twyman.warehouse.naive.attributes import Attributes
from twyman.warehouse.naive.clock import utc_of
from twyman.warehouse.naive.comparing import compared, wall
from twyman.warehouse.naive.exposures import Unit
from twyman.warehouse.naive.unverifiable import Unverifiable

Meets = Callable[[Unit], bool]
Holds = Callable[[Any], bool]


def meets(when: Expression, attributes: Attributes) -> Meets:
    """Return whether a unit meets criteria, by what was known of it before its exposure.

    Raises:
        Unverifiable: If a criterion asks what isn't asked here.
    """
    match when:
        case All(parts):
            every = [meets(part, attributes) for part in parts]
            return lambda unit: all(one(unit) for one in every)
        case Some(parts):
            some = [meets(part, attributes) for part in parts]
            return lambda unit: any(one(unit) for one in some)
        case Not(part):
            return opposite(meets(part, attributes))
        case Where(name, test):
            attribute, holds = attributes.attribute(name), _holds(test, attributes.question.zone)
            return lambda unit: holds(attribute.of(unit))
        case _:
            raise Unverifiable(f"asks for {type(when).__name__.lower()} in a population")


def opposite(one: Meets) -> Meets:
    """Return whether a unit meets something not."""
    return lambda unit: not one(unit)


def _holds(test: Test, zone: str) -> Holds:
    match test:
        case Exists(there):
            return lambda value: (value is not None) == there
        case Is(wanted, fold):
            return lambda value: _order(value, wanted, zone, fold=fold) == 0
        case In(several, fold):
            return lambda value: any(_order(value, wanted, zone, fold=fold) == 0 for wanted in several)
        case Range():
            return _within(test, zone)
        case StartsWith() | EndsWith() | Contains():
            return _text(test)
        case _:
            raise Unverifiable(f"tests for {type(test).__name__.lower()} in a population")


def _order(value: Any, wanted: Any, zone: str, *, fold: bool = False) -> int | None:  # noqa: ANN401 - values
    """Return how a value compares with another; with nothing, nothing alone is equal."""
    if wanted is None:
        return 0 if value is None else None
    if isinstance(wanted, Version | tuple):
        raise Unverifiable("compares with a version or a list in a population")
    if isinstance(wanted, Time):
        moment = datetime.fromisoformat(wanted.text)
        return compared(utc_of(value, zone), wall(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
    if fold and isinstance(value, str) and isinstance(wanted, str):
        return compared(value.lower(), wanted.lower())
    return compared(value, wanted)


def _within(test: Range, zone: str) -> Holds:
    def holds(value: Any) -> bool:  # noqa: ANN401 - a value
        if test.start is None and test.end is None:
            return False
        low = None if test.start is None else _order(value, test.start, zone)
        high = None if test.end is None else _order(value, test.end, zone)
        begun = test.start is None or (low is not None and (low > 0 or (low == 0 and test.start_in)))
        return begun and (test.end is None or (high is not None and (high < 0 or (high == 0 and test.end_in))))

    return holds


def _text(test: StartsWith | EndsWith | Contains) -> Holds:
    wanted = test.text.lower() if test.ignore_case else test.text

    def holds(value: Any) -> bool:  # noqa: ANN401 - a value
        if value is None:
            return False
        given = str(value).lower() if test.ignore_case else str(value)
        match test:
            case StartsWith():
                return given.startswith(wanted)
            case EndsWith():
                return given.endswith(wanted)
            case Contains():
                return wanted in given

    return holds
