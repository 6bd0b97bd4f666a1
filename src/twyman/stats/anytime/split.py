"""The sample ratio, watched from the first unit on: does each arm get its share, at every look?

The chi-square test of `balance` may be read once. This one may be read after every unit, and stays
below its error rate for ever: a bet against the planned shares, spread over all other shares.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.evalues import average, p_of_log_e, product
from twyman.stats.anytime.gammas import multinomial_log_bf
from twyman.stats.balance import Period
from twyman.stats.estimate import Cause, NotEstimable

CONCENTRATIONS = (10.0, 100.0, 1_000.0, 10_000.0)
"""How close to the plan the alternatives lie: from a broken arm, seen in some dozen units, to one
percent missing. The bet is spread over all four, which costs a factor of four at most."""


@dataclass(frozen=True, slots=True)
class SplitLook:
    """What one look says of the split, and all looks so far.

    Attributes:
        log_bayes_factor: Natural logarithm of the evidence against the planned shares, now.
        p_value: Smallest p-value up to this look: valid at every one of them.
        log10_p: Its decimal logarithm, where it is below 1e-300.
    """

    log_bayes_factor: float
    p_value: float
    log10_p: float | None


def sequential_split(
    looks: Sequence[Sequence[Period]], *, concentrations: Sequence[float] = CONCENTRATIONS
) -> tuple[SplitLook, ...] | NotEstimable:
    """Test the split at every look, through changes of the planned shares.

    Units must be counted once each, in the period of shares under which they came; a look's counts
    include those of the looks before. A unit in an arm whose share is zero is a hard failure: p = 0.

    Args:
        looks: At each look, the units of each period so far: one period, unless shares were changed.
        concentrations: How close to the planned shares the alternatives lie, as if so many units had
            been seen. Of several, the average evidence counts. Fixed before the data.

    Returns:
        One answer a look; or why not, where no period has two arms with a share.

    Raises:
        Invalid: If a concentration isn't positive, or there is none.

    Example:
        >>> looks = [[Period((80 * k, 40 * k), (1, 1))] for k in (1, 2, 3)]
        >>> [f"{look.p_value:.1e}" for look in sequential_split(looks, concentrations=[100])]
        ['3.8e-02', '1.3e-04', '2.8e-07']

    References:
        Lindon, M. and Malek, A. (2022). Anytime-valid inference for multinomial count data. NeurIPS 35.

    See docs/explanation/sample-ratio.md
    """
    if not concentrations or any(not 0 < value < math.inf for value in concentrations):
        raise Invalid(f"concentrations {list(concentrations)}: give one or more positive numbers, such as 100")
    if not any(period.arms > 1 or period.stray for look in looks for period in look):
        return NotEstimable(Cause.ONE_ARM, "only one arm has a share, so there is no split: give two arms a share")
    answers, most = list[SplitLook](), -math.inf
    for look in looks:
        evidence = average([product([_log_bf(period, value) for period in look]) for value in concentrations])
        most = max(most, evidence)
        answers.append(SplitLook(evidence, *p_of_log_e(most)))
    return tuple(answers)


def _log_bf(period: Period, concentration: float) -> float:
    if period.stray:
        return math.inf
    active = [(count, share) for count, share in zip(period.observed, period.shares, strict=True) if share > 0]
    whole = math.fsum(share for _, share in active)
    if len(active) < 2:
        return 0.0
    return multinomial_log_bf([count for count, _ in active], [share / whole for _, share in active], concentration)
