"""Always-valid methods beyond the difference of means: rates, bounded values, quantiles, regression, margins."""

import numpy as np
from numpy.typing import NDArray

from calibration.one_by_one import Once, looped
from calibration.populations import cumulated
from calibration.studies.ratios import PAST
from calibration.study import FEW_RUNS, Promise, Section, Study, at_least, at_most, of
from twyman.stats.anytime.bernoulli import rate_interval, rate_ratio_p
from twyman.stats.anytime.boundary import Asymptotic
from twyman.stats.anytime.bounded import betting, empirical_bernstein, hoeffding
from twyman.stats.anytime.mixture import critical_values
from twyman.stats.anytime.quantile import quantile_difference_p, quantile_interval
from twyman.stats.anytime.regression import optimal_g, t_log_e
from twyman.stats.comparison import compare_all

Vector = NDArray[np.float64]

ALARM, HELD = "false alarm at any look", "every interval covers"
LOOKS = 14


def looked(
    method: str, population: str, units: str, *promises: Promise, once: Once, runs: int = FEW_RUNS, quick: int = 100
) -> Study:
    """Return the study of a method read at fourteen looks."""
    return Study(method, population, units, promises, looped(once), LOOKS, runs, quick)


def _rate(rng: np.random.Generator) -> dict[str, float]:
    successes = rng.binomial(100, 0.1, LOOKS).cumsum()
    ends = [rate_interval(int(x), 100 * (look + 1), tuned_for=700) for look, x in enumerate(successes)]
    return {HELD: float(all(low <= 0.1 <= high for low, high in ends))}


def _errors(rng: np.random.Generator) -> dict[str, float]:
    """A canary of one in ten; errors come by day, and fewer at night."""
    day = 20 * (1 + np.sin(np.arange(LOOKS)))
    canary, rest = rng.poisson(0.1 * day).cumsum(), rng.poisson(0.9 * day).cumsum()
    p = [rate_ratio_p(int(x), int(y), share=0.1, tuned_for=200)[0] for x, y in zip(canary, rest, strict=True)]
    return {ALARM: float(min(p) < 0.05)}


def _bounded(rng: np.random.Generator) -> dict[str, float]:
    values = rng.beta(1, 9, 700)
    seen = {}
    for name, sequence in (("Hoeffding", hoeffding), ("empirical Bernstein", empirical_bernstein)):
        low, high = sequence(values)
        seen[f"{name}: {HELD}"] = float(((low <= 0.1) & (high >= 0.1)).all())
    low, high = betting(values, at=range(50, 701, 50))
    return seen | {f"betting: {HELD}": float(((low <= 0.1) & (high >= 0.1)).all())}


def _median(rng: np.random.Generator) -> dict[str, float]:
    values = rng.lognormal(0, 1, 100 * LOOKS)
    ends = [quantile_interval(values[:n], 0.9, tuned_for=700) for n in range(100, len(values) + 1, 100)]
    return {HELD: float(all(low <= np.exp(1.2815516) <= high for low, high in ends))}


def _two_medians(rng: np.random.Generator) -> dict[str, float]:
    one, other = rng.lognormal(0, 1, (2, 50 * LOOKS))
    p = [quantile_difference_p(one[:n], other[:n], 0.5, tuned_for=400)[0] for n in range(50, 50 * LOOKS + 1, 50)]
    return {ALARM: float(min(p) < 0.05)}


def _adjusted(rng: np.random.Generator, runs: int) -> dict[str, np.ndarray]:
    """CUPED read at every look, by the asymptotic sequence and by the regression's own e-value."""
    arms = (cumulated(PAST.draw(rng, (runs, LOOKS), 50)) for _ in range(2))
    found = compare_all(*arms).absolute
    units = 100 * np.arange(1, LOOKS + 1)
    score = np.abs(found.statistic)
    bound = critical_values(units * Asymptotic.tuned_for(700).rate)
    log_e = t_log_e(found.statistic, df=found.df, n=units, g=optimal_g(700, coefficients=3))
    return {
        f"confidence sequence: {ALARM}": (score >= bound).any(axis=1),
        f"anytime-valid regression: {ALARM}": (log_e >= np.log(20)).any(axis=1),
    }


SECTION = Section(
    "Always valid, beyond means",
    "Read at fourteen looks without a plan. These promise never more than 5 % of false alarms however long one "
    "looks, so that fourteen looks see less. Rates of the canary go up by day and down by night, and the test "
    "doesn't mind.",
    (
        looked("rate, beta-binomial", "Bernoulli 0.1", "100 a look", at_least(HELD, 0.95), once=_rate, quick=50),
        looked(
            "rate ratio",
            "Poisson, rates by day",
            "10 to 40 events a look",
            at_most(ALARM, 0.05),
            once=_errors,
            runs=10_000,
            quick=500,
        ),
        looked(
            "values between 0 and 1",
            "beta (1, 9)",
            "50 a look",
            *(
                own
                for name in ("Hoeffding", "empirical Bernstein", "betting")
                for own in of(name, at_least(HELD, 0.95))
            ),
            once=_bounded,
            quick=40,
        ),
        looked("quantile 0.9", "lognormal", "100 a look", at_least(HELD, 0.95), once=_median, quick=40),
        looked(
            "two medians",
            "lognormal",
            "50 an arm and look",
            at_most(ALARM, 0.05),
            once=_two_medians,
            runs=300,
            quick=10,
        ),
        Study(
            "CUPED, read at every look",
            PAST.name,
            "50 an arm and look",
            tuple(
                own
                for name in ("confidence sequence", "anytime-valid regression")
                for own in of(name, at_most(ALARM, 0.05))
            ),
            _adjusted,
            LOOKS,
        ),
    ),
)
