"""Textbook sample sizes, unrounded, from a handful of numbers.

For `Design`, which plans by the analysis' own code, moments are needed; here a standard deviation or
two proportions do. The two agree where they ask the same (a test holds them to it). Sizes are those of
treatment and control; `ratio` is treated units for each control unit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import ndtri

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.count import Count
from twyman.stats.estimate import checked_alpha
from twyman.stats.power.detection import Signal, deviate
from twyman.stats.power.looks import ONCE, Looks
from twyman.stats.roots import crossing
from twyman.stats.score import difference_score
from twyman.stats.tails import critical_value

VARIANCES = ("score", "wald", "arcsine")

CERTAIN = 1e-9
"""Standard deviation of what is certain: proportions of 0 and 1 differ without noise, but a test has its own."""


@dataclass(frozen=True, slots=True)
class TwoArms:
    """Units of both arms, not rounded."""

    treatment: float
    control: float

    @property
    def total(self) -> float:
        """Units of both."""
        return self.treatment + self.control


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is asked of a textbook test.

    Attributes:
        alpha: Error of all sides together.
        power: Wanted chance.
        sides: 1 or 2.
        ratio: Treated units for each control unit.
        wrong_tail: Whether a two-sided finding of the wrong sign counts.

    Raises:
        Invalid: If a probability isn't one, sides isn't 1 or 2, or the ratio isn't positive.
    """

    alpha: float = 0.05
    power: float = 0.8
    sides: int = 2
    ratio: float = 1.0
    wrong_tail: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no test."""
        side = checked_alpha(self.alpha) / self.sides if self.sides in (1, 2) else 1.0
        if not side < self.power < 1:
            raise Invalid(
                f"power {self.power} of a test with {self.sides} sides isn't between alpha and 1: give 1 or 2 sides, "
                "and the wanted chance, such as 0.8"
            )
        if not 0 < self.ratio < math.inf:
            raise Invalid(f"a ratio of {self.ratio} treated units to one leaves an arm empty: give a positive number")

    def chance(self, signal: Signal, looks: Looks = ONCE, units: int = 1) -> float:
        """Return the chance of finding a signal whose sign is right."""
        found = looks.chance(signal, alpha=self.alpha, sides=self.sides, units=units)
        if self.wrong_tail and self.sides == 2:
            found += looks.chance(signal.reversed(), alpha=self.alpha, sides=2, units=units)
        return found

    def units(self, signal_at: Callable[[float], Signal], start: float, least: float = 0.0) -> float:
        """Return at how many control units the signal is found with the power wanted.

        Raises:
            Invalid: If there is no effect to find.
        """
        if not 0 < start < math.inf:
            raise Invalid("no number of units shows an effect of zero: give the smallest effect that matters")
        wanted = deviate(self.power)

        def short(log_units: float) -> float:
            return deviate(self.chance(signal_at(least + math.exp(log_units)))) - wanted

        low = high = math.log(max(start - least, 1e-3))
        while short(low) > 0 and low > -30:
            low -= 0.5
        while short(high) < 0:
            high += 0.5
        return least + math.exp(crossing(short, low, high, tolerance=1e-14)) if low > -30 else least

    def sized(self, control: float) -> TwoArms:
        """Return both arms' units from those of control."""
        return TwoArms(control * self.ratio, control)


DEFAULT = Goal()


def means_units(effect: float, sd: float, goal: Goal = DEFAULT, *, df: bool = True) -> TwoArms:
    """Return the units that find a difference of two means of the same spread.

    Args:
        effect: The difference.
        sd: Standard deviation of units.
        goal: What is asked.
        df: Whether by Student's t (noncentral), else by the normal distribution.

    Raises:
        Invalid: If the effect is zero or sd isn't positive.

    Example:
        >>> f"{means_units(0.1, 1.0).control:.3f} {means_units(0.1, 1.0, df=False).control:.3f}"
        '1570.737 1569.776'

    See docs/explanation/power.md
    """
    drift = abs(effect) / _positive(sd) / math.sqrt(1 + 1 / goal.ratio)
    if not drift:
        raise Invalid("no number of units shows an effect of zero: give the smallest effect that matters")

    def signal(control: float) -> Signal:
        degrees = control * (1 + goal.ratio) - 2 if df else None
        return Signal(drift * math.sqrt(control), degrees)

    least = (2 + 1e-3) / (1 + goal.ratio) if df else 0.0
    return goal.sized(goal.units(signal, (_reach(goal) / drift) ** 2, least))


def means_power(
    effect: float, sd: float, units: tuple[float, float], goal: Goal = DEFAULT, *, df: bool = True
) -> float:
    """Return the chance that a difference of two means is found.

    Args:
        effect: The difference.
        sd: Standard deviation of units.
        units: Of treatment and of control.
        goal: What is asked; its ratio is that of the units given.
        df: As in `means_units`.

    Raises:
        Invalid: If sd isn't positive, or an arm is empty.

    Example:
        >>> f"{means_power(0.2, 1.0, (300, 300)):.4f}"
        '0.6864'

    See docs/explanation/power.md
    """
    treatment, control = units
    if not (min(units) > 0 and treatment + control > 2):
        raise Invalid(f"{treatment} and {control} units show nothing: give three or more, some in each arm")
    drift = abs(effect) / _positive(sd) / math.sqrt(1 / treatment + 1 / control)
    return goal.chance(Signal(drift, treatment + control - 2 if df else None))


def one_mean_units(effect: float, sd: float, goal: Goal = DEFAULT) -> float:
    """Return the units (of one sample), or pairs, in which a mean (difference) other than zero is found by t.

    Example:
        >>> f"{one_mean_units(0.5, 1.0):.2f}"
        '33.37'
    """
    drift = abs(effect) / _positive(sd)
    return goal.units(lambda n: Signal(drift * math.sqrt(n), n - 1), (_reach(goal) / drift) ** 2 if drift else 0, 1.001)


def proportions_units(
    treatment: float, control: float, goal: Goal = DEFAULT, *, variance: str = "score", margin: float = 0.0
) -> TwoArms:
    """Return the units that find a difference of two proportions.

    Args:
        treatment: The treated's proportion.
        control: That of control.
        goal: What is asked.
        variance: Of the test: `score`: of the null hypothesis' best-fitting proportions (without margin
            the pooled one, by Fleiss; with margin by Farrington and Manning); `wald`: each arm's own;
            `arcsine`: of transformed proportions, by Cohen.
        margin: With a margin, that the treated's proportion is lower by less than this is shown.

    Raises:
        Invalid: If a proportion is none, there is no effect to find, or there is no such variance.

    Example:
        >>> [round(proportions_units(0.12, 0.10, variance=v).control, 1) for v in ("score", "wald", "arcsine")]
        [3840.8, 3838.1, 3834.6]

    References:
        Fleiss, J. L., Levin, B. and Paik, M. C. (2003). Statistical methods for rates and proportions.
        Farrington, C. P. and Manning, G. (1990). Test statistics and sample size formulae for
        comparative binomial trials with null hypothesis of non-zero risk difference or non-unity
        relative risk. Statistics in Medicine 9.

    See docs/explanation/power.md
    """
    one = _proportions_signal(treatment, control, goal.ratio, variance, margin)
    start = ((_reach(goal)) * max(one.stretch, 1.0) / one.drift) ** 2 if one.drift > 0 else 0.0
    return goal.sized(goal.units(lambda n: Signal(one.drift * math.sqrt(n), None, one.stretch), start))


def proportions_power(
    treatment: tuple[float, float], control: tuple[float, float], goal: Goal = DEFAULT, *, variance: str = "score"
) -> float:
    """Return the chance that a difference of two proportions is found.

    Args:
        treatment: The treated's proportion and units.
        control: The same of control.
        goal: What is asked; its ratio is that of the units given.
        variance: As in `proportions_units`.

    Example:
        >>> f"{proportions_power((0.12, 4000), (0.10, 4000)):.3f}"
        '0.816'
    """
    (p, n), (q, m) = treatment, control
    one = _proportions_signal(p, q, n / m, variance, 0.0)
    return goal.chance(Signal(one.drift * math.sqrt(m), None, one.stretch))


def _proportions_signal(treatment: float, control: float, ratio: float, variance: str, margin: float) -> Signal:
    """Return the signal at one control unit."""
    for share in (treatment, control):
        if not 0 <= share <= 1:
            raise Invalid(f"{share} is no proportion: give a number between 0 and 1")
    if variance not in VARIANCES:
        raise Invalid(f"there is no variance '{variance}': {nearest(variance, VARIANCES)}")
    if variance == "arcsine":
        gap = 2 * (math.asin(math.sqrt(treatment)) - math.asin(math.sqrt(control)))
        return Signal(abs(gap) / math.sqrt(1 + 1 / ratio))
    gap = treatment - control + margin
    gap = gap if margin else abs(gap)
    if not gap:
        return Signal(0.0)
    own = max(math.sqrt(treatment * (1 - treatment) / ratio + control * (1 - control)), CERTAIN)
    null = _null_error(treatment, control, ratio, margin) if variance == "score" else own
    return Signal(gap / own, None, null / own)


def _null_error(treatment: float, control: float, ratio: float, margin: float) -> float:
    """Return the standard error under the null, at one control unit, as the score test computes it."""
    if not margin:
        common = (treatment * ratio + control) / (ratio + 1)
        return math.sqrt(common * (1 - common) * (1 + 1 / ratio))
    many = 1e9  # enough that a sample's last unit doesn't matter: the score grows as their root
    z = difference_score(Count(treatment * many * ratio, many * ratio), Count(control * many, many), null=-margin)
    return (treatment - control + margin) / z * math.sqrt(many) if z else 0.0


def _reach(goal: Goal) -> float:
    return float(critical_value(goal.alpha / goal.sides)) + float(ndtri(goal.power))


def _positive(sd: float) -> float:
    if not 0 < sd < math.inf:
        raise Invalid(f"standard deviation {sd} isn't positive: give that of units")
    return sd
