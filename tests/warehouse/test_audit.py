"""What each arm's units did around exposure, against a count by hand."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import sqlglot
from hypothesis import given, settings, strategies as st
from sqlglot import exp
from tests.warehouse.conftest import EXPOSED, PLAYED, arrow
from tests.warehouse.test_golden import DESCRIBED, TABLES, in_tables, question

from twyman.app.audited import Activity, Audited
from twyman.app.auditing import audit_checks
from twyman.app.ports import Question
from twyman.experiments.delivery import Delivery
from twyman.experiments.experiment import Role, Tracked
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean
from twyman.metrics.source import ExposureSource, FactSource, Frame, Grain, Timestamp
from twyman.stats.moments import Moments
from twyman.warehouse.connectors.described import DescribedConnector
from twyman.warehouse.duckdb import DuckDB
from twyman.warehouse.engine import Engine
from twyman.warehouse.statement.audit import compiled_audit

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
DAY, HOUR, WEEK = timedelta(days=1), timedelta(hours=1), timedelta(days=7)


@pytest.fixture
def world(scene: Any, metric: Any) -> Callable[..., Any]:
    """Sixty units with plays at random from three weeks before exposure on, some of them twice."""

    def made(**more: Any) -> Any:
        rng = np.random.default_rng(1)
        exposed = [
            (unit, ("control", "treatment")[unit % 2], NOON + int(rng.integers(0, 30)) * DAY) for unit in range(60)
        ]
        played = []
        for unit, _, at in exposed[:50]:
            for _ in range(int(rng.integers(1, 12))):
                moment = at + int(rng.integers(-21 * 24 * 60, 30 * 24 * 60)) * timedelta(minutes=1)
                moment += int(rng.integers(0, 2)) * timedelta(seconds=20)
                played += [(unit, moment, 1.0)] * int(rng.integers(1, 3))
            played += [(unit, at + HOUR, 2.0)] * (1 + unit % 3) + [
                (unit, at - HOUR / 2, 3.0),
                (unit, at + HOUR / 4, 4.0),
            ]
        return scene(**{"exposed": exposed, "played": played, "metrics": (metric(),), "cutoff": NOON + 35 * DAY} | more)

    return made


def audit(asked: Question) -> Audited:
    return DuckDB().audit(asked)


def by_hand(scene: Any, arm: str) -> dict[str, Any]:
    """Count rows one by one."""
    counts = {unit: Counter[str]() for unit, name, _ in scene.exposed if name == arm}
    day = dict[int, list[tuple[Any, ...]]]()
    for unit, name, at in scene.exposed:
        for _, when, ms in (row for row in scene.played if row[0] == unit and name == arm):
            if not at - 14 * DAY <= when < scene.cutoff:
                continue
            own, gap, full = counts[unit], when - at, at + 14 * DAY <= scene.cutoff
            own["before"] += when < at
            own["just_before"] += -HOUR <= gap < 0 * DAY
            own["after"] += when >= at
            own["first"] += full and 0 * DAY <= gap < WEEK
            own["second"] += full and WEEK <= gap < 2 * WEEK
            if 0 * DAY <= gap < DAY:
                day.setdefault(unit, []).append((when, ms))
    return {
        "counts": counts,
        "matured": sum(at + 14 * DAY <= scene.cutoff for _, name, at in scene.exposed if name == arm),
        "tested": sum(map(len, day.values())),
        "whole": sum(when.second == 0 for rows in day.values() for when, _ in rows),
        "repeated": sum(len(rows) - len(set(rows)) for rows in day.values()),
    }


@pytest.mark.parametrize("arm", ["control", "treatment"])
def test_an_audit_counts_as_one_would_by_hand(world: Callable[..., Any], arm: str) -> None:
    scene = world()

    found = next(one for one in audit(scene.question()).activity if one.arm == arm)

    wanted = by_hand(scene, arm)
    units = list(wanted["counts"].values())
    volume = np.array([[one["before"], one["just_before"], one["after"]] for one in units], dtype=float)
    assert (found.source, found.units, found.matured) == ("plays", 30, wanted["matured"])
    assert (found.tested, found.repeated) == (wanted["tested"], wanted["repeated"])
    assert 0 < found.whole_minutes == wanted["whole"] < found.tested
    assert found.active == (volume[:, 2] > 0).sum()
    assert found.volume.count == 30
    assert found.volume.means == pytest.approx(volume.mean(axis=0))
    assert found.volume.products == pytest.approx((volume - volume.mean(axis=0)).T @ (volume - volume.mean(axis=0)))
    assert found.rows == volume[:, [0, 2]].sum()
    assert found.most == volume[:, [0, 2]].sum(axis=1).max()


def test_weeks_are_of_the_units_that_have_been_in_for_both(world: Callable[..., Any]) -> None:
    scene = world()

    found = audit(scene.question()).activity[0]

    in_for_both = {u for u, arm, at in scene.exposed if arm == "control" and at + 14 * DAY <= scene.cutoff}
    counts = by_hand(scene, "control")["counts"]
    weeks = np.array([[counts[unit]["first"], counts[unit]["second"]] for unit in in_for_both], dtype=float)
    assert found.weeks.count == len(weeks) == found.matured
    assert found.weeks.means == pytest.approx(weeks.mean(axis=0))
    assert np.diagonal(found.weeks.products) == pytest.approx(weeks.var(axis=0) * len(weeks))


def test_the_busiest_unit_and_the_spread_of_logarithms(world: Callable[..., Any]) -> None:
    scene = world()
    scene.played.extend([(4, NOON + 31 * DAY, 9.0)] * 500)

    found = audit(scene.question()).activity[0]

    rows = [one["before"] + one["after"] for one in by_hand(scene, "control")["counts"].values()]
    logs = np.log([one for one in rows if one])
    assert (found.busiest, found.most) == ("4", max(rows))
    assert (found.log_mean, found.log_spread) == pytest.approx((logs.mean(), logs.std()))


def test_where_only_the_day_is_known_no_repeats_are_looked_for(world: Callable[..., Any]) -> None:
    found = audit(world(facts={"timestamp": Timestamp("at", grain=Grain.DAY)}).question()).activity[0]

    assert (found.tested, found.repeated, found.whole_minutes) == (0, 0, 0)
    assert found.volume.means[1] == 0
    assert found.rows > 0


def test_rows_that_differ_in_a_measure_or_in_what_they_are_of_are_no_repeats(scene: Any, metric: Any) -> None:
    played = [(1, NOON + HOUR, 1.0), (1, NOON + HOUR, 2.0), (1, NOON + HOUR, 2.0), (2, NOON + HOUR, 2.0)]
    exposed = [(1, "control", NOON), (2, "control", NOON), (3, "treatment", NOON)]
    more = scene(exposed=exposed, played=played, metrics=(metric(),))
    without = scene(exposed=exposed, played=played, metrics=(metric(),), facts={"measures": {}})

    assert [one.repeated for one in audit(more.question()).activity] == [1, 0]
    assert [one.repeated for one in audit(without.question()).activity] == [2, 0]


def test_units_with_more_than_one_row_are_counted_repeats_or_not(scene: Any, metric: Any) -> None:
    played = [(1, NOON - HOUR, 1.0), (1, NOON + HOUR, 2.0), (2, NOON + HOUR, 1.0), (2, NOON + HOUR, 1.0)]
    played += [(3, NOON + HOUR, 1.0), (5, NOON + HOUR, 1.0)]
    exposed = [(unit, "control", NOON) for unit in (1, 2, 3, 4)] + [(5, "treatment", NOON)]

    found = audit(scene(exposed=exposed, played=played, metrics=(metric(),)).question()).activity

    assert [(one.arm, one.with_rows, one.with_several, one.rows) for one in found] == [
        ("control", 3, 2, 5),
        ("treatment", 1, 0, 1),
    ]


def test_an_arm_without_a_row_counts_with_zeros(scene: Any, metric: Any) -> None:
    found = audit(
        scene(exposed=[(1, "control", NOON), (2, "treatment", NOON)], played=[], metrics=(metric(),)).question()
    )

    assert [(one.units, one.rows, one.volume.count) for one in found.activity] == [(1, 0, 1), (1, 0, 1)]
    assert found.exposed == {"control": 1, "treatment": 1}


def test_each_source_that_metrics_read_is_audited_once(scene: Any, metric: Any) -> None:
    found: list[Activity] = list(
        audit(
            scene(
                exposed=[(1, "control", NOON), (2, "treatment", NOON)],
                played=[(1, NOON, 1.0)],
                metrics=(metric(),),
            ).question()
        ).activity
    )

    assert [(one.source, one.arm) for one in found] == [("plays", "control"), ("plays", "treatment")]


def test_units_that_met_the_change_are_counted_after_exposure_only(scene: Any, metric: Any) -> None:
    exposed = [(unit, "treatment" if unit > 3 else "control", NOON) for unit in range(1, 7)]
    played = [(1, NOON + HOUR, 1.0), (4, NOON + HOUR, 1.0), (4, NOON + DAY, 1.0), (5, NOON + HOUR, 9.0)]
    played += [(6, NOON - HOUR, 1.0), (4, NOON + 61 * DAY, 1.0)]

    def met(where: str | None) -> object:
        declared = {"delivery": Delivery("plays", where)}
        return audit(scene(exposed=exposed, played=played, metrics=(metric(),), experiment=declared).question())

    found, all_of_them = met("ms < 5"), met(None)

    assert isinstance(found, Audited)
    assert isinstance(all_of_them, Audited)
    assert found.delivered == {"control": 1, "treatment": 1}
    assert found.exposed == {"control": 3, "treatment": 3}
    assert all_of_them.delivered == {"control": 1, "treatment": 2}


def test_what_shows_the_change_is_named_with_its_condition(scene: Any, metric: Any) -> None:
    """All may have facts of that source, and none the change."""
    exposed = [(unit, "treatment" if unit > 30 else "control", NOON) for unit in range(1, 61)]
    played = [(unit, NOON + HOUR, 9.0) for unit in range(1, 61)]
    declared = {"delivery": Delivery("plays", "ms < 5")}
    question = scene(exposed=exposed, played=played, metrics=(metric(),), experiment=declared).question()
    audited = audit(question)

    assert isinstance(audited, Audited)
    (told,) = [check for check in audit_checks(question.experiment, audited) if check.code == "not_delivered"]
    assert "met plays with ms < 5" in told.text


def test_a_delivery_whose_filter_cant_be_read_is_traced_to_its_line(scene: Any, metric: Any) -> None:
    asked = scene(
        exposed=[(1, "control", NOON), (2, "treatment", NOON)],
        played=[(1, NOON, 1.0)],
        metrics=(metric(),),
        experiment={"delivery": Delivery("plays", "pag = 1"), "origin": Origin("e.yaml", {"delivery.where": 17})},
    )

    with pytest.raises(Invalid, match="pag") as error:
        audit(asked.question())

    assert error.value.place is not None
    assert error.value.place.line == 17


def test_units_assigned_are_counted_by_arm_from_their_own_source(scene: Any, metric: Any) -> None:
    exposed = [(1, "control", NOON), (2, "treatment", NOON)]
    given = arrow(EXPOSED, [*exposed, (3, "treatment", NOON), (3, "treatment", NOON + DAY), (4, "control", NOON)])
    asked = scene(exposed=exposed, played=[], metrics=(metric(),), experiment={"assignments": "given"})
    source = ExposureSource(
        name="given",
        relation=Frame(given),
        entities={"user": "user_id"},
        timestamp=Timestamp("at"),
        arm="arm",
    )

    found = audit(replace(asked, sources={"given": source}).question())

    assert found.assigned == {"control": 2, "treatment": 2}
    assert found.exposed == {"control": 1, "treatment": 1}


ARRIVING = {"arrived": "loaded"}
MINUTE = timedelta(minutes=1)


def test_units_are_counted_by_what_most_of_their_rows_do_between_happening_and_arriving(
    scene: Any, metric: Any
) -> None:
    exposed = [(unit, "treatment", NOON) for unit in range(1, 7)] + [(7, "control", NOON)]

    def rows(unit: int, *delays: timedelta, at: datetime = NOON) -> list[tuple[Any, ...]]:
        return [(unit, at + place * HOUR, 1.0, at + place * HOUR + one) for place, one in enumerate(delays)]

    played = [
        *rows(1, -MINUTE, -MINUTE, MINUTE),  # ahead
        *rows(2, -MINUTE, MINUTE),  # half of them only
        *rows(3, HOUR, HOUR - MINUTE, 2 * HOUR),  # late
        *rows(4, HOUR - MINUTE),
        *rows(5, -MINUTE, -MINUTE, at=NOON - DAY),  # before exposure, when all arms are alike
        *rows(5, MINUTE),
        *rows(6, timedelta()),  # arrived as it happened
        *rows(7, HOUR),
    ]

    found = audit(scene(exposed=exposed, played=played, metrics=(metric(),), facts=ARRIVING).question()).activity

    assert [(one.arm, one.active, one.ahead, one.late) for one in found] == [
        ("control", 1, 0, 1),
        ("treatment", 6, 1, 1),
    ]


@pytest.mark.parametrize("facts", [{}, {**ARRIVING, "timestamp": Timestamp("at", grain=Grain.DAY)}])
def test_where_arrivals_arent_told_or_not_to_the_instant_nothing_is_said_of_them(
    scene: Any, metric: Any, facts: dict[str, Any]
) -> None:
    played = [(1, NOON + DAY, 1.0, NOON), (2, NOON + DAY, 1.0, NOON)]
    exposed = [(1, "control", NOON), (2, "treatment", NOON)]

    found = audit(scene(exposed=exposed, played=played, metrics=(metric(),), facts=facts).question()).activity

    assert [(one.active, one.ahead, one.late) for one in found] == [(1, None, None)] * 2


def beside_plays(made: Callable[..., Any], metric: Any, *paged: list[tuple[Any, ...]], **more: Any) -> Audited:
    """Audit plays beside other sources of facts: `pages`, `source 2`, and so on."""
    named = dict(zip(["pages", *(f"source {place}" for place in range(2, 9))], paged, strict=False))
    sources = {
        name: FactSource(
            name=name,
            relation=Frame(arrow(PLAYED, rows)),
            entities={"user": "user_id"},
            timestamp=more.pop("timestamp", Timestamp("at")),
        )
        for name, rows in named.items()
    }
    metrics = [replace(metric(FactValue(name, Aggregate.COUNT, None)), name=name) for name in named]
    return audit(made(metrics=(metric(), *metrics), sources=sources, **more).question())


def days_by_hand(scene: dict[str, Any], paged: list[tuple[Any, ...]], arm: str) -> dict[int, tuple[set[int], set[int]]]:
    """Return the days after exposure on which each unit of an arm has plays, and pages."""
    found = dict[int, tuple[set[int], set[int]]]()
    for place, rows in enumerate((scene["played"], paged)):
        for unit, at, *_ in rows:
            named, exposed_at = next((name, moment) for other, name, moment in scene["exposed"] if other == unit)
            day = (at - exposed_at) // DAY
            if named == arm and 0 <= day < 14:
                found.setdefault(unit, (set(), set()))[place].add(day)
    return found


MOMENTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-2 * 24, 16 * 24), st.just(1.0)).map(
        lambda row: (row[0], NOON + row[1] * HOUR, row[2])
    ),
    max_size=30,
)


@given(MOMENTS, MOMENTS)
@settings(max_examples=25, deadline=None)
def test_days_of_two_sources_are_those_that_one_would_count(
    scene: Any, metric: Any, played: list[tuple[Any, ...]], paged: list[tuple[Any, ...]]
) -> None:
    world = {"exposed": [(unit, ("control", "treatment")[unit % 2], NOON) for unit in range(6)], "played": played}

    found = beside_plays(scene, metric, paged, **world).together

    for arm in ("control", "treatment"):
        wanted = [(len(one), len(other), len(one & other)) for one, other in days_by_hand(world, paged, arm).values()]
        seen = found.pair("plays", "pages", arm) if found else Moments.empty(3)
        turned = found.pair("pages", "plays", arm) if found else Moments.empty(3)
        expected = Moments.of(wanted) if wanted else Moments.empty(3)
        assert seen.count == expected.count
        assert seen.means == pytest.approx(expected.means)
        assert seen.products == pytest.approx(expected.products)
        assert turned == seen.columns(1, 0, 2)


def test_days_are_compared_of_the_first_four_sources_that_tell_the_instant(scene: Any, metric: Any) -> None:
    world = {"exposed": [(1, "control", NOON), (2, "treatment", NOON)], "played": [(1, NOON + HOUR, 1.0)]}
    paged = [(1, NOON + HOUR, 1.0), (2, NOON + DAY, 1.0)]

    many = beside_plays(scene, metric, *[paged] * 5, **world)
    known_by_day = beside_plays(scene, metric, paged, timestamp=Timestamp("at", grain=Grain.DAY), **world)
    alone = audit(scene(metrics=(metric(),), **world).question())

    assert many.together is not None
    assert many.together.sources == ("plays", "pages", "source 2", "source 3")
    assert many.together.pair("source 3", "plays", "control") == Moments.of([[1, 1, 1]])
    assert many.together.pair("source 2", "source 3", "treatment") == Moments.of([[1, 1, 1]])
    assert [len({one.source for one in seen.activity}) for seen in (many, known_by_day, alone)] == [6, 2, 1]
    assert known_by_day.together is None
    assert alone.together is None


def test_an_audit_counts_the_same_by_day_and_without(scene: Any, metric: Any) -> None:
    exposed = [(unit, ("control", "treatment")[unit % 2], NOON) for unit in range(8)]
    played = [(unit % 8, NOON + unit * 5 * HOUR, 1.0) for unit in range(-20, 120)] * 2
    world = {"exposed": exposed, "played": played}

    beside = beside_plays(scene, metric, [(1, NOON, 1.0)], **world).activity[:2]

    for one, other in zip(beside, audit(scene(metrics=(metric(),), **world).question()).activity, strict=True):
        assert (one.rows, one.tested, one.repeated, one.most) == (other.rows, other.tested, other.repeated, other.most)
        assert one.repeated
        assert one.volume.means == pytest.approx(other.volume.means)
        assert one.volume.products == pytest.approx(other.volume.products)
        assert one.weeks.means == pytest.approx(other.weeks.means)


@pytest.mark.parametrize("engine", list(DESCRIBED))
def test_the_statement_is_written_for_every_engine_without_words_that_only_ours_knows(engine: str) -> None:
    dialect = DESCRIBED[engine]
    plays, sources = question("mean_capped_with_cuped", in_tables()), in_tables()
    again = replace(plays.catalogue.metrics["minutes"], name="again", kind=Mean(FactValue("again", Aggregate.COUNT)))
    asked = replace(
        plays,
        catalogue=Catalogue(
            plays.catalogue.entities,
            {**sources, "again": replace(sources["listening"], name="again")},
            {"minutes": plays.catalogue.metrics["minutes"], "again": again},
        ),
        experiment=replace(
            plays.experiment, tracked=(*plays.experiment.tracked, Tracked(metric="again", role=Role.INFORMATION))
        ),
    )
    session = Engine(DescribedConnector(dialect, {name: columns_of(name) for name in TABLES}))

    sql = ";\n".join(session.script(compiled_audit(session, asked)))

    found = sqlglot.parse(sql, dialect=dialect.printer)
    foreign = ["BY NAME", "REPLACE (", "FAVG(", "ARG_M", "MAKE_TIMESTAMP", "EPOCH_US(", "APPROX", "HASH("]
    foreign += ["FILTER("] if not dialect.filters else []
    assert all(isinstance(read, exp.Query) and not list(read.find_all(exp.Command)) for read in found)
    assert [word for word in foreign if word in sql.upper()] == []
    assert "both_0_1" in sql


def columns_of(name: str) -> dict[str, str]:
    return dict(column.strip().split(" ", 1) for column in TABLES[name].split(","))
