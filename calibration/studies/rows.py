"""Methods that see values: quantiles, ranks, bootstrap, caps, curves of retention."""

import numpy as np
from numpy.typing import NDArray

from calibration.one_by_one import COVERAGE, ERROR, error_and_coverage, read, study
from calibration.study import FEW_RUNS, Section, Study, exactly
from twyman.stats.cap import Capped, CapRule, capped
from twyman.stats.difference import means
from twyman.stats.estimate import Estimate, NotEstimable
from twyman.stats.pair import Pair
from twyman.stats.quantile import Clustered, quantiles
from twyman.stats.ranks import RankTest, Superiority, mann_whitney, superiority
from twyman.stats.resampling import Replicates, bootstrap
from twyman.stats.survival import LogRank, RiskTable, log_rank, mean_time, retention

Vector = NDArray[np.float64]
BOTH = exactly(ERROR, 0.05), exactly(COVERAGE, 0.95)
RANKS = (
    "the density at the quantile is measured from values near it, in arms of some thousand units: with fewer, or far "
    "out, the interval is a little wide"
)
TIED = "values are continuous: with ties the mid-distribution's quantile moves by steps, and its interval is wide"
SKEWED = "units are some thousand: no bootstrap knows of the big spenders it hasn't seen"


def quantile_of(q: float, units: int, note: str = "") -> Study:
    """Return the study of a quantile of skewed, continuous values."""

    def answer(rng: np.random.Generator, effect: float) -> Pair | NotEstimable:
        return quantiles(rng.lognormal(0, 1, units) + effect, rng.lognormal(0, 1, units), q)

    promises = exactly(ERROR, 0.05, note), exactly(COVERAGE, 0.95, note)
    return study(
        f"quantile {q:g}",
        "lognormal",
        f"{units} + {units}",
        *promises,
        once=error_and_coverage(answer, 0.3),
        runs=10_000,
        quick=300,
    )


def _tied(rng: np.random.Generator, effect: float) -> Pair | NotEstimable:
    """Latencies rounded to whole tens."""
    arms = (np.round(rng.lognormal(4 + shift, 0.5, 1000), -1) for shift in (effect, 0.0))
    return quantiles(*arms, 0.5, ties="mid")


def _requests(rng: np.random.Generator, effect: float) -> Clustered:
    """Requests of 200 users, each with a speed of their own."""
    counts = 1 + rng.poisson(4, 200)
    users = np.repeat(np.arange(200), counts)
    return Clustered(rng.normal(0, 1, 200)[users] + rng.normal(0, 1, users.size) + effect, users)


def _clustered(rng: np.random.Generator, effect: float) -> Pair | NotEstimable:
    return quantiles(_requests(rng, effect), _requests(rng, 0.0), 0.9)


def boot(kind: str, statistic: str, units: int, note: str = "") -> Study:
    """Return the study of a Poisson bootstrap."""

    def answer(rng: np.random.Generator, effect: float) -> Estimate | NotEstimable:
        seed = int(rng.integers(1 << 30))
        arms = (_drawn(rng, statistic, units, first, effect if not first else 0.0, seed) for first in (0, units))
        return bootstrap(*arms, statistic=statistic, kind=kind)

    truth = 0.2 if statistic == "mean" else 0.0
    promises = (exactly(ERROR, 0.05, note), *((exactly(COVERAGE, 0.95, note),) if truth else ()))
    called = f"Poisson bootstrap, {kind}, {statistic}"
    return study(
        called,
        "lognormal, 70 % zeros",
        f"{units} + {units}",
        *promises,
        once=error_and_coverage(answer, truth),
        runs=FEW_RUNS,
        quick=40,
    )


def _drawn(rng: np.random.Generator, statistic: str, units: int, first: int, effect: float, seed: int) -> Replicates:
    spent = np.where(rng.random(units) < 0.3, rng.lognormal(0, 1, units), 0.0)
    rows = spent + effect if statistic == "mean" else np.column_stack([spent, 1 + rng.poisson(3, units) + spent])
    return Replicates.of(rows, np.arange(first, first + units), replicates=500, seed=seed)


def _mann_whitney(rng: np.random.Generator) -> dict[str, float]:
    found = mann_whitney(rng.poisson(2, 60), rng.poisson(2, 80))
    return {ERROR: float(found.p_value < 0.05) if isinstance(found, RankTest) else np.nan}


def _superior(rng: np.random.Generator) -> dict[str, float]:
    """Treatment varies more; P(T > C) is Φ(0.5 / √5) under the effect."""
    still = superiority(rng.normal(0, 2, 40), rng.normal(0, 1, 80))
    moved = superiority(rng.normal(0.5, 2, 40), rng.normal(0, 1, 80))
    truth = 0.5884625
    assert isinstance(still, Superiority)  # noqa: S101 - normal values vary
    assert isinstance(moved, Superiority)  # noqa: S101
    return {ERROR: float(still.p_value < 0.05), COVERAGE: float(moved.lower <= truth <= moved.upper)}


def _capped(rng: np.random.Generator) -> dict[str, float]:
    arms = (np.where(rng.random(n) < 0.1, rng.lognormal(0, 1, n), 0.0) for n in (500, 4_500))
    found = capped(*arms, rule=CapRule(upper=0.99))
    assert isinstance(found, Capped)  # noqa: S101 - there are units
    answer = means(found.treatment.capped, found.control.capped)
    return {ERROR: read(answer)[ERROR]}


def _stays(rng: np.random.Generator, units: int, rate: float) -> RiskTable:
    """Units that leave at a rate, and are seen for 5 to 15 days."""
    leave, seen = rng.exponential(1 / rate, units), rng.uniform(5, 15, units)
    return RiskTable.of(np.minimum(leave, seen), leave <= seen)


def _retained(rng: np.random.Generator, effect: float) -> Pair | NotEstimable:
    rate = -np.log(np.exp(-0.7) + effect) / 7
    return retention(_stays(rng, 300, rate), _stays(rng, 300, 0.1), at=7)


def _stayed(rng: np.random.Generator, effect: float) -> Pair | NotEstimable:
    """Mean days up to the tenth: (1 - e^(-10 r)) / r."""
    return mean_time(_stays(rng, 300, 0.1 if not effect else 0.08), _stays(rng, 300, 0.1), until=10)


STAYED = float((1 - np.exp(-0.8)) / 0.08 - (1 - np.exp(-1)) / 0.1)


def _left(rng: np.random.Generator) -> dict[str, float]:
    found = log_rank(_stays(rng, 150, 0.1), _stays(rng, 300, 0.1))
    return {ERROR: float(found.p_value < 0.05) if isinstance(found, LogRank) else np.nan}


SECTION = Section(
    "Methods that see values",
    "Quantiles, ranks, resampling and curves can't be had from means and variances. The bootstrap here has 500 "
    "replicates and skewed values; the cap is the 99th percentile of both arms together, on the same population and "
    "split that break the uncapped mean above.",
    (
        quantile_of(0.5, 1_000),
        quantile_of(0.9, 1_000),
        quantile_of(0.5, 100, RANKS),
        quantile_of(0.95, 200, RANKS),
        study(
            "quantile 0.9, clusters",
            "normal, 200 users, 5 values each",
            "200 + 200 users",
            *BOTH,
            once=error_and_coverage(_clustered, 0.3),
            runs=10_000,
            quick=200,
        ),
        study(
            "median, rounded values",
            "lognormal, rounded to tens",
            "1000 + 1000",
            exactly(ERROR, 0.05, TIED),
            once=error_and_coverage(_tied, 0.1),
            runs=10_000,
            quick=200,
        ),
        boot("studentised", "mean", 500),
        boot("studentised", "ratio", 500),
        boot("bca", "mean", 500),
        boot("percentile", "mean", 500),
        boot("percentile", "mean", 100, SKEWED),
        study("Mann–Whitney", "Poisson 2", "60 + 80", exactly(ERROR, 0.05), once=_mann_whitney),
        study("superiority", "normal, spreads 2 : 1", "40 + 80", *BOTH, once=_superior),
        study(
            "means, welch, capped at 99 %",
            "lognormal, 90 % zeros",
            "500 + 4,500",
            exactly(ERROR, 0.05),
            once=_capped,
            quick=500,
        ),
        study(
            "retention at day 7",
            "exponential, censored",
            "300 + 300",
            *BOTH,
            once=error_and_coverage(_retained, 0.1),
            quick=300,
        ),
        study(
            "mean days up to 10",
            "exponential, censored",
            "300 + 300",
            *BOTH,
            once=error_and_coverage(_stayed, STAYED),
            quick=300,
        ),
        study("log-rank", "exponential, censored", "150 + 300", exactly(ERROR, 0.05), once=_left, quick=300),
    ),
)
