"""What an effect amounts to when everybody gets it: totals, per day, and as a share of the whole business."""

import math
from dataclasses import dataclass, replace

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Estimate
from twyman.stats.lift import absolute
from twyman.stats.pair import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom an experiment reached, and who there is to reach.

    Attributes:
        units: All units in the experiment, of all arms.
        days: How long it ran.
        allocation: Share of eligible units that were in the experiment at all, in (0, 1].

    See docs/explanation/interactions-and-segments.md .
    """

    units: int
    days: float
    allocation: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what reaches nobody.

        Raises:
            Invalid: If there are no units or days, or the share isn't one.
        """
        if self.units < 1 or not 0 < self.days < math.inf or not 0 < self.allocation <= 1:
            raise Invalid(
                f"{self.units} units over {self.days} days, a share of {self.allocation}, reach nobody: "
                "give a unit or more, a time, and a share above 0 up to 1"
            )

    @property
    def eligible(self) -> float:
        """Units there are to reach, in the same days."""
        return self.units / self.allocation


def total_effect(pair: Pair, reach: Reach, *, alpha: float = 0.05) -> Estimate:
    """Return what giving the treatment to all eligible units adds to the metric's total, in as many days.

    A fixed multiple of the effect per unit: units not in the experiment are taken to be like those
    that were, and to come at the same pace.

    Args:
        pair: Means per unit.
        reach: The experiment's, and the eligible population's size.
        alpha: Error of the two-sided interval.

    Raises:
        Invalid: If alpha is no probability.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.moments import Moments
        >>> pair = means(Moments.of([3, 4, 5, 6]), Moments.of([1, 2, 3, 4]))
        >>> total_effect(pair, Reach(units=8, days=2, allocation=0.1)).estimate
        160.0

    See docs/explanation/interactions-and-segments.md .
    """
    return _times(absolute(pair, alpha=alpha), reach.eligible, "total")


def effect_per_day(pair: Pair, reach: Reach, *, alpha: float = 0.05) -> Estimate:
    """Return the same per day.

    Raises:
        Invalid: If alpha is no probability.

    See docs/explanation/interactions-and-segments.md .
    """
    return _times(absolute(pair, alpha=alpha), reach.eligible / reach.days, "per day")


def global_pair(pair: Pair, reach: Reach, *, outside: float) -> Pair:
    """Return the metric's total over everybody, with the treatment for all who are eligible and for none.

    Its lift, by `lift.relative`, is the global lift: by Fieller, so that it excludes zero exactly where the
    effect per unit does. The units outside are those not in the experiment, eligible or not.

    Args:
        pair: Means per unit.
        reach: The experiment's, and the eligible population's size.
        outside: The metric's total, in the same days, over all units not in the experiment; taken as known.

    Raises:
        Invalid: If the total isn't finite.

    Example:
        >>> from twyman.stats.difference import means
        >>> from twyman.stats.lift import relative
        >>> from twyman.stats.moments import Moments
        >>> pair = means(Moments.of([11, 12, 10, 11] * 50), Moments.of([10, 11, 9, 10] * 50))
        >>> world = global_pair(pair, Reach(units=400, days=7, allocation=0.5), outside=16_000.0)
        >>> f"{relative(pair).estimate:.1%} of those eligible, {relative(world).estimate:.1%} of all"
        '10.0% of those eligible, 4.0% of all'

    References:
        Deng, A. and Hu, V. (2015). Diluted treatment effect estimation for trigger analysis in online
        controlled experiments. WSDM 2015.

    See docs/explanation/interactions-and-segments.md .
    """
    if not math.isfinite(outside):
        raise Invalid(f"a total of {outside} outside isn't finite: give the metric's total over all other units")
    n, more = reach.units, 1 / reach.allocation
    rest = 1 - more  # what the control's mean counts for in the treated world: its share outside is replaced
    v_t, v_c, shared = pair.treatment_variance, pair.control_variance, pair.covariance
    none = outside + n * pair.control
    return replace(
        pair,
        treatment=none + n * more * (pair.treatment - pair.control),
        control=none,
        treatment_variance=n * n * (more * more * v_t + rest * rest * v_c + 2 * more * rest * shared),
        control_variance=n * n * v_c,
        covariance=n * n * (rest * v_c + more * shared),
        method=f"{pair.method}, global",
    )


def coverage(pair: Pair, reach: Reach, *, outside: float) -> float:
    """Return the share of the metric's total that eligible units make up, without the treatment.

    The global lift is this times the lift among the eligible.

    Raises:
        Invalid: If the total without treatment is zero.

    See docs/explanation/interactions-and-segments.md .
    """
    none = outside + reach.units * pair.control
    if not none:
        raise Invalid("the total without treatment is zero, and nothing can be a share of it: read the total effect")
    return reach.eligible * pair.control / none


def _times(effect: Estimate, factor: float, what: str) -> Estimate:
    ends = [None if end is None else end * factor for end in (effect.lower, effect.upper)]
    return replace(
        effect,
        estimate=effect.estimate * factor,
        se=effect.se * factor,
        lower=ends[0],
        upper=ends[1],
        method=f"{effect.method}, {what}",
    )
