"""Two paths from the same rows to the same numbers: whatever the rows, they agree, or one of them has a fault."""

from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from tests.warehouse.naive.worlds import questions

from twyman.app.agreement import Agreement, agreement
from twyman.app.ports import Question
from twyman.app.recomputation import Recomputed
from twyman.experiments.delivery import Delivery
from twyman.experiments.override import Override
from twyman.experiments.sign_off import SignOff
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import Reference
from twyman.metrics.source import Grain, Timestamp
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.naive.known import _KNOWN
from twyman.warehouse.naive.recompute import NaiveRecomputation
from twyman.warehouse.sql_warehouse import SqlWarehouse

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CONNECTOR = DuckDBConnector()
"""One for all: a connection costs more than an example."""
SEEN = Counter[str]()
"""How many examples were compared, and why the others weren't."""


def compared(question: Question) -> tuple[Agreement, Recomputed]:
    measured = SqlWarehouse(CONNECTOR).measure(question)
    recomputed = NaiveRecomputation(CONNECTOR).recompute(question)
    return agreement(measured, recomputed), recomputed


def assert_agree(question: Question) -> None:
    try:
        found, recomputed = compared(question)
    except Invalid as error:
        event(error.message[:24])
        SEEN[error.message[:60]] += 1
        return
    for left_out in recomputed.unverified:
        event(left_out.why[:40])
        SEEN[left_out.why[:60]] += 1
    SEEN["compared"] += 1
    assert not found.disagreements, found.disagreements[:5]
    assert found.numbers or recomputed.unverified


def test_what_no_number_depends_on_is_no_reason_to_verify_nothing(scene: Any, metric: Any) -> None:
    exposed = [(1, "treatment", NOON), (2, "control", NOON)]
    said = {
        "change": "page",
        "flag": "start-page",
        "surface": "home",
        "sealed": True,
        "assignments": "assigned",
        "delivery": Delivery("facts"),
        "signed": (SignOff(metric="m", arm="treatment", by="Dana", on=NOON.date(), estimate=0.1, because="seen"),),
        "overrides": (Override("aliased", "ads", "a reason", "somebody"),),
    }
    known = metric(references=(Reference("page", 0.1, "the largest"),))

    found, recomputed = compared(scene(exposed, [(1, NOON + HOUR, 1.0)], (known,), experiment=said).question())

    assert not recomputed.unverified
    assert found.numbers
    assert not found.disagreements


@pytest.mark.parametrize("kind", _KNOWN)
def test_every_part_of_a_definition_was_thought_of(kind: type[Any]) -> None:
    assert {one.name for one in fields(kind)} <= set(_KNOWN[kind].split())


def test_a_row_of_an_unknown_arm_is_no_first_exposure(scene: Any, metric: Any) -> None:
    exposed = [(1, "stray", NOON - 2 * DAY), (1, "treatment", NOON), (2, "control", NOON)]
    found, _ = compared(scene(exposed, [(1, NOON - DAY, 1.0)], (metric(),)).question())

    assert not found.disagreements


def test_facts_of_the_day_count_where_enrolment_begins_at_noon(scene: Any, metric: Any) -> None:
    exposed = [(1, "treatment", NOON + HOUR), (2, "control", NOON + HOUR)]
    by_day = {"timestamp": Timestamp("at", Grain.DAY)}
    one = scene(exposed, [(1, NOON - HOUR, 1.0)], (metric(),), exposures=by_day, experiment={"enrol_from": NOON})
    found, _ = compared(one.question())

    assert not found.disagreements


QUICK = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@QUICK
@given(questions())
def test_the_statement_and_the_rows_agree(question: Question) -> None:
    assert_agree(question)


@pytest.mark.slow
@LONG
@given(questions())
def test_the_statement_and_the_rows_agree_on_many_tables(question: Question) -> None:
    assert_agree(question)
