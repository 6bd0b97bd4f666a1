"""Whether the data can carry a conclusion: every check of `doubt` that moments and counts allow."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec

from twyman.app.comparison import Comparison, own_columns
from twyman.app.influence import influence
from twyman.app.localised import localised
from twyman.app.population import who_counts
from twyman.app.ports import Cell, Cutoff, Measured
from twyman.app.results import compared_at
from twyman.app.strata import stratum_text
from twyman.app.views import Check as CheckView, Health
from twyman.doubt.balance import Kept, covariate_balance, crossovers, kept_evenly, sample_ratio, signs
from twyman.doubt.check import Check, Status
from twyman.doubt.intake import (
    ahead_rows,
    freshness,
    immature,
    immature_days,
    late_rows,
    repeated_rows,
    stray_rows,
    undated_rows,
    unused_strata,
    used_strata,
    zone,
)
from twyman.experiments.experiment import Entry, Experiment
from twyman.kernel.time import DAY
from twyman.metrics.catalogue import Catalogue
from twyman.stats.moments import Moments

LOUDNESS = [Status.BLOCK, Status.WARN, Status.NOTE, Status.OK]
"""Loudest first: the order in which checks are shown."""


def checks(
    experiment: Experiment,
    catalogue: Catalogue,
    measured: Measured,
    *,
    cutoff: Cutoff | None,
    final: bool,
    zone_name: str,
) -> tuple[Check, ...]:
    """Run every check on what was measured, loudest first."""
    shares = {arm.name: arm.share for arm in experiment.arms}
    found: list[Check | None] = [
        sample_ratio(_entered(measured), shares, control=experiment.control.name, of=experiment.randomised_by),
        *who_counts(experiment, measured),
        *localised(experiment, catalogue, measured),
        *_intake(experiment, measured),
        *_filters(experiment, measured),
        *_cohorts(experiment, measured, final=final),
        *_covariates(experiment, catalogue, measured),
        *influence(experiment, catalogue, measured),
        *_sources(experiment, catalogue, measured, cutoff),
        zone(measured.zoneless, zone_name),
        *_strata(experiment, catalogue, measured),
        *(undated_rows(source, rows) for source, rows in measured.undated.items()),
    ]
    found += [signs(metric, arm, days.higher, days.days) for (metric, arm), days in measured.signs.items() if days.days]
    seen = [check for check in found if check is not None]
    return tuple(sorted(seen, key=lambda check: LOUDNESS.index(check.status)))


def health(experiment: Experiment, measured: Measured, found: tuple[Check, ...]) -> Health:
    """Put what was measured and checked into the answer's shape."""
    return Health(
        units=dict(measured.units),
        crossovers=dict(measured.crossovers),
        shares={arm.name: arm.share for arm in experiment.arms},
        checks=[check_view(check) for check in found],
        entrants=msgspec.to_builtins(measured.entrants),
        sources=[msgspec.to_builtins(scanned) for scanned in measured.scanned],
        exposed=_exposed(experiment, measured),
        kept=[msgspec.to_builtins(step) for step in measured.kept],
        clusters={"by": experiment.randomised_by, **msgspec.to_builtins(measured.drawn)} if measured.drawn else None,
    )


def _entered(measured: Measured) -> Mapping[str, int]:
    """Return what entered by exposure, by arm, as it was drawn: clusters or units, before any step left some out."""
    if measured.drawn is not None:
        return measured.drawn.exposed
    return measured.kept[0].of if measured.kept else measured.units


def check_view(check: Check) -> CheckView:
    """Turn a check into its place in the answer."""
    return CheckView(
        code=check.code,
        status=check.status.value,
        text=check.text,
        p_value=check.p_value,
        metric=check.metric,
        arm=check.arm,
        detail=dict(check.detail),
    )


def _exposed(experiment: Experiment, measured: Measured) -> list[dict[str, Any]]:
    """Return units by day and arm, one row a day on which somebody entered."""
    by_day = sorted(measured.exposed, key=_day)
    rows = list[dict[str, Any]]()
    for day, keys in groupby(by_day, key=_day):
        entered = {arm: measured.exposed[arm, on] for arm, on in keys}
        rows.append({"day": day.isoformat(), "units": {arm.name: entered.get(arm.name, 0) for arm in experiment.arms}})
    return rows


def _day(key: tuple[str, date]) -> date:
    return key[1]


def _intake(experiment: Experiment, measured: Measured) -> Iterator[Check | None]:
    """Judge rows and units of the source of arms: crossovers, repeats, filters, strays, days without outcome."""
    entrants = measured.entrants
    shares = {arm.name: arm.share for arm in experiment.arms}
    if experiment.entry is not Entry.AGGREGATES:
        crossed = measured.drawn.crossed if measured.drawn else measured.crossovers
        yield crossovers(crossed, _entered(measured), shares, of=experiment.randomised_by or "unit")
        yield repeated_rows(
            entrants.repeated,
            entrants.rows,
            in_two_arms=entrants.in_two_arms,
            left_out=sum(entrants.left_out.values()),
            two_arms_kept=sum(measured.crossovers.values()),
            one_each=experiment.entry is Entry.UNITS,
        )
        yield stray_rows(entrants.unknown_arms, entrants.without_unit, entrants.rows)
    if measured.days_left_out is not None:
        yield immature_days(measured.days_matured or 0, measured.days_left_out)


def _filters(experiment: Experiment, measured: Measured) -> Iterator[Check]:
    """Test whether the source's filter keeps as many rows in each treatment as in control."""
    entrants = measured.entrants
    if not sum(entrants.left_out.values()):
        return
    rows = {arm: Kept(kept, kept + entrants.left_out.get(arm, 0)) for arm, kept in entrants.kept.items()}
    base = experiment.control.name
    for arm in experiment.treatments:
        if arm.name in rows and base in rows:
            treatment, control = (arm.name, rows[arm.name]), (base, rows[base])
            yield kept_evenly("filter", "the source's filter", treatment, control)


def _cohorts(experiment: Experiment, measured: Measured, *, final: bool) -> Iterator[Check | None]:
    """Judge which units a metric takes: windows that aren't over, and units it drops."""
    base = experiment.control.name
    waiting = dict[tuple[int, int], list[str]]()
    for tracked in experiment.tracked:
        taken = {arm: cohort for (metric, arm), cohort in measured.cohorts.items() if metric == tracked.metric}
        matured, entered = (sum(getattr(cohort, name) for cohort in taken.values()) for name in ("matured", "entered"))
        waiting.setdefault((matured, entered), []).append(tracked.metric)
        for arm in experiment.treatments:
            sides = [taken.get(arm.name), taken.get(base)]
            if any(side is None or not side.matured for side in sides):
                continue
            if all(side.measured == side.matured for side in sides if side):
                continue
            treatment, control = (
                (name, Kept(side.measured, side.matured))
                for name, side in zip((arm.name, base), sides, strict=True)
                if side
            )
            yield kept_evenly("dropped_units", f"{tracked.metric}", treatment, control, metric=tracked.metric)
    if measured.days_left_out is None:
        for (matured, entered), metrics in waiting.items():
            yield immature(metrics, matured, entered, final=final)


def _covariates(experiment: Experiment, catalogue: Catalogue, measured: Measured) -> Iterator[Check | None]:
    """Compare arms in what was measured before exposure; each covariate once."""
    base = experiment.control.name
    found = dict[tuple[str, str], tuple[str, Moments, Moments]]()
    for tracked in experiment.tracked:
        own = own_columns(catalogue.metric(tracked.metric), clustered=bool(experiment.randomised_by))
        control = measured.cells.get(Cell(tracked.metric, base))
        for index, column in enumerate(measured.columns.get(tracked.metric, ())[own:], start=own):
            for arm in experiment.treatments:
                treatment = measured.cells.get(Cell(tracked.metric, arm.name))
                if treatment is not None and control is not None:
                    named = column if " " not in column else f"{tracked.metric}: {column}"
                    sides = tracked.metric, treatment.columns(index), control.columns(index)
                    found.setdefault((named, arm.name), sides)
    for (covariate, arm), (metric, treatment, control) in found.items():
        yield covariate_balance(metric, covariate, (arm, treatment), (base, control), checks=len(found))


def _strata(experiment: Experiment, catalogue: Catalogue, measured: Measured) -> Iterator[Check]:
    """Say within which strata arms are compared, and which metrics aren't, once a reason."""
    if not experiment.strata:
        return
    found = [
        (tracked.metric, compared_at(experiment, catalogue.metric(tracked.metric), measured, arm.name))
        for tracked in experiment.tracked
        for arm in experiment.treatments
    ]
    made = [one.strata for _, one in found if isinstance(one, Comparison) and one.strata]
    if made:
        strata = {name for one in made for stratum in one.strata for name in stratum.names}
        merged = {small for one in made for small, _ in one.merged}
        yield used_strata(experiment.strata, *(sorted(map(stratum_text, names)) for names in (strata, merged)))
    unused = [(name, one.unstratified) for name, one in found if isinstance(one, Comparison) and one.unstratified]
    for code in dict.fromkeys(why.code for _, why in unused):
        metrics = list(dict.fromkeys(name for name, why in unused if why.code == code))
        text = next(why.text for _, why in unused if why.code == code)
        yield unused_strata(experiment.strata, metrics, f"{text[0].upper()}{text[1:]}")


def _sources(
    experiment: Experiment, catalogue: Catalogue, measured: Measured, cutoff: Cutoff | None
) -> Iterator[Check | None]:
    """Judge each source of facts: does it reach the end of the windows that read it, did rows come too late."""
    if cutoff is None:
        return
    entered = max((day for _, day in measured.exposed), default=None)
    for scanned in measured.scanned:
        until = cutoff.events
        length = _longest(experiment, catalogue, scanned.source)
        if length is not None and entered is not None:
            until = min(until, datetime(entered.year, entered.month, entered.day, tzinfo=UTC) + length + DAY)
        yield freshness(scanned.source, scanned.last, until, rows=scanned.rows)
        yield late_rows(scanned.source, scanned.late, scanned.after_cutoff, scanned.rows)
        yield ahead_rows(scanned.source, scanned.ahead)


def _longest(experiment: Experiment, catalogue: Catalogue, source: str) -> timedelta | None:
    """Return how long after exposure the last window that reads a source ends; `None` where one never does."""
    ends = [timedelta()]
    for tracked in experiment.tracked:
        metric = catalogue.metric(tracked.metric)
        if source in metric.facts:
            if metric.window.length is None:
                return None
            ends.append(metric.window.after + metric.window.length)
    return max(ends)


def broken(found: tuple[Check, ...]) -> tuple[Check, ...]:
    """Return the checks that hold every decision."""
    return tuple(check for check in found if check.status is Status.BLOCK)
