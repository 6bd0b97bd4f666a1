"""Pieces of trees that several dialects need: calls, literals, and an aggregate's condition put where it belongs."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from twyman.warehouse.dialects.dialect import Word

KIND = "kind"
"""Under which a column notes its type, in our words, where a definition's expression names it."""


def called(function: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a function by its name."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def literal(value: str) -> exp.Expr:
    """Return a text."""
    return exp.Literal.string(value)


def number(value: float) -> exp.Expr:
    """Return a number that isn't negative."""
    return exp.Literal.number(repr(value))


def renamed(function: str) -> Word:
    """Return a word that an engine spells otherwise, with the same arguments.

    Example:
        >>> renamed("avg")(exp.column("x")).sql()
        'AVG(x)'
    """
    return lambda *arguments: called(function, *arguments)


def given(value: exp.Expr) -> exp.Expr:
    """Return the condition that a value isn't null."""
    return exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))


def double(value: exp.Expr) -> exp.Expr:
    """Return a value as a double."""
    return exp.Cast(this=value, to=exp.DataType.build("DOUBLE"))


def case(*pairs: tuple[exp.Expr, exp.Expr], otherwise: exp.Expr | None = None) -> exp.Expr:
    """Return the value of the first condition that holds."""
    ifs = [exp.If(this=condition, true=value) for condition, value in pairs]
    return exp.Case(ifs=ifs, default=otherwise)


def in_brackets(value: exp.Expr) -> exp.Expr:
    """Return a value that may stand beside any operator."""
    return exp.Paren(this=value)


def pushed_filter(node: exp.Expr) -> exp.Expr:
    """Return an aggregate's FILTER inside what a word has become, and together with the word's own.

    Example:
        >>> import sqlglot
        >>> node = exp.Filter(
        ...     this=sqlglot.parse_one("(min(a) filter (where b))[1]", dialect="postgres"),
        ...     expression=exp.Where(this=exp.column("c")),
        ... )
        >>> pushed_filter(node).sql("postgres")
        '(MIN(a) FILTER(WHERE b AND c))[1]'
    """
    held = node.this.find(exp.Filter)
    if held is None:
        return node
    where = held.expression
    where.set("this", exp.and_(where.this, node.expression.this))
    return node.this


def rows_as_json(part: exp.Query, row: exp.Expr) -> exp.Query:
    """Return a part of the answer as its name beside each of its rows; the rows are known as `answer`.

    Args:
        part: A SELECT.
        row: A row of it as one value.
    """
    columns: Sequence[exp.Expr] = [exp.column("part", table="answer"), exp.alias_(row, "answer")]
    return exp.Select(expressions=list(columns)).from_(
        exp.Subquery(this=part, alias=exp.TableAlias(this=exp.to_identifier("answer")))
    )


def parts_of(path: exp.Expr) -> list[str] | None:
    """Return the keys and places that a JSON path goes through; `None` if it isn't as plain as that.

    Example:
        >>> import sqlglot
        >>> parts_of(sqlglot.parse_one("json_extract(j, '$.a[0].b')", dialect="duckdb").expression)
        ['a', '0', 'b']
    """
    if not isinstance(path, exp.JSONPath):
        return None
    steps = [step for step in path.expressions if not isinstance(step, exp.JSONPathRoot)]
    if not all(isinstance(step, exp.JSONPathKey | exp.JSONPathSubscript) for step in steps):
        return None
    return [str(step.this) for step in steps]


def binary(kind: type[exp.Binary]) -> Callable[[exp.Expr, exp.Expr], exp.Expr]:
    """Return a word that is an operator between its two arguments."""
    return lambda left, right: in_brackets(kind(this=left, expression=right))
