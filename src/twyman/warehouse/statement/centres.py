"""Columns far from zero for their spread: their moments are asked for once more, about a number in their midst.

An engine's running variance rounds its mean at every row. Where the mean is a million times the spread (a balance, a
time in seconds since 1970), that costs it six digits of the spread, and each engine other ones. What is left of a
column after a round number was taken from it has no such mean; the number is added again to the mean of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor, isfinite, log2, sqrt

from sqlglot import exp

from twyman.warehouse.engine import Row
from twyman.warehouse.language.syntax import cast, text
from twyman.warehouse.model import CELLS, PART, MetricColumns, Statement

FAR = 1_000.0
"""Spreads that a mean may be from zero: at more, a variance is off by more than a part in a million million."""

_SPREAD = ("favg", "var_pop", "covar_pop")


def far_columns(statement: Statement, rows: Sequence[Row]) -> dict[str, tuple[float, ...]]:
    """Return by metric what is to be taken from each of its columns; metrics without a far one are left out.

    Args:
        statement: What was asked.
        rows: What came back, all of it finite.
    """
    cells = [row["moments"] for row in rows if row[PART] == CELLS]
    found: dict[str, tuple[float, ...]] = {}
    for made in statement.metrics:
        own = [cell[made.metric.name] for cell in cells if cell[made.metric.name]["count"]]
        if own and any(centres := _centres(made, own)):
            found[made.metric.name] = centres
    return found


def _centres(made: MetricColumns, cells: Sequence[Row]) -> tuple[float, ...]:
    columns, count = len(made.columns), sum(cell["count"] for cell in cells)
    diagonal = [place * columns - place * (place - 1) // 2 for place in range(columns)]
    found: list[float] = []
    for place, squares in enumerate(diagonal):
        mean = sum(cell["count"] * (cell["means"][place] / count) for cell in cells)
        within = sum(cell["count"] * (cell["covariances"][squares] / count) for cell in cells)
        apart = [(cell["count"] / count, cell["means"][place] - mean) for cell in cells]
        between = sum(share * off * off for share, off in apart)
        found.append(_centre(mean, sqrt(max(0.0, within + between))))
    return tuple(found)


def _centre(mean: float, spread: float) -> float:
    """Return a number within a spread of the mean, of as few digits as that takes; 0 where the mean isn't far.

    Example:
        >>> _centre(1_000_000.3, 0.6), _centre(3.5, 0.6)
        (1000000.5, 0.0)
    """
    if not spread or not isfinite(spread) or abs(mean) <= FAR * spread:
        return 0.0
    step = 2.0 ** floor(log2(spread))
    return round(mean / step) * step


def centred(statement: Statement, centres: Mapping[str, tuple[float, ...]]) -> Statement:
    """Return a statement whose moments are of what is left of some columns, and which says so."""
    query = statement.query.copy()
    taken = {
        made.held(column): centre
        for made in statement.metrics
        for column, centre in zip(made.columns, centres.get(made.metric.name, ()), strict=False)
        if centre
    }
    for part in query.find_all(exp.CTE):
        if part.alias == CELLS:
            _take(part.this, taken)
    return replace(statement, query=query, centres=dict(centres))


def _take(query: exp.Expr, taken: Mapping[str, float]) -> None:
    for aggregate in [one for one in query.find_all(exp.Anonymous) if one.name.lower() in _SPREAD]:
        for column in [one for one in aggregate.find_all(exp.Column) if one.name in taken]:
            centre = cast(text(repr(taken[column.name])), "DOUBLE")
            column.replace(exp.Paren(this=exp.Sub(this=column.copy(), expression=centre)))
