"""Spark's SQL, and what Sail, which speaks it, has no form for.

Our zoneless times are `TIMESTAMP_NTZ`, our instants `TIMESTAMP`; the session is in UTC, so that either becomes the
other without a calendar. Statements are to run as ANSI has it, Spark's default: what doesn't fit is an error.
"""

from collections.abc import Callable
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark as Printer

from twyman.warehouse.dialects.dialect import Dialect
from twyman.warehouse.dialects.spark_functions import (
    NODES,
    epoch_us,
    formatted,
    full_match,
    is_infinite,
    is_nan,
    read_time,
    replaced,
    text_of_double,
    try_read_time,
)
from twyman.warehouse.dialects.tree import called, double, given, in_brackets, literal, number, pushed_filter, renamed


def _as(expression: exp.Expr, kind: exp.DType) -> exp.Expr:
    return exp.Cast(this=expression, to=exp.DataType(this=kind))


def _zoneless(moment: exp.Expr) -> exp.Expr:
    return _as(moment, exp.DType.TIMESTAMPNTZ)


def _of_zone(moment: exp.Expr, first: exp.Expr, then: exp.Expr) -> exp.Expr:
    return called("convert_timezone", first.copy(), then.copy(), moment.copy())


def _utc_of_wall(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    # In the night when an hour comes twice Spark means its first coming, and DuckDB the second: that by the
    # offset of the day after, where it leads back to the same wall clock.
    utc, day = literal("UTC"), exp.Interval(this=literal("1"), unit=exp.var("DAY"))
    tomorrow = in_brackets(exp.Add(this=moment.copy(), expression=day.copy()))
    second = exp.Sub(this=_of_zone(tomorrow, zone, utc), expression=day)
    same = exp.EQ(this=_of_zone(second, utc, zone), expression=moment.copy())
    return exp.Case(ifs=[exp.If(this=same, true=second.copy())], default=_of_zone(moment, zone, utc))


def _wall_of_utc(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _of_zone(moment, literal("UTC"), zone)


def _date_trunc(unit: exp.Expr, moment: exp.Expr) -> exp.Expr:
    return _zoneless(called("date_trunc", unit, moment))


def _by(function: str) -> Callable[[exp.Expr, exp.Expr], exp.Expr]:
    def of(value: exp.Expr, order: exp.Expr) -> exp.Expr:
        return exp.Filter(this=called(function, value, order), expression=exp.Where(this=given(value)))

    return of


def _edge(function: str) -> Callable[[exp.Expr, exp.Expr], exp.Expr]:
    def of(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
        found = called(function, value, called("struct", moment, value.copy()))
        return exp.Filter(this=found, expression=exp.Where(this=given(value)))

    return of


def _last_known(value: exp.Expr, moment: exp.Expr) -> exp.Expr:
    # In a struct null is the lowest: of several at one time the highest that is known.
    found = called("max_by", value, called("struct", moment, value.copy()))
    return exp.Filter(this=found, expression=exp.Where(this=given(moment)))


def _json_array(*values: exp.Expr) -> exp.Expr:
    # Of nothing but nulls, an array has no type that could be written.
    return called("to_json", exp.Array(expressions=[_as(value, exp.DType.TEXT) for value in values]))


def _struct(node: exp.Expr) -> exp.Expr:
    named = [(one.this, one.expression) for one in node.expressions if isinstance(one, exp.PropertyEQ)]
    return called("named_struct", *(part for key, value in named for part in (literal(str(key.name)), value)))


def _window(node: exp.Expr) -> exp.Expr:
    # Rows in no order are told apart, and needn't come together on one machine for that.
    if isinstance(node.this, exp.RowNumber | exp.Anonymous) and node.this.sql().lower() == "row_number()":
        if not node.args.get("order") and not node.args.get("partition_by"):
            return in_brackets(exp.Add(this=called("monotonically_increasing_id"), expression=number(1)))
        return node
    return node


def source(node: exp.Expr) -> exp.Expr:
    """Return what stands in FROM: a file as the view of its name, which a connector makes; all else as it is."""
    if not is_file(node):
        return node
    view = exp.to_identifier(view_of(node.this), quoted=True)
    return exp.Table(this=view, alias=node.args.get("alias"))


def is_file(node: exp.Expr) -> bool:
    """Say whether what stands in FROM reads a file."""
    return isinstance(node.this, exp.Anonymous) and node.this.name.startswith("read_")


def view_of(reader: exp.Anonymous) -> str:
    """Return the name of the view through which a file is read: the file's, and which types are forced.

    Example:
        >>> view_of(exp.Anonymous(this="read_csv", expressions=[exp.Literal.string("trial.csv")]))
        'trial.csv'
    """
    forced = ", ".join(f"{name} {kind}" for name, kind in forced_types(reader).items())
    return f"{reader.expressions[0].name} ({forced})" if forced else str(reader.expressions[0].name)


def forced_types(reader: exp.Anonymous) -> dict[str, str]:
    """Return the types that columns of a text file must have, by name."""
    options = {str(one.this.name): one.expression for one in reader.expressions[1:] if isinstance(one, exp.EQ)}
    given = options.get("types") or options.get("columns")
    pairs: list[exp.Expr] = given.expressions if given is not None else []
    if isinstance(given, exp.Anonymous):  # a struct that is spelled already
        return {str(key.name): str(kind.name) for key, kind in zip(pairs[::2], pairs[1::2], strict=True)}
    return {str(one.this.name): str(one.expression.name) for one in pairs}


def _average(value: exp.Expr) -> exp.Expr:
    return called("avg", double(value))


def _is_nan(node: exp.Expr) -> exp.Expr:
    return is_nan(node.this)


def _all(star: exp.Expr) -> exp.Expr:
    return star


DIALECT = Dialect(
    name="spark",
    printer=Printer(),
    staged=True,
    shared=True,
    by_rows=True,
    words={
        "utc_of_instant": _zoneless,
        "utc_of_wall": _utc_of_wall,
        "wall_of_utc": _wall_of_utc,
        "date_trunc": _date_trunc,
        "arg_max": _by("max_by"),
        "arg_min": _by("min_by"),
        "first_by": _edge("min_by"),
        "last_by": _edge("max_by"),
        "last_known": _last_known,
        "any_value": renamed("max"),
        "favg": _average,
        "quantile_cont": renamed("percentile"),
        "json_array": _json_array,
        "isinf": is_infinite,
        "isnan": is_nan,
        "epoch_us": epoch_us,
        "regexp_full_match": full_match,
        "strptime": read_time,
        "try_strptime": try_read_time,
        "strftime": formatted,
        "starts_with": renamed("startswith"),
        "ends_with": renamed("endswith"),
        "columns": _all,
        "hash": renamed("xxhash64"),
        "text_of_double": text_of_double,
    },
    nodes={
        **NODES,
        exp.IsNan: _is_nan,
        exp.Filter: pushed_filter,
        exp.Struct: _struct,
        exp.Window: _window,
        exp.Table: source,
    },
)


def _summed(value: exp.Expr) -> exp.Expr:
    """Return what to sum instead: whole numbers as decimals, which don't wrap; others stay what they are."""
    if isinstance(value, exp.Distinct):
        value.set("expressions", [_exact(one) for one in value.expressions])
        return value
    return _exact(value)


def _exact_sum(value: exp.Expr) -> exp.Expr:
    return called("sum", _summed(value))


def _exact_sum_of(node: exp.Expr) -> exp.Expr:
    return _exact_sum(node.this)


def _exact(value: exp.Expr) -> exp.Expr:
    nothing = exp.Cast(this=number(0), to=exp.DataType.build("DECIMAL(1, 0)"))
    return exp.Add(this=in_brackets(value), expression=nothing)


def exact(sql: str) -> str:
    """Return a statement of Spark's with sums that don't overflow.

    Example:
        >>> " ".join(exact("SELECT SUM(n) FROM t").split())
        'SELECT SUM(( n ) + CAST(0 AS DECIMAL(1, 0))) FROM t'
    """
    tree = sqlglot.parse_one(sql, dialect=DIALECT.printer)
    for found in list(tree.find_all(exp.Sum)):
        found.set("this", _summed(found.this))
    return tree.sql(dialect=DIALECT.printer, pretty=True)


def _nothing(_: exp.Expr) -> exp.Expr:
    return number(0)


def _among(node: exp.Expr) -> exp.Expr:
    query = node.args.get("query")
    if query is None:
        return node
    column = query.this.selects[0]
    listed = query.this.copy()
    listed.set("expressions", [called("collect_list", column.copy())])
    return called("array_contains", exp.Subquery(this=listed), node.this)


def _double_literal(node: exp.Expr) -> exp.Expr:
    written = str(node.this)
    return node if node.args.get("is_string") or written.isdigit() else exp.Literal.number(f"{written}D")


def _ordered(node: exp.Expr) -> exp.Expr:
    """Return a SELECT that is in the order of an aggregate as one in the order of a column, within another."""
    order = node.args.get("order")
    wanted = [one for one in order.expressions if one.this.find(exp.AggFunc)] if order is not None else []
    if not wanted or not isinstance(node, exp.Select):
        return node
    titles = [str(one.alias_or_name) for one in node.selects]
    for place, one in enumerate(wanted):
        held = exp.to_identifier(f"order {place}", quoted=True)
        node.expressions.append(exp.Alias(this=one.this, alias=held))
        one.set("this", exp.Column(this=held.copy()))
    columns: list[exp.Expr] = [exp.Column(this=exp.to_identifier(title, quoted=True)) for title in titles]
    limit = node.args.get("limit")
    node.set("order", None)
    node.set("limit", None)
    inner = exp.Subquery(this=node, alias=exp.TableAlias(this=exp.to_identifier("counted")))
    outer = exp.Select(expressions=columns).from_(inner)
    outer.set("order", order)
    outer.set("limit", limit)
    return outer


SAIL = replace(
    DIALECT,
    words={**DIALECT.words, "sum": _exact_sum, "hash": _nothing},
    nodes={
        **DIALECT.nodes,
        exp.Sum: _exact_sum_of,
        exp.In: _among,
        exp.Literal: _double_literal,
        exp.RegexpReplace: replaced("${%d}"),
        exp.Select: _ordered,
    },
)
"""As Sail reads it: whole numbers wrap in its sums unless they are decimals; of a decimal and a double it makes a
decimal; it knows no `IN (SELECT …)` outside WHERE, no order by an aggregate, and no functions of all columns."""
