"""What is shown beside a metric, for information: each step of a funnel, each point of a curve.

A reading is a metric in its own right, computed in the same statement and never decided on. Its name
is the metric's and its own, with a slash between, which no metric's name holds.
"""

from dataclasses import replace

from twyman.metrics.metric import ChainValue, Funnel, Metric, Ratio


def readings(metric: Metric) -> tuple[Metric, ...]:
    """Return the metrics that are shown beside one; none beside most.

    Example:
        >>> from twyman.metrics.metric import Step
        >>> steps = (Step("search", "searches"), Step("play", "plays"))
        >>> found = readings(Metric(name="finds", kind=Funnel(ChainValue(steps))))
        >>> [one.name for one in found]
        ['finds/search', 'finds/search-play']
    """
    match metric.kind:
        case Funnel(value):
            return (*_reached(metric, value), *_onward(metric, value))
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


def _beside(metric: Metric, name: str, title: str, kind: Funnel | Ratio) -> Metric:
    return replace(
        metric,
        name=f"{metric.name}/{name}",
        title=f"{metric.title or metric.name}: {title}",
        kind=kind,
        adjustment=None,
    )
