"""Many tests at once: the family's error, the share of false finds, the intervals of what was picked."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from calibration.one_by_one import COVERAGE, ERROR, study
from calibration.study import FEW_RUNS, Promise, Section, Study, at_least, at_most, exactly
from twyman.stats.anytime.evalues import flagged
from twyman.stats.anytime.mixture import log_e_values
from twyman.stats.many_arms import against_control, combined, pooled_means
from twyman.stats.moments import Moments
from twyman.stats.multiplicity import discoveries, familywise
from twyman.stats.multiplicity.matching import corrected
from twyman.stats.tails import critical_values, upper_tails

Vector = NDArray[np.float64]

GUESSED = "tests are many: the number of nulls is guessed from few; `bky` does it with a proof"
ANY, FALSE, FOUND = "any false find", "share of false finds", "power"
NULLS, EFFECTS = 12, 8
HALF = np.sqrt(0.5)

FAMILYWISE: Mapping[str, Callable[[Vector], Vector]] = {
    "Bonferroni": familywise.bonferroni,
    "Šidák": familywise.sidak,
    "Holm": familywise.holm,
    "Holm–Šidák": familywise.holm_sidak,
    "Hochberg": familywise.hochberg,
    "Hommel": familywise.hommel,
}
DISCOVERIES: Mapping[str, Callable[[Vector], Vector]] = {
    "Benjamini–Hochberg": discoveries.bh,
    "Benjamini–Yekutieli": discoveries.by,
    "Benjamini–Krieger–Yekutieli": lambda p: discoveries.bky(p, alpha=0.05),
    "two-stage": lambda p: discoveries.two_stage_bh(p, alpha=0.05),
    "adaptive": discoveries.adaptive_bh,
    "Storey": discoveries.storey,
}


def scores(rng: np.random.Generator, *, shared: float) -> Vector:
    """Draw the deviates of twelve metrics without an effect and eight with one, correlated by `shared`²."""
    noise = shared * rng.standard_normal() + np.sqrt(1 - shared * shared) * rng.standard_normal(NULLS + EFFECTS)
    return noise + np.repeat((0.0, 3.0), (NULLS, EFFECTS))


def p_of(z: Vector) -> Vector:
    """Return two-sided p-values."""
    return 2 * upper_tails(np.abs(z), np.full(z.shape, np.inf))


def in_family(name: str, adjust: Callable[[Vector], Vector], shared: float, *promises: Promise) -> Study:
    """Return the study of a correction over twenty metrics."""

    def once(rng: np.random.Generator) -> dict[str, float]:
        found = adjust(p_of(scores(rng, shared=shared))) < 0.05
        false = int(found[:NULLS].sum())
        return {ANY: float(false > 0), FALSE: false / max(int(found.sum()), 1), FOUND: float(found[NULLS:].mean())}

    related = "correlated 0.5" if shared else "independent"
    return study(name, f"20 metrics, 8 with an effect, {related}", "3 se", *promises, once=once)


def picked(correction: str) -> Study:
    """Return the study of intervals that match a correction: whose promise is on what was found."""

    def once(rng: np.random.Generator) -> dict[str, float]:
        z = scores(rng, shared=0.0)
        answer = corrected(p_of(z), correction=correction)
        truth = np.repeat((0.0, 3.0), (NULLS, EFFECTS))
        reach = critical_values(np.asarray(answer.interval_alphas) / 2, np.full(z.shape, np.inf))
        held = np.abs(z - truth) <= reach
        if answer.covers == "selected":
            found = answer.rejected
            return {COVERAGE: float(held[found].mean()) if found.any() else 1.0}
        return {COVERAGE: float(held.all())}

    return study(f"{correction} intervals", "20 metrics, 8 with an effect", "3 se", at_least(COVERAGE, 0.95), once=once)


def _arms(rng: np.random.Generator, units: tuple[int, ...], effect: float = 0.0) -> list[Moments]:
    """Draw arms, of which the first has an effect."""
    return [Moments.of(rng.normal(effect if not place else 0.0, 1, n)) for place, n in enumerate(units)]


def dunnett(units: tuple[int, ...]) -> Study:
    """Return the study of several arms against one control, the last; the bound depends on units only."""
    critical = against_control(pooled_means([_arm(n) for n in units[:-1]], _arm(units[-1]))).critical

    def once(rng: np.random.Generator) -> dict[str, float]:
        *arms, control = _arms(rng, units)
        scores = [abs(pair.contrast().statistic) for pair in pooled_means(arms, control)]
        return {ANY: float(max(scores) > critical)}

    return study("Dunnett", "normal, no effect", " + ".join(f"{n}" for n in units), exactly(ANY, 0.05), once=once)


def _stepping(rng: np.random.Generator) -> dict[str, float]:
    """One arm is so much better that the others have its place in the family."""
    units = (50, 50, 50, 50)
    arms = _arms(rng, units, effect=2.0)
    answer = against_control(pooled_means(arms[:-1], arms[-1]), step_down=True)
    return {ANY: float((answer.adjusted[1:] < 0.05).any())}


def _arm(n: int) -> Moments:
    return Moments.of(np.arange(float(n)))


def _together(rng: np.random.Generator) -> dict[str, float]:
    arms = [Moments.of(rng.normal(mean, 1, n)) for mean, n in ((0.2, 80), (-0.2, 80), (0.0, 150))]
    pair = combined(arms[:2], arms[2])
    low, high = pair.contrast().interval(0.05)  # type: ignore[union-attr]
    return {ERROR: float(not low <= 0 <= high)}


def _e_values(rng: np.random.Generator) -> dict[str, float]:
    """Twenty metrics peeked at 14 times; flagged at the look where each looks best."""
    walks = np.cumsum(rng.standard_normal((20, 14)), axis=1) / np.sqrt(np.arange(1, 15))
    walks[NULLS:] += 4.5 * np.sqrt(np.arange(1, 15) / 14)
    last = log_e_values(walks[:, -1], 14.0)
    found = np.array(flagged(last.tolist(), rate=0.05))
    return {FALSE: found[:NULLS].sum() / max(found.sum(), 1), FOUND: found[NULLS:].mean()}


SECTION = Section(
    "Many tests at once",
    "Twenty metrics, of which eight have an effect of three standard errors; 5 % throughout. *Any false find* is "
    "what family-wise corrections keep; *share of false finds* is what discovery rates keep, on average: of "
    "Benjamini and Hochberg it should be exactly 5 % × 12/20 where metrics are independent. Dunnett's test shares "
    "one control.",
    (
        *(
            in_family(name, adjust, shared, at_most(ANY, 0.05))
            for name, adjust in FAMILYWISE.items()
            for shared in (0.0, HALF)
        ),
        in_family("Benjamini–Hochberg", discoveries.bh, 0.0, exactly(FALSE, 0.03)),
        *(in_family(name, adjust, HALF, at_most(FALSE, 0.05)) for name, adjust in list(DISCOVERIES.items())[:2]),
        *(
            in_family(name, adjust, 0.0, at_most(FALSE, 0.05, GUESSED if name == "adaptive" else ""))
            for name, adjust in list(DISCOVERIES.items())[1:]
        ),
        *(picked(name) for name in ("bonferroni", "sidak", "bh", "by")),
        study(
            "e-values, e-BH", "20 metrics, 8 with an effect", "4.5 se at look 14", at_most(FALSE, 0.05), once=_e_values
        ),
        dunnett((50, 50, 50, 50)),
        dunnett((30, 60, 90, 120)),
        dunnett((10, 10, 10, 20)),
        study(
            "Dunnett, step-down",
            "normal, one arm far better",
            "50 + 50 + 50 + 50",
            exactly(ANY, 0.05),
            once=_stepping,
            runs=FEW_RUNS,
            quick=0,
        ),
        study("arms combined", "normal, effects cancel", "80 + 80 + 150", exactly(ERROR, 0.05), once=_together),
    ),
)
