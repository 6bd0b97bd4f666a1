"""How often a plan looks, and what each look asks of the statistic."""

from dataclasses import dataclass
from typing import Protocol

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.boundary import Boundary
from twyman.stats.estimate import Contrast
from twyman.stats.power.detection import Signal
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import ObrienFleming, Spending
from twyman.stats.sequential.stopping import crossings

LATE = ObrienFleming()


class Looks(Protocol):
    """A rule by which an effect is found at one of several looks."""

    def chance(self, signal: Signal, *, alpha: float, sides: int, units: int) -> float:
        """Return the chance that the effect is found on the side it lies on.

        Args:
            signal: The effect, at all the units planned.
            alpha: Error of all looks and sides together.
            sides: 1 or 2.
            units: Units planned, of the arms compared.
        """
        ...


@dataclass(frozen=True, slots=True)
class OneLook:
    """One look, when all units have come."""

    def chance(self, signal: Signal, *, alpha: float, sides: int, units: int) -> float:  # noqa: ARG002
        """Return the chance that the one look finds the effect."""
        return signal.one_look(alpha / sides)


ONCE = OneLook()


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """Several looks with bounds that together spend alpha: the power is that of crossing at any of them.

    Attributes:
        times: Share of the planned information at each look, rising to 1.
        spending: How error is spent over it.

    Raises:
        Invalid: If times don't rise to 1.
    """

    times: tuple[float, ...]
    spending: Spending = LATE

    def __post_init__(self) -> None:
        """Refuse times that don't rise to the end."""
        object.__setattr__(self, "times", tuple(map(float, self.times)))
        rises = all(a < b for a, b in zip((0.0, *self.times), self.times, strict=False))
        if not (self.times and rises and abs(self.times[-1] - 1) < 1e-12):
            raise Invalid(f"looks at {list(self.times)} don't rise to 1: give shares of the planned information")

    def chance(self, signal: Signal, *, alpha: float, sides: int, units: int) -> float:  # noqa: ARG002
        """Return the chance that some look crosses its bound on the effect's side."""
        z = bounds(self.times, self.times, alpha=alpha, spending=self.spending, sides=sides).z
        below = [-bound for bound in z] if sides == 2 else None
        found = crossings(self.times, z, lower=below, drift=signal.normal_drift(alpha / sides)).power
        return min(max(found, 0.0), 1.0)


def looks_at(count: int, spending: Spending | None = None) -> GroupSequential:
    """Return `count` looks, equally far apart.

    Raises:
        Invalid: If there are none.

    Example:
        >>> looks_at(4).times
        (0.25, 0.5, 0.75, 1.0)

    See docs/explanation/power.md
    """
    if count < 1:
        raise Invalid(f"{count} looks see nothing: give one or more")
    return GroupSequential(tuple((k + 1) / count for k in range(count)), spending or ObrienFleming())


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """A confidence sequence: look at any time, and pay for it at each.

    The chance is that of the last planned look alone: a lower bound on finding the effect by then, and
    close to it where the sequence was tuned for that look.

    Attributes:
        boundary: The sequence, fixed before the data, as `anytime.boundary.Asymptotic.tuned_for` makes it.
    """

    boundary: Boundary

    def chance(self, signal: Signal, *, alpha: float, sides: int, units: int) -> float:
        """Return the chance that the sequence excludes no effect when all units have come."""
        read = Contrast(signal.drift * signal.se, signal.se, signal.df)
        return signal.beyond(self.boundary.critical(read, units, alpha, sides))
