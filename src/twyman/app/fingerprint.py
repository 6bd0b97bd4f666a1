"""The name of a plan: what may not change once somebody has looked."""

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from msgspec import to_builtins

from twyman.app.ports import Question
from twyman.experiments.experiment import Experiment
from twyman.experiments.population import attributes_of
from twyman.kernel.canonical import digest
from twyman.metrics.source import AttributeSource, Frame

_MENDED = ("title", "references")
"""Fields of a metric that may change while experiments run on it."""


def plan_digest(question: Question) -> str:
    """Return a digest of all that an analysis rests on: arms, metrics, roles, expectations, the plan, and the sources.

    Strata and who is analysed are among them, with the sources of attributes that they are read from.
    Titles, owners and words may be mended at any time, and dimensions added: nothing is decided on them.
    """
    experiment, catalogue = question.experiment, question.catalogue
    metrics = [catalogue.metric(tracked.metric) for tracked in experiment.tracked]
    facts = {name for metric in metrics for name in metric.facts}
    facts |= {experiment.trigger.facts} if experiment.trigger else set()
    promised: dict[str, Any] = {
        "arms": experiment.arms,
        "tracked": experiment.tracked,
        "entity": experiment.entity,
        "key": experiment.key,
        "dates": [experiment.enrol_from, experiment.enrol_until, experiment.measure_until],
        "decide": experiment.decide,
        "plan": experiment.plan,
        "metrics": metrics,
        "sources": [catalogue.sources.get(name) for name in sorted({experiment.source, *facts})],
        "zone": question.zone,
    }
    if experiment.strata:
        promised["strata"] = experiment.strata
    promised |= _population(experiment)
    if _asked(experiment):
        promised["attributes"] = _attributes(question)
    return digest(_plain(promised))


def _population(experiment: Experiment) -> dict[str, Any]:
    """Return who is analysed, as far as it is said; criteria as they go over the wire."""
    said: dict[str, Any] = {}
    if experiment.randomised_by:
        said["randomised_by"] = experiment.randomised_by
    if experiment.trigger is not None:
        said["trigger"] = experiment.trigger
    if experiment.exclude:
        said["exclude"] = {each.segment: to_builtins(each.when) for each in experiment.exclude}
    if experiment.population is not None:
        said["population"] = to_builtins(experiment.population)
    return said


def _asked(experiment: Experiment) -> set[str]:
    """Return the attributes that strata and criteria ask for."""
    criteria = [each.when for each in experiment.exclude]
    criteria += [experiment.population] if experiment.population is not None else []
    return {*experiment.strata, *(name for when in criteria for name in attributes_of(when))}


def _attributes(question: Question) -> list[AttributeSource]:
    """Return the sources that may say of which stratum a unit is, or whether it is analysed."""
    named = {part for name in _asked(question.experiment) for part in (name, name.rpartition(".")[2])}
    sources = [source for _, source in sorted(question.catalogue.sources.items())]
    return [source for source in sources if isinstance(source, AttributeSource) and named & set(source.columns)]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a definition
    if isinstance(value, Frame):
        return "frame"
    if is_dataclass(value) and not isinstance(value, type):
        kept = {
            part.name: _plain(getattr(value, part.name))
            for part in fields(value)
            if part.compare and part.name not in _MENDED and not _unsaid(value, part)
        }
        return {"kind": type(value).__name__, **kept}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, datetime | timedelta):
        return str(value)
    return value.value if isinstance(value, Enum) else value


def _unsaid(value: object, part: Field[Any]) -> bool:
    """Whether a field came after plans had been fixed, and says nothing here."""
    return bool(part.metadata.get("later")) and getattr(value, part.name) == part.default
