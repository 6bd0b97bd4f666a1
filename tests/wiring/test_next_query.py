"""Queries that a check suggests next: each runs as it is said, over files and columns of any name."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from twyman.app.next_query import names
from twyman.app.ports import Question
from twyman.app.root_cause import with_cause
from twyman.doubt.check import Check, Status
from twyman.doubt.srm_cause import suspicions
from twyman.doubt.srm_kinds import Leaf
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.kernel.place import Origin
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Window
from twyman.metrics.source import (
    AttributeSource,
    ExposureSource,
    FactSource,
    Query,
    Source,
    Table,
    Timestamp,
    UnitSource,
)

EXPOSURES = ExposureSource(
    name="exposures",
    relation=Table("d/met it.csv"),
    entities={"user": "user id"},
    timestamp=Timestamp("exposed at"),
    arm="group",
    experiment="test-key",
    where='"is bot" = 0',
)
ASSIGNED = replace(
    EXPOSURES,
    name="assigned",
    relation=Table("d/dealt.txt"),
    entities={"user": "id"},
    arm="lower(arm)",
    experiment=None,
    where=None,
)
PLAYS = FactSource(
    name="plays", relation=Table("d/plays.parquet"), entities={"user": "listener"}, timestamp=Timestamp("at")
)
PROFILE = AttributeSource(
    name="profile", relation=Table("d/profile.csv"), entities={"user": "who"}, columns={"country": '"home country"'}
)
LOGGED = AttributeSource(
    name="logged", relation=EXPOSURES.relation, entities={"user": "user id"}, columns={"app version": "app version"}
)
MINUTES = Metric(
    name="minutes", kind=Mean(FactValue("plays", Aggregate.COUNT)), window=Window(length=timedelta(days=7))
)
EXPERIMENT = Experiment(
    name="page",
    key="page's",
    arms=(Arm("control", 0.5, control=True), Arm("new", 0.5)),
    tracked=(Tracked(metric="minutes", role=Role.SUCCESS),),
    entry=Entry.EXPOSURES,
    source="exposures",
    entity="user",
    assignments="assigned",
    dimensions=("country", "profile.country", "app version"),
    enrol_from=datetime(2024, 3, 1, tzinfo=UTC),
    flag="start-page",
    origin=Origin("tests/page.yaml"),
)


def asked(*more: Source, **changes: object) -> Question:
    held = {one.name: one for one in (EXPOSURES, ASSIGNED, PLAYS, PROFILE, LOGGED, *more)}
    catalogue = Catalogue(sources=held, metrics={"minutes": MINUTES})
    return Question(experiment=replace(EXPERIMENT, **changes), catalogue=catalogue)  # pyright: ignore[reportArgumentType]


def said(question: Question, dimension: str = "country", *values: str) -> Mapping[Leaf, str]:
    """What is said to run next, by kind of mismatch."""
    detail: dict[str, object] = {"dimension": dimension, "values": [*values], "alone": True}
    odd = Check(code="srm_by_segment", status=Status.BLOCK, text="", detail=detail)
    return {one.leaf: one.run for one in suspicions([odd], names(question))}


@pytest.fixture
def lake(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """Files of four units, one of them assigned and never exposed, and one a bot."""
    over = duckdb.connect(config={"file_search_path": str(tmp_path)})
    (tmp_path / "d").mkdir()
    met = "\n".join(
        f"u{unit},page's,{'AB'[unit % 2]},2024-03-0{unit} 10:00:00,{unit // 3},1.{unit}" for unit in (1, 2, 3)
    )
    header = "user id,test-key,group,exposed at,is bot,app version"
    (tmp_path / "d" / "met it.csv").write_text(f"{header}\n{met}\nu9,other,A,2024-03-01 10:00:00,0,1.1\n")
    (tmp_path / "d" / "dealt.txt").write_text("id,arm\nu1,B\nu2,A\nu3,B\nu4,A\n")
    (tmp_path / "d" / "profile.csv").write_text("who,home country\nu1,SE\nu2,Côte d'Ivoire\nu3,SE\n")
    over.sql(f"copy (select 'u1' as listener) to '{tmp_path}/d/plays.parquet'")
    return over


def test_every_query_runs_over_files_and_columns_of_any_name(lake: duckdb.DuckDBPyConnection) -> None:
    queries = {leaf: run for leaf, run in said(asked(), "country", "SE").items() if run.startswith("select")}

    found = {leaf: sorted(lake.sql(run).fetchall()) for leaf, run in queries.items()}

    assert len(found) == 16
    assert found[Leaf.REDIRECT] == [("a", 2, 1), ("b", 2, 1)]
    assert found[Leaf.JOINS] == [("A", 1, 0), ("B", 1, 1)]
    assert found[Leaf.PERFORMANCE] == [("B", 1)]
    assert found[Leaf.TRIGGER] == [("A", 1, 1), ("B", 2, 2)]
    assert found[Leaf.CACHING] == []
    assert [row[0] for row in found[Leaf.START]] == ["A", "B"]


@pytest.mark.parametrize(
    ("dimension", "values", "counted"),
    [
        ("country", ("Côte d'Ivoire",), [("A", 1)]),
        ("profile.country", ("SE", "(none)"), [("B", 1)]),
        ("app version", ("1.1", "1.2", "(rare)"), [("A", 1), ("B", 1)]),
        ("app version", ("(none)",), []),
    ],
)
def test_a_segment_is_asked_of_the_table_that_holds_it(
    lake: duckdb.DuckDBPyConnection, dimension: str, values: tuple[str, ...], counted: list[tuple[str, int]]
) -> None:
    assert sorted(lake.sql(said(asked(), dimension, *values)[Leaf.PERFORMANCE]).fetchall()) == counted


def test_what_has_no_name_is_a_word_in_capitals() -> None:
    queried = replace(EXPOSURES, relation=Query("select 1"), experiment=None, where=None)
    crossed = said(asked(queried), "country × platform", "SE × web")
    rare = said(asked(queried), "country", "(rare)")

    assert crossed[Leaf.PERFORMANCE].endswith("from EXPOSURES where SEGMENT = 'VALUE' group by 1")
    assert rare[Leaf.PERFORMANCE] == crossed[Leaf.PERFORMANCE]


def test_assignments_that_the_experiment_does_not_name_are_said_in_words() -> None:
    split = Check(code="srm", status=Status.BLOCK, text="")
    quiet = Check(code="srm_by_day", status=Status.OK, text="")

    *_, unnamed = with_cause(asked(assignments=""), [split, quiet])
    *_, named = with_cause(asked(), [split, quiet])

    assert "from ASSIGNMENTS) a left join" in str(unnamed.detail["next"])
    assert unnamed.text.endswith("group by 1. ASSIGNMENTS stands for your table of who was dealt which arm")
    assert "from read_csv('d/dealt.txt')) a left join" in str(named.detail["next"])
    assert "ASSIGNMENTS" not in named.text


def test_plain_tables_of_a_warehouse_stay_as_they_are() -> None:
    plain = replace(EXPOSURES, relation=Table("lake.exposed"), arm="arm", experiment=None, where=None)

    assert said(asked(plain))[Leaf.START] == (
        'select "arm", min("exposed at") as first, max("exposed at") as last from lake.exposed group by 1'
    )


def test_a_table_of_units_is_asked_for_its_own_columns(lake: duckdb.DuckDBPyConnection) -> None:
    units = UnitSource(
        name="exposures", relation=Table("d/profile.csv"), arm="home country", entities={"user": "who"},
        covariates={"country": '"home country"'},
    )  # fmt: skip

    run = said(asked(units, entry=Entry.UNITS), "country", "SE")[Leaf.PERFORMANCE]

    assert lake.sql(run).fetchall() == [("SE", 2)]


def test_commands_name_the_flag_and_the_definition_or_say_how_to_get_one() -> None:
    assert said(asked())[Leaf.CARRY_OVER] == "twyman aa tests/page.yaml"
    assert said(asked())[Leaf.BUCKETING] == "twyman flags explain start-page --context CONTEXT"
    assert said(asked(flag=""))[Leaf.BUCKETING] == "twyman flags explain FLAG --context CONTEXT"
    for hidden in (asked(sealed=True), asked(origin=Origin())):
        assert said(hidden)[Leaf.CARRY_OVER] == "twyman aa EXPERIMENT.yaml (doubt --write FOLDER writes one)"
