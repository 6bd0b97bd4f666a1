"""Sources: the five kinds of table, and what can't be right about them."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from twyman.definitions import load, project_of
from twyman.metrics.source import (
    AggregateSource,
    AttributeSource,
    DayColumn,
    ExposureSource,
    FactSource,
    Frame,
    Grain,
    Query,
    Table,
    Timestamp,
    UnitSource,
)

Spoilt = Callable[..., list[str]]

FACTS = {"kind": "facts", "name": "plays", "table": "plays.csv", "entities": {"user": "id"}, "timestamp": "at"}
UNITS = {"kind": "units", "name": "shop", "table": "shop.csv", "row_is_unit": True, "arm": "segment"}
COUNTS = {"kind": "aggregates", "name": "trial", "columns": {"clicks": "Clicks"}}


def source(definition: dict[str, object]) -> object:
    return project_of([definition]).catalogue.sources[str(definition["name"])]


def test_facts_have_times_measures_and_a_filter(music: Path) -> None:
    facts = load(music).catalogue.source("listening", FactSource)

    assert facts.relation == Table("listening/*.parquet")
    assert facts.timestamp == Timestamp("played_at", Grain.INSTANT)
    assert facts.measures == {"seconds": "played_ms / 1000.0", "skipped": "skipped"}
    assert facts.entities == {"user": "user_id"}
    assert str(facts.origin.at("measures.seconds")) == "music.yaml:6"


def test_a_time_may_be_known_to_the_day_only() -> None:
    facts = source(FACTS | {"timestamp": {"column": "dt", "grain": "day"}, "settle": "48h", "where": "not is_bot"})

    assert isinstance(facts, FactSource)
    assert facts.timestamp == Timestamp("dt", Grain.DAY)
    assert facts.settle == timedelta(hours=48)
    assert facts.where == "not is_bot"


def test_a_source_may_be_a_query() -> None:
    facts = source({key: value for key, value in FACTS.items() if key != "table"} | {"sql": "select 1"})

    assert isinstance(facts, FactSource)
    assert facts.relation == Query("select 1")


def test_attributes_and_exposures_are_read(music: Path) -> None:
    catalogue = load(music).catalogue

    assert catalogue.source("profile", AttributeSource).columns == {"country": "country", "plan": "plan"}
    assert catalogue.source("profile", AttributeSource).timestamp is None
    assert catalogue.source("exposures", ExposureSource).experiment == "experiment"


def test_columns_may_be_a_list_or_named_expressions() -> None:
    units = source(UNITS | {"outcomes": ["visit", "spend"], "covariates": {"before": "history / 2"}})

    assert isinstance(units, UnitSource)
    assert units.outcomes == {"visit": "visit", "spend": "spend"}
    assert units.covariates == {"before": "history / 2"}


def test_units_may_have_ids() -> None:
    units = source({**UNITS, "row_is_unit": False, "entities": {"customer": "id"}})

    assert isinstance(units, UnitSource)
    assert units.entities == {"customer": "id"}


def test_counts_come_in_one_table_an_arm_or_with_a_column() -> None:
    tables = source(COUNTS | {"tables": {"control": "c.csv", "experiment": "e.csv"}, "unit": "clicks"})
    column = source(COUNTS | {"table": "all.csv", "arm": "grp", "day": {"column": "D", "format": "%d", "year": 2014}})

    assert isinstance(tables, AggregateSource)
    assert isinstance(column, AggregateSource)
    assert tables.relations == {"control": Table("c.csv"), "experiment": Table("e.csv")}
    assert column.relations == {"": Table("all.csv")}
    assert column.day == DayColumn("D", "%d", 2014)


def test_a_table_held_in_memory_is_a_frame() -> None:
    held = object()
    by_value, by_name = {**FACTS, "table": held}, {**FACTS, "name": "other", "table": "plays"}

    catalogue = project_of([by_value, by_name], tables={"plays": held}).catalogue

    assert [source.relation for source in catalogue.sources.values()] == [Frame(held), Frame(held)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "timestamp: played_at",
            "timestamp: played_at\nsql: select 1",
            "has both table and sql, and its rows come from one",
        ),
        ("table: listening/*.parquet\n", "", "a.yaml:1: facts 'listening': it has neither table nor sql"),
        (
            "timestamp: played_at",
            "timestamp: played_at\nsettle: 2d\narrived: a",
            "'arrived' already says when each row came",
        ),
        (
            "timestamp: played_at",
            "timestamp: played_at\nsettle: soon",
            "a.yaml:6: facts 'listening', settle: duration 'soon'",
        ),
        ("timestamp: played_at", "timestamp: {column: a, grain: month}", "'month' isn't one of the words known here"),
        ("{country: country, plan: plan}", "[country, country]", "'country' stands twice in columns"),
        ("{country: country, plan: plan}", "[Country Code]", "write columns as a mapping of names to expressions"),
    ],
)
def test_sources_that_cannot_be_right_are_refused(spoilt: Spoilt, before: str, after: str, said: str) -> None:
    assert said in "\n".join(spoilt(before, after))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("row_is_unit: true\n", "", "say what one unit is, once: write row_is_unit: true, or entities with its id"),
        (
            "row_is_unit: true",
            "row_is_unit: true\nentities: {customer: id}",
            "a.yaml:4: units 'shop': a table of units needs",
        ),
        ("covariates: [history]", "covariates: [spend]", "'spend' is both outcome and covariate"),
        ("row_is_unit: true", "entities: {}", "it names no entity, so no row could be told whose it is"),
    ],
)
def test_units_that_cannot_be_right_are_refused(spoilt_table: Spoilt, before: str, after: str, said: str) -> None:
    assert said in "\n".join(spoilt_table(before, after))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "table: a.csv",
            "one table of counts needs a column that tells the arms apart: add arm, or give tables by arm",
        ),
        ("table: a.csv\ntables: {control: c.csv}", "'tables' gives one table an arm"),
        ("tables: {control: c.csv}\nunit: click", "unit 'click' is none of its columns: did you mean 'clicks'?"),
    ],
)
def test_counts_that_cannot_be_right_are_refused(errors: Spoilt, more: str, said: str) -> None:
    assert said in errors(f"kind: aggregates\nname: trial\ncolumns: {{clicks: Clicks}}\n{more}\n")[0]
