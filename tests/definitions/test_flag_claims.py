"""Claims and the lock beside them; segments, groups, clients and imports in files."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

from twyman.definitions import check, load, schema
from twyman.definitions.flag_set.allocations import LOCK_FILE, write_lock
from twyman.definitions.flags import allocate_folder, load_flags
from twyman.definitions.reading import builtins
from twyman.definitions.yaml_text import yaml_documents
from twyman.flags.allocation import Lock
from twyman.flags.population import BloomFilter, IdList
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Slice
from twyman.kernel.errors import Conflict, Invalid, Unavailable

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flags"
FLAG = "kind: flag\nname: f\nschema: bool\nvariants: {on: true}\nrules: [{name: r, segment: s, serve: on}]\n---\n"
SEGMENT = "kind: segment\nname: s\nallocation: {share: 20%, group: g}\n"

Errors = Callable[..., list[str]]


def write(here: Path, text: str) -> Path:
    (here / "a.yaml").write_text(text)
    return here


def test_the_example_is_sound_as_it_stands(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "flags")

    assert check(folder).ok
    assert load_flags(folder).problems == ()
    assert allocate_folder(folder).changes == ()


def test_editors_find_the_example_sound() -> None:
    validator = jsonschema.Draft202012Validator(schema())

    for file in EXAMPLE.rglob("*.yaml"):
        for node in yaml_documents(file.read_bytes(), file.name):
            validator.validate(builtins(node))


def test_the_examples_claims_share_no_unit_and_its_testers_are_served() -> None:
    state = load_flags(EXAMPLE).state
    claims = [claim for segment in state.segments.values() for claim in segment.claims if claim.group == "start-page"]
    asked = Interpreter(state, client="mobile", environments=("production",))

    taken = sorted(part for claim in claims for part in claim.slices)
    assert all(before.stop <= after.start for before, after in pairwise(taken))
    assert {claim.salt for claim in claims} == {"start-page"}
    assert asked.evaluate("start-page", {"targeting_key": "ü-3"}).variant == "moments"
    assert asked.evaluate("moment-covers", {"targeting_key": "u-1"}).value is True


def test_a_claim_without_slices_is_refused_and_its_flag_alone_serves_nobody(here: Path) -> None:
    folder = load_flags(
        write(here, FLAG + SEGMENT + "---\n" + FLAG.replace("f\n", "g\n", 1).replace("segment: s, ", "")[:-4])
    )
    asked = Interpreter(folder.state)

    assert (
        "a.yaml:9: segment 's': its 20 % of group 'g' have no slices in allocations.lock: run twyman flags"
        in folder.problems[0]
    )
    assert not asked.evaluate("f", {"targeting_key": "u-1"}).applies
    assert asked.evaluate("g", {"targeting_key": "u-1"}).value is True
    assert load(here).counts == {"flag": 2, "segment": 1}


def test_allocating_writes_a_lock_that_changes_nothing_the_second_time(here: Path) -> None:
    first = allocate_folder(write(here, FLAG + SEGMENT))
    text = (here / LOCK_FILE).read_text()
    again = allocate_folder(here)

    assert first.changes == ("claim 's' of group 'g' has 20 % (it had none)",)
    assert (again.changes, again.before) == ((), first.after)
    assert text.startswith("# Written by `twyman flags allocate`")
    assert "      s: [[0, 200000]]  # 20 %\n" in text
    assert load_flags(here).state.segments["s"].claims[0].slices == (Slice(0, 200_000),)
    assert check(here).ok


def test_only_saying_what_would_change_writes_nothing(here: Path) -> None:
    assert allocate_folder(write(here, SEGMENT), dry_run=True).changes
    assert not (here / LOCK_FILE).exists()


def test_a_raised_share_is_refused_until_it_is_allocated_and_serves_what_it_had(here: Path) -> None:
    allocate_folder(write(here, SEGMENT))
    write(here, SEGMENT.replace("20%", "30%"))
    folder = load_flags(here)

    assert "group 'g' holds 20 % for it, and it asks for 30 %: run twyman flags allocate" in folder.problems[0]
    assert folder.state.segments["s"].claims[0].slices == (Slice(0, 200_000),)
    assert allocate_folder(here).after.groups["g"].claims["s"] == (Slice(0, 300_000),)


def test_a_renamed_segment_keeps_its_units(here: Path) -> None:
    before = allocate_folder(write(here, SEGMENT)).after.groups["g"].claims["s"]
    write(here, SEGMENT.replace("name: s", "name: t"))

    assert allocate_folder(here, renamed={"s": "t"}).after.groups["g"].claims == {"t": before}
    assert check(here).ok


@pytest.mark.parametrize(
    "text",
    ["kind: segment\nname: t\nallocation: {share: 1}\nx: 1\n", "kind: group\nname: h\nx: 1\n", "kind: segment\n a: ["],
)
def test_nothing_is_allocated_while_it_is_open_who_claims_what(here: Path, text: str) -> None:
    allocate_folder(write(here, SEGMENT))
    lock = (here / LOCK_FILE).read_bytes()
    (here / "b.yaml").write_text(text)

    with pytest.raises(Invalid):
        allocate_folder(here)
    assert (here / LOCK_FILE).read_bytes() == lock


def test_a_mistake_in_a_flag_doesnt_keep_slices_from_being_given(here: Path) -> None:
    assert allocate_folder(write(here, FLAG.replace("serve: on", "serve: of") + SEGMENT)).changes


def test_a_group_that_is_full_leaves_the_lock_as_it_was(here: Path) -> None:
    allocate_folder(write(here, SEGMENT))
    lock = (here / LOCK_FILE).read_bytes()
    write(here, SEGMENT + "---\n" + SEGMENT.replace("20%", "90%").replace("name: s", "name: t"))

    with pytest.raises(Conflict, match="group 'g' has 80 % left, and claim 't' asks for 90 %"):
        allocate_folder(here)
    assert (here / LOCK_FILE).read_bytes() == lock


def test_a_lock_that_cant_be_written_leaves_nothing_behind(here: Path) -> None:
    (here / LOCK_FILE).mkdir()
    (here / LOCK_FILE / "x").write_text("")

    with pytest.raises(Unavailable, match=r"can't be written .*, and stands as it was"):
        write_lock(here / LOCK_FILE, Lock())
    with pytest.raises(Unavailable, match="No such file or directory"):
        write_lock(here / "gone" / LOCK_FILE, Lock())
    with pytest.raises(Invalid, match="can't be read"):
        allocate_folder(write(here, SEGMENT))
    assert sorted(file.name for file in here.iterdir()) == ["a.yaml", LOCK_FILE]


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("<<<<<<< ours\n", "allocations.lock:"),
        ("format: 2\n", "'format' '2' isn't one of the words known here: known are '1'"),
        ("- a\n", "it isn't one mapping"),
        ("format: 1\ngroups: {g: {salt: g, claims: {s: [[0, 9]], t: [[8, 20]]}}}\n", "bucket 8 of group 'g' is given"),
        ("format: 1\ngroups: {g: {salt: g, claims: {s: [[5, 5]]}}}\n", "[5, 5] isn't a slice of 1,000,000 buckets"),
        ("format: 1\ngroup: {}\n", "key 'group' isn't known: did you mean 'groups'?"),
    ],
)  # fmt: skip
def test_a_damaged_lock_is_refused_and_its_claims_hold_nobody(here: Path, spoilt: str, said: str) -> None:
    (here / LOCK_FILE).write_text(spoilt)
    folder = load_flags(write(here, FLAG + SEGMENT))

    assert said in "\n".join(folder.problems)
    assert not Interpreter(folder.state).evaluate("f", {"targeting_key": "u-1"}).applies
    with pytest.raises(Invalid):
        allocate_folder(here)


def test_a_group_holds_back_a_share_that_is_a_segment(here: Path) -> None:
    write(
        here, FLAG.replace("segment: s", "segment: g-holdback") + SEGMENT + "---\nkind: group\nname: g\nholdback: 5%\n"
    )
    lacking = load_flags(here)
    allocate_folder(here)
    state = load_flags(here).state

    assert "group 'g': its holdback of 5 % has no slices" in "\n".join(lacking.problems)
    assert state.segments["g-holdback"].claims[0].slices == (Slice(0, 50_000),)
    assert state.segments["s"].claims[0].slices == (Slice(50_000, 250_000),)


def test_a_claim_of_a_draw_of_its_own_needs_a_salt_only(here: Path) -> None:
    text = "kind: segment\nname: s\nallocation: {{share: 20%{}}}\n"

    assert "its 20 % have no salt in allocations.lock" in load_flags(write(here, text.format(""))).problems[0]
    allocate_folder(here)
    made = load_flags(here).state.segments["s"].claims[0]
    given = load_flags(write(here, text.format(", salt: s"))).state.segments["s"].claims[0]
    assert (made.salt, made.slices, made.group) == ("s", (Slice(0, 200_000),), "")
    assert given == made
    other = load_flags(write(here, text.format(", salt: s-9")))
    assert "salt 's-9' isn't the one in allocations.lock, 's'" in other.problems[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: group\nname: g\nsalt: q\n", "salt 'q' isn't the one in allocations.lock, and would deal all units"),
        ("kind: group\nname: h\n", "group 'g' isn't defined: known are 'h'"),
        (
            "kind: segment\nname: t\nallocation: {share: 1%, group: gg}\n---\nkind: group\nname: g\n",
            "group 'gg' isn't defined",
        ),
        ("kind: segment\nname: t\nallocation: {share: 1%, salt: g}\n", "salt 'g' is also the one of group 'g'"),
        ("kind: segment\nname: t\nallocation: [{share: 1%}, {share: 2%}]\n", "claims a share outside any group twice"),
        ("kind: segment\nname: t\nallocation: {share: 1%, salt: x, group: g}\n", "draws under its group's salt"),
        ("kind: segment\nname: g-holdback\n---\nkind: group\nname: g\nholdback: 1%\n", "is what group 'g' holds back"),
        ("kind: segment\nname: t\nship: bloom\n", "'ship' is of a list of units, and there is none"),
        ("kind: segment\nname: t\nunits: [u]\nfalse_positives: 1%\n", "'false_positives' is of a Bloom filter"),
        (
            "kind: segment\nname: t\nunits: [u]\nship: bloom\nfalse_positives: 1e-300\n",
            "'false_positives' of 1e-300 is less than any filter can keep to",
        ),
        ("kind: segment\nname: t\nunits: {file: no.txt}\n", "file 'no.txt' can't be read (No such file or directory)"),
        (f"kind: segment\nname: t\nunits: [{'x' * 101}]\n", "has 101 characters, and one has 1 to 100"),
        ("kind: client\nname: c\ncredentials: [{name: k, secret: hunter2}]\n", "stands in the file in clear"),
        ("kind: client\nname: c\ncredentials: [{name: k, sha256: abc}]\n", "isn't 64 hexadecimal digits"),
        ("kind: client\nname: c\ncredentials: [{name: k}]\n", "by its secret's variable or by its digest"),
        ("kind: import\nname: i\nfrom: confidence\nstate: no.json\n", "state 'no.json' can't be read"),
        ("kind: import\nname: i\nfrom: elsewhere\nstate: x\n", "'from' 'elsewhere' isn't one of the words known here"),
    ],
)
def test_what_stands_around_flags_says_what_is_wrong(here: Path, text: str, said: str) -> None:
    allocate_folder(write(here, SEGMENT))
    (here / "b.yaml").write_text(text)

    assert said in "\n".join(map(str, check(here).errors))


def test_a_slip_in_an_undeclared_groups_name_is_remarked_on(here: Path) -> None:
    write(here, SEGMENT + "---\nkind: segment\nname: t\nallocation: {share: 1%, group: home-page}\n---\n"
          "kind: segment\nname: u\nallocation: {share: 1%, group: home-pag}\n")  # fmt: skip

    assert "group 'home-pag' isn't declared, and resembles another: did you mean 'home-page'?" in str(check(here))


def test_units_are_ids_as_they_stand_or_a_filter_of_them(here: Path) -> None:
    (here / "ids.txt").write_bytes("\ufeffü-1\r\n\r\n 0042 \n".encode())
    text = "kind: segment\nname: {}\nunits: {}\n---\n"
    more = text.format("c", "[u-1]\nship: bloom\nfalse_positives: 1%")
    state = load_flags(write(here, text.format("a", "[u-1, 007]") + text.format("b", "{file: ids.txt}") + more)).state

    assert state.populations["a"] == IdList(frozenset({"u-1", "007"}))
    assert state.populations["b"] == IdList(frozenset({"ü-1", "0042"}))
    assert state.populations["c"] == BloomFilter.of(["u-1"], false_positives=0.01)


def test_a_secret_is_known_by_its_digest_only(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SECRET", "hunter2")
    text = "kind: client\nname: c\nenvironments: [live]\ncredentials:\n  - {name: k, secret: $APP_SECRET}\n"
    folder = load_flags(write(here, text + "  - {name: u, secret: $NOT_SET_ANYWHERE, environments: [live]}\n"))

    (credential,) = folder.state.clients["c"].credentials
    assert credential.sha256 == sha256(b"hunter2").hexdigest()
    assert folder.errors == ()
    assert "variable NOT_SET_ANYWHERE isn't set, so credential 'u' lets nobody in" in folder.problems[0]


def test_clients_and_environments_are_free_until_one_is_declared(errors: Errors) -> None:
    rule = "{name: r, serve: on, environments: [lve]}"
    flag = f"kind: flag\nname: f\nschema: bool\nvariants: {{on: true}}\nclients: [mobil]\nrules: [{rule}]\n"

    assert errors(flag) == []
    found = errors(f"{flag}---\nkind: client\nname: mobile\nenvironments: [live]\n")
    assert "client 'mobil' isn't defined: did you mean 'mobile'?" in found[0]
    assert "environment 'lve' is no client's: did you mean 'live'?" in found[1]


def test_another_vendors_state_is_served_beside_ours(here: Path, shared: Path) -> None:
    (here / "state.json").write_bytes((shared / "oracles/confidence/state.json").read_bytes())
    text = FLAG.replace("segment: s, ", "") + "kind: import\nname: old\nfrom: confidence\nstate: state.json\n"
    folder = load_flags(write(here, text))
    theirs = next(name for name in folder.state.flags if name != "f")

    assert len(folder.state.flags) == 96
    assert Interpreter(folder.state).evaluate("f", {}).value is True
    clash = load_flags(write(here, text.replace("name: f\n", f"name: {theirs}\n", 1)))
    assert f"flag '{theirs}' is there already, and a name means one thing: rename ours" in "\n".join(clash.problems)
