"""Do several effects differ by more than chance? One question, before any of them is read alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twyman.stats.chisquare import chi_square_tail
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.pair import NO_VARIATION


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Cochran's test that all effects are one.

    Attributes:
        q: Weighted squares of the effects about their weighted mean.
        df: Effects less one.
        p_value: Against one common effect.
        log10_p: Its decimal logarithm, where it is below 1e-300.
        i2: Share of the effects' variation beyond what chance makes, 0 to 1.
        common: The weighted mean: the effect, if it is one.

    See docs/explanation/interactions-and-segments.md .
    """

    q: float
    df: int
    p_value: float
    log10_p: float | None
    i2: float
    common: Contrast


def heterogeneity(effects: Sequence[Contrast]) -> Heterogeneity | NotEstimable:
    """Test whether independent effects are all the same.

    Holds for effects of disjoint groups, each near normal with a well known error: some fifty units
    an arm and group. It sees large differences only: a quiet Q with few units is no proof of sameness.

    Args:
        effects: One a group, in one unit (all absolute, or all relative).

    Returns:
        The test; or why not, where there are fewer than two, or one has no error.

    Example:
        >>> test = heterogeneity([Contrast(2.0, 1.0, None), Contrast(5.0, 1.0, None)])
        >>> f"Q={test.q:.1f} p={test.p_value:.3f} I2={test.i2:.0%}"
        'Q=4.5 p=0.034 I2=78%'

    References:
        Cochran, W. G. (1954). The combination of estimates from different experiments. Biometrics 10.
        Higgins, J. P. T. and Thompson, S. G. (2002). Quantifying heterogeneity in a meta-analysis.
        Statistics in Medicine 21.

    See docs/explanation/interactions-and-segments.md .
    """
    if len(effects) < 2:
        return NotEstimable(Cause.TOO_FEW_UNITS, f"{len(effects)} groups have nothing to differ from: give two or more")
    y, se = np.array([effect.estimate for effect in effects]), np.array([effect.se for effect in effects])
    if not se.all():
        return NO_VARIATION
    w = (se.min() / se) ** 2
    mean = float(w @ y / w.sum())
    q, df = float(w @ ((y - mean) / se.min()) ** 2), len(effects) - 1
    common = Contrast(mean, float(se.min()) / math.sqrt(float(w.sum())), None)
    return Heterogeneity(q, df, *chi_square_tail(q, df), i2=max(0.0, 1 - df / q) if q else 0.0, common=common)
