"""What was known of each unit before its exposure: dimensions to break down by, covariates to sharpen with.

An attribute with times holds its last value at the moment of exposure; one without never changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from twyman.app.ports import Question
from twyman.kernel.errors import Invalid, NotFound, nearest
from twyman.kernel.place import Place
from twyman.metrics.metric import Metric
from twyman.metrics.source import AttributeSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    cast,
    column,
    or_zero,
    select,
    table,
    text,
    truth,
)
from twyman.warehouse.model import NONE, MomentColumn
from twyman.warehouse.sources.relation import Bounds
from twyman.warehouse.sources.rows import Asked, Rows, as_text, is_number, opened
from twyman.warehouse.sources.times import Time, wall_of
from twyman.warehouse.units.dimensions import combination
from twyman.warehouse.units.exposures import EXPOSED_AT, Exposures, entity_column, id_columns


@dataclass(slots=True)
class AttributeTable:
    """A source of attributes, and those of its columns that are wanted."""

    source: AttributeSource
    rows: Rows
    time: Time | None
    exposures: Exposures
    wanted: dict[str, tuple[exp.Expr, str]] = field(default_factory=dict[str, tuple[exp.Expr, str]])

    @property
    def part(self) -> str:
        """Name of the part of the statement that holds a row a unit."""
        return f"{self.source.name}_frozen"

    def column(self, name: str) -> tuple[exp.Expr, str]:
        """Return the column that will hold an attribute, and its type."""
        written, kind = self._written(name)
        self.wanted[name] = written, kind
        return column(name, self.part), kind

    def _written(self, name: str) -> tuple[exp.Expr, str]:
        path = f"columns.{name}"
        moment = column(EXPOSED_AT, self.exposures.known)
        written = self.rows.expression(self.source.columns[name], path, {"exposed_at": moment})
        zone = self.exposures.question.zone
        if zone != "UTC" and not self._zoned(written):
            wall = wall_of(moment, zone)
            written = self.rows.expression(self.source.columns[name], path, {"exposed_at": wall})
        entered = select(alias(cast(text("2000-01-01"), "TIMESTAMP"), EXPOSED_AT))
        beside = exp.alias_(exp.Subquery(this=entered), self.exposures.known, table=True)
        return written, self.rows.kind(written, self.source.origin.at(path), beside)

    def _zoned(self, written: exp.Expr) -> bool:
        kinds = [self.rows.types.get(found.name, "") for found in written.find_all(exp.Column)]
        return "TIMESTAMP WITH TIME ZONE" in kinds

    def query(self) -> exp.Select:
        """Return one row a unit, with the last values before its exposure."""
        unit = entity_column(self.exposures.question, self.rows, dict(self.source.entities))
        kind = self.rows.kind(unit, self.source.origin.at("entities"))
        base = self.exposures.known
        known = column("unit", base)
        if kind != self.exposures.id_kind and not (is_number(kind) and is_number(self.exposures.id_kind)):
            unit, known = as_text(unit, kind), as_text(known, self.exposures.id_kind)
        before = (
            exp.LTE(this=self.time.utc.copy(), expression=column(EXPOSED_AT, base)) if self.time is not None else None
        )
        where = self.rows.condition(self.source.where, "where") if self.source.where else None
        chosen = [alias(self._last(written, kind), name) for name, (written, kind) in self.wanted.items()]
        query = self.rows.from_(select(column("unit", base), *chosen))
        query = query.join(table(base), on=exp.EQ(this=unit, expression=known))
        condition = both(before, where)
        query = query.where(condition) if condition is not None else query
        return query.group_by(column("unit", base))

    def _last(self, written: exp.Expr, kind: str) -> exp.Expr:
        """Return the last value; of several at that instant, or without times, the highest that is known."""
        value = call("by_bytes", written.copy()) if kind == "VARCHAR" else written.copy()
        if self.time is None:
            return call("max_truth" if kind == "BOOLEAN" else "max", value)
        return call("last_known", value, self.time.utc.copy())


@dataclass(slots=True)
class Attributes:
    """The sources of attributes that a question needs, each opened once."""

    engine: Engine
    exposures: Exposures
    tables: dict[str, AttributeTable] = field(default_factory=dict[str, AttributeTable])

    @property
    def question(self) -> Question:
        """The question asked."""
        return self.exposures.question

    def dimension(self, name: str) -> exp.Expr:
        """Return a dimension's value for each unit, as text.

        Raises:
            NotFound: If no source of attributes has such a column.
        """
        return exp.Coalesce(this=self.label(name, "dimensions"), expressions=[text(NONE)])

    def crossed(self, names: Sequence[str]) -> exp.Expr:
        """Return several dimensions' values for each unit, as one text.

        Raises:
            NotFound: If no source of attributes has such a column.
        """
        return combination([self.dimension(name) for name in names])

    def label(self, name: str, path: str) -> exp.Expr:
        """Return an attribute as text; null where it isn't known.

        Args:
            name: The attribute.
            path: Where in the experiment's definition it is named.

        Raises:
            NotFound: If no source of attributes has such a column.
        """
        return as_text(*self.found(name, self.question.experiment.origin.at(path)))

    def covariate(self, metric: Metric, name: str) -> tuple[MomentColumn, ...]:
        """Return an attribute as a covariate: missing ones as 0, and a column that says so.

        Raises:
            NotFound: If there is no such attribute.
            Invalid: If it is neither a number nor a truth.
        """
        place = metric.origin.at("cuped.attributes")
        found, kind = self.found(name, place)
        if kind != "BOOLEAN" and not is_number(kind):
            raise Invalid(
                f"attribute '{name}' is of type {kind}, and a covariate is a number: write an expression that is one, "
                "such as a comparison",
                place=place,
            )
        value = truth(found) if kind == "BOOLEAN" else found
        missing = exp.Is(this=found.copy(), expression=exp.null())
        return (
            MomentColumn(name, or_zero(value)),
            MomentColumn(f"{name} is missing", truth(missing), flag=True),
        )

    def found(self, name: str, place: Place | None) -> tuple[exp.Expr, str]:
        """Return the column that holds a frozen attribute, and its type.

        Raises:
            NotFound: If no source of attributes has such a column.
        """
        sources = {
            source.name: source
            for source in self.question.catalogue.sources.values()
            if isinstance(source, AttributeSource)
        }
        wanted, _, rest = name.partition(".")
        for source in sources.values():
            title = rest if wanted == source.name and rest else name
            if title in source.columns:
                return self._open(source).column(title)
        known = [one for source in sources.values() for one in source.columns]
        known += [f"{source.name}.{one}" for source in sources.values() for one in source.columns]
        raise NotFound(f"attribute '{name}' isn't defined: {nearest(name, known)}", place=place)

    def _open(self, source: AttributeSource) -> AttributeTable:
        if source.name not in self.tables:
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
            self.tables[source.name] = AttributeTable(source, rows, time, self.exposures)
        return self.tables[source.name]

    @property
    def parts(self) -> list[tuple[str, exp.Query, str]]:
        """The parts of the statement that freeze attributes."""
        comment = "Attributes of {}, frozen before exposure."
        return [(one.part, one.query(), comment.format(name)) for name, one in self.tables.items()]
