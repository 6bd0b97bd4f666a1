"""A time to an event in one treatment against control: its mean up to the window's end, or who had it by then."""

from dataclasses import replace

from twyman.app.comparison import Comparison
from twyman.app.ports import Cell, Measured
from twyman.metrics.metric import Metric, Summary, TimeToEvent
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.pair import Pair
from twyman.stats.survival import RiskTable, mean_time, retention

METHODS = {Summary.MEAN_TIME: "restricted-mean", Summary.SHARE: "kaplan-meier"}
"""What the answer calls the method."""

NO_STRATA = NotEstimable("time_to_event", "a curve is of one group of units, so it is compared without strata")


def compared_times(
    metric: Metric, kind: TimeToEvent, measured: Measured, arms: tuple[str, str], of: Cell
) -> Comparison | NotEstimable:
    """Compare a treatment's time to an event with control's, in steps of the metric's unit.

    Args:
        metric: A time to an event.
        kind: What it waits for.
        measured: What the look brought back.
        arms: Treatment and control.
        of: Any cell of the group of units compared: everybody, or a dimension's value.
    """
    cells = [replace(of, metric=metric.name, arm=arm) for arm in arms]
    tables = [measured.risk.get(cell) for cell in cells]
    moments = [measured.cells.get(cell) for cell in cells]
    if metric.window.length is None or None in tables or None in moments:
        return NotEstimable(Cause.NO_UNITS, "no unit of one of the arms was watched for a whole step yet")
    treatment, control = (one for one in tables if one is not None)
    pair = _pair(kind.summary, treatment, control, until=metric.window.length // kind.unit)
    if isinstance(pair, NotEstimable):
        return pair
    left, right = (one.columns(0) for one in moments if one is not None)
    return Comparison(pair, pair, None, left, right, METHODS[kind.summary])


def unstratified_times(found: Comparison) -> Comparison:
    """Say why a time to an event isn't compared within strata."""
    return replace(found, unstratified=NO_STRATA)


def _pair(summary: Summary, treatment: RiskTable, control: RiskTable, *, until: int) -> Pair | NotEstimable:
    if summary is Summary.MEAN_TIME:
        return mean_time(treatment, control, until=until)
    still = retention(treatment, control, at=until)
    if isinstance(still, NotEstimable):
        return still
    return replace(still, treatment=1 - still.treatment, control=1 - still.control)
