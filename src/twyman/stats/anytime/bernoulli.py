"""Rates, always valid and for any number of units: of one group, and of two against each other.

Under a hypothesised rate, successes are a sequence of coin tosses whose odds are known; the bet
against them is a Beta mixture about that rate. Whatever rates the bet hasn't won a fortune against,
the interval holds. It is the sequential test of sample ratio, turned inside out.
"""

import math
from functools import lru_cache

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.evalues import p_of_log_e
from twyman.stats.anytime.gammas import multinomial_log_bf
from twyman.stats.anytime.mixture import rate_for
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.roots import crossing

LOWEST = math.log(1e-300)
"""No rate is lower, save 0."""


@lru_cache
def concentration_for(units: float, *, alpha: float = 0.05) -> float:
    """Return the concentration of the Beta mixture that suits a planned number of units.

    Raises:
        Invalid: If there are no units, or alpha is no probability.

    Example:
        >>> f"{concentration_for(100):.4f}"
        '11.6006'

    See docs/explanation/always-valid.md
    """
    return max(1 / rate_for(units, alpha=alpha) - 1, 1e-3)


def rate_log_e(successes: float, units: float, *, rate: float, concentration: float) -> float:
    """Return the natural logarithm of the e-value against one rate.

    Args:
        successes: So far; counts needn't be whole.
        units: So far.
        rate: Under the null hypothesis.
        concentration: As `concentration_for` gives, fixed before the data.

    Returns:
        The logarithm; infinite where the rate can't be, such as 0 after a success.

    Raises:
        Invalid: If the counts or the rate can't be.

    Example:
        >>> f"{rate_log_e(80, 120, rate=0.5, concentration=100):.6f}"
        '3.277936'

    See docs/explanation/always-valid.md
    """
    if not (0 <= successes <= units and 0 <= rate <= 1 and concentration > 0):
        raise Invalid(f"{successes} of {units} at rate {rate}: successes lie within the units, rates within 0 and 1")
    if rate in (0.0, 1.0):
        return 0.0 if successes == rate * units else math.inf
    return multinomial_log_bf([successes, units - successes], [rate, 1 - rate], concentration)


def rate_interval(
    successes: float, units: float, *, alpha: float = 0.05, tuned_for: float, tuned_alpha: float = 0.05
) -> tuple[float, float]:
    """Return the interval of a rate, which holds at every look and from the first unit on.

    Args:
        successes: So far.
        units: So far.
        alpha: Error over all looks.
        tuned_for: Units at which it is to be about narrowest, fixed before the data.
        tuned_alpha: The error for which it is.

    Raises:
        Invalid: If the counts can't be, or alpha is no probability.

    Example:
        >>> low, high = rate_interval(700, 1_000, tuned_for=100)
        >>> f"[{low:.6f}, {high:.6f}]"
        '[0.651630, 0.745950]'

    References:
        Howard, S. R., Ramdas, A., McAuliffe, J. and Sekhon, J. (2021). Time-uniform, nonparametric,
        nonasymptotic confidence sequences. Annals of Statistics 49.

    See docs/explanation/always-valid.md
    """
    wanted = -math.log(checked_alpha(alpha))
    concentration = concentration_for(tuned_for, alpha=tuned_alpha)
    if not 0 <= successes <= units < math.inf:
        raise Invalid(f"{successes} successes of {units} units can't be: successes lie within the units")
    low = _lowest(successes, units, concentration, wanted)
    return low, 1 - _lowest(units - successes, units, concentration, wanted)


def _lowest(successes: float, units: float, concentration: float, wanted: float) -> float:
    """Return the lowest rate against which too little was won; on the log scale, where it may lie low."""

    def excess(log_rate: float) -> float:
        rate = math.exp(log_rate)
        return rate_log_e(successes, units, rate=rate, concentration=concentration) - wanted

    if not successes or excess(LOWEST) <= 0:
        return 0.0
    return math.exp(crossing(excess, LOWEST, math.log(successes / units)))


def rate_ratio(
    treatment: float, control: float, *, share: float = 0.5, alpha: float = 0.05, tuned_for: float
) -> tuple[float, float, float] | NotEstimable:
    """Compare the rates of rare events in two arms, whatever the rates do over time.

    Given that an event happened, it is the treatment's with a probability that depends on the ratio of
    rates and the share of traffic only: rates may rise by day and fall by night. So what a canary needs
    are its errors, the rest's errors, and its share. Holds while the share is what it is said to be, and
    events are independent; pieces of different shares are tested by `split.sequential_split`.

    Args:
        treatment: Events so far in the treatment.
        control: Events so far in control.
        share: The treatment's share of traffic.
        alpha: Error over all looks.
        tuned_for: Events at which the interval is to be about narrowest, fixed before the data.

    Returns:
        Treatment's rate over control's (infinite without an event in control), and its lower and upper
        ends (0 and infinity where open); or why not, without any event.

    Raises:
        Invalid: If counts or share can't be, or alpha is no probability.

    Example:
        >>> ratio, low, high = rate_ratio(30, 100, share=0.1, tuned_for=100)
        >>> f"{ratio:.2f} [{low:.2f}, {high:.2f}]"
        '2.70 [1.35, 4.91]'

    References:
        Lindon, M. and Malek, A. (2022). Anytime-valid inference for multinomial count data. NeurIPS 35.

    See docs/explanation/always-valid.md
    """
    if not 0 < share < 1 or min(treatment, control) < 0:
        raise Invalid(f"{treatment} and {control} events at share {share}: counts are from 0, shares between 0 and 1")
    if not treatment + control:
        return NotEstimable(Cause.NO_UNITS, "no event has happened in either arm: wait for the first")
    low, high = rate_interval(treatment, treatment + control, alpha=alpha, tuned_for=tuned_for)
    traffic = share / (1 - share)
    ratio = treatment / control / traffic if control else math.inf
    return ratio, low / (1 - low) / traffic, math.inf if high == 1 else high / (1 - high) / traffic


def rate_ratio_p(
    treatment: float, control: float, *, share: float = 0.5, tuned_for: float
) -> tuple[float, float | None]:
    """Return the always-valid p-value of equal rates: below alpha exactly where `rate_ratio` excludes 1.

    Example:
        >>> f"{rate_ratio_p(30, 100, share=0.1, tuned_for=100)[0]:.5f}"
        '0.00081'

    See docs/explanation/always-valid.md
    """
    log_e = rate_log_e(treatment, treatment + control, rate=share, concentration=concentration_for(tuned_for))
    return p_of_log_e(log_e)
