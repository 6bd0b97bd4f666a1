"""Whether two engines measured the same: counts to the last one, sums of whole numbers to the last bit."""

# ruff: noqa: S101 - a suite is made of assertions

from collections.abc import Collection, Mapping
from dataclasses import fields
from math import isclose
from typing import Any

import numpy as np

from twyman.app.ports import Cell, Extreme, Measured, Ranked
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable

CLOSE = 1e-12
"""Relative difference that floats may have: engines add in different orders."""

_APART = ("sql", "cells", "days", "strata", "extremes", "caps", "ranks", "risk")


def refuse_difference(seen: Measured, expected: Measured, *, whole: Collection[str] = (), close: float = CLOSE) -> None:
    """Refuse an answer that differs from another one.

    Args:
        seen: The answer to be tried.
        expected: The answer that it should be.
        whole: Metrics whose values are whole numbers: their sums must be equal, not only close.
        close: Relative difference that other numbers may have; of means and products, relative to their spread.

    Raises:
        AssertionError: Naming the first field that differs.
    """
    for field in fields(Measured):
        if field.name not in _APART:
            one, other = getattr(seen, field.name), getattr(expected, field.name)
            assert one == other, f"{field.name}: {one} is not {other}"
    for name in ("cells", "days", "strata"):
        _refuse_moments(name, getattr(seen, name), getattr(expected, name), whole, close)
    _refuse_keys("caps", seen.caps, expected.caps)
    for metric, cap in expected.caps.items():
        assert isclose(seen.caps[metric], cap, rel_tol=close), f"cap of {metric}: {seen.caps[metric]} is not {cap}"
    _refuse_keys("extremes", seen.extremes, expected.extremes)
    for key, standing in expected.extremes.items():
        _refuse_extremes(str(key), seen.extremes[key], standing, close)
    _refuse_risk(seen.risk, expected.risk)
    _refuse_keys("ranks", seen.ranks, expected.ranks)
    for cell, ranked in expected.ranks.items():
        _refuse_ranks(cell, seen.ranks[cell], ranked, close)


def _refuse_keys(what: str, seen: Mapping[Any, object], expected: Mapping[Any, object]) -> None:
    assert seen.keys() == expected.keys(), f"{what}: {seen.keys() ^ expected.keys()} stand on one side only"


def _refuse_moments(
    what: str,
    seen: Mapping[Any, Moments],
    expected: Mapping[Any, Moments],
    whole: Collection[str],
    close: float,
) -> None:
    _refuse_keys(what, seen, expected)
    for key, other in expected.items():
        metric = key.metric if isinstance(key, Cell) else key[0]
        refuse_moments(f"{what} of {key}", seen[key], other, close=close)
        if metric in whole:
            one, two = (found.means * found.count for found in (seen[key], other))
            # Covariates of clusters are averages over their units, and needn't be whole.
            exact = np.abs(two - np.round(two)) < 1e-6
            assert (np.round(one) == np.round(two))[exact].all(), f"sums of {what} of {key}: {one} is not {two}"


def refuse_moments(what: str, seen: Moments, expected: Moments, *, close: float) -> None:
    """Refuse moments that differ by more than a share of their size and spread.

    Raises:
        AssertionError: If they do.
    """
    assert seen.count == expected.count, f"{what}: {seen.count} units, and not {expected.count}"
    assert len(seen.means) == len(expected.means), f"{what}: {len(seen.means)} columns, and not {len(expected.means)}"
    spread = np.sqrt(np.diag(expected.products) / max(expected.count, 1))
    apart = np.abs(np.asarray(seen.means) - np.asarray(expected.means))
    assert (apart <= close * (np.abs(expected.means) + spread)).all(), f"{what}: {seen.means} is not {expected.means}"
    scale = np.sqrt(np.outer(np.diag(expected.products), np.diag(expected.products)))
    # A constant column has no spread of its own: what is left of it is the rounding of sums as large as its values, of
    # which threads add up some before others.
    size = np.abs(expected.means) + spread
    scale = scale + expected.count * np.outer(size, size) * 1e-2
    rough = np.abs(seen.products - expected.products) <= close * scale
    assert rough.all(), f"{what}: {seen.products} is not {expected.products}"


def _refuse_extremes(what: str, seen: tuple[Extreme, ...], expected: tuple[Extreme, ...], close: float) -> None:
    """Refuse other extremes; which of several equally extreme units is named, and so how many, is anybody's choice."""
    for furthest in (max, min):
        one, other = (
            [furthest(values) for values in zip(*(extreme.values for extreme in found), strict=True)]
            for found in (seen, expected)
        )
        if furthest is min:  # only how low the first column goes is an extreme
            one, other = one[:1] if one and one[0] < 0 else [], other[:1] if other and other[0] < 0 else []
        same = len(one) == len(other) and all(isclose(a, b, rel_tol=close) for a, b in zip(one, other, strict=True))
        assert same, f"extremes of {what}: {seen} is not {expected}"


def _refuse_risk(seen: Mapping[Cell, RiskTable], expected: Mapping[Cell, RiskTable]) -> None:
    _refuse_keys("risk", seen, expected)
    for cell, watched in expected.items():
        for name in ("times", "at_risk", "events"):
            one, other = (getattr(found, name).tolist() for found in (seen[cell], watched))
            assert one == other, f"{name} of {cell}: {one} is not {other}"


def _refuse_ranks(cell: Cell, seen: Ranked, expected: Ranked, close: float) -> None:
    assert seen.count == expected.count, f"ranks of {cell}: {seen.count} is not {expected.count}"
    _refuse_keys(f"ranks of {cell}", seen.values, expected.values)
    for rank, value in expected.values.items():
        assert isclose(seen.values[rank], value, rel_tol=close), (
            f"rank {rank} of {cell}: {seen.values[rank]} is not {value}"
        )
    if seen.clusters is not None and expected.clusters is not None:
        refuse_moments(f"clusters of {cell}", seen.clusters, expected.clusters, close=close)
    assert (seen.clusters is None) == (expected.clusters is None), f"ranks of {cell}: clusters on one side only"
