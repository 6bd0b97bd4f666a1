"""What can be measured of a table of events that nobody defined a metric over: who did what, how often, how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twyman.definitions.guessing.arms import slug, unused
from twyman.definitions.guessing.columns import plain
from twyman.definitions.guessing.exposing import quoted
from twyman.definitions.guessing.guesses import Guesses
from twyman.kernel.errors import Invalid

OF_METRICS = "{} metrics, all of them information: nobody said which should move, so none is a success"
"""What is said of metrics that nobody defined."""

MOST_NAMES = 50
"""Names of events beyond which each is no metric of its own."""

_IDS = ("id", "ids", "uuid", "guid", "key", "hash", "index", "version", "code", "zip", "phone", "ip")
_TIMES = ("time", "timestamp", "at", "date", "day", "hour", "month", "year", "ts", "ms", "epoch")
_PLACES = ("lat", "lng", "lon", "latitude", "longitude")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A table of events, understood, and counted.

    Attributes:
        source: Name of the source that it becomes.
        title: What the asker calls it.
        day: Expression of the day of a row.
        event: Column of the event's name; `None` where no column is known to be it.
        names: Rows by name of event; more than `MOST_NAMES` only say so.
        sums: Numeric columns that are summed.
        truths: Columns of 0 and 1, or of what is true or false.
        is_met: Whether its rows are the exposures, too: then each unit has one, on the day it came.
    """

    source: str
    title: str
    day: str
    event: str | None = None
    names: Mapping[str, int] = field(default_factory=dict[str, int])
    sums: Sequence[str] = ()
    truths: Sequence[str] = ()
    is_met: bool = False


def numeric(columns: Sequence[str], taken: Sequence[str], options: Guesses, *, table: str) -> tuple[list[str], str]:
    """Return the numeric columns to sum, and what is said of the others.

    Args:
        columns: Numeric and true-or-false columns of the table.
        taken: Those that are something else already.
        options: With the columns that the asker named, only those are summed.
        table: The table's name.

    Example:
        >>> numeric(["revenue", "session_id", "user_id"], ["user_id"], Guesses(), table="orders")
        (['revenue'], "orders: not summed, as ids, times or places are: 'session_id'")
    """
    wanted = {each.lower() for each in options.value}
    free = [each for each in columns if each not in taken]
    if wanted:
        return [each for each in free if each.lower() in wanted], ""
    kept = [each for each in free if not says_which(each)]
    left = ", ".join(f"'{each}'" for each in free if each not in kept)
    return kept, f"{table}: not summed, as ids, times or places are: {left}" if left else ""


def refuse_no_number(options: Guesses, tables: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column that is to be summed and is no number in any table.

    Raises:
        Invalid: If there is one.
    """
    known = {each.lower() for columns in tables.values() for each in columns}
    for name in options.value:
        if name.lower() not in known:
            raise Invalid(f"--value '{name}' is no number in any table of events: name a numeric column")


def says_which(column: str) -> bool:
    """Say whether a column is called as ids, times and places are.

    Example:
        >>> says_which("device_id"), says_which("createdAt"), says_which("device")
        (True, True, False)
    """
    last = plain(column.rpartition("_")[2])
    camel = column[1:].endswith(("Id", "ID", "Uuid", "Key", "Time", "Timestamp", "At"))
    return camel or last in (*_IDS, *_TIMES, *_PLACES)


def metrics(happenings: Sequence[Happening], *, window: str | None) -> tuple[list[dict[str, object]], list[str]]:
    """Return the metrics of tables of events, as definitions, and what is said of them.

    Args:
        happenings: The tables.
        window: How long after exposure facts count; `None`: until the data end, and then nothing is tested.
    """
    made: dict[str, dict[str, object]] = {}
    said: list[str] = []
    for each in happenings:
        for name, title, metric in [*_rows(each), *_events(each), *_columns(each)]:
            unique = unused(name if len(happenings) == 1 else f"{each.source}-{name}", made)
            made[unique] = {
                "kind": "metric",
                "name": unique,
                "title": title,
                "facts": each.source,
                **metric,
                **({"window": window} if window else {"cohort": "open"}),
            }
        said.extend(_of_names(each))
    return list(made.values()), said


def outcomes(truths: Mapping[str, bool]) -> list[dict[str, Any]]:
    """Return the metrics of a table of units: the mean of each number, the share of each truth.

    Args:
        truths: Whether a column holds 0 and 1 only, by column.

    Example:
        >>> [(made["name"], made["type"]) for made in outcomes({"Came back": True, "spend": False})]
        [('came-back', 'proportion'), ('spend', 'mean')]
    """
    made: dict[str, dict[str, Any]] = {}
    for title, is_truth in truths.items():
        name = unused(slug(title, "outcome"), made)
        made[name] = {
            "kind": "metric",
            "name": name,
            "title": f"Units with {title}" if is_truth else f"{title} per unit",
            "type": "proportion" if is_truth else "mean",
            "value": {"outcome": name},
        }
    return list(made.values())


def _of_names(each: Happening) -> list[str]:
    if each.event is None:
        return [f"{each.title}: no column is known to name events, so rows are counted whatever they are"]
    if len(each.names) > MOST_NAMES:
        return [
            f"{each.title}: '{each.event}' holds more than {MOST_NAMES} names, so rows are counted whatever they are"
        ]
    return []


_Made = tuple[str, str, dict[str, object]]


def _rows(each: Happening) -> list[_Made]:
    rows: _Made = ("rows", f"Rows of {each.title} per unit", {"type": "mean", "value": {"count": "*"}})
    if each.is_met:
        return [rows]
    return [
        ("any", f"Units with any row of {each.title}", {"type": "proportion"}),
        rows,
        ("days_active", "Days with any row, per unit", {"type": "mean", "value": {"count_distinct": each.day}}),
    ]


def _events(each: Happening) -> list[_Made]:
    if each.event is None or not 1 < len(each.names) <= MOST_NAMES:
        return []
    made: list[_Made] = []
    for value in each.names:
        name = slug(value, "event")
        where = f"{quoted(each.event)} = '{value.replace(chr(39), chr(39) * 2)}'"
        made.append((name, f"Units with '{value}'", {"type": "proportion", "where": where}))
        made.append((f"{name}_count", f"'{value}' per unit", {"type": "mean", "value": {"count": "*"}, "where": where}))
    return made


def _columns(each: Happening) -> list[_Made]:
    summed: list[_Made] = [
        (f"{slug(one, 'column')}_sum", f"Sum of {one} per unit", {"type": "mean", "value": {"sum": quoted(one)}})
        for one in each.sums
    ]
    true: list[_Made] = [
        (slug(one, "column"), f"Units with {one}", {"type": "proportion", "where": quoted(one)}) for one in each.truths
    ]
    return [*summed, *true]
