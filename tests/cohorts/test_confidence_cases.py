"""Every published case of Confidence's resolver, all of one client's in one cohort."""

from collections import defaultdict
from typing import Any

import pytest
from tests.cohorts.one_row import all_evaluations
from tests.flags.confidence_cases import (
    ABSENT,
    FOLDER,
    Case,
    Materialized,
    answer_of,
    cases,
    expected_of,
    meets,
    memory_of,
    resolver_of,
)

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.resolver import Vectorised
from twyman.flags.resolve import Interpreter

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

CASES = cases()
GOOD = [case for case in CASES if case["expectedResult"]["general"].get("expectError") is None]


def by_secret() -> dict[str, list[Case]]:
    """Return the cases that are to be answered, by who asks."""
    found = defaultdict[str, list[Case]](list)
    for case in GOOD:
        found[case["resolveRequest"]["clientSecret"]].append(case)
    return found


@pytest.mark.parametrize("secret", by_secret())
def test_all_cases_of_a_client_are_answered_in_one_go(secret: str) -> None:
    asked = by_secret()[secret]
    resolver: Any = resolver_of(Vectorised, secret)
    contexts = [case["resolveRequest"].get("evaluationContext") or {} for case in asked]
    for row, case in enumerate(asked):
        wanted = [name.removeprefix("flags/") for name in case["resolveRequest"].get("flags") or []]
        flags = [name for name in resolver.flags if not wanted or name in wanted]
        rows = [all_evaluations(resolver, flag, Cohort.of_contexts(contexts), memory_of(case)) for flag in flags]
        assert meets(answer_of([answers[row] for answers in rows]), expected_of(case)), case["name"]


def test_every_flag_answers_every_context_as_the_plain_reading_does() -> None:
    for secret in by_secret():
        plain, fast = resolver_of(Interpreter, secret), resolver_of(Vectorised, secret)
        assert plain is not None
        contexts = [case["resolveRequest"].get("evaluationContext") or {} for case in by_secret()[secret]]
        cohort, memory = Cohort.of_contexts(contexts), Materialized({})
        for flag in plain.flags:
            expected = [plain.evaluate(flag, context, memory) for context in contexts]
            assert all_evaluations(fast, flag, cohort, memory) == expected  # type: ignore[arg-type]


def test_all_but_the_errors_are_there() -> None:
    assert len(CASES) == 111
    assert len(GOOD) == sum(len(asked) for asked in by_secret().values())
