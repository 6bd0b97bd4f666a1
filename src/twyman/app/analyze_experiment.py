"""Analyse an experiment: take the looks that are due, judge every metric, and say what follows.

The order is the argument: when may we look (timeline), what do the data say at each look (warehouse,
look book), can they carry a conclusion (health), what do the tests say (judgement), what follows
(verdict).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from twyman.app import health as checking
from twyman.app.changes import Changes, unchanged
from twyman.app.dossier import dossier_view, doubtful, likely_wrong
from twyman.app.doubting import doubted
from twyman.app.information import Used, matured, used
from twyman.app.judgement import Judge, Judgement
from twyman.app.localised import told
from twyman.app.ports import Cutoff, Look, LookBook, Measured, Question, Warehouse
from twyman.app.root_cause import with_cause
from twyman.app.sealing import sealing
from twyman.app.take_looks import TakeLooks
from twyman.app.telling import Step, Telling, untold
from twyman.app.timeline import Timeline, timeline
from twyman.app.verdicts import Grounds, verdict_view, verdicts_of
from twyman.app.views import Answer, Engine, LookView
from twyman.decisions.budget import budget
from twyman.decisions.verdict import URGENCY, Reason
from twyman.doubt.check import loudest_first
from twyman.experiments.experiment import Entry, Experiment, Role
from twyman.experiments.history import PastResult
from twyman.experiments.plan import AlwaysValid, Plan, Results, Spending
from twyman.kernel.errors import Invalid
from twyman.kernel.time import Clock, instant_text
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Metric, Quantile

_UNREAD = (
    "no row of '{}' lies in a window of a unit of this experiment and meets the filters: compare ids, times and where"
)


@dataclass(frozen=True, slots=True)
class AnalyzeExperiment:
    """Analyse one experiment of a catalogue.

    Attributes:
        version: Twyman's own, recorded in the answer.
        told: Is told how far it has come.
        past: Tells what past experiments found, whenever that was.
        neighbours: All experiments of the project: those on the same surface may change each other's effects.
        changes: Tells what was changed when in the project's definitions.
    """

    warehouse: Warehouse
    looks: LookBook
    clock: Clock
    version: str
    told: Telling = untold
    past: Callable[[], Sequence[PastResult]] = tuple
    neighbours: Sequence[Experiment] = ()
    changes: Changes = unchanged

    def __call__(
        self, experiment: Experiment, catalogue: Catalogue, *, zone: str = "UTC", as_of: datetime | None = None
    ) -> Answer:
        """Return the verdict of every treatment, and all that it rests on.

        Args:
            experiment: The experiment.
            catalogue: The sources and metrics it refers to.
            zone: Zone of zoneless times and of days.
            as_of: The day of reading; left out, the latest look that is due.

        Raises:
            Invalid: If the data can't be what the definitions say, or no metric can be estimated.
            NotFound: If a name isn't defined.
            Conflict: If the plan has changed since the first look, or the day is still to come.
        """
        self.told(Step(experiment.name))
        question = Question(experiment=experiment, catalogue=catalogue, zone=zone)
        if experiment.entry is not Entry.EXPOSURES:
            if as_of is not None:
                raise Invalid(
                    f"experiment '{experiment.name}' has no dates, so it can't be read as of {instant_text(as_of)}: "
                    "leave the day out",
                    place=experiment.origin.at(experiment.entry.value),
                )
            return self._undated(question)
        return self._dated(question, as_of)

    def _undated(self, question: Question) -> Answer:
        """Analyse a table of units or counts: one reading, and it is the last, unless bounds hold at any."""
        experiment, measured, now = question.experiment, self.warehouse.measure(question), self.clock()
        endless = experiment.plan.always_valid
        look = Look(
            experiment=experiment.name,
            number=1,
            cutoff=Cutoff(now, now),
            measured=measured,
            plan="",
            taken_at=now,
        )
        whole = used(experiment, question.catalogue, [look], planned=None) if endless else (Used(1.0, 1.0),)
        view = LookView(
            number=1,
            planned=None if endless else 1,
            cutoff=None,
            information=_share(experiment, whole),
            reconstructed=False,
            final=not endless,
        )
        judged = Judge(experiment, question.catalogue, [look], whole, final=view.final, past=self.past())()
        return self._answer(question, measured, judged, view, as_of=now)

    def _dated(self, question: Question, as_of: datetime | None) -> Answer:
        experiment, catalogue = question.experiment, question.catalogue
        extent = self.warehouse.extent(question)
        line = timeline(experiment, catalogue, extent, as_of=as_of, clock=self.clock, zone=question.zone)
        taken = TakeLooks(self.warehouse, self.looks, self.clock, self.version, self.told)(question, line, extent)
        if taken.complete:
            line = line.ended(taken.looks[-1].cutoff)
        if taken.looks and not line.between:
            measured = taken.looks[-1].measured
        else:
            measured = self.warehouse.measure(replace(question, cutoff=line.reading))
        measured = replace(measured, undated=extent.undated)
        final = line.schedule.final and not line.between and _has_its_units(experiment, measured, line)
        judged = None
        if taken.looks and (final or experiment.plan.spending is not None):
            judged = Judge(experiment, catalogue, taken.looks, taken.used, final=final, past=self.past())()
        view = LookView(
            number=taken.looks[-1].number if taken.looks else len(line.schedule.cutoffs),
            planned=line.schedule.planned,
            cutoff={"events": instant_text(line.reading.events), "arrivals": instant_text(line.reading.arrivals)},
            information=_share(experiment, taken.used) if judged else None,
            reconstructed=taken.looks[-1].reconstructed if taken.looks and not line.between else False,
            final=final,
            between=line.between,
            next=instant_text(line.schedule.next) if line.schedule.next else None,
            kept=taken.kept,
        )
        return self._answer(replace(question, cutoff=line.reading), measured, judged, view, as_of=line.reading.events)

    def _answer(
        self, question: Question, measured: Measured, judged: Judgement | None, view: LookView, *, as_of: datetime
    ) -> Answer:
        experiment, catalogue = question.experiment, question.catalogue
        cutoff = None if view.cutoff is None else Cutoff(as_of, as_of)
        waiting = _waiting(experiment, measured, judged, view)
        beside = doubted(self.warehouse, question, measured, self.neighbours)
        own = checking.checks(experiment, catalogue, measured, cutoff=cutoff, final=view.final, zone_name=question.zone)
        shown_checks = (*told(own, effects=waiting is None), *beside.shown(effects=waiting is None))
        seen = loudest_first(with_cause(question, shown_checks, self.changes, self.neighbours))
        sealed = sealing(question, self.neighbours)
        found = sealed.checks(seen)
        if judged and (view.final or view.cutoff is None) and not waiting:
            _refuse_if_nothing_estimable(question, judged, measured)
        shown = judged if judged and not _without_effects(experiment, view) else None
        rows, dated = shown.rows if shown else (), experiment.entry is Entry.EXPOSURES
        doubts = dossier_view(seen, rows, units=sum(measured.units.values()), whole=dated)
        grounds = Grounds(checking.broken(found), likely_wrong(doubts), doubtful(doubts), waiting)
        verdicts = verdicts_of(experiment, judged, grounds, view)
        first = min(verdicts, key=lambda one: URGENCY.index(one.action))
        return Answer(
            experiment=experiment.name,
            title=experiment.title or experiment.name,
            owner=experiment.owner,
            control=experiment.control.name,
            hypothesis=experiment.hypothesis.strip(),
            claims=experiment.claims,
            as_of=instant_text(as_of),
            engine=Engine(twyman=self.version, warehouse=self.warehouse.engine),
            look=view,
            verdict=verdict_view(first),
            verdicts=[verdict_view(one) for one in verdicts],
            health=checking.health(experiment, measured, found),
            dossier=sealed.dossier(doubts),
            results=list(shown.rows) if shown else [],
            series=list(shown.series) if shown else [],
            settings=_settings(question, measured),
            sql=[*measured.sql, *sealed.statements(beside.sql)],
        )


def _share(experiment: Experiment, shares: Sequence[Used]) -> float | None:
    """Return the share of the planned information; all of it, where one look is planned and no size."""
    plan = experiment.plan
    if plan.always_valid and plan.units is None:
        return None
    sized = plan.units is not None or plan.spending is not None
    return shares[-1].deciding if sized else 1.0


def _has_its_units(experiment: Experiment, measured: Measured, line: Timeline) -> bool:
    """Whether a plan with one look and a size has its units, or nobody can enter any more."""
    plan, end = experiment.plan, experiment.enrol_until
    if plan.spending is not None or plan.units is None or experiment.measure_until is not None:
        return True
    followed = {tracked.metric for tracked in experiment.tracked}
    waiting = sum(one.entered - one.matured for (name, _), one in measured.cohorts.items() if name in followed)
    closed = end is not None and end <= line.reading.events and not waiting
    return closed or min(matured(tracked.metric, measured) for tracked in experiment.tracked) >= plan.units


def _without_effects(experiment: Experiment, view: LookView) -> bool:
    """Whether this reading may show no effect: between looks, and before the end of a plan with one look."""
    return view.between or (experiment.plan.spending is None and not view.final)


def _waiting(experiment: Experiment, measured: Measured, judged: Judgement | None, view: LookView) -> Reason | None:
    """Say why a reading shows no effect, where it shows none."""
    following = f" The next is on {view.next}." if view.next else ""
    if view.between:
        last = f"the last was number {view.number}" if view.number else "none is due yet"
        return Reason(
            "between_looks",
            f"This reading lies between planned looks ({last}), so it shows the data's health and no effect."
            f"{following}",
        )
    if _without_effects(experiment, view):
        return Reason(
            "before_the_end",
            f"{sum(measured.units.values()):,} of {experiment.plan.units or 0:,} planned units are in, and the plan "
            "has one look, at the end: until then only the data's health is shown.",
        )
    if judged and experiment.plan.results is Results.AT_END and not view.final:
        return Reason(
            "hidden_until_end", f"Effects are hidden until the last look, as planned; harm is watched.{following}"
        )
    return None


def _refuse_if_nothing_estimable(question: Question, judged: Judgement, measured: Measured) -> None:
    """Refuse an answer in which no metric has a number, naming each and why; who asks for none is told of the data."""
    if any(row.absolute is not None for row in judged.rows):
        return
    _refuse_empty_arm(question.experiment, measured)
    unread = {scanned.source for scanned in measured.scanned if not scanned.rows}
    if not unread and all(tracked.role is Role.INFORMATION for tracked in question.experiment.tracked):
        return
    refusals = list[Invalid]()
    for name, why in judged.unestimable.items():
        metric, text, path = question.catalogue.metric(name), why.text, ""
        for source in metric.facts:
            if source in unread:
                text, path = _UNREAD.format(source), "facts"
        refusals.append(Invalid(f"metric '{name}' can't be estimated: {text}", place=metric.origin.at(path)))
    if refusals:
        first, *others = refusals
        raise Invalid(first.message, place=first.place, also=others)


def _refuse_empty_arm(experiment: Experiment, measured: Measured) -> None:
    empty = next((arm for arm in experiment.arms if not measured.units.get(arm.name)), None)
    if empty is None:
        return
    others = [f"'{arm}'" for arm in measured.entrants.unknown_arms][:5]
    instead = f"arms there that the experiment hasn't are {', '.join(others)}" if others else "every unit is of another"
    raise Invalid(
        f"no unit of '{experiment.source}' is of arm '{empty.name}': {instead}: correct the source, "
        f"or say what the data call this arm, as in {empty.name}: {{is: B}}",
        place=experiment.origin.at(f"arms.{empty.name}"),
    )


def _settings(question: Question, measured: Measured) -> dict[str, Any]:
    """Return the options and numbers that the answer rests on."""
    experiment, plan, split = question.experiment, question.experiment.plan, budget(question.experiment)
    return {
        "alpha": plan.alpha,
        "power": plan.power,
        "alpha_success": split.success.alpha,
        "alpha_guardrail": split.guardrail.alpha,
        "alpha_deterioration": plan.alpha_deterioration,
        "alpha_watch": split.harm.alpha,
        "alpha_unmoved": split.unmoved.alpha,
        "units_planned": plan.units,
        "sequential": _sequential(plan),
        "test": plan.test.value,
        "lift": plan.lift.value,
        "results": plan.results.value,
        "timezone": question.zone,
        **_population(experiment),
        "caps": dict(measured.caps),
        "shares": {arm.name: arm.share for arm in experiment.arms},
        "metrics": {
            tracked.metric: _metric_settings(question.catalogue, tracked.metric) for tracked in experiment.tracked
        },
    }


def _population(experiment: Experiment) -> dict[str, Any]:
    """Return who is analysed, where that isn't everybody from exposure on, drawn one by one."""
    said: dict[str, Any] = {}
    if experiment.randomised_by:
        said["randomised_by"] = experiment.randomised_by
    if experiment.trigger is not None:
        trigger = experiment.trigger
        said["trigger"] = {
            "facts": trigger.facts,
            "where": trigger.where,
            "counterfactual": trigger.counterfactual.value,
        }
    if experiment.exclude:
        said["exclude"] = [each.segment for each in experiment.exclude]
    if experiment.population is not None:
        said["population"] = to_builtins(experiment.population)
    return said


def _sequential(plan: Plan) -> str:
    match plan.spending:
        case None:
            return "fixed"
        case AlwaysValid(tuned_for):
            return f"always-valid, tuned for {tuned_for:,} units"
        case Spending(family, exponent):
            return f"{family.value} {exponent:g}"


def _metric_settings(catalogue: Catalogue, name: str) -> dict[str, Any]:
    metric = catalogue.metric(name)
    window, adjustment = metric.window, metric.adjustment
    return {
        "type": type(metric.kind).__name__.lower(),
        "window_after": window.after.total_seconds() / 86400,
        "window_days": window.length.total_seconds() / 86400 if window.length else None,
        "cohort": metric.cohort.value,
        "missing": metric.missing.value,
        "direction": metric.direction.value,
        "cuped_theta": adjustment.theta.value if adjustment else None,
    } | _quantile_settings(metric)


def _quantile_settings(metric: Metric) -> dict[str, Any]:
    if not isinstance(metric.kind, Quantile):
        return {}
    return {"quantile": metric.kind.share, "of": "facts" if metric.kind.of_facts else "units"}
