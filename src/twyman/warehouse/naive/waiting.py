"""How long each unit waited for an event, step by step, and who was at risk."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from twyman.app.ports import Question
from twyman.metrics.metric import Cohort, Metric, TimeToEvent
from twyman.stats.survival import RiskTable
from twyman.warehouse.naive.comparing import wall
from twyman.warehouse.naive.exposures import Unit
from twyman.warehouse.naive.facts import Facts
from twyman.warehouse.naive.unverifiable import Unverifiable
from twyman.warehouse.naive.windows import Span

Waited = tuple[int, bool]
"""After how many steps a unit's watch ended, and whether by the event."""


def waited(question: Question, metric: Metric, kind: TimeToEvent, facts: Facts, span: Span) -> Callable[[Unit], Waited]:
    """Return how long a unit was watched: until its event, or as long as its window was over at the cut-off.

    Raises:
        Unverifiable: If the window has no end.
    """
    if span.end is None:
        raise Unverifiable("waits in a window without end")
    first, whole = facts.first_at(kind.value, span), (span.end - span.start) // kind.unit
    events = wall(question.cutoff.events) if question.cutoff and metric.cohort is Cohort.OPEN else None

    def of(unit: Unit) -> Waited:
        start = facts.windows.edge(unit, span.start)
        watched = whole if events is None else min(whole, (events - start) // kind.unit)
        at = first.of(unit)
        steps = None if at is None else (at - start) // kind.unit
        return (steps + 1, True) if steps is not None and steps < watched else (watched, False)

    return of


def risk_of(several: Sequence[Waited]) -> RiskTable:
    """Return, by step, how many units were still watched and how many had their event.

    Example:
        >>> risk_of([(1, True), (2, False), (2, True)]).at_risk.tolist()
        [3.0, 2.0]
    """
    ended, events = Counter(step for step, _ in several), Counter(step for step, came in several if came)
    steps = sorted(ended)
    at_risk = [sum(ended[later] for later in steps if later >= step) for step in steps]
    return RiskTable(
        np.array(steps, dtype=np.float64),
        np.array(at_risk, dtype=np.float64),
        np.array([events[step] for step in steps], dtype=np.float64),
    )
