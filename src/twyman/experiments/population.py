"""Who of the exposed is analysed: from which fact on, without whom, and only whom.

Criteria are those of flags, over attributes frozen before exposure. A flag asks a context, and here a
warehouse is asked, so that what no column can say (a share of units, a list of ids, what another flag
serves) is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    EachOf,
    Expression,
    FlagIs,
    In,
    InPopulation,
    InSegment,
    Is,
    Matches,
    Not,
    Operand,
    Range,
    Some,
    Test,
    Unknown,
    Version,
    Where,
)


class Counterfactual(StrEnum):
    """Whether every arm logs the trigger, also where it changes nothing."""

    LOGGED = "logged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The fact from which on a unit is analysed: the first at or after its exposure.

    Attributes:
        facts: Name of the source.
        where: Facts that trigger, beside the source's own filter.
        counterfactual: Whether arms log it alike.
    """

    facts: str
    counterfactual: Counterfactual
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Excluded:
    """A segment whose units are left out, with all that it leans on written out."""

    segment: str
    when: Expression


def attributes_of(when: Expression) -> tuple[str, ...]:
    """Return the attributes that an expression asks about, each once.

    Example:
        >>> attributes_of(All((Where("country", In(("NZ",))), Not(Where("plan", Is("free"))))))
        ('country', 'plan')
    """
    return tuple(dict.fromkeys(where.attribute for where in _leaves(when) if isinstance(where, Where)))


def _leaves(when: Expression) -> Iterator[Expression]:
    match when:
        case All(parts) | Some(parts):
            for part in parts:
                yield from _leaves(part)
        case Not(part):
            yield from _leaves(part)
        case _:
            yield when


def unanswerable(when: Expression) -> str | None:
    """Say why no column of a warehouse can answer an expression; `None` where columns can.

    Example:
        >>> unanswerable(InPopulation("testers"))
        'lists ids, and only attributes are asked here'
        >>> unanswerable(Where("country", Is("NZ")))
    """
    return next((why for leaf in _leaves(when) if (why := _why_not(leaf))), None)


def _why_not(leaf: Expression) -> str | None:
    match leaf:
        case InPopulation():
            return "lists ids, and only attributes are asked here"
        case FlagIs():
            return "asks what another flag serves, which the data don't tell"
        case InSegment(segment):
            return f"leans on segment '{segment}', which isn't written out"
        case Broken(why):
            return f"is broken: {why}"
        case Where(_, test):
            return _why_not_test(test)
        case All() | Some() | Not():
            return None


def _why_not_test(test: Test) -> str | None:
    if isinstance(test, AnyOf | EachOf):
        return "tests the elements of a list, and an attribute here is one value"
    if isinstance(test, Matches):
        return "matches a pattern, which engines read differently"
    if isinstance(test, Unknown):
        return f"has a test '{test.said}' that isn't known"
    return next((why for value in _values(test) if (why := _why_not_value(value))), None)


def _values(test: Test) -> tuple[Operand, ...]:
    match test:
        case Is(value):
            return (value,)
        case In(values):
            return values
        case Range(start, end):
            return start, end
        case _:
            return ()


def _why_not_value(value: Operand) -> str | None:
    if isinstance(value, Version):
        return "compares versions, which no engine orders"
    return "compares a list, and an attribute here is one value" if isinstance(value, tuple) else None
