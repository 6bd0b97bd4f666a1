"""Random effects over past experiments against R's metafor."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.history import RandomEffects, random_effects
from twyman.stats.history.spread import q_statistic, restricted_log_likelihood

Case = dict[str, Any]

FILE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats" / "shrinkage_meta.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
SCORING = ("REML", "ML", "EB")
CLOSED = ("FE", "EE", "CE", "DL", "HE", "SJ")
NAMES = {"EE": "fe", "CE": "fe"}
"""Equal and common effects are metafor's newer names of the model with one effect."""
UNIROOT = 0.0001220703125
"""Where R's uniroot stops: the machine's epsilon to the fourth root."""


def of(*methods: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["inputs"]["method"] in methods]
    if not methods:
        chosen = [case for case in CASES if case["inputs"]["method"] not in {*SCORING, *CLOSED, "PM"}]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _ours(case: Case, **options: Any) -> RandomEffects:
    inputs = case["inputs"]
    answer = random_effects(inputs["estimates"], [math.sqrt(v) for v in inputs["variances"]], **options)
    assert isinstance(answer, RandomEffects)
    return answer


def _agrees(ours: RandomEffects, theirs: Case, rel: float = 1e-8) -> None:
    said = {
        "mu": ours.mu,
        "se": ours.se,
        "tau2": ours.tau2,
        "Q": ours.q,
        "Q_p": ours.q_p,
        "I2": 100 * ours.i2,
        "H2": ours.h2,
    }
    assert said == pytest.approx({name: theirs[name] for name in said}, rel=rel)
    if theirs["posterior_mean"] is not None:
        assert ours.means == pytest.approx(tuple(theirs["posterior_mean"]), rel=rel)
        assert ours.ses == pytest.approx(tuple(theirs["posterior_se"]), rel=rel)


@of(*CLOSED)
def test_closed_forms_agree_with_metafor(case: Case) -> None:
    method = case["inputs"]["method"]

    _agrees(_ours(case, method=NAMES.get(method, method.lower())), case["expected"])


@of(*SCORING)
def test_iterations_agree_where_metafor_stops_them(case: Case) -> None:
    """metafor ends Fisher scoring at a change of 1e-5, in any unit; `tolerance` does the same, digit by digit.

    By default ours goes on to the solution, which is within that threshold's reach of theirs.
    """
    method = case["inputs"]["method"].lower()

    _agrees(_ours(case, method=method, tolerance=1e-5), case["expected"])
    assert _ours(case, method=method).tau2 == pytest.approx(case["expected"]["tau2"], abs=2e-5)


@of("PM")
def test_paule_mandel_is_the_root_that_uniroot_stops_short_of(case: Case) -> None:
    """uniroot's answer is within its own tolerance of 1.2e-4; ours solves the equation. All else follows from tau²."""
    inputs, theirs = case["inputs"], case["expected"]
    y, v = np.array(inputs["estimates"]), np.array(inputs["variances"])
    ours = _ours(case, method="pm")

    if ours.tau2:
        assert q_statistic(y, v, ours.tau2) == pytest.approx(len(y) - 1, rel=1e-9)
    else:
        assert q_statistic(y, v) <= len(y) - 1
    assert ours.tau2 == pytest.approx(theirs["tau2"], abs=UNIROOT)
    _agrees(_ours(case, tau2=theirs["tau2"]), theirs)


@of()
def test_estimators_that_we_have_not_differ_in_their_tau2_alone(case: Case) -> None:
    """Hunter and Schmidt's, too small by design, and median-unbiased ones: with their tau² the rest is ours."""
    _agrees(_ours(case, tau2=case["expected"]["tau2"]), case["expected"])


@of("REML")
def test_reml_is_at_least_as_likely_as_metafors(case: Case) -> None:
    inputs = case["inputs"]
    y, v = np.array(inputs["estimates"]), np.array(inputs["variances"])

    ours = restricted_log_likelihood(y, v, _ours(case).tau2)

    theirs = restricted_log_likelihood(y, v, case["expected"]["tau2"])
    assert ours >= theirs - 1e-12 * abs(theirs)


@of("EB")
def test_empirical_bayes_and_paule_mandel_solve_one_equation(case: Case) -> None:
    assert _ours(case, method="eb").tau2 == pytest.approx(_ours(case, method="pm").tau2, rel=1e-9)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {case["method"] for case in CASES} == {"random_effects"}
