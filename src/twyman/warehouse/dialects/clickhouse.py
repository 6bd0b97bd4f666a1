"""ClickHouse: parts as temporary tables, records as tuples of names and values, sums that neither wrap nor cancel.

Times are instants here, shown on the clock of UTC: a column without a zone of its own is a clock on the wall. What is
missing is null only because the session says so; `connectors.clickhouse_session` holds those settings.
"""

from collections.abc import Callable

from sqlglot import exp
from sqlglot.dialects.clickhouse import ClickHouse as Printer

from twyman.warehouse.dialects.clickhouse_casts import boolean, cast_to, double, tried, widened
from twyman.warehouse.dialects.clickhouse_functions import NODES, WORDS
from twyman.warehouse.dialects.dialect import Dialect, Word
from twyman.warehouse.dialects.tree import called, case, given, in_brackets, literal, number

_AGGREGATES = frozenset(
    [
        "sum",
        "min",
        "max",
        "avg",
        "any",
        "count",
        "countif",
        "argmin",
        "argmax",
        "sumkahan",
        "varpopstable",
        "varsampstable",
        "covarpopstable",
        "stddevpopstable",
        "stddevsampstable",
    ]
)


def _offset(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """Return the seconds that clocks of a zone are ahead of UTC, at a time of UTC."""
    return called("timezoneOffset", called("toTimeZone", moment.copy(), zone.copy()))


def _moved(moment: exp.Expr, by: exp.Expr, kind: type[exp.Binary]) -> exp.Expr:
    return in_brackets(kind(this=moment.copy(), expression=called("toIntervalSecond", by.copy())))


def _utc_of_wall(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    # By the offset of the day after, where it leads back to the same wall clock: so the second of two equal hours is
    # meant; else by that of the day before, also for an hour that the clocks leave out.
    day = called("toIntervalDay", number(1))
    before = _offset(exp.Sub(this=moment.copy(), expression=day), zone)
    after = _offset(exp.Add(this=moment.copy(), expression=day.copy()), zone)
    leads_back = exp.EQ(this=_offset(_moved(moment, after, exp.Sub), zone), expression=after.copy())
    return _moved(moment, called("if", leads_back, after, before), exp.Sub)


def _wall_of_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _moved(moment, _offset(moment, zone), exp.Add)


def _utc_of_instant(moment: exp.Expr) -> exp.Expr:
    return called("toDateTime64", moment, number(6), literal("UTC"))


def _where(aggregate: exp.Expr, *conditions: exp.Expr) -> exp.Expr:
    return exp.Filter(this=aggregate, expression=exp.Where(this=exp.and_(*conditions)))


def _by(function: str) -> Word:
    def of(value: exp.Expr, by: exp.Expr) -> exp.Expr:
        conditions = [given(value)] if value == by else [given(value), given(by)]
        return _where(called(function, boolean(value), by.copy()), *conditions)

    return of


def _edge(function: str) -> Word:
    def of(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
        order = called("tuple", moment, value.copy())
        return _where(called(function, value, order), given(value), given(moment))

    return of


def _last_known(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
    # Nulls are passed over, tuples that hold one aren't.
    held = called("tuple", called("toNullable", boolean(value)))
    known = called("toNullable", value.copy())
    order = called("tuple", moment, called("isNotNull", known), called("assumeNotNull", known.copy()))
    return called("tupleElement", _where(called("argMax", held, order), given(moment)), number(1))


def _of_truth(function: str) -> Word:
    def of(value: exp.Expr) -> exp.Expr:
        return called(function, boolean(value))

    return of


def _sum(value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Distinct):
        value.set("expressions", [widened(one) for one in value.expressions])
        return called("sum", value)
    return called("sum", widened(value))


def _measured(value: exp.Expr) -> exp.Expr:
    """Return a number as a double; whoever asks has looked at its type."""
    return called("toFloat64", value)


def _mean(value: exp.Expr) -> exp.Expr:
    return _average(_measured(value))


def _average(value: exp.Expr) -> exp.Expr:
    above = called("sumKahan", double(value))
    return in_brackets(exp.Div(this=above, expression=exp.Count(this=value.copy())))


def _spread(function: str, as_double: Callable[[exp.Expr], exp.Expr] = double) -> Word:
    return lambda *values: called(function, *(as_double(value) for value in values))


def _quantile(function: str, as_double: Callable[[exp.Expr], exp.Expr] = double) -> Word:
    def of(value: exp.Expr, share: exp.Expr) -> exp.Expr:
        return exp.ParameterizedAgg(this=function, expressions=[share], params=[as_double(value)])

    return of


def _json_array(*values: exp.Expr) -> exp.Expr:
    return called("toJSONString", exp.Array(expressions=[called("toString", boolean(value)) for value in values]))


def _text_of_double(value: exp.Expr) -> exp.Expr:
    """Return a double as a text that shows it is one: a whole one with its `.0`."""
    written = called("toString", value)
    whole = called("match", written, literal("^-?[0-9]+$"))
    return case((whole, called("concat", written.copy(), literal(".0"))), otherwise=written.copy())


def _struct(node: exp.Expr) -> exp.Expr:
    """Return a record as a tuple of each name and its value, for names alone can't be told apart within a statement."""
    named = [(one.this, one.expression) for one in node.expressions if isinstance(one, exp.PropertyEQ)]
    return called("tuple", *(part for key, value in named for part in (literal(str(key.name)), value)))


def _filtered(node: exp.Expr) -> exp.Expr:
    """Return an aggregate over some rows; what a word has made of it may hold several, and conditions of their own."""
    condition = node.expression.this
    found = [one for one in node.this.walk() if _is_aggregate(one)]
    if len(found) == 1 and found[0] is node.this:
        return node
    root = in_brackets(node.this)
    for aggregate in found:
        holder = aggregate.parent
        if isinstance(holder, exp.Filter):
            holder.expression.set("this", exp.and_(condition.copy(), holder.expression.this))
        else:
            aggregate.replace(_where(aggregate.copy(), condition.copy()))
    return root.this


def _is_aggregate(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _AGGREGATES
    return isinstance(node, exp.AggFunc)


def _selected(node: exp.Expr) -> exp.Expr:
    """Return a SELECT whose truths are truths, and not numbers, and whose columns are called as they were.

    A column that both sides of a join have would be called by its table's name, too.
    """
    node.set("expressions", [_projected(one) for one in node.expressions])
    return node


def _projected(one: exp.Expr) -> exp.Expr:
    if isinstance(one, exp.Alias):
        one.set("this", boolean(one.this))
        return one
    if isinstance(one, exp.Column) and one.table and not isinstance(one.this, exp.Star):
        return exp.Alias(this=one, alias=one.this.copy())
    return boolean(one)


def _count_if(condition: exp.Expr) -> exp.Expr:
    return _where(exp.Count(this=exp.Star()), condition)


def _first(function: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: called(function, node.this)


DIALECT = Dialect(
    name="clickhouse",
    printer=Printer(),
    staged=True,
    words={
        **WORDS,
        "utc_of_instant": _utc_of_instant,
        "utc_of_wall": _utc_of_wall,
        "wall_of_utc": _wall_of_utc,
        "sum": _sum,
        "arg_min": _by("argMin"),
        "arg_max": _by("argMax"),
        "last_known": _last_known,
        "first_by": _edge("argMin"),
        "last_by": _edge("argMax"),
        "any_value": _of_truth("any"),
        "count_if": _count_if,
        "bool_or": _of_truth("max"),
        "bool_and": _of_truth("min"),
        "min_truth": _of_truth("min"),
        "max_truth": _of_truth("max"),
        "min": _of_truth("min"),
        "max": _of_truth("max"),
        "favg": _mean,
        "var_pop": _spread("varPopStable", _measured),
        "covar_pop": _spread("covarPopStable", _measured),
        "quantile_cont": _quantile("quantileExactInclusive", _measured),
        "json_array": _json_array,
        "text_of_double": _text_of_double,
    },
    nodes={
        **NODES,
        exp.Cast: cast_to,
        exp.TryCast: tried,
        exp.Struct: _struct,
        exp.Filter: _filtered,
        exp.Select: _selected,
        exp.Sum: lambda node: _sum(node.this),
        exp.Avg: lambda node: _average(node.this),
        exp.AnyValue: _first("any"),
        exp.CountIf: lambda node: _count_if(node.this),
        exp.ArgMin: lambda node: _by("argMin")(node.this, node.expression),
        exp.ArgMax: lambda node: _by("argMax")(node.this, node.expression),
        exp.LogicalOr: lambda node: _of_truth("max")(node.this),
        exp.LogicalAnd: lambda node: _of_truth("min")(node.this),
        exp.Variance: lambda node: _spread("varSampStable")(node.this),
        exp.VariancePop: lambda node: _spread("varPopStable")(node.this),
        exp.Stddev: lambda node: _spread("stddevSampStable")(node.this),
        exp.StddevSamp: lambda node: _spread("stddevSampStable")(node.this),
        exp.StddevPop: lambda node: _spread("stddevPopStable")(node.this),
        exp.Median: lambda node: _quantile("quantileExactInclusive")(node.this, number(0.5)),
        exp.PercentileCont: lambda node: _quantile("quantileExactInclusive")(node.this, node.expression),
        exp.PercentileDisc: lambda node: _quantile("quantileExactLow")(node.this, node.expression),
    },
)
