"""How a column tells the time, and what it is as a zoneless timestamp in UTC.

Text is read by the format given; or as ISO 8601; or by the one common format that reads every value
of the column. Where two formats read every value and disagree, the column is refused: `7/10/2020`
is a July day to some and an October day to others, and nobody should guess.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product

from sqlglot import exp

from twyman.kernel.errors import Invalid
from twyman.kernel.place import Place
from twyman.warehouse.engine import Engine, local
from twyman.warehouse.language.syntax import (
    DAY,
    alias,
    call,
    cast,
    column,
    count_rows,
    later,
    number,
    select,
    text,
    timestamp,
)

ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?"
ZONED = ISO + r" ?(Z|z|[+-]\d{2}(:?\d{2})?)"
DATE_ONLY = r"\d{4}-\d{2}-\d{2}"
DATES = ("%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y")
HOURS = ("", " %H:%M", " %H:%M:%S")
COMMON = tuple(day + hour for day, hour in product(DATES, HOURS))
"""Formats tried on text that is not ISO 8601."""


class Clock(StrEnum):
    """What a time column says about zones."""

    UTC = "utc"
    LOCAL = "local"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Time:
    """A row's time.

    Attributes:
        raw: The column as it stands.
        utc: As a zoneless timestamp in UTC.
        clock: Whether the column names instants, wall-clock times, or days.
        zone: In which wall-clock times and days are read.
    """

    raw: exp.Expr
    utc: exp.Expr
    clock: Clock
    zone: str

    @property
    def zoneless(self) -> bool:
        """Whether the zone was ours to choose."""
        return self.clock is not Clock.UTC

    def since(self, moment: datetime) -> exp.Expr:
        """Return the condition that a time is at or after an instant, in a form that files can be pruned by."""
        return self._compared(moment, exp.GTE, -DAY)

    def before(self, moment: datetime) -> exp.Expr:
        """Return the condition that a time is before an instant, in a form that files can be pruned by."""
        return self._compared(moment, exp.LT, DAY)

    def _compared(self, moment: datetime, comparison: type[exp.Binary], slack: timedelta) -> exp.Expr:
        exact = comparison(this=self.utc.copy(), expression=timestamp(moment))
        if self.raw == self.utc:
            return exact
        if self.clock is Clock.UTC:
            literal = cast(text(moment.isoformat(sep=" ")), "TIMESTAMPTZ")
            return comparison(this=self.raw.copy(), expression=literal)
        rough = cast(text(str(local(moment, self.zone) + slack)), "TIMESTAMP")
        return exp.and_(comparison(this=self.raw.copy(), expression=rough), exact)


def time_of(expression: exp.Expr, kind: str, *, zone: str, what: str, place: Place | None) -> Time:
    """Return how an expression of some type tells the time.

    Raises:
        Invalid: If the type is no time.
    """
    if kind == "TIMESTAMP WITH TIME ZONE":
        return Time(expression, call("utc_of_instant", expression.copy()), Clock.UTC, zone)
    if kind == "DATE":
        return Time(expression, _to_utc(cast(expression.copy(), "TIMESTAMP"), zone), Clock.DAY, zone)
    if kind == "TIMESTAMP":
        return Time(expression, _to_utc(expression, zone), Clock.LOCAL, zone)
    if kind.startswith("TIMESTAMP"):
        return Time(expression, _to_utc(cast(expression.copy(), "TIMESTAMP"), zone), Clock.LOCAL, zone)
    raise Invalid(
        f"{what} is of type {kind}, which tells no time: name a column of dates or times, or convert it "
        "(to_timestamp(seconds), epoch_ms(milliseconds))",
        place=place,
    )


def wall_of(moment: exp.Expr, zone: str) -> exp.Expr:
    """Return a zoneless UTC time as a clock on the wall of a zone shows it."""
    return moment.copy() if zone == "UTC" else call("wall_of_utc", moment.copy(), text(zone))


def _to_utc(expression: exp.Expr, zone: str) -> exp.Expr:
    return expression.copy() if zone == "UTC" else call("utc_of_wall", expression.copy(), text(zone))


def midnight(moment: exp.Expr, zone: str) -> exp.Expr:
    """Return the midnight, in a zone, at which the day of a zoneless UTC time began."""
    return _to_utc(call("date_trunc", text("day"), wall_of(moment, zone)), zone)


def days_later(moment: exp.Expr, length: timedelta, zone: str) -> exp.Expr:
    """Return a zoneless UTC time so many days on by the calendar of a zone, in which a day may have 23 or 25 hours."""
    return _to_utc(exp.paren(later(wall_of(moment, zone), length)), zone)


def day(moment: exp.Expr, zone: str) -> exp.Expr:
    """Return the date, in a zone, of a zoneless UTC time."""
    return cast(wall_of(moment, zone), "DATE")


def steps_since(start: exp.Expr, moment: exp.Expr, step: timedelta) -> exp.Expr:
    """Return how many whole steps of time lie between two zoneless UTC times; exact to the microsecond.

    Example:
        >>> steps_since(column("exposed_at"), column("at"), timedelta(days=1)).sql("duckdb")
        'FLOOR(CAST(EPOCH_US("at") - EPOCH_US(exposed_at) AS DOUBLE) / 86400000000)'
    """
    elapsed = exp.Sub(this=call("epoch_us", moment.copy()), expression=call("epoch_us", start.copy()))
    microseconds = number(step // timedelta(microseconds=1))
    return call("floor", exp.Div(this=cast(elapsed, "DOUBLE"), expression=microseconds))


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of text that should tell the time, in a table read from files."""

    name: str
    item: exp.Expr
    what: str
    place: Place | None

    def query(self, **values: exp.Expr) -> exp.Query:
        """Return a SELECT of aggregates over the whole column."""
        return select(*(alias(value, key) for key, value in values.items())).from_(self.item.copy())


def reading(engine: Engine, source: TextColumn, format_given: str | None) -> exp.Expr:
    """Return the expression that reads a column of text as dates or times.

    Raises:
        Invalid: If a value doesn't fit the format given, if zones are mixed, or if the order of day
            and month is anybody's guess.
    """
    value = column(source.name)
    if format_given:
        return _by_format(engine, source, value, format_given)
    matches = engine.row(
        source.query(
            given=exp.Count(this=value.copy()),
            iso=_count_matching(value, ISO),
            zoned=_count_matching(value, ZONED),
            days=_count_matching(value, DATE_ONLY),
        )
    )
    if matches["zoned"] and matches["iso"]:
        raise Invalid(
            f"{source.what} mixes time zones: {matches['zoned']:,} times have an offset, {matches['iso']:,} have none: "
            "write all of them with their offset",
            place=source.place,
        )
    if matches["given"] and matches["iso"] + matches["zoned"] == matches["given"]:
        kind = "TIMESTAMPTZ" if matches["zoned"] else "DATE" if matches["days"] == matches["given"] else "TIMESTAMP"
        return _checked(engine, source, cast(value, kind), exp.TryCast(this=value.copy(), to=exp.DataType.build(kind)))
    if matches["given"] and not engine.connector.dialect.native:
        raise Invalid(
            f"{source.what} is text that isn't ISO 8601 in every row: say how it is written, as in "
            f'formats: {{{source.name}: "%d.%m.%Y"}}, or make a time of it in sql:',
            place=source.place,
        )
    return _by_common_format(engine, source, value)


def _count_matching(value: exp.Expr, pattern: str) -> exp.Expr:
    return call("count_if", call("regexp_full_match", value.copy(), text(pattern)))


def _checked(engine: Engine, source: TextColumn, strict: exp.Expr, lenient: exp.Expr) -> exp.Expr:
    value = column(source.name)
    wrong = exp.and_(
        exp.Not(this=exp.Is(this=value, expression=exp.null())), exp.Is(this=lenient, expression=exp.null())
    )
    found = engine.row(source.query(bad=exp.Filter(this=call("min", value.copy()), expression=exp.Where(this=wrong))))
    if found["bad"] is not None:
        raise Invalid(
            f"{source.what} holds '{found['bad']}', which is no such date: correct the row", place=source.place
        )
    return strict


def _parse(value: exp.Expr, pattern: str, *, function: str = "strptime") -> exp.Expr:
    return call(function, value.copy(), text(pattern))


def _tells_hours(pattern: str) -> bool:
    return any(code in pattern for code in ("%H", "%I", "%X", "%c", "%s"))


def _by_format(engine: Engine, source: TextColumn, value: exp.Expr, pattern: str) -> exp.Expr:
    if not engine.connector.dialect.native:
        return _by_looks(engine, source, value, pattern)
    lenient = _parse(value, pattern, function="try_strptime")
    wrong = exp.and_(
        exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())), exp.Is(this=lenient, expression=exp.null())
    )
    example = exp.Filter(this=call("min", value.copy()), expression=exp.Where(this=wrong))
    try:
        found = engine.row(source.query(bad=example))
    except Invalid as error:
        raise Invalid(
            f"format '{pattern}' of {source.what} is no strptime format: {error.message}", place=source.place
        ) from error
    if found["bad"] is not None:
        raise Invalid(
            f"{source.what} holds '{found['bad']}', which format '{pattern}' doesn't read: "
            "correct the format, or the row",
            place=source.place,
        )
    strict = _parse(value, pattern)
    return strict if _tells_hours(pattern) else cast(strict, "DATE")


_LOOKS = {
    "Y": r"[0-9]{4}", "m": "[0-9]{1,2}", "d": "[0-9]{1,2}", "H": "[0-9]{1,2}", "M": "[0-9]{1,2}", "S": "[0-9]{1,2}",
    "y": "[0-9]{2}", "I": "[0-9]{1,2}", "p": "[AaPp][Mm]", "b": "[A-Za-z]{3}", "B": "[A-Za-z]+", "a": "[A-Za-z]{3}",
    "A": "[A-Za-z]+", "j": "[0-9]{1,3}", "f": "[0-9]{1,6}", "%": "%",
}  # fmt: skip
"""What a text looks like, by the codes of a format."""


def _by_looks(engine: Engine, source: TextColumn, value: exp.Expr, pattern: str) -> exp.Expr:
    """Read a column by a format on an engine that can't try: what looks otherwise is refused beforehand."""
    codes = re.findall(r"%-?(.)|([^%])", pattern)
    strange = next((code for code, _ in codes if code and code not in _LOOKS), None)
    if strange is not None:
        raise Invalid(
            f"format '{pattern}' of {source.what} has %{strange}, which only DuckDB reads: make a time of it in sql:",
            place=source.place,
        )
    looks = "".join(_LOOKS[code] if code else re.escape(plain) for code, plain in codes)
    strict = _parse(value, pattern)
    fits = exp.Not(this=call("regexp_full_match", value.copy(), text(looks)))
    example = exp.Filter(this=call("min", value.copy()), expression=exp.Where(this=fits))
    found = engine.row(source.query(bad=example))
    if found["bad"] is not None:
        raise Invalid(
            f"{source.what} holds '{found['bad']}', which format '{pattern}' doesn't read: "
            "correct the format, or the row",
            place=source.place,
        )
    engine.note((source.place, pattern), lambda: source.query(x=exp.Count(this=strict.copy())))
    return strict if _tells_hours(pattern) else cast(strict, "DATE")


def _by_common_format(engine: Engine, source: TextColumn, value: exp.Expr) -> exp.Expr:
    readings = {f"f{index}": _parse(value, pattern, function="try_strptime") for index, pattern in enumerate(COMMON)}
    strange = exp.Not(this=call("regexp_full_match", value.copy(), text(f"{ISO}|{ZONED}")))
    counts = engine.row(
        source.query(
            rows=count_rows(),
            given=exp.Count(this=value.copy()),
            example=exp.Filter(this=call("min", value.copy()), expression=exp.Where(this=strange)),
            **{key: exp.Count(this=parsed) for key, parsed in readings.items()},
        )
    )
    if not counts["rows"]:
        return cast(value, "TIMESTAMP")
    fitting = [COMMON[index] for index in range(len(COMMON)) if counts[f"f{index}"] == counts["given"]]
    if not counts["given"]:
        raise Invalid(
            f"{source.what} is empty in every row, and should tell the time: name another column", place=source.place
        )
    if not fitting:
        raise Invalid(
            f"{source.what} holds '{counts['example']}', which is no ISO 8601 time: "
            f"say how it is written, as in {_told(source.name, '%d %b %Y')}",
            place=source.place,
        )
    for other in fitting[1:]:
        _refuse_disagreement(engine, source, fitting[0], other)
    strict = _parse(value, fitting[0])
    return strict if _tells_hours(fitting[0]) else cast(strict, "DATE")


def _told(name: str, pattern: str) -> str:
    """Write how a format is told: in a definition, or to a command that has none."""
    return f'formats: {{{name}: "{pattern}"}} (without definitions: --time-format "{pattern}")'


def _refuse_disagreement(engine: Engine, source: TextColumn, first: str, second: str) -> None:
    value = column(source.name)
    one, two = (_parse(value, pattern) for pattern in (first, second))
    differing = exp.Where(this=exp.NEQ(this=one, expression=two))
    found = engine.row(source.query(example=exp.Filter(this=call("max", value.copy()), expression=differing)))
    if found["example"] is None:
        return
    dates = [datetime.strptime(found["example"], pattern) for pattern in (first, second)]  # noqa: DTZ007 - a date to print
    meanings = " or ".join(f"{date.day} {date:%B %Y}" for date in dates)
    raise Invalid(
        f"dates of {source.what} are ambiguous: '{found['example']}' is {meanings}: "
        f"say which, as in {_told(source.name, first)}",
        place=source.place,
    )
