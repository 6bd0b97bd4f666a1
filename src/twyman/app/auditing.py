"""What an audit of rows says of an experiment: every check of `doubt` on what units did around their exposure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from twyman.app.audited import STRETCHES, Activity, Audited
from twyman.doubt.activity import USUAL, Sides, clock, joined, rows_before, telemetry, wearing_off
from twyman.doubt.apart import sources_apart
from twyman.doubt.arrivals import Counted, clock_by_arm, late_by_arm
from twyman.doubt.busy import Busiest, Repeating, bot, repeats
from twyman.doubt.check import Check, Status
from twyman.doubt.delivered import WITH_FACTS, delivery, stage
from twyman.doubt.filtered import Stretch, filter_by_outcome
from twyman.doubt.sparse import sparse
from twyman.experiments.experiment import Experiment

COUNTED_BY_CLUSTER = {"bot", "delivery", "not_delivered", "partly_delivered", "contaminated"}
"""Checks that hold where whole clusters were drawn: the others take units for independent."""


def audit_checks(experiment: Experiment, audited: Audited) -> tuple[Check, ...]:
    """Run every check on what an audit told; where clusters were drawn, those only that need no independence.

    Args:
        experiment: The experiment.
        audited: What the warehouse told of it.
    """
    found = [check for check in _all(experiment, audited) if check is not None]
    if experiment.randomised_by and experiment.randomised_by != experiment.entity:
        found = [check for check in found if check.code in COUNTED_BY_CLUSTER]
    return tuple(found)


def _all(experiment: Experiment, audited: Audited) -> Iterator[Check | None]:
    by_key = {(one.source, one.arm): one for one in audited.activity}
    sources = list(dict.fromkeys(one.source for one in audited.activity))
    tests = len(sources) * len(experiment.treatments)
    pairs = [(name, *_arms(experiment, by_key, name, arm.name)) for arm in experiment.treatments for name in sources]
    yield _stage(experiment, audited)
    yield from _deliveries(experiment, audited)
    yield from loud_or_least(rows_before(name, _volumes(t, c), checks=tests) for name, t, c in pairs)
    yield from loud_or_least(clock(name, _volumes(t, c), checks=tests) for name, t, c in pairs)
    yield from loud_or_least(clock_by_arm(name, _ahead(t), _ahead(c), checks=tests) for name, t, c in pairs)
    yield from loud_or_least(late_by_arm(name, _late(t), _late(c), checks=tests) for name, t, c in pairs)
    yield from loud_or_least(_apart(experiment, audited))
    yield from loud_or_least(
        telemetry(
            {name: _volumes(t, c) for name, t, c in pairs if t.arm == arm.name}, checks=len(experiment.treatments)
        )
        for arm in experiment.treatments
    )
    yield from loud_or_least(wearing_off(name, _weeks(t, c), checks=tests) for name, t, c in pairs)
    yield from loud_or_least(
        joined(name, (t.arm, t.active, t.units), (c.arm, c.active, c.units), checks=tests) for name, t, c in pairs
    )
    yield from loud_or_least(repeats(name, _repeating(t), _repeating(c), checks=tests) for name, t, c in pairs)
    yield from (_sparse(audited, name) for name in sources)
    yield from loud_or_least(
        bot(one.source, _busiest(one), others=[_busiest(other) for other in audited.activity if _beside(one, other)])
        for one in audited.activity
    )
    yield from _filtered(audited)


def loud_or_least(checks: Iterable[Check | None]) -> list[Check]:
    """Return the checks that saw something; where none did, the one that was nearest to it."""
    found = [check for check in checks if check is not None]
    loud = [check for check in found if check.status is not Status.OK]
    return loud or sorted(found, key=lambda check: 1.0 if check.p_value is None else check.p_value)[:1]


def _arms(
    experiment: Experiment, by_key: Mapping[tuple[str, str], Activity], source: str, arm: str
) -> tuple[Activity, Activity]:
    base = experiment.control.name
    return tuple(by_key.get((source, name)) or Activity(source=source, arm=name, units=0) for name in (arm, base))  # type: ignore[return-value]


def _volumes(treatment: Activity, control: Activity) -> Sides:
    return (treatment.arm, treatment.volume), (control.arm, control.volume)


def _weeks(treatment: Activity, control: Activity) -> Sides:
    return (treatment.arm, treatment.weeks), (control.arm, control.weeks)


def _ahead(one: Activity) -> Counted:
    return one.arm, one.ahead or 0, one.active


def _late(one: Activity) -> Counted:
    return one.arm, one.late or 0, one.active


def _apart(experiment: Experiment, audited: Audited) -> Iterator[Check | None]:
    """Compare sources with each other, two at a time."""
    if audited.together is None:
        return
    base, together = experiment.control.name, audited.together
    pairs = list(combinations(together.sources, 2))
    for arm in experiment.treatments:
        for first, second in pairs:
            sides = tuple((name, together.pair(first, second, name)) for name in (arm.name, base))
            yield sources_apart((first, second), sides, checks=len(pairs) * len(experiment.treatments))  # type: ignore[arg-type]


def _repeating(one: Activity) -> Repeating:
    return Repeating(
        arm=one.arm,
        tested=one.tested,
        repeated=one.repeated,
        units=one.repeating,
        active=one.with_rows,
        whole_minutes=one.whole_minutes,
    )


def _sparse(audited: Audited, source: str) -> Check | None:
    arms = [one for one in audited.activity if one.source == source]
    told = ((one.units, one.with_rows, one.with_several, one.rows) for one in arms)
    return sparse(source, *(sum(counts) for counts in zip(*told, strict=True)))


def _beside(one: Activity, other: Activity) -> bool:
    return one.source == other.source and one.arm != other.arm


def _filtered(audited: Audited) -> list[Check]:
    """Ask of the source that shows it best whether the filter of exposures chooses by what comes after them."""
    found = list[Check]()
    for one in audited.filtered:
        stretches = [Stretch(*told) for told in zip(STRETCHES, one.kept, one.left_out, strict=True)]
        if check := filter_by_outcome(one.source, stretches):
            found.append(check)
    return sorted(found, key=lambda check: check.status is not Status.WARN)[:1]


def _busiest(one: Activity) -> Busiest:
    return Busiest(
        arm=one.arm,
        unit=one.busiest,
        rows=one.most,
        units=one.with_rows,
        mean=one.rows / one.with_rows if one.with_rows else 0.0,
        log_mean=one.log_mean,
        log_spread=one.log_spread,
    )


def _stage(experiment: Experiment, audited: Audited) -> Check | None:
    """Compare the split of units assigned, exposed, and with a fact in any source that most have facts in."""
    counts = dict[str, Mapping[str, int]]()
    if audited.assigned is not None:
        counts["assigned"] = audited.assigned
    if audited.exposed:
        counts["exposed"] = audited.exposed
    if widest := _widest(audited):
        counts[WITH_FACTS] = widest
    return stage(counts, {arm.name: arm.share for arm in experiment.arms})


def _widest(audited: Audited) -> Mapping[str, int]:
    """Return units with a fact after exposure by arm, in the source in which most have one; nothing where few do."""
    found = dict[str, dict[str, int]]()
    for one in audited.activity:
        found.setdefault(one.source, {})[one.arm] = one.active
    widest = max(found.values(), key=lambda units: sum(units.values()), default=dict[str, int]())
    return widest if sum(widest.values()) >= USUAL * sum(audited.exposed.values()) else {}


def _deliveries(experiment: Experiment, audited: Audited) -> Iterator[Check]:
    if audited.delivered is None or experiment.delivery is None:
        return
    base, met, of = experiment.control.name, audited.delivered, audited.exposed
    shows = experiment.delivery
    what = f"{shows.facts} with {shows.where}" if shows.where else shows.facts
    for arm in experiment.treatments:
        treatment = (arm.name, met.get(arm.name, 0), of.get(arm.name, 0))
        yield delivery(treatment, (base, met.get(base, 0), of.get(base, 0)), what=what)
