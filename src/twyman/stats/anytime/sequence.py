"""Confidence sequences of two means: one interval a look, all of them right at once.

`difference`, `lift` and `margin_p` read the usual answers off one bound and one p-value of a `Boundary`,
so that they agree with each other as the fixed-horizon ones do.
"""

import math
from dataclasses import replace

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.boundary import Boundary, nominal_alpha
from twyman.stats.anytime.evalues import p_of_log_e
from twyman.stats.estimate import Cause, Contrast, Estimate, NotEstimable, checked_alpha
from twyman.stats.lift import relative
from twyman.stats.pair import NO_VARIATION, Pair


def difference(
    pair: Pair, boundary: Boundary, *, alpha: float = 0.05, sides: int = 2, improving: int = 1
) -> Estimate | NotEstimable:
    """Return treatment minus control with this look's interval and always-valid p-value.

    The interval excludes zero exactly when the p-value is below alpha. Both hold at every look, at
    looks nobody planned, and after stopping because of them.

    Args:
        pair: The two means at this look.
        boundary: What was fixed before the data.
        alpha: Error over all looks.
        sides: 2; or 1 for an interval with one end, in the direction that counts.
        improving: With one side: 1 to ask whether treatment is higher, -1 whether it is lower.

    Returns:
        The estimate; `statistic` is estimate over standard error, with its `df`.

    Raises:
        Invalid: If alpha is no probability, or sides or direction aren't.

    Example:
        >>> from twyman.stats.anytime.boundary import Asymptotic
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> pair = means(Moments.of([1.0, 0.0, 2.0, 1.0] * 60), Moments.of([0.0, 1.0, 0.0, 0.0] * 60))
        >>> look = difference(pair, Asymptotic.tuned_for(1_000))
        >>> f"{look.estimate:+.2f} [{look.lower:+.2f}, {look.upper:+.2f}]"
        '+0.75 [+0.58, +0.92]'

    See docs/explanation/always-valid.md
    """
    contrast = pair.contrast()
    if not contrast.se:
        return NO_VARIATION
    units = _units(pair)
    reach = boundary.critical(contrast, units, checked_alpha(alpha), sides) * contrast.se
    lower, upper = _ends((contrast.estimate - reach, contrast.estimate + reach), sides, improving)
    p_value, log10_p = _p(contrast, units, boundary, sides=sides, improving=improving)
    return Estimate(
        estimate=contrast.estimate,
        se=contrast.se,
        lower=lower,
        upper=upper,
        level=1 - alpha,
        p_value=p_value,
        log10_p=log10_p,
        statistic=contrast.statistic,
        df=contrast.df,
        scale="absolute",
        method=f"{pair.method}, {boundary.name}",
    )


def lift(
    pair: Pair, boundary: Boundary, *, alpha: float = 0.05, method: str = "fieller", sides: int = 2, improving: int = 1
) -> Estimate | NotEstimable:
    """Return treatment minus control as a share of control, with this look's interval and p-value.

    By Fieller it excludes zero exactly when `difference` does, whose p-value it then has. By `delta`
    and `log` the p-value is that of their own statistic.

    Args:
        pair: The two means at this look.
        boundary: What was fixed before the data.
        alpha: Error over all looks.
        method: `fieller`, `delta` or `log`, as in `lift.relative`.
        sides: 2; or 1 for an interval with one end.
        improving: With one side: 1 to ask whether treatment is higher, -1 whether it is lower.

    Returns:
        The lift; or why not, as `lift.relative`, or because it is too early for any bound.

    Raises:
        Invalid: If alpha is no probability, or there is no such method, side or direction.

    See docs/explanation/always-valid.md
    """
    contrast, units = pair.contrast(), _units(pair)
    if not contrast.se:
        return NO_VARIATION
    nominal = nominal_alpha(boundary, contrast, units, alpha=alpha, sides=sides)
    if not nominal:
        return NotEstimable(
            Cause.NO_ERROR_SPENT, f"{units} units are too few for the bound tuned before the data: wait for more units"
        )
    fixed = relative(pair, alpha=nominal, method=method)
    if isinstance(fixed, NotEstimable):
        return fixed
    tested = Contrast(fixed.statistic * contrast.se, contrast.se, contrast.df)
    p_value, log10_p = _p(tested, units, boundary, sides=sides, improving=improving)
    lower, upper = _ends((fixed.lower, fixed.upper), sides, improving)
    name = f"{fixed.method}, {boundary.name}"
    return replace(fixed, lower=lower, upper=upper, level=1 - alpha, p_value=p_value, log10_p=log10_p, method=name)


def margin_p(
    pair: Pair, boundary: Boundary, *, margin: float, improving: int = 1
) -> tuple[float, float | None] | NotEstimable:
    """Return the always-valid one-sided p-value that the treatment is worse than a margin allows.

    Read off treatment minus (1 - margin) times control, so that the baseline isn't taken as known.

    Args:
        pair: The two means at this look.
        boundary: What was fixed before the data.
        margin: Largest tolerated loss, as a share of control: 0.01.
        improving: 1 where higher is better, -1 where lower is.

    Returns:
        The p-value, and its decimal logarithm where it is below 1e-300; or that no unit varies.

    Raises:
        Invalid: If the margin is negative, or the direction isn't 1 or -1.

    See docs/explanation/always-valid.md
    """
    if not 0 <= margin < math.inf or improving not in (1, -1):
        raise Invalid(f"margin {margin} in direction {improving}: give a share from 0, and 1 or -1")
    size = 1.0 if pair.control >= 0 else -1.0
    raw = pair.contrast(1 - improving * size * margin)
    contrast = Contrast(improving * raw.estimate, raw.se, raw.df)
    if not contrast.se:
        return NO_VARIATION
    return p_of_log_e(-boundary.log_p(contrast, _units(pair), sides=1))


def _units(pair: Pair) -> int:
    return pair.treatment_units + pair.control_units


def _p(contrast: Contrast, units: int, boundary: Boundary, *, sides: int, improving: int) -> tuple[float, float | None]:
    sign = improving if sides == 1 else 1
    return p_of_log_e(-boundary.log_p(Contrast(sign * contrast.estimate, contrast.se, contrast.df), units, sides))


def _ends(ends: tuple[float | None, float | None], sides: int, improving: int) -> tuple[float | None, float | None]:
    """Open the end that a one-sided interval doesn't have."""
    if improving not in (1, -1):
        raise Invalid(f"direction {improving}: give 1 where higher counts, -1 where lower does")
    if sides == 2:
        return ends
    return (ends[0], None) if improving == 1 else (None, ends[1])
