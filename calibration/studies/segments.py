"""Effects that differ: between experiments, between segments, over days."""

from functools import partial

import numpy as np

from calibration.one_by_one import COVERAGE, ERROR, read, study
from calibration.study import Section, exactly
from twyman.stats.difference import means
from twyman.stats.estimate import NotEstimable
from twyman.stats.interactions import Interaction, interaction
from twyman.stats.moments import Moments
from twyman.stats.over_days import Novelty, novelty
from twyman.stats.pre_period import PreBalance, pre_balance
from twyman.stats.segments import StratifiedOdds, breakdown, mantel_haenszel
from twyman.stats.segments.heterogeneity import Heterogeneity

BOTH = exactly(ERROR, 0.05), exactly(COVERAGE, 0.95)
CELLS = "cells have some 100 units: several contrasts at once are tested by an approximate F"
DAYS = "units are many times the days: the trend weighs days by a precision that it takes from the same units"
SLOPE, WEEKS = "error of the trend", "error of first week against later"


def _cells(
    rng: np.random.Generator, joint: float, *, shape: tuple[int, int] = (2, 2), times: int = 1
) -> list[list[Moments]]:
    """Two experiments whose effects add up, but for a joint one in the last cell; cells differ in units and spread."""
    a, b = shape
    return [
        [
            Moments.of(
                rng.normal(0.3 * i + 0.2 * j + joint * (i == a - 1 and j == b - 1), 1 + i, times * (40 + 20 * j))
            )
            for j in range(b)
        ]
        for i in range(a)
    ]


def _interacting(rng: np.random.Generator) -> dict[str, float]:
    still, moved = interaction(_cells(rng, 0.0)), interaction(_cells(rng, 0.5))
    assert isinstance(still, Interaction)  # noqa: S101 - cells vary
    assert isinstance(moved, Interaction)  # noqa: S101
    contrast = moved.contrasts[0][0]
    return {ERROR: float(still.p_value < 0.05), COVERAGE: read(contrast, 0.5)[COVERAGE]}


def _many_cells(rng: np.random.Generator, times: int) -> dict[str, float]:
    found = interaction(_cells(rng, 0.0, shape=(3, 3), times=times))
    return {ERROR: float(found.p_value < 0.05) if isinstance(found, Interaction) else np.nan}


def _segments(rng: np.random.Generator) -> dict[str, float]:
    """Five segments of different size and baseline, one effect."""
    levels, shares = (0.0, 1.0, 2.0, 3.0, 4.0), (0.4, 0.27, 0.14, 0.11, 0.08)
    counts = rng.multinomial(740, shares, 2)
    arms = [
        (Moments.of(rng.normal(level + 0.3, 1, n)), Moments.of(rng.normal(level, 1, m)))
        for n, m, level in zip(*counts, levels, strict=True)
    ]
    found = breakdown(arms, compare=means)
    assert isinstance(found.heterogeneity, Heterogeneity)  # noqa: S101 - five segments
    return {
        "error of heterogeneity": float(found.heterogeneity.p_value < 0.05),
        "error against the rest": read(found.against_rest[3])[ERROR],
    }


def _odds(rng: np.random.Generator) -> dict[str, float]:
    """Ten strata of different rates, an odds ratio of 1 and of 2."""
    rates = np.linspace(0.1, 0.6, 10)

    def drawn(ratio: float) -> StratifiedOdds | NotEstimable:
        odds = rates / (1 - rates) * ratio
        treated, control = rng.binomial(30, odds / (1 + odds)), rng.binomial(40, rates)
        return mantel_haenszel([((int(t), 30), (int(c), 40)) for t, c in zip(treated, control, strict=True)])

    still, moved = drawn(1.0), drawn(2.0)
    assert isinstance(still, StratifiedOdds)  # noqa: S101 - tables aren't empty
    assert isinstance(moved, StratifiedOdds)  # noqa: S101
    return {ERROR: float(still.p_value < 0.05), COVERAGE: float(moved.lower <= 2 <= moved.upper)}


def _daily(rng: np.random.Generator, n: int) -> Moments:
    """Units whose 14 days go together."""
    return Moments.of(
        rng.normal(0, 1, (n, 1)) + rng.normal(0, 1, (n, 14)) + 0.05 * rng.normal(0, 1, (n, 1)) * np.arange(14)
    )


def _wearing_off(rng: np.random.Generator, units: tuple[int, int]) -> dict[str, float]:
    found = novelty(_daily(rng, units[0]), _daily(rng, units[1]))
    assert isinstance(found, Novelty)  # noqa: S101 - units vary
    return {SLOPE: read(found.trend)[ERROR], WEEKS: read(found.early_less_late)[ERROR]}


def _before(rng: np.random.Generator) -> dict[str, float]:
    arms = (Moments.of(rng.gamma(2, 1, (n, 1)) + rng.gamma(2, 1, (n, 3))) for n in (300, 500))
    found = pre_balance(*arms)
    return {ERROR: float(found.p_value < 0.05) if isinstance(found, PreBalance) else np.nan}


SECTION = Section(
    "Effects that differ",
    "Nothing differs here, unless an effect is covered: the error is of finding a difference between segments, days "
    "or combinations where there is none. Cells and segments have different sizes and spreads; days of one unit go "
    "together, which a line through independent days would take for news.",
    (
        study(
            "interaction, 2 × 2",
            "normal, unequal cells",
            "40 to 60 a cell",
            *BOTH,
            once=_interacting,
            runs=10_000,
            quick=500,
        ),
        *(
            study(
                "interaction, 3 × 3",
                "normal, unequal cells",
                f"{40 * times} to {80 * times} a cell",
                exactly(ERROR, 0.05, note),
                once=partial(_many_cells, times=times),
                quick=500,
            )
            for times, note in ((1, CELLS), (3, ""))
        ),
        study(
            "segments",
            "five segments, one effect",
            "740 + 740",
            exactly("error of heterogeneity", 0.05),
            exactly("error against the rest", 0.05),
            once=_segments,
            runs=10_000,
            quick=200,
        ),
        study("odds over strata, Mantel–Haenszel", "ten strata", "30 + 40 each", *BOTH, once=_odds),
        *(
            study(
                "novelty",
                "14 days, going together",
                f"{units[0]} + {units[1]}",
                exactly(SLOPE, 0.05, note),
                exactly(WEEKS, 0.05),
                once=partial(_wearing_off, units=units),
                quick=500,
            )
            for units, note in (((80, 120), DAYS), ((400, 600), ""))
        ),
        study("balance before", "three covariates, going together", "300 + 500", exactly(ERROR, 0.05), once=_before),
    ),
)
