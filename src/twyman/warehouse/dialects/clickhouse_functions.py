"""ClickHouse's form of each function that a definition may call.

Its own names count bytes and not characters, round halves to even, and know nothing where we have null; so most
have another name here. Oracle: each is tried beside DuckDB in `tests/engines`.
"""

from collections.abc import Callable

from sqlglot import exp

from twyman.warehouse.dialects.clickhouse_casts import boolean, double, product, together
from twyman.warehouse.dialects.clickhouse_times import TIMES, epoch_us, strptime, truncated
from twyman.warehouse.dialects.dialect import Word
from twyman.warehouse.dialects.tree import called, case, in_brackets, literal, number, renamed

Change = Callable[[exp.Expr], exp.Expr]
_DOT = "(?-s)"
"""Begins each pattern: a dot is no end of a line, as elsewhere."""


def _same(function: str) -> Change:
    """Return a node as a call of a function of the same arguments."""
    return lambda node: called(function, *_arguments(node))


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    keys = ("this", "expression", "start", "length")
    return [value for key in keys if isinstance(value := node.args.get(key), exp.Expr)]


def _of_double(function: str) -> Change:
    return lambda node: called(function, *(double(one) for one in _arguments(node)))


def _divided(node: exp.Expr) -> exp.Expr:
    """Divide doubles: of decimals, ClickHouse keeps no more digits than the first has."""
    below = node.expression
    below = below if isinstance(below, exp.Literal) else double(below)
    return exp.Div(this=double(node.this), expression=below)


def _by_some(node: exp.Expr) -> exp.Expr:
    """Divide whole numbers by something that isn't zero: by zero, the result is null and no error."""
    if not isinstance(node.expression, exp.Literal):
        node.set("expression", called("nullIf", node.expression, number(0)))
    return node


def _rounded(node: exp.Expr) -> exp.Expr:
    """Round half away from zero: of doubles, ClickHouse rounds half to even."""
    places = node.args.get("decimals")
    if places is None:
        return in_brackets(_half_up(double(node.this)))
    factor = called("exp10", places)
    whole = _half_up(in_brackets(exp.Mul(this=double(node.this), expression=factor)))
    return in_brackets(exp.Div(this=in_brackets(whole), expression=factor.copy()))


def _half_up(value: exp.Expr) -> exp.Expr:
    whole = called("trunc", value)
    rest = exp.Sub(this=value.copy(), expression=whole.copy())
    over = exp.GTE(this=called("abs", rest), expression=number(0.5))
    step = case((over, double(called("sign", value.copy()))), otherwise=double(number(0)))
    return exp.Add(this=whole, expression=step)


def _logarithm(node: exp.Expr) -> exp.Expr:
    base, value = node.this, node.args.get("expression")
    if value is None:
        return called("log10", double(base))
    if base.name in ("2", "10"):
        return called(f"log{base.name}", double(value))
    return exp.Div(this=called("ln", double(value)), expression=called("ln", double(base)))


def _furthest(function: str) -> Change:
    def change(node: exp.Expr) -> exp.Expr:
        return called(function, *together([node.this, *node.expressions]))

    return change


def furthest(function: str) -> Word:
    """Return the word for the highest or the lowest of some values, nulls aside."""
    return lambda *values: called(function, *together(values))


def _nan(value: exp.Expr) -> exp.Expr:
    return called("isNaN", double(value))


def _infinite(value: exp.Expr) -> exp.Expr:
    return called("isInfinite", double(value))


def _root(value: exp.Expr) -> exp.Expr:
    return called("sqrt", double(value))


def _contains(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    return in_brackets(exp.GT(this=called("positionUTF8", text, part), expression=number(0)))


def _pattern(pattern: exp.Expr, before: str = "", after: str = "") -> exp.Expr:
    if isinstance(pattern, exp.Literal):
        return literal(f"{_DOT}{before}{pattern.name}{after}")
    return called("concat", literal(_DOT + before), pattern, literal(after))


def _full_match(text: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    return called("match", text, _pattern(pattern, "^(?:", ")$"))


def _matches(text: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    return called("match", text, _pattern(pattern))


def _extracted(node: exp.Expr) -> exp.Expr:
    return called("regexpExtract", node.this, _pattern(node.expression), node.args.get("group") or number(0))


def _replaced(node: exp.Expr) -> exp.Expr:
    flags = node.args.get("modifiers")
    every = flags is not None and "g" in flags.name
    function = "replaceRegexpAll" if every else "replaceRegexpOne"
    return called(function, node.this, _pattern(node.expression), node.args.get("replacement") or literal(""))


def _sliced(node: exp.Expr) -> exp.Expr:
    """Return a part of a text; ClickHouse has no place 0, which to us is the one before the first."""
    return called("substringUTF8", *_arguments(node))


def _split(node: exp.Expr) -> exp.Expr:
    pieces = called("splitByString", node.args["delimiter"], called("assumeNotNull", node.this))
    piece = called("arrayElement", pieces, node.args["part_index"])
    return called("if", called("isNull", node.this.copy()), exp.null(), piece)


def _padded(node: exp.Expr) -> exp.Expr:
    return called("leftPadUTF8", node.this, node.expression, node.args.get("fill_pattern") or literal(" "))


def _byte(value: exp.Expr, shift: int, mask: int) -> exp.Expr:
    return called("bitAnd", called("bitShiftRight", value.copy(), number(shift)), number(mask))


def _code(node: exp.Expr) -> exp.Expr:
    """Return the number of a text's first character, from the bytes of its UTF-8."""
    text = node.this
    raw = called("reinterpretAsUInt32", called("reverse", called("substringUTF8", text, number(1), number(1))))

    def joined(*parts: tuple[int, int]) -> exp.Expr:
        pieces = [
            exp.Mul(this=_byte(raw, shift, mask), expression=number(64 ** (len(parts) - 1 - place)))
            for place, (shift, mask) in enumerate(parts)
        ]
        whole: exp.Expr = pieces[0]
        for piece in pieces[1:]:
            whole = exp.Add(this=whole, expression=piece)
        return whole

    return called(
        "multiIf",
        exp.LT(this=raw.copy(), expression=number(128)), called("toInt64", raw),
        exp.LT(this=raw.copy(), expression=number(1 << 16)), called("toInt64", joined((8, 31), (0, 63))),
        exp.LT(this=raw.copy(), expression=number(1 << 24)), called("toInt64", joined((16, 15), (8, 63), (0, 63))),
        called("toInt64", joined((24, 7), (16, 63), (8, 63), (0, 63))),
    )  # fmt: skip


def _character(node: exp.Expr) -> exp.Expr:
    """Return the character of a number: of a written one, itself; else by its code, below 128."""
    code = node.expressions[0] if node.expressions else node.this
    if isinstance(code, exp.Literal) and code.is_int:
        return literal(chr(int(code.name)))
    small = exp.LT(this=code.copy(), expression=number(128))
    return case((small, called("char", code)))


def _digest(function: str) -> Change:
    return lambda node: called("lower", called("hex", called(function, node.this)))


def _steps(path: exp.Expr) -> list[exp.Expr] | None:
    if not isinstance(path, exp.JSONPath):
        return None
    steps: list[exp.Expr] = []
    for step in path.expressions:
        if isinstance(step, exp.JSONPathKey):
            steps.append(literal(str(step.this)))
        elif isinstance(step, exp.JSONPathSubscript) and isinstance(step.this, int):
            steps.append(number(step.this + 1) if step.this >= 0 else exp.Neg(this=number(-step.this)))
        elif not isinstance(step, exp.JSONPathRoot):
            return None
    return steps


def _json(*, text: bool) -> Change:
    def change(node: exp.Expr) -> exp.Expr:
        steps = _steps(node.expression)
        if steps is None:
            return node
        raw = called("nullIf", called("JSONExtractRaw", node.this, *steps), literal(""))
        if not text:
            return raw
        quoted = called("startsWith", raw.copy(), literal('"'))
        content = called("JSONExtractString", node.this.copy(), *(step.copy() for step in steps))
        return case((quoted, content), otherwise=called("nullIf", raw, literal("null")))

    return change


def _two(word: Callable[[exp.Expr, exp.Expr], exp.Expr]) -> Change:
    return lambda node: word(node.this, node.expression)


def _chosen(node: exp.Expr) -> exp.Expr:
    """Give the results of a CASE one type."""
    ifs, default = node.args["ifs"], node.args.get("default")
    values = together([*(one.args["true"] for one in ifs), *([default] if default is not None else [])])
    for one, value in zip(ifs, values, strict=False):
        one.set("true", value)
    if default is not None:
        node.set("default", values[-1])
    return node


def _if(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Case):
        return node
    values = together([node.args["true"], node.args.get("false") or exp.null()])
    return called("if", node.this, *values)


def _coalesced(node: exp.Expr) -> exp.Expr:
    first, *rest = together([node.this, *node.expressions])
    return exp.Coalesce(this=first, expressions=rest)


def _joined(node: exp.Expr) -> exp.Expr:
    return called("concat", *(_or_empty(one) for one in [*_arguments(node), *node.expressions]))


def _or_empty(value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Literal):
        return value
    value = value.this if isinstance(value, exp.Coalesce) else value
    return called("ifNull", called("toString", boolean(value)), literal(""))


def _joined_with(node: exp.Expr) -> exp.Expr:
    separator, *values = node.expressions
    texts = [called("toString", value.this if isinstance(value, exp.Coalesce) else value) for value in values]
    return called("arrayStringConcat", exp.Array(expressions=texts), separator)


WORDS: dict[str, Word] = {
    "greatest": furthest("greatest"),
    "least": furthest("least"),
    "contains": _contains,
    "starts_with": renamed("startsWith"),
    "ends_with": renamed("endsWith"),
    "lower": renamed("lowerUTF8"),
    "upper": renamed("upperUTF8"),
    "regexp_full_match": _full_match,
    "regexp_matches": _matches,
    "isnan": _nan,
    "isinf": _infinite,
    "sqrt": _root,
    "strptime": strptime,
    "epoch_us": epoch_us,
    "date_trunc": truncated,
    "array_length": renamed("length"),
    "list_contains": renamed("has"),
}
NODES: dict[type[exp.Expr], Change] = {
    exp.Div: _divided,
    exp.Mul: product,
    exp.Mod: _by_some,
    exp.IntDiv: _by_some,
    exp.Round: _rounded,
    exp.Log: _logarithm,
    exp.Greatest: _furthest("greatest"),
    exp.Least: _furthest("least"),
    **{
        kind: _of_double(kind.sql_name().lower())
        for kind in (exp.Sqrt, exp.Cbrt, exp.Exp, exp.Ln, exp.Radians, exp.Degrees, exp.Sin, exp.Cos, exp.Tan,
                     exp.Asin, exp.Acos, exp.Atan, exp.Atan2)
    },
    exp.Pow: _of_double("pow"),
    exp.IsNan: lambda node: _nan(node.this),
    exp.IsInf: lambda node: _infinite(node.this),
    exp.Case: _chosen,
    exp.If: _if,
    exp.Coalesce: _coalesced,
    exp.Lower: _same("lowerUTF8"),
    exp.Upper: _same("upperUTF8"),
    exp.Length: lambda node: called("lengthUTF8", node.this),
    exp.Reverse: _same("reverseUTF8"),
    exp.Left: _same("leftUTF8"),
    exp.Right: _same("rightUTF8"),
    exp.Substring: _sliced,
    exp.StrPosition: lambda node: called("positionUTF8", node.this, node.args["substr"]),
    exp.SplitPart: _split,
    exp.Pad: _padded,
    exp.Unicode: _code,
    exp.Ascii: _code,
    exp.Chr: _character,
    exp.Concat: _joined,
    exp.ConcatWs: _joined_with,
    exp.MD5: _digest("MD5"),
    exp.SHA2: _digest("SHA256"),
    exp.Contains: _two(_contains),
    exp.EndsWith: _same("endsWith"),
    exp.StartsWith: _same("startsWith"),
    exp.RegexpFullMatch: _two(_full_match),
    exp.RegexpLike: _two(_matches),
    exp.RegexpExtract: _extracted,
    exp.RegexpReplace: _replaced,
    **TIMES,
    exp.ArrayContains: _same("has"),
    exp.ArraySize: lambda node: called("length", node.this),
    exp.JSONExtract: _json(text=False),
    exp.JSONExtractScalar: _json(text=True),
}  # fmt: skip
