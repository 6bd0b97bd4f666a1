"""What the looks say of every metric in every treatment: rows of the answer, and findings for the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_looks

from msgspec.structs import replace

from twyman.app.comparison import Comparison
from twyman.app.ports import Cell, Look, Measured
from twyman.app.results import Sight, accumulation, compared, hidden, history, result, segments
from twyman.app.timeline import full_information, used
from twyman.app.trial import Ruled, Taken, Trial, powered, ruled
from twyman.app.views import Effect, Expected, Result, Series, Why
from twyman.app.wording import effect_text, percent
from twyman.decisions.budget import Budget, budget
from twyman.decisions.verdict import Finding, Reason, State
from twyman.doubt.surprise import Surprise, surprise
from twyman.experiments.expectation import Expectation, Scale
from twyman.experiments.experiment import Experiment, Role, Tracked
from twyman.experiments.plan import Results
from twyman.kernel.time import instant_text
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Cohort, FactValue, Metric
from twyman.stats.estimate import NotEstimable

HIDDEN = Why(code="hidden_until_end", text="effects are hidden until the last look, as planned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What all looks so far say.

    Attributes:
        rows: Of the answer; without effects where the plan hides them.
        findings: By treatment.
        series: Lift over time, by metric and treatment.
        information: Share of the plan used, of the first success metric (may exceed 1).
        final: Whether a decision is due by time or by information.
        unestimable: Why each metric that couldn't be estimated couldn't be.
    """

    rows: tuple[Result, ...]
    findings: Mapping[str, tuple[Finding, ...]]
    series: tuple[Series, ...]
    information: float | None
    final: bool
    unestimable: Mapping[str, NotEstimable] = field(default_factory=dict[str, NotEstimable])


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges an experiment by its looks, the last of which is the present one."""

    experiment: Experiment
    catalogue: Catalogue
    looks: Sequence[Look]
    planned: int | None
    final: bool

    def __call__(self) -> Judgement:
        """Judge every metric in every treatment."""
        final = self.final or self._informed()
        rows, series = list[Result](), list[Series]()
        findings: dict[str, tuple[Finding, ...]] = {}
        unestimable: dict[str, NotEstimable] = {}
        for arm in self.experiment.treatments:
            trials = [self._trial(tracked, arm.name, final) for tracked in self.experiment.tracked]
            ruling = [ruled(trial, self.experiment.plan, self._budget) for trial in trials]
            due = final or any(rule.main and rule.main.crossed_at is not None for rule in ruling if _decides(rule))
            found = list[Finding]()
            for trial, rule in zip(trials, ruling, strict=True):
                row, finding = self._row(trial, rule, due=due, final=final)
                rows += [row, *self._segments(trial, final)]
                found.append(finding)
                series += self._series(trial, final)
                if isinstance(trial.current, NotEstimable):
                    unestimable[trial.tracked.metric] = trial.current
            findings[arm.name] = tuple(found)
        return Judgement(
            rows=tuple(rows),
            findings=findings,
            series=tuple(series),
            information=self._information(),
            final=final,
            unestimable=unestimable,
        )

    @property
    def _budget(self) -> Budget:
        return budget(self.experiment)

    @property
    def _now(self) -> Measured:
        return self.looks[-1].measured

    def _compared(self, metric: Metric, measured: Measured, arm: str) -> Comparison | NotEstimable:
        arms = {a.name: measured.cells.get(Cell(metric.name, a.name)) for a in self.experiment.arms}
        return compared(self.experiment, metric, arms, arm)

    def _trial(self, tracked: Tracked, arm: str, final: bool) -> Trial:  # noqa: FBT001
        metric = self.catalogue.metric(tracked.metric)
        current = self._compared(metric, self._now, arm)
        looks = list(self.looks) if _closes(metric) else list(self.looks[-1:]) if final else []
        made = [(look, self._compared(metric, look.measured, arm)) for look in looks]
        usable = [(look, found) for look, found in made if not isinstance(found, NotEstimable) and _varies(found)]
        times = self._times(tracked, usable, final) if _closes(metric) else (1.0,) * len(usable)
        taken = tuple(Taken(look.number, time, found) for (look, found), time in zip(usable, times, strict=True))
        at_end = self.experiment.plan.results is Results.AT_END
        return Trial(tracked=tracked, metric=metric, arm=arm, taken=taken, current=current, at_end=at_end, final=final)

    def _times(self, tracked: Tracked, usable: Sequence[tuple[Look, Comparison]], final: bool) -> tuple[float, ...]:  # noqa: FBT001
        plan, needed = self.experiment.plan, None
        if tracked.mde and usable:
            first = usable[0][1].pair.control
            needed = full_information(first, tracked.mde, alpha=self._budget.success.alpha, power=1 - self._budget.beta)
        read = [
            (look.number, self._matured(tracked.metric, look.measured), found.pair.contrast(1.0).se ** -2)
            for look, found in usable
        ]
        return used(plan, read, needed=needed, planned=self.planned, final=final)

    def _matured(self, metric: str, measured: Measured) -> int:
        cohorts = [cohort.matured for (name, _), cohort in measured.cohorts.items() if name == metric]
        return sum(cohorts) or sum(measured.units.values())

    def _information(self) -> float | None:
        """Return the share of information used by the first success metric in the first treatment."""
        goals = self.experiment.with_role(Role.SUCCESS) or self.experiment.tracked
        taken = self._trial(goals[0], self.experiment.treatments[0].name, self.final).taken
        return taken[-1].time if taken else None

    def _informed(self) -> bool:
        """Whether a plan without a last look has all the information it wanted."""
        if self.planned is not None:
            return False
        information = self._information()
        return information is not None and information >= 1

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
        )
        row = result(sight, rule)
        expectation = tracked.expectations.get(trial.arm)
        expected = expectation and _expected(expectation, row, trial.sign, due=due)
        says = effect_text(row.relative, row.absolute)
        finding = Finding(
            metric=name,
            role=tracked.role,
            state=State.NOT_ESTIMABLE if isinstance(trial.current, NotEstimable) else rule.state,
            deteriorated=rule.deteriorated,
            has_margin=tracked.margin is not None,
            powered=powered(trial, self._budget),
            says=says,
            title=row.title,
            doubt=_doubt(row, expected, says) if expected and expected.holds else None,
        )
        if self.experiment.plan.results is Results.AT_END and not final:
            return hidden(row, HIDDEN), finding
        return replace(row, expectation=expected), finding

    def _segments(self, trial: Trial, final: bool) -> list[Result]:  # noqa: FBT001
        rows = segments(self.experiment, trial.tracked, trial.metric, trial.arm, self._now)
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
        """Return the critical value that decided at each look taken."""
        bounds: dict[int, float] = {}
        for k in range(1, len(trial.taken) + 1):
            so_far = with_looks(trial, taken=trial.taken[:k])
            view = ruled(so_far, self.experiment.plan, self._budget).view
            if view.bound is not None:
                bounds[trial.taken[k - 1].look] = view.bound
        return bounds


def _closes(metric: Metric) -> bool:
    """Whether a unit's window is ever over: only then do looks add up (METHODS, Rulings 3)."""
    if not any(isinstance(value, FactValue) for value in metric.values):
        return True
    return metric.cohort is Cohort.CLOSED and metric.window.length is not None


def _varies(found: Comparison) -> bool:
    return found.pair.contrast(1.0).se > 0


def _decides(rule: Ruled) -> bool:
    return rule.state is not State.DESCRIBED


def _expected(expectation: Expectation, row: Result, improving: int, *, due: bool) -> Expected | None:
    effect: Effect | None = row.absolute if expectation.scale is Scale.ABSOLUTE else row.relative
    if effect is None or effect.estimate is None or effect.se is None:
        return None
    shown = effect.repeated if effect.repeated and effect.repeated.reason is None else effect.fixed
    ends = (shown.lower, shown.upper) if shown else (None, None)
    seen = surprise(expectation, effect.estimate, effect.se, interval=ends, improving=improving)
    ceiling = expectation.ceiling
    return Expected(
        status=seen.status.value,
        surprise_z=seen.z,
        low=expectation.low,
        likely=expectation.likely,
        high=expectation.high,
        scale=expectation.scale.value,
        ceiling=ceiling and ceiling.at,
        because=ceiling and ceiling.because,
        holds=due and seen.status.doubtful,
    )


def _doubt(row: Result, expected: Expected, says: str) -> Reason:
    """Say why a result is too far from what was expected to act on, and what to check."""
    form = percent if expected.scale == Scale.RELATIVE.value else "{:+.4g}".format
    match Surprise(expected.status):
        case Surprise.ABOVE_CEILING:
            because = f" ({expected.because})" if expected.because else ""
            why = f"above the ceiling of {form(expected.ceiling or 0.0)}{because}"
        case Surprise.BEYOND_HIGH:
            why = f"wholly beyond what was thought high ({form(expected.low)} to {form(expected.high)})"
        case _:
            why = f"{abs(expected.surprise_z):.1f} standard deviations from the {form(expected.likely)} expected"
    text = (
        f"{row.title} in {row.arm}: {says}, {why}. A figure this interesting is usually wrong: check which other "
        "experiments and settings reached the same units, logging in both arms, and who entered; then somebody outside "
        "the team signs it off."
    )
    return Reason(expected.status, text, row.metric)
