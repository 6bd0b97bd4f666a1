"""What the looks say of every metric in every treatment: rows of the answer, and findings for the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace as with_looks

from twyman.app.companions import beside
from twyman.app.comparison import Comparison
from twyman.app.family import TOO_EARLY
from twyman.app.information import Used, closes
from twyman.app.ports import Cell, Look, Measured
from twyman.app.results import Sight, accumulation, compared_at, hidden, history, members_of, result, segments
from twyman.app.surprised import Doubter
from twyman.app.trial import Ruled, Taken, Trial, powered, ruled
from twyman.app.views import Result, Series, Why
from twyman.app.wording import effect_text, percent
from twyman.decisions.budget import Budget, budget
from twyman.decisions.verdict import Finding, State
from twyman.experiments.experiment import Experiment, Role, Tracked
from twyman.experiments.history import PastResult
from twyman.experiments.plan import Results
from twyman.kernel.time import instant_text
from twyman.metrics.catalogue import Catalogue
from twyman.stats.estimate import NotEstimable

HIDDEN = Why(code="hidden_until_end", text="effects are hidden until the last look, as planned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What all looks so far say.

    Attributes:
        rows: Of the answer; without effects where the plan hides them.
        findings: By treatment.
        series: Lift over time, by metric and treatment.
        unestimable: Why each metric that couldn't be estimated couldn't be.
    """

    rows: tuple[Result, ...]
    findings: Mapping[str, tuple[Finding, ...]]
    series: tuple[Series, ...]
    unestimable: Mapping[str, NotEstimable] = field(default_factory=dict[str, NotEstimable])


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges an experiment by its looks, the last of which is the present one.

    Attributes:
        past: What past experiments found, whenever that was.
    """

    experiment: Experiment
    catalogue: Catalogue
    looks: Sequence[Look]
    used: Sequence[Used]
    final: bool
    past: Sequence[PastResult] = ()

    def __call__(self) -> Judgement:
        """Judge every metric in every treatment."""
        final = self.final
        rows, series = list[Result](), list[Series]()
        findings: dict[str, tuple[Finding, ...]] = {}
        unestimable: dict[str, NotEstimable] = {}
        for arm in self.experiment.treatments:
            trials = [self._trial(tracked, arm.name) for tracked in self.experiment.tracked]
            ruling = [ruled(trial, self.experiment.plan, self._budget) for trial in trials]
            due = final or any(_crossed(trial, rule) for trial, rule in zip(trials, ruling, strict=True))
            found = list[Finding]()
            for trial, rule in zip(trials, ruling, strict=True):
                row, finding = self._row(trial, rule, due=due, final=final)
                rows += [row, *self._described(trial, final)]
                found.append(finding)
                series += self._series(trial, final)
                if isinstance(trial.current, NotEstimable):
                    unestimable[trial.tracked.metric] = trial.current
            findings[arm.name] = tuple(found)
        return Judgement(
            rows=tuple(rows),
            findings=findings,
            series=tuple(series),
            unestimable=unestimable,
        )

    @property
    def _budget(self) -> Budget:
        return budget(self.experiment)

    @property
    def _now(self) -> Measured:
        return self.looks[-1].measured

    def _trial(self, tracked: Tracked, arm: str) -> Trial:
        metric = self.catalogue.metric(tracked.metric)
        taken = list[Taken]()
        for look, share in zip(self.looks, self.used, strict=True):
            last = self.final and look is self.looks[-1]
            found = compared_at(self.experiment, metric, look.measured, arm)
            if isinstance(found, NotEstimable) or not _varies(found) or not (last or closes(metric)):
                continue
            time, watch = (1.0, 1.0) if last else (min(share.deciding, 1.0), min(share.watching, 1.0))
            taken.append(Taken(look.number, time, watch, found))
        return Trial(
            tracked=tracked,
            metric=metric,
            arm=arm,
            taken=tuple(taken),
            current=compared_at(self.experiment, metric, self._now, arm),
            at_end=self.experiment.plan.results is Results.AT_END,
            final=self.final,
            share=sum(each.share for each in self.experiment.arms if each.control or each.name == arm),
        )

    def _row(self, trial: Trial, rule: Ruled, *, due: bool, final: bool) -> tuple[Result, Finding]:
        name, measured, tracked = trial.tracked.metric, self._now, trial.tracked
        control, treatment = (measured.cells.get(Cell(name, arm)) for arm in (self.experiment.control.name, trial.arm))
        sight = Sight(
            experiment=self.experiment,
            trial=trial,
            control=control,
            treatment=treatment,
            cap=measured.caps.get(name),
            columns=measured.columns.get(name, ()),
            kept=measured.kept,
            members=members_of(self.experiment, measured, Cell(name, trial.arm)),
        )
        doubter = Doubter(experiment=self.experiment, past=self.past, measured=measured)
        row, doubt = doubter(result(sight, rule), trial, due=due)
        says = effect_text(row.relative, row.absolute)
        secret = trial.at_end and not final
        finding = Finding(
            metric=name,
            role=tracked.role,
            state=State.NOT_ESTIMABLE if isinstance(trial.current, NotEstimable) else rule.state,
            deteriorated=rule.deteriorated,
            has_margin=tracked.margin is not None,
            powered=powered(trial, rule),
            says="" if secret else says,
            title=row.title,
            could_see=percent(rule.view.smallest_effect, signed=False) if rule.view.smallest_effect else "",
            doubt=None if secret else doubt,
            early=TOO_EARLY.text if rule.deciding.why is TOO_EARLY else "",
        )
        if secret:
            return hidden(row, HIDDEN), finding
        return row, finding

    def _described(self, trial: Trial, final: bool) -> list[Result]:  # noqa: FBT001
        """Return what is shown beside a metric and never decided on: its companions, and its segments."""
        rows = beside(self.experiment, trial.metric, trial.arm, self._now)
        rows += segments(self.experiment, trial.tracked, trial.metric, trial.arm, self._now)
        if self.experiment.plan.results is Results.AT_END and not final:
            return [hidden(row, HIDDEN) for row in rows]
        return rows

    def _series(self, trial: Trial, final: bool) -> list[Series]:  # noqa: FBT001
        plan = self.experiment.plan
        if plan.results is Results.AT_END and not final:
            return []
        if plan.spending is None or not trial.taken:
            made = accumulation(self.experiment, trial, self._now)
        else:
            cutoffs = {look.number: (instant_text(look.cutoff.events), look.reconstructed) for look in self.looks}
            made = history(trial, cutoffs, plan, self._bounds(trial))
        return [made] if made.points else []

    def _bounds(self, trial: Trial) -> dict[int, float]:
        """Return the critical value that decided at each look taken; looks before it count where error is spent."""
        bounds: dict[int, float] = {}
        for k in range(1, len(trial.taken) + 1):
            first = k - 1 if self.experiment.plan.always_valid else 0
            so_far = with_looks(trial, taken=trial.taken[first:k])
            view = ruled(so_far, self.experiment.plan, self._budget).view
            if view.bound is not None:
                bounds[trial.taken[k - 1].look] = view.bound
        return bounds


def _varies(found: Comparison) -> bool:
    return found.pair.contrast(1.0).se > 0


def _crossed(trial: Trial, rule: Ruled) -> bool:
    """Whether a test has crossed that calls for a decision; a margin shown early calls for none."""
    if rule.deteriorated:
        return True
    decides = trial.tracked.role in {Role.SUCCESS, Role.MUST_NOT_MOVE}
    return decides and rule.main is not None and rule.main.crossed_at is not None
