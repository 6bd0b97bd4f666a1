"""The vectors that every runtime answers alike: written by the plain reading, met by every resolver of ours.

`GOLDEN=rewrite pytest tests/flags/test_golden_assignment_vectors.py` writes them anew; then read the diff.
"""

import json
import os
from typing import Any

import msgspec
import pytest
from tests.cohorts.one_row import all_evaluations
from tests.flags.assignment_vectors import CONTEXTS, FILE, STATE, document, shown

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.resolver import Vectorised
from twyman.flags.compiled import Compiled
from twyman.flags.document import read
from twyman.flags.evaluation import Reason
from twyman.flags.resolve import Interpreter
from twyman.flags.state import State

ENVIRONMENTS = ("production",)


def vectors() -> dict[str, Any]:
    return json.loads(FILE.read_text())


def state_of(found: dict[str, Any]) -> State:
    return read(msgspec.json.encode(found["state"]))


def test_the_vectors_are_the_golden_ones() -> None:
    plain = Interpreter(STATE, environments=ENVIRONMENTS)
    answers = {
        name: [shown(flag, plain.evaluate(name, context), context) for context in CONTEXTS]
        for name, flag in STATE.flags.items()
    }
    if os.environ.get("GOLDEN") == "rewrite":
        FILE.write_text(document(answers))

    assert FILE.read_text() == document(answers)


@pytest.mark.parametrize("make", [Interpreter, Compiled], ids=["interpreter", "compiled"])
def test_every_resolver_meets_them(make: Any) -> None:
    found = vectors()
    state = state_of(found)
    resolver = make(state, environments=ENVIRONMENTS)
    for name, expected in found["answers"].items():
        got = [shown(state.flags[name], resolver.evaluate(name, context), context) for context in found["contexts"]]
        assert got == expected, name


def test_the_vectorised_resolver_meets_them_all_at_once() -> None:
    found = vectors()
    state, contexts = state_of(found), found["contexts"]
    resolver, cohort = Vectorised(state, environments=ENVIRONMENTS), Cohort.of_contexts(contexts)
    for name, expected in found["answers"].items():
        evaluations = all_evaluations(resolver, name, cohort)
        pairs = zip(evaluations, contexts, strict=True)
        assert [shown(state.flags[name], answer, context) for answer, context in pairs] == expected, name


def test_they_tell_every_flag_from_one_that_is_always_on_or_off() -> None:
    answers = vectors()["answers"]
    assert sum(map(len, answers.values())) >= 300
    told = {name for name, rows in answers.items() if len({tuple(row[:2]) for row in rows}) > 1}
    assert set(answers) - told == {"left to the caller"}
    reasons = {row[0] for rows in answers.values() for row in rows}
    assert reasons == {Reason.MATCH, Reason.NO_MATCH, Reason.UNIT_ERROR}
