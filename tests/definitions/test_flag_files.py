"""Flags as files: what each key means, and what every mistake is answered with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twyman.definitions import check
from twyman.definitions.flags import FlagFolder, load_flags
from twyman.flags.evaluation import Evaluation
from twyman.flags.flag import Flag, Outcome
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Slice, size

HEAD = "kind: flag\nname: page\nschema: bool\nvariants: {old: false, new: true}\n"
RULE = "{name: r, salt: s-1, split: {old: 50%, new: 50%}}"

Errors = Callable[..., list[str]]


def read(here: Path, text: str, **more: str) -> FlagFolder:
    for name, each in {"a": text, **more}.items():
        (here / f"{name}.yaml").write_text(each)
    return load_flags(here / "a.yaml")


def flag_of(here: Path, rules: str, head: str = HEAD) -> Flag:
    folder = read(here, f"{head}rules: [{rules}]\n")
    assert folder.errors == ()
    return folder.state.flags["page"]


def answer(here: Path, text: str, flag: str = "page", **context: Any) -> Evaluation:
    return Interpreter(read(here, text).state).evaluate(flag, context)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("name: r, serve: nw", "variant 'nw' isn't one of the flag's: did you mean 'new'?"),
        ("name: r, serve: new, split: {old: 50%}", "rule 'r' has both split and serve"),
        ("name: r", "rule 'r' has neither split nor serve"),
        ("name: r, salt: s, split: {old: 50%, new: 40%}", "shares sum to 90 %, and 10 % get nothing"),
        ("name: r, salt: s, split: {old: 50%, new: 60%}", "shares sum to 110 %, and there is only 100 %"),
        ("name: r, salt: s, split: {old: 1/3, new: 50%}", "no bucket can be cut: write 33.3333%"),
        ("name: r, salt: s, split: {old: 120%}", "share 120% isn't between 0 and 1"),
        ("name: r, serve: new, otherwise: fallthrough", "'otherwise' is for the rest, and nobody is left: add a share"),
        ("name: r, salt: s, share: 10%, split: {old: 50%}", "shares sum to 50 %, and 50 % get nothing: raise some"),
        ("name: r, split: {old: 50%, new: 50%}", "add salt: page.r, once, and keep it"),
        ("name: r, share: 1%, serve: new", "add salt: page.r, once"),
        ("name: r, salt: 'a|b', split: {old: 50%, new: 50%}", "salt 'a|b' can't be told from what stands beside it"),
        ("name: r, serve: new, enviroments: [x]", "key 'enviroments' isn't known in 'rules.0': did you mean 'environm"),
        ("name: r, serve: new, otherwise: old", "'rules.0.otherwise' 'old' isn't one of the words known here"),
        ("name: r, segment: gone, serve: new", "segment 'gone' isn't defined: none is defined"),
        ("name: r, serve: new, when: {segment: gone}", "segment 'gone' isn't defined"),
        ("name: r, serve: new, when: {flag: {name: pge, is: x}}", "flag 'pge' isn't defined: did you mean 'page'?"),
        ("name: r, serve: new, when: {flag: {name: page}}", "needs what the flag must serve: write is: and a variant"),
        ("name: r, serve: new, when: {flag: {name: page, is: new}}", "defined by way of itself (page → page)"),
    ],
)
def test_a_rules_mistake_is_said_with_its_cure(errors: Errors, spoilt: str, said: str) -> None:
    (error,) = errors(f"{HEAD}rules:\n  - {{{spoilt}}}\n")

    assert error.startswith(("a.yaml:6: flag 'page': ", "a.yaml:6: flag 'page', rules.0."))
    assert said in error


@pytest.mark.parametrize(
    ("spoilt", "line", "said"),
    [
        ("schema: boolean\nvariants: {on: true}", 3, "'schema' 'boolean' isn't a type: did you mean 'bool'?"),
        ("schema: int\nvariants: {a: 1.5}", 4, "'variants.a' doesn't fit the schema (1.5 isn't a whole number)"),
        ("schema: {rows: int}\nvariants:\n  a: {}", 5, "'variants.a' doesn't fit the schema ('rows' is missing)"),
        (
            "schema: {rows: int}\nvariants:\n  a: {rows: 1, x: 2}",
            5,
            "'variants.a.x' doesn't fit the schema ('x' isn't in",
        ),
        ("schema: {a: {b: [int]}}\nvariants:\n  v:\n    a:\n      b: [1, x]", 7, "'variants.v.a.b.1' doesn't fit"),
        ("schema: {type: int, minimum: 5, maximum: 1}\nvariants: {a: 3}", 3, "has its minimum above its maximum"),
        ("schema: {type: bool, minimum: 5}\nvariants: {a: true}", 3, "'schema.minimum' limits no bool: leave it out"),
        ("schema: {type: int, one_of: [x]}\nvariants: {a: 3}", 3, "'schema.one_of': 'x' isn't a whole number"),
        ("schema: {type: int, minimum: low}\nvariants: {a: 3}", 3, "'schema.minimum' isn't a number: write one"),
        ("schema: [int, string]\nvariants: {a: []}", 3, "'schema' has 2 types, and a list's elements one"),
        ("schema: {}\nvariants: {a: {}}", 3, "'schema' has no fields: write one"),
        ("schema: bool\nvariants: {}", 4, "it has no variant, so nothing could be served"),
        ("schema: bool\nvariants: {fallthrough: true}", 4, "'fallthrough' is no name for a variant"),
        (
            "schema: bool\nvariants: {on: true}\ndefault: onn",
            5,
            "default 'onn' isn't one of its variants: did you mean 'on'",
        ),
        ("variants: {on: true}", 1, "has no 'schema', which it needs: add schema:"),
    ],
)
def test_a_values_mistake_is_said_where_it_stands(errors: Errors, spoilt: str, line: int, said: str) -> None:
    (error,) = errors(f"kind: flag\nname: f\n{spoilt}\n")

    assert error.startswith(f"a.yaml:{line}: flag 'f': ")
    assert said in error


def test_a_share_of_a_share_comes_to_whole_buckets(errors: Errors) -> None:
    rule = "{name: r, salt: s, share: 0.0001%, split: {old: 50%, new: 50%}, otherwise: fallthrough}"

    assert "share 0.0001 % of 50 % for 'old' comes to no whole bucket" in errors(f"{HEAD}rules: [{rule}]\n")[0]


def test_all_mistakes_of_all_files_are_shown_at_once(errors: Errors) -> None:
    rules = "[{name: r, serve: x}, {name: r, serve: new, when: {}}]"

    assert len(errors(f"{HEAD}default: nw\nrules: {rules}\n---\nkind: group\nname: G\n")) == 5


def test_a_split_is_laid_out_whatever_the_order_of_its_lines(here: Path) -> None:
    one = flag_of(here, "{name: r, salt: s-1, split: {old: 90%, new: 10%}}").rules[0].split
    other = flag_of(here, "{name: r, salt: s-1, split: {new: 10%, old: 90%}}").rules[0].split

    assert {side.variant: side.slices for side in one.assigned} == {
        side.variant: side.slices for side in other.assigned
    }
    assert (one.salt, one.buckets) == ("s-1", 1_000_000)


def test_who_is_served_one_variant_needs_no_salt_and_no_unit(here: Path) -> None:
    assert flag_of(here, "{name: r, serve: new}").rules[0].split.is_whole
    assert flag_of(here, "{name: r, split: {new: 100%, old: 0%}}").rules[0].split.is_whole


def test_a_share_with_otherwise_is_one_draw(here: Path) -> None:
    rule = flag_of(here, "{name: r, salt: s-1, share: 1%, serve: new, otherwise: fallthrough}").rules[0]
    halves = "{name: r, salt: s-1, share: 10%, split: {old: 50%, new: 50%}, otherwise: client_default}"

    assert rule.claims == ()
    assert [(side.variant, side.to, size(side.slices)) for side in rule.split.assigned] == [
        ("new", Outcome.VARIANT, 10_000),
        ("", Outcome.FALLTHROUGH, 990_000),
    ]
    assert [size(side.slices) for side in flag_of(here, halves).rules[0].split.assigned] == [50_000, 50_000, 900_000]


def test_a_share_alone_is_a_draw_of_its_own(here: Path) -> None:
    rule = flag_of(here, "{name: r, salt: s-1, share: 20%, split: {old: 50%, new: 50%}}").rules[0]

    assert [(claim.salt, claim.slices) for claim in rule.claims] == [("s-1#share", (Slice(0, 200_000),))]
    assert rule.split.salt == "s-1"


def test_fallthrough_and_client_default_are_sides_too(here: Path) -> None:
    split = (
        flag_of(here, "{name: r, salt: s-1, split: {new: 10%, fallthrough: 70%, client_default: 20%}}").rules[0].split
    )
    serving = flag_of(here, "{name: r, serve: client_default}").rules[0].split

    assert [(side.to, size(side.slices)) for side in split.assigned] == [
        (Outcome.VARIANT, 100_000),
        (Outcome.FALLTHROUGH, 700_000),
        (Outcome.CLIENT_DEFAULT, 200_000),
    ]
    assert [side.to for side in serving.assigned] == [Outcome.CLIENT_DEFAULT]


def test_a_rule_may_be_sticky(here: Path) -> None:
    plain = flag_of(here, f"{RULE[:-1]}, sticky: true}}").rules[0].sticky
    full = (
        flag_of(here, f"{RULE[:-1]}, sticky: {{store: kept, paused: true, ignore_targeting: true}}}}").rules[0].sticky
    )

    assert plain is not None
    assert full is not None
    assert (plain.reads, plain.writes, plain.paused) == ("page.r", "page.r", False)
    assert (full.reads, full.paused, full.ignores_targeting) == ("kept", True, True)


def test_values_become_their_types_and_words_stay_words(here: Path) -> None:
    text = "kind: flag\nname: page\nschema: {rows: int, ratio: double, code: string}\nvariants:\n"
    flag = read(here, text + "  off: {rows: 12.0, ratio: 5, code: NO}\ndefault: off\n").state.flags["page"]

    assert repr(flag.variants[0].value) == "{'rows': 12, 'ratio': 5.0, 'code': 'NO'}"
    assert flag.default == "off"


@pytest.mark.parametrize(
    ("first", "noted"),
    [
        ("{name: a, serve: old}", True),
        ("{name: a, salt: s-2, split: {old: 50%, new: 50%}}", True),
        ("{name: a, serve: fallthrough}", False),
        ("{name: a, serve: old, by: user_id}", False),
        ("{name: a, serve: old, enabled: false}", False),
        ("{name: a, serve: old, environments: [staging]}", False),
        ("{name: a, serve: old, when: {x: {is: 1}}}", False),
        ("{name: a, salt: s-2, share: 50%, serve: old}", False),
    ],
)
def test_a_rule_that_is_never_reached_is_remarked_on(here: Path, first: str, noted: bool) -> None:  # noqa: FBT001
    folder = read(here, f"{HEAD}rules:\n  - {first}\n  - {{name: b, serve: new}}\n")

    assert folder.errors == ()
    assert [said for said in folder.problems if "is never reached" in said] == list(folder.problems)
    assert bool(folder.problems) is noted
    assert str(check(here).remarks[0]).startswith("a.yaml:7: flag 'page': rule 'b'") if noted else True


def test_two_draws_with_one_salt_are_refused(errors: Errors) -> None:
    (error,) = errors(f"{HEAD}rules: [{RULE}, {{name: t, salt: s-1, split: {{old: 1%, new: 99%}}}}]\n")
    (other,) = errors(f"{HEAD}rules: [{RULE}]\n---\nkind: segment\nname: z\nallocation: {{share: 20%, salt: s-1}}\n")

    assert "salt 's-1' is also the one of rule 'r' of flag 'page'" in error
    assert "such as s-1.2" in error
    assert "flag 'page': salt 's-1' is also the one of the allocation of 'z'" in other


def test_circles_are_named_in_full(errors: Errors) -> None:
    text = "---\n".join(
        f"kind: flag\nname: {name}\nschema: bool\nvariants: {{on: true}}\n"
        f"rules: [{{name: r, serve: on, when: {{flag: {{name: {other}, is: on}}}}}}]\n"
        for name, other in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
    )

    found = errors(text)
    assert len(found) == 3
    assert "flag 'a': it is defined by way of itself (a → b → c → a): break the circle" in found[0]
    loop = "kind: segment\nname: s\nwhen: {segment: t}\n---\nkind: segment\nname: t\nwhen: {not: {segment: s}}\n"
    assert "(t → s → t)" in errors(loop)[1]


def test_a_prerequisite_names_a_variant_that_there_is(errors: Errors) -> None:
    rule = "{name: r, serve: on, when: {flag: {name: page, in: [nw, old]}}}"
    (error,) = errors(f"{HEAD}---\nkind: flag\nname: b\nschema: bool\nvariants: {{on: true}}\nrules: [{rule}]\n")

    assert "variant 'nw' isn't one of flag 'page': did you mean 'new'?" in error


def test_one_flags_mistake_breaks_no_other(here: Path) -> None:
    sound = HEAD + "rules: [{name: r, serve: new}]\n"
    folder = read(
        here, sound, b="kind: flag\nname: bad\nschema: bool\nvariants: {a: 1}\n", c="kind: flag\nname: worse\n a: [\n"
    )
    asked = Interpreter(folder.state)

    assert asked.evaluate("page", {}).value is True
    assert asked.evaluate("bad", {}).detail.startswith("b.yaml:4: flag 'bad': 'variants.a' doesn't fit the schema")
    assert asked.evaluate("worse", {}).detail.startswith("c.yaml:3: ")
    assert len(folder.errors) == len(folder.problems) == 2


def test_a_flag_that_is_defined_twice_is_served_as_neither(here: Path) -> None:
    folder = read(here, f"{HEAD}---\n{HEAD}")

    assert "flag 'page' is defined twice" in folder.state.flags["page"].broken


def test_the_version_of_a_state_is_of_what_it_holds(here: Path) -> None:
    first = read(here, HEAD).state.version

    assert first == read(here, f"# a comment\n{HEAD}").state.version
    assert first != read(here, f"{HEAD}archived: true\n").state.version


def test_flags_are_served_whatever_is_wrong_with_metrics(here: Path) -> None:
    folder = read(here, HEAD, m="kind: metric\nname: m\ntype: nonsense\n")

    assert folder.errors == ()
    assert len(check(here).errors) == 1


def test_a_flags_files_are_all_named(here: Path) -> None:
    (here / "ids.txt").write_text("u-1\n")
    folder = read(here, HEAD, s="kind: segment\nname: s\nunits: {file: ids.txt}\n")

    assert {file.name for file in folder.files} == {"a.yaml", "s.yaml", "ids.txt", "allocations.lock"}
