"""ClickHouse's form of functions about time: counted to the microsecond, and weeks that begin on Monday.

Its own functions give days where they are asked for weeks, and seconds where they are asked for days; what comes from
here is a `DateTime64(6)`, as all our times are, or a `Date32`.
"""

import re
from collections.abc import Callable

from sqlglot import exp

from twyman.warehouse.dialects.clickhouse_casts import date, double
from twyman.warehouse.dialects.dialect import Word
from twyman.warehouse.dialects.spark_functions import pattern_of
from twyman.warehouse.dialects.tree import called, in_brackets, literal, number, renamed

Change = Callable[[exp.Expr], exp.Expr]
_READ = {
    "Y": "yyyy", "y": "yy", "m": "M", "d": "d", "H": "H", "I": "h", "M": "m", "S": "s", "f": "SSSSSS", "p": "a",
    "b": "MMM", "B": "MMMM", "a": "EEE", "A": "EEEE", "j": "D",
}  # fmt: skip
_WRITE = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "H": "%H", "I": "%I", "M": "%i", "S": "%S", "f": "%f", "p": "%p",
    "b": "%b", "B": "%M", "a": "%a", "A": "%W", "j": "%j", "%": "%%",
}  # fmt: skip
_CODE = re.compile(r"%(-?[A-Za-z%])")


def epoch_us(moment: exp.Expr) -> exp.Expr:
    """Return the microseconds since 1970."""
    return called("toUnixTimestamp64Micro", called("toDateTime64", moment, number(6)))


def _epoch(moment: exp.Expr) -> exp.Expr:
    return in_brackets(exp.Div(this=epoch_us(moment), expression=number(1_000_000)))


def _from_epoch(node: exp.Expr) -> exp.Expr:
    exact = exp.Mul(this=in_brackets(double(node.this)), expression=number(1_000_000))
    return called("fromUnixTimestamp64Micro", called("toInt64", called("round", exact)), literal("UTC"))


def _from_sunday(moment: exp.Expr) -> exp.Expr:
    return in_brackets(exp.Mod(this=called("toDayOfWeek", moment), expression=number(7)))


_PARTS: dict[str, Word] = {
    "DOW": _from_sunday,
    "DAYOFWEEK": _from_sunday,
    "WEEKDAY": _from_sunday,
    "ISODOW": renamed("toDayOfWeek"),
    "EPOCH": _epoch,
    "SECOND": renamed("toSecond"),
    "MINUTE": renamed("toMinute"),
    "HOUR": renamed("toHour"),
    "DAY": renamed("toDayOfMonth"),
    "DOY": renamed("toDayOfYear"),
    "DAYOFYEAR": renamed("toDayOfYear"),
    "WEEK": renamed("toISOWeek"),
    "MONTH": renamed("toMonth"),
    "QUARTER": renamed("toQuarter"),
    "YEAR": renamed("toYear"),
}


def _part(node: exp.Expr) -> exp.Expr:
    made = _PARTS.get(str(node.this.name).upper())
    return made(node.expression) if made else node


def _field(name: str) -> Change:
    return lambda node: _PARTS[name](node.this)


def truncated(unit: exp.Expr, moment: exp.Expr) -> exp.Expr:
    """Return when a unit of time began, to the microsecond, as all our times are."""
    return called("toDateTime64", called("date_trunc", literal(unit.name.lower()), moment), number(6))


def _truncated(node: exp.Expr) -> exp.Expr:
    return truncated(node.args["unit"], node.this)


def _named(unit: str) -> Change:
    return lambda node: called("dateName", literal(unit), node.this)


def _distance(node: exp.Expr) -> exp.Expr:
    unit = str(node.args["unit"].name).lower()
    return called("dateDiff", literal(unit), node.expression, node.this)


def _later(node: exp.Expr) -> exp.Expr:
    if not isinstance(node.expression, exp.Interval):
        return node
    return in_brackets(exp.Add(this=called("toDateTime64", node.this, number(6)), expression=node.expression))


def _made_date(node: exp.Expr) -> exp.Expr:
    return called("makeDate32", *(node.args[key] for key in ("year", "month", "day")))


def _made_time(node: exp.Expr) -> exp.Expr:
    parts = [node.args[key] for key in ("year", "month", "day", "hour", "min", "sec")]
    return called("makeDateTime64", *parts, number(0), number(6))


def strptime(text: exp.Expr, form: exp.Expr) -> exp.Expr:
    """Return a text read by a format, as a clock on the wall."""
    read = called("parseDateTime64InJodaSyntax", text, literal(pattern_of(form.name, _READ)))
    # Through a number, since a time that was read says a zone, and a wall has none.
    return called("fromUnixTimestamp64Micro", called("toUnixTimestamp64Micro", read))


def _formatted(node: exp.Expr) -> exp.Expr:
    form = _CODE.sub(lambda found: _WRITE.get(found[1], found[0]), node.args["format"].name)
    return called("formatDateTime", node.this, literal(form))


TIMES: dict[type[exp.Expr], Change] = {
    **{
        kind: _field(name)
        for kind, name in {
            exp.Year: "YEAR",
            exp.Quarter: "QUARTER",
            exp.Month: "MONTH",
            exp.Week: "WEEK",
            exp.Day: "DAY",
            exp.DayOfWeek: "DOW",
            exp.DayOfWeekIso: "ISODOW",
            exp.DayOfYear: "DOY",
            exp.Hour: "HOUR",
            exp.Minute: "MINUTE",
            exp.Second: "SECOND",
            exp.TimeToUnix: "EPOCH",
        }.items()
    },
    exp.Extract: _part,
    exp.Dayname: _named("weekday"),
    exp.Monthname: _named("month"),
    exp.LastDay: lambda node: called("toLastDayOfMonth", node.this),
    exp.TimestampTrunc: _truncated,
    exp.DateTrunc: _truncated,
    exp.DateDiff: _distance,
    exp.DateAdd: _later,
    exp.DateFromParts: _made_date,
    exp.TimestampFromParts: _made_time,
    exp.UnixToTime: _from_epoch,
    exp.Date: lambda node: date(node.this),
    exp.StrToTime: lambda node: strptime(node.this, node.args["format"]),
    exp.TimeToStr: _formatted,
}
"""By kind of node."""
