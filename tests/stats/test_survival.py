"""Retention curves against R's survival, and what must hold of them whatever the data are."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.proportion import proportions
from twyman.stats.survival import (
    LogRank,
    RiskTable,
    kaplan_meier,
    log_rank,
    matured,
    mean_time,
    retention,
    stratified_log_rank,
)

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "survival_retention.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
SAME = {"rel": 1e-8, "abs": 1e-12}


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    return "curve" if "survival" in case["expected"] else "log_rank"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _test(answer: LogRank | NotEstimable) -> LogRank:
    assert isinstance(answer, LogRank), answer
    return answer


def _pair(answer: Pair | NotEstimable) -> Pair:
    assert isinstance(answer, Pair), answer
    return answer


@of("curve")
def test_curves_agree_with_survfit(case: Case) -> None:
    inputs, theirs = case["inputs"], case["expected"]
    curve = kaplan_meier(RiskTable.of(inputs["time"], inputs["event"]))

    lower, upper = curve.interval(kind=inputs.get("conf_type", "log"))  # R's default

    ours = {"time": curve.times, "survival": curve.survival, "se": curve.se, "lower": lower, "upper": upper}
    for name, values in theirs.items():
        known = [i for i, value in enumerate(values) if value is not None]
        assert ours[name][known] == pytest.approx(np.array([values[i] for i in known]), **SAME), name


LOG_RANK = {
    "chisq": "statistic",
    "chi2": "statistic",
    "p": "p_value",
    "pvalue": "p_value",
    "obs": "observed",
    "exp": "expected",
}


@of("log_rank")
def test_the_log_rank_test_agrees_with_survdiff(case: Case) -> None:
    inputs = case["inputs"]
    time, event = (np.array(inputs[name]) for name in ("time", "event"))
    (group,) = (np.array(value) for name, value in inputs.items() if name not in {"time", "event", "rho"})
    tables = [RiskTable.of(time[group == name], event[group == name]) for name in np.unique(group)]

    test = _test(log_rank(*tables))

    for name, value in case["expected"].items():
        mine = [table.units for table in tables] if name == "n" else getattr(test, LOG_RANK.get(name, name))
        assert np.ravel(mine) == pytest.approx(np.ravel(value), **SAME), name


def test_the_log_rank_test_of_a_textbook_trial() -> None:
    """Freireich's remission times: chi-square 16.79 on one degree of freedom, 19.25 and 10.75 events expected."""
    treated = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

    test = _test(log_rank(RiskTable.of(treated, [1] * 9 + [0] * 12), RiskTable.of(placebo, [1] * 21)))

    assert test.statistic == pytest.approx(16.79, abs=0.005)
    assert (test.df, test.observed) == (1, (9, 21))
    assert test.expected == pytest.approx((19.25, 10.75), abs=0.005)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= {"curve", "log_rank"}


UNITS = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=2, max_size=40)


def _table(units: list[tuple[int, bool]]) -> RiskTable:
    return RiskTable.of([time for time, _ in units], [event for _, event in units])


@given(UNITS, UNITS)
def test_tables_of_disjoint_groups_add_up(first: list[tuple[int, bool]], second: list[tuple[int, bool]]) -> None:
    together, added = _table(first + second), _table(first) + _table(second)

    for name in ("times", "at_risk", "events"):
        assert getattr(together, name).tolist() == getattr(added, name).tolist()


@given(st.lists(st.integers(1, 12), min_size=2, max_size=40), st.integers(1, 12))
def test_without_censoring_a_curve_is_a_proportion(times: list[int], at: int) -> None:
    everyone = kaplan_meier(RiskTable.of(times, [True] * len(times))).at(at)

    stayed = np.mean([time > at for time in times])
    assert everyone == pytest.approx((stayed, math.sqrt(stayed * (1 - stayed) / len(times))))


@given(UNITS, st.sampled_from(["plain", "log", "log-log"]), st.sampled_from([0.2, 0.01]))
def test_intervals_hold_their_curve_and_stay_within_0_and_1(
    units: list[tuple[int, bool]], kind: str, alpha: float
) -> None:
    curve = kaplan_meier(_table(units))

    lower, upper = curve.interval(alpha=alpha, kind=kind)

    assert (lower >= 0).all()
    assert (upper <= 1).all()
    assert (lower <= curve.survival + 1e-15).all()
    assert (upper >= curve.survival - 1e-15).all()


def test_plain_and_log_intervals_are_the_textbooks() -> None:
    curve = kaplan_meier(RiskTable.of([1, 2, 2, 3, 4], [1, 1, 0, 1, 0]))

    plain, log = curve.interval(kind="plain"), curve.interval(kind="log")

    z = 1.959963984540054
    assert plain[0][0] == pytest.approx(0.8 - z * math.sqrt(0.8 * 0.2 / 5))
    assert log[0][0] == pytest.approx(0.8 * math.exp(-z * math.sqrt(0.2 / 0.8 / 5)))
    assert plain[1][0] == log[1][0] == 1.0


def test_retention_without_censoring_is_the_comparison_of_proportions() -> None:
    treatment, control = RiskTable([7], [400], [100]), RiskTable([7], [500], [150])

    ours = _pair(retention(treatment, control, at=7)).contrast()

    theirs = _pair(proportions(Moments.binary(300, 400), Moments.binary(350, 500), test="wald")).contrast()
    assert (ours.estimate, ours.se) == pytest.approx((theirs.estimate, theirs.se))


def test_units_still_in_their_window_sharpen_the_curve() -> None:
    rng = np.random.default_rng(5)
    leaves, seen = rng.exponential(20, (2, 2000)), rng.uniform(1, 14, (2, 2000))
    tables = [RiskTable.of(np.minimum(x, s), x <= s) for x, s in zip(leaves, seen, strict=True)]
    closed = [RiskTable.of(np.minimum(x[s >= 7], 7.0), x[s >= 7] <= 7) for x, s in zip(leaves, seen, strict=True)]

    all_units = _pair(retention(tables[0], tables[1], at=7)).contrast()
    full_windows = _pair(retention(closed[0], closed[1], at=7)).contrast()

    assert all_units.se < full_windows.se
    assert abs(all_units.estimate - full_windows.estimate) < 2 * full_windows.se


def test_mean_time_without_censoring_is_the_mean_of_times_cut_off() -> None:
    rng = np.random.default_rng(6)
    arms = [rng.integers(1, 20, 300), rng.integers(1, 25, 400)]

    pair = _pair(mean_time(*(RiskTable.of(arm, np.ones(arm.size)) for arm in arms), until=14))

    cut = [np.minimum(arm, 14) for arm in arms]
    assert (pair.treatment, pair.control) == pytest.approx(tuple(arm.mean() for arm in cut))
    assert pair.treatment_variance == pytest.approx(cut[0].var() / 300)
    assert pair.control_variance == pytest.approx(cut[1].var() / 400)


@given(UNITS, UNITS)
def test_the_log_rank_test_knows_no_first_and_second(
    first: list[tuple[int, bool]], second: list[tuple[int, bool]]
) -> None:
    there, back = log_rank(_table(first), _table(second)), log_rank(_table(second), _table(first))

    assert isinstance(there, LogRank) == isinstance(back, LogRank)
    if isinstance(there, LogRank) and isinstance(back, LogRank):
        assert there.statistic == pytest.approx(back.statistic, rel=1e-9, abs=1e-12)
        assert sum(there.observed) == pytest.approx(sum(there.expected))


def test_one_stratum_is_no_stratum_and_two_alike_count_double() -> None:
    groups = (_table([(2, True), (4, True), (5, False), (9, True)]), _table([(1, True), (3, True), (4, True)]))

    once, twice = _test(log_rank(*groups)), _test(stratified_log_rank([groups, groups]))

    assert twice.statistic == pytest.approx(2 * once.statistic)
    assert _test(log_rank(*groups, RiskTable([], [], []))).statistic == pytest.approx(once.statistic)


def test_three_groups_have_two_degrees_of_freedom() -> None:
    tables = [_table([(k, True), (k + 1, True), (k + 4, True), (k + 5, False)]) for k in (1, 2, 3)]

    assert _test(log_rank(*tables)).df == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (retention(RiskTable([3], [9], [2]), RiskTable([9], [9], [2]), at=7), Cause.NO_ONE_AT_RISK),
        (retention(RiskTable([9], [9], [0]), RiskTable([9], [9], [0]), at=7), Cause.NO_VARIATION),
        (retention(RiskTable([9], [9], [0]), RiskTable([7], [9], [9]), at=7), Cause.NO_VARIATION),
        (retention(RiskTable([], [], []), RiskTable([9], [9], [1]), at=7), Cause.TOO_FEW_UNITS),
        (mean_time(RiskTable([3], [9], [2]), RiskTable([9], [9], [2]), until=7), Cause.NO_ONE_AT_RISK),
        (log_rank(RiskTable([1], [9], [0]), RiskTable([1], [9], [0])), Cause.NO_VARIATION),
        (log_rank(RiskTable([1], [9], [2]), RiskTable([], [], [])), Cause.NO_VARIATION),
    ],
)
def test_what_cannot_be_known_has_a_reason(answer: Pair | LogRank | NotEstimable, code: Cause) -> None:
    assert isinstance(answer, NotEstimable)
    assert answer.code == code


def test_a_billion_units_by_day_cost_what_a_table_costs() -> None:
    days = np.arange(1, 366)
    at_risk = np.floor(1e9 * 0.99 ** (days - 1))

    pair = _pair(retention(*(RiskTable(days, at_risk, np.floor(at_risk * p)) for p in (0.0099, 0.01)), at=365))

    assert pair.contrast().estimate > 0
    assert pair.contrast().se == pytest.approx(7e-6, rel=0.2)


@pytest.mark.parametrize(
    "columns",
    [([1, 1], [5, 4], [1, 1]), ([1, 2], [5, 5], [1, 0]), ([1], [5], [6]), ([1, 2], [5], [1]), ([math.nan], [1], [0])],
)
def test_what_is_no_table_is_refused(columns: tuple[list[float], list[float], list[float]]) -> None:
    with pytest.raises(Invalid):
        RiskTable(*(np.array(column, dtype=np.float64) for column in columns))


def test_matured_units_stay_matured_and_keep_their_outcome() -> None:
    rng = np.random.default_rng(8)
    exposed, converts_after = rng.uniform(0, 28, 500), rng.exponential(10, 500)
    window = 7.0

    first, later = (matured(exposed, window=window, cut_off=day) for day in (14, 21))

    assert (later.units | ~first.units).all()
    assert later.units.sum() > first.units.sum()
    within = converts_after < window  # decided by the unit's own window, not by the look
    assert within[first.units].mean() != within[later.units].mean()
    assert first.share == first.units.mean()


def test_open_windows_dilute_and_drift() -> None:
    """The trap of counting everybody: the rate rises from look to look although nothing changes."""
    exposed = np.linspace(0, 14, 2001)
    converts_after = np.tile([1.0, 3.0, 5.0, 100.0], 501)[:2001]

    def rate(day: float, *, closed: bool) -> float:
        who = matured(exposed, window=7, cut_off=day).units if closed else exposed < day
        return float((converts_after[who] <= np.minimum(7, day - exposed[who])).mean())

    assert [round(rate(day, closed=True), 2) for day in (9, 14, 21)] == [0.75, 0.75, 0.75]
    assert rate(9, closed=False) < rate(14, closed=False) < rate(21, closed=False) - 0.05


def test_a_window_has_a_length() -> None:
    with pytest.raises(Invalid, match="length"):
        matured([1.0], window=0, cut_off=3)
    with pytest.raises(Invalid, match="after exposure"):
        mean_time(RiskTable([3], [9], [2]), RiskTable([9], [9], [2]), until=0)
    with pytest.raises(Invalid, match="interval"):
        kaplan_meier(RiskTable([3], [9], [2])).interval(kind="loglog")
    with pytest.raises(Invalid, match="two or more"):
        log_rank(RiskTable([3], [9], [2]))
    assert matured([], window=7, cut_off=1).share == 0
