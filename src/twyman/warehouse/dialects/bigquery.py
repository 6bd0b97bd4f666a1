"""BigQuery: generated and read back, not executed here. Our clock on the wall is its DATETIME."""

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery as Printer

from twyman.warehouse.dialects.by_value import BY_VALUE, columns_of, pairs_of
from twyman.warehouse.dialects.dialect import Dialect, Word
from twyman.warehouse.dialects.tree import called, case, given, literal, renamed, rows_as_json


def _datetime(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return called("datetime", moment, zone)


def _in_utc(moment: exp.Expr) -> exp.Expr:
    return _datetime(moment, literal("UTC"))


def _utc_of_wall(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _in_utc(called("timestamp", moment, zone))


def _wall_of_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _datetime(called("timestamp", moment, literal("UTC")), zone)


def _date_trunc(unit: exp.Expr, moment: exp.Expr) -> exp.Expr:
    return called("datetime_trunc", moment, exp.var(str(unit.name).upper()))


def _quantile(value: exp.Expr, share: exp.Expr) -> exp.Expr:
    # Exact over a window only: the same in every row, of which `_once` leaves one.
    return exp.Window(this=called("percentile_cont", value, share))


def _once(node: exp.Expr) -> exp.Expr:
    quantiles = [one for one in node.expressions if "PERCENTILE_CONT" in one.sql().upper()]
    if quantiles and not node.args.get("group"):
        node.set("distinct", exp.Distinct())
    return node


def _edge(*, desc: bool) -> Word:
    """Return a word for the first or last value; of several at that time, the smallest or largest."""

    def of(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
        held = exp.IgnoreNulls(this=case((given(moment), value)))
        order = [exp.Ordered(this=one.copy(), desc=desc, nulls_first=not desc) for one in (moment, value)]
        limited = exp.Limit(this=exp.Order(this=held, expressions=order), expression=exp.Literal.number(1))
        first = [exp.Literal.number(0)]
        return exp.Bracket(this=exp.ArrayAgg(this=limited), expressions=first, offset=0, safe=True)

    return of


def _last_known(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
    """Return the last value, which may be null; of several at that time, the highest that isn't."""
    held = case((given(moment), value))
    order = [exp.Ordered(this=one.copy(), desc=True, nulls_first=False) for one in (moment, held)]
    limited = exp.Limit(this=exp.Order(this=held, expressions=order), expression=exp.Literal.number(1))
    return exp.Bracket(this=exp.ArrayAgg(this=limited), expressions=[exp.Literal.number(0)], offset=0, safe=True)


def _epoch_us(moment: exp.Expr) -> exp.Expr:
    return called("unix_micros", called("timestamp", moment, literal("UTC")))


def _json_array(*values: exp.Expr) -> exp.Expr:
    return called("to_json_string", called("json_array", *values))


def _structure(node: exp.Expr) -> exp.Expr:
    return called("json_object", *(side for name, value in pairs_of(node) for side in (literal(name), value)))


def _array(node: exp.Expr) -> exp.Expr:
    return called("json_array", *node.expressions)


def _whole(part: exp.Query) -> exp.Query:
    held = [
        side
        for name in columns_of(part)
        for side in (literal(name), exp.column(exp.to_identifier(name, quoted=True), "answer"))
    ]
    return rows_as_json(part, called("to_json_string", called("json_object", *held)))


DIALECT = Dialect(
    name="bigquery",
    printer=Printer(),
    words={
        **BY_VALUE,
        "utc_of_instant": _in_utc,
        "utc_of_wall": _utc_of_wall,
        "wall_of_utc": _wall_of_utc,
        "date_trunc": _date_trunc,
        "first_by": _edge(desc=False),
        "last_by": _edge(desc=True),
        "last_known": _last_known,
        "quantile_cont": _quantile,
        "epoch_us": _epoch_us,
        "json_array": _json_array,
        "count_if": renamed("countif"),
        "bool_or": renamed("logical_or"),
        "bool_and": renamed("logical_and"),
        "min_truth": renamed("logical_and"),
        "max_truth": renamed("logical_or"),
        "isnan": renamed("is_nan"),
        "isinf": renamed("is_inf"),
    },
    nodes={exp.Struct: _structure, exp.Array: _array, exp.Select: _once},
    whole=_whole,
    filters=False,
    longest_name=300,
)
