"""Shares, effects, durations, times, spending: as people write them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from twyman.definitions import terms
from twyman.experiments.plan import Spending, SpendingFamily
from twyman.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("5%", 0.05),
        ("5 %", 0.05),
        ("0.05", 0.05),
        (0.05, 0.05),
        (1, 1.0),
        ("1/60", 1 / 60),
        ("-1.5%", -0.015),
        (".5", 0.5),
    ],
)
def test_a_number_is_a_number_a_percentage_or_a_fraction(written: str | float, value: float) -> None:
    assert terms.number(written) == value


@given(share=st.integers(0, 10_000))
def test_per_cent_and_decimals_are_the_same_share(share: int) -> None:
    assert terms.share(f"{share / 100}%") == pytest.approx(terms.share(share / 10_000), abs=1e-15)


@pytest.mark.parametrize("written", ["five", "", "5%%", "1/0", "1e400", "nan", "inf", "٣%", "0x10", "1 2"])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(Invalid, match="isn't a number: write"):
        terms.number(written)


@pytest.mark.parametrize(
    ("read", "written", "said"),
    [
        (terms.share, 50, "share 50 isn't between 0 and 1: write 50% or 0.5"),
        (terms.share, "-5%", "share -5% isn't between 0 and 1: write one such as 5% or 0.05"),
        (terms.probability, 0, "0 is no error rate and no power"),
        (terms.probability, "100%", "100% is no error rate and no power"),
        (terms.positive, "-1%", "-1% isn't a size between 0 and 100 %, without its sign: write one such as 1%"),
        (terms.positive, 2, "2 isn't a size between 0 and 100 %, without its sign: write 2% or 0.02"),
        (terms.length, "7", "duration '7' isn't a length of time: write a number and w, d, h, m or s"),
        (terms.length, "-1d", "-1d would reach to before the exposure, which no treatment can have changed: write 1d"),
        (terms.some_length, "0d", "0d holds no time, so nothing could happen in it: write a longer one"),
        (terms.some_length, "9" * 400 + "d", "longer than a century"),
        (terms.zone, "Mars/Base", "time zone 'Mars/Base' isn't known: write one such as UTC"),
        (terms.zone, "../etc/passwd", "time zone '../etc/passwd' isn't known"),
        (
            terms.spending,
            "power-0",
            "spending 'power-0' isn't a family of ours: write power-2, obrien-fleming or pocock",
        ),
        (terms.spending, "linear", "spending 'linear' isn't a family of ours"),
    ],
)
def test_terms_out_of_bounds_are_refused_with_a_cure(
    read: Callable[[object], object], written: object, said: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read(written)

    assert said in caught.value.message


def test_a_date_is_midnight_in_the_zone() -> None:
    assert terms.moment("2015-06-01", "Pacific/Auckland") == datetime(2015, 5, 31, 12, tzinfo=UTC)
    assert terms.moment("2015-06-01T12:00Z", "Pacific/Auckland") == datetime(2015, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("written", ["20150601", "2015-W23-1", "June 1", "2015-13-01", "2015-06-31", "0001-01-01"])
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(Invalid, match="write"):
        terms.moment(written, "Pacific/Auckland")


@pytest.mark.parametrize(
    ("written", "family"),
    [
        ("power-2", Spending(SpendingFamily.POWER, 2.0)),
        ("power-1.5", Spending(SpendingFamily.POWER, 1.5)),
        ("pocock", Spending(SpendingFamily.POCOCK)),
        ("obrien-fleming", Spending(SpendingFamily.OBRIEN_FLEMING)),
    ],
)
def test_spending_is_a_family_and_its_exponent(written: str, family: Spending) -> None:
    assert terms.spending(written) == family


def test_durations_add_their_parts() -> None:
    assert terms.length("1d12h") == timedelta(hours=36)
