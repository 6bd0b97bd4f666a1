"""Not worse by more than a margin: the test of a guardrail.

The margin is a share of the baseline, and the baseline is itself estimated. So the test is on the
contrast `treatment - (1 - margin) control`, with control's variance inside; converting the margin to
a number by the observed baseline would take that baseline for known.
"""

import math

from twyman.kernel.errors import Invalid
from twyman.stats.pair import Pair
from twyman.stats.tails import upper_tail


def noninferiority(pair: Pair, *, margin: float, improving: int = 1) -> float:
    """Return the one-sided normal deviate of "worse by less than the margin".

    Reject inferiority at one-sided alpha where it exceeds the critical value of alpha: exactly where
    the Fieller bound of the lift of level 1 - 2 alpha clears the margin.

    Args:
        pair: The two means.
        margin: Largest relative loss that is accepted, such as 0.01; with 0 this is superiority.
        improving: 1 where higher is better, -1 where lower is.

    Raises:
        Invalid: If the margin isn't a share, or `improving` isn't a sign.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> same = Moments.of([99, 100, 101, 100])
        >>> z = noninferiority(means(same, same), margin=0.05)
        >>> f"z = {z:.2f}, p = {one_sided_p(z):.5f}"
        'z = 3.86, p = 0.00006'
    """
    if not 0 <= margin < math.inf:
        raise Invalid(f"margin {margin} is no size: give the largest relative loss accepted, such as 0.01")
    if improving not in (1, -1):
        raise Invalid(f"improving {improving} is no sign: give 1 where higher is better, -1 where lower is")
    sign = math.copysign(1.0, pair.control)
    return improving * pair.score(1 - improving * margin * sign)


def one_sided_p(z: float) -> float:
    """Return the probability of a normal deviate this high or higher, were there no effect beyond the margin."""
    return upper_tail(z)


def equivalence(pair: Pair, *, within: float) -> tuple[float, float]:
    """Return two one-sided normal deviates: the lift is above -`within`, and below +`within`.

    Equivalence is shown at one-sided alpha where both exceed its critical value.

    Raises:
        Invalid: If `within` isn't a share.

    References:
        Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power
        approach. Journal of Pharmacokinetics and Biopharmaceutics 15.
    """
    return noninferiority(pair, margin=within, improving=1), noninferiority(pair, margin=within, improving=-1)
