"""Explanations agree with the answer, and say for each rule what came of it and why."""

from random import Random
from typing import Any

import msgspec
import pytest
from tests.flags.random_states import Remembered, drawn_context, drawn_memory, drawn_state, drawn_view

from twyman.flags.bucketing import bucket_of
from twyman.flags.evaluation import Reason
from twyman.flags.explain import explain
from twyman.flags.explain.explanation import Explanation, Look, Trial, Verdict
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Sticky, Variant
from twyman.flags.population import IdList
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import (
    All,
    AnyOf,
    Broken,
    Contains,
    Exists,
    Expression,
    FlagIs,
    In,
    InPopulation,
    InSegment,
    Is,
    Not,
    Range,
    Some,
    Version,
    Where,
)

ALL = Split((Assigned((Slice(0, 1_000_000),), "on"),))
KIWI = Where("country", In(("NZ",)))
U1 = {"targeting_key": "u-1", "country": "NZ"}


def state_of(*rules: Rule, **more: Any) -> State:
    """Return a state of one flag with these rules."""
    return State({"page": Flag("page", (Variant("on", value=True), Variant("off", value=False)), rules)}, **more)


def trial_of(rule: Rule, context: Any = None, **more: Any) -> Trial:
    """Return what came of one rule."""
    memory = more.pop("memory", Remembered({}))
    explanation = explain(state_of(rule, **more), "page", U1 if context is None else context, memory=memory)
    assert len(explanation.rules) == 1
    return explanation.rules[0]


def look_at(when: Expression, context: Any = None, **more: Any) -> Look:
    """Return what an expression looks like."""
    [look] = trial_of(Rule("r", ALL, when=when), context, **more).looks
    return look


def disagreements(explanation: Explanation) -> list[str]:
    """Return where the trials of an explanation contradict its answer."""
    answer, reached = explanation.evaluation, [trial for trial in explanation.rules if trial.reached]
    served = [(trial.rule, trial.variant) for trial in reached if trial.verdict is Verdict.SERVED]
    noted = [(trial.rule, "") for trial in reached if trial.verdict is Verdict.NOTED]
    failed = any(trial.verdict is Verdict.UNIT_ERROR for trial in reached)
    wanted = [(answer.rule, answer.variant)] if answer.reason is Reason.MATCH else []
    checks = {
        "served": served == wanted or not explanation.rules,
        "noted": failed or [*noted, *served] == [(made.rule, made.variant) for made in answer.assignments],
        "failed": failed == (answer.reason is Reason.UNIT_ERROR),
    }
    return [name for name, agrees in checks.items() if not agrees]


def test_explanations_agree_with_the_answer_on_many_states() -> None:
    for seed in range(200):
        rng = Random(seed)  # noqa: S311
        state, memory, context = drawn_state(rng), drawn_memory(rng), drawn_context(rng)
        client, environments = drawn_view(rng)
        for flag in state.flags:
            said = explain(state, flag, context, client=client, environments=environments, memory=memory)
            plain = Interpreter(state, client=client, environments=environments)
            assert said.evaluation == plain.evaluate(flag, context, memory)
            assert not disagreements(said), (seed, flag)


@pytest.mark.parametrize("seed", range(40))
def test_any_explanation_can_be_written_as_text_and_as_json(seed: int) -> None:
    rng = Random(seed)  # noqa: S311
    state, context = drawn_state(rng), drawn_context(rng)
    for flag in [*state.flags, "no such flag"]:
        said = explain(state, flag, context)
        assert not disagreements(said)
        assert str(said).encode()
        assert msgspec.json.decode(msgspec.json.encode(said))["flag"] == flag


def test_a_rule_that_served_says_so_and_the_next_isnt_reached() -> None:
    said = explain(state_of(Rule("a", ALL, when=KIWI), Rule("b", ALL), Rule("c", ALL, enabled=False)), "page", U1)
    assert [(trial.verdict, trial.reached) for trial in said.rules] == [
        (Verdict.SERVED, True),
        (Verdict.SERVED, False),
        (Verdict.DISABLED, False),
    ]


def test_a_fallthrough_is_noted_and_the_next_rule_reached() -> None:
    noted = Split((Assigned((Slice(0, 1_000_000),), to=Outcome.FALLTHROUGH),))
    said = explain(state_of(Rule("a", noted), Rule("b", ALL)), "page", U1)
    assert [(trial.verdict, trial.reached) for trial in said.rules] == [(Verdict.NOTED, True), (Verdict.SERVED, True)]


def test_a_unit_that_is_no_id_ends_the_matter() -> None:
    half = Split((Assigned((Slice(0, 500_000),), "on"),), "s")
    said = explain(state_of(Rule("a", half), Rule("b", ALL)), "page", {"targeting_key": 1.5})
    assert [(trial.verdict, trial.reached) for trial in said.rules] == [
        (Verdict.UNIT_ERROR, True),
        (Verdict.SERVED, False),
    ]
    assert "unit is a float" in said.rules[0].why


@pytest.mark.parametrize(
    ("rule", "verdict", "why"),
    [
        (Rule("r", ALL, enabled=False), Verdict.DISABLED, ""),
        (Rule("r", ALL, environments=("prod",)), Verdict.ENVIRONMENT, "it works in 'prod'"),
        (Rule("r", ALL, segment="lost"), Verdict.FAULT, "segment 'lost' isn't defined"),
        (Rule("r", ALL, by="device.id"), Verdict.NO_UNIT, "'device.id' isn't in the context"),
        (Rule("r", ALL, by="country"), Verdict.SERVED, ""),
        (Rule("r", ALL, when=Broken("odd")), Verdict.BROKEN, ""),
        (Rule("r", ALL, when=Not(KIWI)), Verdict.NO_MATCH, ""),
        (Rule("r", Split((), "s")), Verdict.NO_SIDE, "no side of its split takes the unit's bucket"),
        (Rule("r", ALL, sticky=Sticky("kept", paused=True)), Verdict.PAUSED, "nothing is kept in 'kept', and"),
    ],
)
def test_a_rule_says_what_came_of_it(rule: Rule, verdict: Verdict, why: str) -> None:
    trial = trial_of(rule)
    assert trial.verdict is verdict
    assert trial.why.startswith(why)
    assert bool(trial.why) is bool(why)


def test_a_rule_without_a_unit_names_the_attribute_that_is_missing() -> None:
    split = Split((Assigned((Slice(0, 5),), "on"), Assigned((Slice(5, 10),), "off")), "s", 10)
    for rule in (Rule("r", split), Rule("r", ALL, sticky=Sticky("kept"))):
        trial = trial_of(rule, {"country": "NZ"})
        assert (trial.verdict, trial.why) == (Verdict.NO_UNIT, "'targeting_key' isn't in the context")


def test_a_kept_variant_is_said_to_be_kept() -> None:
    memory = Remembered({("kept", "u-1", "r"): "on"})
    trial = trial_of(Rule("r", ALL, when=KIWI, sticky=Sticky("kept")), memory=memory)
    assert (trial.verdict, trial.kept, trial.variant) == (Verdict.SERVED, True, "on")
    elsewhere = {**U1, "country": "SE"}
    away = trial_of(Rule("r", ALL, when=KIWI, sticky=Sticky("kept")), elsewhere, memory=memory)
    assert (away.verdict, away.kept) == (Verdict.NO_MATCH, False)
    stays = trial_of(Rule("r", ALL, when=KIWI, sticky=Sticky("kept", ignores_targeting=True)), elsewhere, memory=memory)
    assert (stays.kept, stays.looks) == (True, ())


def test_a_kept_variant_that_is_no_more_is_dealt_anew() -> None:
    trial = trial_of(Rule("r", ALL, sticky=Sticky("kept")), memory=Remembered({("kept", "u-1", "r"): "gone"}))
    assert (trial.verdict, trial.kept, trial.variant) == (Verdict.SERVED, False, "on")


def test_a_criterion_says_what_it_asked_and_what_it_found() -> None:
    look = look_at(Where("age", Range(18, 65)), {**U1, "age": 70})
    assert (look.asked, look.found, look.holds) == ("age is at least 18 and below 65", "70", False)
    missing = look_at(Where("age", Exists()))
    assert (missing.asked, missing.found, missing.holds) == ("age exists", "null", False)


@pytest.mark.parametrize(
    ("when", "asked"),
    [
        (Where("a", Is(None)), "a is null"),
        (Where("a", Is("x", ignore_case=True)), "a is 'x', in any case"),
        (Where("a", In(())), "a is one of none"),
        (Where("a", In(tuple(range(12)))), "a is one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more"),
        (Where("a", Range(end=Version("2.0"), end_in=True)), "a is at most version '2.0'"),
        (Where("a", Range(1, start_in=False)), "a is above 1"),
        (Where("a", Range()), "a is in a range without bounds"),
        (Where("a", Exists(there=False)), "a is missing or null"),
        (Where("a", AnyOf(Contains("x" * 80))), f"a has some element that contains '{'x' * 59}…'"),
        (InSegment("lost"), "in segment lost"),
        (FlagIs("page2", ("on",)), "flag page2 serves one of 'on'"),
    ],
)
def test_criteria_are_asked_in_words(when: Expression, asked: str) -> None:
    assert look_at(when).asked == asked


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (10**5000, "a number of 16,610 bits"),
        ("\ud800", "'\\ud800'"),
        ({"a": 1}, "a mapping of 1"),
        (["x", [1], None, True], "['x', a list of 1, null, true]"),
        (b"x", "a bytes"),
    ],
    ids=["number", "surrogate", "mapping", "list", "bytes"],
)
def test_whatever_was_found_is_said_in_a_few_words(value: object, found: str) -> None:
    assert look_at(Where("a", Exists()), {**U1, "a": value}).found == found


def test_what_stands_after_the_look_that_settles_isnt_reached() -> None:
    both = look_at(All((Not(KIWI), KIWI, Broken("odd"))))
    assert [(part.holds, part.reached) for part in both.parts] == [(False, True), (True, False), (None, False)]
    assert both.holds is False
    some = look_at(Some((Broken("odd"), KIWI)))
    assert (some.holds, some.parts[1].reached, some.parts[0].why) == (None, False, "odd")


def test_a_segment_shows_its_targeting_and_its_shares() -> None:
    bucket = bucket_of("u-1", salt="g")
    claims = (Claim("g", (Slice(bucket, bucket + 1),), "group"), Claim("h", ()))
    segment = look_at(InSegment("kiwis"), segments={"kiwis": Segment("kiwis", KIWI, claims)})
    assert [part.holds for part in segment.parts] == [True, True, False]
    drawn = segment.parts[1].draw
    assert drawn is not None
    assert (drawn.bucket, drawn.slices, drawn.group) == (bucket, (Slice(bucket, bucket + 1),), "group")


def test_a_share_of_everybody_draws_nothing() -> None:
    segment = look_at(InSegment("s"), segments={"s": Segment("s", claims=(Claim("g", (Slice(0, 1_000_000),)),))})
    assert segment.parts[0].holds
    assert segment.parts[0].draw is not None
    assert segment.parts[0].draw.bucket is None


def test_a_share_in_many_pieces_is_cut_short() -> None:
    claim = Claim("g", tuple(Slice(2 * place, 2 * place + 1) for place in range(100_000)))
    segment = look_at(InSegment("s"), segments={"s": Segment("s", claims=(claim,))})
    assert segment.parts[0].draw is not None
    assert (len(segment.parts[0].draw.slices), segment.parts[0].draw.more) == (8, 99_992)


def test_a_segment_that_cant_be_resolved_isnt_looked_into() -> None:
    loop = {"a": Segment("a", InSegment("b")), "b": Segment("b", InSegment("a"))}
    look = look_at(Some((KIWI, InSegment("a"))), segments=loop).parts[1]
    assert (look.holds, look.why, look.parts) == (None, "it is defined by way of itself", ())


def test_populations_say_who_was_asked() -> None:
    there = look_at(InPopulation("p"), populations={"p": IdList(frozenset({"u-1"}))})
    kept = look_at(InPopulation("p"), memory=Remembered({("p", "u-1", "r"): ""}))
    nobody = look_at(InPopulation("p"), {"country": "NZ"})
    assert [(look.holds, look.why) for look in (there, kept, nobody)] == [
        (True, ""),
        (True, "by what is kept"),
        (False, "no unit is known"),
    ]


def test_a_prerequisite_shows_what_the_other_flag_serves() -> None:
    other = Flag("other", (Variant("new", value=1),), default="new")
    state = State(
        {
            "page": Flag("page", (Variant("on", value=1),), (Rule("r", ALL, when=FlagIs("other", ("old",))),)),
            "other": other,
        }
    )
    [look] = explain(state, "page", U1).rules[0].looks
    assert (look.found, look.holds) == ("'new'", False)


def test_a_prerequisite_is_asked_from_the_same_environments() -> None:
    other = Flag("other", (Variant("on", value=1),), (Rule("r", ALL, environments=("prod",)),))
    page = Flag("page", (Variant("on", value=1),), (Rule("r", ALL, when=FlagIs("other", ("on",))),))
    said = explain(State({"page": page, "other": other}), "page", U1, environments=("prod",))
    assert said.rules[0].looks[0].holds


def test_a_split_shows_the_bucket_and_the_side_it_fell_to() -> None:
    bucket = bucket_of("u-1", salt="s", buckets=10)
    sides = Assigned((Slice(bucket, bucket + 1),), "off"), Assigned((Slice(0, 10),), "on")
    trial = trial_of(Rule("r", Split(sides, "s", 10)))
    assert trial.variant == "off"
    assert trial.split is not None
    assert (trial.split.bucket, trial.split.buckets, trial.split.slices) == (bucket, 10, (Slice(bucket, bucket + 1),))


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (Flag("page", (), archived=True), "page serves the caller's own default, as it is archived"),
        (Flag("page", (), broken="odd"), "page serves the caller's own default (odd)"),
        (Flag("page", (), clients=("web",)), "page serves the caller's own default (flag 'page' isn't there)"),
    ],
)
def test_a_flag_that_isnt_resolved_has_no_rules_to_explain(flag: Flag, said: str) -> None:
    explanation = explain(State({"page": flag}), "page", U1, client="mobile")
    assert (explanation.rules, str(explanation)) == ((), said)


def test_the_text_is_short_and_reads_from_top_to_bottom() -> None:
    share = Claim("g", (Slice(500_000, 700_000),), "main")
    state = state_of(
        Rule("testers", ALL, when=Where("user_id", In(("u-1", "u-2")))),
        Rule("half", Split((Assigned((Slice(0, 5),), "on"), Assigned((Slice(5, 10),), "off")), "s", 10), "kiwis"),
        Rule("rest", ALL, environments=("production",)),
        segments={"kiwis": Segment("kiwis", Some((KIWI, Broken("odd"))), (share,))},
    )
    said = explain(state, "page", {"targeting_key": "u-2", "country": "NZ"})
    assert str(said) == TEXT.strip()


TEXT = """
page serves 'on', by rule 'half'
  1. testers: no match
     no     user_id is one of 'u-1', 'u-2' (it is null)
  2. half: serves 'on'
     yes    in segment kiwis
       yes    some of
         yes    country is one of 'NZ' (it is 'NZ')
         (broken) a criterion that can't be understood (odd)
       yes    in the share of group main: bucket 598,587 of 1,000,000, wanted [500,000, 700,000)
     split under salt 's': bucket 1 of 10, of [0, 5)
  3. rest: not reached (else: environment (it works in 'production'))
"""
