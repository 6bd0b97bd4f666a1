"""A small world with everything in it that engines disagree on: tables, definitions over them, and questions.

Ids are texts here and whole numbers there; times have a zone or none, lie in both nights in which Berlin's clocks
change, and are known to the day only; any column may be null; units come twice, in two arms, and in none. No two
facts of a unit have the same time, so that the first and the last of them are the same everywhere.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from twyman.app.ports import Cutoff, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    Cap,
    Cohort,
    Comparator,
    FactValue,
    Mean,
    Metric,
    Missing,
    OutcomeValue,
    Proportion,
    Ratio,
    Retention,
    Window,
)
from twyman.metrics.source import (
    AggregateSource,
    AttributeSource,
    ExposureSource,
    FactSource,
    Grain,
    Table,
    Timestamp,
    UnitSource,
)
from twyman.testing import kinds

DAY = timedelta(days=1)
SPRING, AUTUMN = datetime(2024, 3, 24, tzinfo=UTC), datetime(2024, 10, 20, tzinfo=UTC)
"""Enrolment begins; a week later, Berlin's clocks change."""

UNITS, FACTS = 300, 3_000
Columns = dict[str, tuple[pa.DataType, list[Any]]]


def _table(columns: Columns) -> pa.Table:
    return pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()})


def _some(rng: np.random.Generator, values: list[Any], missing: float) -> list[Any]:
    """Return the values, a share of them null."""
    return [None if lost else value for value, lost in zip(values, rng.random(len(values)) < missing, strict=True)]


def _moments(rng: np.random.Generator, start: datetime, days: float, count: int) -> list[datetime]:
    """Return times to the microsecond, all different, without a zone."""
    drawn = rng.choice(int(days * 86_400), size=count, replace=False)
    rest = rng.integers(0, 1_000_000, size=count)
    first = start.replace(tzinfo=None)
    return [first + timedelta(seconds=int(one), microseconds=int(more)) for one, more in zip(drawn, rest, strict=True)]


def _aware(moments: list[datetime]) -> list[datetime]:
    return [moment.replace(tzinfo=UTC) for moment in moments]


def _exposures(rng: np.random.Generator, start: datetime) -> Columns:
    rows = UNITS + 60  # some units come again, and a few of them in another arm
    numbers = [*range(UNITS), *(int(one) for one in rng.integers(0, UNITS, 60))]
    arms = ["moments" if number % 2 else "control" for number in numbers]
    arms = [
        ("moments" if rng.random() < 0.5 else "control") if row >= UNITS + 40 else arm for row, arm in enumerate(arms)
    ]
    at = _moments(rng, start, 21, rows)
    night = start.replace(tzinfo=None) + timedelta(days=7, hours=2)
    at[:40] = [night + timedelta(minutes=int(one) * 3 - 30, microseconds=int(one)) for one in range(40)]
    return {
        "user_id": (pa.string(), [*(f"u-{number:03d}" for number in numbers[:-3]), None, None, "u-001"]),
        "user_no": (pa.int64(), numbers),
        "experiment": (pa.string(), ["moment-page" if row % 50 else "another" for row in range(rows)]),
        "arm": (pa.string(), [*arms[:-5], "O'Neill", None, *arms[-3:]]),
        "exposed_at": (pa.timestamp("us"), _some(rng, at, 0.01)),
        "exposed_on": (pa.date32(), [moment.date() for moment in at]),
        "is_bot": (pa.bool_(), _some(rng, [bool(one) for one in rng.random(rows) < 0.05], 0.05)),
    }


def _listening(rng: np.random.Generator, start: datetime) -> Columns:
    units = rng.integers(0, UNITS + 20, FACTS)  # some of nobody in the experiment
    at = _moments(rng, start - 20 * DAY, 75, FACTS)
    loaded = [one + int(hours) * DAY / 24 for one, hours in zip(at, rng.exponential(8, FACTS), strict=True)]
    prices = [Decimal(int(one)) / 100 for one in rng.integers(-500, 9_999, FACTS)]
    return {
        "user_id": (pa.string(), _some(rng, [f"u-{one:03d}" for one in units], 0.01)),
        "user_no": (pa.int64(), [int(one) for one in units]),
        "played_at": (pa.timestamp("us", "UTC"), _some(rng, _aware(at), 0.005)),
        "wall": (pa.timestamp("us"), at),
        "day": (pa.date32(), [moment.date() for moment in at]),
        "loaded_at": (pa.timestamp("us", "UTC"), _aware(loaded)),
        "played_ms": (pa.int32(), _some(rng, [int(one) for one in rng.gamma(2, 90_000, FACTS)], 0.05)),
        "rating": (pa.float64(), _some(rng, [float(one) for one in rng.normal(3, 1.7, FACTS)], 0.1)),
        "price": (pa.decimal128(12, 2), _some(rng, prices, 0.1)),
        "skipped": (pa.bool_(), _some(rng, [bool(one) for one in rng.random(FACTS) < 0.3], 0.1)),
        "track": (pa.string(), _some(rng, [f"track {one}" for one in rng.integers(0, 40, FACTS)], 0.1)),
    }  # fmt: skip


def _profile(rng: np.random.Generator, start: datetime) -> Columns:
    rows = UNITS * 2
    at = _moments(rng, start - 30 * DAY, 60, rows)
    at[UNITS::3] = at[30 : rows - UNITS + 30 : 3]  # of the same unit, at the same time
    lands = ["DE", "SE", "US", "it's", 'a "b" \\', "Ünï", "", "×"]
    return {
        "user_id": (pa.string(), [f"u-{row % (UNITS - 30):03d}" for row in range(rows)]),
        "valid_from": (pa.timestamp("us"), at),
        "country": (pa.string(), _some(rng, [lands[one] for one in rng.integers(0, len(lands), rows)], 0.1)),
        "age": (pa.int64(), _some(rng, [int(one) for one in rng.integers(14, 90, rows)], 0.2)),
        "score": (pa.float64(), _some(rng, [float(one) / 4 for one in rng.integers(0, 9, rows)], 0.1)),
        "signed_up_at": (pa.timestamp("us"), _moments(rng, start - 10 * DAY, 60, rows)),
    }


def _shop(rng: np.random.Generator) -> Columns:
    channels = ["web" if one < 0.5 else "phone" for one in rng.random(UNITS)]
    return {
        "id": (pa.int64(), [*range(UNITS), 0, 1]),
        "segment": (pa.string(), [*("mens" if row % 3 else "none" for row in range(UNITS)), "none", "none"]),
        "spend": (pa.float64(), [*_doubled(_some(rng, [float(one) for one in rng.gamma(1, 30, UNITS)], 0.2))]),
        "visit": (pa.bool_(), [*_doubled(_some(rng, [bool(one) for one in rng.random(UNITS) < 0.4], 0.05))]),
        "orders": (pa.int64(), [*_doubled([int(one) for one in rng.poisson(1.4, UNITS)])]),
        "history": (pa.float64(), [*_doubled(_some(rng, [float(one) for one in rng.gamma(2, 40, UNITS)], 0.1))]),
        "channel": (pa.string(), [*_doubled(_some(rng, channels, 0.1))]),
    }  # fmt: skip


def _doubled(values: list[Any]) -> list[Any]:
    """Add the first row twice: once as it is, and once for another unit that met both arms."""
    return [*values, values[0], values[1]]


def _trial(rng: np.random.Generator) -> Columns:
    days = [(SPRING + day * DAY).date() for day in range(20)]
    return {
        "day": (pa.date32(), [day for day in days for _ in range(2)]),
        "arm": (pa.string(), ["control", "moments"] * 20),
        "clicks": (pa.int64(), [int(one) for one in rng.integers(400, 900, 40)]),
        "paid": (pa.int64(), [int(one) if place < 30 else None for place, one in enumerate(rng.integers(20, 90, 40))]),
    }


@cache
def tables() -> Mapping[str, pa.Table]:
    """Return every table by name; the same at each call."""
    rng = np.random.default_rng(20240331)
    made: dict[str, Columns] = {}
    for season, start in (("spring", SPRING), ("autumn", AUTUMN)):
        made[f"{season}_exposures"] = _exposures(rng, start)
        made[f"{season}_listening"] = _listening(rng, start)
        made[f"{season}_profile"] = _profile(rng, start)
    made |= {"shop": _shop(rng), "trial": _trial(rng), **kinds.columns(rng, SPRING)}
    return {name: _table(columns) for name, columns in made.items()}


def _fact(aggregate: Aggregate, column: str | None = None, where: str | None = None, scale: float = 1.0) -> FactValue:
    return FactValue("listening", aggregate, column, where, scale)


WEEK = Window(length=7 * DAY)
PLAYS, SECONDS = _fact(Aggregate.COUNT), _fact(Aggregate.SUM, "seconds", "seconds >= 30", 1 / 60)
METRICS = (
    Metric(name="plays", kind=Mean(PLAYS), window=WEEK),
    Metric(name="ms", kind=Mean(_fact(Aggregate.SUM, "played_ms")), cohort=Cohort.OPEN),
    Metric(name="minutes", kind=Mean(SECONDS), window=WEEK, cap=Cap(percentile=95), adjustment=Adjustment(14 * DAY)),
    Metric(name="capped", kind=Mean(SECONDS), window=WEEK, cap=Cap(limit=12.5)),
    Metric(name="revenue", kind=Mean(_fact(Aggregate.SUM, "price")), window=Window(length=21 * DAY)),
    Metric(name="listened", kind=Proportion(PLAYS), window=WEEK),
    Metric(name="skipped any", kind=Proportion(_fact(Aggregate.COUNT, "skipped")), window=WEEK, missing=Missing.DROP),
    Metric(name="heavy", kind=Proportion(PLAYS, Bound(Comparator.AT_LEAST, 3)), window=WEEK),
    Metric(name="back", kind=Retention(PLAYS), window=Window(7 * DAY, 7 * DAY)),
    Metric(
        name="skip rate",
        kind=Ratio(_fact(Aggregate.SUM, "skipped"), PLAYS),
        window=WEEK,
        adjustment=Adjustment(14 * DAY, covariates=("plays",), attributes=("profile.is_new", "age")),
    ),
    Metric(name="tracks", kind=Mean(_fact(Aggregate.COUNT_DISTINCT, "track")), window=WEEK),
    Metric(name="lowest", kind=Mean(_fact(Aggregate.MIN, "rating")), window=WEEK, missing=Missing.DROP),
    Metric(name="highest", kind=Mean(_fact(Aggregate.MAX, "rating")), window=WEEK, missing=Missing.DROP),
    Metric(name="first rating", kind=Mean(_fact(Aggregate.FIRST, "rating")), missing=Missing.DROP, window=WEEK),
    Metric(name="last price", kind=Mean(_fact(Aggregate.LAST, "price")), window=WEEK),
)
WHOLE = (
    "plays",
    "ms",
    "listened",
    "skipped any",
    "heavy",
    "back",
    "skip rate",
    "tracks",
    "spendless",
    "orders",
    "visit",
    *kinds.WHOLE,
)
"""Metrics of whole numbers: their sums are the same to the last bit."""

UNIT_METRICS = (
    Metric(name="spend", kind=Mean(OutcomeValue("spend")), adjustment=Adjustment(), cap=Cap(percentile=90)),
    Metric(name="spenders", kind=Mean(OutcomeValue("spend", where="visit")), missing=Missing.DROP),
    Metric(name="visit", kind=Proportion(OutcomeValue("visit"))),
    Metric(name="orders", kind=Mean(OutcomeValue("orders"))),
    Metric(name="basket", kind=Ratio(OutcomeValue("spend"), OutcomeValue("orders"))),
)
PAID = Metric(name="paid", kind=Proportion(OutcomeValue("paid")))


def _sources(season: str, *, by_day: bool, whole_ids: bool) -> dict[str, Any]:
    user = {"user": "user_no" if whole_ids else "user_id"}
    exposed = Timestamp("exposed_on", Grain.DAY) if by_day else Timestamp("exposed_at")
    return {
        "exposures": ExposureSource(
            name="exposures", relation=Table(f"{season}_exposures"), entities=user, timestamp=exposed,
            experiment="experiment", arm="arm", where="not is_bot",
        ),
        "listening": FactSource(
            name="listening", relation=Table(f"{season}_listening"), entities=user,
            timestamp=Timestamp("day", Grain.DAY) if by_day else Timestamp("wall" if whole_ids else "played_at"),
            arrived="loaded_at", measures={"seconds": "played_ms / 1000.0", "skipped": "skipped"},
            where="track is distinct from 'track 7'",
        ),
        "profile": AttributeSource(
            name="profile", relation=Table(f"{season}_profile"), entities={"user": "user_id"},
            timestamp=Timestamp("valid_from"),
            columns={"country": "country", "age": "age", "score": "score", "signed_up_at": "signed_up_at",
                     "is_new": "signed_up_at >= exposed_at - interval 7 day"},
        ),
        "shop": UnitSource(
            name="shop", relation=Table("shop"), entities={"user": "id"}, arm="segment",
            outcomes={"spend": "spend", "visit": "visit", "orders": "orders"}, covariates={"history": "history"},
        ),
        "trial": AggregateSource(
            name="trial", relations={"": Table("trial")}, arm="arm", columns={"clicks": "clicks", "paid": "paid"},
            matured="paid is not null", unit="clicks",
        ),
    }  # fmt: skip


def _question(
    season: str, zone: str, metrics: tuple[Metric, ...], *, by_day: bool = False, whole_ids: bool = False
) -> Question:
    start = SPRING if season == "spring" else AUTUMN
    experiment = Experiment(
        name="moment-page",
        arms=(Arm("control", 0.5, control=True), Arm("moments", 0.5)),
        tracked=tuple(Tracked(metric=one.name, role=Role.INFORMATION) for one in metrics),
        entry=Entry.EXPOSURES,
        source="exposures",
        entity="user",
        enrol_from=start + DAY,
        enrol_until=start + 18 * DAY,
    )
    catalogue = Catalogue(
        {"user": "integer" if whole_ids else "string"},
        _sources(season, by_day=by_day, whole_ids=whole_ids),
        {one.name: one for one in metrics},
    )
    cutoff = Cutoff(start + 30 * DAY, start + 30 * DAY + DAY / 4)
    return Question(experiment=experiment, catalogue=catalogue, zone=zone, cutoff=cutoff)


def _changed(question: Question, **changes: Any) -> Question:  # noqa: ANN401 - fields of an experiment
    return replace(question, experiment=replace(question.experiment, **changes))


def _of(question: Question, entry: Entry, source: str, metrics: tuple[Metric, ...], *values: str) -> Question:
    arms = tuple(replace(arm, value=value) for arm, value in zip(question.experiment.arms, values, strict=True))
    tracked = tuple(Tracked(metric=one.name, role=Role.INFORMATION) for one in metrics)
    changed = _changed(question, entry=entry, source=source, arms=arms, tracked=tracked)
    catalogue = replace(question.catalogue, metrics={one.name: one for one in metrics})
    return replace(changed, catalogue=catalogue, cutoff=None)


def _unordered(metric: Metric) -> Metric:
    value = metric.values[0]
    if isinstance(value, FactValue) and value.aggregate in (Aggregate.FIRST, Aggregate.LAST):
        return replace(metric, kind=Mean(replace(value, aggregate=Aggregate.MAX)))
    return metric


@cache
def questions() -> Mapping[str, Question]:
    """Return every question by name."""
    spring, autumn = (_question(season, "Europe/Berlin", METRICS) for season in ("spring", "autumn"))
    few = tuple(one for one in METRICS if one.name in ("plays", "minutes", "skip rate", "revenue"))
    numbers = tuple(replace(one, adjustment=None) for one in METRICS)
    shop = _of(spring, Entry.UNITS, "shop", UNIT_METRICS, "none", "mens")
    return {
        "every metric, in spring": spring,
        "every metric, in autumn": autumn,
        "in UTC": _question("spring", "UTC", METRICS),
        "ids are whole numbers, times have no zone": _question("autumn", "Europe/Berlin", numbers, whole_ids=True),
        # Of several facts on the first day, which one is the first is anybody's choice.
        "days only": _question("spring", "Europe/Berlin", tuple(map(_unordered, METRICS)), by_day=True),
        "by dimensions": _changed(_question("spring", "Europe/Berlin", few), dimensions=("country", "score", "is_new")),
        "in strata": _changed(_question("spring", "Europe/Berlin", few), strata=("country", "is_new")),
        "a table of units": shop,
        "a table of units, by dimension": _changed(shop, dimensions=("channel",), strata=("channel",)),
        "counts": _of(spring, Entry.AGGREGATES, "trial", (PAID,), "control", "moments"),
        **kinds.questions(spring),
    }
