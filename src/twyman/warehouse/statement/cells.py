"""From one row a unit to moments by arm and day, and by arm and dimension.

Squares and products come from the engine's own running covariance, which centres as it goes: a mean
of 1e12 with a spread of 1 keeps its spread.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement

from sqlglot import exp

from twyman.warehouse.language.syntax import (
    alias,
    array,
    call,
    cast,
    column,
    count_rows,
    number,
    select,
    struct,
    table,
    text,
    when,
)
from twyman.warehouse.model import (
    CAPS,
    CELLS,
    EVENT,
    KNOWN,
    MATURED,
    MEMBERS,
    PART,
    MetricColumns,
)


def unit_columns(metrics: Iterable[MetricColumns]) -> list[exp.Expr]:
    """Return the projections that a table of units holds for the metrics."""
    projections: list[exp.Expr] = []
    for made in metrics:
        for one in made.columns:
            limit = made.cap.limit if made.cap and one.capped else None
            value = capped(one.value, number(limit)) if limit is not None else one.value
            projections.append(alias(value, made.held(one)))
        if made.matured is not None:
            projections.append(alias(made.matured.copy(), f"{made.metric.name} {MATURED}"))
        if made.known is not None:
            projections.append(alias(made.known.copy(), f"{made.metric.name} {KNOWN}"))
        if made.event is not None:
            projections.append(alias(made.event.copy(), f"{made.metric.name} {EVENT}"))
    return projections


def capped(value: exp.Expr, limit: exp.Expr) -> exp.Expr:
    """Return the value, or the limit where it is higher (`least` would turn null into the limit).

    What is no finite number stays as it is, to be refused: a cap is no remedy for it.
    """
    higher = exp.GT(this=value.copy(), expression=limit)
    finite = exp.LT(this=value.copy(), expression=cast(text("infinity"), "DOUBLE"))
    return when(exp.and_(higher, finite), limit.copy(), value.copy())


def percentile_capped(metrics: Iterable[MetricColumns]) -> list[tuple[str, float]]:
    """Return the columns to be capped at a percentile, and which."""
    return [
        (made.held(one), made.cap.percentile)
        for made in metrics
        if made.cap is not None and made.cap.percentile is not None
        for one in made.columns
        if one.capped
    ]


def cap_parts(metrics: Sequence[MetricColumns], units: str) -> list[tuple[str, exp.Query, str]]:
    """Return the parts that find percentile caps over all arms, and apply them."""
    wanted = percentile_capped(metrics)
    if not wanted:
        return []
    limits = [
        alias(call("quantile_cont", column(held, units), number(round(percentile / 100, 12))), held)
        for held, percentile in wanted
    ]
    replaced = [alias(capped(column(held, units), column(held, CAPS)), held) for held, _ in wanted]
    everything = exp.Column(this=exp.Star(**{"replace": replaced}), table=exp.to_identifier(units))
    return [
        (
            CAPS,
            select(*limits).from_(table(units)),
            "One threshold for all arms: a percentile over all units measured.",
        ),
        (
            "capped_units",
            select(everything).from_(table(units)).join(table(CAPS), join_type="cross"),
            "Units, with values beyond the threshold brought down to it.",
        ),
    ]


def caps_part(metrics: Sequence[MetricColumns]) -> exp.Query | None:
    """Return the part of the answer that says which thresholds were used."""
    wanted = percentile_capped(metrics)
    if not wanted:
        return None
    thresholds = struct({held: column(held, CAPS) for held, _ in wanted})
    return select(alias(text(CAPS), PART), alias(thresholds, "thresholds")).from_(table(CAPS))


def cells(
    metrics: Sequence[MetricColumns], *, units: str, groups: Sequence[Sequence[str]], clustered: bool = False
) -> exp.Select:
    """Return the moments of every metric, by each group of columns in turn.

    Args:
        metrics: What each metric holds in the table of units.
        units: The table of units.
        groups: Sets of columns to group by: the arm and the day of exposure; the arm and a dimension.
        clustered: Whether a row is a cluster, which holds how many units it stands for.
    """
    moments = struct({made.metric.name: _moments(made, units, clustered=clustered) for made in metrics})
    columns = list(dict.fromkeys(name for group in groups for name in group))
    query = select(*(column(name) for name in columns), alias(count_rows(), "units"), alias(moments, "moments")).from_(
        table(units)
    )
    if clustered:
        query = query.select(alias(call("sum", column(MEMBERS)), MEMBERS))
    if len(groups) == 1:
        return query.group_by(*(column(name) for name in columns))
    sets = [exp.Tuple(expressions=[column(name) for name in group]) for group in groups]
    query.set("group", exp.Group(expressions=[exp.GroupingSets(expressions=sets)]))
    return query


def cells_part() -> exp.Query:
    """Return the part of the answer that holds the cells."""
    return select(alias(text(CELLS), PART), exp.Star()).from_(table(CELLS))


def _moments(made: MetricColumns, units: str, *, clustered: bool) -> exp.Expr:
    held = [column(made.held(one), units) for one in made.columns]
    fields: dict[str, exp.Expr] = {}
    counted = "sum" if clustered else "count_if"
    if made.matured is not None:
        fields[MATURED] = call(counted, column(f"{made.metric.name} {MATURED}", units))
    if made.known is not None:
        fields[KNOWN] = call(counted, column(f"{made.metric.name} {KNOWN}", units))
    if clustered:
        fields[MEMBERS] = call("sum", column(f"{made.metric.name} {MEMBERS}", units))
    fields["count"] = exp.Count(this=held[0].copy())
    fields["means"] = array(call("favg", one.copy()) for one in held)
    fields["covariances"] = array(_covariance(one, other) for one, other in combinations_with_replacement(held, 2))
    if not made.metric.is_binary:
        fields["extremes"] = array(_extremes(held[: made.own], units))
    return struct(fields)


def _covariance(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    if one == other:
        return call("var_pop", one.copy())
    return call("covar_pop", one.copy(), other.copy())


def _extremes(own: Sequence[exp.Expr], units: str) -> list[exp.Expr]:
    found = [_extreme("arg_max", chosen, own, column("unit", units)) for chosen in own]
    return [*found, _extreme("arg_min", own[0], own, column("unit", units))]


def _extreme(function: str, chosen: exp.Expr, own: Sequence[exp.Expr], unit: exp.Expr) -> exp.Expr:
    values = array(call(function, one.copy(), chosen.copy()) for one in own)
    return struct({"unit": cast(call(function, unit.copy(), chosen.copy()), "TEXT"), "values": values})
