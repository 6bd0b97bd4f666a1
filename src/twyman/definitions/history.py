"""Documents of past results into the core's values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from twyman.definitions.history_documents import HistoryDocument, PastResultDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import effect, moment
from twyman.experiments.expectation import Expectation
from twyman.experiments.history import COLUMNS, MORE_COLUMNS, HistoryTable, PastPairs, PastResult
from twyman.kernel.errors import Invalid, TwymanError, nearest
from twyman.metrics.source import Frame, Table


@dataclass(frozen=True, slots=True)
class History:
    """What a project says of its past: results as they are written, tables that hold more, pairs that interacted."""

    results: tuple[PastResult, ...] = ()
    tables: tuple[HistoryTable, ...] = ()
    pairs: tuple[PastPairs, ...] = ()

    def __add__(self, other: "History") -> "History":
        return History(self.results + other.results, self.tables + other.tables, self.pairs + other.pairs)


@dataclass(frozen=True, slots=True)
class HistorySurroundings:
    """What a history is read among: the project's zone, and tables held in memory by name."""

    zone: str = "UTC"
    frames: Mapping[str, object] = field(default_factory=dict[str, object])


def history(document: HistoryDocument, subject: Subject, among: HistorySurroundings) -> History:
    """Make a history of its document; what is wrong with it is noted with the subject."""
    pairs = tuple(_pairs(document, subject))
    if document.pairs is not None and document.rows is document.table is None:
        return History(pairs=pairs)
    if (document.rows is None) == (document.table is None):
        has = "neither rows nor a table" if document.rows is None else "both rows and a table"
        subject.refuse("", f"it has {has}, and past results come from one place: write one of them")
        return History()
    if document.table is not None:
        return History(tables=(_table(document, document.table, subject, among),), pairs=pairs)
    if document.columns is not None:
        subject.refuse("columns", "'columns' are those of a table, and the results stand here: leave them out")
    read = (_result(each, f"rows.{at}", subject, among.zone) for at, each in enumerate(document.rows or []))
    return History(results=tuple(each for each in read if each is not None), pairs=pairs)


def _pairs(document: HistoryDocument, subject: Subject) -> Iterator[PastPairs]:
    for at, each in enumerate(document.pairs or []):
        if not 1 <= len(each.surfaces) <= 2:
            count = len(each.surfaces)
            subject.refuse(
                f"pairs.{at}.surfaces", f"pairs are of one surface or two, and {count} are named: name these"
            )
            continue
        try:
            yield PastPairs(frozenset(each.surfaces), each.tested, each.interacting)
        except Invalid as error:
            subject.adopt(f"pairs.{at}", error)


def _table(document: HistoryDocument, title: str, subject: Subject, among: HistorySurroundings) -> HistoryTable:
    known = (*COLUMNS, *MORE_COLUMNS)
    for key in document.columns or {}:
        if key not in known:
            subject.refuse(f"columns.{key}", f"a past result has no '{key}': {nearest(key, known)}")
    return HistoryTable(
        name=document.name,
        relation=Frame(among.frames[title]) if title in among.frames else Table(title),
        columns=document.columns or {},
        origin=subject.origin,
    )


def _result(written: PastResultDocument, path: str, subject: Subject, zone: str) -> PastResult | None:
    before = len(subject.errors)
    lift, se = (subject.attempt(f"{path}.{key}", effect, getattr(written, key), 0.0) for key in ("lift", "se"))
    ended = subject.attempt(f"{path}.ended", lambda text: _day(text, zone), written.ended, None)
    expected = _expected(written, path, subject)
    if ended is None or len(subject.errors) > before:
        return None
    try:
        return PastResult(
            experiment=written.experiment,
            metric=written.metric,
            change=written.change or "",
            lift=lift,
            se=se,
            ended=ended,
            decision=written.decision or "",
            owner=written.owner or "",
            expected=expected,
        )
    except Invalid as error:
        subject.adopt(path, error)
        return None


def _day(written: str, zone: str) -> date:
    """Return the day on which something ended, in the project's zone."""
    return moment(written, zone).astimezone(ZoneInfo(zone)).date()


def _expected(written: PastResultDocument, path: str, subject: Subject) -> Expectation | None:
    said = [getattr(written, key) for key in ("low", "likely", "high")]
    if all(each is None for each in said):
        return None
    if any(each is None for each in said):
        subject.refuse(path, "what was expected has a low, a likely and a high value: write all three, or none")
        return None
    try:
        low, likely, high = map(effect, said)
        return Expectation(low, likely, high)
    except TwymanError as error:
        subject.adopt(path, error)
        return None
