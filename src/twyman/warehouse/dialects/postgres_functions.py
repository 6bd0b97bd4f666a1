"""PostgreSQL's form of each function that a definition may call.

Oracle: each is tried beside DuckDB, on numbers, texts and times that are hard, in `tests/engines`.
"""

from collections.abc import Callable

from sqlglot import exp

from twyman.warehouse.dialects.dialect import Word
from twyman.warehouse.dialects.tree import (
    binary,
    called,
    case,
    double,
    given,
    in_brackets,
    literal,
    number,
    parts_of,
    renamed,
)

Change = Callable[[exp.Expr], exp.Expr]
_SECONDS = {"HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def _is_written(value: exp.Expr) -> bool:
    return isinstance(value, exp.Literal) and not value.is_string and float(value.name) != 0


def _divided(node: exp.Expr) -> exp.Expr:
    """Divide doubles as IEEE 754 has it: by zero, a number is infinite and nothing is left of zero."""
    above, below = double(node.this), node.expression
    if _is_written(below):
        return exp.Div(this=above, expression=below, typed=True)
    below = double(below)
    nothing = exp.EQ(this=below.copy(), expression=number(0))
    beyond = case(
        (exp.GT(this=above.copy(), expression=number(0)), double(literal("infinity"))),
        (exp.LT(this=above.copy(), expression=number(0)), double(literal("-infinity"))),
        (given(above), double(literal("nan"))),
    )
    return case((nothing, beyond), otherwise=exp.Div(this=above, expression=below, typed=True))


def _of_double(function: str) -> Change:
    return lambda node: called(function, *(double(one) for one in _arguments(node)))


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    return [value for key in ("this", "expression") if isinstance(value := node.args.get(key), exp.Expr)]


def _rounded(node: exp.Expr) -> exp.Expr:
    """Round half away from zero: of doubles, the server rounds half to even."""
    places = node.args.get("decimals")
    if places is not None and not (isinstance(places, exp.Literal) and places.is_int):
        return called("round", exp.cast(node.this, "DECIMAL"), places)
    factor = exp.Literal.number(10 ** int(places.name)) if places is not None else None
    value = exp.Mul(this=in_brackets(node.this), expression=factor) if factor is not None else node.this
    half = exp.Add(this=exp.Abs(this=value.copy()), expression=number(0.5))
    whole = exp.Mul(this=exp.Sign(this=value), expression=exp.Floor(this=half))
    return in_brackets(
        whole if factor is None else exp.Div(this=in_brackets(whole), expression=factor.copy(), typed=True)
    )


def _logarithm(node: exp.Expr) -> exp.Expr:
    base, value = node.this, node.args.get("expression")
    if value is None:
        return called("log", double(base))
    if base.name == "10":
        return called("log", double(value))
    return exp.Div(this=exp.Ln(this=double(value)), expression=exp.Ln(this=double(base)), typed=True)


def _nan(value: exp.Expr) -> exp.Expr:
    return in_brackets(exp.EQ(this=double(value), expression=double(literal("nan"))))


def _infinite(value: exp.Expr) -> exp.Expr:
    return in_brackets(exp.EQ(this=exp.Abs(this=double(value)), expression=double(literal("infinity"))))


def _root(value: exp.Expr) -> exp.Expr:
    return called("sqrt", double(value))


def _position(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    return called("strpos", text, part)


def _contains(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    return in_brackets(exp.GT(this=_position(text, part), expression=number(0)))


def _ends_with(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    # Of no characters, RIGHT returns none, and every text ends so.
    end = called("right", text, exp.Length(this=part.copy()))
    return in_brackets(exp.EQ(this=end, expression=part))


def _full_match(text: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    whole: exp.Expr
    if isinstance(pattern, exp.Literal):
        whole = literal(f"^(?:{pattern.name})$")
    else:
        whole = exp.DPipe(this=exp.DPipe(this=literal("^(?:"), expression=pattern), expression=literal(")$"))
    return in_brackets(exp.RegexpLike(this=text, expression=whole))


def _extracted(node: exp.Expr) -> exp.Expr:
    text, group = node.this, node.args.get("group") or number(0)
    found = called("regexp_substr", text, node.expression, number(1), number(1), literal(""), group)
    return exp.Coalesce(this=found, expressions=[case((given(text), literal("")))])


def _sha256(node: exp.Expr) -> exp.Expr:
    digest = called("sha256", called("convert_to", node.this, literal("UTF8")))
    return called("encode", digest, literal("hex"))


def _field(name: str) -> Change:
    """Return a field of a time as a whole number."""
    return lambda node: _whole(exp.Extract(this=exp.var(name), expression=node.this))


def _whole(value: exp.Expr) -> exp.Expr:
    return exp.cast(exp.Floor(this=value), "BIGINT")


def _extract(node: exp.Expr) -> exp.Expr:
    name = node.this.name.upper()
    if name == "EPOCH":
        return double(node)
    return _whole(exp.Extract(this=exp.var(name), expression=node.expression))


def _spelled_out(form: str) -> Change:
    return lambda node: called("to_char", node.this, literal(form))


def _epoch(moment: exp.Expr) -> exp.Expr:
    return exp.Extract(this=exp.var("EPOCH"), expression=moment)


def _distance(node: exp.Expr) -> exp.Expr:
    """Count the borders of a unit of time between two times."""
    later, sooner = node.this, node.expression
    unit = str(node.args["unit"].name).upper()
    if unit in _MONTHS:
        return _months(later, sooner, _MONTHS[unit])
    starts = [called("date_trunc", literal(unit.lower()), one) for one in (later, sooner)]
    length = _SECONDS.get(unit) or {"DAY": 86_400, "WEEK": 604_800}[unit]
    apart = exp.Sub(this=_epoch(starts[0]), expression=_epoch(starts[1]))
    return exp.cast(exp.Div(this=in_brackets(apart), expression=number(length), typed=True), "BIGINT")


def _months(later: exp.Expr, sooner: exp.Expr, length: int) -> exp.Expr:
    def counted(moment: exp.Expr) -> exp.Expr:
        years = exp.Mul(this=_part("YEAR", moment), expression=number(12 // length))
        field = {1: "MONTH", 3: "QUARTER"}.get(length)
        return exp.Add(this=years, expression=_part(field, moment)) if field else years

    return exp.cast(exp.Sub(this=in_brackets(counted(later)), expression=in_brackets(counted(sooner))), "BIGINT")


def _part(name: str, moment: exp.Expr) -> exp.Expr:
    return exp.Extract(this=exp.var(name), expression=moment.copy())


def _date(node: exp.Expr) -> exp.Expr:
    return exp.cast(node.this, "DATE")


def strptime(text: exp.Expr, form: exp.Expr) -> exp.Expr:
    """Return a text read by a format, as a time on the wall; an empty one is an error, not the year before 1."""
    empty = exp.EQ(this=text.copy(), expression=literal(""))
    read = exp.cast(exp.StrToTime(this=text, format=form), "TIMESTAMP")
    return exp.Case(ifs=[exp.If(this=empty, true=exp.cast(text.copy(), "TIMESTAMP"))], default=read)


def _read(node: exp.Expr) -> exp.Expr:
    return strptime(node.this, node.args["format"])


def _json(function: str) -> Change:
    def change(node: exp.Expr) -> exp.Expr:
        keys = parts_of(node.expression)
        if keys is None:
            return node
        return called(function, exp.cast(node.this, "JSONB"), *(literal(key) for key in keys))

    return change


def _listed(node: exp.Expr) -> exp.Expr:
    return called("cardinality", node.this)


def _two(word: Callable[[exp.Expr, exp.Expr], exp.Expr]) -> Change:
    return lambda node: word(node.this, node.expression)


WORDS: dict[str, Word] = {
    "contains": _contains,
    "ends_with": _ends_with,
    "regexp_full_match": _full_match,
    "regexp_matches": binary(exp.RegexpLike),
    "isnan": _nan,
    "isinf": _infinite,
    "sqrt": _root,
    "strptime": strptime,
    "array_length": renamed("cardinality"),
}
NODES: dict[type[exp.Expr], Change] = {
    exp.Div: _divided,
    exp.Round: _rounded,
    exp.Log: _logarithm,
    **{
        kind: _of_double(kind.sql_name().lower())
        for kind in (exp.Sqrt, exp.Cbrt, exp.Exp, exp.Ln, exp.Radians, exp.Degrees, exp.Sin, exp.Cos, exp.Tan,
                     exp.Asin, exp.Acos, exp.Atan, exp.Atan2)
    },
    exp.Pow: _of_double("power"),
    exp.IsNan: lambda node: _nan(node.this),
    exp.IsInf: lambda node: _infinite(node.this),
    exp.Contains: _two(_contains),
    exp.EndsWith: _two(_ends_with),
    exp.RegexpFullMatch: _two(_full_match),
    exp.RegexpExtract: _extracted,
    exp.SHA2: _sha256,
    exp.Quarter: _field("QUARTER"),
    exp.Week: _field("WEEK"),
    exp.DayOfWeek: _field("DOW"),
    exp.DayOfWeekIso: _field("ISODOW"),
    exp.DayOfYear: _field("DOY"),
    exp.Year: _field("YEAR"),
    exp.Month: _field("MONTH"),
    exp.Day: _field("DAY"),
    exp.Hour: _field("HOUR"),
    exp.Minute: _field("MINUTE"),
    exp.Second: _field("SECOND"),
    exp.Extract: _extract,
    exp.Dayname: _spelled_out("FMDay"),
    exp.Monthname: _spelled_out("FMMonth"),
    exp.TimeToUnix: lambda node: double(_epoch(node.this)),
    exp.DateDiff: _distance,
    exp.DateFromParts: lambda node: called("make_date", *(node.args[key] for key in ("year", "month", "day"))),
    exp.Date: _date,
    exp.StrToTime: _read,
    exp.ArraySize: _listed,
    exp.JSONExtract: _json("jsonb_extract_path"),
    exp.JSONExtractScalar: _json("jsonb_extract_path_text"),
}  # fmt: skip
