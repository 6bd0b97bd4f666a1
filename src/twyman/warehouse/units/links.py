"""Which unit an id of another entity belongs to: a device's user, a user's household.

A source of attributes that holds both ids says so. An id that it gives to several is nobody's: its facts
count for none of them, since nobody can say whose they are, and how many there are is counted.
"""

from dataclasses import dataclass, field

from sqlglot import exp

from twyman.app.ports import Question
from twyman.metrics.source import AttributeSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import alias, both, call, column, count_rows, select, table, text
from twyman.warehouse.model import LINKS, PART
from twyman.warehouse.sources.relation import Bounds
from twyman.warehouse.sources.rows import Asked, Rows, as_text, opened
from twyman.warehouse.sources.times import Time
from twyman.warehouse.units.exposures import id_column, id_columns


@dataclass(frozen=True, slots=True)
class Link:
    """The owners of an entity's ids.

    Attributes:
        owned: The entity whose ids are given.
        owner: The entity that each of them belongs to.
        time: From when a row holds; `None`: always.
    """

    question: Question
    source: AttributeSource
    rows: Rows
    time: Time | None
    owned: str
    owner: str

    @property
    def part(self) -> str:
        """Name of the part that holds one row an id: `owned`, `owner` (null where several claim it), `since`."""
        return f"{self.owner}_of_{self.owned}"

    def query(self) -> exp.Select:
        """Return one row an id, with its only owner and the time from which it is known."""
        owned, owner = (self._id(entity) for entity in (self.owned, self.owner))
        lowest, highest = (call(function, owner.copy()) for function in ("min", "max"))
        only = exp.Case(ifs=[exp.If(this=exp.EQ(this=lowest, expression=highest), true=lowest.copy())])
        query = select(alias(owned, "owned"), alias(only, "owner"))
        if self.time is not None:
            query = query.select(alias(call("min", self.time.utc.copy()), "since"))
        known = [exp.Not(this=exp.Is(this=one.copy(), expression=exp.null())) for one in (owned, owner)]
        kept = self.rows.condition(self.source.where, "where") if self.source.where else None
        return self.rows.from_(query).where(both(*known, kept)).group_by(owned.copy())

    def _id(self, entity: str) -> exp.Expr:
        found = id_column(self.rows, self.source.entities, entity)
        return as_text(found, self.rows.kind(found, self.source.origin.at(f"entities.{entity}")))

    def answer(self) -> exp.Query:
        """Return the part of the answer that counts ids, and those that several claim."""
        shared = call("count_if", exp.Is(this=column("owner"), expression=exp.null()))
        return select(
            alias(text(LINKS), PART),
            alias(text(self.owned), "source"),
            alias(count_rows(), "rows"),
            alias(shared, "units"),
        ).from_(table(self.part))


@dataclass(slots=True)
class Links:
    """The links that a question needs, each opened once."""

    engine: Engine
    question: Question
    made: dict[tuple[str, str], Link] = field(default_factory=dict[tuple[str, str], Link])

    def link(self, owned: tuple[str, ...], owner: str) -> Link | None:
        """Return the first link of one of some entities to their owner; `None` where no source holds both ids."""
        for source in self.question.catalogue.sources.values():
            if isinstance(source, AttributeSource) and owner in source.entities:
                for entity in owned:
                    if entity in source.entities and entity != owner:
                        return self._opened(source, entity, owner)
        return None

    def _opened(self, source: AttributeSource, owned: str, owner: str) -> Link:
        if (owned, owner) not in self.made:
            asked = Asked(
                name=source.name,
                relation=source.relation,
                origin=source.origin,
                formats=source.formats,
                times={source.timestamp.column: "timestamp"} if source.timestamp else {},
                ids=id_columns(self.question, dict(source.entities)),
            )
            rows = opened(self.engine, asked, zone=self.question.zone, bounds=Bounds())
            time = rows.time(source.timestamp) if source.timestamp else None
            self.made[owned, owner] = Link(self.question, source, rows, time, owned, owner)
        return self.made[owned, owner]

    @property
    def parts(self) -> list[tuple[str, exp.Query, str]]:
        """The parts of the statement that hold owners."""
        return [(one.part, one.query(), f"The {one.owner} of each {one.owned}.") for one in self.made.values()]
