"""Aggregates by order where an engine has MIN_BY and MAX_BY: rows whose value or order is null play no part."""

from collections.abc import Mapping

from sqlglot import exp

from twyman.warehouse.dialects.dialect import Word
from twyman.warehouse.dialects.tree import called, case, double, given, number, renamed


def _where_given(value: exp.Expr, order: exp.Expr) -> exp.Expr:
    return order if value == order else case((given(value), order))


def _arg_min(value: exp.Expr, order: exp.Expr) -> exp.Expr:
    return called("min_by", value, _where_given(value, order))


def _arg_max(value: exp.Expr, order: exp.Expr) -> exp.Expr:
    return called("max_by", value, _where_given(value, order))


def _any_value(value: exp.Expr) -> exp.Expr:
    return called("max_by", value, case((given(value), number(1))))


BY_VALUE: Mapping[str, Word] = {
    "arg_min": _arg_min,
    "arg_max": _arg_max,
    "any_value": _any_value,
    "favg": renamed("avg"),
}
"""Words of every engine that has the two."""


def divided(node: exp.Expr) -> exp.Expr:
    """Divide doubles, whatever is divided: engines cut whole numbers and decimals off in ways of their own."""
    below = node.expression
    written = isinstance(below, exp.Literal)
    return exp.Div(this=double(node.this), expression=below if written else double(below), typed=True)


def pairs_of(node: exp.Expr) -> list[tuple[str, exp.Expr]]:
    """Return the names and values of a record."""
    return [(str(field.name), field.expression) for field in node.expressions]


def columns_of(part: exp.Query) -> list[str]:
    """Return the names of a part's columns, without its own."""
    return [str(one.alias_or_name) for one in part.selects if one.alias_or_name != "part"]
