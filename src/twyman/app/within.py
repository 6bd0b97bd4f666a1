"""The effect within another flag's variants: what is left of ours where the other leaks into it.

Where two assignments depend on each other, each estimate holds part of the other's effect. Compared within the other's
variants it doesn't, at the price of a larger variance: 1 / (1 - V²) times as large, V being how strongly the two go
together. Only what was dealt, never what the treatment brought about, may be held fixed so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twyman.app.comparison import Comparison, comparison
from twyman.app.ports import Measured, Question, Warehouse, variant_of
from twyman.app.results import compared_at
from twyman.app.strata import in_strata
from twyman.app.wording import number, percent
from twyman.doubt.check import Check, share_text
from twyman.doubt.coexposure import WORST, Beside
from twyman.experiments.experiment import Experiment, Role, Tracked
from twyman.metrics.metric import Metric, Quantile, TimeToEvent
from twyman.stats.estimate import Estimate, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair

LEAST = 20
"""Units an arm below which a variant isn't compared within."""

Cells = Mapping[str, Moments]


@dataclass(frozen=True, slots=True)
class Within:
    """What is left of the effects within another flag's variants.

    Attributes:
        inflation: How many times the variance of an adjusted effect is as large.
        text: In a sentence or two; empty where nothing was asked, or nothing can be: the check itself says so.
        effects: Each success metric and treatment, with its lift (or difference) within the variants.
        refused: Whether there is none, as `text` or the check says.
    """

    inflation: float
    text: str = ""
    effects: tuple[Mapping[str, object], ...] = field(default=())
    refused: bool = False


def within(
    warehouse: Warehouse, question: Question, measured: Measured, leaking: Sequence[Beside]
) -> tuple[dict[str, Within], tuple[str, ...]]:
    """Compare the success metrics within the variants of every flag that leaks.

    Args:
        warehouse: Where the data are.
        question: The reading's, with its cut-off.
        measured: What the reading measured.
        leaking: Flags that depend on our arms and can be separated from them.

    Returns:
        What was found, by flag, and the statements that ran.

    Raises:
        Invalid: If the data don't fit the definitions.
        Unavailable: If the engine gave out.
    """
    inflated = {one.name: one.inflation for one in leaking}
    names = tuple(name for name, times in inflated.items() if times <= WORST)
    tracked = tuple(_asked(question))
    found = {name: Within(times, refused=True) for name, times in inflated.items()}
    if not names or not tracked or question.experiment.randomised_by:
        return {name: one for name, one in found.items() if name not in names}, ()
    bare = replace(question.experiment, tracked=tracked, dimensions=(), crossed=(), strata=(), decide=None)
    seen = warehouse.measure(replace(question, experiment=bare, beside=names))
    found |= {name: _found(question, tracked, measured, seen, (name, inflated[name])) for name in names}
    return found, seen.sql


def with_effects(check: Check, found: Mapping[str, Within]) -> Check:
    """Return a check of a leak with the effects within the other's variants; any other as it is."""
    one = found.get(str(check.detail.get("flag")))
    if one is None:
        return check
    told = {"inflation": one.inflation, "within": list(one.effects)}
    return replace(check, text=f"{check.text} {one.text}".rstrip(), detail={**check.detail, **told})


def compared_within(
    experiment: Experiment, metric: Metric, sides: tuple[Cells, Cells]
) -> tuple[Comparison, float] | NotEstimable:
    """Compare a treatment with control within the variants that units of both met.

    Args:
        experiment: The experiment.
        metric: The metric.
        sides: Moments by variant, of the treatment and of control.

    Returns:
        The comparison, and the share of both arms' units that it is of; or why there is none.
    """
    kept = [name for name in sides[0] if name in sides[1] and min(side[name].count for side in sides) >= LEAST]
    if not kept:
        return NotEstimable("no_overlap", f"no variant of it has {LEAST} units in both arms")
    whole = sum(cell.count for side in sides for cell in side.values())
    treatment, control = ({name: side[name] for name in kept} for side in sides)
    share = sum(cell.count for side in (treatment, control) for cell in side.values()) / whole
    left, right = _sum(treatment), _sum(control)
    plain = comparison(metric, left, right, everyone=(left, right), test=experiment.plan.test)
    if isinstance(plain, NotEstimable) or len(kept) == 1:
        return plain if isinstance(plain, NotEstimable) else (plain, share)
    made = in_strata(metric, plain, treatment, control, test=experiment.plan.test)
    return (made, share) if made.strata else made.unstratified or NotEstimable("no_overlap", "nothing to compare")


def may_be_within(question: Question) -> bool:
    """Whether any effect could be compared within another flag's variants: those of success metrics, by unit."""
    return not question.experiment.randomised_by and any(True for _ in _asked(question))


def _asked(question: Question) -> Iterator[Tracked]:
    for tracked in question.experiment.with_role(Role.SUCCESS):
        if not isinstance(question.catalogue.metric(tracked.metric).kind, Quantile | TimeToEvent):
            yield tracked


def _found(
    question: Question, tracked: Sequence[Tracked], measured: Measured, seen: Measured, other: tuple[str, float]
) -> Within:
    experiment, (name, inflation) = question.experiment, other
    said, effects = list[str](), list[Mapping[str, object]]()
    for one in tracked:
        metric = question.catalogue.metric(one.metric)
        for arm in experiment.treatments:
            sides = tuple(_by_variant(seen, metric, of, name) for of in (arm.name, experiment.control.name))
            made = compared_within(experiment, metric, (sides[0], sides[1]))
            plain = compared_at(experiment, metric, measured, arm.name)
            if isinstance(made, NotEstimable) or isinstance(plain, NotEstimable):
                continue
            shown, before = _effect(experiment, made[0].pair), _effect(experiment, plain.pair)
            said.append(_sentence(metric, arm.name if len(experiment.treatments) > 1 else "", shown, before, made[1]))
            effects.append(_detail(metric, arm.name, shown, before, made[1]))
    if not said:
        return Within(inflation, "Within its variants no effect can be estimated.", refused=True)
    times = f"the variance is about {number(inflation, signed=False)} times as large"
    return Within(inflation, f"Within its variants {'; '.join(said)} ({times}).", tuple(effects))


def _by_variant(seen: Measured, metric: Metric, arm: str, name: str) -> dict[str, Moments]:
    return {
        cell.value: moments
        for cell, moments in seen.cells.items()
        if (cell.metric, cell.arm, cell.dimension) == (metric.name, arm, variant_of(name)) and moments.count
    }


def _effect(experiment: Experiment, pair: Pair) -> Estimate:
    """Return the lift; the difference where there is none."""
    lift = relative(pair, alpha=experiment.plan.alpha, method=experiment.plan.lift.value)
    return absolute(pair, alpha=experiment.plan.alpha) if isinstance(lift, NotEstimable) else lift


def _sentence(metric: Metric, arm: str, shown: Estimate, before: Estimate, share: float) -> str:
    form = percent if shown.scale == "relative" else number
    old = (percent if before.scale == "relative" else number)(before.estimate)
    where = f" in {arm}" if arm else ""
    among = f", among the {share_text(share)} of units whose variants both arms met" if share < 1 else ""
    ends = f"[{', '.join(form(end) for end in (shown.lower, shown.upper) if end is not None)}]"
    return f"{metric.title or metric.name}{where} is {form(shown.estimate)} {ends}, not {old}{among}"


def _detail(metric: Metric, arm: str, shown: Estimate, before: Estimate, share: float) -> Mapping[str, object]:
    return {
        "metric": metric.name,
        "arm": arm,
        "scale": shown.scale,
        "estimate": shown.estimate,
        "lower": shown.lower,
        "upper": shown.upper,
        "before": before.estimate,
        "share": share,
    }


def _sum(cells: Cells) -> Moments:
    first, *others = cells.values()
    return sum(others, start=first)
