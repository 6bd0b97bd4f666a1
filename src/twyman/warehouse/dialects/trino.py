"""Trino: generated and read back, not executed here. Quantiles are of sorted arrays, since its own are approximate."""

from sqlglot import exp
from sqlglot.dialects.trino import Trino as Printer

from twyman.warehouse.dialects.by_value import BY_VALUE, columns_of, divided, pairs_of
from twyman.warehouse.dialects.dialect import Dialect, Word
from twyman.warehouse.dialects.tree import (
    called,
    case,
    double,
    given,
    in_brackets,
    literal,
    number,
    renamed,
    rows_as_json,
)

_WALLS = (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ)


def _zoneless(moment: exp.Expr) -> exp.Expr:
    # To the microsecond: TIMESTAMP alone is to the millisecond.
    return exp.Cast(this=moment, to=exp.DataType.build("TIMESTAMP(6)", dialect="trino"))


def _of_zone(moment: exp.Expr, first: exp.Expr, then: exp.Expr) -> exp.Expr:
    return _zoneless(called("at_timezone", called("with_timezone", moment, first), then))


def _instant(moment: exp.Expr) -> exp.Expr:
    return _zoneless(called("at_timezone", moment, literal("UTC")))


def _utc_of_wall(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _of_zone(moment, zone, literal("UTC"))


def _wall_of_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _of_zone(moment, literal("UTC"), zone)


def _cast(node: exp.Expr) -> exp.Expr:
    kind = node.args["to"]
    return _zoneless(node.this) if kind.this in _WALLS and not kind.expressions else node


def _quantile(value: exp.Expr, share: exp.Expr) -> exp.Expr:
    gathered = exp.Filter(this=called("array_agg", value), expression=exp.Where(this=given(value)))
    last = in_brackets(exp.Sub(this=exp.Count(this=value.copy()), expression=number(1)))
    place = exp.Mul(this=double(share), expression=last)

    def at(rounding: str) -> exp.Expr:
        rank = exp.Add(this=exp.cast(called(rounding, place.copy()), "BIGINT"), expression=number(1))
        return called("element_at", called("array_sort", gathered.copy()), rank)

    step = in_brackets(exp.Sub(this=at("ceil"), expression=at("floor")))
    beyond = in_brackets(exp.Sub(this=place.copy(), expression=called("floor", place.copy())))
    return exp.Add(this=at("floor"), expression=exp.Mul(this=step, expression=beyond))


def _as_json(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build("JSON"))


def _list(values: list[exp.Expr]) -> exp.Expr:
    return exp.Array(expressions=[_as_json(value) for value in values])


def _edge(function: str) -> Word:
    """Return a word for the first or last value; of several at that time, the smallest or largest."""

    def of(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
        order = case((exp.and_(given(value), given(moment)), called("row", moment.copy(), value.copy())))
        return called(function, value, order)

    return of


def _last_known(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
    """Return the last value, which may be null; of several at that time, the highest that isn't."""
    order = [exp.Ordered(this=one.copy(), desc=True, nulls_first=False) for one in (moment, value)]
    gathered = exp.ArrayAgg(this=exp.Order(this=value, expressions=order))
    given_at = exp.Filter(this=gathered, expression=exp.Where(this=given(moment)))
    return called("element_at", given_at, number(1))


def _epoch_us(moment: exp.Expr) -> exp.Expr:
    # Seconds come as doubles, which tell microseconds apart until the year 2242.
    seconds = called("to_unixtime", called("with_timezone", moment, literal("UTC")))
    return exp.cast(called("round", exp.Mul(this=seconds, expression=number(1_000_000))), "BIGINT")


def _json_array(*values: exp.Expr) -> exp.Expr:
    return called("json_format", _as_json(_list(list(values))))


def _object(pairs: list[tuple[str, exp.Expr]]) -> exp.Expr:
    names = exp.Array(expressions=[literal(name) for name, _ in pairs])
    return _as_json(called("map", names, _list([value for _, value in pairs])))


def _structure(node: exp.Expr) -> exp.Expr:
    return _object(pairs_of(node))


def _array(node: exp.Expr) -> exp.Expr:
    return _as_json(_list(node.expressions))


def _whole(part: exp.Query) -> exp.Query:
    held: list[tuple[str, exp.Expr]] = [
        (name, exp.column(exp.to_identifier(name, quoted=not name.isidentifier()), "answer"))
        for name in columns_of(part)
    ]
    return rows_as_json(part, called("json_format", _object(held)))


DIALECT = Dialect(
    name="trino",
    printer=Printer(),
    words={
        **BY_VALUE,
        "utc_of_instant": _instant,
        "utc_of_wall": _utc_of_wall,
        "wall_of_utc": _wall_of_utc,
        "first_by": _edge("min_by"),
        "last_by": _edge("max_by"),
        "last_known": _last_known,
        "quantile_cont": _quantile,
        "epoch_us": _epoch_us,
        "json_array": _json_array,
        "any_value": renamed("arbitrary"),
        "min_truth": renamed("bool_and"),
        "max_truth": renamed("bool_or"),
        "isnan": renamed("is_nan"),
        "isinf": renamed("is_infinite"),
    },
    nodes={exp.Struct: _structure, exp.Array: _array, exp.Div: divided, exp.Cast: _cast},
    whole=_whole,
    filters=True,
)
