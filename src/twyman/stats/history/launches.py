"""What a set of launches is worth together, once the luck that got them launched is taken out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Contrast, Estimate, NotEstimable
from twyman.stats.history.shrinkage import checked_history, random_effects

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LaunchImpact:
    """The sum of launched effects, as measured and as it should be read.

    Attributes:
        launched: Which experiments crossed their threshold.
        naive: Sum of the launched estimates.
        bias: What the selection adds to it on average.
        corrected: The sum less that bias, with interval.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """

    launched: tuple[bool, ...]
    naive: float
    bias: float
    corrected: Estimate


def launch_impact(
    estimates: Sequence[float],
    ses: Sequence[float],
    *,
    threshold: float = 1.959963984540054,
    shrink: bool = False,
    alpha: float = 0.05,
) -> LaunchImpact:
    """Sum up the effects of what was launched, corrected for the winner's curse.

    For the rule "launch where the estimate exceeds `threshold` standard errors". Every experiment
    that could have been launched belongs in it: those that weren't contribute to the bias too.
    Lee and Shen compute the bias with estimates in place of true effects. Estimates lie further apart
    than these, so that it takes off too much where most effects are small beside their errors (twice
    what it should, in a simulation): there `shrink`.

    Args:
        estimates: Of all experiments, launched or not, in one additive unit.
        ses: Their standard errors, all above zero.
        threshold: Standard errors above which one is launched.
        shrink: Average the bias over what `random_effects` says of each true effect, instead of taking
            the estimate for it. It needs enough experiments to see how far these lie apart.
        alpha: Error of the two-sided interval.

    Raises:
        Invalid: If they don't match, or an error isn't positive, or there are none.

    Example:
        >>> impact = launch_impact([2.1, 0.4, 3.5, -0.2], [1.0, 1.0, 1.0, 1.0])
        >>> f"{impact.naive:.1f} as measured, {impact.corrected.estimate:.2f} corrected"
        '5.6 as measured, 4.93 corrected'

    References:
        Lee, M. R. and Shen, M. (2018). Winner's curse: bias estimation for total effects of features in
        online controlled experiments. KDD 2018.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    y, v = checked_history(estimates, ses)
    if not y.size:
        raise Invalid("there are no experiments to sum up: give one or more")
    s = np.sqrt(v)
    short = threshold - y / s
    won = short < 0
    naive = float(y[won].sum())
    bias, variance = _shrunken_bias(y, s, threshold) if shrink else _plug_in_bias(s, short)
    corrected = Contrast(naive - bias, math.sqrt(variance), None)
    return LaunchImpact(
        tuple(map(bool, won)),
        naive,
        bias,
        corrected.as_estimate(alpha=alpha, scale="absolute", method="sum of launches, selection corrected"),
    )


def _plug_in_bias(s: Vector, short: Vector) -> tuple[float, float]:
    return float(s @ _density(short)), float((s * s) @ _unit_variance(short))


def _shrunken_bias(y: Vector, s: Vector, threshold: float) -> tuple[float, float]:
    """Return bias and variance of the sum, each true effect being as likely as the others make it."""
    history = random_effects(y.tolist(), s.tolist())
    if isinstance(history, NotEstimable):
        raise Invalid(f"{y.size} experiments don't show how effects spread: give more, or don't shrink")
    unknown = s * s * history.tau2 / (history.tau2 + s * s)  # what a true effect may differ from its shrunken one by
    spread = np.sqrt(s * s + unknown)
    h = threshold - np.array(history.means) / s
    beyond = h * _density(h) + ndtr(-h) - _density(h) ** 2
    return float(s * s / spread @ _density(h * s / spread)), float((s * s) @ np.maximum(beyond, 0.0))


def compounded(lifts: Sequence[float]) -> float:
    """Return the lift that several lifts on one metric make together, one on top of the other.

    Example:
        >>> f"{compounded([0.02, 0.01, -0.005]):.4f}"
        '0.0250'
    """
    if any(lift < -1 for lift in lifts):
        raise Invalid(f"lifts {list(lifts)} fall below -100 %: give shares, such as 0.02")
    return math.prod(1 + lift for lift in lifts) - 1


def _unit_variance(short: Vector) -> Vector:
    """Return the variance of 1(Z > h) Z - φ(h - Z), Z standard normal: one experiment's error in the corrected sum.

    The mean is of three parts, each a product of normal densities, which is again one.
    """
    beyond = short * _density(short) + ndtr(-short)
    luck = np.exp(-short * short / 3) / (2 * math.pi * math.sqrt(3))
    half = np.exp(-short * short / 4)
    both = (
        half * np.exp(-short * short / 4) / 2 + half * short / 2 * math.sqrt(math.pi) * ndtr(-short / math.sqrt(2))
    ) / (2 * math.pi)
    mean = _density(short) - half / (2 * math.sqrt(math.pi))
    return np.maximum(beyond + luck - 2 * both - mean * mean, 0.0)


def _density(x: Vector) -> Vector:
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
