"""Where a doubt has its seat: on which days, in which segments, in which mix of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from twyman.app.comparison import own_columns
from twyman.app.ports import Cell, Measured
from twyman.doubt.check import Check, Status
from twyman.doubt.mixture import Group, effect_drift, mix_shift
from twyman.doubt.places import Part, concentration, split_by_segment
from twyman.doubt.timing import split_by_day
from twyman.experiments.experiment import Experiment
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Metric, Quantile
from twyman.stats.difference import means
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.over_days import combined

DAY_OF_EXPOSURE = "day of exposure"
TELL_OF_EFFECTS = frozenset(
    (
        "interaction",
        "interactions",
        "neighbours_moved",
        "effect_drift",
        "segment_concentration",
        "telemetry_volume",
        "joined",
        "source_missing",
        "novelty",
        "dose_incoherent",
        "hangs_on_one_unit",
    )
)
"""Checks that tell an effect, or one near to it: they aren't shown while effects are hidden."""


def told(checks: Iterable[Check], *, effects: bool) -> tuple[Check, ...]:
    """Return the checks that may be shown; while effects are hidden, none that tells one, and of a mix its bias only.

    Args:
        checks: All that were made.
        effects: Whether effects are shown.
    """
    if effects:
        return tuple(checks)
    return tuple(_without_effect(check) for check in checks if check.code not in TELL_OF_EFFECTS)


def _without_effect(check: Check) -> Check:
    if check.code != "mix_shift" or check.status is Status.OK:
        return check
    kept = {key: check.detail[key] for key in ("by", "bias_in_errors")}
    text = (
        f"{check.metric}: {check.arm} and control hold different mixes by {kept['by']}, which moves the pooled effect "
        f"by {kept['bias_in_errors']:.2g} of its standard errors. Find what changed the shares."
    )
    return replace(check, text=text, detail=kept)


def localised(experiment: Experiment, catalogue: Catalogue, measured: Measured) -> Iterator[Check | None]:
    """Run the checks that say where; none where clusters were drawn, whose units vary together."""
    if measured.drawn is not None:
        return
    shares = {arm.name: arm.share for arm in experiment.arms}
    yield split_by_day(measured.exposed, shares)
    yield split_by_segment(_segments(experiment, measured), shares)
    grouped = [
        one for tracked in experiment.tracked for one in _grouped(experiment, catalogue, measured, tracked.metric)
    ]
    yield from _loud_or_least(mix_shift(*one[:3], one[3], checks=len(grouped)) for one in grouped)
    by_day = [one for one in grouped if one[2] == DAY_OF_EXPOSURE]
    yield from _loud_or_least(effect_drift(*one[:2], _since_first(one[3]), checks=len(by_day)) for one in by_day)
    placed = [(*one[:3], _parts(one[3])) for one in grouped if one[2] != DAY_OF_EXPOSURE]
    yield from _loud_or_least(concentration(*one, checks=len(placed)) for one in placed)


def _loud_or_least(checks: Iterable[Check | None]) -> list[Check]:
    """Return the checks that saw something; where none did, the one that was nearest to it."""
    found = [check for check in checks if check is not None]
    loud = [check for check in found if check.status is not Status.OK]
    return loud or sorted(found, key=lambda check: 1.0 if check.p_value is None else check.p_value)[:1]


def _segments(experiment: Experiment, measured: Measured) -> dict[str, dict[str, dict[str, int]]]:
    """Return units by dimension, value and arm, of the metric that takes the most and drops none for want of facts."""
    followed = [tracked.metric for tracked in experiment.tracked]
    whole = [name for name in followed if _takes_all(measured, name)]
    taken = {
        name: sum(one.matured for (metric, _), one in measured.cohorts.items() if metric == name) for name in whole
    }
    found = dict[str, dict[str, dict[str, int]]]()
    if not taken:
        return found
    widest = max(taken, key=lambda name: taken[name])
    for cell, moments in measured.cells.items():
        if cell.metric == widest and cell.dimension and moments.count:
            found.setdefault(cell.dimension, {}).setdefault(cell.value, {})[cell.arm] = moments.count
    return found


def _takes_all(measured: Measured, metric: str) -> bool:
    cohorts = [one for (name, _), one in measured.cohorts.items() if name == metric]
    return bool(cohorts) and all(one.measured == one.matured for one in cohorts)


Grouped = tuple[str, str, str, list[Group]]
"""A metric, a treatment, what groups are by, and both arms in each."""


def _grouped(experiment: Experiment, catalogue: Catalogue, measured: Measured, name: str) -> Iterator[Grouped]:
    """Yield, for each treatment, a metric's arms by day of exposure and by each dimension."""
    metric = catalogue.metric(name)
    if isinstance(metric.kind, Quantile):
        return
    for arm in experiment.treatments:
        sides = arm.name, experiment.control.name
        linear = _linear(metric, [measured.cells.get(Cell(name, side)) for side in sides])
        if linear is None:
            continue
        by_day = _by_day(measured, name, sides)
        if len(by_day) > 1:
            yield name, arm.name, DAY_OF_EXPOSURE, _groups(by_day, linear)
        for dimension in experiment.dimensions:
            by_value = _by_value(measured, name, dimension, sides)
            if len(by_value) > 1:
                yield name, arm.name, dimension, _groups(by_value, linear)


Sides = Sequence[str]
Pairs = Mapping[str, tuple[Moments | None, Moments | None]]


def _by_day(measured: Measured, metric: str, sides: Sides) -> Pairs:
    days = sorted({day for name, arm, day in measured.days if name == metric and arm in sides})
    treatment, control = sides
    return {
        day.isoformat(): (measured.days.get((metric, treatment, day)), measured.days.get((metric, control, day)))
        for day in days
    }


def _by_value(measured: Measured, metric: str, dimension: str, sides: Sides) -> Pairs:
    values = dict.fromkeys(
        cell.value for cell in measured.cells if cell.metric == metric and cell.dimension == dimension
    )
    treatment, control = sides
    return {
        value: (
            measured.cells.get(Cell(metric, treatment, dimension, value)),
            measured.cells.get(Cell(metric, control, dimension, value)),
        )
        for value in values
    }


Linear = np.ndarray[tuple[int], np.dtype[np.float64]]


def _linear(metric: Metric, arms: Sequence[Moments | None]) -> Linear | None:
    """Return the weights that make one number a unit of a metric's own columns; a ratio's, by linearisation."""
    if any(moments is None or not moments.count for moments in arms):
        return None
    if own_columns(metric) == 1:
        return np.array([1.0])
    numerator, denominator = (sum(float(one.means[column]) for one in arms if one) / len(arms) for column in (0, 1))
    return np.array([1 / denominator, -numerator / denominator**2]) if denominator else None


def _groups(pairs: Pairs, linear: Linear) -> list[Group]:
    return [Group(name, *(_number(moments, linear) for moments in both)) for name, both in pairs.items()]


def _number(moments: Moments | None, linear: Linear) -> Moments:
    if moments is None or not moments.count:
        return Moments.empty(1)
    return combined(moments.columns(*range(linear.size)), linear)


def _since_first(groups: Sequence[Group]) -> dict[float, Group]:
    days = [date.fromisoformat(group.name) for group in groups]
    return {float((day - days[0]).days): group for day, group in zip(days, groups, strict=True)}


def _parts(groups: Sequence[Group]) -> list[Part]:
    """Return each segment's effect, of those with units enough in both arms to have an error."""
    found = list[Part]()
    for group in groups:
        pair = means(group.treatment, group.control)
        units = group.treatment.count + group.control.count
        if (
            not isinstance(pair, NotEstimable)
            and pair.contrast().se
            and min(group.treatment.count, group.control.count) >= ENOUGH
        ):
            found.append(Part(group.name, pair.contrast(), units))
    return found


ENOUGH = 50
"""Units of an arm below which a segment's error is too uncertain to weigh its effect by."""
