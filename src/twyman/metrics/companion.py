"""What is shown beside a metric, for information: each step of a funnel, each point of a curve.

A companion is a metric in its own right, computed in the same statement and never decided on. Its name
is the metric's and its own, with a slash between, which no metric's name holds.
"""

from dataclasses import replace

from twyman.kernel.time import duration_text
from twyman.metrics.metric import (
    ChainValue,
    Direction,
    FactValue,
    Funnel,
    Kind,
    Metric,
    Ratio,
    Retention,
    Summary,
    TimeToEvent,
    Window,
)


def companions(metric: Metric) -> tuple[Metric, ...]:
    """Return the metrics that are shown beside one; none beside most.

    Example:
        >>> from twyman.metrics.metric import Step
        >>> steps = (Step("search", "searches"), Step("play", "plays"))
        >>> found = companions(Metric(name="finds", kind=Funnel(ChainValue(steps))))
        >>> [one.name for one in found]
        ['finds/search', 'finds/search-play']
    """
    match metric.kind:
        case Funnel(value):
            return (*_reached(metric, value), *_onward(metric, value))
        case Retention(value, curve):
            return tuple(_point(metric, value, window) for window in curve if window != metric.window)
        case TimeToEvent(summary=summary):
            return (_other(metric, metric.kind, OTHERS[summary]),)
        case _:
            return ()


def _reached(metric: Metric, value: ChainValue) -> list[Metric]:
    """Return, for each step but the last, the share of units that reach it."""
    return [
        _beside(metric, step.name, f"reached {step.name}", Funnel(ChainValue(value.steps[: place + 1])))
        for place, step in enumerate(value.steps[:-1])
    ]


def _onward(metric: Metric, value: ChainValue) -> list[Metric]:
    """Return, for each step but the first, the share that reaches it of those who reached the one before."""
    return [
        _beside(
            metric,
            f"{value.steps[place - 1].name}-{step.name}",
            f"{value.steps[place - 1].name} to {step.name}",
            Ratio(ChainValue(value.steps[: place + 1]), ChainValue(value.steps[:place])),
        )
        for place, step in enumerate(value.steps)
        if place
    ]


def _point(metric: Metric, value: FactValue, window: Window) -> Metric:
    after = duration_text(window.after) if window.after else "0d"
    length = "" if window.length is None else f", for {duration_text(window.length)}"
    return replace(_beside(metric, after, f"from {after} on{length}", Retention(value)), window=window)


def _other(metric: Metric, kind: TimeToEvent, summary: Summary) -> Metric:
    """Return the other number of a time to an event: where a longer time is worse, more events by then are better."""
    title = {Summary.SHARE: "share by the end", Summary.MEAN_TIME: "mean time"}[summary]
    direction = Direction.DECREASE if metric.direction is Direction.INCREASE else Direction.INCREASE
    return replace(_beside(metric, str(summary), title, replace(kind, summary=summary)), direction=direction)


OTHERS = {Summary.MEAN_TIME: Summary.SHARE, Summary.SHARE: Summary.MEAN_TIME}


def _beside(metric: Metric, name: str, title: str, kind: Kind) -> Metric:
    return replace(
        metric,
        name=f"{metric.name}/{name}",
        title=f"{metric.title or metric.name}: {title}",
        kind=kind,
        adjustment=None,
    )
