"""Strata, the whole way from tables to the answer: a regression on treatment by strata."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twyman

COUNTRIES, PLANS = (None, "NZ", "SE, north"), (None, "free", "paid")
UNITS = 3_000


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    country, plan = rng.choice(3, UNITS, p=[0.2, 0.5, 0.3]), rng.choice(3, UNITS, p=[0.1, 0.6, 0.3])
    treated = rng.random(UNITS) < 0.5
    spend = 5 * country + 3 * plan * country + treated * (0.2 + 0.3 * country) + rng.normal(0, 1 + plan, UNITS)
    return {"country": country, "plan": plan, "treated": treated, "spend": spend}


def analysed(data: dict[str, Any], strata: list[str]) -> twyman.Analysis:
    table = pa.table(
        {
            "version": ["new" if one else "old" for one in data["treated"]],
            "country": [COUNTRIES[one] for one in data["country"]],
            "plan": [PLANS[one] for one in data["plan"]],
            "spend": data["spend"],
            "player": range(UNITS),
        }
    )
    source = {"kind": "units", "name": "shop", "table": table, "row_is_unit": True, "arm": "version"}
    metric = {"kind": "metric", "name": "spend", "type": "mean", "value": {"outcome": "spend"}, "cuped": "none"}
    experiment = {
        "kind": "experiment",
        "name": "gate",
        "units": "shop",
        "arms": {"old": {"control": True}, "new": {}},
        "metrics": {"spend": {"role": "success"}},
        "strata": strata,
    }
    return twyman.analyze(experiment, definitions=[source | {"outcomes": ["spend"]}, metric])


def regressed(data: dict[str, Any], kinds: Any) -> tuple[float, float]:
    """The coefficient of treatment beside centred strata and their products, its HC2 error, and the shares' part."""
    dummies = np.column_stack([kinds == kind for kind in np.unique(kinds)]).astype(float)
    shares = dummies.mean(axis=0)
    centred = (dummies - shares)[:, 1:]
    t = data["treated"].astype(float)
    x = np.column_stack([t, np.ones(UNITS), centred, centred * t[:, np.newaxis]])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ data["spend"]
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    meat = (x * ((data["spend"] - x @ beta) ** 2 / (1 - leverage))[:, np.newaxis]).T @ x
    products = np.concatenate([[0.0], beta[-centred.shape[1] :]])
    effects = products - shares @ products
    return float(beta[0]), float(np.sqrt((inverse @ meat @ inverse)[0, 0] + shares @ effects**2 / UNITS))


def test_crossed_strata_are_the_regression_on_treatment_by_strata(data: dict[str, Any]) -> None:
    found = analysed(data, ["country", "plan"])
    (row,) = found.answer.results
    estimate, se = regressed(data, data["country"] * 3 + data["plan"])

    assert row.absolute is not None
    assert row.unadjusted is not None
    assert row.method is not None
    assert row.method.estimate == "post-stratified"
    assert (row.absolute.estimate, row.absolute.se) == (pytest.approx(estimate, rel=1e-9), pytest.approx(se, rel=1e-9))
    raw = data["spend"][data["treated"]].mean() - data["spend"][~data["treated"]].mean()
    assert row.unadjusted.absolute.estimate == pytest.approx(raw)
    (note,) = [check for check in found.answer.health.checks if check.code == "strata"]
    assert note.text == "Arms are compared within 9 strata of country, plan."
    assert "SE, north · (none)" in note.detail["strata"]


def test_a_stratum_for_every_unit_is_said_to_be_too_many(data: dict[str, Any]) -> None:
    found = analysed(data, ["player"]).answer
    (note,) = [check for check in found.health.checks if check.code == "strata"]

    assert found.results[0].method is not None
    assert found.results[0].method.estimate == "difference"
    assert "3,000 units are too few for 1,001 strata" in note.text


DEFINITIONS = """
kind: project
name: shop
entities: {user: {type: integer}}
---
kind: exposures
name: exposures
table: exposures.parquet
entities: {user: id}
timestamp: at
arm: version
---
kind: attributes
name: profile
table: profile.parquet
entities: {user: id}
timestamp: since
columns: {country: country}
---
kind: facts
name: orders
table: orders.parquet
entities: {user: id}
timestamp: at
measures: {spend: spend}
---
kind: metric
name: spend
facts: orders
type: mean
value: {sum: spend}
window: 7d
cuped: none
---
kind: experiment
name: gate
exposures: exposures
arms: {old: {control: true}, new: {}}
enrol: {from: 2024-03-01, until: 2024-03-15}
measure_until: 2024-03-29
metrics: {spend: {role: success, mde: 5%}}
strata: [country]
analysis: {sequential: {spending: power-2, looks: weekly}}
"""


@pytest.fixture
def folder(data: dict[str, Any], tmp_path: Path) -> Path:
    """Everybody enters on the first days, and moves to another country a day later: too late to count."""
    day = np.timedelta64(1, "D")
    at = np.datetime64("2024-03-01T00:00:01", "us") + (np.arange(UNITS) % 3) * day
    ids = np.arange(UNITS)
    version = np.where(data["treated"], "new", "old")
    tables = {
        "exposures": {"id": ids, "at": at, "version": version},
        "orders": {"id": ids, "at": at + day, "spend": data["spend"]},
        "profile": {
            "id": [*ids, *ids],
            "since": [*(at - day), *(at + day)],
            "country": [*(COUNTRIES[one] for one in data["country"]), *np.where(data["spend"] > 9, "up", "down")],
        },
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    (tmp_path / "twyman.yaml").write_text(DEFINITIONS)
    return tmp_path


def test_strata_of_attributes_are_those_before_exposure_and_kept_with_the_look(
    data: dict[str, Any], folder: Path
) -> None:
    first = twyman.analyze(folder / "twyman.yaml").answer
    looks = sorted((folder / ".twyman/looks/gate").iterdir())
    again = twyman.analyze(folder / "twyman.yaml").answer
    (row,) = first.results
    estimate, se = regressed(data, data["country"])

    assert row.absolute is not None
    assert (row.absolute.estimate, row.absolute.se) == (pytest.approx(estimate, rel=1e-9), pytest.approx(se, rel=1e-9))
    assert '[\\"NZ\\"]' in looks[-1].read_text()
    assert again.results == first.results
    assert again.series == first.series
