"""Quantiles in the warehouse: exact ranks, and nothing leaves but a few values an arm.

Values are counted once each (`tally`) and the counts summed in order, so that the value at any rank is the smallest
one up to which there are so many. A first pass finds the quantile; where a unit or a cluster has several values, those
of each at or below it are counted, which says how far the share below can be off by chance; a second pass fetches the
ends that `twyman.stats.quantile.lookup` asks for. The ranks are computed here and there by the same rule, and the
neighbours on both sides are fetched with them, so that a last digit can't make one missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from twyman.metrics.metric import Quantile
from twyman.stats.quantile.sample import FUZZ
from twyman.stats.tails import critical_value
from twyman.warehouse.language.syntax import (
    alias,
    array,
    call,
    cast,
    column,
    count_rows,
    filtered,
    number,
    select,
    struct,
    table,
    text,
    when,
)
from twyman.warehouse.model import PART, RANKS, STRATA, MetricColumns, Part
from twyman.warehouse.units.exposures import FIRST

REACH = critical_value(0.05 / 2)
"""How many standard errors of the share below lie between the quantile and its ends: `lookup`'s own default."""

AROUND = (-1, 0, 1, 2)
"""Which neighbours of a rank are fetched: the one above it for interpolation, one more on each side for rounding."""


def ranked(metrics: Iterable[MetricColumns], *, units: str, dimensions: Iterable[str], drawn: str = "unit") -> "Ranks":
    """Return the parts of a statement, and of its answer, that its quantiles want.

    Args:
        metrics: All metrics; those that aren't quantiles want nothing.
        units: The table with one row a unit.
        dimensions: Its columns to break results down by; strata are none, since quantiles don't add up over them.
        drawn: Its column that says what was drawn: the unit itself, or the cluster that it is of.
    """
    ranks = Ranks(units, [name for name in dimensions if name != STRATA], drawn)
    for made in metrics:
        ranks.add(made)
    return ranks


@dataclass(slots=True)
class Ranks:
    """The parts of a statement that rank the values of its quantiles.

    Attributes:
        units: The table with one row a unit.
        dimensions: Its columns to break results down by.
        drawn: Its column that says what was drawn, and hangs together.
    """

    units: str
    dimensions: Sequence[str]
    drawn: str
    parts: list[Part] = field(default_factory=list[Part])
    answers: list[exp.Query] = field(default_factory=list[exp.Query])
    _ranked: dict[exp.Query, str] = field(default_factory=dict[exp.Query, str])

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell groups of values apart: the arm; and a dimension and its value, both empty for all."""
        return ("arm", "dimension", "segment") if self.dimensions else ("arm",)

    def add(self, made: MetricColumns) -> None:
        """Add the parts of one quantile."""
        if not isinstance(made.metric.kind, Quantile):
            return
        values = self._values(made)
        title = self._ranked.get(values)
        if title is None:
            title = self._ranked.setdefault(values, made.metric.name)
            self._rank(title, values)
        one = _One(made.metric.name, title, made.metric.kind.share, self)
        clustered = made.observed is not None or self.drawn != "unit"
        self.parts.append((one.name("middle"), one.middle(), "The value at the quantile, by group."))
        if clustered:
            comment = f"The values of each {self.drawn}, and those up to the quantile."
            self.parts.append((one.name(f"by {self.drawn}"), one.by_cluster(), comment))
            self.parts.append(
                (one.name("clusters"), one.clusters(), f"How both vary from {self.drawn} to {self.drawn}.")
            )
        error = one.clustered_error() if clustered else one.plain_error()
        comment = "Where the quantile and the ends of its interval lie."
        self.parts.append((one.name("ends"), one.ends(error, clustered=clustered), comment))
        self.answers.append(one.answer(clustered=clustered))

    def _values(self, made: MetricColumns) -> exp.Query:
        """Return one row a value: whose it is, in which arm, and of which dimensions."""
        named = [column(name, self.units) for name in self.dimensions]
        if made.observed is not None:
            query = made.observed.select(alias(column(self.drawn, FIRST), "drawn"), *named)
            if not named:
                return query
            same = exp.EQ(this=column("unit", FIRST), expression=column("unit", self.units))
            return query.join(table(self.units), on=same)
        held = column(made.held(made.columns[0]))
        drawn = alias(column(self.drawn, self.units), "drawn")
        query = select(column("arm", self.units), alias(held, "value"), drawn, *named)
        return query.from_(table(self.units)).where(_given(held.copy()))

    def _rank(self, title: str, values: exp.Query) -> None:
        self.parts += [
            (f"{title} values", values, "One row a value."),
            (f"{title} tally", self._tally(f"{title} values"), "How often each value occurs, by group."),
            (f"{title} ranks", self._ranks(f"{title} tally"), "Up to each value, how many there are."),
        ]

    def _tally(self, values: str) -> exp.Query:
        own = [column("arm"), column("value"), alias(count_rows(), "tally")]
        if not self.dimensions:
            return select(*own).from_(table(values)).group_by(column("arm"), column("value"))
        by_name = exp.Case(
            ifs=[exp.If(this=_given(column(name)), true=text(name)) for name in self.dimensions], default=text("")
        )
        segment = exp.Coalesce(
            this=column(self.dimensions[0]), expressions=[*map(column, self.dimensions[1:]), text("")]
        )
        query = select(*own, alias(by_name, "dimension"), alias(segment, "segment")).from_(table(values))
        sets = [("arm", "value"), *(("arm", name, "value") for name in self.dimensions)]
        grouped = [exp.Tuple(expressions=[column(name) for name in names]) for names in sets]
        query.set("group", exp.Group(expressions=[exp.GroupingSets(expressions=grouped)]))
        return query

    def _ranks(self, tally: str) -> exp.Query:
        upto = exp.Window(
            this=call("sum", column("tally")),
            partition_by=[column(key) for key in self.keys],
            order=exp.Order(expressions=[column("value")]),
        )
        every = exp.Window(this=call("sum", column("tally")), partition_by=[column(key) for key in self.keys])
        counts = [alias(cast(upto, "BIGINT"), "upto"), alias(cast(every, "BIGINT"), "count")]
        return select(*map(column, self.keys), column("value"), *counts).from_(table(tally))


@dataclass(frozen=True, slots=True)
class _One:
    """One quantile of values that are ranked."""

    metric: str
    ranked: str
    share: float
    among: Ranks

    def name(self, what: str) -> str:
        return f"{self.metric} {what}"

    def middle(self) -> exp.Query:
        """Find the value at the rank at or just below the quantile: no value lies between it and the quantile."""
        at = filtered(call("min", column("value")), _reaches(_below(_place(number(self.share), column("count")))))
        keys = [column(key) for key in self.among.keys]
        query = select(*keys, alias(call("max", column("count")), "count"), alias(at, "middle"))
        return query.from_(table(f"{self.ranked} ranks")).group_by(*(key.copy() for key in keys))

    def by_cluster(self) -> exp.Query:
        """Count the values of what was drawn, and those up to the quantile of its arm and of its dimensions."""
        values = f"{self.ranked} values"
        keys = [column(name, values) for name in ("drawn", "arm", *self.among.dimensions)]
        query = select(*keys, alias(count_rows(), "number")).from_(table(values))
        for dimension in ("", *self.among.dimensions):
            known = f"middle {dimension}".strip()
            under = exp.LTE(this=column("value", values), expression=column("middle", known))
            query = query.select(alias(call("count_if", under), f"below {dimension}".strip()))
            same = [exp.EQ(this=column("arm", known), expression=column("arm", values))]
            if self.among.dimensions:
                same.append(exp.EQ(this=column("dimension", known), expression=text(dimension)))
            if dimension:
                same.append(exp.EQ(this=column("segment", known), expression=column(dimension, values)))
            query = query.join(table(self.name("middle"), known), on=exp.and_(*same))
        return query.group_by(*(key.copy() for key in keys))

    def clusters(self) -> exp.Query:
        """Return moments over what was drawn: how many values lie up to the quantile, and how many there are."""
        queries: list[exp.Query] = []
        for dimension in ("", *self.among.dimensions):
            keys: list[exp.Expr] = [column("arm")]
            named = [
                alias(text(dimension), "dimension"),
                alias(column(dimension) if dimension else text(""), "segment"),
            ]
            below = f"below {dimension}".strip()
            moments = _pair_moments(column(below), column("number"))
            query = select(*keys, *(named if self.among.dimensions else ()), *moments)
            keys += [column(dimension)] if dimension else []
            queries.append(query.from_(self._drawn(keys, below)).group_by(*(key.copy() for key in keys)))
        stacked = queries[0]
        for query in queries[1:]:
            stacked = exp.Union(this=stacked, expression=query, distinct=False)
        return stacked

    def _drawn(self, keys: Sequence[exp.Expr], below: str) -> exp.Expr:
        """Return one row for each that was drawn: the units of a cluster may differ in their dimensions."""
        rows = table(self.name(f"by {self.among.drawn}"))
        if self.among.drawn == "unit" or not self.among.dimensions:
            return rows
        sums = [alias(call("sum", column(name)), name) for name in (below, "number")]
        query = select(*(key.copy() for key in keys), *sums).from_(rows)
        query = query.group_by(column("drawn"), *(key.copy() for key in keys))
        return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("together")))

    def plain_error(self) -> exp.Expr:
        """Return the standard error of the share below, of values that don't come in clusters."""
        variance = cast(number(self.share * (1 - self.share)), "DOUBLE")
        return call("sqrt", exp.Div(this=variance, expression=column("count")))

    def clustered_error(self) -> exp.Expr:
        """Return the standard error of the share below, by the delta method: facts of one unit hang together."""
        share = exp.Paren(this=exp.Div(this=column("below_mean"), expression=column("number_mean")))
        twice = exp.Mul(this=exp.Mul(this=number(2), expression=share), expression=column("covariance"))
        square = exp.Mul(this=exp.Mul(this=share.copy(), expression=share.copy()), expression=column("number_variance"))
        spread = exp.Add(this=exp.Sub(this=column("below_variance"), expression=twice), expression=square)
        others = exp.Sub(this=column("units"), expression=number(1))
        known = when(exp.GT(this=column("units"), expression=number(1)), others)
        mean = exp.Mul(this=column("number_mean"), expression=column("number_mean"))
        scale = exp.Paren(this=exp.Mul(this=known, expression=mean))
        variance = exp.Div(this=exp.Paren(this=spread), expression=scale)
        return call("sqrt", call("greatest", variance, cast(number(0), "DOUBLE")))

    def ends(self, error: exp.Expr, *, clustered: bool) -> exp.Query:
        """Say at which ranks the quantile and the ends of its interval lie."""
        middle, moments = self.name("middle"), self.name("clusters")
        kept = [column(key, middle) for key in self.among.keys]
        reach = exp.Mul(this=cast(number(REACH), "DOUBLE"), expression=error)
        query = select(*kept, column("count"), alias(reach, "reach"), *(map(column, MOMENTS) if clustered else ()))
        query = query.from_(table(middle))
        if clustered:
            same = [exp.EQ(this=column(key, middle), expression=column(key, moments)) for key in self.among.keys]
            query = query.join(table(moments), on=exp.and_(*same))
        inner = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("reached")))
        q = number(self.share)
        places = {
            "at_lower": exp.Paren(this=exp.Sub(this=q, expression=column("reach"))),
            "at_middle": q.copy(),
            "at_upper": exp.Paren(this=exp.Add(this=q.copy(), expression=column("reach"))),
        }
        ranks = [alias(cast(_below(_place(at, column("count"))), "BIGINT"), name) for name, at in places.items()]
        kept = [column(name) for name in (*self.among.keys, "count", *(MOMENTS if clustered else ()))]
        return select(*kept, *ranks).from_(inner)

    def answer(self, *, clustered: bool) -> exp.Query:
        """Return the part of the answer that holds the values at and about those ranks."""
        ranks, ends = f"{self.ranked} ranks", self.name("ends")
        places = ("at_lower", "at_middle", "at_upper")
        fetched = [
            filtered(call("min", column("value")), _reaches(_beside(column(place), around)))
            for place in places
            for around in AROUND
        ]
        fields: dict[str, exp.Expr] = {
            "count": column("count", ends),
            "ranks": array(column(place) for place in places),
            "values": array(fetched),
            "lowest": call("min", column("value")),
            "highest": call("max", column("value")),
        }
        moments = MOMENTS if clustered else ()
        held = {name: column(name) if clustered else cast(exp.null(), "DOUBLE") for name in MOMENTS}
        fields |= {
            "units": held["units"] if clustered else cast(exp.null(), "BIGINT"),
            "means": array(held[name] for name in ("below_mean", "number_mean")),
            "covariances": array(held[name] for name in ("below_variance", "covariance", "number_variance")),
        }
        keys = [column(key, ends) for key in self.among.keys]
        query = select(
            alias(text(RANKS), PART), alias(text(self.metric), "metric"), *keys, alias(struct(fields), RANKS)
        )
        same = [exp.EQ(this=column(key, ranks), expression=column(key, ends)) for key in self.among.keys]
        query = query.from_(table(ranks)).join(table(ends), on=exp.and_(*same))
        grouped = [column(name, ends) for name in (*self.among.keys, "count", *places, *moments)]
        return query.group_by(*grouped)


MOMENTS = ("units", "below_mean", "number_mean", "below_variance", "covariance", "number_variance")


def _pair_moments(below: exp.Expr, every: exp.Expr) -> list[exp.Expr]:
    below, every = (cast(one, "DOUBLE") for one in (below, every))
    return [
        alias(count_rows(), "units"),
        alias(call("favg", below), "below_mean"),
        alias(call("favg", every), "number_mean"),
        alias(call("var_pop", below.copy()), "below_variance"),
        alias(call("covar_pop", below.copy(), every.copy()), "covariance"),
        alias(call("var_pop", every.copy()), "number_variance"),
    ]


def _given(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=value, expression=exp.null()))


def _reaches(rank: exp.Expr) -> exp.Expr:
    return exp.GTE(this=column("upto"), expression=rank)


def _place(share: exp.Expr, count: exp.Expr) -> exp.Expr:
    """Return where a quantile of so many values lies, in ranks: definition 7, linear from the first to the last."""
    others = exp.Paren(this=exp.Sub(this=count, expression=number(1)))
    return exp.Add(this=number(1), expression=exp.Mul(this=cast(share, "DOUBLE"), expression=others))


def _below(place: exp.Expr) -> exp.Expr:
    """Return the whole rank at or below a place; one that is whole but for rounding is whole."""
    slack = cast(number(1 + FUZZ), "DOUBLE")
    return call("floor", exp.Mul(this=exp.Paren(this=place), expression=slack))


def _beside(rank: exp.Expr, around: int) -> exp.Expr:
    if around < 0:
        return exp.Sub(this=rank, expression=number(-around))
    return exp.Add(this=rank, expression=number(around)) if around else rank
