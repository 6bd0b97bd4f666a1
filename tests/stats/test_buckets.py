"""Units dealt in buckets: arms have the moments of their units, and tests reject as often as where units are dealt."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.buckets import Buckets, deals
from twyman.stats.difference import means
from twyman.stats.estimate import NotEstimable
from twyman.stats.false_alarms import false_alarms
from twyman.stats.moments import Moments
from twyman.stats.re_randomised import SyntheticAA, synthetic_aa

RUNS = 1_000


def same(found: Moments, expected: Moments) -> None:
    assert found.count == expected.count
    assert found.means == pytest.approx(expected.means, rel=1e-9, abs=1e-9)
    assert found.products == pytest.approx(expected.products, rel=1e-9, abs=1e-6)


def p_values(buckets: Buckets, labels: list[str], runs: int = RUNS) -> np.ndarray:
    """Welch's, by the comparison that an analysis makes."""
    arms = [buckets.dealt(arm) for arm in deals(labels, runs=runs)]
    found = [means(treatment, control) for treatment, control in zip(*arms, strict=True)]
    contrasts = [one.contrast() for one in found if not isinstance(one, NotEstimable)]
    return np.array([one.as_estimate(alpha=0.05, scale="", method="").p_value for one in contrasts])


tables = st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=40)


@given(tables, st.integers(0, 2**5 - 1), st.sampled_from([0.0, 1e6]))
@settings(deadline=None)
def test_an_arm_has_the_moments_of_its_units(table: list[tuple[int, int, int]], chosen: int, far: float) -> None:
    rows, places = np.array([(y + far, x) for y, x, _ in table], dtype=float), [place for *_, place in table]
    truths = np.array([bool(chosen >> place & 1) for place in range(max(places) + 1)])

    (found,) = Buckets.of(rows, places).dealt(truths[None, :])

    same(found, Moments.of(rows[truths[places]]))


@given(tables, tables)
@settings(deadline=None)
def test_days_put_together_are_all_their_units(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]
) -> None:
    wide = [(0, 0, 4)]  # so that both have five buckets
    one, other = ([*first, *wide], [*second, *wide])
    made = [Buckets.of([row[:2] for row in rows], [row[2] for row in rows]) for rows in (one, other)]

    together = made[0] + made[1]

    same(together.pooled(), Moments.of([row[:2] for row in [*one, *other]]))
    same(
        together.dealt(np.eye(5, dtype=bool))[2],
        Moments.of(np.reshape([row[:2] for row in [*one, *other] if row[2] == 2], (-1, 2))),
    )


def test_a_bucket_a_unit_is_dealing_units() -> None:
    values = np.random.default_rng(3).lognormal(size=200)
    labels = [f"u{i}" for i in range(200)]
    by_unit = synthetic_aa(values, units=labels, salts=RUNS)
    assert isinstance(by_unit, SyntheticAA)

    found = p_values(Buckets.of(values[:, None], range(200)), labels)

    assert found == pytest.approx(by_unit.p_values, rel=1e-9)


@pytest.mark.parametrize("heavy", [0.0, 1.5])
def test_buckets_reject_as_often_as_units(heavy: float) -> None:
    """Both rates are of a thousand deals; buckets tell a standard error to 1.1 %, and so a rate to .0025."""
    rng = np.random.default_rng(11)
    values = np.exp(heavy * rng.normal(size=20_000)) if heavy else rng.normal(size=20_000)
    places = rng.integers(0, 4096, size=values.size)
    by_unit = synthetic_aa(values, salts=RUNS)
    assert isinstance(by_unit, SyntheticAA)

    rate = float(
        np.mean(p_values(Buckets.of(values[:, None], places), [f"{place:03x}" for place in range(4096)]) < 0.05)
    )

    spread = np.sqrt(2 * 0.05 * 0.95 / RUNS + 0.0025**2)
    assert abs(rate - by_unit.rate) < 3.3 * spread


def test_shares_are_those_of_the_plan_and_nobody_is_in_two_arms() -> None:
    treatment, control = deals([str(i) for i in range(4096)], runs=200, treatment=0.1, control=0.3)

    assert not (treatment & control).any()
    assert treatment.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / treatment.size))
    assert control.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / control.size))


def test_a_seed_gives_its_deals_again_and_another_gives_others() -> None:
    labels = [str(i) for i in range(64)]
    first, again, other = (deals(labels, runs=5, seed=seed)[0] for seed in (7, 7, 8))

    assert (first == again).all()
    assert not (first == other).all(axis=1).any()


def test_one_bucket_that_makes_all_variation_is_seen() -> None:
    values = np.array([0.0] * 99 + [1_000.0])

    assert Buckets.of(values[:, None], range(100)).largest() > 0.98
    assert Buckets.of(np.arange(100.0)[:, None], range(100)).largest() < 0.05


def test_of_a_ratio_the_distance_to_it_counts() -> None:
    """A unit ten times as large as others, of the same ratio, isn't far from it."""
    rows = np.array([(2.0 + 0.1 * (-1) ** i, 1.0) for i in range(50)] + [(20.0, 10.0)])

    assert Buckets.of(rows, range(51)).largest(2) < 0.05


@pytest.mark.parametrize(
    "wrong", [{"runs": 0}, {"runs": 1, "treatment": 0.7, "control": 0.7}, {"runs": 1, "control": 0.0}]
)
def test_what_cant_be_dealt_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(Invalid, match="deals of shares"):
        deals(["a"], **wrong)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("rejected", "verdict"), [(50, "trusted"), (80, "inflated"), (25, "conservative")])
def test_a_rate_is_judged_by_what_was_promised(rejected: int, verdict: str) -> None:
    found = false_alarms(np.arange(1000) < rejected, alpha=0.05)

    assert (found.verdict, found.rate) == (verdict, rejected / 1000)
    assert found.lower < found.rate < found.upper


@pytest.mark.parametrize(("rejected", "verdict"), [(50, "trusted"), (80, "inflated"), (25, "trusted")])
def test_a_rate_below_a_promise_not_to_exceed_keeps_it(rejected: int, verdict: str) -> None:
    assert false_alarms(np.arange(1000) < rejected, alpha=0.05, at_most=True).verdict == verdict
