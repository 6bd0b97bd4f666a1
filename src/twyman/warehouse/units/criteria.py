"""Criteria of segments as conditions on frozen attributes: what a flag asks of a context, asked of columns.

Each condition is true or false, and never null: an attribute that isn't known meets nothing but a test for that,
as it does in a flag. A value is compared as what it is (text with text, number with number); an attribute of
another type is refused, since engines convert differently.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never, cast

from sqlglot import exp

from twyman.flags.targeting import (
    All,
    Contains,
    EndsWith,
    Exists,
    Expression,
    In,
    Is,
    Not,
    Operand,
    Range,
    Scalar,
    Some,
    StartsWith,
    Test,
    Time,
    Where,
)
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.warehouse.language.syntax import call, number, text, timestamp
from twyman.warehouse.sources.rows import is_number
from twyman.warehouse.sources.times import time_of
from twyman.warehouse.units.attributes import Attributes

CURE = "make it a truth among the columns of its source of attributes, and ask that"


@dataclass(frozen=True, slots=True)
class Criteria:
    """Compiles criteria.

    Attributes:
        attributes: Where attributes are found.
        what: Whose criteria these are, for errors.
        place: Where they are named.
    """

    attributes: Attributes
    what: str
    place: Place | None

    def condition(self, when: Expression) -> exp.Expr:
        """Return a condition on the frozen attributes.

        Raises:
            NotFound: If no source of attributes has a column that it asks about.
            Invalid: If no column can answer it.
        """
        match when:
            case All(parts):
                return exp.and_(*map(self.condition, parts))
            case Some(parts):
                return exp.or_(*map(self.condition, parts))
            case Not(part):
                return exp.Not(this=exp.paren(self.condition(part), copy=False))
            case Where(attribute, test):
                found, kind = self.attributes.found(attribute, self.place)
                return _Tested(self, attribute, found, kind).condition(test)
            case _:
                raise self.refusal(f"asks what attributes don't tell ({type(when).__name__})")

    def refusal(self, why: str) -> Invalid:
        """Return the error that says why attributes can't answer."""
        return Invalid(f"{self.what} {why}: {CURE}", place=self.place)


@dataclass(frozen=True, slots=True)
class _Tested:
    """One attribute, and what it is tested for."""

    of: Criteria
    attribute: str
    value: exp.Expr
    kind: str

    def condition(self, test: Test) -> exp.Expr:
        match test:
            case Exists(there):
                null = exp.Is(this=self.value.copy(), expression=exp.null())
                return exp.Not(this=null) if there else null
            case Is(value, fold):
                return self._is(value, fold=fold)
            case In(values, fold):
                return exp.or_(exp.false(), *(self._is(value, fold=fold) for value in values))
            case Range():
                return self._within(test)
            case StartsWith() | EndsWith() | Contains():
                return self._text(test)
            case _:
                raise self.of.refusal(f"tests attribute '{self.attribute}' in a way that no column can answer")

    def _is(self, wanted: Operand, *, fold: bool) -> exp.Expr:
        if wanted is None:
            return exp.Is(this=self.value.copy(), expression=exp.null())
        left, right = self._pair(wanted, fold=fold)
        return _sure(exp.EQ(this=left, expression=right))

    def _within(self, test: Range) -> exp.Expr:
        bounds = list[exp.Expr]()
        for bound, inside, closed, opened in (
            (test.start, test.start_in, exp.GTE, exp.GT),
            (test.end, test.end_in, exp.LTE, exp.LT),
        ):
            if bound is not None:
                left, right = self._pair(bound)
                bounds.append(_sure((closed if inside else opened)(this=left, expression=right)))
        return exp.and_(*bounds) if bounds else exp.false()

    def _text(self, test: StartsWith | EndsWith | Contains) -> exp.Expr:
        given, wanted = self._pair(test.text, fold=test.ignore_case)
        match test:
            case StartsWith():
                return _sure(call("starts_with", given, wanted))
            case EndsWith():
                return _sure(call("ends_with", given, wanted))
            case Contains():
                return _sure(call("contains", given, wanted))
            case _:
                assert_never(test)

    def _pair(self, operand: Operand, *, fold: bool = False) -> tuple[exp.Expr, exp.Expr]:
        """Return the attribute, and what it is compared with, as values of one type."""
        match operand:
            case bool() if self.kind == "BOOLEAN":
                return self.value.copy(), exp.true() if operand else exp.false()
            case str() if self.kind == "VARCHAR":
                if fold:
                    return call("lower", self.value.copy()), text(operand.lower())
                return self.value.copy(), text(operand)
            case int() | float() if is_number(self.kind) and not isinstance(operand, bool):
                return self.value.copy(), number(operand)
            case Time(written) if self.kind == "DATE" or self.kind.startswith("TIMESTAMP"):
                zone = self.of.attributes.question.zone
                read = time_of(self.value, self.kind, zone=zone, what=self.attribute, place=self.of.place)
                moment = datetime.fromisoformat(written)
                return read.utc, timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
            case _:
                raise self.of.refusal(
                    f"compares attribute '{self.attribute}', of type {self.kind}, with {_said(operand)}"
                )


def _sure(condition: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def _said(operand: Operand) -> str:
    if isinstance(operand, str):
        return f"text '{operand}'"
    kind = "a list" if isinstance(operand, tuple) else type(operand).__name__
    return f"{kind} {getattr(cast('Scalar', operand), 'text', operand)}"
