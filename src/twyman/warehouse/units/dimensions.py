"""Dimensions and strata with many values: the largest stand one by one, the rest as one."""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from twyman.app.ports import OTHER_STRATA, SEVERAL_STRATA
from twyman.warehouse.language.syntax import alias, call, cast, column, count_rows, select, table, text, when
from twyman.warehouse.model import STRATA

MOST_VALUES = 50
"""Values of a dimension that are shown one by one; the rest are one."""
OTHER = "(other)"
CROSS = " × "
"""Between the attributes of a combination, and between their values."""
MOST_STRATA = 1_000
"""Strata that are compared one by one; the rest are one."""


def stratum(values: Sequence[exp.Expr]) -> exp.Expr:
    """Return attributes as one text, a JSON list: no two combinations share it, and null is a value like any other."""
    return cast(call("json_array", *values), "TEXT")


def combination(values: Sequence[exp.Expr]) -> exp.Expr:
    """Return attributes as one text, for people: `NZ × free`."""
    joined = values[0]
    for value in values[1:]:
        joined = exp.DPipe(this=exp.DPipe(this=joined, expression=text(CROSS)), expression=value)
    return joined


def together_part(units: str) -> tuple[str, exp.Query, str]:
    """Return the part that gives each unit the stratum of its cluster: a cluster over several is in one of its own."""
    ends = [exp.Window(this=call(end, column(STRATA)), partition_by=[column("cluster")]) for end in ("min", "max")]
    differ = exp.NEQ(this=ends[0], expression=ends[1])
    replaced = alias(when(differ, text(SEVERAL_STRATA), column(STRATA)), STRATA)
    query = select(exp.Star(replace=[replaced])).from_(table(units))
    return ("units_drawn", query, "A cluster whose units are of several strata is in one of its own.")


def lumped_parts(units: str, dimensions: Iterable[str]) -> list[tuple[str, exp.Query, str]]:
    """Return the parts that keep the largest values of each column, and make one of all others."""
    parts: list[tuple[str, exp.Query, str]] = []
    replaced: list[exp.Expr] = []
    for held in dimensions:
        most, other = (MOST_STRATA, OTHER_STRATA) if held == STRATA else (MOST_VALUES, OTHER)
        largest = select(column(held)).from_(table(units)).group_by(column(held))
        order = [exp.Ordered(this=count_rows(), desc=True), call("by_bytes", column(held))]
        largest = largest.order_by(*order).limit(most)
        parts.append((f"largest {held}", largest, f"The {most} values with most units."))
        among = exp.In(this=column(held), query=exp.Subquery(this=select(column(held)).from_(table(f"largest {held}"))))
        replaced.append(alias(when(among, column(held), text(other)), held))
    if not parts:
        return []
    everything = exp.Star(**{"replace": replaced})
    return [*parts, ("lumped_units", select(everything).from_(table(units)), "All other values are one.")]
