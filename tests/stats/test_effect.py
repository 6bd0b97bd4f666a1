"""One result for every comparison: what it holds, and that its numbers never contradict each other."""

import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.anytime.boundary import Asymptotic, MixtureSprt
from twyman.stats.certainty import AnyLook, Certainty, OneLook, PlannedLooks
from twyman.stats.comparison import ENGINE, Effect, compare, effect
from twyman.stats.estimate import Estimate, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.sequential.repeated import AtLook
from twyman.stats.sequential.spending import ObrienFleming, PowerSpending
from twyman.stats.settings import Settings

DECIDING: list[Certainty] = [
    OneLook(0.01),
    PlannedLooks(AtLook((2.0, 5.0), (0.4, 1.0), alpha=0.05, spending=PowerSpending(2))),
    PlannedLooks(AtLook((2.0,), (0.4,), alpha=0.1, spending=ObrienFleming())),
    AnyLook(Asymptotic.tuned_for(2000)),
    AnyLook(MixtureSprt(0.5), alpha=0.2),
]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    reals = st.floats(-5, 5, allow_subnormal=False)
    spread = st.floats(0.01, 0.5)
    v_t, v_c = draw(spread), draw(spread)
    shared = draw(st.floats(-0.9, 0.9)) * (v_t * v_c) ** 0.5
    return Pair(
        treatment=10 + draw(reals),
        control=10.0 * draw(st.sampled_from([1, -1])) + draw(reals) / 10,
        treatment_variance=v_t,
        control_variance=v_c,
        covariance=shared,
        df=draw(st.sampled_from([None, 3.0, 40.5])),
        treatment_units=draw(st.integers(2, 10**6)),
        control_units=500,
        method="any",
    )


def excludes(estimate: Estimate) -> bool:
    return estimate.lower is not None and estimate.upper is not None and not estimate.lower <= 0 <= estimate.upper


@pytest.mark.parametrize("by", DECIDING, ids=lambda by: f"{by.name} {by.alpha}")
@given(pair=pairs())
def test_both_intervals_exclude_nothing_exactly_where_p_is_below_alpha(by: Certainty, pair: Pair) -> None:
    found = effect(pair, by=by)

    assert excludes(found.absolute) == (found.absolute.p_value < by.alpha)
    if isinstance(found.relative, Estimate):
        assert excludes(found.relative) == (found.relative.p_value < by.alpha)
        assert found.relative.p_value == found.absolute.p_value
    assert found.absolute.level == 1 - by.alpha


def test_a_look_that_spends_nothing_has_no_interval_and_no_finding() -> None:
    idle = PlannedLooks(AtLook((5.0, 5.0), (1.0, 1.0), alpha=0.05, spending=PowerSpending(2)))
    pair = compare(Moments.of([9, 10, 11]), Moments.of([1, 2, 3]))
    assert isinstance(pair, Effect)

    found = effect(pair.pair, by=idle).absolute

    assert (found.lower, found.upper, found.p_value) == (None, None, 1.0)


def test_a_result_holds_both_units_both_adjustments_and_how_it_was_made() -> None:
    rows = [[4.0, 1], [5, 2], [7, 3], [8, 5], [9, 4]]
    settings = Settings(theta="pooled", lift="delta", alpha=0.1)

    found = compare(Moments.of([[y + 1, x] for y, x in rows]), Moments.of(rows), settings)

    assert isinstance(found, Effect)
    assert found.unadjusted is not None
    assert found.adjustment is not None
    assert found.unadjusted.absolute.se > found.absolute.se
    assert found.relative.method == "cuped-pooled, delta"
    assert (found.settings, found.certainty, found.engine) == (settings, "one look", ENGINE)


def test_without_a_comparison_there_is_a_reason_and_no_number() -> None:
    assert isinstance(compare(Moments.of([1]), Moments.of([2, 3])), NotEstimable)


@pytest.mark.parametrize("wrong", [{"test": "wellch"}, {"kind": "median"}, {"lift": "fieler"}, {"theta": "x"}])
def test_a_convention_that_does_not_exist_is_refused_by_its_name(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid, match=next(iter(wrong.values()))):
        Settings(**wrong)


def test_an_interval_with_one_side_is_refused() -> None:
    with pytest.raises(Invalid, match="2 sides"):
        PlannedLooks(AtLook((1.0,), (1.0,), alpha=0.05, spending=PowerSpending(2), sides=1))


ROWS = [(3, 1, 2), (5, 2, 2), (4, 4, 5), (7, 3, 4), (2, 2, 1), (6, 5, 3)]
HOW = {
    "mean": Settings(),
    "mean, wald, log": Settings(test="wald", lift="log"),
    "ratio": Settings(kind="ratio"),
    "ratio, pooled": Settings(kind="ratio", theta="pooled", alpha=0.2),
}
COLUMNS = {"mean": (0,), "mean, wald, log": (0,), "ratio": (0, 1), "ratio, pooled": (0, 1, 2)}
NUMBERS = {
    ("1", "mean"): "1 1.08012345 -1.40666502 3.40666502 0.376341738 "
    "0.222222222 0.268027317 -0.25040056 1.10277189 0.376341738",
    ("1", "mean, wald, log"): "1 1.08012345 -1.11700306 3.11700306 0.35453948 "
    "0.222222222 0.268027317 -0.204782612 0.878514207 0.360154047",
    ("1", "ratio"): "0.352941176 0.456590096 -0.668095946 1.3739783 0.457874241 "
    "0.222222222 0.315784194 -0.339714984 1.29512608 0.457874241",
    ("1", "ratio, pooled"): "0.440475077 0.441847729 -0.166772545 1.0477227 0.342834345 "
    "0.285195277 0.32297765 -0.0930992248 0.843683563 0.342834345",
}
"""What an engine says of the same moments: numbers that change on purpose get a new engine, and lines of their own."""


@pytest.mark.parametrize("name", HOW)
def test_the_same_engine_says_the_same_numbers(name: str) -> None:
    control = Moments.of(ROWS).columns(*COLUMNS[name])
    treatment = Moments.of([(a + 1, b, c + 1) for a, b, c in reversed(ROWS)]).columns(*COLUMNS[name])
    found = compare(treatment, control, HOW[name])
    assert isinstance(found, Effect)
    assert isinstance(found.relative, Estimate)

    said = " ".join(
        f"{value:.9g}"
        for one in (found.absolute, found.relative)
        for value in (one.estimate, one.se, one.lower, one.upper, one.p_value)
    )

    assert said == NUMBERS[found.engine, name]
