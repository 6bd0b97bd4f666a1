"""Functions of definitions in Spark's words: where the same name means something else there, and what has no name.

Infinite and undefined results are kept, not made null: what divides by nothing is to be refused, and not left out.
"""

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from twyman.warehouse.dialects.dialect import Word
from twyman.warehouse.dialects.tree import called, case, double, in_brackets, literal, number, renamed

Node = Callable[[exp.Expr], exp.Expr]


def infinity() -> exp.Expr:
    """Return what is larger than any number."""
    return double(literal("infinity"))


def _zoneless(moment: exp.Expr) -> exp.Expr:
    return exp.Cast(this=moment, to=exp.DataType(this=exp.DType.TIMESTAMPNTZ))


def text_of_double(value: exp.Expr) -> exp.Expr:
    """Return a double as a text: a whole one as its digits and `.0`, which Spark writes with an exponent from 1e7."""
    whole = exp.EQ(this=value.copy(), expression=called("floor", value.copy()))
    short = exp.LT(this=called("abs", value.copy()), expression=double(number(10**15)))
    digits = exp.cast(exp.cast(value.copy(), "BIGINT"), "TEXT")  # whole, and so nothing to round
    shown = called("concat", digits, literal(".0"))
    return case((exp.and_(whole, short), shown), otherwise=exp.cast(value, "TEXT"))


def every(pattern: exp.Expr) -> exp.Expr:
    """Return a pattern that is to match the whole of a text."""
    if isinstance(pattern, exp.Literal):
        return literal(rf"\A(?:{pattern.name})\z")
    return called("concat", literal(r"\A(?:"), pattern, literal(r")\z"))


_READ = {
    "Y": "yyyy", "y": "yy", "m": "M", "d": "d", "H": "H", "I": "h", "M": "m", "S": "s", "f": "SSSSSS", "g": "SSS",
    "p": "a", "b": "MMM", "B": "MMMM", "j": "D", "z": "XX", "Z": "VV",
}  # fmt: skip
"""Letters of Spark's for each of strptime's, to read by: numbers may have a leading zero or none."""

_WRITE = {**_READ, "m": "MM", "d": "dd", "H": "HH", "I": "hh", "M": "mm", "S": "ss", "j": "DDD", "a": "E", "A": "EEEE"}
"""Letters to write by."""

_PLAIN = {"-m": "M", "-d": "d", "-H": "H", "-I": "h", "-M": "m", "-S": "s", "-j": "D"}
_CODE = re.compile(r"%(-?[A-Za-z%])")
_WEEKDAY = re.compile(r"^(%[aA])([^%]*)")


def pattern_of(written: str, letters: Mapping[str, str]) -> str:
    """Return strptime's pattern in Spark's letters; a code that Spark has none for stays, and is refused there.

    Example:
        >>> pattern_of("%d.%m.%Y at %H:%M", _READ)
        "d.M.yyyy 'at' H:m"
    """
    made, end = "", 0
    for found in _CODE.finditer(written):
        code = found[1]
        made += _quoted(written[end : found.start()])
        made += "%" if code == "%" else {**letters, **_PLAIN}.get(code, f"%{code}")
        end = found.end()
    return made + _quoted(written[end:])


def _quoted(between: str) -> str:
    return re.sub(r"[A-Za-z]+", lambda found: f"'{found[0]}'", between.replace("'", "''"))


def read_time(value: exp.Expr, pattern: exp.Expr, *, lenient: bool = False) -> exp.Expr:
    """Return a text read as a time by a strptime pattern; null instead of an error where it is lenient."""
    written = str(pattern.name)
    if weekday := _WEEKDAY.match(written):  # says nothing that the date doesn't, and Spark can't read it
        value = called("regexp_replace", value, literal(rf"^\p{{L}}+{re.escape(weekday[2])}"), literal(""))
        written = written[weekday.end() :]
    zoned = "%z" in written or "%Z" in written
    letters = literal(pattern_of(written, _READ))
    if lenient:
        found = called("try_to_timestamp", value, letters)
        return found if zoned else _zoneless(found)
    return called("to_timestamp" if zoned else "to_timestamp_ntz", value, letters)


def formatted(moment: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    """Return a time as a text, by a strftime pattern."""
    return called("date_format", moment, literal(pattern_of(str(pattern.name), _WRITE)))


def _divided(node: exp.Expr) -> exp.Expr:
    above, below = double(node.this), node.expression
    if isinstance(below, exp.Literal) and float(str(below.name).rstrip("D")):
        return exp.Div(this=above, expression=double(below))
    nothing = exp.EQ(this=in_brackets(below.copy()), expression=number(0))
    endless = exp.Mul(this=above.copy(), expression=infinity())
    return exp.Case(ifs=[exp.If(this=nothing, true=endless)], default=exp.Div(this=above, expression=double(below)))


_WHOLE = (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT)
_TRUTHS = (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Boolean)


def _cast(node: exp.Expr) -> exp.Expr:
    """Return a cast; to a whole number it rounds, where Spark would cut off: by what is left of it, cut off."""
    kind, value = node.args["to"], node.this
    if kind.this == exp.DType.JSON:
        return value
    if kind.this not in _WHOLE or isinstance(value.unnest(), (*_TRUTHS, exp.Count, exp.Literal)):
        return node
    lost = exp.Sub(this=_as(node, value, "DOUBLE"), expression=_as(node, node.copy(), "DOUBLE"))
    rounded = exp.Cast(this=called("round", lost), to=kind.copy())
    return in_brackets(exp.Add(this=node, expression=rounded))


def _as(like: exp.Expr, value: exp.Expr, kind: str) -> exp.Expr:
    return type(like)(this=value.copy(), to=exp.DataType.build(kind), safe=like.args.get("safe"))


def _lenient_cast(node: exp.Expr) -> exp.Expr:
    node.set(arg_key="safe", value=True)
    return _cast(node)


_WIDER = {
    exp.DType.INT128: "DECIMAL(38, 0)",
    exp.DType.UINT128: "DECIMAL(38, 0)",
    exp.DType.UBIGINT: "DECIMAL(20, 0)",
    exp.DType.UINT: "BIGINT",
    exp.DType.USMALLINT: "INT",
    exp.DType.UTINYINT: "SMALLINT",
}


def _kind(node: exp.Expr) -> exp.Expr:
    wider = _WIDER.get(node.this)
    return exp.DataType.build(wider, dialect="spark") if wider else node


def _logarithm(function: str, value: exp.Expr) -> exp.Expr:
    value = double(value)
    ifs = [
        exp.If(this=exp.EQ(this=value.copy(), expression=number(0)), true=exp.Neg(this=infinity())),
        exp.If(this=exp.LT(this=value.copy(), expression=number(0)), true=double(literal("NaN"))),
    ]
    return exp.Case(ifs=ifs, default=called(function, value))


def _log(node: exp.Expr) -> exp.Expr:
    base, value = node.this, node.expression
    if value is None:
        return _logarithm("log10", base)
    return _logarithm(f"log{base.name}", value) if base.name in ("2", "10") else node


def _epoch(at: exp.Expr) -> exp.Expr:
    instant = exp.Cast(this=at, to=exp.DataType(this=exp.DType.TIMESTAMPTZ))
    return exp.Div(this=double(called("unix_micros", instant)), expression=double(number(1_000_000)))


def _from_sunday(at: exp.Expr) -> exp.Expr:
    return exp.Sub(this=called("dayofweek", at), expression=number(1))


def _from_monday(at: exp.Expr) -> exp.Expr:
    since = exp.Mod(this=in_brackets(exp.Add(this=called("dayofweek", at), expression=number(5))), expression=number(7))
    return exp.Add(this=in_brackets(since), expression=number(1))


_PARTS: Mapping[str, Word] = {
    "DOW": _from_sunday,
    "DAYOFWEEK": _from_sunday,
    "WEEKDAY": _from_sunday,
    "ISODOW": _from_monday,
    "EPOCH": _epoch,
    "SECOND": renamed("second"),
    "MINUTE": renamed("minute"),
    "HOUR": renamed("hour"),
    "DAY": renamed("day"),
    "DOY": renamed("dayofyear"),
    "DAYOFYEAR": renamed("dayofyear"),
    "WEEK": renamed("weekofyear"),
    "MONTH": renamed("month"),
    "QUARTER": renamed("quarter"),
    "YEAR": renamed("year"),
}


def _part(node: exp.Expr) -> exp.Expr:
    made = _PARTS.get(str(node.this.name).upper())
    return in_brackets(made(node.expression)) if made else node


def _truncated(node: exp.Expr) -> exp.Expr:
    return _zoneless(called("date_trunc", literal(str(node.args["unit"].name)), node.this))


def is_infinite(value: exp.Expr) -> exp.Expr:
    """Return whether a double is beyond any number."""
    return exp.EQ(this=called("abs", value), expression=infinity())


def epoch_us(moment: exp.Expr) -> exp.Expr:
    """Return the microseconds since 1970 of an instant, or of a zoneless time as if it were UTC: sessions are."""
    return called("unix_micros", exp.cast(moment, "TIMESTAMPTZ"))


def is_nan(value: exp.Expr) -> exp.Expr:
    """Return whether a double is no number; null of null, where Spark's own says no. NaN equals itself here."""
    return exp.EQ(this=value, expression=exp.cast(exp.Literal.string("NaN"), "DOUBLE"))


def full_match(value: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    """Return whether a pattern matches the whole of a text."""
    return exp.RegexpLike(this=value, expression=every(pattern))


def try_read_time(value: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    """Return a text read as a time; null where it is none."""
    return read_time(value, pattern, lenient=True)


def _later(node: exp.Expr) -> exp.Expr:
    """Return a time that is later by an interval; of a date it is a time, too, once a clock had a part in it."""
    if not isinstance(node.expression, exp.Interval):
        return node
    later = exp.Add(this=node.this, expression=node.expression)
    moment = exp.Interval(this=literal("0"), unit=exp.Var(this="SECOND"))
    return in_brackets(exp.Add(this=in_brackets(later), expression=moment))


_GROUP = re.compile(r"\\(\d)|([$])")


def replaced(group: str = "$%d") -> Node:
    """Return what spells a replacement of a pattern's first match, where Spark replaces all of them.

    Args:
        group: How a replacement names a group of the pattern: Java's way, unless told otherwise.
    """

    def spelled(node: exp.Expr) -> exp.Expr:
        flags, pattern, instead = (node.args.get(key) for key in ("modifiers", "expression", "replacement"))
        if not isinstance(pattern, exp.Literal) or not isinstance(instead, exp.Literal):
            return node
        letters = flags.name if flags is not None else ""
        written = ("(?i)" if "i" in letters else "") + str(pattern.name)
        if "g" in letters:
            return called("regexp_replace", node.this, literal(written), literal(_grouped(instead.name, group, 0)))
        first = literal(rf"\A([\s\S]*?)({written})")
        return called("regexp_replace", node.this, first, literal(group % 1 + _grouped(instead.name, group, 2)))

    return spelled


def _grouped(instead: str, group: str, before: int) -> str:
    r"""Return a replacement in which groups are written as an engine has them, behind some others.

    Example:
        >>> print(_grouped(r"\1 for $5", "$%d", 2))
        $3 for \$5
    """
    sign = r"\$" if group == "$%d" else "$$"
    return _GROUP.sub(lambda found: sign if found[2] else group % (int(found[1]) + before), instead)


NODES: Mapping[type[exp.Expr], Node] = {
    exp.Div: _divided,
    exp.Cast: _cast,
    exp.TryCast: _lenient_cast,
    exp.Dayname: lambda node: called("date_format", node.this, literal("EEEE")),
    exp.Monthname: lambda node: called("date_format", node.this, literal("MMMM")),
    exp.DateAdd: _later,
    exp.RegexpReplace: replaced(),
    exp.DataType: _kind,
    exp.Ln: lambda node: _logarithm("ln", node.this),
    exp.Log: _log,
    exp.Extract: _part,
    exp.DayOfWeek: lambda node: in_brackets(_from_sunday(node.this)),
    exp.DayOfWeekIso: lambda node: in_brackets(_from_monday(node.this)),
    exp.Week: lambda node: called("weekofyear", node.this),
    exp.TimeToUnix: lambda node: _epoch(node.this),
    exp.TimestampTrunc: _truncated,
    exp.DateTrunc: _truncated,
    exp.RegexpFullMatch: lambda node: full_match(node.this, node.expression),
    exp.IsInf: lambda node: is_infinite(node.this),
    exp.StrToTime: lambda node: read_time(node.this, node.args["format"]),
    exp.TimeToStr: lambda node: formatted(node.this, node.args["format"]),
}
