"""Tails: accurate where floats end."""

import math

import pytest

from twyman.stats.tails import _log_far_tail, log_upper_tail, normal_score, two_sided, upper_tail


@pytest.mark.parametrize(("x", "df"), [(30.0, 1e6), (36.0, 1e9), (35.0, 3000.0), (1e4, 60.0), (1e30, 8.5)])
def test_the_integrated_tail_continues_the_tabulated_one(x: float, df: float) -> None:
    assert _log_far_tail(x, df) == pytest.approx(math.log(upper_tail(x, df)), rel=1e-10)


def test_beyond_floats_a_p_value_is_its_logarithm() -> None:
    p, log10_p = two_sided(60.0)

    assert p == 0
    assert log10_p == pytest.approx((-(60**2) / 2 - math.log(60 * math.sqrt(2 * math.pi) / 2)) / math.log(10), rel=1e-6)
    assert two_sided(2.0)[1] is None


@pytest.mark.parametrize("df", [3.0, 40.0, 1e8, None])
@pytest.mark.parametrize("statistic", [-45.0, -3.0, 0.0, 2.0, 37.5, 80.0])
def test_a_normal_score_has_the_same_tail(statistic: float, df: float | None) -> None:
    z = normal_score(statistic, df)

    assert log_upper_tail(abs(z)) == pytest.approx(log_upper_tail(abs(statistic), df), rel=1e-9)
    assert math.copysign(1, z) == math.copysign(1, statistic)
