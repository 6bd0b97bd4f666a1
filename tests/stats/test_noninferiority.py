"""A guardrail's four standings, margins in both scales, and equivalence: each with the interval that says the same."""

import math

import pytest
from hypothesis import assume, given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.margins import Standing, equivalence, equivalent, guarded, noninferiority
from twyman.stats.pair import Pair
from twyman.stats.tails import upper_tail


def pair(treatment: float, control: float = 10.0, *, se: float = 0.1, df: float | None = None) -> Pair:
    return Pair(
        treatment=treatment,
        control=control,
        treatment_variance=se * se,
        control_variance=se * se,
        df=df,
        treatment_units=50,
        control_units=50,
        method="difference",
    )


@pytest.mark.parametrize(
    ("treatment", "se", "standing"),
    [
        (10.0, 0.1, Standing.NON_INFERIOR),
        (9.0, 0.1, Standing.DETERIORATED),
        (9.8, 0.02, Standing.DETERIORATED_WITHIN_MARGIN),
        (9.8, 0.5, Standing.INCONCLUSIVE),
    ],
)
def test_a_guardrail_has_four_standings(treatment: float, se: float, standing: Standing) -> None:
    assert guarded(pair(treatment, se=se), margin=0.05).standing is standing


@given(
    st.floats(8, 12),
    st.floats(0, 0.2),
    st.sampled_from([0.01, 0.05, 0.3]),
    st.sampled_from([1, -1]),
    st.sampled_from([None, 4.0, 60.0]),
    st.sampled_from([1.0, -1.0]),
)
def test_the_bound_clears_the_margin_exactly_where_non_inferiority_is_shown(
    treatment: float, margin: float, alpha: float, improving: int, df: float | None, sign: float
) -> None:
    means = pair(sign * treatment, sign * 10.0, df=df)

    for scale, loss in (("relative", margin), ("absolute", margin * 10)):
        answer = guarded(means, margin=loss, alpha=alpha, improving=improving, scale=scale)
        assume(abs(answer.p_noninferior - alpha) > 1e-9)
        assert not isinstance(answer.bound, NotEstimable)
        assert (improving * answer.bound > -loss) == (answer.p_noninferior < alpha)


@given(st.floats(8, 12), st.floats(0.01, 0.2), st.sampled_from([0.01, 0.05]), st.sampled_from(["relative", "absolute"]))
def test_equivalence_is_an_interval_between_the_margins(
    treatment: float, margin: float, alpha: float, scale: str
) -> None:
    answer = equivalent(pair(treatment, df=30.0), within=margin, alpha=alpha, scale=scale)

    assert not isinstance(answer, NotEstimable)
    assume(abs(answer.p_value - alpha) > 1e-9)
    assert answer.lower is not None
    assert answer.upper is not None
    assert answer.shown == (-margin < answer.lower and answer.upper < margin)
    assert answer.p_value == max(
        upper_tail(z) for z in equivalence(pair(treatment, df=30.0), within=margin, scale=scale)
    )


@given(st.floats(8, 12), st.floats(0, 0.2))
def test_lower_is_better_is_the_mirror_image_in_the_metrics_own_unit(treatment: float, margin: float) -> None:
    up = noninferiority(pair(treatment), margin=margin, scale="absolute")
    down = noninferiority(pair(-treatment, -10.0), margin=margin, improving=-1, scale="absolute")

    assert up == pytest.approx(down)


def test_the_margins_test_carries_the_baselines_noise() -> None:
    """T20: (9.9 - .95 · 10) over √(v + .95² v); a margin turned into .5 by a known baseline would divide by √(2 v)."""
    z = noninferiority(pair(9.9), margin=0.05)

    assert z == pytest.approx(0.4 / (0.1 * math.sqrt(1 + 0.95**2)))
    assert z != pytest.approx(0.4 / (0.1 * math.sqrt(2)), rel=0.01)


def test_without_a_bounded_lift_the_tests_still_stand() -> None:
    answer = guarded(pair(10.0, 0.05), margin=0.05)

    assert isinstance(answer.bound, NotEstimable)
    assert answer.bound.code == Cause.UNBOUNDED_LIFT
    assert answer.standing is Standing.NON_INFERIOR
    assert isinstance(equivalent(pair(10.0, 0.05), within=0.1), NotEstimable)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: noninferiority(pair(10), margin=-0.1),
        lambda: noninferiority(pair(10), margin=0.1, improving=0),
        lambda: noninferiority(pair(10), margin=0.1, scale="log"),
        lambda: guarded(pair(10), margin=0.1, alpha=0.5),
        lambda: guarded(pair(10), margin=0.1, alpha_deterioration=0.0),
        lambda: equivalent(pair(10), within=0.1, alpha=0.6),
    ],
)
def test_what_makes_no_sense_is_refused(ask) -> None:  # noqa: ANN001
    with pytest.raises(Invalid):
        ask()
