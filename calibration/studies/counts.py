"""Counts too small for a normal interval: exact and score methods, over all tables that can be."""

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np

from calibration.one_by_one import COVERAGE, ERROR
from calibration.study import Section, Study, at_least, at_most, exactly
from twyman.stats.count import Count, agresti_coull, clopper_pearson, jeffreys, wilson
from twyman.stats.exact import barnard, boschloo, fisher, odds_ratio
from twyman.stats.rates import rate_ratio
from twyman.stats.two_counts import difference_agresti_caffo, difference_newcombe, pearson, score_interval

Interval = tuple[float, float]
N, M = 30, 40
AVERAGE = (
    "coverage is averaged over proportions: at each single one it swings a point or two about that, as counts are lumpy"
)
LUMPY = "units are many: a test that isn't randomised can't reach 5 % on lumps"


def one_share(name: str, interval: Callable[[Count], Interval], *, exact: bool = False) -> Study:
    """Return the study of one proportion's interval; the proportion is drawn anew each time."""
    known = lru_cache(maxsize=None)(lambda x: interval(Count(x, N)))

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        shares = rng.uniform(0.05, 0.95, runs)
        ends = np.array([known(int(x)) for x in rng.binomial(N, shares)])
        return {COVERAGE: (ends[:, 0] <= shares) & (shares <= ends[:, 1])}

    promise = at_least(COVERAGE, 0.95) if exact else exactly(COVERAGE, 0.95, AVERAGE)
    return Study(f"proportion, {name}", "Bernoulli 0.05 to 0.95", f"{N}", (promise,), trial)


def two_shares(
    name: str,
    interval: Callable[[Count, Count], Interval],
    truth: Callable[[float, float], float],
    *,
    exact: bool = False,
) -> Study:
    """Return the study of an interval of two proportions; both are drawn anew each time."""
    known = lru_cache(maxsize=None)(lambda x, y: interval(Count(x, N), Count(y, M)))

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        p, q = rng.uniform(0.1, 0.9, (2, runs))
        ends = np.array([known(int(x), int(y)) for x, y in zip(rng.binomial(N, p), rng.binomial(M, q), strict=True)])
        right = np.array([truth(a, b) for a, b in zip(p, q, strict=True)])
        return {COVERAGE: (ends[:, 0] <= right) & (right <= ends[:, 1])}

    promise = at_least(COVERAGE, 0.95) if exact else exactly(COVERAGE, 0.95, AVERAGE)
    return Study(name, "Bernoulli 0.1 to 0.9, both", f"{N} + {M}", (promise,), trial, quick=60 if exact else 500)


def tested(name: str, p_value: Callable[[Count, Count], float], *, exact: bool) -> Study:
    """Return the study of a test that two proportions are the same."""
    known = lru_cache(maxsize=None)(lambda x, y: p_value(Count(x, N), Count(y, M)) <= 0.05)

    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        tables = zip(rng.binomial(N, 0.2, runs), rng.binomial(M, 0.2, runs), strict=True)
        return {ERROR: np.array([known(int(x), int(y)) for x, y in tables])}

    promise = at_most(ERROR, 0.05) if exact else exactly(ERROR, 0.05, LUMPY)
    return Study(name, "Bernoulli 0.2", f"{N} + {M}", (promise,), trial, quick=200)


def _rates() -> Study:
    def trial(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
        events = zip(rng.poisson(12, runs), rng.poisson(12, runs), strict=True)
        answers = [_rate(int(x), int(y)) for x, y in events]
        return {ERROR: np.array([p < 0.05 for p, _ in answers]), COVERAGE: np.array([held for _, held in answers])}

    @cache
    def _rate(x: int, y: int) -> tuple[float, bool]:
        answer = rate_ratio((x, 100.0), (y, 100.0))
        return getattr(answer, "p_value", 1.0), getattr(answer, "lower", 0.0) <= 1 <= getattr(answer, "upper", np.inf)

    return Study(
        "rate ratio", "Poisson 12 events", "100 + 100", (at_most(ERROR, 0.05), at_least(COVERAGE, 0.95)), trial
    )


def _odds(p: float, q: float) -> float:
    return p / (1 - p) / (q / (1 - q))


def _caffo(t: Count, c: Count) -> Interval:
    return difference_agresti_caffo(t, c).interval(0.05)


def _difference(p: float, q: float) -> float:
    return p - q


SECTION = Section(
    "Small counts",
    "Thirty and forty units. Exact methods promise never to err more often than they say, and so err less; the "
    "others aim at the middle.",
    (
        one_share("Wilson", wilson),
        one_share("Agresti–Coull", agresti_coull),
        one_share("Jeffreys", jeffreys),
        one_share("Clopper–Pearson", clopper_pearson, exact=True),
        two_shares("difference, Newcombe", difference_newcombe, _difference),
        two_shares("difference, Miettinen–Nurminen", score_interval, _difference),
        two_shares("difference, Agresti–Caffo", _caffo, _difference),
        two_shares("risk ratio, score", lambda t, c: score_interval(t, c, compare="ratio"), lambda p, q: p / q),
        two_shares("odds ratio, score", lambda t, c: score_interval(t, c, compare="odds"), _odds),
        two_shares("odds ratio, exact", lambda t, c: odds_ratio(t, c)[1:], _odds, exact=True),
        tested("Fisher", fisher, exact=True),
        tested("Barnard", barnard, exact=True),
        tested("Boschloo", boschloo, exact=True),
        tested("Pearson χ²", lambda t, c: pearson(t, c)[1], exact=False),
        _rates(),
    ),
)
