"""Slices are given out so that nobody else's ever move, and salts are never used twice."""

import pytest
from hypothesis import given, settings, strategies as st

from twyman.flags.allocation import Group, Lock, Wanted, WantedGroup, allocated, changes
from twyman.flags.bucketing import BUCKETS
from twyman.flags.slices import Slice, size
from twyman.kernel.errors import Conflict, Invalid

NAMES = ("a", "b", "c", "d", "e", "f")


def want(claims: dict[str, int] | None = None, holdback: int = 0, salt: str = "") -> Wanted:
    return Wanted({"page": WantedGroup(claims or {}, holdback, salt)})


def held(lock: Lock, claim: str) -> tuple[Slice, ...]:
    return lock.groups["page"].claims[claim]


def buckets(slices: tuple[Slice, ...]) -> set[int]:
    return {bucket for part in slices for bucket in range(part.start // 1000, part.stop // 1000)}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from((*NAMES, "")), st.integers(0, 300).map(lambda part: part * 1000), max_size=6),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_edited_claims_share_nothing_and_nobody_elses_buckets_move(edits: list[dict[str, int]]) -> None:
    lock, before = Lock(), dict[str, int]()
    for edit in edits:
        wanted = want({name: part for name, part in edit.items() if name}, edit.get("", 0))
        if sum(edit.values()) > BUCKETS:
            with pytest.raises(Conflict, match="% left, and"):
                allocated(lock, wanted)
            continue
        after = allocated(lock, wanted)
        group = after.groups["page"]
        holds = {"": group.holdback, **group.claims}
        given_out = [bucket for slices in holds.values() for bucket in buckets(slices)]
        assert len(given_out) == len(set(given_out)) == sum(edit.values()) // 1000
        old = lock.groups.get("page", Group(""))
        for name, slices in {"": old.holdback, **old.claims}.items():
            assert_kept(slices, holds.get(name, ()), before.get(name, 0), edit.get(name, 0))
        lock, before = after, edit


def assert_kept(old: tuple[Slice, ...], new: tuple[Slice, ...], was: int, now: int) -> None:
    if was == now:
        assert new == old
    elif was < now:
        assert buckets(old) <= buckets(new)
    else:
        assert buckets(new) <= buckets(old)


def test_a_claim_that_grows_goes_on_where_it_ends_and_else_takes_the_smallest_room_that_is_enough() -> None:
    lock = allocated(Lock(), want({"a": 100_000, "b": 100_000, "c": 100_000}))
    grown = allocated(lock, want({"a": 100_000, "b": 100_000, "c": 300_000}))
    gap = allocated(grown, want({"a": 100_000, "c": 300_000}))
    filled = allocated(gap, want({"a": 100_000, "c": 300_000, "d": 90_000}))

    assert held(grown, "c") == (Slice(200_000, 500_000),)
    assert held(filled, "d") == (Slice(100_000, 190_000),)


def test_a_claim_in_several_slices_goes_on_where_the_last_of_them_ends() -> None:
    lock = allocated(Lock(), want({"a": 100_000, "b": 100_000}))
    grown = allocated(lock, want({"a": 250_000, "b": 100_000}))
    alone = allocated(grown, want({"a": 300_000}))

    assert held(alone, "a") == (Slice(0, 100_000), Slice(200_000, 400_000))


def test_a_claim_that_shrinks_gives_back_what_it_was_given_last() -> None:
    lock = allocated(Lock(), want({"a": 100_000, "b": 100_000}))
    grown = allocated(lock, want({"a": 250_000, "b": 100_000}))

    assert held(grown, "a") == (Slice(0, 100_000), Slice(200_000, 350_000))
    assert held(allocated(grown, want({"a": 120_000, "b": 100_000})), "a") == (
        Slice(0, 100_000),
        Slice(200_000, 220_000),
    )
    assert held(allocated(grown, want({"a": 60_000, "b": 100_000})), "a") == (Slice(0, 60_000),)


def test_a_group_without_room_says_how_much_is_left() -> None:
    lock = allocated(Lock(), want({"y": 880_000}))

    with pytest.raises(Conflict, match=r"^group 'page' has 12 % left, and claim 'x' asks for 20 %: ask for less"):
        allocated(lock, want({"y": 880_000, "x": 200_000}))
    with pytest.raises(Conflict, match=r"claim 'y' asks for 100 % \(12 % more than it holds\)"):
        allocated(allocated(lock, want({"y": 880_000, "x": 1})), want({"y": 1_000_000, "x": 1}))
    with pytest.raises(Conflict, match="and its holdback asks for 13 %"):
        allocated(lock, want({"y": 880_000}, 130_000))


def test_a_removed_claim_frees_its_slices_and_is_remembered() -> None:
    gone = allocated(allocated(Lock(), want({"a": 400_000})), want({"b": 1_000_000}))
    back = allocated(gone, want({"a": 0}))

    assert gone.groups["page"].retired == {"a": (Slice(0, 400_000),)}
    assert back.groups["page"].claims == {"a": ()}
    assert back.groups["page"].retired == {"b": (Slice(0, 1_000_000),)}


def test_a_name_that_comes_back_gets_a_new_salt() -> None:
    first = allocated(Lock(), Wanted({"page": WantedGroup()}, {"nz": ""}))
    none = allocated(first, Wanted())
    again = allocated(none, Wanted({"page": WantedGroup()}, {"nz": ""}))

    assert (first.groups["page"].salt, first.draws["nz"]) == ("page", "nz")
    assert none.retired == ("nz", "page")
    assert (again.groups["page"].salt, again.draws["nz"]) == ("page.2", "nz.2")
    assert again.retired == ("nz", "page")


def test_a_salt_is_nobody_elses() -> None:
    lock = allocated(Lock(), Wanted({"x": WantedGroup()}, {"x": "", "y": ""}, frozenset({"y"})))

    assert (lock.groups["x"].salt, lock.draws) == ("x", {"x": "x.2", "y": "y.2"})


def test_a_groups_salt_stays_and_no_salt_is_taken_up_again() -> None:
    lock = allocated(Lock(), Wanted({"page": WantedGroup(salt="p-1")}, {"nz": "n-1"}))

    assert allocated(lock, Wanted({"page": WantedGroup()}, {"nz": ""})).draws == {"nz": "n-1"}
    with pytest.raises(Conflict, match="write salt: p-1"):
        allocated(lock, want(salt="p-2"))
    later = allocated(lock, Wanted({"page": WantedGroup()}, {"nz": "n-2"}))
    assert (later.draws, later.retired) == ({"nz": "n-2"}, ("n-1",))
    with pytest.raises(Conflict, match=r"salt 'n-1' of allocation of 'nz' was used before.* such as n-1\.2"):
        allocated(later, Wanted({"page": WantedGroup()}, {"nz": "n-1"}))


def test_a_renamed_claim_or_group_keeps_slices_and_salt() -> None:
    lock = allocated(Lock(), Wanted({"page": WantedGroup({"a": 200_000, "b": 100_000})}, {"a": ""}))
    wanted = Wanted({"home": WantedGroup({"z": 200_000, "b": 100_000})}, {"z": ""})

    after = allocated(lock, wanted, renamed={"page": "home", "a": "z"})

    assert after.groups["home"].salt == "page"
    assert after.groups["home"].claims == {"b": (Slice(200_000, 300_000),), "z": (Slice(0, 200_000),)}
    assert (after.draws, after.retired, after.groups["home"].retired) == ({"z": "a"}, (), {})
    with pytest.raises(Invalid, match="'q' is no claim and no group"):
        allocated(lock, wanted, renamed={"q": "z"})
    with pytest.raises(Invalid, match="'a' can't become 'b', which is in the lock"):
        allocated(lock, wanted, renamed={"a": "b"})


def test_a_salt_written_in_the_file_is_kept_through_a_change_of_name() -> None:
    lock = allocated(Lock(), Wanted({}, {"old": "s-1"}))

    assert allocated(lock, Wanted({}, {"new": "s-1"})) == Lock({}, {"new": "s-1"}, ())


def test_changes_are_said_one_by_one() -> None:
    before = allocated(Lock(), Wanted({"page": WantedGroup({"a": 200_000, "b": 10_000}, 50_000)}, {"nz": ""}))
    after = allocated(before, Wanted({"page": WantedGroup({"a": 100_000, "c": 10_000}, 50_000)}))

    assert [*changes(before, after)] == [
        "claim 'a' of group 'page' has 10 % (it had 20 %)",
        "claim 'b' of group 'page' is retired: 1 % are free again",
        "claim 'c' of group 'page' has 1 % (it had none)",
        "allocation of 'nz' is retired",
    ]
    assert [*changes(after, after)] == []
    assert size(after.groups["page"].holdback) == 50_000
