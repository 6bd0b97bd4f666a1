"""The rows of one source, as they stand: read by a plain SELECT, in batches where the engine gives them so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.place import Origin
from twyman.metrics.source import Grain, Relation, Timestamp
from twyman.warehouse.connector import Streaming
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.casts import text_of
from twyman.warehouse.naive.clock import Reader, from_microseconds, reader_of, utc_of
from twyman.warehouse.naive.expression import Computed, Row, Scope, computed, condition
from twyman.warehouse.naive.unverifiable import Unverifiable
from twyman.warehouse.sources.relation import Bounds, from_item

ZONED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which table is to be read, and what of its definition says how.

    Attributes:
        times: Columns that tell the time.
        ids: Columns whose ids are text.
        formats: `strptime` format by column.
    """

    name: str
    relation: Relation
    origin: Origin
    formats: Mapping[str, str] = field(default_factory=dict[str, str])
    times: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A source's rows, read anew each time that they are gone through.

    Attributes:
        kinds: Type by column, in the engine's words.
        readers: What reads a column of text as dates or times.
    """

    engine: Engine
    name: str
    item: exp.Expr
    kinds: Mapping[str, str]
    zone: str
    readers: Mapping[str, Reader] = field(default_factory=dict[str, Reader])

    def __iter__(self) -> Iterator[Row]:
        zoned = [name for name, kind in self.kinds.items() if kind == ZONED]
        for row in self._raw(zoned):
            if not zoned and not self.readers:
                yield row
                continue
            read = {name: _read(row[name], reader) for name, reader in self.readers.items()}
            instants = {name: _read(row[name], from_microseconds) for name in zoned}
            yield {**row, **read, **instants}

    def _raw(self, zoned: Sequence[str]) -> Iterator[Row]:
        everything: list[exp.Expr] = [exp.Star()]
        if zoned:  # an instant crosses the border as a number: not every driver hands out zones
            everything = [_crossing(name, zoned=name in zoned) for name in self.kinds]
        source = exp.alias_(self.item.copy(), "source", table=True)
        query = exp.Select(expressions=everything).from_(source)
        connector = self.engine.connector
        if isinstance(connector, Streaming):
            for batch in connector.batches(self.engine.printed(query)):
                yield from batch
        else:
            yield from self.engine.rows(query)

    @property
    def _scope(self) -> Scope:
        single = frozenset(name for name, kind in self.kinds.items() if kind == "FLOAT")
        return Scope(tuple(self.kinds), self.name, single=single)

    def expression(self, written: str, names: Mapping[str, Computed] | None = None) -> Computed:
        """Return an expression of the definition as a function of a row.

        Raises:
            Unverifiable: If it does what isn't computed here.
        """
        own = self._scope
        return computed(written, Scope(own.columns, own.table, names or {}, own.single))

    def condition(self, written: str, names: Mapping[str, Computed] | None = None) -> Callable[[Row], bool | None]:
        """Return an expression of the definition as a condition over a row."""
        return condition(self.expression(written, names))

    def with_arm(self, written: str) -> dict[str, Computed]:
        """Return the word `arm` for the arm's column, where no column is called so."""
        return {} if "arm" in {name.lower() for name in self.kinds} else {"arm": self.expression(written)}

    def time(self, timestamp: Timestamp) -> "RowTime":
        """Return when rows happened."""
        found = self.expression(timestamp.column)
        value = next((value for row in self if (value := found(row)) is not None), None)
        by_day = isinstance(value, date) and not isinstance(value, datetime)
        zoneless = not (isinstance(value, datetime) and value.tzinfo is not None)
        return RowTime(found, self.zone, Grain.DAY if by_day else timestamp.grain, dates=by_day, zoneless=zoneless)


@dataclass(frozen=True, slots=True)
class RowTime:
    """When a row happened.

    Attributes:
        grain: How finely it is known.
        dates: Whether the column holds dates.
        zoneless: Whether the zone was ours to choose.
    """

    value: Computed
    zone: str
    grain: Grain
    dates: bool
    zoneless: bool

    def __call__(self, row: Row) -> datetime | None:
        """Return the row's time as zoneless UTC."""
        return utc_of(self.value(row), self.zone)


def opened(engine: Engine, wanted: Wanted, zone: str) -> Table:
    """Open a source's table, whole: no bounds on what is scanned.

    Raises:
        NotFound: If there is no such table.
        Unverifiable: If its dates are written in a way that isn't read here.
    """
    item = from_item(
        engine,
        wanted.relation,
        known_as=wanted.name,
        origin=wanted.origin,
        bounds=Bounds(),
        as_text=tuple(sorted(set(wanted.ids))),
    )
    source = exp.alias_(item.copy(), "source", table=True)
    kinds = engine.types_of(source, place=wanted.origin.at(), what=f"source '{wanted.name}'")
    plain = Table(engine, wanted.name, item, kinds, zone)
    texts = [name for name, kind in kinds.items() if kind == "VARCHAR" and name in (*wanted.formats, *wanted.times)]
    readers = {name: _reader(plain, name, wanted) for name in texts}
    return Table(engine, wanted.name, item, kinds, zone, readers)


def _reader(table: Table, name: str, wanted: Wanted) -> Reader:
    try:
        return reader_of((row[name] for row in table), wanted.formats.get(name))
    except Unverifiable as why:
        raise Unverifiable(f"column '{name}' of '{table.name}' {why}") from None


def _crossing(name: str, *, zoned: bool) -> exp.Expr:
    held = exp.column(name, quoted=True)
    if not zoned:
        return held
    return exp.alias_(exp.Anonymous(this="epoch_us", expressions=[held]), name, quoted=True)


def _read(value: Any, reader: Reader | Callable[[int], datetime]) -> Any:  # noqa: ANN401 - a value of the row
    if value is None:
        return None
    try:
        return reader(value)
    except (ValueError, OverflowError):
        raise Unverifiable(f"reads '{value}' as no time") from None


def id_columns(question: Question, entities: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns whose ids are text by declaration."""
    declared = question.catalogue.entities
    return tuple(column for entity, column in entities.items() if declared.get(entity) == "string")


def id_column(question: Question, table: Table, entities: Mapping[str, str]) -> str:
    """Return the column that holds the unit's id.

    Raises:
        Unverifiable: If there is none.
    """
    entity = question.experiment.entity
    if not entity and len(entities) == 1:
        entity = next(iter(entities))
    return entity_column(table, entities, entity)


def entity_column(table: Table, entities: Mapping[str, str], entity: str) -> str:
    """Return the column that holds an entity's id.

    Raises:
        Unverifiable: If there is none.
    """
    spelled = {name.lower(): name for name in table.kinds}
    if entity not in entities or entities[entity].lower() not in spelled:
        raise Unverifiable(f"source '{table.name}' has no column of ids of '{entity}'")
    return spelled[entities[entity].lower()]


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids of two tables, made comparable: as they are where both are of one type or numbers, else as text."""

    plain: bool

    @classmethod
    def of(cls, one: str, other: str) -> "Ids":
        """Return how ids of two types, in the engine's words, are compared."""
        return cls(one == other or (_is_number(one) and _is_number(other)))

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - a value of the row
        """Return an id in the form in which it is compared."""
        return value if self.plain or value is None else text_of(value)


def _is_number(kind: str) -> bool:
    return "INT" in kind.partition("(")[0] or kind.partition("(")[0] in ("FLOAT", "DOUBLE", "DECIMAL", "BIGNUM")


def number_of(value: Any) -> Any:  # noqa: ANN401 - a value of the row
    """Return a value as a number: truths are 1 and 0.

    Raises:
        Unverifiable: If it is none.
    """
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float | Decimal):
        return value
    raise Unverifiable(f"takes {type(value).__name__} for a number")
