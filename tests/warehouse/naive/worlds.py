"""Small worlds, valid as they are made: tables of a few units, and an experiment that asks one metric of every kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from twyman.app.ports import Cutoff, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.population import Counterfactual, Excluded, Trigger
from twyman.flags.targeting import All, Contains, Exists, Expression, In, Is, Not, Range, Some, StartsWith, Time, Where
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Bound,
    Cap,
    ChainValue,
    Cohort,
    Comparator,
    FactValue,
    Funnel,
    Kind,
    Mean,
    Metric,
    Missing,
    Participation,
    Proportion,
    Quantile,
    Ratio,
    Retention,
    Step,
    TimeToEvent,
    Window,
)
from twyman.metrics.source import AttributeSource, ExposureSource, FactSource, Frame, Grain, Source, Timestamp

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SPRING = datetime(2024, 3, 8)  # noqa: DTZ001 - clocks on the wall go forward in New York two nights later
AUTUMN = datetime(2024, 11, 1)  # noqa: DTZ001 - and back here
ZONES = ("UTC", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe")
ARMS = (Arm("control", 0.5, control=True), Arm("treatment", 0.3, value="B"), Arm("other", 0.2))
UNITS = range(1, 9)
SURE = (9, 10)
"""Units of which there is one exposure, with a fact after it and something known before: somebody is left."""
HOMES = ("a", "b", "c", "d")
WALL, INSTANT, DATE = pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32()
INSTANTS = (WALL, WALL, INSTANT)
PLAYS = {"ms": pa.float64(), "n": pa.int32(), "place": pa.string()}

offsets = st.integers(0, 4 * 24 * 5).map(lambda quarters: quarters * HOUR / 4)
"""Times as they lie after the season's start, to the quarter of an hour: ties are many."""
grains = st.sampled_from([Grain.INSTANT, Grain.INSTANT, Grain.DAY])
amounts = st.one_of(st.none(), st.integers(-3, 9).map(float), st.integers(-99, 99).map(lambda one: one / 4))
counts = st.one_of(st.none(), st.integers(0, 5))
places = st.sampled_from(["web", "app", None])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, strategy, strategy, st.none())


def table(schema: Mapping[str, pa.DataType], rows: list[tuple[Any, ...]], season: datetime) -> Frame:
    """Rows as a table in memory; lengths of time count from the season's start."""
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [
        pa.array([_dated(value, kind, season) for value in column], kind)
        for kind, column in zip(schema.values(), columns, strict=True)
    ]
    return Frame(pa.table(dict(zip(schema, arrays, strict=True))))


def _dated(value: Any, kind: pa.DataType, season: datetime) -> Any:
    if not isinstance(value, timedelta):
        return value
    return (season + value).date() if pa.types.is_date(kind) else season + value


@dataclass(frozen=True)
class Setting:
    """What a world has.

    Attributes:
        arms: How many.
        homes: How units come by homes: `column` of exposures, `link`, or not at all.
        devices: Whether plays name devices.
    """

    season: datetime
    zone: str
    arms: int
    homes: str
    devices: bool
    plays: Grain


@st.composite
def settings_of(draw: st.DrawFn) -> Setting:
    return Setting(
        draw(st.sampled_from([SPRING, AUTUMN])),
        draw(st.sampled_from(ZONES)),
        draw(st.sampled_from([2, 3])),
        draw(st.sampled_from(["", "", "column", "link"])),
        draw(st.sampled_from([False, False, True])),
        draw(grains),
    )


@st.composite
def exposures(draw: st.DrawFn, setting: Setting) -> ExposureSource:
    known = [arm.value or arm.name for arm in ARMS[: setting.arms]]
    homes = {unit: draw(maybe(st.sampled_from(HOMES))) for unit in UNITS}
    sides = {key: draw(st.sampled_from(known)) for key in (*UNITS, *HOMES, None)}
    wall = draw(st.sampled_from([*INSTANTS, DATE]))
    rows: list[tuple[Any, ...]] = [(unit, known[unit % 2], f"of {unit}", (unit - 8) * 10 * HOUR, True) for unit in SURE]
    for unit, at, odd in draw(
        st.lists(st.tuples(maybe(st.sampled_from(UNITS)), maybe(offsets), st.integers(0, 19)), max_size=14)
    ):
        home = draw(st.sampled_from(HOMES)) if odd == 0 else homes.get(unit)
        side = (
            sides[home if setting.homes == "column" else unit]
            if odd < 15
            else draw(st.sampled_from([*known, "stray", "", None]))
        )
        rows.append((unit, side, home, at, draw(st.sampled_from([True, True, True, False, None]))))
    schema = {"user_id": pa.int64(), "arm": pa.string(), "home": pa.string(), "at": wall, "kept": pa.bool_()}
    return ExposureSource(
        name="exposures",
        relation=table(schema, draw(st.permutations(rows)), setting.season),
        entities={"user": "user_id"} | ({"household": "home"} if setting.homes == "column" else {}),
        timestamp=Timestamp("at", draw(grains)),
        arm="arm",
        where=draw(st.sampled_from([None, None, "kept", "kept is not false and coalesce(user_id, 0) <> 8"])),
    )


@st.composite
def facts(draw: st.DrawFn, setting: Setting, name: str) -> FactSource:
    devices = setting.devices and name == "plays"
    grain = setting.plays if name == "plays" else Grain.INSTANT
    wall = draw(st.sampled_from([DATE, WALL] if grain is Grain.DAY else INSTANTS))
    texts = draw(st.booleans()) and not devices
    ids = st.integers(100, 105) if devices else st.sampled_from(UNITS)
    given = draw(st.lists(st.tuples(maybe(ids), maybe(offsets), amounts, counts, places, maybe(offsets)), max_size=26))
    first = 100 if devices else 9
    rows = [(first, 11 * HOUR, 2.0, 2, "web", HOUR), (first + 1, 21 * HOUR, 3.5, 4, "app", HOUR), *given]
    if texts:
        rows = [(None if unit is None else str(unit), *rest) for unit, *rest in rows]
    kind = pa.string() if texts else pa.int64()
    return FactSource(
        name=name,
        relation=table({"who": kind, "at": wall, **PLAYS, "loaded": WALL}, draw(st.permutations(rows)), setting.season),
        entities={"device": "who"} if devices else {"user": "who"},
        timestamp=Timestamp("at", grain),
        arrived=draw(st.sampled_from([None, None, "loaded"])),
        measures={"seconds": "ms / 1000", "big": "ms > 2"},
        where=draw(st.sampled_from([None, None, "n is distinct from 3", "coalesce(place, 'web') <> 'app'"])),
    )


@st.composite
def people(draw: st.DrawFn, setting: Setting) -> AttributeSource:
    countries = st.sampled_from(["NZ", "SE", None, 'a"b'])
    rows = draw(st.lists(st.tuples(maybe(st.sampled_from(UNITS)), maybe(offsets), countries, counts), max_size=12))
    schema = {"id": pa.int64(), "since": WALL, "country": pa.string(), "age": pa.int32()}
    return AttributeSource(
        name="people",
        relation=table(schema, [(9, HOUR, "NZ", 3), (10, HOUR, "SE", 1), *rows], setting.season),
        entities={"user": "id"},
        timestamp=draw(st.sampled_from([None, Timestamp("since")])),
        columns={
            "country": "country", "age": "age", "young": "age < 4", "seen": "since",
            "new": "since > exposed_at - interval 2 day",
        },
    )  # fmt: skip


@st.composite
def links(draw: st.DrawFn, setting: Setting) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name, wanted, columns in (
        ("homes", setting.homes == "link", ("user", "household")),
        ("owners", setting.devices, ("device", "user")),
    ):
        if not wanted:
            continue
        owned = st.sampled_from(UNITS) if name == "homes" else st.integers(102, 105)
        owner = st.sampled_from(HOMES) if name == "homes" else st.sampled_from(UNITS)
        first = [(9, "of 9", HOUR), (10, "of 10", HOUR)] if name == "homes" else [(100, 9, HOUR), (101, 10, HOUR)]
        rows = [*first, *draw(st.lists(st.tuples(maybe(owned), maybe(owner), maybe(offsets)), max_size=8))]
        kind = pa.string() if name == "homes" else pa.int64()
        found[name] = AttributeSource(
            name=name,
            relation=table({"one": pa.int64(), "other": kind, "since": WALL}, rows, setting.season),
            entities=dict(zip(columns, ("one", "other"), strict=True)),
            timestamp=draw(st.sampled_from([None, Timestamp("since")])),
        )
    return found


WHERES = (
    None, None, "n > 1", "place = 'web' or ms < 0", "not (n between 1 and 3)", "coalesce(place, 'x') <> 'app'",
    "n in (1, 2, null)", "ms / 2 > n - 1", "date_trunc('day', at) >= '2024-03-10'", "extract(hour from at) % 2 = 0",
    "upper(place) like 'W%' and n is not null", "big",
)  # fmt: skip
NUMBERS = ("ms", "n", "seconds", "abs(ms) + n", "n // 2", "case when n > 2 then n else ms end")
scales = st.sampled_from([1.0, 1.0, 1 / 60, -2.0])
wheres = st.sampled_from(WHERES)


@st.composite
def values(draw: st.DrawFn, *aggregates: Aggregate) -> FactValue:
    aggregate = draw(st.sampled_from(aggregates or [one for one in Aggregate if one is not Aggregate.EACH]))
    columns = {Aggregate.COUNT: (None, "big", *NUMBERS), Aggregate.EACH: NUMBERS}.get(aggregate, ("big", *NUMBERS))
    source = draw(st.sampled_from(["plays", "plays", "taps"]))
    return FactValue(source, aggregate, draw(st.sampled_from(columns)), draw(wheres), draw(scales))


@st.composite
def funnels(draw: st.DrawFn, setting: Setting) -> Funnel:
    sources = st.sampled_from(["plays", "taps"] if setting.plays is Grain.INSTANT else ["taps"])
    within = st.sampled_from([None, None, 2 * HOUR, DAY])
    count = draw(st.integers(2, 3))
    return Funnel(ChainValue(tuple(Step(f"s{i}", draw(sources), draw(wheres), draw(within)) for i in range(count))))


bounds = st.builds(Bound, st.sampled_from(Comparator), st.sampled_from([0, 1.0, 2.5]))
shares = st.sampled_from([0.5, 0.9, 0.25])
windows = st.builds(
    Window, after=st.sampled_from([0 * DAY, DAY]), length=st.sampled_from([None, DAY, 7 * HOUR, 2 * DAY])
)
bounded = st.builds(Window, after=st.sampled_from([0 * DAY, DAY]), length=st.sampled_from([DAY, 2 * DAY, 3 * DAY]))
adjustments = st.builds(
    Adjustment,
    window=st.sampled_from([DAY, 2 * DAY, 36 * HOUR]),
    covariates=st.sampled_from([(), ("plain",)]),
    attributes=st.sampled_from([(), ("age",), ("people.young",)]),
)  # fmt: skip
caps = st.sampled_from([None, None, Cap(percentile=90), Cap(percentile=37.5), Cap(limit=2.5)])


@st.composite
def waits(draw: st.DrawFn, setting: Setting) -> TimeToEvent:
    value = draw(values())
    steps = [DAY] if value.facts == "plays" and setting.plays is Grain.DAY else [DAY, 12 * HOUR, 6 * HOUR]
    return TimeToEvent(replace(value, aggregate=Aggregate.COUNT, scale=1.0), draw(st.sampled_from(steps)))


@st.composite
def metrics(draw: st.DrawFn, setting: Setting, name: str) -> Metric:
    plain = (
        st.builds(Mean, values()),
        st.builds(Proportion, values()),
        st.builds(Proportion, values(), bounds),
        st.builds(Ratio, values(), values()),
        st.builds(Retention, values(), st.lists(bounded, max_size=2, unique_by=lambda one: one.after).map(tuple)),
    )
    others = (
        st.builds(Quantile, values(), shares),
        st.builds(Quantile, values(Aggregate.EACH), shares),
        st.builds(Participation, values()),
        funnels(setting),
        waits(setting),
    )
    kind: Kind = draw(st.one_of(*plain, *others))
    whole = isinstance(kind, Participation | TimeToEvent)
    simple = isinstance(kind, Mean | Proportion | Ratio | Retention)
    return Metric(
        name=name,
        kind=kind,
        window=draw(bounded if whole else windows),
        cohort=draw(st.sampled_from(Cohort)),
        missing=draw(st.sampled_from(Missing)),
        cap=draw(caps) if isinstance(kind, Mean | Ratio) else None,
        adjustment=draw(st.one_of(st.none(), adjustments)) if simple else None,
    )


PLAIN = Metric(name="plain", kind=Mean(FactValue("plays", Aggregate.SUM, "n")), cap=Cap(limit=4))

tests = st.sampled_from(
    [
        Where("country", Is("NZ")), Where("country", Is(None)), Where("country", In(("se", "NZ"), ignore_case=True)),
        Where("country", StartsWith("n", ignore_case=True)), Where("country", Contains('"')),
        Where("country", Exists()),
        Where("age", Range(1, 3)), Where("age", Range(end=2, end_in=True)), Where("age", Is(3)),
        Where("young", Is(value=True)), Where("seen", Range(Time("2024-03-09T12:00:00Z"), None)),
    ]
)  # fmt: skip
criteria: st.SearchStrategy[Expression] = st.one_of(
    tests,
    st.builds(Not, tests),
    st.builds(lambda one, other: All((one, other)), tests, tests),
    st.builds(lambda one, other: Some((one, Not(other))), tests, tests),
)
triggers = st.builds(
    Trigger, facts=st.sampled_from(["plays", "taps"]), counterfactual=st.just(Counterfactual.LOGGED), where=wheres
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    setting = draw(settings_of())
    found = draw(exposures(setting))
    sources: dict[str, Source] = {"exposures": found, **draw(links(setting))}
    sources |= {name: draw(facts(setting, name)) for name in ("plays", "taps")}
    sources["people"] = draw(people(setting))
    followed = [draw(metrics(setting, "m")), draw(metrics(setting, "other")), PLAIN]
    start = setting.season.replace(tzinfo=UTC)
    experiment = Experiment(
        name="e",
        arms=tuple(replace(arm, share=1 / setting.arms) for arm in ARMS[: setting.arms]),
        tracked=tuple(Tracked(metric=metric.name, role=Role.SUCCESS) for metric in followed),
        entry=Entry.EXPOSURES,
        source="exposures",
        entity="user",
        randomised_by="household" if setting.homes else "",
        enrol_from=draw(st.sampled_from([None, None, start + 8 * HOUR])),
        enrol_until=draw(st.sampled_from([None, None, start + 70 * HOUR])),
        strata=draw(st.sampled_from([(), ("country",), ("country", "young")])),
        dimensions=draw(st.sampled_from([(), (), ("country",), ("new", "country")])),
        crossed=draw(st.sampled_from([(), (), (("country", "young"),)])),
        trigger=draw(st.one_of(st.none(), st.none(), triggers)),
        population=draw(st.one_of(st.none(), st.none(), criteria)),
        exclude=draw(st.one_of(st.just(()), st.builds(lambda when: (Excluded("s", when),), criteria))),
    )
    cutoff = start + draw(st.sampled_from([3, 5, 400])) * DAY
    return Question(
        experiment=experiment,
        catalogue=Catalogue(
            {"user": "integer", "household": "string", "device": "integer"},
            sources,
            {metric.name: metric for metric in followed},
        ),
        zone=setting.zone,
        cutoff=Cutoff(cutoff, cutoff + draw(st.sampled_from([0, 1])) * DAY),
    )
