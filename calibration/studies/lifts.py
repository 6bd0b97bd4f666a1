"""Relative lifts where the baseline is noisy: Fieller, delta, log, and the baseline taken for known."""

import numpy as np

from calibration.answers import covers
from calibration.comparison import LARGE, SMALL, tried
from calibration.populations import Normal, Population
from calibration.study import Curve, Point, Section, exactly
from twyman.stats.comparison import compare_all
from twyman.stats.settings import Settings

LIFTS = {name: Settings(lift=name) for name in ("fieller", "delta", "log")}
TEN, TWENTY, FORTY = ((Normal(1, 2), units) for units in (400, 100, 25))
SHORT = "the baseline is ten standard errors from zero: nearer, a symmetric interval misses; use `fieller`"
LONG = "the baseline is ten standard errors from zero: nearer, a logarithm stretches its interval; use `fieller`"
BOUNDED = (
    "the baseline is five standard errors from zero: nearer, some of Fieller's sets have no end and are refused, and "
    "those that are left are a selection"
)


def lifted(name: str, case: tuple[Population, int], note: str = ""):  # noqa: ANN201 - a study
    """Return the study of one kind of lift at one noise of the baseline."""
    population, units = case
    promises = exactly(SMALL, 0.95, note), exactly(LARGE, 0.95, note)
    noise = f"{population.name}, baseline ± {2 / np.sqrt(units):.0%}".replace("%", " %")
    return tried(f"lift, {name}", population, (units, units), LIFTS[name], *promises, called=noise)


SECTION = Section(
    "Lifts over a noisy baseline",
    "The control mean is 10, 5 and 2.5 of its own standard errors from zero. Fieller's interval inverts the test of "
    "the difference, and covers whatever the noise; the delta method and the logarithm approximate.",
    (
        lifted("fieller", TEN),
        lifted("fieller", TWENTY),
        lifted("fieller", FORTY, BOUNDED),
        lifted("delta", TEN),
        lifted("delta", TWENTY, SHORT),
        lifted("delta", FORTY, SHORT),
        lifted("log", TEN, LONG),
        lifted("log", TWENTY, LONG),
        lifted("log", FORTY, LONG),
    ),
)


def coverage(rng: np.random.Generator) -> list[Point]:
    """Trace coverage by lift at a baseline five standard errors from zero; one line takes the baseline for known."""
    population, units = TWENTY
    points = list[Point]()
    for lift in (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1):
        arms = population.draw(rng, (20_000,), units, lift), population.draw(rng, (20_000,), units)
        found = compare_all(*arms).absolute
        known = arms[1].means[:, 0]
        points.append(Point("baseline taken for known", lift, _rate(found.lower / known, found.upper / known, lift)))
        for name in ("fieller", "delta", "log"):
            read = compare_all(*arms, LIFTS[name]).relative
            points.append(Point(name, lift, _rate(read.lower, read.upper, lift)))
    return points


def _rate(lower: np.ndarray, upper: np.ndarray, lift: float) -> float:
    return round(float(np.nanmean(covers(lower, upper, lift))), 5)


CURVE = Curve("coverage by lift", coverage)
