"""Small words for writing SQL as a tree: nothing a user wrote is ever pasted into a text.

A tree is printed by sqlglot, which quotes whatever needs quoting; so a column called `group` or an
arm called `O'Neill` can't break, or break out of, a statement.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

DIALECT = DuckDB()
DAY = timedelta(days=1)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def name(text: str) -> exp.Identifier:
    """Return a name, quoted where it isn't a plain one (reserved words are quoted by the printer)."""
    return exp.to_identifier(text, quoted=not _PLAIN.fullmatch(text))


def column(text: str, table: str = "") -> exp.Column:
    """Return a column, of a table where one is given.

    Example:
        >>> column("Gross Spend", "orders").sql("duckdb")
        'orders."Gross Spend"'
    """
    return exp.Column(this=name(text), table=name(table) if table else None)


def alias(expression: exp.Expr, text: str) -> exp.Expr:
    """Return the expression under a name; a column that has the name already stays as it is."""
    if isinstance(expression, exp.Column) and expression.name == text:
        return expression
    return exp.Alias(this=expression, alias=name(text))


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a function of the engine, as it is called there."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def text(value: str) -> exp.Expr:
    """Return a text."""
    return exp.Literal.string(value)


def number(value: float) -> exp.Expr:
    """Return a number, to its last digit."""
    return exp.Literal.number(repr(value)) if value >= 0 else exp.Neg(this=exp.Literal.number(repr(-value)))


def cast(expression: exp.Expr, kind: str) -> exp.Expr:
    """Return the expression as another type."""
    return exp.Cast(this=expression, to=exp.DataType.build(kind, dialect=DIALECT))


def truth(condition: exp.Expr) -> exp.Expr:
    """Return 1 where the condition holds, 0 where it doesn't, null where nobody knows.

    A cast would do, but DuckDB pushes casts into its reader of text files, which then tries to read
    `FALSE` as a number.
    """
    ifs = [
        exp.If(this=condition.copy(), true=exp.Literal.number(1)),
        exp.If(this=exp.Not(this=exp.paren(condition.copy(), copy=False)), true=exp.Literal.number(0)),
    ]
    return exp.Case(ifs=ifs)


def timestamp(moment: datetime) -> exp.Expr:
    """Return an instant as a zoneless timestamp in UTC: the one form in which times are compared.

    Example:
        >>> timestamp(datetime(2015, 6, 1, tzinfo=UTC)).sql("duckdb")
        "CAST('2015-06-01 00:00:00' AS TIMESTAMP)"
    """
    return cast(text(str(moment.astimezone(UTC).replace(tzinfo=None))), "TIMESTAMP")


def interval(length: timedelta) -> exp.Expr:
    """Return a length of time: whole days as days, anything else in seconds or, if it must be, microseconds.

    Example:
        >>> interval(timedelta(days=7)).sql("duckdb"), interval(timedelta(hours=1)).sql("duckdb")
        ("INTERVAL '7' DAY", "INTERVAL '3600' SECOND")
    """
    days, rest = divmod(length, DAY)
    if not rest:
        return exp.Interval(this=text(str(days)), unit=exp.var("DAY"))
    seconds, rest = divmod(length, timedelta(seconds=1))
    if not rest:
        return exp.Interval(this=text(str(seconds)), unit=exp.var("SECOND"))
    return exp.Interval(this=text(str(length // timedelta(microseconds=1))), unit=exp.var("MICROSECOND"))


def later(moment: exp.Expr, length: timedelta) -> exp.Expr:
    """Return an instant so much later (or earlier, for a negative length)."""
    if not length:
        return moment
    if length < timedelta():
        return exp.Sub(this=moment, expression=interval(-length))
    return exp.Add(this=moment, expression=interval(length))


def both(*conditions: exp.Expr | None) -> exp.Expr | None:
    """Return the conjunction of the conditions that are there, or nothing."""
    given = [condition.copy() for condition in conditions if condition is not None]
    return exp.and_(*given) if given else None


def filtered(aggregate: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    """Return an aggregate over the rows that meet a condition."""
    if condition is None:
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition.copy()))


def when(condition: exp.Expr | None, value: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    """Return the value where the condition holds; else the other value, or null."""
    if condition is None:
        return value
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value)], default=otherwise)


def or_zero(value: exp.Expr) -> exp.Expr:
    """Return the value, or 0 where it is null."""
    return exp.Coalesce(this=value, expressions=[number(0)])


def count_rows() -> exp.Expr:
    """Return the number of rows."""
    return exp.Count(this=exp.Star())


def struct(fields: Mapping[str, exp.Expr]) -> exp.Expr:
    """Return a record of named values."""
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(key), expression=value) for key, value in fields.items()]
    )


def array(values: Iterable[exp.Expr]) -> exp.Expr:
    """Return a list of values."""
    return exp.Array(expressions=list(values))


def select(*projections: exp.Expr) -> exp.Select:
    """Return the beginning of a SELECT."""
    return exp.Select(expressions=list(projections))


def table(text_name: str, known_as: str = "") -> exp.Expr:
    """Return a table of this statement, by name."""
    return exp.Table(this=name(text_name), alias=exp.TableAlias(this=name(known_as)) if known_as else None)


def statement(parts: Sequence[tuple[str, exp.Query, str]], last: exp.Query) -> exp.Query:
    """Return a SELECT that stands on named parts, each with the sentence that introduces it."""
    ctes: list[exp.Expr] = []
    for title, query, comment in parts:
        cte = exp.CTE(this=query, alias=exp.TableAlias(this=name(title)))
        cte.this.comments = [f" {comment} "] if comment else None
        ctes.append(cte)
    last.set("with_", exp.With(expressions=ctes))
    return last
