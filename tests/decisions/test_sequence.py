import pytest
from hypothesis import given, strategies as st

from twyman.decisions.sequence import Reading, judged, p_now
from twyman.stats.sequential.spending import PowerSpending

SQUARE = PowerSpending(2.0)


def readings(*scores: float, planned: int | None = None) -> list[Reading]:
    planned = planned or len(scores)
    return [Reading(k, 100.0 * k, k / planned, score) for k, score in enumerate(scores, start=1)]


@given(score=st.floats(-6, 6))
def test_one_look_is_the_fixed_test(score: float) -> None:
    once = judged(readings(score), alpha=0.05, family=SQUARE, sides=2)
    fixed = judged(readings(score), alpha=0.05, family=None, sides=2)

    assert once is not None
    assert fixed is not None
    assert once.bound == pytest.approx(1.959963984540054, rel=1e-12)
    assert once == fixed


def test_a_bound_once_crossed_stays_crossed() -> None:
    seen = judged(readings(0.1, 4.5, 0.2, planned=4), alpha=0.05, family=SQUARE, sides=2)

    assert seen is not None
    assert seen.crossed_at == 2
    assert seen.p_value < 0.05
    assert p_now(readings(0.1, 4.5, 0.2, planned=4), 0.2, family=SQUARE, sides=2) > 0.05


def test_past_bounds_do_not_depend_on_later_looks() -> None:
    short = judged(readings(0.5, 1.0, planned=5), alpha=0.05, family=SQUARE, sides=2)
    longer = [
        judged(readings(0.5, 1.0, *more, planned=5), alpha=0.05, family=SQUARE, sides=2) for more in ((9.0,), (-9.0,))
    ]

    assert short is not None
    assert {seen.bound for seen in longer if seen} == {longer[0].bound if longer[0] else None}


def test_a_one_sided_test_is_crossed_from_one_side_only() -> None:
    seen = judged(readings(-8.0), alpha=0.05, family=SQUARE, sides=1)

    assert seen is not None
    assert seen.crossed_at is None


@given(scores=st.lists(st.floats(-5, 5), min_size=1, max_size=6))
def test_crossing_is_p_below_alpha(scores: list[float]) -> None:
    seen = judged(readings(*scores, planned=6), alpha=0.05, family=SQUARE, sides=2)

    assert seen is not None
    assert (seen.crossed_at is not None) == (seen.p_value < 0.05) or abs(seen.p_value - 0.05) < 1e-9


def test_a_last_look_without_new_data_spends_what_is_left() -> None:
    three = [*readings(1.0, 2.1, planned=4), Reading(4, 200.0, 1.0, 2.1)]
    told = [*readings(1.0, planned=4), Reading(2, 200.0, 1.0, 2.1)]

    last = judged(three, alpha=0.05, family=SQUARE, sides=2)
    at_once = judged(told, alpha=0.05, family=SQUARE, sides=2)

    assert last is not None
    assert at_once is not None
    assert last.bound == at_once.bound
    assert last.spent == pytest.approx(0.05)


def test_a_bound_crossed_before_a_look_without_new_data_stays_crossed() -> None:
    seen = judged([*readings(0.0, 5.0, planned=4), Reading(4, 200.0, 1.0, 5.0)], alpha=0.05, family=SQUARE, sides=2)

    assert seen is not None
    assert seen.crossed_at == 2


@given(scores=st.lists(st.floats(-5, 5), min_size=2, max_size=5), sides=st.sampled_from([1, 2]))
def test_the_interval_of_a_bound_excludes_no_effect_just_where_its_p_says_so(scores: list[float], sides: int) -> None:
    path = readings(*scores, planned=6)

    seen = judged(path, alpha=0.05, family=SQUARE, sides=sides)

    assert seen is not None
    outside = abs(scores[-1]) >= seen.bound
    p_value = p_now(path, scores[-1], family=SQUARE, sides=sides)
    assert outside == (p_value < 0.05 * (3 - sides)) or abs(p_value - 0.05 * (3 - sides)) < 1e-9


@pytest.mark.parametrize("growth", [1 + 1e-5, 1 - 1e-5, 0.99])
def test_a_last_look_that_hardly_grew_or_shrank_can_still_spend_what_is_left(growth: float) -> None:
    path = [*readings(0.5, 2.4, planned=4), Reading(4, 200.0 * growth, 1.0, 2.4)]

    seen = judged(path, alpha=0.05, family=SQUARE, sides=2)

    assert seen is not None
    assert seen.spent == pytest.approx(0.05)
    assert seen.bound < 2.2
