"""All pairs of experiments: none is lost by passing over, and order and names mean nothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.doubt.coexposure import RATE, beside
from twyman.doubt.pairs import LEAST_EVIDENCE, dependent_pairs, none_found, pair_checks
from twyman.stats.anytime.evalues import average, e_bh

ARMS = ("control", "new")
Cells = dict[tuple[str, str], int]
cells = st.fixed_dictionaries({(one, two): st.integers(0, 60) for one in ARMS for two in ARMS})


def world(shared: list[Cells], alone: int = 5) -> tuple[Cells, dict[tuple[str, str], Cells]]:
    """Pairs of experiments that nobody else shares units with; some units met only one of the two."""
    units: Cells = {}
    met: dict[tuple[str, str], Cells] = {}
    for index, table in enumerate(shared):
        names = f"a{index}", f"b{index}"
        met[names] = {key: count for key, count in table.items() if count}
        for arm in ARMS:
            units[names[0], arm] = alone + sum(table[arm, other] for other in ARMS)
            units[names[1], arm] = alone + sum(table[other, arm] for other in ARMS)
    return units, {names: table for names, table in met.items() if table}


@settings(deadline=None, max_examples=60)
@given(st.lists(cells, min_size=1, max_size=4))
def test_passing_over_what_can_not_be_flagged_changes_no_answer(shared: list[Cells]) -> None:
    units, met = world(shared)

    found = {(pair.of, pair.beside.name): pair for pair in dependent_pairs(units, met)}

    names, log_e = [*met], [_both_ways(units, one, met[one]) for one in met]
    flagged = {one for one, rate in zip(names, e_bh(log_e) if log_e else [], strict=True) if rate <= RATE}
    assert {tuple(sorted(one)) for one in found} == flagged
    for (one, two), pair in found.items():
        index = names.index((min(one, two), max(one, two)))
        assert pair.log_e == pytest.approx(log_e[index])
        assert pair.log_e >= LEAST_EVIDENCE


def _both_ways(units: Cells, names: tuple[str, str], table: Cells) -> float:
    one, two = ({arm: units[name, arm] for arm in ARMS} for name in names)
    turned = {(b, a): count for (a, b), count in table.items()}
    ways = [beside(one, {names[1]: table}), beside(two, {names[0]: turned})]
    return average([way[0].found.log_e for way in ways if way])


def test_units_in_two_arms_of_the_other_count_with_each_and_are_no_fewer_than_none() -> None:
    units = {("page", "old"): 500, ("page", "new"): 500, ("ads", "off"): 503, ("ads", "on"): 505}
    met = {("ads", "page"): {("off", "old"): 499, ("on", "old"): 5, ("off", "new"): 4, ("on", "new"): 500}}

    (found,) = dependent_pairs(units, met)

    assert found.beside.table.min() == 0
    assert found.beside.found.v > 0.97


def test_a_twin_is_found_among_two_hundred_experiments_and_nothing_else() -> None:
    rng = np.random.default_rng(8)
    arms = rng.random((4_000, 40)) < 0.5
    arms[:, 1] = arms[:, 0]
    units = {(f"x{k:02d}", ARMS[a]): int((arms[:, k] == a).sum()) for k in range(40) for a in (0, 1)}
    met = {
        (f"x{i:02d}", f"x{j:02d}"): {
            (ARMS[a], ARMS[b]): int(((arms[:, i] == a) & (arms[:, j] == b)).sum()) for a in (0, 1) for b in (0, 1)
        }
        for i in range(40)
        for j in range(i + 1, 40)
    }

    checks = pair_checks(dependent_pairs(units, met), pairs=len(met))

    assert [check.detail["experiments"] for check in checks] == [["x00", "x01"]]
    assert checks[0].code == "aliased"
    assert checks[0].detail["pairs"] == 780


def test_who_is_met_by_one_arm_only_is_dependent_though_it_shares_units_with_no_other_arm() -> None:
    units = {("page", "control"): 40, ("page", "new"): 40, ("ads", "off"): 40}

    (pair,) = dependent_pairs(units, {("ads", "page"): {("off", "new"): 40}})

    assert (pair.of, pair.beside.name, pair.beside.widest) == ("page", "ads", ("off", "new", "control"))
    assert pair.log_e > math.log(1 / RATE)


def test_silence_says_what_would_have_shown() -> None:
    assert "V = 0.25 would have shown, nine times out of ten" in none_found(1_000, 19_900)
