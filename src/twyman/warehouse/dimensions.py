"""Dimensions with many values: the largest are shown one by one, the rest as one."""

from collections.abc import Sequence

from sqlglot import exp

from twyman.warehouse.syntax import alias, column, count_rows, select, table, text, when

MOST_VALUES = 50
"""Values of a dimension that are shown one by one; the rest are one."""
OTHER = "(other)"


def lumped_parts(units: str, dimensions: Sequence[str]) -> list[tuple[str, exp.Query, str]]:
    """Return the parts that keep the largest values of each dimension, and make one of all others."""
    parts: list[tuple[str, exp.Query, str]] = []
    replaced: list[exp.Expr] = []
    for held in dimensions:
        largest = select(column(held)).from_(table(units)).group_by(column(held))
        largest = largest.order_by(exp.Ordered(this=count_rows(), desc=True), column(held)).limit(MOST_VALUES)
        parts.append((f"largest {held}", largest, f"The {MOST_VALUES} values with most units."))
        among = exp.In(this=column(held), query=exp.Subquery(this=select(column(held)).from_(table(f"largest {held}"))))
        replaced.append(alias(when(among, column(held), text(OTHER)), held))
    if not parts:
        return []
    everything = exp.Star(**{"replace": replaced})
    return [*parts, ("lumped_units", select(everything).from_(table(units)), f"All other values are {OTHER}.")]
