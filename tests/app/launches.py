"""Experiments on flags, built in a line each, and the gate over contexts of any kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from twyman.app.gate_experiments import GateExperiments, Launches
from twyman.app.gate_views import Gated, GateReport
from twyman.cohorts.cohort import Cohort
from twyman.doubt.check import Status
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.slices import Slice
from twyman.flags.state import State
from twyman.wiring.contexts import CohortSample

NOW = datetime(2015, 4, 1, tzinfo=UTC)
HALVES = (Assigned((Slice(0, 500_000),), "off"), Assigned((Slice(500_000, 1_000_000),), "on"))
EVERYBODY = Slice(0, 1_000_000)
VARIANTS = (Variant("off", value=False), Variant("on", value=True))


def split(name: str, salt: str, **more: Any) -> Rule:
    return Rule(name, Split(HALVES, salt), experiment=name, **more)


def served(name: str, variant: str, **more: Any) -> Rule:
    return Rule(name, Split((Assigned((EVERYBODY,), variant),)), **more)


def flag(name: str, *rules: Rule, variants: tuple[Variant, ...] = VARIANTS, default: str = "off") -> Flag:
    return Flag(name, variants, rules, default)


def experiment(name: str, *, on: str, moves: str = "minutes", still: str = "", **more: Any) -> Experiment:
    """An experiment of two arms, `off` and `on`, on a flag."""
    tracked = [Tracked(metric=moves, role=Role.SUCCESS)]
    tracked += [Tracked(metric=still, role=Role.MUST_NOT_MOVE)] if still else []
    made = Experiment(
        name=name,
        arms=(Arm("control", 0.5, control=True, logged="off"), Arm("treatment", 0.5, logged="on")),
        tracked=tuple(tracked),
        entry=Entry.EXPOSURES,
        source="exposures",
        key=name,
        flag=on,
    )
    return replace(made, **more)


def users(count: int, **attributes: Sequence[object]) -> list[dict[str, object]]:
    """Contexts of users, with attributes that repeat over them."""
    return [
        {"targeting_key": f"u-{n}", **{key: values[n % len(values)] for key, values in attributes.items()}}
        for n in range(count)
    ]


def gated(
    flags: Iterable[Flag],
    experiments: Iterable[Experiment],
    contexts: Sequence[Mapping[str, object]],
    *,
    state: State | None = None,
    **more: Any,
) -> GateReport:
    """What the gate finds."""
    whole = replace_flags(state or State(), flags)
    sample = CohortSample("contexts", Cohort.of_contexts(list(contexts)))
    launches = Launches(state=whole, experiments={each.name: each for each in experiments}, **more)
    return GateExperiments(sample, NOW)(launches)


def replace_flags(state: State, flags: Iterable[Flag]) -> State:
    named = {each.name: each for each in flags}
    return State(named, state.segments, state.populations, state.clients)


def told(one: Gated, status: Status) -> list[str]:
    """The codes of the findings of one loudness, but for those that were let pass."""
    return [str(each.code) for each in one.told(status)]
