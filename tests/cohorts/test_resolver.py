"""The vectorised resolver answers every row as the plain reading does: in every field, on cohorts of every kind."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from tests.cohorts.agreement import EVERYBODY, HALVES, ON, agree
from tests.flags.random_states import (
    TEXTS,
    UNITS,
    VERSIONS,
    Remembered,
    drawn_context,
    drawn_memory,
    drawn_state,
    drawn_test,
    drawn_view,
    memories,
    states,
)

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.resolver import Vectorised
from twyman.flags.context import Context
from twyman.flags.evaluation import Reason
from twyman.flags.flag import Flag, Rule
from twyman.flags.memory import Memory
from twyman.flags.state import State
from twyman.flags.targeting import Where


def random_contexts(seed: int) -> tuple[State, list[Context], Memory, dict[str, Any]]:
    rng = Random(seed)  # noqa: S311
    state, (client, environments), memory = drawn_state(rng), drawn_view(rng), drawn_memory(rng)
    return state, [drawn_context(rng) for _ in range(20)], memory, {"client": client, "environments": environments}


def test_random_states_in_contexts_of_every_kind() -> None:
    reasons = set[Reason]()
    for seed in range(40):
        state, contexts, memory, asker = random_contexts(seed)
        reasons |= set(agree(state, Cohort.of_contexts(contexts), memory, **asker))
    assert reasons == set(Reason) - {Reason.NOT_READY}


def random_table(rng: Random, rows: int) -> pa.Table:
    """Draw a table whose columns have the names that random states ask for, in types that people have."""

    def column(pool: Any, kind: Any = None) -> Any:
        return pa.array([rng.choice((*pool, None)) for _ in range(rows)], kind)

    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days) for days in range(-2, 200, 30)]
    user = pa.StructArray.from_arrays(
        [column(TEXTS), pa.StructArray.from_arrays([column((12, 13, 14))], ["id"])],
        ["country", "deep"],
        mask=pa.array([rng.random() < 0.2 for _ in range(rows)]),
    )
    columns = {
        "country": [column(TEXTS), column(TEXTS, pa.large_string()), column(TEXTS).dictionary_encode()],
        "age": [
            column((18, 0, -1, 17), pa.int8()),
            column((18, 10**18, 1767225600), pa.uint64()),
            column((18.0, 17.5, -0.0, float("inf"), 1e30, 5e17), pa.float64()),
            column((18.0, 17.5), pa.float32()),
            column((False, True)),
        ],
        "version": [column(VERSIONS)],
        "since": [
            column(moments, pa.timestamp("us", "UTC")),
            column([each.replace(tzinfo=None) for each in moments], pa.timestamp("ns")),
            column([each.date() for each in moments]),
        ],
        "tags": [
            column((["jazz", "NZ"], [], [None], ["18", "🦘", None])),
            column(([18, 0], []), pa.large_list(pa.int64())),
            column((["NZ", "SE"], ["u-1", None]), pa.list_(pa.string(), 2)),
            column(([["NZ"], []], [None])),
        ],
        "vip": [column((True, False)), pa.nulls(rows)],
        "user": [user],
        "": [column(TEXTS)],
        "targeting_key": [column((*UNITS, "", "x" * 100, "é" * 101)), column(range(40), pa.int32())],
        "user_id": [
            column(UNITS).dictionary_encode(),
            column((1.0, 2.5, 7.0)),
            column(range(-5, 40), pa.int64()).dictionary_encode(),
            column((True,)),
        ],
    }
    return pa.table({name: rng.choice(kinds) for name, kinds in columns.items() if rng.random() < 0.9})


def test_random_states_on_tables_of_every_type() -> None:
    for seed in range(40):
        rng = Random(seed)  # noqa: S311
        state, memory = drawn_state(rng), drawn_memory(rng)
        agree(state, Cohort.of_table(random_table(rng, 20)), memory)


def test_random_tests_on_columns_of_every_type() -> None:
    rng = Random(7)  # noqa: S311
    for _ in range(15):
        table = random_table(rng, 12)
        rules = {
            f"{place} {path}": Rule("asked", EVERYBODY, when=Where(path, drawn_test(rng)))
            for place, path in enumerate([*table.column_names, "user.country", "user.deep", "nowhere"] * 2)
        }
        agree(State({name: Flag(name, ON, (rule,)) for name, rule in rules.items()}), Cohort.of_table(table))


@settings(max_examples=15)
@given(states(), memories())
def test_states_that_hypothesis_can_shrink(state: State, memory: Remembered) -> None:
    rng = Random(1)  # noqa: S311
    agree(state, Cohort.of_contexts([drawn_context(rng) for _ in range(5)]), memory)


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_cohort_longer_than_a_block_is_one(pieces: int) -> None:
    state, contexts, memory, asker = random_contexts(5)
    agree(state, Cohort.of_contexts(contexts, block=7), memory, **asker)
    table = random_table(Random(5), 24)  # noqa: S311
    in_pieces = pa.concat_tables([table.slice(start, 24 // pieces) for start in range(0, 24, 24 // pieces)])
    agree(state, Cohort.of_table(in_pieces, block=7), memory, **asker)


def test_nobody_at_all_is_answered_nothing() -> None:
    state = State({"page": Flag("page", ON, (Rule("all", HALVES),))})

    for cohort in (Cohort.of_contexts([]), Cohort.of_table(pa.table({"targeting_key": pa.array([], pa.string())}))):
        assert len(Vectorised(state).evaluate("page", cohort)) == 0
