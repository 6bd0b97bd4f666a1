"""Cluster-robust and switchback errors against R's sandwich, clubSandwich and estimatr, and statsmodels."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.clusters.sandwich import contrast
from twyman.stats.clusters.sums import Clusters, cluster_means
from twyman.stats.estimate import Contrast
from twyman.stats.linear import Fit, least_squares
from twyman.stats.pair import Pair
from twyman.stats.switchbacks import Panel, Switchback, switchback
from twyman.stats.tails import two_sided

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
FILE = FOLDER / "cluster_switchback.json"
CASES: list[Case] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
DATA: dict[str, dict[str, list[Any]]] = json.loads((FOLDER / "data.json").read_text()) if CASES else {}
KINDS = ("users", "switchback")


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    return "users" if case["inputs"]["formula"].replace(" ", "") == "y~t" else "switchback"


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def _asked(case: Case, groups: int, fit: Fit) -> tuple[str, str, float]:
    """Return our kind and degrees of freedom, and what their number is times ours.

    R's `sandwich` multiplies HC0 and HC1 by G / (G - 1) where told to (`cadjust`), and HC2 and HC3
    by (G - 1) / G where not; both are ours but for that factor.
    """
    inputs = case["inputs"]
    if "small_sample_correction" in inputs:
        return ("CR1S" if inputs["small_sample_correction"] else "CR0"), "normal", 1.0
    if "se_type" in inputs:
        df = "satterthwaite" if inputs["se_type"] == "CR2" else "clusters"
        return {"stata": "CR1S"}.get(inputs["se_type"], inputs["se_type"]), df, 1.0
    kind = inputs["type"]
    if kind == "CR1p":
        return "CR0", "satterthwaite", groups / (groups - (fit.rows - fit.df))
    if kind.startswith("CR"):
        return kind, "satterthwaite", 1.0
    adjusted = inputs.get("cadjust", "cadjust" in kind)
    rows = (fit.rows - 1) / fit.df
    ours, factor = {
        "HC0": ("CR1" if adjusted else "CR0", 1.0),
        "HC1": ("CR1S" if adjusted else "CR0", 1.0 if adjusted else rows),
        "HC2": ("CR2", 1.0 if adjusted else (groups - 1) / groups),
        "HC3": ("CR3", 1.0 if adjusted else (groups - 1) / groups),
    }[kind[:3]]
    return ours, "satterthwaite", factor


def _agrees(ours: Contrast, case: Case, factor: float) -> None:
    theirs = case["expected"]
    assert ours.estimate == pytest.approx(theirs["coef"], rel=1e-9)
    assert ours.se * math.sqrt(factor) == pytest.approx(theirs["se"], rel=1e-9)
    if "df_satterthwaite" in theirs:
        assert ours.df == pytest.approx(theirs["df_satterthwaite"], rel=1e-8)
        statistic = ours.statistic / math.sqrt(factor)
        assert two_sided(statistic, ours.df)[0] == pytest.approx(theirs["p_satterthwaite"], rel=1e-7)
    if "ci" in theirs:
        assert ours.df == pytest.approx(theirs["df"], rel=1e-8)
        assert ours.interval(0.05) == pytest.approx(theirs["ci"], rel=1e-7)
        assert two_sided(ours.statistic, ours.df)[0] == pytest.approx(theirs["p_value"], rel=1e-7)


@of("users")
def test_errors_from_rows_and_from_cluster_sums_alone_agree_with_r(case: Case) -> None:
    """T22: rows aren't units; and CR2 with its degrees of freedom needs no row where there are no covariates."""
    assert case["inputs"]["cluster"] == "user"
    user, t, y = (np.array(DATA[case["inputs"]["dataset"]][name]) for name in ("user", "t", "y"))
    fit = least_squares(y, {"t": t})
    kind, df, factor = _asked(case, len(np.unique(user)), fit)

    rows = contrast(fit, "t", user, kind=kind, df=df)

    assert isinstance(rows, Contrast)
    _agrees(rows, case, factor)
    arms = [Clusters.of(y[t == arm], user[t == arm]) for arm in (1, 0)]
    sums = cluster_means(*arms, kind=kind, df="satterthwaite" if df == "clusters" else df)
    assert isinstance(sums, Pair)
    assert (sums.contrast().estimate, sums.contrast().se) == pytest.approx((rows.estimate, rows.se), rel=1e-12)
    if df == "satterthwaite":
        assert sums.df == pytest.approx(rows.df, rel=1e-10)
    if kind == "CR0":  # rows taken for units would be too sure
        naive = fit.contrast("t", errors="HC0")
        assert isinstance(naive, Contrast)
        assert naive.se < 0.7 * rows.se


@of("switchback")
def test_switchbacks_agree_with_r(case: Case) -> None:
    inputs = case["inputs"]
    assert inputs["formula"].replace(" ", "") == "y~t+C(region)+C(hour)"
    region, hour, t, y = (np.array(DATA[inputs["dataset"]][name]) for name in ("region", "hour", "t", "y"))
    panel = Panel.of(y, t, region=region, period=hour, block=hour // 3)
    cluster = "region" if inputs["cluster"] == "region" else "block"
    plain = switchback(panel)
    assert isinstance(plain, Switchback)
    kind, df, factor = _asked(case, len(np.unique(panel.labels(cluster))), plain.fit)

    found = switchback(panel, cluster=cluster, kind=kind, df=df)

    assert isinstance(found, Switchback)
    _agrees(found.effect, case, factor)


@pytest.mark.skipif(not CASES, reason="needs the oracles beside the repository")
def test_every_case_is_claimed_by_a_test() -> None:
    assert {kind_of(case) for case in CASES} <= set(KINDS)
