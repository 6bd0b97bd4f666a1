"""The name of a plan: what may not change once somebody has looked."""

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from twyman.experiments.experiment import Experiment
from twyman.kernel.canonical import digest
from twyman.metrics.catalogue import Catalogue


def plan_digest(experiment: Experiment, catalogue: Catalogue) -> str:
    """Return a digest of all that an analysis rests on: arms, metrics and their roles, expectations, the plan.

    Titles, owners and words may be mended at any time.
    """
    promised = {
        "arms": experiment.arms,
        "tracked": experiment.tracked,
        "entity": experiment.entity,
        "source": [experiment.entry, experiment.source, experiment.key],
        "dates": [experiment.enrol_from, experiment.enrol_until, experiment.measure_until],
        "decide": experiment.decide,
        "plan": experiment.plan,
        "metrics": [catalogue.metric(tracked.metric) for tracked in experiment.tracked],
    }
    return digest(_plain(promised))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a definition
    if is_dataclass(value) and not isinstance(value, type):
        kept = {
            part.name: _plain(getattr(value, part.name))
            for part in fields(value)
            if part.compare and part.name != "title"
        }
        return {"kind": type(value).__name__, **kept}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, datetime | timedelta):
        return str(value)
    return value.value if isinstance(value, Enum) else value
