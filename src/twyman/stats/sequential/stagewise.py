"""What may be said once, after stopping: an estimate that isn't too large, its interval and its p-value.

A design that stops when a bound is crossed favours large estimates. Results are therefore ordered
by where they stopped: crossing upwards earlier is more extreme than crossing later, and at one look
the larger score is. Tails of that ordering, under each effect, give everything here.

These hold at the look that ended the test, and only there. At other looks read `repeated`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from scipy.special import ndtri

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.roots import crossing
from twyman.stats.sequential.looks import check_bounds, check_looks
from twyman.stats.sequential.walk import Walk, walks
from twyman.stats.tails import log_upper_tail

STRIDE = 6.0
"""Effects are tilted from the nearest of a grid, this many standard errors apart."""


@dataclass(frozen=True, slots=True)
class Stagewise:
    """Inference after stopping.

    The interval excludes no effect exactly when `p_value` < alpha: with two sides wholly, with one
    side by its lower end.

    Attributes:
        estimate: Median-unbiased: too large as often as too small.
        lower, upper: Ends of the interval, each missed with probability alpha / sides.
        level: Its coverage, 1 - 2 alpha / sides.
        p_value: Against no effect; of the upper tail where the test has one side.
        log10_p: Its decimal logarithm, where it is below 1e-300.

    See docs/explanation/group-sequential.md
    """

    estimate: float
    lower: float
    upper: float
    level: float
    p_value: float
    log10_p: float | None


def stagewise(
    score: float, information: Sequence[float], z: Sequence[float], *, alpha: float, sides: int = 2
) -> Stagewise:
    """Return estimate, interval and p-value of a test that has stopped, by stage-wise ordering.

    Holds for a test that stopped at its last given look, because a bound was crossed there or the
    look was declared final, and where increments of information are independent. Unlike the
    repeated interval it isn't centred on the estimate, and may even leave it out: that is the point.

    Args:
        score: Normal deviate at the last look, of no effect.
        information: 1 / se² of the estimate, at each look up to that one.
        z: Critical value at each; infinite where a look spent nothing. The last look's own isn't used.
        alpha: Error of the test, both sides together.
        sides: 2 for symmetric bounds, 1 for an upper bound only.

    Raises:
        Invalid: If information doesn't grow, a number is missing, or alpha is no probability.

    Example:
        >>> after = stagewise(2.9, [25.0, 50.0], [2.797, 1.977], alpha=0.05)
        >>> f"{after.estimate:.3f} [{after.lower:.3f}, {after.upper:.3f}], p = {after.p_value:.4f}"
        '0.401 [0.110, 0.682], p = 0.0080'

    References:
        Tsiatis, A. A., Rosner, G. L. and Mehta, C. R. (1984). Exact confidence intervals following a
        group sequential test. Biometrics 40.
        Emerson, S. S. and Fleming, T. R. (1990). Parameter estimation following group sequential
        hypothesis testing. Biometrika 77.

    See docs/explanation/group-sequential.md
    """
    check_looks(information, z, sides)
    miss = checked_alpha(alpha) / sides
    order = _Ordering.of(score, information, z, sides)
    p_value, log10_p = order.p_value()
    return Stagewise(
        estimate=order.effect(0.5),
        lower=order.effect(miss),
        upper=order.effect(1 - miss),
        level=1 - 2 * miss,
        p_value=p_value,
        log10_p=log10_p,
    )


@dataclass(frozen=True, slots=True)
class _Ordering:
    """Chances of a result at least, and at most, as extreme as the one seen.

    Walks under the effects of a grid are kept; any effect's are tilted from the nearest. So one interval
    costs about as much as a pass or two over the looks, and not one for each effect that is tried.
    """

    score: float
    information: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    sides: int
    kept: dict[int, list[tuple[int, Walk]]] = field(default_factory=dict[int, list[tuple[int, Walk]]])

    @classmethod
    def of(cls, score: float, information: Sequence[float], z: Sequence[float], sides: int) -> "_Ordering":
        if not math.isfinite(score):
            raise Invalid(f"score {score} is no number: give the normal deviate at the look that ended the test")
        upper = (*z[:-1], score)
        lower = (*(-bound if sides == 2 else -math.inf for bound in z[:-1]), score)
        check_bounds(information, upper, lower)
        return cls(float(score), tuple(map(float, information)), upper, lower, sides)

    @property
    def root(self) -> float:
        return math.sqrt(self.information[-1])

    def tails(self, deviate: float) -> tuple[float, float]:
        """Return the chances of at least and at most as extreme, under an effect in the last look's standard errors."""
        place = round(deviate / STRIDE)
        if place not in self.kept:
            start = Walk.start(drift=place * STRIDE / self.root, spare=STRIDE / 2)
            self.kept[place] = list(walks(self.information, self.upper, self.lower, start))
        above, below = 0.0, 0.0
        for look, walk in self.kept[place]:
            tilted = walk.tilted(deviate / self.root)
            above += tilted.beyond(self.information[look], self.upper[look])
            below += tilted.below(self.information[look], self.lower[look])
        return above, below

    def p_value(self) -> tuple[float, float | None]:
        above, below = self.tails(0.0)
        tail = above if self.sides == 1 else min(above, below)
        if tail > 1e-300:
            return min(1.0, self.sides * tail), None
        size = self.score if self.sides == 1 else abs(self.score)
        return self.sides * tail, (math.log(self.sides) + log_upper_tail(size)) / math.log(10)

    def effect(self, chance: float) -> float:
        """Return the effect under which a result at least as extreme has a chance."""
        wanted = float(ndtri(chance))

        def short(deviate: float) -> float:
            above, below = self.tails(deviate)
            return (-float(ndtri(below)) if below < above else float(ndtri(min(above, 1.0)))) - wanted

        start = self.score + wanted  # where one look would have it
        low, high = start - 0.5, start + 0.5
        step = 1.0
        while short(low) > 0:
            low, high, step = low - step, low, 2 * step
        while short(high) < 0:
            low, high, step = high, high + step, 2 * step
        return crossing(short, low, high, tolerance=1e-13) / self.root
