"""How units and power are shared, where there are several treatments or several metrics.

How alpha and beta are handed out over the hypotheses of a decision is the business of `stats.rule`: a
`Design` takes the alpha and power of each of its shares.
"""

import math

from twyman.kernel.errors import Invalid


def best_shares(arms: int) -> tuple[float, ...]:
    """Return the shares of each treatment and, last, control that make comparisons with control most precise.

    Control serves all of them, and gets the root of their number times a treatment's share.

    Raises:
        Invalid: If there is no treatment.

    Example:
        >>> [round(share, 3) for share in best_shares(4)]
        [0.167, 0.167, 0.167, 0.167, 0.333]

    References:
        Dunnett, C. W. (1955). A multiple comparison procedure for comparing several treatments with a
        control. JASA 50.

    See docs/explanation/power.md
    """
    if arms < 1:
        raise Invalid(f"{arms} treatments have nothing to compare: give one or more")
    root = math.sqrt(arms)
    return (1 / (arms + root),) * arms + (root / (arms + root),)


def all_found(power: float, metrics: int) -> float:
    """Return the power that each of several independent metrics needs, so that all their effects are found.

    Raises:
        Invalid: If power is no probability, or there is no metric.

    Example:
        >>> f"{all_found(0.8, 3):.4f}"
        '0.9283'
    """
    if not 0 < power < 1 or metrics < 1:
        raise Invalid(f"power {power} over {metrics} metrics can't be: give a probability, and a metric")
    return power ** (1 / metrics)
