"""The promises of chance, over a million fixed ids: shares, evenness, independence, and who may meet whom.

Ids and salts are fixed, so each test passed once and for all: it can't flake, only break with the code. A threshold
is what a fair draw exceeds with probability `FALSE_ALARM`. The draws are those of `cohorts`, which is held equal
to the plain reading elsewhere.
"""

from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray
from scipy import stats

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.hashing import buckets_of
from twyman.cohorts.resolver import Vectorised
from twyman.flags.allocation import Lock, Wanted, WantedGroup, allocated
from twyman.flags.bucketing import BUCKETS
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State

UNITS = 1_000_000
FALSE_ALARM = 1e-4
NUMBERS = pa.array(np.arange(UNITS))
DIGITS = NUMBERS.cast(pa.string())


def joined(*parts: Any) -> Any:
    """Return texts side by side, row by row."""
    return pc.binary_join_element_wise(*parts, "")


def hexes() -> Any:
    """Return ids of 32 hexadecimal digits, as of a UUID."""
    written = np.random.default_rng(20_261_122).bytes(16 * UNITS).hex().encode()
    return pa.StringArray.from_buffers(
        UNITS, pa.py_buffer(np.arange(UNITS + 1, dtype=np.int32) * 32), pa.py_buffer(written)
    )


FAMILIES = {
    "users": lambda: joined("user-", DIGITS),
    "hexes": hexes,
    "emails": lambda: joined("listener.", DIGITS, "@example.com"),
    "integers": lambda: NUMBERS,
    "emoji": lambda: joined("användare 🦘🎧 ", DIGITS),
}


@cache
def cohort_of(family: str) -> Cohort:
    """Return a million units of one kind of id."""
    return Cohort.of_table(pa.table({"targeting_key": FAMILIES[family]()}), block=UNITS)


@cache
def buckets(salt: str, family: str = "users") -> NDArray[np.int32]:
    """Return the buckets of a million units under a salt."""
    [block] = cohort_of(family).blocks
    return buckets_of(block.units("").texts, salt=salt).astype(np.int32)


def surprising(counts: NDArray[Any], expected: NDArray[Any], freedom: int) -> bool:
    """Say whether counts are further from what is expected than a fair draw's, or nearer."""
    distance = float(((counts - expected) ** 2 / expected).sum())
    low, high = stats.chi2.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], freedom)
    return not low <= distance <= high


def dependence(one: NDArray[Any], other: NDArray[Any]) -> tuple[float, bool]:
    """Return Cramér's V of two assignments, and whether they depend on each other more than chance does."""
    rows, columns = int(one.max()) + 1, int(other.max()) + 1
    table = np.bincount(one * columns + other, minlength=rows * columns).reshape(rows, columns)
    expected = np.outer(table.sum(1), table.sum(0)) / len(one)
    distance = float(((table - expected) ** 2 / expected).sum())
    freedom = (rows - 1) * (columns - 1)
    return sqrt(distance / len(one) / min(rows - 1, columns - 1)), distance > stats.chi2.isf(FALSE_ALARM, freedom)


def split_of(salt: str, *shares: float) -> Split:
    """Return a split whose sides are called 0, 1, 2 …"""
    ends = [0, *(round(end * BUCKETS) for end in np.cumsum(shares))]
    return Split(tuple(Assigned((Slice(*ends[at : at + 2]),), str(at)) for at in range(len(shares))), salt)


def flag_of(name: str, split: Split, *claims: Claim, segment: str = "") -> Flag:
    """Return a flag of one rule."""
    variants = tuple(Variant(side.variant, side.variant) for side in split.assigned)
    return Flag(name, variants, (Rule("draw", split, segment, claims=claims),))


def sides_of(family: str, *flags: Flag, segments: dict[str, Segment] | None = None) -> list[NDArray[np.int32]]:
    """Return the side of each unit in each flag; -1 where it is in none."""
    resolver = Vectorised(State({flag.name: flag for flag in flags}, segments or {}))
    return [resolver.evaluate(flag.name, cohort_of(family)).variants - 1 for flag in flags]


def close(count: int, of: int, share: float) -> bool:
    """Say whether a count is as near to its share as a fair draw's."""
    low, high = stats.binom.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], of, share)
    return bool(low <= count <= high)


HALVES, THIRDS = (0.5, 0.5), (0.33, 0.33, 0.34)
SPLITS = [HALVES, THIRDS, (0.01, 0.99), (0.001, 0.999), (0.05,) * 20]


@pytest.mark.parametrize(
    ("family", "shares"),
    [*(("users", shares) for shares in SPLITS), *((family, THIRDS) for family in FAMILIES if family != "users")],
    ids=repr,
)
def test_each_side_gets_its_share(family: str, shares: tuple[float, ...]) -> None:
    [sides] = sides_of(family, flag_of("page", split_of(f"shares-{len(shares)}-{shares[0]}", *shares)))
    counts = np.bincount(sides, minlength=len(shares))
    assert counts.sum() == UNITS
    assert not surprising(counts, np.array(shares) * UNITS, len(shares) - 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_thousand_cells_of_buckets_are_filled_evenly(family: str) -> None:
    counts = np.bincount(buckets("page", family) // 1_000, minlength=1_000)
    assert not surprising(counts, np.full(1_000, UNITS / 1_000), 999)


def test_two_flags_on_one_segment_are_independent() -> None:
    segments = {"nz": Segment("nz", None, (Claim("nz-1", (Slice(0, 500_000),)),))}
    page, player = (flag_of(name, split_of(f"{name}-1", 0.5, 0.5), segment="nz") for name in ("page", "player"))
    one, other = sides_of("users", page, player, segments=segments)
    among = one >= 0
    assert np.array_equal(among, other >= 0)
    assert close(int(among.sum()), UNITS, 0.5)
    strength, depends = dependence(one[among], other[among])
    assert strength < 0.02
    assert not depends


def test_two_splits_of_one_salt_would_be_one_draw() -> None:
    one, other = sides_of("users", flag_of("a", split_of("same", 0.5, 0.5)), flag_of("b", split_of("same", 0.5, 0.5)))
    assert dependence(one, other)[0] == pytest.approx(1)


@pytest.mark.parametrize("family", ["users", "hexes"])
def test_who_is_in_says_nothing_of_which_side(family: str) -> None:
    strength, depends = dependence(buckets("page", family) // 50_000, buckets("a-1", family) // 50_000)
    assert strength < 0.02
    assert not depends


def test_within_an_allocation_the_sides_are_even() -> None:
    [sides] = sides_of("users", flag_of("page", split_of("page-2", 0.5, 0.5), Claim("page-1", (Slice(0, 10_000),))))
    allocated_units = int((sides >= 0).sum())
    assert close(allocated_units, UNITS, 0.01)
    assert close(int((sides == 0).sum()), allocated_units, 0.5)


def test_two_allocations_of_a_fifth_share_a_twenty_fifth() -> None:
    first, second = (buckets(salt) < BUCKETS // 5 for salt in ("first-allocation", "second-allocation"))
    assert close(int((first & second).sum()), UNITS, 0.04)


SIMILAR = [
    ("a-1", "a-2"),
    ("a-1", "a-11"),
    ("a-1", "b-1"),
    ("page", "pages"),
    ("page", "1page"),
    ("page", "Page"),
    ("page ", "page"),
    ("page|", "page"),
    ("page|", "|page"),
    ("page|a", "page|b"),
    ("page|a", "page"),
    ("", "|"),
    ("sixteen-bytes-of-prefix-1", "sixteen-bytes-of-prefix-2"),
    ("1-sixteen-bytes-of-suffix", "2-sixteen-bytes-of-suffix"),
    ("ß", "ss"),
]


@pytest.mark.parametrize(("one", "other"), SIMILAR, ids=repr)
def test_salts_that_look_alike_share_no_luck(one: str, other: str) -> None:
    strength, depends = dependence(buckets(one) // 100_000, buckets(other) // 100_000)
    assert strength < 0.02
    assert not depends


def test_ramping_up_never_takes_a_unit_out_nor_moves_it() -> None:
    lock, before = Lock(), np.full(UNITS, -1)
    for share in (1, 5, 20, 50, 100):
        others = {"rival": 100_000} if share <= 50 else {}
        lock = allocated(lock, Wanted({"page": WantedGroup({"ramp": share * BUCKETS // 100, **others})}))
        claim = Claim(lock.groups["page"].salt, lock.groups["page"].claims["ramp"])
        [now] = sides_of("users", flag_of("page", split_of("ramp-1", 0.5, 0.5), claim))
        assert close(int((now >= 0).sum()), UNITS, share / 100)
        assert np.array_equal(now[before >= 0], before[before >= 0])
        before = now


def test_no_unit_is_in_two_experiments_of_one_group_nor_in_its_holdback() -> None:
    wanted = {"a": 200_000, "b": 300_000, "c": 450_000}
    lock = allocated(Lock(), Wanted({"start": WantedGroup({"a": 100_000, "b": 300_000}, 50_000)}))
    group = allocated(lock, Wanted({"start": WantedGroup(wanted, 50_000)})).groups["start"]
    claims = [Claim(group.salt, slices) for slices in (*group.claims.values(), group.holdback)]
    flags = [flag_of(str(place), split_of(f"split-{place}", 1), claim) for place, claim in enumerate(claims)]
    within = np.array([sides >= 0 for sides in sides_of("users", *flags)])
    assert within.sum(axis=0).max() == 1
    shares = np.array([*(wanted[name] for name in group.claims), 50_000]) / BUCKETS
    assert not surprising(within.sum(axis=1), shares * UNITS, len(shares) - 1)


def test_claims_of_two_groups_hold_the_product_of_their_shares() -> None:
    groups = allocated(Lock(), Wanted({"one": WantedGroup({"x": 300_000}), "two": WantedGroup({"x": 500_000})})).groups
    claims = [Claim(group.salt, group.claims["x"]) for group in groups.values()]
    [sides] = sides_of("users", flag_of("page", split_of("page-3", 0.5, 0.5), *claims))
    within = int((sides >= 0).sum())
    assert close(within, UNITS, 0.15)
    assert close(int((sides == 1).sum()), within, 0.5)
