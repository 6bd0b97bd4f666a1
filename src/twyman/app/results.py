"""From comparisons to the answer's rows: estimates, their two intervals, and what they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace as with_arm
from math import erfc, sqrt

from msgspec.structs import replace

from twyman.app.comparison import Comparison, comparison, own_columns
from twyman.app.dilution import diluted
from twyman.app.ports import Cell, Kept, Measured
from twyman.app.quantiles import NORMAL, compared_quantiles, without_strata
from twyman.app.strata import in_strata, of_arm
from twyman.app.times import compared_times, unstratified_times
from twyman.app.trial import Deciding, Ruled, Trial
from twyman.app.views import (
    Covariate,
    Effect,
    Interval,
    Method,
    Point as PointView,
    Result,
    Segment,
    Series,
    Side,
    Unadjusted,
    Why,
)
from twyman.experiments.experiment import Experiment, Tracked
from twyman.experiments.plan import Plan
from twyman.metrics.metric import Metric, Quantile, TimeToEvent
from twyman.stats.estimate import Estimate, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair

MAX_POINTS = 60
"""Points of a history: more can't be told apart in a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one row of the answer is drawn from: a metric in a treatment, for everybody or a segment.

    Attributes:
        control, treatment: The arms' moments, covariates included; `None` where an arm has no unit.
        cap: Threshold of a capped metric.
        columns: Names of the moments' columns.
        kept: Who of the exposed is analysed, step by step.
        members: Where moments are of clusters: how many units of treatment and control they hold.
    """

    experiment: Experiment
    trial: Trial
    control: Moments | None
    treatment: Moments | None
    cap: float | None = None
    columns: Sequence[str] = ()
    segment: Segment | None = None
    kept: Sequence[Kept] = ()
    members: tuple[int, int] | None = None

    @property
    def clustered(self) -> bool:
        """Whether moments are of clusters."""
        return bool(self.experiment.randomised_by)


def result(sight: Sight, rule: Ruled | None) -> Result:
    """Make one row of the answer."""
    trial, plan = sight.trial, sight.experiment.plan
    tracked, metric, current = trial.tracked, trial.metric, trial.current
    own = 0 if isinstance(metric.kind, Quantile | TimeToEvent) else own_columns(metric, clustered=sight.clustered)
    bare = Result(
        metric=tracked.metric,
        role=tracked.role.value,
        arm=trial.arm,
        segment=sight.segment,
        title=metric.title or tracked.metric,
        direction=metric.direction.value,
        method=None,
        control=_of_clusters(_side(None, sight.control, own), sight.members and sight.members[1]),
        treatment=_of_clusters(_side(None, sight.treatment, own), sight.members and sight.members[0]),
        absolute=None,
        relative=None,
        decision=rule.view if rule else None,
    )
    if isinstance(current, NotEstimable):
        return replace(bare, reason=Why(code=current.code, text=current.text))
    decides = rule.deciding if rule else None
    looks = "fixed" if plan.spending is None or rule is None else "always-valid" if plan.always_valid else "group"
    effect = _absolute(current.pair, plan, decides)
    sides = (trial.arm, sight.experiment.control.name)
    control = _side((current.raw.control, current.pair.control), sight.control, own)
    treatment = _side((current.raw.treatment, current.pair.treatment), sight.treatment, own)
    return replace(
        bare,
        method=_method(current, plan, cap=sight.cap, looks=looks),
        control=_of_clusters(control, sight.members and sight.members[1]),
        treatment=_of_clusters(treatment, sight.members and sight.members[0]),
        absolute=effect,
        diluted=diluted(metric, effect, sight.kept, sides, whole=sight.segment is None),
        relative=_relative(current.pair, plan, decides),
        unadjusted=Unadjusted(absolute=_absolute(current.raw, plan, None), relative=_relative(current.raw, plan, None)),
        variance_reduction=current.variance_reduction,
        covariates=_covariates(current, sight),
    )


def hidden(row: Result, why: Why) -> Result:
    """Return a row without its effects: what a reading may show before its plan shows them."""
    return replace(
        row,
        control=Side(units=row.control.units, mean=None),
        treatment=Side(units=row.treatment.units, mean=None),
        absolute=None,
        relative=None,
        diluted=None,
        unadjusted=None,
        variance_reduction=None,
        covariates=[],
        decision=None,
        expectation=None,
        plausible=None,
        signed_off=None,
        reason=why,
    )


def _method(found: Comparison, plan: Plan, *, cap: float | None, looks: str) -> Method:
    return Method(
        estimate=found.method,
        test=NORMAL if found.method.startswith("quantile") else plan.test.value,
        lift=plan.lift.value,
        sequential=looks,
        cap=cap,
    )


def _side(means: tuple[float, float] | None, moments: Moments | None, own: int) -> Side:
    if moments is None or not moments.count:
        return Side(units=0, mean=None)
    if means is None:
        return Side(units=moments.count, mean=float(moments.means[0]) if own == 1 else None)
    raw, adjusted = means
    spread = sqrt(moments.variance(0)) if own == 1 and moments.count > 1 else None
    return Side(units=moments.count, mean=raw, adjusted_mean=adjusted, sd=spread)


def _of_clusters(side: Side, members: int | None) -> Side:
    """Return a side whose moments were of clusters, with its units counted as units."""
    return side if members is None else replace(side, units=members, clusters=side.units)


def _absolute(pair: Pair, plan: Plan, decides: Deciding | None) -> Effect:
    fixed = absolute(pair, alpha=plan.alpha)
    repeated = None
    if decides is not None:
        repeated = _without_ends(decides.why, decides.level)
        if decides.alpha > 0:
            repeated = interval(absolute(pair, alpha=decides.alpha), decides.level, decides.p_value)
    return Effect(estimate=fixed.estimate, se=fixed.se, fixed=interval(fixed, 1 - plan.alpha), repeated=repeated)


def _relative(pair: Pair, plan: Plan, decides: Deciding | None) -> Effect:
    fixed = relative(pair, alpha=plan.alpha, method=plan.lift.value)
    if isinstance(fixed, NotEstimable):
        why = Why(code=fixed.code, text=fixed.text)
        estimate = (pair.treatment - pair.control) / abs(pair.control) if pair.control else None
        empty = Interval(lower=None, upper=None, level=1 - plan.alpha, reason=why)
        return Effect(estimate=estimate, fixed=empty, repeated=empty if decides else None, reason=why)
    repeated = None
    if decides is not None:
        repeated = _without_ends(decides.why, decides.level)
        if decides.alpha > 0:
            wide = relative(pair, alpha=decides.alpha, method=plan.lift.value)
            if isinstance(wide, NotEstimable):
                repeated = _without_ends(wide, decides.level)
            else:
                repeated = interval(wide, decides.level, decides.p_value)
    return Effect(estimate=fixed.estimate, se=fixed.se, fixed=interval(fixed, 1 - plan.alpha), repeated=repeated)


def interval(estimate: Estimate, level: float, p_value: float | None = None) -> Interval:
    """Turn an estimate into an interval of the answer, labelled with its coverage over all looks.

    Args:
        estimate: At the nominal level of the look's bound.
        level: Coverage over all looks.
        p_value: What belongs to the interval, where that isn't the estimate's own.
    """
    return Interval(
        lower=estimate.lower,
        upper=estimate.upper,
        level=level,
        p_value=estimate.p_value if p_value is None else p_value,
        log10_p=estimate.log10_p if p_value is None else None,
        statistic=estimate.statistic,
        df=estimate.df,
    )


def _without_ends(why: Why | NotEstimable, level: float) -> Interval:
    return Interval(lower=None, upper=None, level=level, reason=Why(code=why.code, text=why.text))


def _covariates(found: Comparison, sight: Sight) -> list[Covariate]:
    made, trial = found.adjustment, sight.trial
    if made is None:
        return []
    names = sight.columns[own_columns(trial.metric, clustered=sight.clustered) :]
    dropped, control = dict(made.dropped), sight.experiment.control.name
    rows = list[Covariate]()
    for index, name in enumerate(names):
        why = dropped.get(index)
        slopes = {trial.arm: float(made.theta[0][index]), control: float(made.theta[1][index])}
        slopes = {} if found.strata else slopes
        rows.append(
            Covariate(
                name=name,
                theta=slopes if why is None else {},
                correlation=made.correlations[index],
                dropped=Why(code=why.code, text=why.text) if why else None,
            )
        )
    return rows


def segments(experiment: Experiment, tracked: Tracked, metric: Metric, arm: str, measured: Measured) -> list[Result]:
    """Return one row a segment: described, never decided on."""
    rows = list[Result]()
    values = sorted(
        {(cell.dimension, cell.value) for cell in measured.cells if cell.metric == tracked.metric and cell.dimension}
    )
    for dimension, value in values:
        here = {a.name: measured.cells.get(Cell(tracked.metric, a.name, dimension, value)) for a in experiment.arms}
        current = compared_in(experiment, metric, measured, arm, dimension=dimension, value=value)
        sight = Sight(
            experiment=experiment,
            trial=Trial(tracked=tracked, metric=metric, arm=arm, taken=(), current=current),
            control=here[experiment.control.name],
            treatment=here[arm],
            cap=measured.caps.get(tracked.metric),
            columns=measured.columns.get(tracked.metric, ()),
            segment=Segment(dimension=dimension, value=value),
            kept=measured.kept,
            members=members_of(experiment, measured, Cell(tracked.metric, arm, dimension, value)),
        )
        rows.append(result(sight, None))
    return rows


def compared(
    experiment: Experiment, metric: Metric, arms: Mapping[str, Moments | None], arm: str
) -> Comparison | NotEstimable:
    """Compare a treatment with control, given every arm's moments."""
    treatment, control = arms.get(arm), arms.get(experiment.control.name)
    if treatment is None or control is None:
        return NotEstimable("no_units", "no unit of one of the arms has a value yet")
    everyone = [moments for moments in arms.values() if moments is not None]
    clustered = bool(experiment.randomised_by)
    return comparison(metric, treatment, control, everyone=everyone, test=experiment.plan.test, clustered=clustered)


def members_of(experiment: Experiment, measured: Measured, of: Cell) -> tuple[int, int] | None:
    """Return how many units a treatment's cell and control's hold, where moments are of clusters."""
    if not experiment.randomised_by:
        return None
    control = with_arm(of, arm=experiment.control.name)
    return measured.members.get(of, 0), measured.members.get(control, 0)


def compared_in(
    experiment: Experiment, metric: Metric, measured: Measured, arm: str, *, dimension: str = "", value: str = ""
) -> Comparison | NotEstimable:
    """Compare a treatment with control among everybody, or among the units with a dimension's value."""
    if isinstance(metric.kind, Quantile):
        of = Cell(metric.name, arm, dimension, value)
        return compared_quantiles(metric, measured, (arm, experiment.control.name), of)
    if isinstance(metric.kind, TimeToEvent):
        of = Cell(metric.name, arm, dimension, value)
        return compared_times(metric, metric.kind, measured, (arm, experiment.control.name), of)
    arms = {a.name: measured.cells.get(Cell(metric.name, a.name, dimension, value)) for a in experiment.arms}
    return compared(experiment, metric, arms, arm)


def compared_at(experiment: Experiment, metric: Metric, measured: Measured, arm: str) -> Comparison | NotEstimable:
    """Compare a treatment with control as measured at a look, within the experiment's strata."""
    found = compared_in(experiment, metric, measured, arm)
    if not experiment.strata or isinstance(found, NotEstimable):
        return found
    if isinstance(metric.kind, Quantile):
        return without_strata(found)
    if isinstance(metric.kind, TimeToEvent):
        return unstratified_times(found)
    treatment, control = (of_arm(measured, metric.name, name) for name in (arm, experiment.control.name))
    test, drawn = experiment.plan.test, experiment.randomised_by
    return in_strata(metric, found, treatment, control, test=test, clusters=drawn)


def history(trial: Trial, cutoffs: Mapping[int, tuple[str, bool]], plan: Plan, rules: Mapping[int, float]) -> Series:
    """Return the lift at each look taken, with the interval that decided there.

    Args:
        trial: The metric and treatment.
        cutoffs: Cut-off and whether it was reconstructed, by look.
        plan: The plan.
        rules: Critical value on the z scale, by look.
    """
    points = list[PointView]()
    for taken in trial.taken:
        at, reconstructed = cutoffs[taken.look]
        fixed = relative(taken.comparison.pair, alpha=plan.alpha, method=plan.lift.value)
        if isinstance(fixed, NotEstimable):
            continue
        nominal = erfc(rules[taken.look] / sqrt(2)) if taken.look in rules else 0.0
        wide = relative(taken.comparison.pair, alpha=nominal, method=plan.lift.value) if nominal > 0 else None
        bounded = wide if isinstance(wide, Estimate) else None
        points.append(
            PointView(
                at=at,
                estimate=fixed.estimate,
                lower=fixed.lower,
                upper=fixed.upper,
                repeated_lower=bounded and bounded.lower,
                repeated_upper=bounded and bounded.upper,
                look=taken.look,
                reconstructed=reconstructed,
            )
        )
    return Series(metric=trial.tracked.metric, arm=trial.arm, by="look", scale="relative", points=points)


def accumulation(experiment: Experiment, trial: Trial, measured: Measured) -> Series:
    """Return the lift of units exposed up to a day, day by day: how the present estimate came together.

    None of a quantile, which isn't made of its days' quantiles, and none of a time to an event.
    """
    name = trial.tracked.metric
    adds_up = not isinstance(trial.metric.kind, Quantile | TimeToEvent)
    days = sorted({day for metric, _, day in measured.days if metric == name and adds_up})
    keep = set(days[:: max(1, -(-len(days) // MAX_POINTS))]) | set(days[-1:])
    so_far: dict[str, Moments | None] = {arm.name: None for arm in experiment.arms}
    points = list[PointView]()
    for day in days:
        for arm, total in so_far.items():
            here = measured.days.get((name, arm, day))
            so_far[arm] = total + here if total is not None and here is not None else total if here is None else here
        made = compared(experiment, trial.metric, so_far, trial.arm) if day in keep else NotEstimable("skipped", "")
        if isinstance(made, NotEstimable):
            continue
        lift = relative(made.pair, alpha=experiment.plan.alpha, method=experiment.plan.lift.value)
        if isinstance(lift, NotEstimable):
            continue
        points.append(PointView(at=day.isoformat(), estimate=lift.estimate, lower=lift.lower, upper=lift.upper))
    return Series(metric=name, arm=trial.arm, by="exposure", scale="relative", points=points)
