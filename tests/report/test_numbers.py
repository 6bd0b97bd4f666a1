"""Laws of written numbers: signs, rounding, no false zero."""

from hypothesis import given, strategies as st

from twyman.report import numbers

values = st.floats(-1e6, 1e6)
digits = st.integers(0, 6)


@given(value=values, places=digits)
def test_a_written_number_reads_back_as_its_rounding(value: float, places: int) -> None:
    text = numbers.signed(value, places).replace(",", "").replace(numbers.MINUS, "-")

    assert float(text) == float(f"{value:.{places}f}")


@given(value=values, places=digits)
def test_a_sign_stands_just_where_something_other_than_zero_is_written(value: float, places: int) -> None:
    text = numbers.signed(value, places)

    assert (text[0] in f"+{numbers.MINUS}") == any(sign in "123456789" for sign in text)


@given(value=st.floats(1e-320, 1.0))
def test_no_p_value_above_zero_is_written_as_zero(value: float) -> None:
    text = numbers.p_value(value)

    assert text.startswith("<") or float(text) > 0


@given(value=values)
def test_no_hyphen_stands_for_a_minus(value: float) -> None:
    assert "-" not in numbers.percent(value, 2) + numbers.span(value, value + 1, 1)


@given(half=st.floats(1e-4, 1e4))
def test_two_digits_of_a_half_width_are_shown(half: float) -> None:
    shown = float(f"{half:.{numbers.decimals(half)}f}")

    assert abs(shown - half) <= 0.051 * half
