"""The axis that rows share: zero and every usual interval lie on it, in order."""

from hypothesis import given, strategies as st

from twyman.report.scale import EDGE, WIDTH, shared

ends = st.floats(-10, 10).filter(lambda value: value == 0 or abs(value) > 1e-6)
spans = st.lists(st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=6)


@given(spans=spans)
def test_zero_always_lies_within(spans: list[tuple[float, float]]) -> None:
    scale = shared(spans)

    assert scale.low < 0 < scale.high


@given(spans=spans, one=ends, other=ends)
def test_order_is_kept_and_nothing_leaves_the_picture(
    spans: list[tuple[float, float]], one: float, other: float
) -> None:
    scale = shared(spans)

    low, high = scale.x(min(one, other)), scale.x(max(one, other))
    assert EDGE <= low <= high <= WIDTH - EDGE


@given(span=st.tuples(ends, ends))
def test_a_single_interval_is_seen_whole(span: tuple[float, float]) -> None:
    scale = shared([(min(span), max(span))])

    assert scale.shows(span[0])
    assert scale.shows(span[1])


@given(spans=spans)
def test_ticks_are_few_round_and_have_zero(spans: list[tuple[float, float]]) -> None:
    ticks = shared(spans).ticks()

    assert 2 <= len(ticks) <= 6
    assert 0.0 in ticks


def test_one_wild_interval_does_not_press_the_others_into_a_line() -> None:
    scale = shared([(-0.01, 0.02), (-0.02, 0.01), (-50.0, 50.0)])

    assert scale.x(0.02) - scale.x(-0.01) > WIDTH / 12


def test_a_mark_far_off_is_left_out() -> None:
    assert not shared([(-0.01, 0.01)], [5.0]).shows(5.0)
    assert shared([(-0.01, 0.01)], [0.03]).shows(0.03)
