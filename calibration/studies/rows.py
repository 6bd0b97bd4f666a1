"""Methods that see values: quantiles, ranks, bootstrap, caps, curves of retention."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calibration.one_by_one import COVERAGE, ERROR, Once, error_and_coverage, read, study
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
STILL = "the smaller arm has 355 × skewness² units of the capped values: capping helps, and doesn't work wonders"
SKEWED = (
    "units are 355 × skewness² (some 20,000 here): in arms of one size Welch errs less, as resampling takes each "
    "arm's few big spenders for its true skewness"
)


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


def boot(kind: str, statistic: str, spent: Callable[[np.random.Generator, int], Vector], note: str = "") -> Study:
    """Return the study of a Poisson bootstrap of 500 units an arm."""

    def arm(rng: np.random.Generator, first: int, effect: float, seed: int) -> Replicates:
        money = spent(rng, 500)
        rows = money + effect if statistic == "mean" else np.column_stack([money, 1 + rng.poisson(3, 500) + money])
        return Replicates.of(rows, np.arange(first, first + 500), replicates=500, seed=seed)

    def answer(rng: np.random.Generator, effect: float) -> Estimate | NotEstimable:
        seed = int(rng.integers(1 << 30))
        return bootstrap(arm(rng, 0, effect, seed), arm(rng, 500, 0.0, seed), statistic=statistic, kind=kind)

    promises = (exactly(ERROR, 0.05, note), *((exactly(COVERAGE, 0.95, note),) if statistic == "mean" else ()))
    called = f"Poisson bootstrap, {kind}, {statistic}"
    once = error_and_coverage(answer, 0.2 if statistic == "mean" else 0.0)
    return study(called, NAMES[spent], "500 + 500", *promises, once=once, runs=FEW_RUNS, quick=40)


def seldom(rng: np.random.Generator, n: int) -> Vector:
    """Draw what few spend, and some of them much."""
    return np.where(rng.random(n) < 0.3, rng.lognormal(0, 1, n), 0.0)


def often(rng: np.random.Generator, n: int) -> Vector:
    """Draw what all spend."""
    return rng.exponential(1, n)


NAMES = {seldom: "lognormal, 70 % zeros", often: "exponential"}


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


def _capped(upper: float, units: tuple[int, int]) -> Once:
    def once(rng: np.random.Generator) -> dict[str, float]:
        arms = (np.where(rng.random(n) < 0.1, rng.lognormal(0, 1, n), 0.0) for n in units)
        found = capped(*arms, rule=CapRule(upper=upper))
        assert isinstance(found, Capped)  # noqa: S101 - there are units
        return {ERROR: read(means(found.treatment.capped, found.control.capped))[ERROR]}

    return once


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
    "replicates and skewed values; caps are percentiles of both arms together, on the same population and "
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
        boot("studentised", "mean", often),
        boot("bca", "mean", often),
        boot("percentile", "mean", often),
        boot("studentised", "ratio", often),
        boot("studentised", "mean", seldom, SKEWED),
        boot("bca", "mean", seldom, SKEWED),
        boot("percentile", "mean", seldom, SKEWED),
        study("Mann–Whitney", "Poisson 2", "60 + 80", exactly(ERROR, 0.05), once=_mann_whitney),
        study("superiority", "normal, spreads 2 : 1", "40 + 80", *BOTH, once=_superior),
        study(
            "means, welch, capped at 99 %",
            "lognormal, 90 % zeros",
            "500 + 4,500",
            exactly(ERROR, 0.05, STILL),
            once=_capped(0.99, (500, 4_500)),
            quick=500,
        ),
        study(
            "means, welch, capped at 95 %",
            "lognormal, 90 % zeros",
            "4,000 + 36,000",
            exactly(ERROR, 0.05),
            once=_capped(0.95, (4_000, 36_000)),
            runs=10_000,
            quick=0,
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
