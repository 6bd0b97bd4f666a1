"""Relative lift against R's deltamethod, inverted pivots and mozanalysis."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Cause, Estimate, NotEstimable
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "relative_lift.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
KINDS = ("delta", "fieller", "negative_fieller", "unbounded", "mozanalysis")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if case["method"] == "fieller_relative_lift":
        if not case["expected"]["bounded"]:
            return "unbounded"
        return "negative_fieller" if case["inputs"]["mean_control"] < 0 else "fieller"
    return "mozanalysis" if case["method"].startswith("linear_model") else "delta"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _pair(inputs: Case) -> Pair:
    arms = [
        Moments(n, [inputs[f"mean_{arm}"]], [[inputs[f"sd_{arm}"] ** 2 * (n - 1)]])
        for arm in ("treatment", "control")
        for n in [inputs[f"n_{arm}"]]
    ]
    pair = means(*arms, test="wald" if inputs.get("critical", "z") == "z" else "welch")
    assert isinstance(pair, Pair)
    return pair


@of("delta")
def test_delta_and_log_agree_with_r(case: Case) -> None:
    pair = _pair(case["inputs"])
    alpha = 1 - case["inputs"].get("confidence", 0.95)
    delta, log = relative(pair, method="delta", alpha=alpha), relative(pair, method="log", alpha=alpha)
    assert isinstance(delta, Estimate)

    theirs = case["expected"]
    up = math.copysign(1, pair.control)  # below zero theirs divides by the baseline, ours by its size
    assert delta.estimate * up == pytest.approx(theirs["relative_lift"], rel=1e-9)
    assert delta.se == pytest.approx(theirs["se_delta"], rel=1e-9)
    assert [delta.lower, delta.upper][:: int(up)] == pytest.approx([up * end for end in theirs["ci_delta_z"]], rel=1e-9)
    assert delta.p_value == pytest.approx(theirs["p_delta_z"], rel=1e-9)
    assert absolute(pair).p_value == pytest.approx(theirs["p_absolute_z"], rel=1e-9)
    if theirs.get("ci_log_z") and pair.control > 0:
        assert isinstance(log, Estimate)
        assert [log.lower, log.upper] == pytest.approx(theirs["ci_log_z"], rel=1e-9)
        assert log.p_value == pytest.approx(theirs["p_log_ratio_z"], rel=1e-9)


@of("fieller")
def test_fieller_agrees_with_the_inverted_pivot(case: Case) -> None:
    ours = relative(_pair(case["inputs"]), alpha=1 - case["inputs"]["confidence"])

    assert isinstance(ours, Estimate)
    assert [ours.lower, ours.upper] == pytest.approx(case["expected"]["ci_relative_lift"], rel=1e-7, abs=1e-11)


@of("negative_fieller")
def test_a_negative_baseline_divides_by_its_size(case: Case) -> None:
    """The oracle's interval is of treatment / control - 1, where a rise from -5 to -4.6 counts as -8 %.

    Ours divides by |control|, so that positive always means higher: the same interval, mirrored.
    """
    ours = relative(_pair(case["inputs"]), alpha=1 - case["inputs"]["confidence"])

    assert isinstance(ours, Estimate)
    low, high = case["expected"]["ci_relative_lift"]
    assert [ours.lower, ours.upper] == pytest.approx([-high, -low], rel=1e-7)


@of("unbounded")
def test_an_unbounded_set_is_refused_with_its_reason(case: Case) -> None:
    ours = relative(_pair(case["inputs"]), alpha=1 - case["inputs"]["confidence"])

    assert isinstance(ours, NotEstimable)
    assert ours.code == Cause.UNBOUNDED_LIFT


@of("mozanalysis")
def test_mozanalysis_standardises_a_pooled_regression_and_takes_logs(case: Case) -> None:
    """Their model y ~ arm + x is our common slope within arms, so the estimates are the same.

    Their standard error takes one residual variance for both arms where ours lets each have its own,
    and their lift is read off the line at another point than the covariate's mean (a baseline of
    6.854, where the adjusted control mean is 6.892). The lifts lie within a fiftieth of an interval.
    """
    inputs, theirs = case["inputs"], case["expected"]["comparative"]
    data = json.loads((FOLDER / "data.json").read_text())[inputs["dataset"]]
    names = [inputs["outcome"], *([inputs["covariate"]] if inputs.get("covariate") else [])]
    rows, t = np.column_stack([data[name] for name in names]), np.array(data["t"])
    arms = Moments.of(rows[t == 1]), Moments.of(rows[t == 0])
    answer = adjusted(*arms, theta="pooled_within")
    assert isinstance(answer, Adjusted)

    ours = absolute(answer.pair)

    lift = relative(answer.pair, method="log")
    assert isinstance(lift, Estimate)
    assert ours.estimate == pytest.approx(theirs["abs_uplift|exp"], rel=1e-9)
    assert ours.lower == pytest.approx(theirs["abs_uplift|0.025"], abs=0.04 * ours.se * 2)
    assert math.isclose(lift.estimate, theirs["rel_uplift|exp"], abs_tol=lift.se / 25)
    assert math.isclose(lift.upper or 0, theirs["rel_uplift|0.975"], abs_tol=lift.se / 10)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
