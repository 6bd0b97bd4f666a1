"""Ratio metrics: a sum over a sum, where the unit that was randomised is not the unit of analysis.

Clicks per page view, randomised by user: page views of one user aren't independent, so the ratio's
variance is that of each user's contribution to it. Users without any page view belong to the count.
"""

import numpy as np

from twyman.stats.difference import VARIANCES, chosen
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import ROUNDING, Moments
from twyman.stats.pair import NO_VARIATION, Pair, too_few


def ratios(treatment: Moments, control: Moments, *, test: str = "welch") -> Pair | NotEstimable:
    """Compare the ratios of the first column's sum to the second's.

    The variance is the linearised (delta-method) one; it holds where the denominator's mean is many
    standard errors from zero. A treatment that moves the denominator moves the ratio by mixing
    alone: look at both.

    Args:
        treatment: Moments of numerator and denominator, by unit.
        control: The same of control.
        test: As in `difference.means`.

    Returns:
        The two ratios and their variances; or why not.

    Raises:
        Invalid: If there is no such test.

    Example:
        >>> control = Moments.of([[1, 2], [0, 3], [2, 4], [1, 1]])
        >>> treatment = Moments.of([[2, 2], [1, 3], [2, 3], [2, 2]])
        >>> pair = ratios(treatment, control)
        >>> pair.treatment, pair.control
        (0.7, 0.4)

    References:
        Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric analytics.
        KDD 2018.

    See docs/explanation/statistics.md
    """
    variances = chosen(test, VARIANCES)
    refusal = too_few(treatment.count, control.count)
    if refusal:
        return refusal
    linear_t, linear_c = linearised(treatment), linearised(control)
    if isinstance(linear_t, NotEstimable):
        return linear_t
    if isinstance(linear_c, NotEstimable):
        return linear_c
    if not (linear_t.products[0, 0] or linear_c.products[0, 0]):
        return NO_VARIATION
    v_t, v_c, df = variances(linear_t, linear_c)
    return Pair(
        treatment=float(linear_t.means[0]),
        control=float(linear_c.means[0]),
        treatment_variance=v_t,
        control_variance=v_c,
        df=df,
        treatment_units=treatment.count,
        control_units=control.count,
        method="ratio",
    )


def linearised(arm: Moments) -> Moments | NotEstimable:
    """Replace numerator and denominator by each unit's contribution to the ratio; keep other columns.

    The contribution is R + (y - R x) / mean(x): its mean is the ratio R, and its variance over n is
    the ratio's.
    """
    numerator, denominator = float(arm.means[0]), float(arm.means[1])
    if denominator == 0:
        return NotEstimable(
            Cause.NO_DENOMINATOR, "the denominator sums to zero in one arm: wait for data, or check how it is recorded"
        )
    ratio = numerator / denominator
    k = arm.means.size
    weights = np.zeros((k - 1, k))
    weights[0, 0], weights[0, 1] = 1 / denominator, -ratio / denominator
    weights[1:, 2:] = np.eye(k - 2)
    products = weights @ arm.products @ weights.T
    terms = arm.products[0, 0] + ratio * ratio * arm.products[1, 1]
    if products[0, 0] <= ROUNDING * terms / denominator**2:
        products[0, :] = products[:, 0] = 0.0  # what is left is rounding
    return Moments(arm.count, np.concatenate(([ratio], arm.means[2:])), products)
