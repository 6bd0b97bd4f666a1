"""Whether a fact arrived before it happened, or long after: conditions on a row of a source that tells both."""

from datetime import timedelta

from sqlglot import exp

from twyman.metrics.source import Grain
from twyman.warehouse.language.syntax import call, number
from twyman.warehouse.sources.times import Clock
from twyman.warehouse.values.facts import FactTable

AHEAD, LATE = "ahead", "late"
LONG = timedelta(hours=1)
"""How long after it happened a fact arrives late."""


def arrivals(facts: FactTable) -> dict[str, exp.Expr]:
    """Return the conditions, by what their number is called; none where arrivals aren't told to the instant."""
    time, arrived = facts.time, facts.arrived
    if arrived is None or Clock.DAY in (time.clock, arrived.clock) or facts.grain is not Grain.INSTANT:
        return {}
    delay = exp.Sub(this=call("epoch_us", arrived.utc.copy()), expression=call("epoch_us", time.utc.copy()))
    return {
        AHEAD: exp.LT(this=delay, expression=number(0)),
        LATE: exp.GTE(this=delay.copy(), expression=number(LONG // timedelta(microseconds=1))),
    }
