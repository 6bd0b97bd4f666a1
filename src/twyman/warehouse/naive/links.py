"""Which unit an id of another entity belongs to, found by going through attributes that hold both ids."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twyman.app.ports import Question, Shared
from twyman.metrics.source import AttributeSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.casts import text_of
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.table import Wanted, entity_column, id_columns, opened


@dataclass(slots=True)
class Claims:
    """Who claims an id, and since when."""

    owners: set[str] = field(default_factory=set[str])
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The owners of an entity's ids.

    Attributes:
        owned: The entity whose ids are given.
        dated: Whether a row says from when it holds.
    """

    owned: str
    dated: bool
    claims: Mapping[str, Claims]

    def owner(self, owned: Any, at: datetime | None = None) -> str | None:  # noqa: ANN401 - an id
        """Return the only owner of an id; `None` where there is none, or none known at a time."""
        found = None if owned is None else self.claims.get(text_of(owned))
        if found is None or len(found.owners) != 1:
            return None
        if self.dated and at is not None and (found.since is None or found.since > at):
            return None
        return next(iter(found.owners))

    @property
    def shared(self) -> Shared:
        """How many ids there are, and how many of them several claim."""
        several = sum(len(one.owners) > 1 for one in self.claims.values())
        return Shared(self.owned, len(self.claims), several)


@dataclass(slots=True)
class Links:
    """The links that a question needs."""

    engine: Engine
    question: Question
    made: dict[tuple[str, str], Link] = field(default_factory=dict[tuple[str, str], Link])
    zoneless: dict[str, bool] = field(default_factory=dict[str, bool])

    def link(self, owned: tuple[str, ...], owner: str) -> Link | None:
        """Return the first link of one of some entities to their owner; `None` where no source holds both ids."""
        for source in self.question.catalogue.sources.values():
            if isinstance(source, AttributeSource) and owner in source.entities:
                for entity in owned:
                    if entity in source.entities and entity != owner:
                        return self._gone_through(source, entity, owner)
        return None

    def _gone_through(self, source: AttributeSource, owned: str, owner: str) -> Link:
        if (owned, owner) not in self.made:
            refuse_unknown(source)
            wanted = Wanted(
                name=source.name,
                relation=source.relation,
                origin=source.origin,
                formats=source.formats,
                times=(source.timestamp.column,) if source.timestamp else (),
                ids=id_columns(self.question, source.entities),
            )
            table = opened(self.engine, wanted, self.question.zone)
            time = table.time(source.timestamp) if source.timestamp else None
            where = table.condition(source.where) if source.where else None
            columns = [entity_column(table, source.entities, entity) for entity in (owned, owner)]
            claims: dict[str, Claims] = defaultdict(Claims)
            for row in table:
                one, other = (row[column] for column in columns)
                if one is None or other is None or (where is not None and where(row) is not True):
                    continue
                found, at = claims[text_of(one)], time(row) if time else None
                found.owners.add(text_of(other))
                if at is not None and (found.since is None or at < found.since):
                    found.since = at
            self.made[owned, owner] = Link(owned, time is not None, dict(claims))
        return self.made[owned, owner]

    @property
    def shared(self) -> tuple[Shared, ...]:
        """What each link says of ids that several claim."""
        return tuple(one.shared for one in self.made.values())
