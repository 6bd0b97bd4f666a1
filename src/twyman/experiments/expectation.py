"""What was expected before anyone looked: low, likely, high, and a ceiling with its reason.

Low, likely and high are the 10th, 50th and 90th percentile of the effect: a normal distribution
with a spread of its own on either side of the likely value (METHODS, Rulings 4). The ceiling is
what nobody believes possible; beyond it a result is too good to be true until somebody outside
the team has signed it off.
"""

from dataclasses import dataclass
from enum import StrEnum

from twyman.kernel.errors import Invalid

Z90 = 1.2815515655446004
"""The 90th percentile of the standard normal: what lies between likely and high, in spreads."""


class Scale(StrEnum):
    """Whether an effect is a difference, or a difference relative to control."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The effect, on its improving side, beyond which nobody believes it; and why."""

    at: float
    because: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a change can reach at all, which bounds what it can do to a proportion.

    Attributes:
        share: Share of the units that meet it at most.
        baseline: Share of those that count already without it; `None`: the same as of everybody.
        because: How that is known.
    """

    share: float
    baseline: float | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The effect as its owner expected it, numerically ordered.

    Attributes:
        low: 10th percentile.
        likely: Median.
        high: 90th percentile.
        scale: Of the three numbers and of the ceiling.
        ceiling: On the improving side, with its reason.
    """

    low: float
    likely: float
    high: float
    scale: Scale = Scale.RELATIVE
    ceiling: Ceiling | None = None

    def __post_init__(self) -> None:
        if not self.low < self.likely < self.high:
            raise Invalid(
                f"expectation {self.low:g}, {self.likely:g}, {self.high:g} isn't ordered: "
                "write low < likely < high as numbers, also where a decrease is the hope"
            )

    def spread(self, effect: float) -> float:
        """Return the standard deviation on the side of the likely value where the effect lies.

        Example:
            >>> round(Expectation(0.005, 0.02, 0.03).spread(0.06), 4)
            0.0078
        """
        half = self.high - self.likely if effect >= self.likely else self.likely - self.low
        return half / Z90
