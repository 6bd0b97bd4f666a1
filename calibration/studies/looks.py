"""Looking many times: group-sequential bounds, always-valid sequences, and peeking without either."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calibration.peeking import (
    ALWAYS,
    EVER,
    POWER,
    Limit,
    Peeking,
    confidence_sequence,
    mixture_sprt,
    never_corrected,
    power_of,
    spent_by,
    spent_by_information,
)
from calibration.populations import Bernoulli, Normal, Population, Revenue
from calibration.studies.ratios import CLICKS, PAST, RATIO, SCHOOLS
from calibration.study import FEW_RUNS, Curve, Point, Promise, Section, Study, at_least, at_most, exactly, of
from twyman.stats.sequential.spending import ObrienFleming, Pocock, PowerSpending, Spending
from twyman.stats.settings import Settings

SPENDING: Mapping[str, Spending] = {
    "group sequential, power 2": PowerSpending(2),
    "group sequential, O’Brien–Fleming": ObrienFleming(),
    "group sequential, Pocock": Pocock(),
}
SEQUENCE, SPRT, PEEKING = "confidence sequence", "mSPRT", "a fixed test, peeked at"
PEEKED = "one looks once: this is what bounds are for"
EARLY = "the first looks have some 100 units, and ten buyers or conversions, an arm"


def promises(looks: int, early: str) -> tuple[Promise, ...]:
    """Return what each method promises at a number of looks."""
    planned = [
        of(
            name,
            exactly(EVER, 0.05, early),
            exactly(ALWAYS, 0.95, early),
            exactly(POWER, round(power_of(spending, looks), 4), early),
        )
        for name, spending in SPENDING.items()
    ]
    valid = [of(name, at_most(EVER, 0.05, early), at_least(ALWAYS, 0.95, early)) for name in (SEQUENCE, SPRT)]
    return sum([*planned, *valid, of(PEEKING, exactly(EVER, 0.05, PEEKED))], ())


def peeked(population: Population, each: int, looks: int, settings: Settings, early: str = "") -> Study:
    """Return the study of all methods on the same experiments."""
    plain = Peeking(population, each, looks, {}, settings)
    limits: dict[str, Limit] = {name: spent_by(spending) for name, spending in SPENDING.items()}
    limits |= {
        SEQUENCE: confidence_sequence(2 * each * looks),
        SPRT: mixture_sprt(plain.effect),
        PEEKING: never_corrected,
    }
    trial = replace(plain, limits=limits)
    units = f"{each:,} an arm and look"
    return Study(
        "looking many times",
        population.name,
        units,
        promises(looks, early),
        trial,
        looks,
        quick=1_000 if looks < 100 else 250,
    )


def informed(population: Population, each: int) -> Study:
    """Return the study of bounds that follow each experiment's own information."""
    name = "group sequential, power 2, by information"
    limits = {name: spent_by_information(PowerSpending(2))}
    chosen = of(
        name, exactly(EVER, 0.05), exactly(ALWAYS, 0.95), exactly(POWER, round(power_of(PowerSpending(2), 14), 4))
    )
    trial = Peeking(population, each, 14, limits, Settings())
    return Study(name, population.name, f"{each:,} an arm and look", chosen, trial, 14, FEW_RUNS, 200)


MEAN, SHARE = Settings(), Settings(kind="proportion")

SECTION = Section(
    "Looking many times",
    "Looks are evenly spaced; the effect is the one that a single look at the end would find with power 0.8. *False "
    "alarm* is a bound crossed at any look without an effect; *every interval covers* asks the repeated intervals of "
    "all looks at once to hold the effect. Power of group-sequential plans is what `sequential.stopping` says. All "
    "methods read the same experiments.",
    (
        peeked(Normal(), 100, 14, MEAN),
        peeked(Normal(), 100, 181, MEAN),
        peeked(Bernoulli(), 20_000, 14, SHARE),
        peeked(Bernoulli(), 20_000, 181, SHARE),
        peeked(Bernoulli(), 2_000, 181, SHARE, EARLY),
        peeked(Revenue(), 1_000, 14, MEAN),
        peeked(Revenue(), 100, 181, MEAN, EARLY),
        peeked(CLICKS, 50, 14, RATIO),
        peeked(CLICKS, 20, 181, RATIO, EARLY),
        peeked(SCHOOLS, 20, 14, RATIO),
        peeked(SCHOOLS, 4, 181, RATIO, EARLY),
        peeked(PAST, 50, 14, MEAN),
        informed(Normal(), 100),
        informed(Bernoulli(), 20_000),
    ),
)


def false_alarms(rng: np.random.Generator) -> list[Point]:
    """Trace how false alarms grow with looks, on normal data of 100 units an arm and look."""
    plain = Peeking(Normal(), 100, 181, {}, MEAN)
    limits: dict[str, Limit] = {name: spent_by(spending) for name, spending in SPENDING.items()}
    limits |= {SEQUENCE: confidence_sequence(2 * 100 * 181), SPRT: mixture_sprt(plain.effect), PEEKING: never_corrected}
    alarms = dict.fromkeys(limits, np.zeros(181))
    for _ in range(20):
        (path,) = plain.paths(rng, 1000, (0.0,))
        scores = np.abs(path.scores())
        for name, limit in limits.items():
            crossed = np.logical_or.accumulate(scores >= limit(path), axis=-1)
            alarms[name] = alarms[name] + crossed.mean(axis=0) / 20
    shown = sorted({*range(10), *range(9, 181, 5), 13, 180})
    return [Point(name, look + 1, round(float(alarms[name][look]), 5)) for name in limits for look in shown]


CURVE = Curve("false alarms by looks", false_alarms)
