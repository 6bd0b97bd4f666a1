"""The launch gate over 300 live flags and 100,000 contexts, beside the price of resolving the same flags and no more.

Each flag is an experiment of two halves: a third in a segment of a fifth of some countries, a third by a targeting
rule, a third for everybody; so most overlap. The floor is `cohorts` alone: every flag answered to every context, and
nothing done with it. Both in one process, in turn, by the processor's time, so that figures mean something on a
machine that does other things, too.

    PYTHONPATH=src python bench/gate.py [flags] [thousands of contexts]
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from twyman.app.gate_experiments import GateExperiments, Launches
from twyman.cohorts.cohort import Cohort
from twyman.cohorts.distribution import Choice, Draw
from twyman.cohorts.drawn import drawn
from twyman.cohorts.resolver import Vectorised
from twyman.experiments.experiment import Arm, Entry, Experiment
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import In, Where
from twyman.wiring.contexts import CohortSample

FLAGS = int(sys.argv[1]) if len(sys.argv) > 1 else 300
CONTEXTS = 1000 * (int(sys.argv[2]) if len(sys.argv) > 2 else 100)
COUNTRIES = ("NZ", "SE", "NO", "DK", "FI", "US", "GB", "DE", "FR", "BR")
RUNS = 3
MOST = 5.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HALVES = (Assigned((Slice(0, 500_000),), "off"), Assigned((Slice(500_000, 1_000_000),), "on"))
VALUES = (Variant("off", {"enabled": False, "rows": 10}), Variant("on", {"enabled": True, "rows": 20}))


def state() -> State:
    """Return that many flags, each an experiment of its own."""
    flags: dict[str, Flag] = {}
    segments: dict[str, Segment] = {}
    for number in range(FLAGS):
        where = Where("country", In(COUNTRIES[number % 5 : number % 5 + 5]))
        name, segment, when = f"flag-{number}", "", None
        if number % 3 == 0:
            segment = f"segment-{number}"
            segments[segment] = Segment(segment, where, (Claim(f"share-{number}", (Slice(0, 200_000),)),))
        elif number % 3 == 1:
            when = where
        rule = Rule("test", Split(HALVES, f"split-{number}"), segment, when, experiment=f"test-{number}")
        flags[name] = Flag(name, VALUES, (rule,), "off")
    return State(flags, segments)


def experiments() -> dict[str, Experiment]:
    """Return the experiment of each flag."""
    arms = (Arm("control", 0.5, control=True, logged="off"), Arm("treatment", 0.5, logged="on"))
    made = (
        Experiment(
            name=f"test-{number}",
            arms=arms,
            tracked=(),
            entry=Entry.EXPOSURES,
            source="exposures",
            key=f"test-{number}",
            flag=f"flag-{number}",
        )
        for number in range(FLAGS)
    )
    return {each.name: each for each in made}


def medians(*works: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Return the median seconds of the processor for some pieces of work, each run in turn."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for each, work in zip(taken, works, strict=True):
            start = time.process_time()
            work()
            each.append(time.process_time() - start)
    return [statistics.median(each) for each in taken]


def fresh(cohort: Cohort) -> CohortSample:
    """Return the sample as the gate first sees it: nothing of it read yet."""
    table = cohort.blocks[0]._source._table  # noqa: SLF001 # pyright: ignore
    return CohortSample("contexts", Cohort.of_table(table))


def main() -> None:
    """Run it all; fail where one experiment takes longer than it may."""
    flags, every = state(), experiments()
    cohort = drawn(Draw(CONTEXTS, 1, {"country": Choice(COUNTRIES, (0.1,) * 10)}), flags, np.random.default_rng(1))

    def bare() -> None:
        sample = fresh(cohort)
        resolver = Vectorised(flags)
        for name in flags.flags:
            resolver.evaluate(name, sample.cohort)

    def one() -> None:
        GateExperiments(fresh(cohort), NOW)(Launches(state=flags, experiments=every, asked="test-2"))

    def whole() -> None:
        GateExperiments(fresh(cohort), NOW)(Launches(state=flags, experiments=every))

    floor, gate = medians(bare, one)
    [all_of_them] = medians(whole, runs=1)
    print(f"{FLAGS} flags, {CONTEXTS:,} contexts (median of {RUNS}, in turn; seconds of the processor)\n")
    print(f"  resolved and no more  {floor:>7.2f} s")
    print(f"  one experiment gated  {gate:>7.2f} s   {gate / floor:.2f} times the floor")
    print(f"  every one gated       {all_of_them:>7.2f} s   {all_of_them / floor:.2f} times the floor")
    print(f"  peak memory           {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>7,.0f} MB")
    if gate > MOST:
        sys.exit(f"the gate took more than {MOST:g} s")


if __name__ == "__main__":
    main()
