"""Non-inferiority and equivalence: at the margin's edge, and in the middle."""

import numpy as np

from calibration.one_by_one import POWER
from calibration.populations import Bernoulli, Normal, Population, Revenue, each
from calibration.studies.ratios import CLICKS, PAST
from calibration.study import Promise, Section, Study, Trial, at_most, exactly
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.margins import equivalence, noninferiority
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.power.design import Design
from twyman.stats.power.question import Equivalence, NonInferiority
from twyman.stats.proportion import proportions
from twyman.stats.ratio import ratios
from twyman.stats.tails import critical_value

EDGE = "error at the margin"
Q = critical_value(0.05)
TAIL = "arms have 355 × skewness² units: below, a loss that hides the big spenders looks surer than it is"


def pair_of(kind: str, treatment: Moments, control: Moments) -> Pair:
    """Return the pair of two arms."""
    if kind == "cuped":
        change = adjusted(treatment, control)
        assert isinstance(change, Adjusted)  # noqa: S101 - these populations vary
        return change.pair
    answer = {"mean": means, "proportion": proportions, "ratio": ratios}[kind](treatment, control)
    assert isinstance(answer, Pair)  # noqa: S101 - these populations vary
    return answer


def _shown(kind: str, population: Population, units: int, margin: float, *, both: bool) -> Trial:
    def inside(rng: np.random.Generator, runs: int, lift: float) -> np.ndarray:
        treatment, control = population.draw(rng, (runs,), units, lift), population.draw(rng, (runs,), units)
        pairs = [pair_of(kind, *arms) for arms in zip(each(treatment), each(control), strict=True)]
        if both:
            return np.array([min(equivalence(pair, within=margin)) > Q for pair in pairs])
        return np.array([noninferiority(pair, margin=margin) > Q for pair in pairs])

    return lambda rng, runs: {EDGE: inside(rng, runs, -margin), POWER: inside(rng, runs, 0.0)}


def guarded(
    kind: str, population: Population, units: int, margin: float, *, both: bool = False, note: str = ""
) -> Study:
    """Return the study of a margin: the plan's own power is promised where there is no effect."""
    question = Equivalence(margin) if both else NonInferiority(margin)
    plan = Design(population.truth(units).at(0), "mean" if kind == "cuped" else kind, alpha=0.05, question=question)
    power = plan.power_at([units, units], 0.0)
    assert isinstance(power, float)  # noqa: S101 - these plans are possible
    edge: Promise = (at_most if both else exactly)(EDGE, 0.05, note)
    promises = (edge, exactly(POWER, round(power, 4), note))
    name = "equivalence" if both else "non-inferiority"
    trial = _shown(kind, population, units, margin, both=both)
    return Study(
        f"{name}, {kind}, margin {margin:.0%}".replace("%", " %"),
        population.name,
        f"{units:,} + {units:,}",
        promises,
        trial,
        quick=500,
    )


SECTION = Section(
    "Margins",
    "One-sided tests at 5 %. The error is asked where it is largest: with a true loss of exactly the margin. Power "
    "is asked without an effect, against what `power.Design` says.",
    (
        guarded("mean", Normal(), 400, 0.1),
        guarded("proportion", Bernoulli(), 200_000, 0.2),
        guarded("mean", Revenue(), 5_000, 0.2, note=TAIL),
        guarded("ratio", CLICKS, 400, 0.1),
        guarded("cuped", PAST, 200, 0.1),
        guarded("mean", Normal(), 400, 0.1, both=True),
        guarded("proportion", Bernoulli(0.2), 2_000, 0.15, both=True),
    ),
)
