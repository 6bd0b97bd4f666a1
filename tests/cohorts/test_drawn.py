"""Contexts drawn from declared distributions, and numbers for their units and values."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.distribution import Between, Choice, Days, Draw, Given
from twyman.cohorts.drawn import drawn, known_ids
from twyman.cohorts.numbering import units_of, values_of
from twyman.flags.flag import Flag, Rule, Split
from twyman.flags.population import IdList
from twyman.flags.state import Segment, State
from twyman.flags.targeting import In, Is, Where

RULES = (Rule("a", Split(()), by="account.id"), Rule("b", Split(()), when=Where("account.id", Is("acc-7"))))
STATE = State(
    {"page": Flag("page", (), RULES)},
    {"nz": Segment("nz", Where("country", In(("NZ",))))},
    {"testers": IdList(frozenset(["t-1", "t-2"]))},
)
PLACES = Draw(
    20_000,
    3,
    {
        "country": Choice(("NZ", "SE"), (0.2, 0.7)),
        "plan": Given("country", {"NZ": Choice((True,), (1.0,)), "SE": Choice((False,), (0.5,))}),
        "tenure": Between(0, 3),
        "score": Between(0.5, 1.5),
        "device.since": Days(date(2015, 1, 1), date(2015, 1, 3)),
    },
)


def columns(cohort: Cohort) -> dict[str, list[object]]:
    rows = list(cohort)
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_shares_are_as_declared_and_what_is_left_over_has_none() -> None:
    found = columns(drawn(PLACES, STATE, np.random.default_rng(3)))
    countries = found["country"]

    assert [countries.count(value) / 20_000 for value in ("NZ", "SE", None)] == pytest.approx([0.2, 0.7, 0.1], abs=0.01)
    assert {*found["tenure"]} == {0, 1, 2, 3}
    assert (min(found["score"]), max(found["score"])) == pytest.approx((0.5, 1.5), abs=0.001)
    assert {row["since"] for row in found["device"]} == {"2015-01-01", "2015-01-02", "2015-01-03"}


def test_what_is_given_follows_what_it_is_given_by() -> None:
    found = columns(drawn(PLACES, STATE, np.random.default_rng(3)))
    pairs = [*zip(found["country"], found["plan"], strict=True)]

    assert {plan for country, plan in pairs if country == "NZ"} == {True}
    assert {plan for country, plan in pairs if country == "SE"} == {False, None}
    assert {plan for country, plan in pairs if country is None} == {None}


def test_one_seed_draws_one_cohort() -> None:
    one, same, other = (drawn(PLACES, STATE, np.random.default_rng(seed)) for seed in (3, 3, 4))

    assert list(one) == list(same)
    assert list(one) != list(other)


def test_ids_that_flags_know_are_among_them_on_every_path() -> None:
    first = [drawn(Draw(10), STATE, np.random.default_rng(1)).context(row) for row in range(4)]

    assert [row["targeting_key"] for row in first] == ["acc-7", "t-1", "t-2", "unit-3"]
    assert [row["account"] for row in first] == [{"id": "acc-7"}, {"id": "t-1"}, {"id": "t-2"}, {"id": "unit-3"}]


def test_a_long_list_of_ids_fills_half_at_most_evenly() -> None:
    many = State(populations={"all": IdList(frozenset(f"t-{n:03}" for n in range(100)))})

    cohort = drawn(Draw(10), many, np.random.default_rng(1))

    assert [row["targeting_key"] for row in cohort][:6] == ["t-000", "t-020", "t-040", "t-060", "t-080", "unit-5"]


def test_only_ids_are_known_ids() -> None:
    assert known_ids(STATE, ["targeting_key"]) == ("t-1", "t-2")


def test_values_of_several_types_are_texts() -> None:
    cohort = drawn(Draw(50, 1, {"odd": Choice((True, "x", 7), (0.3, 0.3, 0.4))}), State(), np.random.default_rng(1))

    assert {row["odd"] for row in cohort} == {"true", "x", "7"}


@pytest.mark.parametrize("block", [2, 100])
def test_numbers_are_the_same_for_the_same_unit_across_blocks(block: int) -> None:
    table = pa.table({"targeting_key": ["a", "b", None, "a", "c", "b"], "n": [1, 2, 1, None, 2, 1]})
    cohort = Cohort.of_table(table, block=block)

    assert units_of(cohort, "").tolist() == [0, 1, -1, 0, 2, 1]
    assert units_of(cohort, "n").tolist() == [0, 1, 0, -1, 1, 0]
    codes, values = values_of(cohort, "n")
    assert [values[code] if code >= 0 else None for code in codes] == ["1", "2", "1", None, "2", "1"]


def test_numbers_of_units_that_come_as_objects() -> None:
    cohort = Cohort.of_contexts([{"targeting_key": 7}, {"targeting_key": "7"}, {}, {"targeting_key": 7.5}])

    assert units_of(cohort, "").tolist() == [0, 0, -1, -1]


def test_a_cohort_of_nobody() -> None:
    assert units_of(Cohort.of_contexts([]), "").tolist() == []
    assert values_of(Cohort.of_contexts([]), "x")[1] == []
