"""PostgreSQL: aggregates by order, rows as JSON, and a form for each of our words that gives the same number.

Where PostgreSQL raises an error and the words' own engine has an answer (a division by zero, a text that is no
number), the tree asks first. Texts are compared as the database's collation has it, but where we put them in
order ourselves.
"""

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres as Printer

from twyman.warehouse.dialects.dialect import Dialect, Word
from twyman.warehouse.dialects.postgres_casts import cast_to, tried
from twyman.warehouse.dialects.postgres_functions import NODES, WORDS
from twyman.warehouse.dialects.tree import (
    called,
    case,
    given,
    in_brackets,
    literal,
    pushed_filter,
    renamed,
    rows_as_json,
)

_PAIRS = 50
"""Pairs that one call may hold: no function of PostgreSQL takes more than a hundred arguments."""

_UPPER_HALF = "134217729.0"
"""2²⁷ + 1, which leaves of a double's 53 bits the upper 26."""

_KEYWORDS = (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation "
    "column concurrently constraint create cross current_catalog current_date current_role current_schema current_time "
    "current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze "
    "from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like "
    "limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary "
    "references returning right select session_user similar some symmetric table tablesample then to trailing true "
    "union unique user using variadic verbose when where window with"
)
"""Words that are no names unless quoted, by `pg_get_keywords()`: unquoted, `user` is who is logged in."""


def _in_utc(moment: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=moment, zone=literal("UTC"))


def _utc_of_wall(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _in_utc(exp.AtTimeZone(this=moment, zone=zone))


def _wall_of_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return exp.AtTimeZone(this=_in_utc(moment), zone=zone)


def _first(value: exp.Expr, condition: exp.Expr | None, *orders: exp.Expr) -> exp.Expr:
    """Return the first value of a group in some order; null where no row meets the condition."""
    inner = exp.Order(this=value, expressions=list(orders)) if orders else value
    gathered: exp.Expr = exp.ArrayAgg(this=inner)
    if condition is not None:
        gathered = exp.Filter(this=gathered, expression=exp.Where(this=condition))
    # The tree counts from 0, and the printer from 1.
    return exp.Bracket(this=in_brackets(gathered), expressions=[exp.Literal.number(0)])


def _by(value: exp.Expr, by: exp.Expr, *, desc: bool) -> exp.Expr:
    order = exp.Ordered(this=by.copy(), desc=desc)
    return _first(value, exp.and_(given(value), given(by)), order)


def _edge(*, desc: bool) -> Word:
    def of(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
        orders = (exp.Ordered(this=part.copy(), desc=desc) for part in (moment, value))
        return _first(value, exp.and_(given(value), given(moment)), *orders)

    return of


def _arg_min(value: exp.Expr, by: exp.Expr) -> exp.Expr:
    return exp.Min(this=value) if value == by else _by(value, by, desc=False)


def _arg_max(value: exp.Expr, by: exp.Expr) -> exp.Expr:
    return exp.Max(this=value) if value == by else _by(value, by, desc=True)


def _last_known(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
    """Return the last value, which may be null; of several at that time, the highest that isn't."""
    orders = (exp.Ordered(this=part.copy(), desc=True, nulls_first=False) for part in (moment, value))
    return _first(value, given(moment), *orders)


def _any_value(value: exp.Expr) -> exp.Expr:
    return _first(value, given(value))


def _count_if(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=exp.Literal.number(1))]))


def _mean(value: exp.Expr) -> exp.Expr:
    """Return the mean of the upper 26 bits of some doubles and that of the rest: a sum of the former rounds nothing.

    A plain average adds doubles one by one, and where few different ones come again and again (prices, say) each
    addition may round the same way: of a million, five digits are lost.

    References:
        Dekker, T. J. (1971). A floating-point technique for extending the available precision.
        Numerische Mathematik 18.
    """
    above = exp.Mul(this=value, expression=exp.Literal.number(_UPPER_HALF))
    upper = exp.Sub(this=above, expression=in_brackets(exp.Sub(this=above.copy(), expression=value.copy())))
    rest = exp.Sub(this=value.copy(), expression=in_brackets(upper.copy()))
    return in_brackets(exp.Add(this=called("avg", upper), expression=called("avg", rest)))


def _quantile(value: exp.Expr, share: exp.Expr) -> exp.Expr:
    ordered = exp.Order(expressions=[exp.Ordered(this=value)])
    return exp.WithinGroup(this=exp.PercentileCont(this=share), expression=ordered)


def _json_array(*values: exp.Expr) -> exp.Expr:
    """Return a list as a text without spaces: the server's own function puts one after each comma."""
    texts = [
        exp.Coalesce(this=exp.cast(called("to_json", value), "TEXT"), expressions=[literal("null")]) for value in values
    ]
    whole: exp.Expr = literal("[")
    for place, each in enumerate(texts):
        whole = exp.DPipe(this=exp.DPipe(this=whole, expression=literal(",")) if place else whole, expression=each)
    return in_brackets(exp.DPipe(this=whole, expression=literal("]")))


def _structure(node: exp.Expr) -> exp.Expr:
    """Return a record as JSON, in pieces of as many pairs as a call may hold."""
    pairs = [[literal(str(field.name)), field.expression] for field in node.expressions]
    pieces = [
        called("jsonb_build_object", *(side for pair in pairs[start : start + _PAIRS] for side in pair))
        for start in range(0, max(len(pairs), 1), _PAIRS)
    ]
    whole: exp.Expr = pieces[0]
    for piece in pieces[1:]:
        whole = exp.DPipe(this=whole, expression=piece)
    return whole if len(pieces) == 1 else in_brackets(whole)


def _by_bytes(value: exp.Expr) -> exp.Expr:
    return exp.Collate(this=value, expression=exp.to_identifier("C", quoted=True))


def _epoch_us(moment: exp.Expr) -> exp.Expr:
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=moment)
    return exp.cast(exp.Mul(this=seconds, expression=exp.Literal.number(1_000_000)), "BIGINT")


def _text_of_double(value: exp.Expr) -> exp.Expr:
    """Return a double as DuckDB writes it: a whole one with its `.0`."""
    written = exp.Lower(this=called("replace", exp.cast(value, "TEXT"), literal("Infinity"), literal("inf")))
    is_whole = exp.RegexpLike(this=written, expression=literal("^-?[0-9]+$"))
    dotted = exp.DPipe(this=written.copy(), expression=literal(".0"))
    return case((is_whole, dotted), otherwise=written.copy())


def _whole(part: exp.Query) -> exp.Query:
    return rows_as_json(part, called("to_jsonb", exp.column("answer")))


DIALECT = Dialect(
    name="postgres",
    printer=Printer(),
    words={
        **WORDS,
        "utc_of_instant": _in_utc,
        "utc_of_wall": _utc_of_wall,
        "wall_of_utc": _wall_of_utc,
        "arg_min": _arg_min,
        "first_by": _edge(desc=False),
        "last_by": _edge(desc=True),
        "arg_max": _arg_max,
        "last_known": _last_known,
        "any_value": _any_value,
        "count_if": _count_if,
        "favg": _mean,
        "quantile_cont": _quantile,
        "json_array": _json_array,
        "by_bytes": _by_bytes,
        "epoch_us": _epoch_us,
        "text_of_double": _text_of_double,
        "min_truth": renamed("bool_and"),
        "max_truth": renamed("bool_or"),
    },
    nodes={
        **NODES,
        exp.Cast: cast_to,
        exp.TryCast: tried,
        exp.Struct: _structure,
        exp.Filter: pushed_filter,
    },
    whole=_whole,
    by_rows=True,
    longest_name=63,
    reserved=frozenset(_KEYWORDS.split()),
)
