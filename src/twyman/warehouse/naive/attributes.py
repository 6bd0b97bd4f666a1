"""What was known of each unit before its exposure, found by going through the rows of each source once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from twyman.app.ports import Question
from twyman.metrics.source import AttributeSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.casts import text_of
from twyman.warehouse.naive.clock import wall_of_utc
from twyman.warehouse.naive.comparing import compared
from twyman.warehouse.naive.exposures import Exposed, Unit
from twyman.warehouse.naive.expression import Computed
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.table import ZONED, Ids, RowTime, Table, Wanted, id_column, id_columns, opened
from twyman.warehouse.naive.unverifiable import Unverifiable

EXPOSED_AT = "exposed_at"


@dataclass(slots=True)
class Last:
    """The last value of an attribute before a unit's exposure."""

    value: Any = None
    at: datetime | None = None

    def take(self, value: Any, at: datetime | None) -> None:  # noqa: ANN401 - a value of the row
        """Take one more; of several at one time, or without times, the highest that is known stands."""
        if at is not None and (self.at is None or at > self.at):
            self.value, self.at = value, at
        elif at == self.at and value is not None and (self.value is None or (compared(value, self.value) or 0) > 0):
            self.value = value


@dataclass(slots=True)
class Attribute:
    """An attribute, frozen for each unit."""

    name: str
    kept: dict[Any, Last] = field(default_factory=dict[Any, Last])

    def of(self, unit: Unit) -> Any:  # noqa: ANN401 - a value
        """Return a unit's value; `None` where it isn't known."""
        last = self.kept.get(unit.id)
        return None if last is None else last.value

    def label(self, unit: Unit) -> str | None:
        """Return a unit's value as text."""
        value = self.of(unit)
        return None if value is None else text_of(value)


@dataclass(slots=True)
class Attributes:
    """The sources of attributes that a question needs."""

    engine: Engine
    question: Question
    exposed: Exposed
    found: dict[tuple[str, str], Attribute] = field(default_factory=dict[tuple[str, str], Attribute])
    zoneless: dict[str, bool] = field(default_factory=dict[str, bool])

    def attribute(self, name: str) -> Attribute:
        """Return an attribute of a name, or of `source.name`, frozen.

        Raises:
            Unverifiable: If its expression does what isn't computed here, or there is none.
        """
        source, title = self._source(name)
        if (source.name, title) not in self.found:
            self.found[source.name, title] = self._frozen(source, title)
        return self.found[source.name, title]

    def _source(self, name: str) -> tuple[AttributeSource, str]:
        first, _, rest = name.partition(".")
        for source in self.question.catalogue.sources.values():
            if isinstance(source, AttributeSource):
                title = rest if first == source.name and rest else name
                if title in source.columns:
                    return source, title
        raise Unverifiable(f"names attribute '{name}', which no source holds")

    def _frozen(self, source: AttributeSource, title: str) -> Attribute:
        table = self._opened(source)
        time = table.time(source.timestamp) if source.timestamp else None
        if time is not None:
            self.zoneless[source.name] = time.zoneless
        where = table.condition(source.where) if source.where else None
        entered = dict[str, Any]()
        value = table.expression(source.columns[title], {EXPOSED_AT: lambda _: entered[EXPOSED_AT]})
        column, attribute = id_column(self.question, table, source.entities), Attribute(title)
        ids = Ids.of(table.kinds[column], self.exposed.kind)
        units = {ids(unit.id): unit for unit in self.exposed.units.values()}
        zone = "UTC" if _zoned(source.columns[title], table.kinds) else self.question.zone
        for row in table:
            unit = units.get(ids(row[column]))
            if unit is None or (where is not None and where(row) is not True) or not _before(time, row, unit):
                continue
            entered[EXPOSED_AT] = wall_of_utc(unit.exposed_at, zone)
            _take(attribute, unit, value, row, time)
        return attribute

    def _opened(self, source: AttributeSource) -> Table:
        refuse_unknown(source)
        wanted = Wanted(
            name=source.name,
            relation=source.relation,
            origin=source.origin,
            formats=source.formats,
            times=(source.timestamp.column,) if source.timestamp else (),
            ids=id_columns(self.question, source.entities),
        )
        return opened(self.engine, wanted, self.question.zone)


def _before(time: RowTime | None, row: Mapping[str, Any], unit: Unit) -> bool:
    if time is None:
        return True
    moment = time(row)
    return moment is not None and moment <= unit.exposed_at


def _take(attribute: Attribute, unit: Unit, value: Computed, row: Mapping[str, Any], time: RowTime | None) -> None:
    last = attribute.kept.setdefault(unit.id, Last())
    last.take(value(row), time(row) if time is not None else None)


def _zoned(written: str, kinds: Mapping[str, str]) -> bool:
    """Whether an expression takes an instant: then the moment of exposure is one, too."""
    zoned = {name.lower() for name, kind in kinds.items() if kind == ZONED}
    try:
        tree = parse_one(written, dialect="duckdb")
    except SqlglotError:
        return False
    return any(found.name.lower() in zoned for found in tree.find_all(exp.Column))
