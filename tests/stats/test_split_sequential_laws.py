"""The sample ratio and pairs of assignments at every look: fair bets, hard failures, and aliases in two dozen units."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.dependence import Dependence, dependence
from twyman.stats.anytime.evalues import e_bh, flagged
from twyman.stats.anytime.mixture import rate_for
from twyman.stats.anytime.split import SplitLook, sequential_split
from twyman.stats.balance import Balance, Period, srm, stratified_srm
from twyman.stats.estimate import Cause, NotEstimable

few = settings(max_examples=25)
counts = st.lists(st.integers(0, 10**6), min_size=2, max_size=5)
tables = st.lists(st.lists(st.integers(0, 300), min_size=3, max_size=3), min_size=2, max_size=4)


def _looks(*looks: list[Period], k: float | None = None) -> tuple[SplitLook, ...]:
    answer = sequential_split(looks, concentrations=[k]) if k else sequential_split(looks)
    assert not isinstance(answer, NotEstimable)
    return answer


def _tested(table: object) -> Dependence:
    answer = dependence(table)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Dependence)
    return answer


def _chance(observed: tuple[int, ...], shares: tuple[float, ...]) -> float:
    ways = math.lgamma(sum(observed) + 1) - math.fsum(math.lgamma(n + 1) for n in observed)
    return math.exp(ways + math.fsum(n * math.log(p) for n, p in zip(observed, shares, strict=True) if n))


@pytest.mark.parametrize("shares", [(0.2, 0.3, 0.5), (0.98, 0.01, 0.01)])
def test_the_bet_on_a_split_is_fair(shares: tuple[float, ...]) -> None:
    n = 12
    splits = [(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)]
    paid = (_chance(split, shares) * math.exp(_looks([Period(split, shares)])[0].log_bayes_factor) for split in splits)
    assert math.fsum(paid) == pytest.approx(1, abs=1e-10)


def test_broken_splits_are_seen_and_sound_ones_are_not() -> None:
    def p_of(a: int, b: int) -> SplitLook:
        return _looks([Period((a, b), (1, 1))], k=100)[0]

    assert p_of(5_200, 4_800).p_value < 0.004
    assert p_of(50_000, 50_700).p_value == 1.0
    assert math.log10(p_of(1_512_488, 1_487_512).p_value) == pytest.approx(-43, abs=1)
    assert (p_of(10**12 + 10**8, 10**12).log10_p or 0) < -1_000
    assert p_of(10**12 + 1, 10**12 - 1).p_value == 1.0


def test_by_default_a_dead_arm_and_one_percent_missing_are_both_seen_early() -> None:
    dead = _looks(*([Period((n, 0), (1, 1))] for n in range(1, 60)))
    first = next(n for n, look in enumerate(dead, start=1) if look.p_value < 0.001)
    assert first < 24
    assert _looks([Period((100_000, 98_000), (1, 1))])[0].p_value < 0.001


@few
@given(observed=counts, order=st.randoms(use_true_random=False), scale=st.floats(0.01, 100))
def test_neither_the_order_of_arms_nor_the_unit_of_shares_matters(
    observed: list[int], order: object, scale: float
) -> None:
    shares = [1.0 + place for place in range(len(observed))]
    mixed = sorted(zip(observed, shares, strict=True), key=lambda _: order.random())  # pyright: ignore
    one = _looks([Period(observed, shares)])[0]
    other = _looks([Period([n for n, _ in mixed], [scale * share for _, share in mixed])])[0]
    assert other.log_bayes_factor == pytest.approx(one.log_bayes_factor, rel=1e-9, abs=1e-7)


@few
@given(first=counts, second=counts)
def test_a_change_of_shares_makes_two_tests_of_one(first: list[int], second: list[int]) -> None:
    size = min(len(first), len(second))
    ramp = [Period(first[:size], [1.0] * size), Period(second[:size], [1.0 + arm for arm in range(size)])]
    alone = [_looks([period], k=100)[0].log_bayes_factor for period in ramp]
    together = _looks(ramp, k=100)[0].log_bayes_factor
    assert together == pytest.approx(math.fsum(alone), rel=1e-12, abs=1e-12)
    assume(sum(ramp[0].observed) and sum(ramp[1].observed))

    fixed, each = stratified_srm(ramp), [srm(period.observed, period.shares) for period in ramp]

    assert isinstance(fixed, Balance)
    added = [one for one in each if isinstance(one, Balance)]
    assert fixed.statistic == pytest.approx(sum(one.statistic for one in added))
    assert fixed.df == sum(one.df for one in added) == 2 * (size - 1)
    assert sum(fixed.expected) == pytest.approx(sum(first[:size]) + sum(second[:size]))


def test_a_ramp_is_no_mismatch_and_pooling_it_would_be() -> None:
    ramp = [Period((9_000, 1_000), (0.9, 0.1)), Period((5_000, 5_000), (0.5, 0.5))]
    fixed, pooled = stratified_srm(ramp), srm((14_000, 6_000), (0.5, 0.5))
    assert isinstance(fixed, Balance)
    assert isinstance(pooled, Balance)
    assert fixed.p_value == 1.0
    assert pooled.p_value == 0.0
    assert _looks(ramp)[0].p_value == 1.0


@pytest.mark.parametrize("shares", [(1, 1, 0), (1, 0, 0)])
def test_one_unit_in_an_arm_without_share_is_a_hard_failure_for_good(shares: tuple[float, ...]) -> None:
    fine, stray = [Period((50, 0, 0), shares)], [Period((50, 0, 1), shares)]

    looks = _looks(fine, stray, fine)

    assert [look.p_value for look in looks[1:]] == [0.0, 0.0]
    assert looks[1].log10_p == -math.inf
    once = srm((50, 0, 1), shares)
    assert isinstance(once, Balance)
    assert (once.p_value, once.statistic) == (0.0, math.inf)
    assert stratified_srm([*fine, *stray]) == srm((100, 0, 1), shares) or shares == (1, 1, 0)


def test_degrees_of_freedom_count_arms_with_a_share() -> None:
    """Trap 17: an arm of weight zero without units adds nothing."""
    with_empty, without = srm((90, 110, 0), (1, 1, 0)), srm((90, 110), (1, 1))
    assert isinstance(with_empty, Balance)
    assert isinstance(without, Balance)
    assert (with_empty.df, with_empty.p_value) == (without.df, without.p_value)
    late = stratified_srm([Period((100, 0), (1, 0)), Period((50, 60), (1, 1))])
    assert isinstance(late, Balance)
    assert late.df == 1


def test_a_split_that_cannot_be_tested_says_why() -> None:
    alone = sequential_split([[Period((5, 0), (1, 0))]])
    assert isinstance(alone, NotEstimable)
    assert alone.code == Cause.ONE_ARM
    assert _looks([Period((0, 0), (1, 1))])[0] == SplitLook(0.0, 1.0, None)
    empty = stratified_srm([Period((0, 0), (1, 1))])
    assert isinstance(empty, NotEstimable)
    assert empty.code == Cause.NO_UNITS


def _all_tables(n: int) -> list[tuple[int, ...]]:
    return [cells for cells in itertools.product(range(n + 1), repeat=4) if sum(cells) == n]


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (0.3, 0.9), (0.01, 0.6)])
def test_the_bet_on_dependence_never_pays_more_than_one_under_independence(a: float, b: float) -> None:
    chances = (a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b))
    paid = 0.0
    for cells in _all_tables(9):
        answer = dependence([cells[:2], cells[2:]])
        paid += _chance(cells, chances) * (math.exp(answer.log_e) if isinstance(answer, Dependence) else 1.0)
    assert paid <= 1 + 1e-12


@pytest.mark.parametrize(("a", "b"), [(0.5, (0.5, 0.25, 0.25)), (0.3, (0.2, 0.7, 0.1)), (0.9, (0.05, 0.05, 0.9))])
def test_half_a_bet_on_those_who_met_any_never_pays_more_than_one(a: float, b: tuple[float, ...]) -> None:
    """Six cells, seven units: every table that there is."""
    chances = (*(a * share for share in b), *((1 - a) * share for share in b))
    paid = 0.0
    for cells in itertools.product(range(8), repeat=6):
        if sum(cells) == 7:
            answer = dependence([cells[:3], cells[3:]], none=0)
            paid += _chance(cells, chances) * (math.exp(answer.log_e) if isinstance(answer, Dependence) else 1.0)
    assert paid <= 1 + 1e-12


def test_a_leak_among_those_who_met_any_is_seen_sooner_by_a_bet_on_them() -> None:
    """53 % of the treated and 47 % of control met `on`, of four fifths who met any: 18,700 units."""
    table = [[1_900, 3_956, 3_522], [1_918, 3_544, 3_898]]

    seen, plain = dependence(table, none=0), _tested(table)

    assert isinstance(seen, Dependence)
    assert seen.log_e > plain.log_e + 4
    assert (seen.v, seen.p_value < 1e-4, plain.p_value > 1e-3) == (plain.v, True, True)


def test_of_a_single_variant_nothing_more_can_be_bet() -> None:
    answer, plain = dependence([[0, 20], [20, 0]], none=0), _tested([[0, 20], [20, 0]])

    assert isinstance(answer, Dependence)
    assert answer.log_e == pytest.approx(plain.log_e - math.log(2), abs=1e-6)
    assert answer.aliased


def test_an_alias_is_seen_within_two_dozen_units() -> None:
    """Rulings 7: an exact test needs 14 at alpha = .001, and 300 pairs watched at once need 19 to 23."""
    first = next(n for n in range(1, 50) if _log_e_of_alias(n) > math.log(1_000))
    among_300 = next(n for n in range(1, 50) if e_bh([_log_e_of_alias(n)] + [0.0] * 299)[0] <= 0.01)

    assert 2 * first <= 16
    assert 2 * among_300 <= 24
    assert _tested([[8, 0], [0, 8]]).aliased
    assert not _tested([[5, 0], [0, 5]]).aliased
    assert not _tested([[500, 10], [10, 500]]).aliased
    assert _tested([[100_000, 50], [50, 100_000]]).aliased


def _log_e_of_alias(per_arm: int) -> float:
    return _tested([[per_arm, 0], [0, per_arm]]).log_e


@few
@given(table=tables)
def test_dependence_is_mutual_and_its_bound_lies_below(table: list[list[int]]) -> None:
    answer, turned = dependence(table), dependence(np.transpose(table))
    assume(isinstance(answer, Dependence))
    assert isinstance(answer, Dependence)
    assert isinstance(turned, Dependence)

    assert turned.log_e == pytest.approx(answer.log_e, abs=1e-9)
    assert [turned.v, turned.v_lower] == pytest.approx([answer.v, answer.v_lower])
    assert 0 <= answer.v_lower <= answer.v <= 1 + 1e-12
    assert abs(answer.leak) <= 1


def test_independent_pairs_are_left_alone_where_a_band_on_v_would_block_a_third() -> None:
    rng = np.random.default_rng(11)
    answers = [_tested(rng.multinomial(100, [0.25] * 4).reshape(2, 2)) for _ in range(300)]

    assert sum(answer.v > 0.1 for answer in answers) > 60
    assert max(answer.v_lower for answer in answers) == 0.0
    assert not any(flagged([answer.log_e for answer in answers], rate=0.05))


def test_how_much_leaks_and_which_way() -> None:
    assert _tested([[30, 10], [10, 30]]).leak == pytest.approx(0.5)
    assert _tested([[10, 30], [30, 10]]).leak == pytest.approx(-0.5)
    assert _tested([[10, 30, 0], [30, 10, 0]]).leak == pytest.approx(-0.5)
    assert _tested([[10, 30, 10], [30, 10, 10]]).leak == pytest.approx(0.4)


def test_the_bound_on_v_pays_for_every_degree_of_freedom() -> None:
    """A three by three table of the same V and as many units has four times the room for chance."""
    small, large = _tested([[300, 150], [150, 300]]), _tested([[164, 68, 68], [68, 164, 68], [68, 68, 164]])
    assert [small.v, large.v] == pytest.approx([1 / 3, 0.32], abs=1e-3)
    weight = rate_for(50, alpha=0.001) * 900
    radius = math.sqrt((1 + 1 / weight) * (4 * math.log1p(weight) - 2 * math.log(0.001)))
    assert large.v_lower == pytest.approx(large.v - radius / math.sqrt(1_800))


@pytest.mark.parametrize("scale", [10**3, 10**6, 10**9])
def test_large_tables_keep_their_digits(scale: int) -> None:
    even, odd = _tested([[scale, scale], [scale, scale]]), _tested([[scale * 2, scale], [scale, scale * 2]])
    assert even.p_value == 1.0
    assert even.v_lower == 0.0
    assert odd.log_e > 0.1 * scale
    assert odd.v_lower == pytest.approx(odd.v, abs=10 / math.sqrt(scale))


@pytest.mark.parametrize("table", [[[5, 5]], [[5, 5], [0, 0]], [[5, 0], [5, 0]], [[0, 0], [0, 0]]])
def test_one_arm_alone_depends_on_nothing(table: list[list[int]]) -> None:
    answer = dependence(table)
    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.ONE_ARM


@pytest.mark.parametrize(
    "ask",
    [
        lambda: dependence([[1, -1], [1, 1]]),
        lambda: dependence([1, 2]),
        lambda: dependence([[1, math.nan], [1, 1]]),
        lambda: dependence([[1, 1], [1, 1]], alpha=0),
        lambda: dependence([[1, 1], [1, 1]], none=2),
        lambda: dependence([[1, 1], [1, 1]], none=-1),
        lambda: sequential_split([], concentrations=[]),
        lambda: sequential_split([[Period((1, 1), (1, 1))]], concentrations=[0]),
        lambda: Period((1, 1), (1,)),
        lambda: Period((-1, 1), (1, 1)),
        lambda: Period((1, 1), (1, math.nan)),
        lambda: stratified_srm([]),
        lambda: stratified_srm([Period((1, 1), (1, 1)), Period((1, 1, 1), (1, 1, 1))]),
    ],
)
def test_what_can_not_be_is_refused(ask: object) -> None:
    with pytest.raises(Invalid):
        ask()  # pyright: ignore[reportCallIssue]
