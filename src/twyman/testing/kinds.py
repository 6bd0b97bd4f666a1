"""Questions of every other kind over tables of their own: metrics beyond means, and whoever is analysed.

Units tap things, on devices that a few of them share, and live in households of three. Taps fall on full hours, so
that many are of one instant.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from twyman.app.ports import Question
from twyman.experiments.experiment import Role, Tracked
from twyman.experiments.population import Counterfactual, Excluded, Trigger
from twyman.flags.targeting import All, Contains, Exists, In, Is, Not, Range, Some, Time, Where
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    Cap,
    ChainValue,
    Comparator,
    FactValue,
    Funnel,
    Mean,
    Metric,
    Missing,
    Participation,
    Proportion,
    Quantile,
    Ratio,
    Retention,
    Step,
    Summary,
    TimeToEvent,
    Window,
)
from twyman.metrics.source import AttributeSource, ExposureSource, FactSource, Grain, Table, Timestamp

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Window(length=7 * DAY)
UNITS, TAPS = 300, 1_800
Columns = dict[str, tuple[pa.DataType, list[Any]]]


def columns(rng: np.random.Generator, start: datetime) -> Mapping[str, Columns]:
    """Return the columns of each table by name."""
    return {"taps": _taps(rng, start), "devices": _devices(rng, start), "households": _households(rng, start)}


def _hours(rng: np.random.Generator, start: datetime, days: int, count: int) -> list[datetime]:
    return [start.replace(tzinfo=None) + int(one) * HOUR for one in rng.integers(0, days * 24, count)]


def _taps(rng: np.random.Generator, start: datetime) -> Columns:
    units = [int(one) for one in rng.integers(0, UNITS, TAPS)]
    kinds = [str(one) for one in rng.choice(["view", "view", "add", "pay"], TAPS)]
    amounts = [None if one == 7 else int(one) for one in rng.integers(-3, 30, TAPS)]
    at = _hours(rng, start, 32, TAPS)
    units[TAPS // 2 :], at[TAPS // 2 :] = units[: TAPS // 2], at[: TAPS // 2]  # each instant twice
    devices = [f"d-{unit:03d}-{int(one)}" for unit, one in zip(units, rng.integers(0, 2, TAPS), strict=True)]
    return {
        "user_id": (pa.string(), [f"u-{unit:03d}" for unit in units]),
        "device_id": (pa.string(), devices),
        "at": (pa.timestamp("us"), at),
        "day": (pa.date32(), [one.date() for one in at]),
        "kind": (pa.string(), kinds),
        "amount": (pa.int64(), amounts),
        "score": (pa.float64(), [float(one) / 8 for one in rng.integers(0, 40, TAPS)]),
    }


def _devices(rng: np.random.Generator, start: datetime) -> Columns:
    """Two devices a unit, but for units that nothing is known of; a few devices are of two units."""
    held = [(f"d-{unit:03d}-{one}", f"u-{unit:03d}") for unit in range(UNITS - 20) for one in range(2)]
    held += [(f"d-{unit:03d}-0", f"u-{unit + 1:03d}") for unit in range(0, 60, 4)]
    return {
        "device_id": (pa.string(), [one for one, _ in held]),
        "user_id": (pa.string(), [one for _, one in held]),
        "since": (pa.timestamp("us"), _hours(rng, start, 20, len(held))),
    }


def _households(rng: np.random.Generator, start: datetime) -> Columns:
    homes = [unit // 3 for unit in range(UNITS)]
    arms = ["moments" if home % 2 and home % 11 else "control" for home in homes]
    arms[:9] = ["control", "moments", "moments", *arms[3:9]]
    return {
        "user_id": (pa.string(), [*(f"u-{unit:03d}" for unit in range(UNITS)), "u-012", "u-013"]),
        "home": (pa.string(), [*(None if home == 90 else f"h {home}" for home in homes), "h 5", "h 4"]),
        "arm": (pa.string(), [*arms, arms[12], arms[13]]),
        "at": (pa.timestamp("us"), _hours(rng, start + DAY, 14, UNITS + 2)),
    }


def _taps_of(aggregate: Aggregate, column: str | None = None, where: str | None = None) -> FactValue:
    return FactValue("taps", aggregate, column, where)


COUNT, TOTAL = _taps_of(Aggregate.COUNT), _taps_of(Aggregate.SUM, "amount")
PAYS = _taps_of(Aggregate.COUNT, where="kind = 'pay'")
STEPS = (
    Step("seen", "taps", "kind = 'view'"),
    Step("added", "taps", "kind = 'add'", 5 * DAY),
    Step("paid", "taps", "kind = 'pay'", 36 * HOUR),
)
METRICS = (
    Metric(name="median", kind=Quantile(TOTAL, 0.5), window=WEEK),
    Metric(name="p90 of scores", kind=Quantile(_taps_of(Aggregate.EACH, "score", "kind <> 'pay'"), 0.9), window=WEEK),
    Metric(name="bought", kind=Funnel(ChainValue(STEPS)), window=WEEK),
    Metric(name="days", kind=Participation(COUNT), window=WEEK),
    Metric(
        name="curve",
        kind=Retention(COUNT, (Window(DAY, DAY), Window(3 * DAY, 4 * DAY))),
        window=Window(7 * DAY, 7 * DAY),
    ),
    Metric(name="waiting", kind=TimeToEvent(PAYS), window=WEEK),
    Metric(name="paid by then", kind=TimeToEvent(PAYS, 6 * HOUR, Summary.SHARE), window=WEEK),
    Metric(name="above", kind=Proportion(TOTAL, Bound(Comparator.ABOVE, 20)), window=WEEK),
    Metric(
        name="at most",
        kind=Proportion(_taps_of(Aggregate.MAX, "score"), Bound(Comparator.AT_MOST, 3.5)),
        window=WEEK,
        missing=Missing.DROP,
    ),
    Metric(name="first of ties", kind=Mean(_taps_of(Aggregate.FIRST, "amount")), window=WEEK, missing=Missing.DROP),
    Metric(name="last of ties", kind=Mean(_taps_of(Aggregate.LAST, "score")), window=WEEK),
    Metric(name="taps", kind=Mean(COUNT), window=WEEK, cap=Cap(percentile=99), adjustment=Adjustment(7 * DAY)),
    Metric(name="amount a tap", kind=Ratio(TOTAL, COUNT), window=WEEK),
)
WHOLE = ("bought", "curve", "above", "at most", "first of ties")
"""Metrics of whole numbers."""

FINER = ("bought", "paid by then", "first of ties", "last of ties")
"""Metrics that need to know the time of day, or what came first."""


def _sources(*, by_day: bool) -> dict[str, Any]:
    moment = Timestamp("day", Grain.DAY) if by_day else Timestamp("at")
    return {
        "taps": FactSource(name="taps", relation=Table("taps"), entities={"user": "user_id"}, timestamp=moment),
        "clicks": FactSource(name="clicks", relation=Table("taps"), entities={"device": "device_id"}, timestamp=moment),
        "devices": AttributeSource(
            name="devices",
            relation=Table("devices"),
            entities={"user": "user_id", "device": "device_id"},
            timestamp=Timestamp("since"),
        ),
        "households": ExposureSource(
            name="households",
            relation=Table("households"),
            entities={"user": "user_id", "household": "home"},
            timestamp=Timestamp("at"),
            arm="arm",
        ),
    }


def _asked(question: Question, metrics: tuple[Metric, ...], *, by_day: bool = False, **experiment: Any) -> Question:  # noqa: ANN401 - fields of an experiment
    catalogue = replace(
        question.catalogue,
        entities={**question.catalogue.entities, "device": "string", "household": "string"},
        sources={**question.catalogue.sources, **_sources(by_day=by_day)},
        metrics={one.name: one for one in metrics},
    )
    tracked = tuple(Tracked(metric=one.name, role=Role.INFORMATION) for one in metrics)
    changed = replace(question.experiment, tracked=tracked, **experiment)
    return replace(question, experiment=changed, catalogue=catalogue)


def _named(*names: str) -> tuple[Metric, ...]:
    return tuple(one for one in METRICS if one.name in names)


def _of_devices(metric: Metric) -> Metric:
    value = metric.values[0]
    return replace(metric, kind=Mean(replace(value, facts="clicks"))) if isinstance(value, FactValue) else metric


def questions(base: Question) -> Mapping[str, Question]:
    """Return every question by name.

    Args:
        base: An experiment in spring, in Berlin, whose units are texts.
    """
    few = _named("median", "p90 of scores", "waiting", "taps", "last of ties")
    trigger = Trigger(facts="taps", where="kind = 'view'", counterfactual=Counterfactual.LOGGED)
    known = Some((Where("age", Range(18, 80, end_in=True)), Not(Where("country", Exists()))))
    excluded = (
        Excluded("american", Where("country", In(("us", "it's"), ignore_case=True))),
        Excluded("new", All((Where("is_new", Is(value=True)), Where("country", Contains("E"))))),
        Excluded("recent", Where("signed_up_at", Range(start=Time("2024-04-08T12:00:00Z")))),
    )
    return {
        "every other kind": _asked(base, METRICS),
        "every other kind, by day": _asked(base, tuple(one for one in METRICS if one.name not in FINER), by_day=True),
        "other kinds, by dimensions and crossed": _asked(
            base, few, dimensions=("country",), crossed=(("country", "is_new"),)
        ),
        "triggered, a population, segments left out": _asked(
            base, few, trigger=trigger, population=known, exclude=excluded
        ),
        "households drawn": _asked(
            base,
            _named("median", "p90 of scores", "bought", "taps", "amount a tap", "days"),
            source="households",
            randomised_by="household",
            dimensions=("country",),
            strata=("country",),
        ),
        "facts of devices": _asked(base, tuple(map(_of_devices, _named("first of ties", "last of ties", "taps")))),
    }
