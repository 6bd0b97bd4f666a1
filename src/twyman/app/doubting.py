"""What else could explain a result: other flags on the same units, and metrics that moved though nobody said so.

Both ask the warehouse questions of their own, at the same cut-off as the reading.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twyman.app.auditing import audit_checks
from twyman.app.dosed import dosed
from twyman.app.localised import TELL_OF_EFFECTS
from twyman.app.neighbours import interacting
from twyman.app.ports import Measured, Question, Warehouse
from twyman.app.precision import precision
from twyman.app.results import compared_at
from twyman.app.within import Within, with_effects, within
from twyman.app.wording import percent
from twyman.doubt.check import Check
from twyman.doubt.coexposure import Beside, beside, coexposure, flagged, unasked
from twyman.doubt.undeclared import Move, Unread, undeclared, unwatched
from twyman.experiments.experiment import Entry, Experiment, Role, Tracked
from twyman.kernel.errors import Invalid, NotFound
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Cohort, Metric, OutcomeValue, Quantile, TimeToEvent
from twyman.metrics.source import ExposureSource, FactSource, UnitSource
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import relative

ENOUGH = 100
"""Units an arm below which means of undeclared metrics aren't near normal."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """What was found beside the experiment's own metrics.

    Attributes:
        checks: All checks, none of which tells an effect but the neighbours of what was declared.
        others: Every other flag that could be tested, the likeliest to depend on the arm first.
        within: What is left of effects within the variants of flags that leak.
        sql: The statements that ran.
    """

    checks: tuple[Check, ...] = ()
    others: tuple[Beside, ...] = ()
    within: Mapping[str, Within] = field(default_factory=dict[str, Within])
    sql: tuple[str, ...] = ()

    def shown(self, *, effects: bool) -> tuple[Check, ...]:
        """Return the checks with what they say of effects, or those that may be shown while effects are hidden."""
        if effects:
            return tuple(with_effects(check, self.within) for check in self.checks)
        return tuple(check for check in self.checks if check.code not in TELL_OF_EFFECTS)


def doubted(
    warehouse: Warehouse, question: Question, measured: Measured, neighbours: Sequence[Experiment] = ()
) -> Doubted:
    """Ask what else the units met, and what else of theirs moved.

    Args:
        warehouse: Where the data are.
        question: The reading's, with its cut-off.
        measured: What the reading measured.
        neighbours: Experiments of the project: those on the same surface are asked whether they change our effects.

    Raises:
        Invalid: If the data don't fit the definitions.
        Unavailable: If the engine gave out.
    """
    if question.experiment.entry is Entry.AGGREGATES:
        return Doubted()
    moved, moved_sql = _moved(warehouse, question, measured)
    if question.experiment.entry is not Entry.EXPOSURES:
        return Doubted(checks=tuple(moved), sql=moved_sql)
    met, audited = warehouse.coexposed(question), warehouse.audit(question)
    told = {name: cells for name, cells in met.met.items() if not _is_ours(name, cells, question)}
    others = beside(met.units, told)
    leaking = [one for one in flagged(others) if not (one.found.aliased or one.only_met_unevenly)]
    left, left_sql = within(warehouse, question, measured, leaking)
    doses, doses_sql = dosed(warehouse, question, measured)
    crossed, crossed_sql = interacting(warehouse, question, neighbours, met, {one.name for one in flagged(others)})
    return Doubted(
        checks=(
            *coexposure(others, of=met.of, precision=precision(question, measured), unasked=unasked(met.units, told)),
            *crossed,
            *moved,
            *audit_checks(question.experiment, audited),
            *doses,
        ),
        others=others,
        within=left,
        sql=(*met.sql, *audited.sql, *doses_sql, *left_sql, *crossed_sql, *moved_sql),
    )


def _is_ours(name: str, cells: Mapping[tuple[str, str], int], question: Question) -> bool:
    """Whether a table that names no experiment holds our own assignment: the same units, in arms of the same name."""
    source = question.catalogue.sources.get(name)
    if not isinstance(source, ExposureSource) or source.experiment is not None:
        return False
    values = {arm.name: arm.value or arm.name for arm in question.experiment.arms}
    return all(values[arm] == variant for (arm, variant), units in cells.items() if units)


def _moved(warehouse: Warehouse, question: Question, measured: Measured) -> tuple[list[Check], tuple[str, ...]]:
    """Watch every metric of the catalogue that the experiment doesn't declare, but those that can't be read."""
    experiment, asked = question.experiment, undeclared_question(question)
    if asked is None or not all(measured.units.get(arm.name) for arm in experiment.arms):
        return [], ()
    moves, unread, sql = list[Move](), list[Unread](), list[str]()
    for part, seen in _watched(warehouse, asked):
        if isinstance(seen, Measured):
            moves.extend(_moves(part, experiment, seen))
            sql.extend(seen.sql)
        else:
            unread.extend(_unread(part, seen))
    watched = undeclared(moves, planned=experiment.plan.units)
    return [*watched, *unwatched(unread, of=len(asked.experiment.tracked))], tuple(sql)


def _watched(warehouse: Warehouse, asked: Question) -> Iterator[tuple[Question, Measured | Invalid | NotFound]]:
    """Measure all metrics at once; where that fails, part by part, and say of the least parts why they can't be."""
    try:
        yield asked, warehouse.measure(asked)
    except (Invalid, NotFound) as error:
        parts = narrower(asked, error)
        if not parts:
            yield asked, error
        for part in parts:
            yield from _watched(warehouse, part)


def _unread(asked: Question, error: Invalid | NotFound) -> Iterator[Unread]:
    why = " ".join(str(error).split())
    for tracked in asked.experiment.tracked:
        yield Unread(tracked.metric, asked.catalogue.metric(tracked.metric).title or tracked.metric, why)


def narrower(asked: Question, error: Invalid | NotFound) -> list[Question]:
    """Return what is left to ask where a question for several metrics can't be answered.

    Metrics are parted by the sources of facts that they read, and those of the same sources one by one; where a source
    itself isn't there, none of them can be read, and nothing is left.
    """
    tracked, catalogue = asked.experiment.tracked, asked.catalogue
    parts: dict[object, list[Tracked]] = {}
    for one in tracked:
        parts.setdefault(catalogue.metric(one.metric).facts, []).append(one)
    if len(parts) == 1:
        parts = {} if isinstance(error, NotFound) or len(tracked) == 1 else {one.metric: [one] for one in tracked}
    return [replace(asked, experiment=replace(asked.experiment, tracked=tuple(part))) for part in parts.values()]


def undeclared_question(question: Question) -> Question | None:
    """Return the question for every metric that an experiment doesn't declare; `None` where there is none."""
    names = [metric.name for metric in undeclared_metrics(question.experiment, question.catalogue)]
    if not names:
        return None
    tracked = tuple(Tracked(metric=name, role=Role.INFORMATION) for name in names)
    bare = replace(question.experiment, tracked=tracked, dimensions=(), crossed=(), strata=(), decide=None)
    return replace(question, experiment=bare)


def undeclared_metrics(experiment: Experiment, catalogue: Catalogue) -> list[Metric]:
    """Return the catalogue's metrics that can be read of the experiment's units and aren't declared by it."""
    declared = {tracked.metric for tracked in experiment.tracked}
    return [
        metric
        for name, metric in catalogue.metrics.items()
        if name not in declared and metric.cohort is Cohort.CLOSED and _fits(metric, experiment, catalogue)
    ]


def _fits(metric: Metric, experiment: Experiment, catalogue: Catalogue) -> bool:
    if isinstance(metric.kind, Quantile | TimeToEvent) or (metric.entity or experiment.entity) != experiment.entity:
        return False
    if experiment.entry is Entry.UNITS:
        source = catalogue.sources.get(experiment.source)
        outcomes = [value.outcome for value in metric.values if isinstance(value, OutcomeValue)]
        if not isinstance(source, UnitSource) or len(outcomes) < len(metric.values):
            return False
        return all(name in source.outcomes for name in outcomes)
    sources = [catalogue.sources.get(name) for name in metric.facts]
    known = [isinstance(source, FactSource) and experiment.entity in source.entities for source in sources]
    return bool(known) and all(known)


def _moves(asked: Question, experiment: Experiment, seen: Measured) -> Iterator[Move]:
    read = _declared_facts(experiment, asked.catalogue)
    for tracked in asked.experiment.tracked:
        metric = asked.catalogue.metric(tracked.metric)
        for arm in experiment.treatments:
            found = compared_at(asked.experiment, metric, seen, arm.name)
            if isinstance(found, NotEstimable):
                continue
            gap = found.pair.contrast(1.0)
            lift = relative(found.pair, alpha=experiment.plan.alpha, method=experiment.plan.lift.value)
            if gap.se > 0 and min(found.pair.treatment_units, found.pair.control_units) >= ENOUGH:
                yield Move(
                    metric=metric.name,
                    title=metric.title or metric.name,
                    arm=arm.name,
                    score=found.pair.score(),
                    units=found.pair.treatment_units + found.pair.control_units,
                    says=f"{gap.estimate:+.3g}" if isinstance(lift, NotEstimable) else percent(lift.estimate),
                    foreign=bool(metric.facts) and not read & set(metric.facts),
                )


def _declared_facts(experiment: Experiment, catalogue: Catalogue) -> set[str]:
    """Return the sources that metrics read which the change may move."""
    may: Sequence[Tracked] = [one for one in experiment.tracked if one.role is not Role.MUST_NOT_MOVE]
    return {name for one in may for name in catalogue.metric(one.metric).facts}
