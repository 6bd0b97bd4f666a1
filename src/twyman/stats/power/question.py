"""What a plan wants to show: an effect, no harm beyond a margin, or no effect beyond one."""

import math
from dataclasses import dataclass
from typing import Protocol

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.estimate import Contrast, NotEstimable
from twyman.stats.lift import METHODS as LIFTS, relative
from twyman.stats.power.detection import Signal
from twyman.stats.power.looks import Looks
from twyman.stats.power.method import Expected


class Question(Protocol):
    """What is to be shown."""

    @property
    def improving(self) -> int:
        """1 where higher is better, -1 where lower is."""
        ...

    def gap(self, effect: float, size: float) -> float:
        """Return how far a true effect is from what is to be refuted, given the baseline's size."""
        ...

    def floor(self, size: float) -> float:
        """Return the largest improvement that isn't shown, whatever the units."""
        ...

    def chance(self, expected: Expected, *, looks: Looks, alpha: float) -> float | NotEstimable:
        """Return the chance that it is shown, when the truth is as expected."""
        ...


@dataclass(frozen=True, slots=True)
class Superiority:
    """There is an effect: the interval excludes zero, on the effect's side.

    Attributes:
        sides: 2, or 1 where only an improvement is looked for.
        improving: 1 where higher is better, -1 where lower is; of a one-sided test, the side.
        lift: How the effect is read: `fieller` (or absolute: they are the same test), `delta` or `log`.
        wrong_tail: Whether a finding of the wrong sign counts as finding. Two-sided only.

    Raises:
        Invalid: If sides isn't 1 or 2, improving isn't a sign, or there is no such lift.

    See docs/explanation/power.md
    """

    sides: int = 2
    improving: int = 1
    lift: str = "fieller"
    wrong_tail: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no test."""
        if self.sides not in (1, 2):
            raise Invalid(f"a test has one side or two, not {self.sides}")
        if self.lift not in LIFTS:
            raise Invalid(f"there is no lift '{self.lift}': {nearest(self.lift, LIFTS)}")
        _check_sign(self.improving)

    def gap(self, effect: float, size: float) -> float:  # noqa: ARG002
        """Return the effect's size, negative where a one-sided test looks the other way."""
        return abs(effect) if self.sides == 2 else self.improving * effect

    def floor(self, size: float) -> float:  # noqa: ARG002
        """Return zero: no effect is what is to be refuted."""
        return 0.0

    def chance(self, expected: Expected, *, looks: Looks, alpha: float) -> float | NotEstimable:
        """Return the chance that the effect is found."""
        signal = self.signal(expected)
        if isinstance(signal, NotEstimable):
            return signal
        units = expected.read.treatment_units + expected.read.control_units
        found = looks.chance(signal, alpha=alpha, sides=self.sides, units=units)
        if self.wrong_tail and self.sides == 2:
            found += looks.chance(signal.reversed(), alpha=alpha, sides=2, units=units)
        return found

    def signal(self, expected: Expected) -> Signal | NotEstimable:
        """Return the signal as the side sees it that looks for the effect."""
        signal = _effect(expected, self.lift)
        if isinstance(signal, NotEstimable):
            return signal
        low = self.improving < 0 if self.sides == 1 else signal.drift < 0
        return signal.reversed() if low else signal


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Not worse by more than a margin: the one-sided test of `noninferiority.noninferiority`.

    Attributes:
        margin: Largest loss accepted: a share of the baseline, which is itself estimated.
        improving: 1 where higher is better, -1 where lower is.
        absolute: Whether the margin is in the metric's unit instead, and known.

    Raises:
        Invalid: If the margin is negative, or improving isn't a sign.

    See docs/explanation/power.md
    """

    margin: float
    improving: int = 1
    absolute: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no margin."""
        _check_margin(self.margin)
        _check_sign(self.improving)

    def gap(self, effect: float, size: float) -> float:
        """Return how far a true effect is from the margin."""
        return self.improving * effect - self.floor(size)

    def floor(self, size: float) -> float:
        """Return the loss of the whole margin, as an improvement."""
        return -self.margin * (1.0 if self.absolute else size)

    def chance(self, expected: Expected, *, looks: Looks, alpha: float) -> float | NotEstimable:
        """Return the chance that the loss is shown to be within the margin."""
        signal = _within(expected, self.margin, self.improving, absolute=self.absolute)
        units = expected.read.treatment_units + expected.read.control_units
        return looks.chance(signal, alpha=alpha, sides=1, units=units)


@dataclass(frozen=True, slots=True)
class Equivalence:
    """No effect beyond a margin either way: two one-sided tests, each at alpha.

    The chance given is 1 less those of failing on either side: exact for a normal test with an absolute
    margin, a hair too low otherwise.

    Attributes:
        margin: Largest effect that doesn't matter: a share of the baseline.
        absolute: Whether it is in the metric's unit instead.

    Raises:
        Invalid: If the margin is negative.

    References:
        Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power
        approach. Journal of Pharmacokinetics and Biopharmaceutics 15.
    """

    margin: float
    absolute: bool = False
    improving: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no margin."""
        _check_margin(self.margin)

    def gap(self, effect: float, size: float) -> float:
        """Return how far a true effect is from the nearer margin."""
        return self.margin * (1.0 if self.absolute else size) - abs(effect)

    def floor(self, size: float) -> float:
        """Return the lower margin."""
        return -self.margin * (1.0 if self.absolute else size)

    def chance(self, expected: Expected, *, looks: Looks, alpha: float) -> float | NotEstimable:
        """Return the chance that both one-sided tests reject."""
        units = expected.read.treatment_units + expected.read.control_units
        signals = (_within(expected, self.margin, sign, absolute=self.absolute) for sign in (1, -1))
        shown = [looks.chance(signal, alpha=alpha, sides=1, units=units) for signal in signals]
        return max(sum(shown) - 1, 0.0)


def _effect(expected: Expected, lift: str) -> Signal | NotEstimable:
    if lift == "fieller":
        return _signal(expected.read.contrast(), expected.real.contrast())
    answer = relative(expected.read, method=lift)
    if isinstance(answer, NotEstimable):
        return answer
    sign = math.copysign(1.0, expected.read.control) if lift == "log" else 1.0
    return Signal(sign * answer.statistic, answer.df, 1.0, answer.se)


def _within(expected: Expected, margin: float, improving: int, *, absolute: bool) -> Signal:
    """Return how far above the margin the truth is, in standard errors."""
    read, real = expected.read, expected.real
    if absolute:
        shifted = (_shifted(pair.contrast(), improving * margin) for pair in (read, real))
    else:
        weight = 1 - improving * margin * math.copysign(1.0, read.control)
        shifted = (pair.contrast(weight) for pair in (read, real))
    signal = _signal(*shifted)
    return signal if improving > 0 else signal.reversed()


def _shifted(contrast: Contrast, by: float) -> Contrast:
    return Contrast(contrast.estimate + by, contrast.se, contrast.df)


def _signal(read: Contrast, real: Contrast) -> Signal:
    if not real.se:
        return Signal(math.copysign(math.inf, read.estimate) if read.estimate else 0.0, read.df)
    return Signal(read.estimate / real.se, read.df, read.se / real.se, read.se)


def _check_sign(improving: int) -> None:
    if improving not in (1, -1):
        raise Invalid(f"improving {improving} is no sign: give 1 where higher is better, -1 where lower is")


def _check_margin(margin: float) -> None:
    if not 0 <= margin < math.inf:
        raise Invalid(f"margin {margin} is no size: give the largest effect that doesn't matter, such as 0.01")
