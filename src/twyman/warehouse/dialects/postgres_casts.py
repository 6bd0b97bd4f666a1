"""Casts as PostgreSQL does them, and casts that try: it has none, so a text is looked at before it is converted."""

from sqlglot import exp

from twyman.warehouse.dialects.tree import case, literal

_KINDS = {
    "INT128": "DECIMAL(38, 0)",
    "UINT128": "DECIMAL(39, 0)",
    "UBIGINT": "DECIMAL(20, 0)",
    "UINT": "BIGINT",
    "USMALLINT": "INT",
    "UTINYINT": "SMALLINT",
    "TINYINT": "SMALLINT",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIMESTAMPNTZ": "TIMESTAMP",
}
_BITS = {"SMALLINT": 15, "INT": 31, "BIGINT": 63}
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*$"
_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_HOUR = r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?)"
_ZONE = r"( ?(Z|z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?))"
_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")


def _kind(node: exp.Expr) -> exp.DataType:
    given = node.args["to"]
    named = _KINDS.get(given.this.value)
    return exp.DataType.build(named) if named else given


def cast_to(node: exp.Expr) -> exp.Expr:
    """Return a cast to the nearest type that there is."""
    node.set("to", _kind(node))
    return node


def tried(node: exp.Expr) -> exp.Expr:
    """Return a cast that gives null for a text which has no counterpart in the other type.

    Other types are cast as they are; what can't be is an error, and not null.
    """
    kind = _kind(node)
    text = exp.cast(node.this, "TEXT")
    name = str(kind.this.value)
    if name == "BOOLEAN":
        return _truth(text)
    if name in _BITS:
        return _whole(text, kind, _BITS[name])
    if name in ("DOUBLE", "FLOAT", "DECIMAL"):
        return case((_fits(text, _NUMBER), exp.Cast(this=text.copy(), to=kind)))
    if name in ("DATE", "TIMESTAMP", "TIMESTAMPTZ"):
        return _time(text, kind)
    return exp.Cast(this=node.this, to=kind)


def _fits(text: exp.Expr, pattern: str) -> exp.Expr:
    return exp.RegexpLike(this=text.copy(), expression=literal(pattern))


def _truth(text: exp.Expr) -> exp.Expr:
    said = exp.Lower(this=text)
    yes, no = (exp.In(this=said.copy(), expressions=[literal(one) for one in words]) for words in (_TRUE, _FALSE))
    return case((yes, exp.true()), (no, exp.false()))


def _whole(text: exp.Expr, kind: exp.DataType, bits: int) -> exp.Expr:
    value = exp.cast(text.copy(), "DECIMAL")
    inside = exp.Between(
        this=exp.Anonymous(this="round", expressions=[value.copy()]),
        low=exp.Neg(this=exp.Literal.number(2**bits)),
        high=exp.Literal.number(2**bits - 1),
    )
    return case((_fits(text, _NUMBER), case((inside, exp.Cast(this=value, to=kind)))))


def _time(text: exp.Expr, kind: exp.DataType) -> exp.Expr:
    # A date alone may stand for any of them; a zone belongs to instants only, and an instant without one is UTC.
    rest = "" if kind.this == exp.DataType.Type.DATE else f"({_HOUR}{_ZONE if _is_instant(kind) else ''}?)?"
    month = exp.Anonymous(this="left", expressions=[text.copy(), exp.Literal.number(7)])
    first = exp.cast(exp.DPipe(this=month, expression=literal("-01")), "DATE")
    last = exp.Sub(
        this=exp.Add(this=first, expression=exp.Interval(this=literal("1"), unit=exp.var("MONTH"))),
        expression=exp.Interval(this=literal("1"), unit=exp.var("DAY")),
    )
    day = exp.cast(exp.Substring(this=text.copy(), start=exp.Literal.number(9), length=exp.Literal.number(2)), "INT")
    is_day = exp.LTE(this=day, expression=exp.Extract(this=exp.var("DAY"), expression=exp.Paren(this=last)))
    return case((_fits(text, f"^{_DAY}{rest}$"), case((is_day, exp.Cast(this=text.copy(), to=kind)))))


def _is_instant(kind: exp.DataType) -> bool:
    return kind.this == exp.DataType.Type.TIMESTAMPTZ
