"""The nightly sweep: every pair of the experiments that run, in one pass over the exposures, and the pairs that matter.

Whether assignments depend on each other is asked of all pairs that share a unit. Whether one experiment changes what
another does is asked of pairs that are dealt independently, overlap and share a surface: one statement an experiment.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median_low
from typing import Protocol

from twyman.app.comparison import own_columns
from twyman.app.ports import Cell, Cutoff, Measured, Paired, Pairing, Question, variant_of
from twyman.app.running import left_out, runs, swept
from twyman.app.telling import Step, Telling, untold
from twyman.app.timeline import settling
from twyman.doubt.check import Check, Status, loudest_first
from twyman.doubt.interactions import LEAST, Crossing, crossing, interaction_checks, ranked
from twyman.doubt.pairs import Pair, dependent_pairs, none_found, pair_checks
from twyman.doubt.sealed import veiled
from twyman.experiments.experiment import Experiment, Role, Tracked
from twyman.kernel.errors import NotFound
from twyman.kernel.time import Clock, instant_text
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Quantile, TimeToEvent
from twyman.metrics.source import ExposureSource
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments

PLANNED = 10_000
"""Units for which evidence is tuned where a plan has no size."""


class Sweeping(Pairing, Protocol):
    """The user's data, read once for many questions."""

    def together(self, questions: Sequence[Question]) -> AbstractContextManager[None]:
        """Read each source of facts once for all of some questions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found.

    Attributes:
        as_of: The day, as an instant.
        experiments: Those that run on it and could be asked; sealed ones aren't named.
        sealed: How many of them are sealed.
        pairs: How many pairs share a unit.
        checks: What was found, the loudest first; what was asked and found quiet is among them.
        tests: Metrics of pairs that were asked for an interaction.
        sql: The statements that ran; none where a sealed experiment stands in them.
    """

    as_of: str
    engine: str
    experiments: tuple[str, ...]
    pairs: int
    checks: tuple[Check, ...]
    tests: int = 0
    sealed: int = 0
    sql: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """Ask all pairs of the experiments that run.

    Attributes:
        warehouse: Where the data are.
        clock: Tells the time.
        told: Is told how far it has come.
    """

    warehouse: Sweeping
    clock: Clock
    told: Telling = untold

    def __call__(
        self,
        experiments: Sequence[Experiment],
        catalogue: Catalogue,
        *,
        zone: str = "UTC",
        as_of: datetime | None = None,
    ) -> Swept:
        """Return what the experiments that run on a day do to each other.

        Args:
            experiments: Those of the project; the ones that run are taken.
            catalogue: The sources and metrics they refer to.
            zone: Zone of zoneless times and of days.
            as_of: The day; left out, now.

        Raises:
            NotFound: If fewer than two experiments are defined, or no two run on the day.
            Invalid: If the data don't fit the definitions.
            Unavailable: If the engine gave out.
        """
        _refuse_too_few(experiments)
        day = as_of or self.clock()
        live = sorted((one for one in experiments if runs(one, day)), key=lambda one: one.name)
        running, out = [one for one in live if swept(one)], left_out(live)
        if len(running) < 2:
            raise NotFound(
                f"{len(running)} of {len(experiments)} experiments run on {instant_text(day)[:10]}, and a pair takes "
                f"two: {_another_day(experiments, day)}{''.join(f'. {check.text}' for check in out)}"
            )
        settle = max((settling(one, catalogue) for one in running), default=timedelta())
        end = min(day, self.clock() - settle)
        cutoff = Cutoff(end, end + settle)
        asked = {one.name: Question(experiment=one, catalogue=catalogue, zone=zone, cutoff=cutoff) for one in running}
        found = _for_others(self._swept(asked, end), running)
        return replace(found, checks=loudest_first([*found.checks, *out]))

    def _swept(self, asked: Mapping[str, Question], end: datetime) -> Swept:
        self.told(Step("all pairs", number=0, count=len(asked)))
        found = [_apart(self.warehouse.paired(group), asked) for group in _by_entity([*asked.values()])]
        dependent = [pair for one in found for pair in dependent_pairs(one.units, one.met)]
        checks = pair_checks(dependent, pairs=sum(len(one.met) for one in found)) or _none(found)
        together = _sharing(asked, found, dependent)
        crossed, sql = self._crossed(asked, together)
        return Swept(
            as_of=instant_text(end),
            engine=self.warehouse.engine,
            experiments=tuple(asked),
            pairs=sum(len(one.met) for one in found),
            checks=loudest_first([*checks, *interaction_checks(ranked(crossed))]),
            tests=len(crossed),
            sql=(*(text for one in found for text in one.sql), *sql),
        )

    def _crossed(
        self, asked: Mapping[str, Question], together: Mapping[str, Sequence[str]]
    ) -> tuple[list[Crossing], tuple[str, ...]]:
        """Measure every experiment once, broken down by the variants of all that are asked with it."""
        made, sql = list[Crossing](), list[str]()
        with_others = [(asked[name], [asked[other] for other in others]) for name, others in together.items()]
        questions = [one for pair in with_others if (one := crossed_question(*pair)).experiment.tracked]
        if not questions:
            return made, ()
        with self.warehouse.together(questions):
            for number, question in enumerate(questions, start=1):
                self.told(Step(_title(question.experiment), number=number, count=len(questions)))
                seen = self.warehouse.measure(question)
                sql += seen.sql
                others = [asked[other] for other in together[question.experiment.name]]
                made += [one for other in others for one in crossings(question, other, seen)]
        return made, tuple(sql)


def _refuse_too_few(experiments: Sequence[Experiment]) -> None:
    if not experiments:
        raise NotFound("no experiment is defined, and a folder is swept for pairs: define two, or name another folder")
    if len(experiments) == 1:
        (only,) = experiments
        file = "" if only.sealed else only.origin.file
        raise NotFound(
            "one experiment is defined, and a folder is swept for pairs: to ask about one, name its file, as in "
            f"twyman doubt {file or 'FOLDER/EXPERIMENT.yaml'}"
        )


def _another_day(experiments: Sequence[Experiment], day: datetime) -> str:
    """Name the latest day before, on which the most of them run."""
    ends = {one.measure_until or one.enrol_until for one in experiments if swept(one)}
    past = sorted((end for end in ends if end is not None and end < day), reverse=True)
    running = {end: sum(swept(one) and runs(one, end) for one in experiments) for end in past}
    busiest = max(past, key=lambda end: running[end], default=None)
    if busiest is None or running[busiest] < 2:
        return "give the day with --as-of"
    return f"give a day on which they do, as in --as-of {instant_text(busiest)[:10]}"


def _for_others(found: Swept, running: Sequence[Experiment]) -> Swept:
    """Return what was found without the names of sealed experiments."""
    owners = {one.name: one.owner for one in running if one.sealed}
    if not owners:
        return found
    shown = tuple(name for name in found.experiments if name not in owners)
    checks = loudest_first(veiled(found.checks, owners))
    return replace(found, experiments=shown, sealed=len(owners), checks=checks, sql=())


def _title(experiment: Experiment) -> str:
    return "a sealed experiment" if experiment.sealed else experiment.name


def crossed_question(question: Question, others: Sequence[Question]) -> Question:
    """Return the question for an experiment's metrics, and those of others, broken down by the others' variants."""
    experiment, catalogue = question.experiment, question.catalogue
    named = {tracked.metric for one in (question, *others) for tracked in _asked(one)}
    tracked = tuple(
        Tracked(metric=name, role=Role.INFORMATION)
        for name in sorted(named)
        if (catalogue.metric(name).entity or experiment.entity) == experiment.entity
    )
    bare = replace(experiment, tracked=tracked, dimensions=(), crossed=(), strata=(), decide=None)
    return replace(question, experiment=bare, beside=tuple(key_of(one) for one in others))


def key_of(question: Question) -> str:
    """Return what the data call an experiment; a table that names none is called by its own name."""
    experiment, source = question.experiment, question.catalogue.sources.get(question.experiment.source)
    if isinstance(source, ExposureSource) and source.experiment is None:
        return source.name
    return experiment.key or experiment.name


def _asked(question: Question) -> Iterator[Tracked]:
    for tracked in question.experiment.tracked:
        kind = question.catalogue.metric(tracked.metric).kind
        if tracked.role in (Role.SUCCESS, Role.GUARDRAIL) and not isinstance(kind, Quantile | TimeToEvent):
            yield tracked


def _apart(found: Paired, asked: Mapping[str, Question]) -> Paired:
    """Leave out pairs of definitions of one assignment: the same exposures, read twice."""
    dealt = {name: (one.experiment.source, key_of(one)) for name, one in asked.items()}
    return replace(found, met={pair: cells for pair, cells in found.met.items() if dealt[pair[0]] != dealt[pair[1]]})


def _by_entity(questions: Sequence[Question]) -> list[list[Question]]:
    groups: dict[str, list[Question]] = {}
    for one in questions:
        groups.setdefault(one.experiment.entity, []).append(one)
    return [group for group in groups.values() if len(group) > 1]


def _none(found: Sequence[Paired]) -> list[Check]:
    shared = [sum(cells.values()) for one in found for cells in one.met.values()]
    text = none_found(median_low(shared), len(shared)) if shared else "No two experiments share a unit."
    return [Check(code="coexposure", status=Status.OK, text=text, detail={"pairs": len(shared)})]


def _sharing(asked: Mapping[str, Question], found: Sequence[Paired], dependent: Sequence[Pair]) -> dict[str, list[str]]:
    """Return, by experiment, those that share a surface and units enough with it, and are dealt independently of it."""
    known = {frozenset((pair.of, pair.beside.name)) for pair in dependent}
    together: dict[str, list[str]] = {}
    for (one, two), cells in sorted((pair for each in found for pair in each.met.items()), key=lambda pair: pair[0]):
        surface = asked[one].experiment.surface
        apart = frozenset((one, two)) not in known and _full(asked[one], asked[two], cells)
        if surface and surface == asked[two].experiment.surface and apart:
            together.setdefault(one, []).append(two)
    return together


def _full(one: Question, two: Question, cells: Mapping[tuple[str, str], int]) -> bool:
    """Whether every cell of a pair has units enough for its mean to be near normal."""
    arms = [(arm.name, other.name) for arm in one.experiment.arms for other in two.experiment.arms]
    return min(cells.get(arm, 0) for arm in arms) >= LEAST


def crossings(question: Question, other: Question, seen: Measured) -> Iterator[Crossing]:
    """Yield each metric that a question measured by the other's variants, where its cells have units enough."""
    rows, columns = (sorted(one.experiment.arms, key=lambda arm: not arm.control) for one in (question, other))
    for tracked in question.experiment.tracked:
        metric = question.catalogue.metric(tracked.metric)
        cells = [
            [
                seen.cells.get(Cell(metric.name, arm.name, variant_of(key_of(other)), variant.value or variant.name))
                for variant in columns
            ]
            for arm in rows
        ]
        full = [[cell for cell in row if cell is not None] for row in cells]
        made = _tested(question, other, (metric.name, metric.title or metric.name), full, own_columns(metric))
        if made is not None and all(len(row) == len(columns) for row in full):
            yield made


def _tested(
    question: Question, other: Question, metric: tuple[str, str], cells: Sequence[Sequence[Moments]], own: int
) -> Crossing | None:
    if len({len(row) for row in cells}) != 1 or min(len(row) for row in cells) < 2:
        return None
    sizes = [one.experiment.plan.units for one in (question, other)]
    found = crossing(
        cells,
        experiments=(question.experiment.name, other.experiment.name),
        metric=metric,
        planned=min((size for size in sizes if size), default=PLANNED),
        own=own,
    )
    return None if isinstance(found, NotEstimable) else found
