"""The same dealt arms, read at every planned look: how often does any of them cross?

A unit is read at a look if its window is over then, as in the analysis: by its day of exposure, whole days at a time.
Bounds are the plan's own. Each deal has the same units at each look and all but the same variance, so bounds are laid
out once, by the average over deals, as if the data at hand were all that is planned.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from twyman.app.dealt_tests import Tests, whole
from twyman.app.family import family
from twyman.app.ports import Dealt
from twyman.app.trust import OverLooks
from twyman.decisions.sequence import Reading, judged
from twyman.experiments.plan import Plan
from twyman.kernel.time import DAY
from twyman.metrics.metric import Metric
from twyman.stats.buckets import Buckets
from twyman.stats.false_alarms import false_alarms


def read_at(metric: Metric, dealt: Dealt, looks: Sequence[datetime], zone: str) -> list[Buckets]:
    """Return the moments by bucket that each look may see; looks that see nothing new are left out.

    Args:
        metric: Whose window must be over.
        dealt: Moments by day of exposure.
        looks: Their cut-offs.
        zone: In which days begin.
    """
    length = metric.window.after + (metric.window.length or timedelta())
    found = list[Buckets]()
    seen = 0
    for look in looks:
        last = (look - length).astimezone(ZoneInfo(zone))
        days = [index for index, day in enumerate(dealt.days) if day is not None and _over(day, last)]
        if len(days) > seen:
            found.append(whole([dealt.buckets[metric.name][index] for index in days]))
            seen = len(days)
    return found


def _over(day: date, by: datetime) -> bool:
    return day + DAY <= by.date()


def over_looks(tests: Sequence[Tests], plan: Plan, *, share: float) -> OverLooks | None:
    """Return how often tests cross at any look, by the plan and by peeking; `None` where there is one look.

    Args:
        tests: Of each look, in order.
        plan: Names the bounds.
        share: Planned share of all units that the two arms have together.
    """
    if len(tests) < 2:
        return None
    readings = [
        Reading(number, one.information, one.taken / tests[-1].taken, 0.0, one.units)
        for number, one in enumerate(tests, start=1)
    ]
    bounds = family(plan, share=share, alpha=plan.alpha, sides=2)
    so_far = [judged(readings[:count], alpha=plan.alpha, family=bounds, sides=2) for count in range(1, len(tests) + 1)]
    limits = [one.bound for one in so_far if one is not None]
    crossed = [np.abs(one.scores) >= limit for one, limit in zip(tests, limits, strict=True)]
    peeked = [one.p_values < plan.alpha for one in tests]
    # bounds that hold at any look hold at looks without end, and so are crossed more seldom at a few
    planned = false_alarms(np.any(crossed, axis=0), alpha=plan.alpha, at_most=plan.always_valid)
    return OverLooks(len(tests), planned, false_alarms(np.any(peeked, axis=0), alpha=plan.alpha))
