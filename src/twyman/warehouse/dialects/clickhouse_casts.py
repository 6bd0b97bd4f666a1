"""What ClickHouse makes of a value's type: casts that fail where nonsense is, and numbers that don't wrap.

Left to itself, ClickHouse reads a nullable text that is no number as null, cuts halves off, and lets whole numbers
run over. What a tree says of its type is enough to do otherwise; what it doesn't say is asked of the value.
"""

from collections.abc import Callable, Sequence

from sqlglot import exp

from twyman.warehouse.dialects.tree import KIND, called, in_brackets, literal, number

Made = Callable[[exp.Expr], exp.Expr]

_DOUBLES = (
    "tofloat64", "sqrt", "cbrt", "exp", "ln", "log2", "log10", "pow", "pi", "radians", "degrees", "sin", "cos", "tan",
    "asin", "acos", "atan", "atan2", "sumkahan", "varpopstable", "varsampstable", "covarpopstable",
    "stddevsampstable", "stddevpopstable",
)  # fmt: skip
_WHOLES = frozenset(
    ["floor", "count", "countif", "sum", "toint64", "intdiv", "length", "tounixtimestamp64micro", "row_number"]
)
_TRUTHS = frozenset(["match", "startswith", "endswith", "has", "isnan", "isinfinite", "tobool", "isnull"])
_INTEGERS = {
    "TINYINT": "Int8", "SMALLINT": "Int16", "INT": "Int32", "BIGINT": "Int64", "INT128": "Int128", "INT256": "Int256",
    "UTINYINT": "UInt8", "USMALLINT": "UInt16", "UINT": "UInt32", "UBIGINT": "UInt64", "UINT128": "UInt128",
}  # fmt: skip
_NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
    "BIGNUM", "FLOAT", "DOUBLE", "DECIMAL",
)  # fmt: skip
_INSTANTS = ("TIMESTAMPTZ", "TIMESTAMPLTZ")
_MOMENTS = ("TIMESTAMP", "TIMESTAMPNTZ", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATETIME")
_FRACTION = 10
"""Digits that are looked at when a number is rounded to a whole one."""


def is_double(node: exp.Expr) -> bool:
    """Say whether a value is surely a double.

    Example:
        >>> is_double(exp.Literal.number("0.5")), is_double(exp.column("x"))
        (True, False)
    """
    match node:
        case exp.Literal():
            return not node.is_string and not str(node.this).isdigit()
        case exp.Column():
            return node.meta_get(KIND, "") in ("FLOAT", "DOUBLE")
        case exp.Div():
            return True
        case exp.Anonymous():
            last = node.expressions[-1] if node.expressions else node
            return node.name.lower() in _DOUBLES or (node.name == "if" and is_double(last))
        case _:
            return any(is_double(one) for one in _values(node))


def is_number(node: exp.Expr) -> bool:
    """Say whether a value is surely a number of some kind, and no text.

    Example:
        >>> is_number(exp.column("x") + 1), is_number(exp.column("x"))
        (True, False)
    """
    if isinstance(node, exp.Literal):
        return not node.is_string
    if isinstance(node, exp.Column):
        return str(node.meta_get(KIND, "")).partition("(")[0] in _NUMBERS
    if isinstance(node, exp.Sum | exp.Count | exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod | exp.IntDiv):
        return True
    if isinstance(node, exp.Anonymous) and node.name.lower() in _WHOLES:
        return True
    return is_double(node) or any(is_number(one) for one in _values(node))


def _values(node: exp.Expr) -> list[exp.Expr]:
    """Return the values of which a node gives one, or a sum."""
    match node:
        case exp.Paren() | exp.Neg() | exp.Window() | exp.Filter():
            return [node.this]
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod():
            return [node.this, node.expression]
        case exp.Case():
            return [one.args["true"] for one in node.args["ifs"]] + _default(node, "default")
        case exp.If():
            return [node.args["true"], *_default(node, "false")]
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return [node.this, *node.expressions]
        case _:
            return []


def _default(node: exp.Expr, key: str) -> list[exp.Expr]:
    value = node.args.get(key)
    return [value] if isinstance(value, exp.Expr) else []


def double(value: exp.Expr) -> exp.Expr:
    """Return a value as a double; a text that is no number is an error, and not null."""
    if is_double(value) and value.meta_get(KIND) != "FLOAT":
        return value
    if isinstance(value, exp.Null):
        return exp.Cast(this=value, to=kind_of("Nullable(Float64)"))
    return _strict(value, lambda one: called("toFloat64", one))


def _strict(value: exp.Expr, made: Made) -> exp.Expr:
    """Return a conversion; for what may be a text, one that fails where it is no such thing."""
    if is_number(value) or is_truth(value) or isinstance(value, exp.Literal):
        return made(value)
    return called("if", called("isNull", value), exp.null(), made(called("assumeNotNull", value.copy())))


def together(values: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Return values that are to have one type: doubles, if one of them is; else as they are.

    ClickHouse has no type in which every whole number and every double are exact, and gives the two a type of
    its own for which functions have no use.
    """
    if not any(is_double(one) for one in values):
        return [boolean(one) for one in values]
    return [one if isinstance(one, exp.Null) else double(one) for one in values]


def is_truth(node: exp.Expr) -> bool:
    """Say whether a value is surely a truth.

    Example:
        >>> is_truth(exp.column("x").is_(exp.null())), is_truth(exp.column("x"))
        (True, False)
    """
    if isinstance(node, exp.Paren):
        return is_truth(node.this)
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _TRUTHS
    return isinstance(node, exp.Predicate | exp.Not | exp.And | exp.Or)


def boolean(node: exp.Expr) -> exp.Expr:
    """Return a truth as a Bool, and anything else as it is: ClickHouse compares to 0 and 1."""
    if not is_truth(node) or (isinstance(node, exp.Anonymous) and node.name == "toBool"):
        return node
    return called("toBool", node.unnest())


def kind_of(written: str) -> exp.DataType:
    """Return a type of ClickHouse's."""
    return exp.DataType.build(written, dialect="clickhouse")


def cast_to(node: exp.Expr) -> exp.Expr:
    """Return a cast that rounds as ours do, and fails where a value doesn't fit."""
    value, kind = node.this, node.args["to"]
    name = str(kind.this.value)
    if name in _INTEGERS:
        return _whole(value, _INTEGERS[name])
    if name == "DECIMAL":
        return _decimal(value, *_sizes(kind))
    if name in _INSTANTS:
        return _instant(value)
    if name in _MOMENTS:
        return _moment(value)
    made = _PLAIN.get(name)
    return made(value) if made else node


def _whole(value: exp.Expr, kind: str) -> exp.Expr:
    if isinstance(value, exp.Null):
        return exp.Cast(this=value, to=kind_of(f"Nullable({kind})"))
    if is_truth(value) or isinstance(value, exp.Count | exp.Window) or _is_floor(value):
        return called(f"to{kind}", value)
    rounded = called("round", _strict(value, lambda one: called("toDecimal128", one, number(_FRACTION))))
    return called("accurateCast", rounded, literal(kind))


def _is_floor(value: exp.Expr) -> bool:
    return isinstance(value, exp.Floor) or (isinstance(value, exp.Anonymous) and value.name.lower() == "floor")


def _sizes(kind: exp.DataType) -> tuple[int, int]:
    sizes = [int(one.name) for one in kind.expressions]
    return (sizes[0], sizes[1] if len(sizes) > 1 else 0) if sizes else (18, 3)


def _decimal(value: exp.Expr, width: int, scale: int) -> exp.Expr:
    finer = min(38, scale + _FRACTION)
    rounded = called("round", _strict(value, lambda one: called("toDecimal256", one, number(finer))), number(scale))
    return exp.Cast(this=rounded, to=kind_of(f"Decimal({width}, {scale})"))


def _text(value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Null):
        return exp.Cast(this=value, to=kind_of("Nullable(String)"))
    return called("toString", boolean(value))


def _boolean(value: exp.Expr) -> exp.Expr:
    return boolean(value) if is_truth(value) else called("toBool", value)


def date(value: exp.Expr) -> exp.Expr:
    """Return the date of a time, or of a text; texts that are no date are an error, and no date of March."""
    if isinstance(value, exp.Null):
        return exp.Cast(this=value, to=kind_of("Nullable(Date32)"))
    return called("toDate32", called("toDateTime64", value, number(6), literal("UTC")))


def _moment(value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Literal | exp.Null):
        return exp.Cast(this=value, to=kind_of("DateTime64(6)" if value.is_string else "Nullable(DateTime64(6))"))
    return called("toDateTime64", value, number(6))


def _instant(value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Literal):
        return called("parseDateTime64BestEffort", value, number(6), literal("UTC"))
    return called("toDateTime64", value, number(6), literal("UTC"))


_PLAIN: dict[str, Made] = {
    "DOUBLE": double,
    "FLOAT": double,
    "VARCHAR": _text,
    "TEXT": _text,
    "JSON": _text,
    "BOOLEAN": _boolean,
    "DATE": date,
}


def tried(node: exp.Expr) -> exp.Expr:
    """Return a cast that gives null where a value has no counterpart in the other type."""
    text = called("toString", boolean(node.this))
    name = str(node.args["to"].this.value)
    if name in _INTEGERS:
        found = called("round", _or_null(text, f"Decimal(38, {_FRACTION})"))
        return _or_null(found, _INTEGERS[name])
    if name in _INSTANTS:
        return called("parseDateTime64BestEffortOrNull", text, number(6), literal("UTC"))
    if name == "DATE":
        return called("toDate32", _or_null(text, "DateTime64(6)"))
    if name in _MOMENTS:
        return _or_null(text, "DateTime64(6)")
    if name == "DECIMAL":
        width, scale = _sizes(node.args["to"])
        finer = called("round", _or_null(text, f"Decimal(76, {scale + _FRACTION})"), number(scale))
        return _or_null(finer, f"Decimal({width}, {scale})")
    plain = {"DOUBLE": "Float64", "FLOAT": "Float64", "BOOLEAN": "Bool"}
    return _or_null(text, plain[name]) if name in plain else _text(node.this)


def _or_null(value: exp.Expr, kind: str) -> exp.Expr:
    return called("accurateCastOrNull", value, literal(kind))


def widened(value: exp.Expr, zero: str = "toDecimal128") -> exp.Expr:
    """Return a value to be added up: a whole number as a decimal, which doesn't wrap; a double as it is."""
    if is_double(value):
        return value
    return exp.Add(this=value if isinstance(value, exp.Column) else in_brackets(value), expression=_zero(zero))


def _zero(kind: str) -> exp.Expr:
    return called(kind, number(0), number(0))


def product(node: exp.Expr) -> exp.Expr:
    """Return a product that doesn't run over: of doubles as it is, of whole numbers by way of wide decimals."""
    sides = (node.this, node.expression)
    if any(is_double(one) or one.find(exp.Interval) for one in sides):
        return node
    if all(isinstance(one, exp.Literal) for one in sides):
        return node
    node.set("this", in_brackets(widened(node.this, "toDecimal256")))
    return node
