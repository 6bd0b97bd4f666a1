"""Corrections of several tests against R, multtest, qvalue and statsmodels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.multiplicity import (
    adaptive_bh,
    bh,
    bky,
    bonferroni,
    by,
    hochberg,
    holm,
    holm_sidak,
    hommel,
    sidak,
    storey,
    two_stage_bh,
)

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
CASES: list[Case] = []
for name in ("multiple_testing", "misc_r"):
    if (FOLDER / f"{name}.json").exists():
        CASES += [case | {"file": name} for case in json.loads((FOLDER / f"{name}.json").read_text())["cases"]]

OURS: dict[str, Callable[[list[float], float], Any]] = {
    "bonferroni": lambda p, _: bonferroni(p),
    "sidak": lambda p, _: sidak(p),
    "SidakSS": lambda p, _: sidak(p),
    "holm": lambda p, _: holm(p),
    "holm-sidak": lambda p, _: holm_sidak(p),
    "SidakSD": lambda p, _: holm_sidak(p),
    "hochberg": lambda p, _: hochberg(p),
    "simes-hochberg": lambda p, _: hochberg(p),
    "hommel": lambda p, _: hommel(p),
    "bh": lambda p, _: bh(p),
    "fdr": lambda p, _: bh(p),
    "fdr_bh": lambda p, _: bh(p),
    "by": lambda p, _: by(p),
    "fdr_by": lambda p, _: by(p),
    "fdr_tsbh": lambda p, alpha: two_stage_bh(p, alpha=alpha),
    "fdr_tsbky": lambda p, alpha: bky(p, alpha=alpha),
    "abh": lambda p, _: adaptive_bh(p),
}
BY_NAME = {name.lower(): correction for name, correction in OURS.items()}


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if case["file"] == "misc_r":
        return "storey" if case["method"] == "storey_q" else "elsewhere"
    return "multtest two-stage" if case["inputs"]["method"].startswith("TSBH") else "correction"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


@of("correction")
def test_corrections_agree_with_r_multtest_and_statsmodels(case: Case) -> None:
    inputs = case["inputs"]
    p, alpha = np.atleast_1d(inputs["p_values"]), inputs.get("alpha")

    ours = BY_NAME[inputs["method"].lower()](p, alpha)

    theirs = np.atleast_1d(case["expected"]["adjusted"])
    lost = (theirs == 0) & (ours < 1e-15)  # multtest subtracts from 1, where ours keeps the digits
    assert ours[~lost] == pytest.approx(theirs[~lost], rel=1e-10, abs=0)
    if "reject" in case["expected"]:
        clear = np.abs(ours - alpha) > 1e-12  # at alpha itself their answer hangs on the last bit
        assert (ours < alpha)[clear].tolist() == np.array(case["expected"]["reject"])[clear].tolist()


@of("multtest two-stage")
def test_multtest_leaves_the_penalty_off_the_adjusted_values(case: Case) -> None:
    """Its first stage is at alpha / (1 + alpha), as BKY's; its adjusted values lack the factor 1 + alpha.

    So they have to be compared with alpha / (1 + alpha), ours with alpha. Where the first stage finds
    everything, it has no null left and calls all adjusted values 0; ours stay those of the first stage.
    """
    inputs = case["inputs"]
    alpha = inputs.get("alpha") or float(inputs["method"].split("_")[1])
    p = np.atleast_1d(inputs["p_values"])

    ours = bky(p, alpha=alpha)

    theirs = np.atleast_1d(case["expected"]["adjusted"])
    if not theirs.any():
        assert (ours <= alpha).all()
        return
    assert np.minimum(theirs * (1 + alpha), 1) == pytest.approx(ours, rel=1e-10, abs=0)


@of("storey")
def test_q_values_agree_with_bioconductor(case: Case) -> None:
    inputs = case["inputs"]

    ours = storey(inputs["p_values"], null_share=inputs["pi0"])

    assert ours == pytest.approx(case["expected"]["q"], rel=1e-8)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= {"correction", "multtest two-stage", "storey", "elsewhere"}
