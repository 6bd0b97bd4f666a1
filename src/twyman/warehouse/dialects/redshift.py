"""Redshift: generated and read back, not executed here. It was PostgreSQL once, and lacks arrays in aggregates."""

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift as Printer

from twyman.warehouse.dialects.by_value import columns_of, divided, pairs_of
from twyman.warehouse.dialects.dialect import Dialect, Word
from twyman.warehouse.dialects.firsts import with_firsts
from twyman.warehouse.dialects.tree import (
    called,
    case,
    double,
    in_brackets,
    literal,
    renamed,
    rows_as_json,
)
from twyman.warehouse.model import DATES, TIMES

_OF_TIME = (*DATES, *TIMES)
"""Columns of answers that hold times, which no object may."""

_KEYWORDS = (
    "aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between binary "
    "blanksasnull both bytedict bzip2 case cast check collate column connect constraint create credentials cross "
    "current_date current_time current_timestamp current_user current_user_id default deferrable deflate defrag delta "
    "delta32k desc disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false for "
    "foreign freeze from full globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially "
    "inner intersect interval into is isnull join leading left like limit localtime localtimestamp lun luns lzo lzop "
    "minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid old on only open or "
    "order outer overlaps parallel partition percent permissions pivot placing primary qualify raw readratio recover "
    "references rejectlog resort respect restore right select session_user similar snapshot some sysdate system table "
    "tag tdes text255 text32k then timestamp to top trailing true truncatecolumns type union unique unnest unpivot "
    "user using verbose wallet when where with without"
)


def _in_utc(moment: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=moment, zone=literal("UTC"))


def _utc_of_wall(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return called("convert_timezone", zone, literal("UTC"), moment)


def _wall_of_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return called("convert_timezone", literal("UTC"), zone, moment)


def _epoch_us(moment: exp.Expr) -> exp.Expr:
    start = exp.cast(literal("1970-01-01"), "TIMESTAMP")
    return called("datediff", exp.var("MICROSECOND"), start, moment)


def _average(value: exp.Expr) -> exp.Expr:
    # Of whole numbers, an average is a whole number.
    return exp.Avg(this=double(value))


def _covariance(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Return a covariance from the variances of the sum and of the difference: there is no other."""
    apart = (
        called("var_pop", kind(this=in_brackets(double(one.copy())), expression=in_brackets(double(other.copy()))))
        for kind in (exp.Add, exp.Sub)
    )
    above = exp.Sub(this=next(apart), expression=next(apart))
    return exp.Div(this=in_brackets(above), expression=exp.Literal.number(4), typed=True)


def _furthest(function: str, plain: type[exp.AggFunc]) -> Word:
    """Return a word for a value by another one: by itself it is an aggregate, else `with_firsts` sees to it."""

    def of(value: exp.Expr, by: exp.Expr) -> exp.Expr:
        return plain(this=value) if value == by else called(function, value, by)

    return of


def _count_if(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=case((condition, exp.Literal.number(1))))


def _quantile(value: exp.Expr, share: exp.Expr) -> exp.Expr:
    # As aggregates, all of a statement would have to be of one order; over a window, of which one row is kept, not.
    ordered = exp.Order(expressions=[exp.Ordered(this=value)])
    return exp.Window(this=exp.WithinGroup(this=exp.PercentileCont(this=share), expression=ordered))


def _select(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Select):
        return node
    if not node.args.get("group") and any(one.find(exp.PercentileCont) for one in node.expressions):
        node.set("distinct", exp.Distinct())
    return with_firsts(node)


def _json_array(*values: exp.Expr) -> exp.Expr:
    return called("json_serialize", called("array", *values))


def _object(pairs: list[tuple[str, exp.Expr]]) -> exp.Expr:
    return called("object", *(side for name, value in pairs for side in (literal(name), value)))


def _structure(node: exp.Expr) -> exp.Expr:
    return _object(pairs_of(node))


def _array(node: exp.Expr) -> exp.Expr:
    return called("array", *node.expressions)


def _differ(node: exp.Expr) -> exp.Expr:
    """Return whether two values differ, where null is a value like any other."""
    nothing = (exp.Is(this=side.copy(), expression=exp.null()) for side in (node.this, node.expression))
    one, other = (in_brackets(side) for side in nothing)
    unlike = exp.or_(
        exp.NEQ(this=node.this, expression=node.expression), exp.NEQ(this=one, expression=other), copy=False
    )
    return exp.Coalesce(this=unlike, expressions=[exp.false()])


def _same(node: exp.Expr) -> exp.Expr:
    return exp.Not(this=_differ(node))


def _cast(node: exp.Expr) -> exp.Expr:
    """Return a cast; of truths to text there is none."""
    if node.args["to"].this not in exp.DataType.TEXT_TYPES or not _is_truth(node.this):
        return node
    no = exp.Not(this=in_brackets(node.this.copy()))
    return case((node.this, literal("true")), (no, literal("false")))


def _is_truth(value: exp.Expr) -> bool:
    return value.is_type("BOOLEAN") or isinstance(value.unnest(), exp.Predicate | exp.Connector | exp.Not)


def _nan(value: exp.Expr) -> exp.Expr:
    return in_brackets(exp.EQ(this=double(value), expression=double(literal("NaN"))))


def _infinite(value: exp.Expr) -> exp.Expr:
    return in_brackets(exp.EQ(this=exp.Abs(this=double(value)), expression=double(literal("Infinity"))))


def _told(name: str) -> exp.Expr:
    held = exp.column(exp.to_identifier(name, quoted=not name.isidentifier()), "answer")
    return exp.cast(held, "TEXT") if name in _OF_TIME else held


def _whole(part: exp.Query) -> exp.Query:
    held = [(name, _told(name)) for name in columns_of(part)]
    return rows_as_json(part, called("json_serialize", _object(held)))


DIALECT = Dialect(
    name="redshift",
    printer=Printer(),
    words={
        "utc_of_instant": _in_utc,
        "utc_of_wall": _utc_of_wall,
        "wall_of_utc": _wall_of_utc,
        "epoch_us": _epoch_us,
        "favg": _average,
        "covar_pop": _covariance,
        "count_if": _count_if,
        "arg_min": _furthest("arg_min", exp.Min),
        "arg_max": _furthest("arg_max", exp.Max),
        "quantile_cont": _quantile,
        "json_array": _json_array,
        "min_truth": renamed("bool_and"),
        "max_truth": renamed("bool_or"),
        "isnan": _nan,
        "isinf": _infinite,
    },
    nodes={
        exp.Select: _select,
        exp.Struct: _structure,
        exp.Array: _array,
        exp.Div: divided,
        exp.NullSafeNEQ: _differ,
        exp.NullSafeEQ: _same,
        exp.Cast: _cast,
    },
    whole=_whole,
    filters=False,
    longest_name=127,
    reserved=frozenset(_KEYWORDS.split()),
)
