"""From when to when the data run: what a person wants to know before choosing a cut-off."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlglot import exp

from twyman.app.ports import Extent, Question
from twyman.kernel.time import DAY, day_after
from twyman.metrics.metric import FactValue, Metric
from twyman.metrics.source import Grain
from twyman.warehouse.answer import aware
from twyman.warehouse.engine import Engine
from twyman.warehouse.exposures import exposure_rows, opened_exposures
from twyman.warehouse.facts import opened_facts
from twyman.warehouse.syntax import alias, call, column, filtered, select


def extent_of(engine: Engine, question: Question, metrics: Iterable[Metric]) -> Extent:
    """Return from when to when exposures and facts run, whatever the question's cut-off."""
    uncut = replace(question, cutoff=None)
    exposures = opened_exposures(engine, uncut)
    rows, counts = exposure_rows(exposures)
    moment = column("exposed_at", "exposures")
    first, last = (alias(filtered(call(name, moment.copy()), counts), name) for name in ("min", "max"))
    found = engine.row(select(first, last).from_(exp.alias_(exp.Subquery(this=rows), "exposures", table=True)))
    last_fact: dict[str, datetime] = {}
    ends = [_end(aware(found["max"]), exposures.grain is Grain.DAY, question.zone)]
    for name, metric in _sources(metrics).items():
        facts = opened_facts(engine, uncut, exposures, name, metric.origin.at("facts"))
        latest = aware(engine.row(facts.latest())["last_at"])
        if latest is not None:
            last_fact[name] = latest
            ends.append(_end(latest, facts.grain is Grain.DAY, question.zone))
    return Extent(
        first_exposure=aware(found["min"]),
        last_exposure=aware(found["max"]),
        last_fact=last_fact,
        end=max((end for end in ends if end is not None), default=None),
    )


def _sources(metrics: Iterable[Metric]) -> Mapping[str, Metric]:
    return {value.facts: metric for metric in metrics for value in metric.values if isinstance(value, FactValue)}


def _end(latest: datetime | None, by_day: bool, zone: str) -> datetime | None:  # noqa: FBT001 - a fact about the row
    if latest is None:
        return None
    if by_day:
        return day_after(latest + DAY / 24, zone=zone)
    return day_after(latest.replace(microsecond=latest.microsecond | 1), zone=zone)
