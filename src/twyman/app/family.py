"""Which bounds a test has: error spent over looks, or a sequence that holds at any look, tuned before the data."""

from twyman.app.comparison import Comparison
from twyman.app.views import Why
from twyman.decisions.sequence import Family
from twyman.experiments.plan import AlwaysValid, Plan, Spending, SpendingFamily
from twyman.metrics.metric import Metric
from twyman.stats.anytime.boundary import Asymptotic
from twyman.stats.sequential.spending import ObrienFleming, Pocock, PowerSpending

LEAST_UNITS, LEAST_CONVERSIONS = 100, 10
"""In each arm, before means are near enough to normal for bounds that hold at any look (METHODS §3.10)."""

NO_ERROR_SPENT = Why(code="no_error_spent", text="this look spends no error, so no interval decides at it")
TOO_EARLY = Why(
    code="too_early",
    text=f"too early: bounds that hold at any look begin at {LEAST_UNITS} units and {LEAST_CONVERSIONS} conversions "
    "an arm, and at a thousandth of the units they are tuned for",
)


def family(plan: Plan, *, share: float, alpha: float, sides: int) -> Family:
    """Return the bounds of one test.

    Args:
        plan: Names them.
        share: Planned share of all units that the two arms compared have together.
        alpha: The test's own error rate, for which a sequence is tuned.
        sides: The test's own.
    """
    match plan.spending:
        case None:
            return None
        case AlwaysValid(tuned_for):
            return Asymptotic.tuned_for(tuned_for * share, alpha=alpha, sides=sides)
        case Spending(SpendingFamily.POWER, exponent):
            return PowerSpending(exponent)
        case Spending(SpendingFamily.OBRIEN_FLEMING):
            return ObrienFleming()
        case Spending():
            return Pocock()


def counted(found: Comparison, metric: Metric) -> int:
    """Return the units of both arms that an always-valid bound may count; 0 while they are too few for one.

    Conversions are those to be expected if both arms converted alike, so that a treatment in which nobody
    converts isn't waited for; where nearly everybody converts, those who don't are counted.
    """
    arms = found.treatment, found.control
    units, fewest = sum(arm.count for arm in arms), min(arm.count for arm in arms)
    if fewest < LEAST_UNITS:
        return 0
    if metric.is_binary:
        rate = sum(arm.count * float(arm.means[0]) for arm in arms) / units
        if min(rate, 1 - rate) * fewest < LEAST_CONVERSIONS:
            return 0
    return units
