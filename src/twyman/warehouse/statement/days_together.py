"""On which days units have facts of several sources at once: rows that one arm loses show where a source lacks.

It stands on what an audit counts by unit and day anyway: no source is read again.
"""

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement

import numpy as np
from sqlglot import exp

from twyman.app.audited import Together
from twyman.kernel.time import DAY
from twyman.stats.moments import Moments
from twyman.warehouse.engine import Row
from twyman.warehouse.language.syntax import (
    alias,
    array,
    call,
    cast,
    column,
    count_rows,
    number,
    or_zero,
    select,
    table,
    text,
)
from twyman.warehouse.model import PART, Part

DAYS = 14 * DAY
"""How long after exposure days are looked at."""
SOURCES = 4
"""How many sources are compared, at most: the first that the experiment's metrics read."""
TOGETHER, ON_DAYS, BY_UNIT = "together", "days_with_facts", "days_together"


def together(counted: Sequence[str]) -> list[Part]:
    """Return the parts from what is counted by unit and day, one a source, to one row a unit."""
    below: exp.Query = _days(counted[0], 0, len(counted))
    for place, name in enumerate(counted[1:], 1):
        below = exp.Union(this=below, expression=_days(name, place, len(counted)), distinct=False)
    return [
        (ON_DAYS, below, "Days on which a unit has facts, by source."),
        (f"{ON_DAYS}_each", _each(len(counted)), "One row a unit and day."),
        (BY_UNIT, _by_unit(len(counted)), "On how many days a unit has facts of a source, and of two at once."),
    ]


def answer_of(sources: Sequence[str]) -> exp.Select:
    """Return one row an arm: moments over its units, and the names of the sources."""
    columns = [column(title) for title in _titles(len(sources))]
    told = {
        "arm": column("arm"),
        "sources": array(text(name) for name in sources),
        "units": count_rows(),
        "means": array(call("favg", one.copy()) for one in columns),
        "covariances": array(
            call("var_pop", one.copy()) if one == other else call("covar_pop", one.copy(), other.copy())
            for one, other in combinations_with_replacement(columns, 2)
        ),
    }
    held = [alias(value, title) for title, value in told.items()]
    return select(alias(text(TOGETHER), PART), *held).from_(table(BY_UNIT)).group_by(column("arm"))


def together_of(arms: Sequence[str], rows: Sequence[Row]) -> Together | None:
    """Read the answer; `None` where no two sources were compared, or no unit has facts of any.

    Args:
        arms: Names of the arms, in order.
        rows: The answer of the whole audit.
    """
    found = [row for row in rows if row[PART] == TOGETHER]
    if not found:
        return None
    days = {arms[int(row["arm"])]: moments_of(row) for row in found}
    return Together(sources=tuple(found[0]["sources"]), days=days)


def moments_of(row: Row) -> Moments:
    """Read moments from their means and the upper triangle of covariances, which divide by the count."""
    count, means = int(row["units"]), np.array(row["means"], dtype=np.float64)
    products = np.zeros((means.size, means.size))
    products[np.triu_indices(means.size)] = np.array(row["covariances"], dtype=np.float64) * count
    return Moments(count, means, products + products.T - np.diag(np.diagonal(products)))


def _titles(sources: int) -> list[str]:
    pairs = combinations(range(sources), 2)
    return [*(f"source_{place}" for place in range(sources)), *(f"both_{one}_{other}" for one, other in pairs)]


def _days(name: str, place: int, sources: int) -> exp.Select:
    flags = [alias(number(int(place == other)), f"source_{other}") for other in range(sources)]
    known = exp.Not(this=exp.Is(this=column("day"), expression=exp.null()))
    return select(column("unit"), column("arm"), column("day"), *flags).from_(table(name)).where(known)


def _each(sources: int) -> exp.Select:
    keys = [column("unit"), column("arm"), column("day")]
    flags = [alias(call("max", column(f"source_{place}")), f"source_{place}") for place in range(sources)]
    return select(*keys, *flags).from_(table(ON_DAYS)).group_by(*(key.copy() for key in keys))


def _by_unit(sources: int) -> exp.Select:
    flags = [column(f"source_{place}") for place in range(sources)]
    pairs: list[exp.Expr] = [exp.Mul(this=one.copy(), expression=other.copy()) for one, other in combinations(flags, 2)]
    sums = [
        alias(cast(or_zero(call("sum", value)), "DOUBLE"), title)
        for value, title in zip([*flags, *pairs], _titles(sources), strict=True)
    ]
    return select(column("unit"), column("arm"), *sums).from_(table(f"{ON_DAYS}_each")).group_by("unit", "arm")
