"""How far a significant result overstates, how often it has the wrong sign, and how often it is nothing."""

import math
from dataclasses import dataclass

from scipy.special import ndtr

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import checked_alpha
from twyman.stats.tails import critical_value


@dataclass(frozen=True, slots=True)
class Exaggeration:
    """What significance does to an estimate, given the true effect.

    Attributes:
        power: Chance of a significant result, of either sign.
        type_m: Mean size of significant estimates over the true size, 1 at full power.
        type_s: Share of significant estimates that have the wrong sign.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """

    power: float
    type_m: float
    type_s: float


def exaggeration(effect: float, se: float, *, alpha: float = 0.05) -> Exaggeration:
    """Return power, exaggeration and wrong signs of a two-sided test, for a supposed true effect.

    The effect must come from elsewhere: from history, or as the smallest that matters. The estimate
    itself put in here says nothing that its p-value didn't.

    Args:
        effect: The true effect supposed, not zero.
        se: Standard error of the estimate.
        alpha: Error of the two-sided test.

    Raises:
        Invalid: If the effect is zero or not finite, the error isn't positive, or alpha is no probability.

    Example:
        >>> weak = exaggeration(0.01, 0.01)
        >>> f"power {weak.power:.2f}: x{weak.type_m:.1f}, {weak.type_s:.1%} of the wrong sign"
        'power 0.17: x2.5, 0.9% of the wrong sign'

    References:
        Gelman, A. and Carlin, J. (2014). Beyond power calculations: assessing type S (sign) and type M
        (magnitude) errors. Perspectives on Psychological Science 9.
        Lu, J., Qiu, Y. and Deng, A. (2019). A note on type S/M errors in hypothesis testing. British
        Journal of Mathematical and Statistical Psychology 72.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    if not (math.isfinite(effect) and effect and 0 < se < math.inf):
        raise Invalid(
            f"an effect of {effect} with error {se} can't be overstated: give a size other than 0, and an error"
        )
    c, size = critical_value(checked_alpha(alpha) / 2), abs(effect) / se
    right, wrong = float(ndtr(size - c)), float(ndtr(-size - c))
    power = right + wrong
    mean_size = _density(size + c) + _density(size - c) + size * (right - wrong)
    return Exaggeration(power, mean_size / (size * power), wrong / power)


def false_positive_risk(rate: float, *, power: float, alpha: float = 0.05, sides: int = 1) -> float:
    """Return the share of significant improvements behind which there is none.

    A win is a two-sided rejection in the good direction, and so has `alpha` / 2 of error: the
    convention here. `sides=2` puts the whole of `alpha` instead, as some published figures do.
    It is a property of a class of experiments, not of one: some object to reading it for a single test.

    Args:
        rate: Share of experiments whose treatment truly is better.
        power: Chance that such a one wins.
        alpha: Error of the two-sided test.
        sides: 1: wins only; 2: the whole of alpha.

    Raises:
        Invalid: If one isn't a probability, or sides aren't 1 or 2.

    Example:
        >>> f"{false_positive_risk(0.10, power=0.8):.0%}"
        '22%'

    References:
        Kohavi, R., Deng, A. and Vermeer, L. (2022). A/B testing intuition busters. KDD 2022.

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    false = _false_wins(alpha, sides) * (1 - _share(rate))
    true = _power(power) * rate
    return false / (false + true)


def success_rate(win_rate: float, *, power: float, alpha: float = 0.05, sides: int = 1) -> float:
    """Return the share of experiments that truly are better, from the share that won.

    Zero where there are no more wins than chance alone would make; one where there are more than
    power allows.

    Args:
        win_rate: Share of experiments that ended significantly better.
        power: Chance that a truly better one wins; above what chance alone makes.
        alpha: Error of the two-sided test.
        sides: As in `false_positive_risk`.

    Raises:
        Invalid: If one isn't a probability, or power isn't above what chance makes.

    Example:
        >>> f"{success_rate(0.12, power=0.8):.1%}"
        '12.3%'

    See docs/explanation/shrinkage-and-exaggeration.md .
    """
    chance = _false_wins(alpha, sides)
    if _power(power) <= chance:
        raise Invalid(f"a power of {power} is no more than chance wins by itself: give one above {chance}")
    return min(1.0, max(0.0, (_share(win_rate) - chance) / (power - chance)))


def _false_wins(alpha: float, sides: int) -> float:
    if sides not in (1, 2):
        raise Invalid(f"{sides} sides aren't any: give 1 for alpha / 2, or 2 for the whole of alpha")
    return checked_alpha(alpha) * sides / 2


def _power(power: float) -> float:
    if not 0 < power <= 1:
        raise Invalid(f"a power of {power} is no chance of finding anything: give a number above 0, such as 0.8")
    return power


def _share(share: float) -> float:
    if not 0 <= share <= 1:
        raise Invalid(f"a share of {share} isn't one: give a number from 0 to 1, such as 0.1")
    return share


def _density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
