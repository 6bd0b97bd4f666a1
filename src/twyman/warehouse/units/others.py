"""Exposures of other experiments: rows of unit, experiment and variant, and of one experiment the variant of a unit.

Every source of exposures of the same entity is read, up to the cut-off. A unit that met several arms of another
experiment has a variant of its own.
"""

from collections.abc import Collection, Iterator

from sqlglot import exp

from twyman.app.ports import Question
from twyman.metrics.source import ExposureSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import alias, both, call, column, select, table, text, when
from twyman.warehouse.model import NONE, Part
from twyman.warehouse.sources.relation import EARLIEST, LATEST, Bounds
from twyman.warehouse.sources.rows import Asked, Rows, as_text, opened
from twyman.warehouse.units.exposures import FIRST, Exposures, id_columns, standing

SEVERAL = "(several)"
"""What the arm of a unit is called that met several of one experiment."""

OTHERS = "other_exposures"


class Beside:
    """What the units that count met of some other experiments, to break results down by.

    Args:
        engine: Where the data are.
        exposures: Of the experiment itself, opened.
        names: What the data call the other experiments.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """

    def __init__(self, engine: Engine, exposures: Exposures, names: tuple[str, ...]) -> None:
        self._exposures = exposures
        self._rows = list(other_exposures(engine, exposures, names)) if names else []
        self._names = names if self._rows else ()
        self.tables = [f"beside {number}" for number in range(1, len(self._names) + 1)]

    def held(self) -> dict[str, exp.Expr]:
        """Return the column of each experiment's variant, that of its part."""
        return {
            f"by {part}": exp.Coalesce(this=column("variant", part), expressions=[text(NONE)]) for part in self.tables
        }

    def parts(self) -> list[Part]:
        """Return the parts that hold one row a unit that met any variant, an experiment each."""
        if not self._rows:
            return []
        each = [(part, self._of(name), f"What was met of '{name}'.") for part, name in self._each()]
        return [(OTHERS, below(self._rows), "Exposures of other experiments."), *each]

    def names(self) -> dict[str, str]:
        """Return what the data call the experiment of each column."""
        return {f"by {part}": name for part, name in self._each()}

    def _each(self) -> list[tuple[str, str]]:
        return list(zip(self.tables, self._names, strict=True))

    def _of(self, name: str) -> exp.Select:
        unit = as_text(column("unit", FIRST), self._exposures.id_kind)
        lowest, highest = ends()
        return (
            select(column("unit", FIRST), alias(one_of(lowest, highest), "variant"))
            .from_(table(OTHERS))
            .join(table(FIRST), on=exp.EQ(this=column("unit", OTHERS), expression=unit))
            .where(exp.EQ(this=column("other", OTHERS), expression=text(name)))
            .group_by(column("unit", FIRST))
        )


def ends() -> tuple[exp.Expr, exp.Expr]:
    """Return the first and the last of the variants in a group of rows, by name."""
    variant = column("variant", OTHERS)
    return call("min", variant), call("max", variant.copy())


def one_of(lowest: exp.Expr, highest: exp.Expr) -> exp.Expr:
    """Return the one variant there is, or a name for several."""
    return when(exp.EQ(this=lowest, expression=highest), lowest.copy(), text(SEVERAL))


def other_exposures(engine: Engine, exposures: Exposures, names: Collection[str] | None = None) -> Iterator[exp.Select]:
    """Yield the exposures of other experiments, of each source that knows the same entity.

    Args:
        engine: Where the data are.
        exposures: Of the experiment itself, opened.
        names: Which experiments; `None`: all.
    """
    entity = exposures.question.experiment.entity or next(iter(exposures.source.entities))
    own = (exposures.source.name, exposures.key)
    yield from all_exposures(engine, exposures.question, entity, names, own=own)


def all_exposures(
    engine: Engine,
    question: Question,
    entity: str,
    names: Collection[str] | None = None,
    *,
    own: tuple[str, str] = ("", ""),
    sifted: bool = True,
) -> Iterator[exp.Select]:
    """Yield the exposures of each source that knows an entity: the unit as text, the experiment, the variant.

    Args:
        engine: Where the data are.
        question: Whose catalogue, zone and cut-off hold.
        entity: Whose ids units are.
        names: Which experiments, as the data call them; `None`: all.
        own: Source and key of the experiment that is left out.
        sifted: Whether only rows of these experiments are; else all of each source that may hold any.
    """
    for source in question.catalogue.sources.values():
        if not isinstance(source, ExposureSource) or entity not in source.entities:
            continue
        if source.experiment is None and (source.name == own[0] or (names is not None and source.name not in names)):
            continue
        rows = opened_source(engine, question, source)
        yield _of_source(rows, source, question, entity, names if sifted else None, own)


def opened_source(engine: Engine, question: Question, source: ExposureSource) -> Rows:
    """Open a source of exposures as a whole, up to the question's cut-off.

    Raises:
        NotFound: If its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    end = question.cutoff.events.replace(tzinfo=None) if question.cutoff else LATEST
    asked = Asked(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        times={source.timestamp.column: "timestamp"},
        ids=id_columns(question, dict(source.entities)),
    )
    return standing(opened(engine, asked, zone=question.zone, bounds=Bounds(EARLIEST, end)))


def _of_source(
    rows: Rows,
    source: ExposureSource,
    question: Question,
    entity: str,
    names: Collection[str] | None,
    own: tuple[str, str],
) -> exp.Select:
    origin = source.origin
    unit = rows.column(source.entities[entity], f"entities.{entity}")
    unit = as_text(unit, rows.kind(unit, origin.at(f"entities.{entity}")))
    key, which = _key(rows, source, names, own)
    arm = rows.label(source.arm, "arm")
    time = rows.time(source.timestamp)
    conditions = both(
        *which,
        exp.Not(this=exp.Is(this=arm.copy(), expression=exp.null())),
        exp.Not(this=exp.Is(this=unit.copy(), expression=exp.null())),
        time.before(question.cutoff.events) if question.cutoff else None,
        rows.condition(source.where, "where", rows.arm_at_hand(source.arm)) if source.where else None,
    )
    found = rows.from_(select(alias(unit, "unit"), alias(key, "other"), alias(arm, "variant")))
    return found if conditions is None else found.where(conditions)


def _key(
    rows: Rows, source: ExposureSource, names: Collection[str] | None, own: tuple[str, str]
) -> tuple[exp.Expr, list[exp.Expr]]:
    """Return what a row says of which experiment it is of, and which of them are asked for."""
    if not source.experiment:
        return text(source.name), []
    key = rows.column(source.experiment, "experiment")
    key = as_text(key, rows.kind(key, source.origin.at("experiment")))
    which = list[exp.Expr]()
    if source.name == own[0]:
        which.append(exp.NEQ(this=key.copy(), expression=text(own[1])))
    if names is not None:
        which.append(exp.In(this=key.copy(), expressions=[text(name) for name in names]))
    return key, which


def below(queries: list[exp.Select]) -> exp.Query:
    """Return the rows of all of them, one after the other."""
    stacked: exp.Query = queries[0]
    for query in queries[1:]:
        stacked = exp.Union(this=stacked, expression=query, distinct=False)
    return stacked
