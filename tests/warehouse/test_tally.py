"""Which numbers units share, counted in arrays: as sets of units count them."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from twyman.warehouse.statement import tally as module
from twyman.warehouse.statement.tally import bits_of, tally

MET = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=60)


@pytest.mark.parametrize("block", [1, 7, module.BLOCK])
@settings(max_examples=60, deadline=None)
@given(met=MET, numbers=st.integers(5, 9))
@example(met=[(0, 0)], numbers=1)
@example(met=[], numbers=5)
def test_units_are_counted_by_any_two_numbers_as_sets_count_them(
    met: list[tuple[int, int]], numbers: int, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        keys = np.array([(unit << bits_of(numbers)) + one for unit, one in met], dtype=np.uint64)
        found = {(row["one"], row["two"]): row["units"] for row in tally(keys, numbers=numbers)}

    who: dict[int, set[int]] = {}
    for unit, one in met:
        who.setdefault(one, set()).add(unit)
    shared = {(one, two): len(who[one] & who[two]) for one, two in combinations(sorted(who), 2)}
    assert found == {(one, one): len(units) for one, units in who.items()} | {k: n for k, n in shared.items() if n}


def test_units_are_told_apart_by_every_bit_above_the_numbers() -> None:
    keys = np.array([(1 << 63) + 1, 1, (1 << 63) + (1 << 9), 1 << 9], dtype=np.uint64)

    found = [tuple(row.values()) for row in tally(keys, numbers=400)]

    assert found == [(0, 0, 2), (1, 1, 2)]
