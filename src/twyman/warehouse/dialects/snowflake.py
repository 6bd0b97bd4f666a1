"""Snowflake: generated and read back, not executed here."""

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake as Printer

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

_KEYWORDS = (
    "all alter and any as between by case cast check column connect constraint create cross current delete distinct "
    "drop else exists false following for from full grant group having ilike in increment inner insert intersect into "
    "is issue join lateral left like localtime localtimestamp minus natural not null of on or order organization "
    "qualify regexp revoke right rlike row rows sample schema select set some start table tablesample then to trigger "
    "true try_cast union unique update using values view when whenever where with"
)


def _instant(moment: exp.Expr) -> exp.Expr:
    return called("to_timestamp_ntz", called("convert_timezone", literal("UTC"), moment))


def _utc_of_wall(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return called("convert_timezone", zone, literal("UTC"), moment)


def _wall_of_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return called("convert_timezone", literal("UTC"), zone, moment)


def _quantile(value: exp.Expr, share: exp.Expr) -> exp.Expr:
    ordered = exp.Order(expressions=[exp.Ordered(this=value)])
    return exp.WithinGroup(this=exp.PercentileCont(this=share), expression=ordered)


def _edge(*, desc: bool) -> Word:
    """Return a word for the first or last value; of several at that time, the smallest or largest."""

    def of(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
        held = case((exp.and_(given(value), given(moment)), value))
        order = exp.Order(expressions=[exp.Ordered(this=one.copy(), desc=desc) for one in (moment, value)])
        gathered = exp.WithinGroup(this=called("array_agg", held), expression=order)
        found = called("get", gathered, number(0))
        return exp.cast(found, "TEXT") if value.is_type("TEXT") else double(found)

    return of


def _last_known(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
    """Return the last value, which may be null; of several at that time, the highest that isn't."""
    # An array of arrays: one of values would pass over nulls.
    held = case((given(moment), called("array_construct", value)))
    order = exp.Order(
        expressions=[exp.Ordered(this=one.copy(), desc=True, nulls_first=False) for one in (moment, value)]
    )
    gathered = exp.WithinGroup(this=called("array_agg", held), expression=order)
    return called("get", called("get", gathered, number(0)), number(0))


def _epoch_us(moment: exp.Expr) -> exp.Expr:
    return called("date_part", exp.var("EPOCH_MICROSECOND"), moment)


def _text(value: exp.Expr) -> exp.Expr:
    return value if value.is_type("TEXT") else exp.cast(value, "TEXT")


def _json_text(value: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=called("to_json", called("to_variant", value)), expressions=[literal("null")])


def _json_array(*values: exp.Expr) -> exp.Expr:
    # A null in an array is written `undefined`, which is no JSON.
    whole: exp.Expr = literal("[")
    for place, value in enumerate(values):
        begun = exp.DPipe(this=whole, expression=literal(",")) if place else whole
        whole = exp.DPipe(this=begun, expression=_json_text(value))
    return in_brackets(exp.DPipe(this=whole, expression=literal("]")))


def _structure(node: exp.Expr) -> exp.Expr:
    return called(
        "object_construct_keep_null", *(side for name, value in pairs_of(node) for side in (literal(name), value))
    )


def _array(node: exp.Expr) -> exp.Expr:
    nothing = called("parse_json", literal("null"))
    return called(
        "array_construct",
        *(exp.Coalesce(this=called("to_variant", one), expressions=[nothing.copy()]) for one in node.expressions),
    )


def _nan(value: exp.Expr) -> exp.Expr:
    return in_brackets(exp.EQ(this=value, expression=double(literal("NaN"))))


def _infinite(value: exp.Expr) -> exp.Expr:
    return in_brackets(exp.EQ(this=exp.Abs(this=value), expression=double(literal("inf"))))


def _whole(part: exp.Query) -> exp.Query:
    held = [
        side
        for name in columns_of(part)
        for side in (literal(name), exp.column(exp.to_identifier(name, quoted=not name.isidentifier()), "answer"))
    ]
    return rows_as_json(part, called("to_json", called("object_construct_keep_null", *held)))


DIALECT = Dialect(
    name="snowflake",
    printer=Printer(),
    words={
        **BY_VALUE,
        "utc_of_instant": _instant,
        "utc_of_wall": _utc_of_wall,
        "wall_of_utc": _wall_of_utc,
        "first_by": _edge(desc=False),
        "last_by": _edge(desc=True),
        "last_known": _last_known,
        "by_bytes": _text,
        "epoch_us": _epoch_us,
        "quantile_cont": _quantile,
        "json_array": _json_array,
        "bool_or": renamed("boolor_agg"),
        "bool_and": renamed("booland_agg"),
        "min_truth": renamed("booland_agg"),
        "max_truth": renamed("boolor_agg"),
        "isnan": _nan,
        "isinf": _infinite,
    },
    nodes={exp.Struct: _structure, exp.Array: _array, exp.Div: divided},
    whole=_whole,
    filters=False,
    longest_name=255,
    reserved=frozenset(_KEYWORDS.split()),
)
