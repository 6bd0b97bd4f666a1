"""Moments of units by bucket: one scan serves a thousand A/A tests, and no unit leaves the warehouse.

A bucket is the first three hexadecimal digits of the MD5 of an id as text, which every engine computes alike: 4,096
of them. Units are those of the analysis, with the same values; only what they are grouped by is another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

from sqlglot import exp

from twyman.app.ports import Question
from twyman.experiments.experiment import Arm, Entry, Experiment
from twyman.kernel.errors import Invalid
from twyman.metrics.source import ExposureSource, Grain, UnitSource
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.syntax import (
    alias,
    array,
    call,
    cast,
    column,
    count_rows,
    number,
    select,
    statement,
    struct,
    table,
    text,
)
from twyman.warehouse.model import CELLS, PART, UNITS, MetricColumns, Part, stacked
from twyman.warehouse.sources.rows import as_text
from twyman.warehouse.statement.clusters import SUMS
from twyman.warehouse.statement.compile import metrics_of, unit_parts
from twyman.warehouse.statement.unit_tables import dealt_units
from twyman.warehouse.values.facts import FactTable

DIGITS = 3
"""Hexadecimal digits of a bucket's name."""
BUCKET, DEALT, REPEATS = "bucket", "dealt_units", "repeats"
EVERYONE = "everyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealing:
    """One SELECT, and what its answer means.

    Attributes:
        metrics: What each metric's moments are made of.
        of: The entity whose id is hashed.
    """

    query: exp.Query
    metrics: tuple[MetricColumns, ...]
    of: str


def compiled_dealing(engine: Engine, question: Question, *, by: str = "", by_day: bool = False) -> Dealing:
    """Compile a question whose units are dealt to buckets.

    Raises:
        NotFound: If a source or its table isn't there.
        Invalid: If a definition doesn't fit the data, or the source has no id of what is dealt.
    """
    experiment = question.experiment
    if experiment.entry is Entry.AGGREGATES:
        raise Invalid(
            f"experiment '{experiment.name}' enters by counts per arm, and counts can't be dealt anew: "
            "give exposures, or a table of units",
            place=experiment.origin.at("aggregates"),
        )
    question = replace(question, experiment=_bare(experiment))
    if by:
        question = _dealt_by(question, by)
    units = _of_exposures if experiment.entry is Entry.EXPOSURES else _of_units
    return units(engine, question, by, by_day)


def _bare(experiment: Experiment) -> Experiment:
    return replace(experiment, dimensions=(), crossed=(), strata=(), decide=None)


def _dealt_by(question: Question, by: str) -> Question:
    """Return the question over units one by one, whoever shares an arm: nobody has crossed."""
    experiment = question.experiment
    if experiment.entry is Entry.UNITS or experiment.randomised_by == by:
        return question
    source = question.catalogue.source(experiment.source, ExposureSource)
    values = [arm.value or arm.name for arm in experiment.arms]
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    together = f"case when cast(({source.arm}) as varchar) in ({listed}) then '{EVERYONE}' end"
    catalogue = question.catalogue
    sources = {**catalogue.sources, source.name: replace(source, arm=together)}
    arms = (Arm(EVERYONE, 1.0, control=True), Arm("nobody", 0.0))
    tracked = tuple(replace(one, expectations={}) for one in experiment.tracked)
    made = replace(experiment, arms=arms, tracked=tracked, randomised_by=by)
    return replace(question, experiment=made, catalogue=replace(catalogue, sources=sources))


def _of_exposures(engine: Engine, question: Question, by: str, by_day: bool) -> Dealing:  # noqa: FBT001
    found = unit_parts(engine, question)
    made, parts = _own(question, found.made), [*found.parts]
    entity = question.experiment.entity or "unit"
    id_ = as_text(column("unit"), found.id_kind)
    if found.clusters and by:
        id_, entity = column("cluster"), by
    elif found.clusters:
        summed = found.clusters.cell_parts(found.made, parts[-1][0], [])[0]
        parts.append(summed)
        made, id_ = _own(question, found.clusters.columns(found.made)), column("unit", SUMS)
        entity = question.experiment.randomised_by
    keys = [column("exposed_on")] if by_day else []
    told = [one for one in found.tables if one.grain is Grain.INSTANT]
    return _dealing(parts, made, (id_, entity), keys, [_repeats(one) for one in told])


def _of_units(engine: Engine, question: Question, by: str, by_day: bool) -> Dealing:  # noqa: FBT001
    del by_day  # a table of units has no days
    metrics = metrics_of(question)
    source = question.catalogue.source(question.experiment.source, UnitSource)
    parts, made, kind = dealt_units(engine, question, metrics, by)
    id_ = column("cluster") if by else as_text(column("unit"), kind)
    named = question.experiment.entity if source.entities else "row"
    return _dealing(parts, made, (id_, by or named or "unit"))


def _own(question: Question, made: Sequence[MetricColumns]) -> list[MetricColumns]:
    wanted = {tracked.metric for tracked in question.experiment.tracked}
    return [one for one in made if one.metric.name in wanted]


def _dealing(
    parts: list[Part],
    made: Sequence[MetricColumns],
    dealt: tuple[exp.Expr, str],
    keys: Sequence[exp.Expr] = (),
    repeats: Sequence[tuple[Part, exp.Query]] = (),
) -> Dealing:
    units, (id_, of) = parts[-1][0], dealt
    digits = exp.Left(this=exp.MD5(this=id_), expression=number(DIGITS))
    hashed = select(exp.Star(), alias(digits, BUCKET), alias(id_.copy(), "dealt_id")).from_(table(units))
    parts.append((DEALT, hashed, f"Units, each in the bucket that a hash of its {of} names."))
    moments = struct({one.metric.name: _moments(one) for one in made})
    by = [column(BUCKET), *keys]
    cells = select(*by, alias(count_rows(), "units"), alias(moments, "moments")).from_(table(DEALT))
    parts.append((CELLS, cells.group_by(*(one.copy() for one in by)), "Moments by bucket."))
    held = select(alias(text(CELLS), PART), exp.Star()).from_(table(CELLS))
    distinct = exp.Count(this=exp.Distinct(expressions=[column("dealt_id")]))
    totals = select(alias(text(UNITS), PART), alias(count_rows(), "units"), alias(distinct, "groups"))
    answers = [held, totals.from_(table(DEALT)), *(answer for _, answer in repeats)]
    return Dealing(
        query=statement([*parts, *(part for part, _ in repeats)], stacked(answers)), metrics=tuple(made), of=of
    )


def _repeats(facts: FactTable) -> tuple[Part, exp.Query]:
    """Return the part that counts rows alike in unit, instant and measures, and what it answers."""
    measures = [alias(value, f"measure {name}") for name, value in facts.names.items()]
    rows = facts.facts(facts.overall, [alias(facts.time.utc.copy(), "at"), *measures], None)
    keys = [column(str(one.alias_or_name)) for one in rows.selects]
    inner = exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier("facts")))
    alike = select(alias(count_rows(), "rows")).from_(inner).group_by(*keys)
    title = f"{facts.source.name} alike"
    said = select(alias(text(REPEATS), PART), alias(text(facts.source.name), "source"))
    beyond = call("sum", exp.Sub(this=column("rows"), expression=number(1)))
    said = said.select(alias(call("sum", column("rows")), "rows"), alias(beyond, "units")).from_(table(title))
    return (title, alike, f"Facts of {facts.source.name} that are alike in unit, instant and measures."), said


def _moments(made: MetricColumns) -> exp.Expr:
    held = [column(made.held(one), DEALT) for one in made.columns]
    fields: dict[str, exp.Expr] = {
        "count": exp.Count(this=held[0].copy()),
        "means": array(call("favg", one.copy()) for one in held),
        "covariances": array(_covariance(one, other) for one, other in combinations_with_replacement(held, 2)),
    }
    if not made.metric.is_binary:
        own = [cast(one.copy(), "DOUBLE") for one in held[: made.own]]
        fields["cubes"] = array(call("favg", _product(three)) for three in combinations_with_replacement(own, 3))
    return struct(fields)


def _covariance(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    return call("var_pop", one.copy()) if one == other else call("covar_pop", one.copy(), other.copy())


def _product(factors: Sequence[exp.Expr]) -> exp.Expr:
    first, second, third = (one.copy() for one in factors)
    return exp.Mul(this=exp.Mul(this=first, expression=second), expression=third)


def entities_at_hand(question: Question) -> Mapping[str, str]:
    """Return other entities whose ids the experiment's source holds, and their columns."""
    experiment = question.experiment
    source = question.catalogue.sources.get(experiment.source)
    if not isinstance(source, ExposureSource | UnitSource):
        return {}
    analysed = experiment.entity or next(iter(source.entities or {}), "")
    return {name: written for name, written in (source.entities or {}).items() if name != analysed}
