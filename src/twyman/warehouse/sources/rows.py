"""The rows of one source, ready to be asked: what stands in FROM, its columns' types, its times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from twyman.kernel.errors import Invalid, nearest
from twyman.kernel.place import Origin, Place
from twyman.metrics.source import Grain, Query, Relation, Timestamp
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.expression import parsed
from twyman.warehouse.language.functions import refuse_foreign
from twyman.warehouse.language.syntax import alias, call, cast, column, count_rows, select
from twyman.warehouse.sources.relation import Bounds, from_item, refuse_ragged
from twyman.warehouse.sources.times import Clock, TextColumn, Time, reading, time_of

NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
           "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM")  # fmt: skip


def is_number(kind: str) -> bool:
    """Whether a type of the engine is a number.

    Example:
        >>> is_number("DECIMAL(18,3)"), is_number("BOOLEAN")
        (True, False)
    """
    return kind.partition("(")[0] in NUMBERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a source's table before it is read.

    Attributes:
        times: Columns that must tell the time, with the key of the definition that says so.
        ids: Columns that hold ids of an entity whose ids are text.
    """

    name: str
    relation: Relation
    origin: Origin
    formats: Mapping[str, str] = field(default_factory=dict[str, str])
    times: Mapping[str, str] = field(default_factory=dict[str, str])
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """A source's table.

    Attributes:
        name: By which the statement knows it.
        item: What stands in FROM.
        types: Type by column.
        zone: In which zoneless times are read.
    """

    engine: Engine
    name: str
    item: exp.Expr
    types: Mapping[str, str]
    origin: Origin
    zone: str = "UTC"

    def from_(self, query: exp.Select) -> exp.Select:
        """Return the query, reading from these rows."""
        return query.from_(exp.alias_(self.item.copy(), self.name, table=True))

    def expression(
        self, written: str, path: str, names: Mapping[str, exp.Expr] | None = None, *, place: Place | None = None
    ) -> exp.Expr:
        """Return an expression of the definition, tied to these rows.

        Args:
            written: What the user wrote.
            path: Where in the source's definition it stands.
            names: Further names at hand.
            place: Where it stands instead, if in another definition.
        """
        place = place or self.origin.at(path)
        found = parsed(written, columns=self.types, table=self.name, place=place, names=names)
        refuse_foreign(found, f"expression '{written}'", self.engine.connector.dialect.name, place)
        if all(one.table == self.name for one in found.find_all(exp.Column)):
            self.engine.note((place, written), lambda: self.from_(select(alias(exp.Count(this=found.copy()), "x"))))
        return found

    def condition(
        self, written: str, path: str, names: Mapping[str, exp.Expr] | None = None, *, place: Place | None = None
    ) -> exp.Expr:
        """Return an expression that is true or false of each row; numbers count as true unless they are 0.

        Raises:
            Invalid: If it is neither.
        """
        place = place or self.origin.at(path)
        found = self.expression(written, path, names, place=place)
        kind = self.kind(found, place)
        if kind == "BOOLEAN":
            return found
        if is_number(kind):
            return exp.NEQ(this=exp.paren(found), expression=exp.Literal.number(0))
        raise Invalid(
            f"condition '{written}' is of type {kind}, and is to be true or false: "
            f"write a comparison, such as {written} = 'x'",
            place=place,
        )

    def label(self, written: str, path: str) -> exp.Expr:
        """Return an expression as text that names one thing, such as an arm.

        Raises:
            Invalid: If it holds several.
        """
        found = self.expression(written, path)
        kind = self.kind(found, self.origin.at(path))
        refuse_nested(kind, f"'{written}' of '{self.name}'", self.origin.at(path))
        return as_text(found, kind)

    def refuse_empty_columns(self, expression: exp.Expr, place: Place | None) -> None:
        """Refuse an expression because a column of text in it has no value at all, so that nothing says its type.

        Raises:
            Invalid: If it has such a column.
        """
        for found in expression.find_all(exp.Column):
            if self.types.get(found.name) != "VARCHAR":
                continue
            counted = self.engine.row(
                self.from_(select(alias(exp.Count(this=found.copy()), "given"), alias(count_rows(), "rows")))
            )
            if not counted["rows"]:
                raise Invalid(f"'{self.name}' holds no rows: correct its table, or wait for data", place=place)
            if not counted["given"]:
                raise Invalid(
                    f"column '{found.name}' of '{self.name}' is empty in all {counted['rows']:,} rows: "
                    "name another column, or correct the source",
                    place=place,
                )

    def column(self, written: str, path: str) -> exp.Expr:
        """Return a column that the definition names.

        Raises:
            Invalid: If there is no such column.
        """
        if written.lower() not in {known.lower() for known in self.types}:
            raise Invalid(
                f"column '{written}' isn't in '{self.name}': {nearest(written, self.types)}", place=self.origin.at(path)
            )
        return self.expression(written, path)

    def arm_at_hand(self, written: str) -> dict[str, exp.Expr]:
        """Return the word `arm` for the arm's column, which filters may use where no column is called so."""
        if "arm" in {known.lower() for known in self.types}:
            return {}
        return {"arm": self.expression(written, "arm")}

    def kind(self, expression: exp.Expr, place: Place | None, extra: exp.Expr | None = None) -> str:
        """Return the type of an expression over these rows.

        Raises:
            Invalid: If the engine can't compute it.
        """
        if isinstance(expression, exp.Column) and expression.name in self.types:
            return self.types[expression.name]
        query = self.from_(select(alias(expression.copy(), "x")))
        if extra is not None:
            query = query.join(extra.copy(), join_type="cross")
        what = f"expression '{expression.sql('duckdb')}'"
        try:
            return self.engine.types(query, place=place, what=what)["x"]
        except Invalid:
            self.refuse_empty_columns(expression, place)
            raise

    def time(self, timestamp: Timestamp, path: str = "timestamp") -> Time:
        """Return the rows' time; a column of dates is known to the day, whatever the definition says."""
        expression = self.expression(timestamp.column, path)
        place = self.origin.at(path)
        what = f"column '{timestamp.column}' of '{self.name}'"
        return time_of(expression, self.kind(expression, place), zone=self.zone, what=what, place=place)


def refuse_nested(kind: str, what: str, place: Place | None) -> None:
    """Refuse a type that holds several values where one is needed.

    Raises:
        Invalid: If it is a list, a structure or a map.
    """
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        raise Invalid(f"{what} is of type {kind}, and is to be one value a row: name one of its parts", place=place)


def grain_of(timestamp: Timestamp, time: Time) -> Grain:
    """Return how finely rows know their time: a date knows the day only."""
    return Grain.DAY if time.clock is Clock.DAY else timestamp.grain


def opened(engine: Engine, asked: Asked, *, zone: str, bounds: Bounds) -> Rows:
    """Open a source's table: find it, type its columns, and read its text dates.

    Raises:
        NotFound: If there is no such table.
        Invalid: If a date can't be read without guessing.
    """
    place, what = asked.origin.at("sql" if isinstance(asked.relation, Query) else "table"), f"source '{asked.name}'"
    try:
        item = from_item(
            engine, asked.relation, known_as=asked.name, origin=asked.origin, bounds=bounds, as_text=_sorted(asked.ids)
        )
        types = engine.types(select(exp.Star()).from_(_in_from(item)), place=place, what=what)
    except Invalid:
        refuse_ragged(engine, asked.relation, (), place)
        raise
    refuse_ragged(engine, asked.relation, types, place)
    table = _in_from(item)
    if engine.files is not None:
        engine.note((place, ""), lambda: select(call("max", call("hash", call("columns", exp.Star())))).from_(table))
    for named in asked.formats:
        if named not in types:
            raise Invalid(
                f"column '{named}' isn't in '{asked.name}': {nearest(named, types)}", place=asked.origin.at("formats")
            )
    replaced = _read_otherwise(engine, asked, item, types)
    if replaced:
        item = exp.Subquery(this=_replacing(replaced, types, engine.connector.dialect.native).from_(_in_from(item)))
        types = engine.types(select(exp.Star()).from_(_in_from(item)), place=place, what=what)
    return Rows(engine, asked.name, item, types, asked.origin, zone)


def _read_otherwise(engine: Engine, asked: Asked, item: exp.Expr, types: Mapping[str, str]) -> list[exp.Expr]:
    """Return the columns read as something else: texts that tell the time, and floats, lest sums be as rough."""
    replaced: list[exp.Expr] = []
    for title, kind in types.items():
        if kind == "VARCHAR" and (title in asked.formats or title in asked.times):
            said = asked.origin.at("formats" if title in asked.formats else asked.times[title])
            source = TextColumn(title, _in_from(item), f"column '{title}' of '{asked.name}'", said)
            replaced.append(alias(reading(engine, source, asked.formats.get(title)), title))
        elif kind == "FLOAT" and not engine.connector.dialect.native:
            replaced.append(exp.Alias(this=cast(column(title), "DOUBLE"), alias=column(title).this))
    return replaced


def _replacing(replaced: Iterable[exp.Expr], columns: Iterable[str], native: bool) -> exp.Select:  # noqa: FBT001 - a fact
    """Return a SELECT of all columns, some of them replaced: one by one, where the engine knows no other way."""
    if native:
        return select(exp.Star(**{"replace": list(replaced)}))
    instead = {one.alias_or_name: one for one in replaced}
    return select(*(instead.get(title, column(title)) for title in columns))


def _in_from(item: exp.Expr) -> exp.Expr:
    return exp.alias_(item.copy(), "source", table=True)


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def as_text(expression: exp.Expr, kind: str) -> exp.Expr:
    """Return an expression as text: it is one already, or it is cast."""
    if kind in ("FLOAT", "DOUBLE"):
        return call("text_of_double", expression.copy())
    return expression if kind == "VARCHAR" else exp.Cast(this=expression.copy(), to=exp.DataType.build("TEXT"))
