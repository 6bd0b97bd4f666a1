"""Moments are a monoid: what holds of rows holds of their reductions."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.moments import Moments

VALUES = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
ROWS = st.lists(st.tuples(VALUES, VALUES), max_size=12)


def close(left: Moments, right: Moments, *, passed: float = 0.0) -> bool:
    """Whether two agree to rounding, also after values as large as `passed` came and went."""
    largest = max(np.abs(right.means).max(), passed)
    scale = 1 + np.abs(np.diagonal(right.products)).max() + (right.count + 1) * largest**2
    return (
        left.count == right.count
        and np.allclose(left.means, right.means, rtol=1e-9, atol=1e-6)
        and np.allclose(left.products, right.products, rtol=1e-9, atol=1e-11 * scale)
    )


def reduced(rows: list[tuple[float, float]]) -> Moments:
    return Moments.of(np.array(rows).reshape(len(rows), 2))


@given(ROWS, ROWS)
def test_pooling_equals_reducing_together(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> None:
    assert close(reduced(first) + reduced(second), reduced(first + second))


@given(ROWS, ROWS, ROWS)
def test_cells_add_up_in_any_order(
    a: list[tuple[float, float]], b: list[tuple[float, float]], c: list[tuple[float, float]]
) -> None:
    assert close((reduced(a) + reduced(b)) + reduced(c), reduced(c) + (reduced(a) + reduced(b)))


@given(ROWS)
def test_no_units_at_all_is_neutral(rows: list[tuple[float, float]]) -> None:
    assert reduced(rows) + Moments.empty(2) == reduced(rows) == Moments.empty(2) + reduced(rows)


@given(ROWS.filter(len), st.data())
def test_leaving_out_a_unit_undoes_adding_it(rows: list[tuple[float, float]], data: st.DataObject) -> None:
    row = data.draw(st.tuples(VALUES, VALUES))

    assert close((reduced(rows) + reduced([row])).without(row), reduced(rows), passed=max(map(abs, row)))


@given(ROWS.filter(len))
def test_scaling_equals_reducing_scaled_rows(rows: list[tuple[float, float]]) -> None:
    scaled = [(3 * x, -0.5 * y) for x, y in rows]

    assert close(reduced(rows).scaled([3, -0.5]), reduced(scaled))


@given(ROWS)
def test_the_look_book_gets_back_every_bit(rows: list[tuple[float, float]]) -> None:
    moments = reduced(rows)

    assert Moments.from_json(json.loads(json.dumps(moments.to_json()))) == moments


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_proportion_is_a_mean_of_zeros_and_ones(successes: int, failures: int) -> None:
    rows = np.array([1.0] * successes + [0.0] * failures)

    binary = Moments.binary(successes, successes + failures)

    assert binary.products[0, 0] == pytest.approx(Moments.of(rows).products[0, 0], abs=1e-12)


def test_sums_are_centred_without_cancelling() -> None:
    values = [10**15 + step for step in (-1, 0, 1)]

    moments = Moments.from_sums(3, [sum(values)], [[sum(x * x for x in values)]])

    assert moments.products.tolist() == [[2.0]]
    assert Moments.from_sums(2, [Fraction(1, 3)], [[Fraction(1, 9)]]).means[0] == pytest.approx(1 / 6)


def test_far_from_zero_a_spread_of_one_is_kept() -> None:
    halves = [Moments.of([1e12 - 1, 1e12 + 1]) for _ in range(2)]

    assert (halves[0] + halves[1]).products[0, 0] == 4.0


def test_a_billion_units_keep_their_variance() -> None:
    whole = Moments(10**9, [5.0], [[2.0 * (10**9 - 1)]]) + Moments(10**9, [5.0], [[2.0 * (10**9 - 1)]])

    assert whole.count == 2 * 10**9
    assert whole.variance() == pytest.approx(2.0, rel=1e-8)


@pytest.mark.parametrize("value", [0.1, 1e12 + 0.3, -7.7e-9])
def test_equal_units_do_not_vary_however_they_are_pooled(value: float) -> None:
    cell = Moments.of([value] * 7)

    assert not (cell + Moments.of([value] * 11)).varies()
    assert Moments.of([value, value * (1 + 1e-12)]).varies()


def test_one_unit_or_none_has_no_variance() -> None:
    with pytest.raises(Invalid, match="1 units have no variance"):
        Moments.of([3.0]).variance()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Moments.of([1.0, float("nan")]),
        lambda: Moments.of([[[1.0]]]),
        lambda: Moments(-1, [0.0], [[0.0]]),
        lambda: Moments(1, [0.0], [[0.0, 1.0]]),
        lambda: Moments.binary(3, 2),
        lambda: Moments.of([1.0]) + Moments.of([[1.0, 2.0]]),
        lambda: Moments.of([1.0]).without([1.0, 2.0]),
        lambda: Moments.empty().without([1.0]),
    ],
)
def test_what_cannot_be_moments_is_refused(make) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        make()


def test_moments_cannot_be_changed_or_hashed() -> None:
    moments = Moments.of([1.0, 2.0])

    with pytest.raises(ValueError, match="read-only"):
        moments.means[0] = 5
    with pytest.raises(TypeError, match="unhashable"):
        hash(moments)
    assert moments != "moments"


def test_the_last_unit_leaves_nothing_behind() -> None:
    assert Moments.of([[1.0, 2.0]]).without([1.0, 2.0]) == Moments.empty(2)
