"""Interaction of two overlapping experiments against R's lm with sandwich errors, from cell moments."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.estimate import Contrast
from twyman.stats.interactions import Interaction, grid, interaction, scenario
from twyman.stats.moments import Moments
from twyman.stats.tails import two_sided

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "interaction_2x2.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
DATA: dict[str, dict[str, list[Any]]] = json.loads((FOLDER / "data.json").read_text()) if FILE.exists() else {}
COEFFICIENTS = {
    "(Intercept)": [[1, 0], [0, 0]],
    "Intercept": [[1, 0], [0, 0]],
    "e1": [[-1, 0], [1, 0]],
    "e2": [[-1, 1], [0, 0]],
    "e1:e2": [[1, -1], [-1, 1]],
}
"""Each coefficient of the saturated regression, as a combination of cell means."""


def _cells(name: str) -> list[list[Moments]]:
    table = DATA[name]
    one, other, y = (np.asarray(table[column], dtype=float) for column in ("e1", "e2", "y"))
    return [[Moments.of(y[(one == a) & (other == b)]) for b in (0, 1)] for a in (0, 1)]


def _kind(case: Case) -> str:
    asked = str(case["inputs"].get("vcov") or case["inputs"].get("cov_type") or "HC2").lower()
    return "const" if asked == "nonrobust" else asked


def _by_name(theirs: Any) -> dict[str, float]:
    """One number is the interaction's."""
    return theirs if isinstance(theirs, dict) else {"e1:e2": theirs}


def of(*, coefficients: bool) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if ("coef" in case["expected"]) == coefficients]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


@of(coefficients=True)
def test_cell_moments_are_the_saturated_regression(case: Case) -> None:
    """Every coefficient and every error, whichever the sandwich: with a mean for each cell, leverage is 1 / n."""
    theirs, cells = case["expected"], grid(_cells(case["inputs"]["dataset"]), variance=_kind(case))
    answer, normal = interaction(cells, df="residual"), interaction(cells, df="normal")
    assert isinstance(answer, Interaction)
    assert isinstance(normal, Interaction)

    for name, estimate in _by_name(theirs["coef"]).items():
        ours = scenario(cells, COEFFICIENTS[name])
        assert isinstance(ours, Contrast)
        assert ours.estimate == pytest.approx(estimate, rel=1e-8)
        if "se" in theirs:
            assert ours.se == pytest.approx(_by_name(theirs["se"])[name], rel=1e-8)
    ours = answer.contrasts[0][0]
    for name, value in {"interaction_t": ours.statistic, "interaction_z": ours.statistic, "df": ours.df}.items():
        assert value == pytest.approx(theirs.get(name, value), rel=1e-8)
    asked = [_by_name(theirs[name])["e1:e2"] for name in ("interaction_p", "p_value", "p") if theirs.get(name)]
    for p in asked:  # statsmodels has the normal distribution under its sandwich errors
        assert any(ours == pytest.approx(p, rel=1e-8) for ours in (answer.p_value, normal.p_value))


@of(coefficients=False)
def test_a_wald_test_of_the_interaction_is_its_t_squared(case: Case) -> None:
    """As an F with residual degrees of freedom; as a chi-square or z where theirs is normal."""
    theirs = case["expected"]
    cells = grid(_cells(case["inputs"]["dataset"]), variance=_kind(case))
    answer, normal = interaction(cells, df="residual"), interaction(cells, df="normal")
    assert isinstance(answer, Interaction)
    assert isinstance(normal, Interaction)

    contrast = answer.contrasts[0][0]
    of_theirs = {
        "F": answer.statistic,
        "chi2": answer.statistic,
        "estimate": contrast.estimate,
        "interaction": contrast.estimate,
        "se": contrast.se,
        "z": contrast.statistic,
        "t": contrast.statistic,
    }
    for name in of_theirs.keys() & theirs.keys():
        assert of_theirs[name] == pytest.approx(theirs[name], rel=1e-8)
    assert set(theirs) & {*of_theirs, "p_value"}
    ours = [answer.p_value, normal.p_value]
    assert any(p == pytest.approx(theirs.get("p_value", p), rel=1e-8) for p in ours)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_our_own_error_is_hc2() -> None:
    """Ours by default: each cell's variance over its units, which HC2 equals to the last digits."""
    cells = _cells("D4")
    own = interaction(cells, df="normal")
    assert isinstance(own, Interaction)

    by_hand = sum(cell.variance() / cell.count for row in cells for cell in row) ** 0.5
    assert own.contrasts[0][0].se == pytest.approx(by_hand, rel=1e-14)
    assert own.p_value == two_sided(own.contrasts[0][0].statistic)[0]


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {case["method"] for case in CASES} == {"interaction"}
    assert {_kind(case) for case in CASES} <= {"const", "hc0", "hc1", "hc2", "hc3"}
