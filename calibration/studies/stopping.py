"""After stopping: intervals, estimates and p-values by stages; futility; what may still come."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.one_by_one import COVERAGE, ERROR, POWER, looped
from calibration.peeking import DRIFT, planned_times
from calibration.study import FEW_RUNS, Section, Study, at_most, exactly
from twyman.stats.sequential import classical
from twyman.stats.sequential.bounds import Bounds, bounds
from twyman.stats.sequential.curtailment import conditional_power
from twyman.stats.sequential.futility import futility
from twyman.stats.sequential.repeated import p_so_far
from twyman.stats.sequential.spending import HwangShihDecani, ObrienFleming, Pocock, PowerSpending, Spending
from twyman.stats.sequential.stagewise import stagewise
from twyman.stats.sequential.stopping import crossings

Vector = NDArray[np.float64]

BELOW, NAIVE = "estimate below the truth", "naive estimate below the truth"
BIASED = "nobody stopped early: stopping on a high estimate keeps it high"


def walk(rng: np.random.Generator, looks: int, drift: float, runs: int = 1) -> Vector:
    """Draw scores at evenly spaced looks up to full information, which is 1."""
    steps = rng.normal(drift / looks, np.sqrt(1 / looks), (runs, looks))
    return np.cumsum(steps, axis=1) / np.sqrt(planned_times(looks))


def stopped(spending: Spending, looks: int, drift: float) -> Study:
    """Return the study of inference after a group-sequential test has stopped."""
    times = planned_times(looks)
    z = np.array(bounds(times, times, alpha=0.05, spending=spending).z)

    def once(rng: np.random.Generator) -> dict[str, float]:
        scores = walk(rng, looks, drift)[0]
        beyond = np.flatnonzero(np.abs(scores) >= z)
        last = int(beyond[0]) if beyond.size else looks - 1
        after = stagewise(float(scores[last]), times[: last + 1], z[: last + 1].tolist(), alpha=0.05)
        seen = {COVERAGE: float(after.lower <= drift <= after.upper), BELOW: float(after.estimate < drift)}
        naive = scores[last] / np.sqrt(times[last]) < drift
        return seen | {ERROR: float(after.p_value < 0.05), NAIVE: float(naive)}

    name = {ObrienFleming: "O’Brien–Fleming", Pocock: "Pocock", PowerSpending: "power 2"}[type(spending)]
    promises = (
        exactly(COVERAGE, 0.95),
        exactly(BELOW, 0.5),
        *((exactly(NAIVE, 0.5, BIASED),) if drift else (exactly(ERROR, 0.05),)),
    )
    told = "effect of power 0.8" if drift else "no effect"
    return Study(
        f"after stopping, {name}",
        told,
        "normal scores",
        promises,
        looped(once),
        looks,
        10_000 if looks < 10 else 5_000,
        60,
    )


def _futile(looks: int) -> Study:
    times = planned_times(looks)
    z = np.array(bounds(times, times, alpha=0.025, spending=ObrienFleming(), sides=1).z)
    needed = 2.95
    low = np.array(futility(times, times, z.tolist(), effect=needed, beta=0.2, spending=ObrienFleming()))
    power = crossings(times, z.tolist(), lower=low.tolist(), drift=needed)

    def shipped(scores: Vector, lower: Vector) -> NDArray[np.bool_]:
        up, down = scores >= z, scores < lower
        first_up = np.where(up.any(axis=1), up.argmax(axis=1), looks)
        first_down = np.where(down.any(axis=1), down.argmax(axis=1), looks)
        return (first_up < looks) & (first_up <= first_down)

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        still, moved = walk(rng, looks, 0.0, runs), walk(rng, looks, needed, runs)
        ignored = np.full(looks, -np.inf)
        return {
            "error, futility heeded": shipped(still, low),
            "error, futility ignored": shipped(still, ignored),
            POWER: shipped(moved, low),
        }

    promises = (
        at_most("error, futility heeded", 0.025),
        exactly("error, futility ignored", 0.025),
        exactly(POWER, round(sum(power.upper), 4)),
    )
    return Study("futility, O’Brien–Fleming", "effect of 2.95 se", "normal scores", promises, trial, looks)


def shaped(name: str, laid: Callable[[Sequence[float]], Bounds], looks: int, *, sides: int = 2) -> Study:
    """Return the study of bounds of some shape."""
    times = planned_times(looks)
    z = np.array(laid(times).z)

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        scores = walk(rng, looks, 0.0, runs)
        return {ERROR: ((np.abs(scores) if sides == 2 else scores) >= z).any(axis=1)}

    told = "no effect" if sides == 2 else "no effect, one side"
    return Study(f"bounds, {name}", told, "normal scores", (exactly(ERROR, 0.05),), trial, looks)


def _so_far(looks: int) -> Study:
    times = planned_times(looks)

    def once(rng: np.random.Generator) -> dict[str, float]:
        p = p_so_far(walk(rng, looks, 0.0)[0].tolist(), times, times, spending=PowerSpending(2))
        return {"p below 0.05": float(p[-1] < 0.05), "p below 0.3": float(p[-1] < 0.3)}

    promises = exactly("p below 0.05", 0.05), exactly("p below 0.3", 0.3)
    return Study(
        "p-value of the path, power 2",
        "no effect",
        "normal scores",
        promises,
        looped(once),
        looks,
        FEW_RUNS if looks < 10 else 1_000,
        40 if looks < 10 else 20,
    )


def _halfway() -> Study:
    """At the second of four looks the rest of the path is as likely to cross as conditional power says."""
    times = planned_times(4)
    z = bounds(times, times, alpha=0.05, spending=ObrienFleming()).z

    def once(rng: np.random.Generator) -> dict[str, float]:
        scores = walk(rng, 4, DRIFT)[0]
        if (np.abs(scores[:2]) >= z[:2]).any():
            return {"crossing, less its chance": np.nan}
        chance = conditional_power(float(scores[1]), times[1], later=times[2:], z=z[2:], effect=DRIFT)
        up, down = scores[2:] >= z[2:], scores[2:] <= -np.array(z[2:])
        crossed = bool(up[0] or (up[1] and not down[0]))
        return {"crossing, less its chance": 0.5 + crossed - chance}

    promise = exactly("crossing, less its chance", 0.5)
    told = "effect of power 0.8"
    return Study("conditional power", told, "normal scores", (promise,), looped(once), 4, FEW_RUNS, 100)


SECTION = Section(
    "After stopping",
    "A test that stops at its best moment has an estimate that is too good. Stage-wise ordering undoes that: its "
    "interval covers, and its estimate is too low as often as too high, which the naive one isn't. Futility bounds "
    "don't bind: whoever ignores them errs no more often. Chances are compared with what came of them, about one "
    "half.",
    (
        stopped(ObrienFleming(), 5, 0.0),
        stopped(ObrienFleming(), 5, DRIFT),
        stopped(Pocock(), 5, DRIFT),
        stopped(PowerSpending(2), 14, DRIFT),
        shaped("Pocock’s own", lambda t: classical.pocock(t, alpha=0.05), 5),
        shaped("O’Brien and Fleming’s own", lambda t: classical.obrien_fleming(t, alpha=0.05), 5),
        shaped("Wang–Tsiatis 0.25", lambda t: classical.wang_tsiatis(t, alpha=0.05, delta=0.25), 14),
        shaped("Haybittle–Peto", lambda t: classical.haybittle_peto(t, alpha=0.05), 5),
        shaped("Hwang–Shih–DeCani −4", lambda t: bounds(t, t, alpha=0.05, spending=HwangShihDecani(-4)), 14),
        shaped("power 2", lambda t: bounds(t, t, alpha=0.05, spending=PowerSpending(2), sides=1), 14, sides=1),
        _futile(5),
        _so_far(5),
        _so_far(14),
        _halfway(),
    ),
)
