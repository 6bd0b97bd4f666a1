"""Which arms of other experiments an experiment's units met as well: one statement for all of them.

Every source of exposures of the same entity is read, up to the cut-off. A unit that met several arms of another
experiment counts under a name of its own. Where whole clusters were drawn, clusters are counted, not their units.
"""

from collections.abc import Iterator

from sqlglot import exp

from twyman.app.ports import Coexposed, Question
from twyman.metrics.source import ExposureSource
from twyman.warehouse.engine import Engine, Row
from twyman.warehouse.language.syntax import (
    alias,
    both,
    call,
    column,
    count_rows,
    select,
    statement,
    table,
    text,
    when,
)
from twyman.warehouse.model import PART, stacked
from twyman.warehouse.sources.relation import EARLIEST, LATEST, Bounds
from twyman.warehouse.sources.rows import Asked, Rows, as_text, opened
from twyman.warehouse.statement.compile import entered
from twyman.warehouse.units.exposures import FIRST, Exposures, id_columns

SEVERAL = "(several)"
"""What the arm of a unit is called that met several of one experiment."""

DRAWN, OTHERS, MET_TOO = "drawn", "other_exposures", "met_too"
TOTALS, MET = "totals", "met"


def compiled_coexposure(engine: Engine, question: Question) -> exp.Query:
    """Return the statement that counts, by arm, what else each unit met.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data.
    """
    exposures, parts = entered(engine, question)
    # A cluster stands once for each of its units.
    units = exp.Count(this=exp.Distinct(expressions=[column("drawn")])) if exposures.clustered else count_rows()
    totals = select(alias(text(TOTALS), PART), column("arm"), *_without_other(), alias(units, "units"))
    answers: list[exp.Query] = [totals.from_(table(DRAWN)).group_by(column("arm"))]
    parts = [*parts, (DRAWN, _drawn(exposures), "What was drawn: each with its arm.")]
    others = list(_others(engine, question, exposures))
    if others:
        parts += [
            (OTHERS, _below(others), "Exposures of other experiments, of the same units."),
            (MET_TOO, _met(exposures), "What was met of each other experiment."),
        ]
        held = [column("arm"), column("other"), _variant()]
        met = select(alias(text(MET), PART), *held[:2], alias(held[2], "variant"), alias(count_rows(), "units"))
        answers.append(met.from_(table(MET_TOO)).group_by(*(one.copy() for one in held)))
    return statement(parts, stacked(answers))


def coexposed(question: Question, rows: list[Row], sql: tuple[str, ...]) -> Coexposed:
    """Read the statement's answer."""
    names = [arm.name for arm in question.experiment.arms]
    units, met = dict.fromkeys(names, 0), dict[str, dict[tuple[str, str], int]]()
    for row in rows:
        arm = names[int(row["arm"])]
        if row[PART] == TOTALS:
            units[arm] = int(row["units"])
        else:
            met.setdefault(str(row["other"]), {})[arm, str(row["variant"])] = int(row["units"])
    return Coexposed(units=units, met=met, of=question.experiment.randomised_by or "unit", sql=sql)


def _without_other() -> list[exp.Expr]:
    return [alias(exp.cast(exp.null(), "TEXT"), name) for name in ("other", "variant")]


def _drawn(exposures: Exposures) -> exp.Select:
    drawn = column("cluster" if exposures.clustered else "unit")
    return select(column("unit"), alias(drawn, "drawn"), column("arm")).from_(table(FIRST))


def _others(engine: Engine, question: Question, exposures: Exposures) -> Iterator[exp.Select]:
    """Yield the exposures of other experiments, of each source that knows the same entity."""
    entity = question.experiment.entity or next(iter(exposures.source.entities))
    for source in question.catalogue.sources.values():
        if isinstance(source, ExposureSource) and entity in source.entities:
            if source.experiment is None and source.name == exposures.source.name:
                continue
            yield _of_others(_opened(engine, question, source), question, source, exposures, entity)


def _opened(engine: Engine, question: Question, source: ExposureSource) -> Rows:
    end = question.cutoff.events.replace(tzinfo=None) if question.cutoff else LATEST
    asked = Asked(
        name=source.name,
        relation=source.relation,
        origin=source.origin,
        formats=source.formats,
        times={source.timestamp.column: "timestamp"},
        ids=id_columns(question, dict(source.entities)),
    )
    return opened(engine, asked, zone=question.zone, bounds=Bounds(EARLIEST, end))


def _of_others(rows: Rows, question: Question, source: ExposureSource, exposures: Exposures, entity: str) -> exp.Select:
    origin = source.origin
    unit = rows.column(source.entities[entity], f"entities.{entity}")
    unit = as_text(unit, rows.kind(unit, origin.at(f"entities.{entity}")))
    key: exp.Expr = text(source.name)
    own: exp.Expr | None = None
    if source.experiment:
        key = rows.column(source.experiment, "experiment")
        key = as_text(key, rows.kind(key, origin.at("experiment")))
        if source.name == exposures.source.name:
            own = exp.NEQ(this=key.copy(), expression=text(exposures.key))
    arm = rows.label(source.arm, "arm")
    time = rows.time(source.timestamp)
    conditions = both(
        own,
        exp.Not(this=exp.Is(this=arm.copy(), expression=exp.null())),
        exp.Not(this=exp.Is(this=unit.copy(), expression=exp.null())),
        time.before(question.cutoff.events) if question.cutoff else None,
        rows.condition(source.where, "where", rows.arm_at_hand(source.arm)) if source.where else None,
    )
    found = rows.from_(select(alias(unit, "unit"), alias(key, "other"), alias(arm, "variant")))
    return found if conditions is None else found.where(conditions)


def _below(queries: list[exp.Select]) -> exp.Query:
    below: exp.Query = queries[0]
    for query in queries[1:]:
        below = exp.Union(this=below, expression=query, distinct=False)
    return below


def _variant() -> exp.Expr:
    lowest = column("lowest")
    return when(exp.EQ(this=lowest, expression=column("highest")), lowest.copy(), text(SEVERAL))


def _met(exposures: Exposures) -> exp.Select:
    variant = column("variant", OTHERS)
    ends = (alias(call("min", variant), "lowest"), alias(call("max", variant.copy()), "highest"))
    unit = as_text(column("unit", DRAWN), exposures.id_kind)
    held = (column("drawn", DRAWN), column("arm", DRAWN), column("other", OTHERS))
    return (
        select(*held, *ends)
        .from_(table(OTHERS))
        .join(table(DRAWN), on=exp.EQ(this=column("unit", OTHERS), expression=unit))
        .group_by(*(name.copy() for name in held))
    )
