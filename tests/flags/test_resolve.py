"""What the plain reading of rules answers, rule by rule."""

from random import Random
from typing import Any

import pytest
from tests.flags.random_states import Remembered, drawn_context, drawn_memory, drawn_state

from twyman.flags.bucketing import bucket_of
from twyman.flags.evaluation import Assignment, Evaluation, Kept, Reason
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Sticky, Variant
from twyman.flags.memory import NOTHING
from twyman.flags.population import IdList
from twyman.flags.resolve import Interpreter, claimed, dealt, kept_side
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import All, Broken, Expression, FlagIs, In, InPopulation, InSegment, Is, Not, Some, Where

VARIANTS = (Variant("on", {"rows": 1}), Variant("off", {"rows": 2}))
EVERYBODY = (Slice(0, 1_000_000),)
ON, OFF = (Split((Assigned(EVERYBODY, name, id=f"id-{name}"),)) for name in ("on", "off"))
NOTED = Split((Assigned(EVERYBODY, to=Outcome.FALLTHROUGH, id="id-noted"),))
DEFAULT = Split((Assigned(EVERYBODY, to=Outcome.CLIENT_DEFAULT, id="id-default"),))
HALVES = Split((Assigned((Slice(0, 5),), "on"), Assigned((Slice(5, 10),), "off")), "s", 10)
KIWI, SWEDE = Where("country", In(("NZ",))), Where("country", Is("SE"))
U1: dict[str, Any] = {"targeting_key": "u-1", "country": "NZ"}
NOBODY: dict[str, Any] = {"country": "NZ"}


def asking(*rules: Rule, client: str | None = None, environments: tuple[str, ...] = (), **more: Any) -> Interpreter:
    """Return what answers for a flag with these rules, called page."""
    others = more.pop("others", ())
    of_flag = {name: more.pop(name) for name in ("default", "archived", "broken", "clients") if name in more}
    flags = (Flag("page", VARIANTS, rules, **of_flag), *others)
    return Interpreter(State({flag.name: flag for flag in flags}, **more), client=client, environments=environments)


def answer(*rules: Rule, context: Any = None, memory: Any = NOTHING, **more: Any) -> Evaluation:
    """Return what a flag with these rules answers."""
    return asking(*rules, **more).evaluate("page", U1 if context is None else context, memory)


def serves(*rules: Rule, **more: Any) -> str:
    """Return the rule that serves, or why none does."""
    found = answer(*rules, **more)
    return found.rule or found.reason.value


# Rules in order


def test_the_first_rule_that_matches_serves_its_variant_with_all_that_is_said_of_it() -> None:
    found = answer(Rule("a", OFF, when=SWEDE), Rule("b", ON, when=KIWI, experiment="e"), Rule("c", OFF))
    made = Assignment("b", "on", Outcome.VARIANT, "", "id-on", "e")
    assert found == Evaluation("page", Reason.MATCH, "on", {"rows": 1}, "b", is_split=False, assignments=(made,))


def test_a_rule_that_deals_units_out_says_so() -> None:
    bucket = bucket_of("u-1", salt="s", buckets=10)
    found = answer(Rule("ab", HALVES))
    assert (found.is_split, found.variant) == (True, "on" if bucket < 5 else "off")


def test_a_flag_that_isnt_there_isnt_found() -> None:
    found = asking().evaluate("no such flag", U1)
    assert (found.reason, found.detail) == (Reason.NOT_FOUND, "flag 'no such flag' isn't there")


def test_without_a_rule_that_serves_it_is_the_default_or_nothing() -> None:
    assert answer(default="off") == Evaluation("page", Reason.NO_MATCH, "off", {"rows": 2})
    assert answer() == Evaluation("page", Reason.NO_MATCH)
    assert answer(default="no such variant") == Evaluation("page", Reason.NO_MATCH)


def test_a_default_whose_value_is_null_is_the_callers_own() -> None:
    flag = Flag("page", (Variant("none", None),), default="none")
    assert Interpreter(State({"page": flag})).evaluate("page", {}).variant == ""


def test_an_archived_flag_serves_its_default_and_isnt_listed() -> None:
    found = asking(Rule("a", ON), archived=True, default="off", others=[Flag("b", ())])
    assert found.evaluate("page", U1) == Evaluation("page", Reason.ARCHIVED, "off", {"rows": 2})
    assert found.flags == ("b",)


def test_a_broken_flag_says_why_even_where_it_is_archived() -> None:
    found = answer(Rule("a", ON), broken="odd", archived=True)
    assert (found.reason, found.detail, found.variant) == (Reason.BROKEN, "odd", "")


@pytest.mark.parametrize(
    ("clients", "client", "seen"),
    [(("web",), "web", True), (("web",), "tv", False), (("web",), None, True), ((), "web", False), ((), None, True)],
)
def test_a_flag_is_seen_by_its_clients_and_by_nobody_in_particular(clients: Any, client: Any, seen: bool) -> None:  # noqa: FBT001
    found = asking(Rule("a", ON), clients=clients, client=client)
    assert (found.evaluate("page", U1).reason is Reason.MATCH, "page" in found.flags) == (seen, seen)


def test_a_flag_without_clients_is_seen_by_all() -> None:
    assert serves(Rule("a", ON), client="anybody") == "a"


def test_a_rule_that_is_off_is_passed_over() -> None:
    assert serves(Rule("a", ON, enabled=False), Rule("b", ON)) == "b"


@pytest.mark.parametrize(
    ("of_rule", "asked_from", "rule"),
    [((), (), "a"), ((), ("prod",), "a"), (("prod",), (), "b"), (("prod",), ("test",), "b"), (("x", "y"), ("y",), "a")],
)
def test_a_rule_works_in_its_environments(of_rule: Any, asked_from: Any, rule: str) -> None:
    assert serves(Rule("a", ON, environments=of_rule), Rule("b", ON), environments=asked_from) == rule


# Fallthroughs and client defaults


def test_a_fallthrough_is_noted_and_the_next_rule_serves() -> None:
    found = answer(Rule("a", NOTED), Rule("b", NOTED, when=SWEDE), Rule("c", NOTED, by="country"), Rule("d", ON))
    assert [(made.rule, made.to, made.by, made.id) for made in found.assignments] == [
        ("a", Outcome.FALLTHROUGH, "", "id-noted"),
        ("c", Outcome.FALLTHROUGH, "country", "id-noted"),
        ("d", Outcome.VARIANT, "", "id-on"),
    ]
    assert (found.rule, found.variant) == ("d", "on")


def test_fallthroughs_alone_serve_the_default_and_are_noted_all_the_same() -> None:
    found = answer(Rule("a", NOTED), default="off")
    assert (found.reason, found.variant, found.rule, found.applies) == (Reason.NO_MATCH, "off", "", True)


def test_a_client_default_matches_and_leaves_it_to_the_caller() -> None:
    found = answer(Rule("a", DEFAULT), Rule("b", ON), default="off")
    assert (found.reason, found.variant, found.value, found.rule) == (Reason.MATCH, "", None, "a")
    assert found.assignments[0].to is Outcome.CLIENT_DEFAULT


# Units


def test_a_rule_by_an_attribute_that_is_missing_is_passed_over() -> None:
    assert serves(Rule("a", ON, by="device.id"), Rule("b", ON)) == "b"
    assert serves(Rule("a", ON, by="targeting_key"), Rule("b", ON), context=NOBODY) == "b"


def test_a_rule_for_everybody_needs_no_unit_and_one_that_deals_does() -> None:
    assert serves(Rule("a", ON), context=NOBODY) == "a"
    assert serves(Rule("a", HALVES), Rule("b", ON), context=NOBODY) == "b"
    assert serves(Rule("a", ON, claims=(Claim("c", (Slice(0, 999_999),)),)), context=NOBODY) == "no_match"
    assert serves(Rule("a", ON, claims=(Claim("c", EVERYBODY),)), context=NOBODY) == "a"


@pytest.mark.parametrize("odd", [3.14, True, "x" * 101, {}, "\ud800"])
def test_a_unit_that_is_no_id_ends_the_matter(odd: object) -> None:
    context = {"targeting_key": odd, "other": odd}
    found = answer(Rule("a", NOTED, when=SWEDE), Rule("b", HALVES), Rule("c", ON), context=context, default="off")
    assert (found.reason, found.variant, found.assignments) == (Reason.UNIT_ERROR, "", ())
    assert found.detail
    assert serves(Rule("a", ON, by="other"), Rule("b", ON), context=context) == "unit_error"


def test_a_unit_that_is_no_id_doesnt_matter_to_a_rule_for_everybody_nor_to_one_that_is_off() -> None:
    rules = Rule("off", HALVES, enabled=False), Rule("a", ON)
    assert serves(*rules, context={"targeting_key": 3.14}) == "a"


def test_a_rule_deals_by_the_attribute_it_names() -> None:
    units = [f"u-{number}" for number in range(50)]
    by_user = [answer(Rule("ab", HALVES, by="user.id"), context={"user": {"id": unit}}).variant for unit in units]
    by_key = [answer(Rule("ab", HALVES), context={"targeting_key": unit}).variant for unit in units]
    assert by_user == by_key == ["on" if bucket_of(unit, salt="s", buckets=10) < 5 else "off" for unit in units]


# Splits and shares


def test_a_bucket_of_no_side_goes_on_to_the_next_rule() -> None:
    bucket = bucket_of("u-1", salt="s", buckets=10)
    gap = Split((Assigned((Slice(0, bucket), Slice(bucket + 1, 10)), "on"),), "s", 10)
    assert serves(Rule("a", gap), Rule("b", ON)) == "b"


def test_where_sides_overlap_the_first_one_takes_the_unit() -> None:
    both = Split((Assigned((Slice(0, 10),), "off"), Assigned((Slice(0, 10),), "on")), "s", 10)
    assert answer(Rule("a", both)).variant == "off"


def test_one_side_in_two_slices_is_no_rule_for_everybody() -> None:
    halves = Split((Assigned((Slice(0, 5), Slice(5, 10)), "on"),), "s", 10)
    assert not halves.is_whole
    assert serves(Rule("a", halves), context=NOBODY) == "no_match"
    assert serves(Rule("a", halves)) == "a"


def test_a_unit_is_in_where_it_is_in_all_of_several_claims() -> None:
    left, right = (Claim(salt, (Slice(0, 500_000),), salt) for salt in "ab")
    for unit in [f"u-{number}" for number in range(100)]:
        both = left.holds(unit) and right.holds(unit)
        assert claimed((left, right), unit) == both
        assert (serves(Rule("a", ON, claims=(left, right)), context={"targeting_key": unit}) == "a") == both
    assert claimed((), None)


def test_disjoint_slices_of_one_group_share_no_unit() -> None:
    first, second = (Claim("g", (part,)) for part in (Slice(0, 300_000), Slice(300_000, 600_000)))
    units = [f"u-{number}" for number in range(500)]
    assert not any(first.holds(unit) and second.holds(unit) for unit in units)
    assert any(first.holds(unit) for unit in units)


def test_the_split_of_a_rule_is_another_draw_than_its_share() -> None:
    rule = Rule("ab", HALVES, claims=(Claim("g", (Slice(0, 500_000),)),))
    found = {answer(rule, context={"targeting_key": f"u-{number}"}).variant for number in range(100)}
    assert found == {"on", "off", ""}


# Targeting


@pytest.mark.parametrize(
    ("when", "rule"),
    [
        (None, "a"),
        (KIWI, "a"),
        (SWEDE, "no_match"),
        (Not(SWEDE), "a"),
        (All((KIWI, Not(SWEDE))), "a"),
        (All((KIWI, SWEDE)), "no_match"),
        (All(()), "a"),
        (Some(()), "no_match"),
        (Some((SWEDE, KIWI)), "a"),
        (Broken("odd"), "no_match"),
        (Not(Broken("odd")), "no_match"),
        (Some((KIWI, Broken("odd"))), "a"),
        (Some((Broken("odd"), KIWI)), "no_match"),
        (All((SWEDE, Broken("odd"))), "no_match"),
        (Not(All((SWEDE, Broken("odd")))), "a"),
        (InSegment("kiwis"), "a"),
        (InSegment("nobody"), "no_match"),
        (InSegment("lost"), "no_match"),
        (Not(InSegment("lost")), "a"),
        (Not(InSegment("loop")), "no_match"),
        (InSegment("nested"), "a"),
        (InPopulation("testers"), "a"),
        (Not(InPopulation("testers")), "no_match"),
        (InPopulation("lost"), "no_match"),
    ],
    ids=str,
)
def test_an_expression_holds_or_doesnt(when: Expression | None, rule: str) -> None:
    segments = {
        "kiwis": Segment("kiwis", KIWI),
        "nobody": Segment("nobody", KIWI, (Claim("c", ()),)),
        "loop": Segment("loop", InSegment("loop")),
        "nested": Segment("nested", All((InSegment("kiwis"), Not(InSegment("nobody"))))),
    }
    populations = {"testers": IdList(frozenset({"u-1"}))}
    assert serves(Rule("a", ON, when=when), segments=segments, populations=populations) == rule


def test_a_rule_wants_its_segment_and_its_own_targeting_and_share() -> None:
    segments = {"kiwis": Segment("kiwis", KIWI)}
    assert serves(Rule("a", ON, "kiwis"), segments=segments) == "a"
    assert serves(Rule("a", ON, "kiwis"), segments=segments, context={**U1, "country": "SE"}) == "no_match"
    assert serves(Rule("a", ON, "kiwis", SWEDE), segments=segments) == "no_match"
    assert serves(Rule("a", ON, "kiwis", KIWI, (Claim("c", ()),)), segments=segments) == "no_match"


def test_a_population_is_asked_by_the_unit_of_the_rule_and_else_the_memory() -> None:
    populations = {"p": IdList(frozenset({"d-1"}))}
    rule = Rule("a", ON, when=InPopulation("p"), by="device")
    assert serves(rule, context={"device": "d-1"}, populations=populations) == "a"
    assert serves(rule, context={"device": "u-1"}, populations=populations) == "no_match"
    kept = Remembered({("p", "u-1", "r"): ""})
    assert serves(Rule("a", ON, when=InPopulation("p")), memory=kept) == "a"
    assert serves(Rule("a", ON, when=InPopulation("p")), memory=kept, populations=populations) == "no_match"
    assert serves(Rule("a", ON, when=InPopulation("p")), memory=kept, context=NOBODY) == "no_match"


# Prerequisites


def other(*rules: Rule, **more: Any) -> Flag:
    """Return a flag called other."""
    return Flag("other", VARIANTS, rules, **more)


@pytest.mark.parametrize(
    ("flag", "variants", "rule"),
    [
        (other(Rule("r", ON)), ("on",), "a"),
        (other(Rule("r", ON)), ("off", "on"), "a"),
        (other(Rule("r", ON)), ("off",), "no_match"),
        (other(Rule("r", ON)), (), "no_match"),
        (other(default="off"), ("off",), "a"),
        (other(Rule("r", ON), archived=True, default="off"), ("off",), "a"),
        (other(), ("",), "a"),
        (other(Rule("r", ON), clients=()), ("on",), "a"),
        (other(broken="odd"), ("", "on"), "no_match"),
        (other(Rule("r", HALVES, by="bad")), ("on",), "no_match"),
    ],
)
def test_a_prerequisite_is_what_another_flag_serves_in_the_same_context(flag: Flag, variants: Any, rule: str) -> None:
    rules = (Rule("a", ON, when=FlagIs("other", variants)),)
    assert serves(*rules, others=[flag], client="web", context={**U1, "bad": 1.5}) == rule


def test_a_prerequisite_is_asked_from_the_same_environments_and_with_the_same_memory() -> None:
    rule = Rule("a", ON, when=FlagIs("other", ("off",)))
    away = other(Rule("r", OFF, environments=("prod",)))
    assert serves(rule, others=[away], environments=("prod",)) == "a"
    assert serves(rule, others=[away], environments=("test",)) == "no_match"
    kept = other(Rule("r", Split((Assigned((), "off"), *ON.assigned)), sticky=Sticky("kept")))
    assert serves(rule, others=[kept]) == "no_match"
    assert serves(rule, others=[kept], memory=Remembered({("kept", "u-1", "r"): "off"})) == "a"


def test_a_prerequisite_that_isnt_there_or_leads_round_in_a_circle_skips_the_rule() -> None:
    for wanted in ("lost", "loop"):
        loop = Flag("loop", VARIANTS, (Rule("r", ON, when=FlagIs("loop", ("on",))),))
        rules = Rule("a", ON, when=Not(FlagIs(wanted, ("on",)))), Rule("b", ON)
        assert serves(*rules, others=[loop]) == "b"


def test_what_a_prerequisite_notes_isnt_logged() -> None:
    rule = Rule("a", ON, when=FlagIs("other", ("on",)))
    sticky = Sticky(writes="kept")
    found = answer(rule, others=[other(Rule("n", NOTED), Rule("r", ON, sticky=sticky))])
    assert ([made.rule for made in found.assignments], found.keep) == (["a"], ())


# Sticky


def sticky(reads: str = "", writes: str = "", **more: Any) -> Rule:
    """Return a rule for half of New Zealand, of which nobody is in by the bucket, that keeps its variants."""
    return Rule("r", ON, when=KIWI, claims=(Claim("c", ()),), sticky=Sticky(reads, writes, **more))


KEPT = Remembered({("kept", "u-1", "r"): "off"})


def test_a_kept_variant_is_served_by_the_side_that_has_it() -> None:
    found = answer(Rule("r", HALVES, sticky=Sticky("kept", "kept")), memory=KEPT)
    assert (found.variant, found.rule, found.keep) == ("off", "r", ())


def test_a_kept_unit_stays_in_whatever_its_bucket() -> None:
    assert serves(sticky("kept"), memory=Remembered({("kept", "u-1", "r"): "on"})) == "r"
    assert serves(sticky("kept")) == "no_match"


def test_a_kept_unit_needs_the_targeting_unless_that_is_ignored() -> None:
    swede = {**U1, "country": "SE"}
    memory = Remembered({("kept", "u-1", "r"): "on"})
    assert serves(sticky("kept"), memory=memory, context=swede) == "no_match"
    assert serves(sticky("kept", ignores_targeting=True), memory=memory, context=swede) == "r"


def test_a_kept_unit_needs_the_targeting_of_the_segment_and_not_its_share() -> None:
    rule = Rule("r", ON, "kiwis", sticky=Sticky("kept"))
    segments = {"kiwis": Segment("kiwis", KIWI, (Claim("c", ()),))}
    memory = Remembered({("kept", "u-1", "r"): "on"})
    assert serves(rule, segments=segments, memory=memory) == "r"
    assert serves(rule, segments=segments, memory=memory, context={**U1, "country": "SE"}) == "no_match"
    assert serves(rule, segments=segments) == "no_match"


def test_a_paused_rule_takes_in_nobody_new() -> None:
    paused = Rule("r", HALVES, sticky=Sticky("kept", "kept", paused=True))
    assert serves(paused) == "no_match"
    assert serves(paused, memory=KEPT) == "r"


def test_a_kept_variant_that_no_side_serves_is_dealt_anew_whatever_the_share() -> None:
    for gone in ("gone", ""):
        memory = Remembered({("kept", "u-1", "r"): gone})
        found = answer(sticky("kept", "kept"), memory=memory)
        assert (found.variant, found.keep) == ("on", (Kept("kept", "u-1", "r", "on"),))


def test_a_rule_that_reads_needs_a_unit_and_one_that_only_writes_doesnt() -> None:
    assert serves(Rule("r", ON, sticky=Sticky("kept")), context=NOBODY) == "no_match"
    found = answer(Rule("r", ON, sticky=Sticky(writes="kept")), context=NOBODY)
    assert (found.variant, found.keep) == ("on", ())


def test_what_is_served_is_to_be_kept_and_so_is_that_nothing_was() -> None:
    rules = [Rule(name, split, sticky=Sticky(writes=f"in-{name}")) for name, split in (("a", NOTED), ("b", DEFAULT))]
    assert answer(*rules).keep == (Kept("in-a", "u-1", "a", ""), Kept("in-b", "u-1", "b", ""))
    assert answer(Rule("a", NOTED, sticky=Sticky(writes="k"))).keep == (Kept("k", "u-1", "a", ""),)
    assert answer(Rule("r", ON, sticky=Sticky("kept"))).keep == ()


def test_memory_is_asked_by_store_unit_and_rule() -> None:
    rule = Rule("r", HALVES, by="device", sticky=Sticky("kept", paused=True))
    context = {"targeting_key": "u-1", "device": "d-1"}
    for key, found in (
        (("kept", "d-1", "r"), "r"),
        (("kept", "u-1", "r"), "no_match"),
        (("x", "d-1", "r"), "no_match"),
    ):
        assert serves(rule, context=context, memory=Remembered({key: "off"})) == found


def test_a_broken_criterion_skips_a_sticky_rule_that_needs_it() -> None:
    rule = Rule("r", ON, when=Broken("odd"), sticky=Sticky("kept", "kept"))
    memory = Remembered({("kept", "u-1", "r"): "on"})
    assert serves(rule, Rule("b", ON), memory=memory) == "b"
    ignoring = Rule("r", ON, when=Broken("odd"), sticky=Sticky("kept", ignores_targeting=True))
    assert serves(ignoring, memory=memory) == "r"


def test_a_kept_variant_of_several_sides_is_the_side_of_the_units_bucket() -> None:
    bucket = bucket_of("u-1", salt="s", buckets=10)
    sides = (
        Assigned((Slice(0, bucket),), "on", id="below"),
        Assigned((Slice(bucket, bucket + 1),), "on", id="at"),
        Assigned((Slice(bucket + 1, 10),), "off", id="above"),
    )
    rule = Rule("r", Split(sides, "s", 10))
    assert kept_side(rule, "on", "u-1") is sides[1]
    assert kept_side(rule, "off", "u-1") is sides[2]
    assert kept_side(rule, "gone", "u-1") is None
    assert kept_side(rule, "", "u-1") is None
    assert dealt(rule, "u-1") is sides[1]
    elsewhere = Rule("r", Split((sides[0], Assigned(sides[0].slices, "on")), "s", 10))
    assert kept_side(elsewhere, "on", "u-1") is None


# Whatever happens


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_state_and_the_context_there_is_an_answer(seed: int) -> None:
    rng = Random(seed)  # noqa: S311
    state, context, memory = drawn_state(rng), drawn_context(rng), drawn_memory(rng)
    resolver = Interpreter(state, client="mobile", environments=("production",))
    for flag in [*state.flags, "no such flag"]:
        found = resolver.evaluate(flag, context, memory)
        assert found.flag == flag
        assert found == resolver.evaluate(flag, context, memory)
        assert (found.reason is Reason.MATCH) == bool(found.rule)
