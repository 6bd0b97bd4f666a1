"""Ten million units through a segment and a split, beside the price of hashing their keys, and of a loop in Python.

All in one process, in turn, so that ratios mean something on any machine. The segment is a set of countries times a
share of a fifth; the split is two halves. What is compared with: hashing each unit's key of the segment and no more;
hashing just the keys that the answer needs, laid out beforehand; and mmh3, id by id. Needs numpy, pyarrow, mmh3 and
msgspec.

    PYTHONPATH=src python bench/cohorts.py [millions of units]
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable

import mmh3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.hashing import buckets_of
from twyman.cohorts.resolver import Vectorised
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import In, Where

MILLIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
UNITS = MILLIONS * 1_000_000
COUNTRIES = ("NZ", "SE", "NO", "DK", "FI", "US", "GB", "DE", "FR", "BR")
SEGMENT, SPLIT = "start-page", "moment-page"
LOOPED = 200_000
RUNS = 5
MOST = 1.5


def cohort() -> pa.Table:
    """Return ten million users, and where they are: a tenth in each country."""
    ids = pc.binary_join_element_wise("user-", pa.array(np.arange(UNITS, 2 * UNITS)).cast(pa.string()), "")
    codes = np.random.default_rng(20_261_122).integers(0, len(COUNTRIES), UNITS).astype(np.int8)
    countries = pa.DictionaryArray.from_arrays(codes, pa.array(COUNTRIES)).dictionary_decode()
    return pa.table({"targeting_key": ids, "country": countries})


def state(countries: int) -> State:
    """Return a flag for a fifth of some countries' users, dealt out in halves."""
    sides = Assigned((Slice(0, 500_000),), "off"), Assigned((Slice(500_000, 1_000_000),), "on")
    segment = Segment("page", Where("country", In(COUNTRIES[:countries])), (Claim(SEGMENT, (Slice(0, 200_000),)),))
    page = Flag("page", (Variant("off", 0), Variant("on", 1)), (Rule("test", Split(sides, SPLIT), "page"),))
    return State({"page": page}, {"page": segment})


def medians(*works: Callable[[], object]) -> list[float]:
    """Return the median seconds of some pieces of work, each run in turn."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS):
        for each, work in zip(taken, works, strict=True):
            start = time.perf_counter()
            work()
            each.append(time.perf_counter() - start)
    return [statistics.median(each) for each in taken]


def looped(ids: list[str]) -> list[int]:
    """Return the buckets of some ids, one by one."""
    prefix = f"{SEGMENT}|"
    return [(mmh3.hash64(prefix + unit, 0, True, False)[0] >> 4) % 1_000_000 for unit in ids]  # noqa: FBT003


def needed(table: pa.Table, countries: int) -> tuple[pa.Array, pa.Array]:
    """Return the units whose keys the answer needs: of the segment, and of the split."""
    among = table.filter(pc.is_in(table["country"], value_set=pa.array(COUNTRIES[:countries])))
    units = among["targeting_key"].combine_chunks()
    return units, units.filter(pa.array(buckets_of(units, salt=SEGMENT) < 200_000))


def measured(table: pa.Table, countries: int) -> bool:
    """Print one comparison, and say whether it is as good as it must be."""
    resolver, units = Vectorised(state(countries)), table["targeting_key"].combine_chunks()
    of_segment, of_split = needed(table, countries)
    answers, hashed, fewest = medians(
        lambda: resolver.evaluate("page", Cohort.of_table(table)),
        lambda: buckets_of(units, salt=SEGMENT),
        lambda: (buckets_of(of_segment, salt=SEGMENT), buckets_of(of_split, salt=SPLIT)),
    )
    print(
        f"  {countries / len(COUNTRIES):>6.0%} of users targeted{answers * 1e9 / UNITS:>14.1f}"
        f"{hashed * 1e9 / UNITS:>14.1f}{answers / hashed:>9.2f}{fewest * 1e9 / UNITS:>18.1f}{answers / fewest:>9.2f}"
    )
    return answers <= MOST * hashed


def main() -> None:
    """Run it all; fail where half of the users cost more than they may."""
    table = cohort()
    print(f"{MILLIONS} million units, nanoseconds a unit (median of {RUNS}, in turn)\n")
    print(f"  {'':<23}{'resolved':>17}{'keys hashed':>14}{'ratio':>9}{'only those needed':>18}{'ratio':>9}")
    good = {countries: measured(table, countries) for countries in (2, 5, 10)}
    ids = table["targeting_key"].slice(0, LOOPED).to_pylist()
    [loop] = medians(lambda: looped(ids))
    print(f"\n  mmh3 in a loop: {loop * 1e9 / LOOPED:.0f} ns a unit")
    print(f"  peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    if not good[5]:
        sys.exit(f"half of the users cost more than {MOST} times hashing all keys")


if __name__ == "__main__":
    main()
