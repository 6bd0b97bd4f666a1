"""An expression of a definition, computed of one row in Python.

The text is read by the same grammar as on the first path, and computed by other hands: each kind of
node becomes a function of a row. What has no such function is named, and never guessed at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from twyman.warehouse.naive import arithmetic
from twyman.warehouse.naive.casts import NotConvertible, converter, like, text_of
from twyman.warehouse.naive.comparing import Truth, compared, conjunction, disjunction, is_number, opposite
from twyman.warehouse.naive.dates import date_diff, date_part, date_trunc
from twyman.warehouse.naive.functions import FUNCTIONS
from twyman.warehouse.naive.texts import matches_like
from twyman.warehouse.naive.unverifiable import Unverifiable

Row = Mapping[str, Any]
Computed = Callable[[Row], Any]
"""A value of a row: null is `None`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name.

    Attributes:
        columns: Columns of the table.
        table: The table's own name.
        names: Further names at hand (measures), by what they stand for.
        single: Columns of single precision, in which nothing is calculated here.
    """

    columns: tuple[str, ...]
    table: str = ""
    names: Mapping[str, Computed] = field(default_factory=dict[str, Computed])
    single: frozenset[str] = frozenset()


def computed(written: str, scope: Scope) -> Computed:
    """Return an expression as a function of a row.

    Raises:
        Unverifiable: If it does what isn't computed here.

    Example:
        >>> computed("ms / 1000 > 2 or ms is null", Scope(("ms",)))({"ms": 2500})
        True
    """
    if written in scope.names:
        return scope.names[written]
    spelled = {known.lower(): known for known in scope.columns}
    if written.lower() in spelled:
        return _of_column(spelled[written.lower()])
    try:
        tree = sqlglot.parse_one(written, dialect="duckdb")
        return _Reading(scope, spelled, single=_calculates(tree)).of(tree)
    except Unverifiable as why:
        raise Unverifiable(f"expression '{written}' {why}") from None
    except SqlglotError:
        raise Unverifiable(f"expression '{written}' can't be read") from None


def condition(found: Computed) -> Callable[[Row], Truth]:
    """Return a value as a condition: numbers are true unless they are 0."""

    def holds(row: Row) -> Truth:
        value = found(row)
        if value is None or isinstance(value, bool):
            return value
        if is_number(value):
            return value != 0
        raise Unverifiable(f"takes {type(value).__name__} for a condition")

    return holds


def _of_column(name: str) -> Computed:
    return lambda row: row[name]


def _calculates(tree: exp.Expr) -> bool:
    return tree.find(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Func, exp.Cast) is not None


class _Reading:
    """One tree, read from its leaves."""

    def __init__(self, scope: Scope, spelled: Mapping[str, str], *, single: bool) -> None:
        self.scope = scope
        self.spelled = spelled
        self.calculates = single

    def of(self, node: Any) -> Computed:  # noqa: ANN401 - a node, or what stands for one
        """Return a node as a function of a row."""
        for kind, read in _NODES.items():
            if type(node) is kind:
                return read(self, node)
        if isinstance(node, exp.Func):
            return self.call(node.sql_name().lower(), node)
        raise Unverifiable(f"holds {type(node).__name__}")

    def each(self, *nodes: Any) -> list[Computed]:  # noqa: ANN401 - as above
        """Return some nodes as functions of a row."""
        return [self.of(node) for node in nodes]

    def column(self, node: exp.Column) -> Computed:
        first, *rest = [part.name for part in node.parts]
        if not rest and first in self.scope.names:
            return self.scope.names[first]
        if rest and first.lower() == self.scope.table.lower():
            first, *rest = rest
        if rest or first.lower() not in self.spelled:
            raise Unverifiable(f"takes a part of column '{first}'" if rest else f"names '{first}'")
        name = self.spelled[first.lower()]
        if self.calculates and name in self.scope.single:
            raise Unverifiable(f"calculates with column '{name}' in single precision")
        return _of_column(name)

    def literal(self, node: exp.Literal) -> Computed:
        value = node.name if node.is_string else _number(node.name)
        return lambda _: value

    def boolean(self, node: exp.Boolean) -> Computed:
        return _constant(node.this)

    def null(self, node: exp.Null) -> Computed:
        del node
        return _constant(None)

    def comparison(self, node: exp.Binary, holds: Callable[[int], bool]) -> Computed:
        one, other = self.pair(node.this, node.expression)

        def truth(row: Row) -> Truth:
            order = compared(one(row), other(row))
            return None if order is None else holds(order)

        return truth

    def pair(self, one: exp.Expr, other: exp.Expr) -> tuple[Computed, Computed]:
        """Return two nodes to be compared; a text written there takes the type of what it is compared with."""
        first, second = self.each(one, other)
        if _is_text(one):
            return (lambda row: like(one.name, second(row))), second
        if _is_text(other):
            return first, (lambda row: like(other.name, first(row)))
        return first, second

    def null_safe(self, node: exp.Binary, *, same: bool) -> Computed:
        one, other = self.pair(node.this, node.expression)

        def truth(row: Row) -> bool:
            first, second = one(row), other(row)
            if first is None or second is None:
                return ((first is None) and (second is None)) == same
            return (compared(first, second) == 0) == same

        return truth

    def calculation(self, node: exp.Binary, calculate: Callable[[Any, Any], Any]) -> Computed:
        return _null_free(calculate, self.each(node.this, node.expression))

    def among(self, node: exp.In) -> Computed:
        if not node.expressions:
            raise Unverifiable("looks among what isn't listed")
        equal = [
            self.comparison(exp.EQ(this=node.this, expression=one), lambda order: order == 0)
            for one in node.expressions
        ]
        return lambda row: disjunction(one(row) for one in equal)

    def between(self, node: exp.Between) -> Computed:
        low = self.comparison(exp.GTE(this=node.this, expression=node.args["low"]), lambda order: order >= 0)
        high = self.comparison(exp.LTE(this=node.this, expression=node.args["high"]), lambda order: order <= 0)
        return lambda row: conjunction((low(row), high(row)))

    def case(self, node: exp.Case) -> Computed:
        arms = [
            (exp.EQ(this=node.this, expression=one.this) if node.this else one.this, one.args["true"])
            for one in node.args["ifs"]
        ]
        return self.choice([(self.of(test), self.of(value)) for test, value in arms], node.args.get("default"))

    def choice(self, arms: list[tuple[Computed, Computed]], otherwise: exp.Expr | None) -> Computed:
        tests = [(condition(test), value) for test, value in arms]
        default = self.of(otherwise) if otherwise is not None else _constant(None)

        def chosen(row: Row) -> Any:  # noqa: ANN401 - a value of the row
            for test, value in tests:
                if test(row):
                    return value(row)
            return default(row)

        return chosen

    def is_(self, node: exp.Is) -> Computed:
        value, what = self.of(node.this), node.expression
        if isinstance(what, exp.Null):
            return lambda row: value(row) is None
        if isinstance(what, exp.Boolean):
            holds = condition(value)
            return lambda row: holds(row) is what.this
        raise Unverifiable(f"asks whether something is {what.sql('duckdb')}")

    def coalesce(self, node: exp.Coalesce) -> Computed:
        parts = self.each(node.this, *node.expressions)
        return lambda row: next((value for part in parts if (value := part(row)) is not None), None)

    def extreme(self, node: exp.Func, sign: int) -> Computed:
        parts = self.each(node.this, *node.expressions)

        def found(row: Row) -> Any:  # noqa: ANN401 - a value of the row
            best = None
            for value in (part(row) for part in parts):
                if best is None or sign * (compared(value, best) or 0) > 0:
                    best = value if value is not None else best
            return best

        return found

    def nullif(self, node: exp.Nullif) -> Computed:
        value, same = self.of(node.this), self.comparison(exp.EQ(this=node.this, expression=node.expression), _is_zero)
        return lambda row: None if same(row) else value(row)

    def concat(self, node: exp.Concat) -> Computed:
        parts = self.each(*node.expressions)
        return lambda row: "".join(text_of(value) for part in parts if (value := part(row)) is not None)

    def cast(self, node: exp.Cast, *, lenient: bool = False) -> Computed:
        value, convert = self.of(node.this), converter(node.to)

        def converted(row: Row) -> Any:  # noqa: ANN401 - a value of the row
            given = value(row)
            try:
                return None if given is None else convert(given)
            except NotConvertible:
                if lenient:
                    return None
                raise

        return converted

    def interval(self, node: exp.Interval) -> Computed:
        count, unit = self.of(node.this), node.args["unit"].name
        return lambda row: None if (given := count(row)) is None else arithmetic.length_of(_plain(given), unit)

    def trimmed(self, node: exp.Trim) -> Computed:
        position = str(node.args.get("position") or "")
        trim = {"": str.strip, "LEADING": str.lstrip, "TRAILING": str.rstrip}[position]
        letters = node.expression or exp.Literal.string(" ")
        return _null_free(trim, self.each(node.this, letters))

    def date_diff(self, node: exp.DateDiff) -> Computed:
        part = node.args["unit"].name
        return _null_free(partial(date_diff, part), self.each(node.expression, node.this))

    def from_epoch(self, node: exp.UnixToTime) -> Computed:
        scale = node.args.get("scale")
        name = {"": "to_timestamp", "3": "epoch_ms", "6": "make_timestamp"}.get(scale.name if scale else "")
        if name is None:
            raise Unverifiable("makes a time of a number")
        return _null_free(FUNCTIONS[name], self.each(node.this))

    def call(self, name: str, node: exp.Expr) -> Computed:
        """Return a call of a function that takes its arguments in order."""
        given = node.expressions if isinstance(node, exp.Anonymous) else _arguments(node)
        if name not in FUNCTIONS:
            raise Unverifiable(f"calls {name}()")
        return _null_free(FUNCTIONS[name], self.each(*given))


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    given: list[exp.Expr] = []
    for key in node.arg_types:
        value: Any = node.args.get(key)
        given += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, exp.Expr)]  # pyright: ignore[reportUnknownVariableType]
    return given


def _null_free(function: Callable[..., Any], parts: list[Computed]) -> Computed:
    """Return a function of values that is null where any of them is."""

    def found(row: Row) -> Any:  # noqa: ANN401 - a value of the row
        values = [part(row) for part in parts]
        if any(value is None for value in values):
            return None
        try:
            return function(*values)
        except (TypeError, ValueError, AttributeError, OverflowError, IndexError) as error:
            raise Unverifiable(f"can't be computed of {values}: {error}") from None

    return found


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _is_zero(order: int) -> bool:
    return order == 0


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of the row
    return int(value) if isinstance(value, str) else value


def _number(written: str) -> int | float | Decimal:
    if "e" in written.lower():
        return float(written)
    return Decimal(written) if "." in written else int(written)


def _negative(value: Any) -> Any:  # noqa: ANN401 - a value of the row
    return arithmetic.subtracted(0, value)


def _liked(text: str, written: str) -> bool:
    return matches_like(text, written)


_Read = Callable[[_Reading, Any], Computed]


def _comparing(holds: Callable[[int], bool]) -> _Read:
    return lambda reading, node: reading.comparison(node, holds)


def _calculating(calculate: Callable[[Any, Any], Any]) -> _Read:
    return lambda reading, node: reading.calculation(node, calculate)


def _joining(join: Callable[[Any], Truth]) -> _Read:
    def read(reading: _Reading, node: exp.Binary) -> Computed:
        one, other = (condition(part) for part in reading.each(node.this, node.expression))
        return lambda row: join((one(row), other(row)))

    return read


def _constant(value: Any) -> Computed:  # noqa: ANN401 - a value of the row
    return lambda _: value


def _negated(reading: _Reading, node: exp.Not) -> Computed:
    inner = condition(reading.of(node.this))
    return lambda row: opposite(inner(row))


def _like(reading: _Reading, node: exp.Like) -> Computed:
    found = reading.calculation(node, _liked)
    return (lambda row: opposite(found(row))) if node.args.get("negate") else found


def _ilike(reading: _Reading, node: exp.ILike) -> Computed:
    lower = FUNCTIONS["lower"]
    found = reading.calculation(node, lambda text, written: _liked(lower(text), lower(written)))
    return (lambda row: opposite(found(row))) if node.args.get("negate") else found


def _if(reading: _Reading, node: exp.If) -> Computed:
    return reading.choice([(reading.of(node.this), reading.of(node.args["true"]))], node.args.get("false"))


def _part(name: str) -> _Read:
    return lambda reading, node: _null_free(partial(date_part, name), reading.each(node.this))


_NODES: Mapping[type[Any], _Read] = {
    exp.Column: lambda reading, node: reading.column(node),
    exp.Literal: lambda reading, node: reading.literal(node),
    exp.Boolean: lambda reading, node: reading.boolean(node),
    exp.Null: lambda reading, node: reading.null(node),
    exp.Paren: lambda reading, node: reading.of(node.this),
    exp.And: _joining(conjunction),
    exp.Or: _joining(disjunction),
    exp.Not: _negated,
    exp.EQ: _comparing(lambda order: order == 0),
    exp.NEQ: _comparing(lambda order: order != 0),
    exp.LT: _comparing(lambda order: order < 0),
    exp.LTE: _comparing(lambda order: order <= 0),
    exp.GT: _comparing(lambda order: order > 0),
    exp.GTE: _comparing(lambda order: order >= 0),
    exp.NullSafeEQ: lambda reading, node: reading.null_safe(node, same=True),
    exp.NullSafeNEQ: lambda reading, node: reading.null_safe(node, same=False),
    exp.In: lambda reading, node: reading.among(node),
    exp.Between: lambda reading, node: reading.between(node),
    exp.Is: lambda reading, node: reading.is_(node),
    exp.Case: lambda reading, node: reading.case(node),
    exp.If: _if,
    exp.Coalesce: lambda reading, node: reading.coalesce(node),
    exp.Nullif: lambda reading, node: reading.nullif(node),
    exp.Greatest: lambda reading, node: reading.extreme(node, 1),
    exp.Least: lambda reading, node: reading.extreme(node, -1),
    exp.Neg: lambda reading, node: _null_free(_negative, reading.each(node.this)),
    exp.Add: _calculating(arithmetic.added),
    exp.Sub: _calculating(arithmetic.subtracted),
    exp.Mul: _calculating(arithmetic.multiplied),
    exp.Div: _calculating(arithmetic.divided),
    exp.IntDiv: _calculating(arithmetic.whole_quotient),
    exp.Mod: _calculating(arithmetic.remainder),
    exp.DPipe: _calculating(lambda one, other: text_of(one) + text_of(other)),
    exp.Concat: lambda reading, node: reading.concat(node),
    exp.Like: _like,
    exp.ILike: _ilike,
    exp.Cast: lambda reading, node: reading.cast(node),
    exp.TryCast: lambda reading, node: reading.cast(node, lenient=True),
    exp.Interval: lambda reading, node: reading.interval(node),
    exp.Trim: lambda reading, node: reading.trimmed(node),
    exp.Extract: lambda reading, node: _null_free(partial(date_part, node.name), reading.each(node.expression)),
    exp.TimestampTrunc: lambda reading, node: _null_free(
        partial(date_trunc, node.args["unit"].name), reading.each(node.this)
    ),
    exp.DateTrunc: lambda reading, node: _null_free(
        partial(date_trunc, node.args["unit"].name), reading.each(node.this)
    ),
    exp.DateDiff: lambda reading, node: reading.date_diff(node),
    exp.DateAdd: _calculating(arithmetic.added),
    exp.UnixToTime: lambda reading, node: reading.from_epoch(node),
    exp.TimeToUnix: _part("epoch"),
    exp.Year: _part("year"),
    exp.Quarter: _part("quarter"),
    exp.Month: _part("month"),
    exp.Week: _part("week"),
    exp.WeekOfYear: _part("week"),
    exp.Day: _part("day"),
    exp.DayOfMonth: _part("day"),
    exp.DayOfWeek: _part("dow"),
    exp.DayOfWeekIso: _part("isodow"),
    exp.DayOfYear: _part("doy"),
    exp.Hour: _part("hour"),
    exp.Minute: _part("minute"),
    exp.Second: _part("second"),
    exp.Anonymous: lambda reading, node: reading.call(node.name.lower(), node),
}
"""How each kind of node is read: one more kind is one line more."""
