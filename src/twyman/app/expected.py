"""A result beside what its owner expected of it, and beside whoever has signed the surprise off."""

from dataclasses import dataclass

from twyman.app.views import Effect, Expected, Interval, Result, SignedOff
from twyman.doubt.surprise import surprise
from twyman.experiments.expectation import Expectation, Scale
from twyman.experiments.sign_off import SignOff


@dataclass(frozen=True, slots=True)
class Seen:
    """An estimate on the scale on which something was expected of it.

    Attributes:
        interval: The one that decides; `None` where it has no end.
    """

    estimate: float
    se: float
    interval: Interval | None

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Ends of the interval that decides; `None` for one that isn't there."""
        return (self.interval.lower, self.interval.upper) if self.interval else (None, None)

    @property
    def half_width(self) -> float:
        """Half the width of a 95 % interval as if this were the only look."""
        return 1.96 * self.se


def seen_on(row: Result, scale: Scale) -> Seen | None:
    """Return a row's estimate on a scale; `None` where it has none."""
    effect: Effect | None = row.absolute if scale is Scale.ABSOLUTE else row.relative
    if effect is None or effect.estimate is None or not effect.se:
        return None
    shown = effect.repeated if effect.repeated and effect.repeated.reason is None else effect.fixed
    return Seen(effect.estimate, effect.se, shown)


def expected(expectation: Expectation, seen: Seen, improving: int, *, due: bool) -> Expected:
    """Compare an estimate with what its owner expected.

    Args:
        expectation: What was expected.
        seen: The estimate on its scale.
        improving: +1 where more is better, -1 where less is.
        due: Whether a decision is, which a doubtful result then holds.
    """
    found = surprise(expectation, seen.estimate, seen.se, interval=seen.ends, improving=improving)
    ceiling = expectation.ceiling
    return Expected(
        status=found.status.value,
        surprise_z=found.z,
        low=expectation.low,
        likely=expectation.likely,
        high=expectation.high,
        scale=expectation.scale.value,
        ceiling=ceiling and ceiling.at,
        because=ceiling and ceiling.because,
        holds=due and found.status.doubtful,
    )


def signed_off(signed: tuple[SignOff, ...], row: Result, seen: Seen | None, likely: float) -> SignedOff | None:
    """Return the latest signature under a row's surprise, and whether it covers this reading; `None` for none."""
    own = [one for one in signed if (one.metric, one.arm) == (row.metric, row.arm)]
    if not own or seen is None:
        return None
    covering = [one for one in own if one.covers(seen.estimate, likely=likely, half_width=seen.half_width)]
    latest = max(covering or own, key=lambda one: one.on)
    return SignedOff(
        by=latest.by,
        on=latest.on.isoformat(),
        estimate=latest.estimate,
        because=latest.because,
        covers=bool(covering),
    )
