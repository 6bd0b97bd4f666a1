"""What a rule speaks to, scene by scene: broken parts, edges of types, prerequisites, and what is kept."""

from typing import Any

import pyarrow as pa
import pytest
from tests.cohorts.agreement import EVERYBODY, HALVES, ON, agree
from tests.flags.random_states import Remembered

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.column import ArrowColumn
from twyman.cohorts.criterion import meets
from twyman.cohorts.resolver import Vectorised
from twyman.flags.criteria.criterion import LONGEST_LIST
from twyman.flags.evaluation import Reason
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Sticky
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    Contains,
    EachOf,
    Exists,
    Expression,
    FlagIs,
    In,
    InPopulation,
    InSegment,
    Is,
    Matches,
    Not,
    Range,
    Some,
    Test,
    Time,
    Unknown,
    Version,
    Where,
)

PEOPLE = pa.table(
    {
        "targeting_key": ["u-1", "u-2", "u-3", None, "x" * 101],
        "country": ["NZ", "SE", None, "NZ", "NZ"],
        "age": [17, 18, None, 65, 30],
    }
)
NZ, ADULT, BROKEN = Where("country", In(("NZ",))), Where("age", Range(18, 65)), Broken("it isn't known")


def reasons_of(when: Expression, segments: dict[str, Segment] | None = None) -> list[str]:
    state = State({"page": Flag("page", ON, (Rule("asked", EVERYBODY, when=when),))}, segments or {})
    agree(state, Cohort.of_table(PEOPLE))
    return Vectorised(state).evaluate("page", Cohort.of_table(PEOPLE)).variant.to_pylist()


@pytest.mark.parametrize(
    ("when", "served"),
    [
        (All((NZ, ADULT)), [4]),
        (All((NZ, BROKEN)), []),
        (All((ADULT, Not(NZ), BROKEN)), []),
        (Some((NZ, BROKEN)), [0, 3, 4]),
        (Some((BROKEN, NZ)), []),
        (Not(All((NZ, BROKEN))), [1, 2]),
        (Not(Some((NZ, BROKEN))), []),
        (Not(NZ), [1, 2]),
        (Some((All((NZ, Not(ADULT))), All((Not(NZ), BROKEN)))), [0, 3]),
        (Where("country", Matches("(")), []),
        (Some((Where("age", Matches("(")), NZ)), [0, 3, 4]),
        (Not(Where("country", Unknown("sounds like"))), []),
        (All(()), [0, 1, 2, 3, 4]),
        (Some(()), []),
    ],
    ids=repr,
)
def test_a_broken_part_breaks_only_the_rows_that_reach_it(when: Expression, served: list[int]) -> None:
    assert [row for row, variant in enumerate(reasons_of(when)) if variant] == served


def test_a_rule_that_is_broken_for_some_rows_serves_the_others() -> None:
    assert reasons_of(InSegment("nz"), {"nz": Segment("nz", Some((NZ, BROKEN)))}) == ["on", "", "", "on", "on"]


@pytest.mark.parametrize(
    "test",
    [
        Range(18, 65, start_in=False, end_in=True),
        Range(17.5, None),
        Range(None, 2**53),
        Range(10**30, None),
        Range(-(10**30), 300),
        Range(float("inf"), None),
        Range("18", None),
        Range(Version("18"), None),
        Range(Time("1970-01-01"), Time("1970-01-01T00:00:30Z")),
        Is(18),
        Is(18.0),
        In(("18", "17", None)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["int8", "uint8", "int64", "uint64", "float32", "float64", "string"])
def test_numbers_at_the_edge_of_their_type(test: Test, kind: str) -> None:
    ages = pa.array([17, 18, None, 65, 127]).cast(kind)
    table = PEOPLE.set_column(2, "age", ages)
    agree(
        State({"page": Flag("page", ON, (Rule("asked", EVERYBODY, when=Where("age", test)),))}), Cohort.of_table(table)
    )


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()], ids=str)
def test_great_numbers_are_compared_digit_by_digit(kind: Any) -> None:
    table = pa.table({"age": pa.array([2**53, 2**53 + 1, 2**63 - 1, -(2**63)], pa.int64()).cast(kind, safe=False)})
    for bound in (2**53, 2**53 + 1, float(2**53), 2.0**63, -(2.0**63)):
        rules = [
            Rule("asked", EVERYBODY, when=Where("age", test)) for test in (Range(bound), Range(None, bound), Is(bound))
        ]
        agree(
            State({str(place): Flag(str(place), ON, (rule,)) for place, rule in enumerate(rules)}),
            Cohort.of_table(table),
        )


@pytest.mark.parametrize(
    "texts",
    [
        ("NZ", "SE"),
        ("NZ", None),
        (None,),
        (),
        ("seven77", "eight888"),
        tuple("abcdefghijklmn"),
        ("\ud800", "NZ"),
        ("", "\0"),
    ],
    ids=repr,
)
def test_sets_of_texts_short_and_long_few_and_many(texts: tuple[str, ...]) -> None:
    countries = ["NZ", None, "", "\0", "seven77", "eight888", "eight8888", "m", "NZ\0"]
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        table = pa.table({"country": pa.array(countries, pa.string()).cast(kind)})
        rules = [Rule("asked", EVERYBODY, when=Where("country", In(texts, fold))) for fold in (False, True)]
        agree(
            State({str(place): Flag(str(place), ON, (rule,)) for place, rule in enumerate(rules)}),
            Cohort.of_table(table),
        )


def test_a_prerequisite_is_answered_once_and_by_its_own_rules() -> None:
    other = Flag("other", ON, (Rule("nz", HALVES, when=NZ, by="targeting_key"),), default="off")
    rules = (
        Rule("asked", EVERYBODY, when=FlagIs("other", ("on",))),
        Rule("again", EVERYBODY, when=FlagIs("other", ("",))),
    )
    agree(State({"other": other, "page": Flag("page", ON, rules)}), Cohort.of_table(PEOPLE))


def test_an_error_of_the_unit_forgets_what_was_noted_before() -> None:
    noted = Assigned((Slice(0, 1_000_000),), "", Outcome.FALLTHROUGH)
    keeps = Sticky(writes="kept")
    rules = (Rule("noted", Split((noted,)), sticky=keeps), Rule("dealt", HALVES), Rule("nobody", HALVES, by="age"))
    reasons = agree(State({"page": Flag("page", ON, rules)}), Cohort.of_table(PEOPLE))
    assert Reason.UNIT_ERROR in reasons


def test_what_is_kept_is_asked_of_sticky_rules_only() -> None:
    memory = Remembered(
        {("kept", f"u-{unit}", "sticky"): variant for unit, variant in enumerate(("on", "off", "gone", ""))}
    )
    for paused in (False, True):
        for ignores in (False, True):
            sticky = Sticky("kept", "kept", paused=paused, ignores_targeting=ignores)
            when = Some((All((NZ, Where("age", Contains("7")))), NZ, BROKEN))
            rule = Rule("sticky", HALVES, when=when, claims=(Claim("c", (Slice(0, 600_000),)),), sticky=sticky)
            agree(State({"page": Flag("page", ON, (rule,))}), Cohort.of_table(PEOPLE), memory)


def test_a_population_that_no_state_holds_is_asked_of_the_memory() -> None:
    memory = Remembered({("vips", "u-2", "any"): ""})
    state = State({"page": Flag("page", ON, (Rule("vips", EVERYBODY, when=InPopulation("vips")),))})
    agree(state, Cohort.of_table(PEOPLE), memory)
    assert Vectorised(state).evaluate("page", Cohort.of_table(PEOPLE), memory).variants.tolist() == [0, 1, 0, 0, 0]


def test_slices_in_their_hundreds() -> None:
    sides = tuple(
        Assigned(tuple(Slice(start, start + 700) for start in range(first, 1_000_000, 3_000)), ("on", "off")[side])
        for side, first in enumerate((0, 500))
    )
    table = pa.table({"targeting_key": [f"u-{number}" for number in range(300)]})
    agree(State({"page": Flag("page", ON, (Rule("bits", Split(sides, "bits")),))}), Cohort.of_table(table))


LISTS = [["jazz", "soul"], ["jazz"], [], None, [None], ["soul", None], ["18"]]


@pytest.mark.parametrize(
    "test",
    [
        EachOf(In(("jazz", "soul"))),
        AnyOf(In(("soul",))),
        EachOf(Exists()),
        AnyOf(Exists(there=False)),
        Is("jazz"),
        Is(("jazz", "soul")),
        Is(None),
        AnyOf(Unknown("sounds like")),
        EachOf(Matches("(")),
        Range(17, 19),
    ],
    ids=repr,
)
def test_lists_are_asked_element_by_element(test: Test) -> None:
    rule = Rule("asked", EVERYBODY, when=Some((Where("tags", test), Where("row", In((0, 3))))))
    table = pa.table({"tags": pa.array(LISTS), "row": range(len(LISTS))})
    for tags in (table, table.slice(1)):
        agree(State({"page": Flag("page", ON, (rule,))}), Cohort.of_table(tags))


@pytest.mark.parametrize("test", [In(("x",)), EachOf(Is("x")), Is("x")])
def test_a_list_too_long_to_be_looked_at_breaks_its_row_alone(test: Test) -> None:
    lists = pa.array([["x"] * (LONGEST_LIST + 1), ["x"], ["x"] * LONGEST_LIST])
    truth = meets(test, ArrowColumn(lists))

    assert truth.holds.tolist() == [False, True, True]
    assert truth.broken is not None
    assert truth.broken.tolist() == [True, False, False]


def test_values_that_python_calls_equal_are_told_apart() -> None:
    values = [1, 1.0, True, "1", 0, 0.0, -0.0, False, float("nan"), float("nan"), 1]
    tests = [Is("1"), Is("0"), Is("-0"), Is(value=True), Is(1), Is(0)]
    flags = [Flag(repr(test), ON, (Rule("asked", EVERYBODY, when=Where("age", test)),)) for test in tests]
    cohort = Cohort.of_contexts([{"targeting_key": value, "age": value} for value in values])
    agree(State({flag.name: flag for flag in [*flags, Flag("dealt", ON, (Rule("dealt", HALVES),))]}), cohort)


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_a_null_beside_an_id_that_is_too_long_is_no_error(kind: Any) -> None:
    table = pa.table({"targeting_key": pa.array(["x" * 101, None, "é" * 100, "u-1"]).cast(kind)})
    state = State({"page": Flag("page", ON, (Rule("dealt", HALVES),))})
    assert agree(state, Cohort.of_table(table))[:2] == [Reason.UNIT_ERROR, Reason.NO_MATCH]
