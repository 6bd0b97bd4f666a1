"""Strata in the warehouse: by all attributes named at once, frozen before exposure, and together the whole arm."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any

import pyarrow as pa
import pytest

from twyman.app.ports import Cell, Measured
from twyman.experiments.experiment import Entry
from twyman.kernel.errors import Invalid, NotFound
from twyman.kernel.place import Origin
from twyman.metrics.metric import Mean, Metric, OutcomeValue
from twyman.metrics.source import AttributeSource, Frame, Timestamp, UnitSource
from twyman.warehouse.duckdb import DuckDB

NOON = datetime(2024, 3, 4, 12)  # noqa: DTZ001 - as it stands in a zoneless column
EXPOSED = NOON.replace(tzinfo=UTC)
DAY = timedelta(days=1)
PLACES = Origin("e.yaml", {"": 1, "strata": 12})
ARMS = ("control", "treatment")


def profile(rows: Sequence[tuple[object, ...]]) -> dict[str, AttributeSource]:
    names = ("id", "since", "country", "plan")
    data = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    columns = {"country": "country", "plan": "plan", "is_new": "since >= exposed_at - interval 2 day"}
    source = AttributeSource(
        name="profile", relation=Frame(data), entities={"user": "id"}, timestamp=Timestamp("since"), columns=columns
    )
    return {"profile": source}


USERS = [(user, ARMS[user % 2], EXPOSED) for user in range(12)]
PROFILES = profile(
    [
        (user, NOON - DAY, (None, "NZ", "NZ, free", '"SE"')[user % 4], (None, "free", "paid")[user % 3])
        for user in range(12)
    ]
)


def strata(*names: str, origin: Origin = PLACES) -> dict[str, Any]:
    return {"strata": names, "origin": origin}


def counts(found: Measured, arm: str) -> dict[str, int]:
    return {stratum: one.count for (_, of, stratum), one in found.strata.items() if of == arm}


def test_a_stratum_is_a_combination_and_null_a_value_of_its_own(scene: Any, metric: Any) -> None:
    found = scene(USERS, [], (metric(),), sources=PROFILES, experiment=strata("country", "plan")).measure()

    assert counts(found, "treatment") == {
        '["NZ","free"]': 1,
        '["NZ","paid"]': 1,
        '["NZ",null]': 1,
        '["\\"SE\\"",null]': 1,
        '["\\"SE\\"","free"]': 1,
        '["\\"SE\\"","paid"]': 1,
    }
    assert set(counts(found, "control")) >= {"[null,null]", '["NZ, free",null]'}


def test_strata_add_up_to_the_arm_and_are_no_segments(scene: Any, metric: Any) -> None:
    facts = [(user, EXPOSED + timedelta(hours=hour)) for user in range(12) for hour in range(user % 5)]
    found = scene(USERS, facts, (metric(),), sources=PROFILES, experiment=strata("country", "is_new")).measure()

    assert not [cell for cell in found.cells if cell.dimension]
    for arm in ARMS:
        parts = [one for (_, of, _), one in found.strata.items() if of == arm]
        whole, pooled = found.cells[Cell("m", arm)], reduce(add, parts)
        assert (pooled.count, *pooled.means) == pytest.approx((whole.count, *whole.means))
        assert pooled.products.tolist() == [pytest.approx(row) for row in whole.products.tolist()]
        assert sum(counts(found, arm).values()) == found.units[arm] == 6


def test_strata_leave_the_rest_of_the_answer_as_it_is(scene: Any, metric: Any) -> None:
    facts = [(user, EXPOSED + timedelta(hours=hour)) for user in range(12) for hour in range(user % 5)]
    made = {"sources": PROFILES, "experiment": {"dimensions": ("country", "is_new")}}
    without = scene(USERS, facts, (metric(),), **made).measure()
    made["experiment"] |= strata("plan", "country")
    found = scene(USERS, facts, (metric(),), **made).measure()

    assert without.strata == {}
    for name in ("columns", "units", "exposed", "cohorts", "entrants", "scanned"):
        assert getattr(found, name) == getattr(without, name), name
    for name in ("cells", "days"):
        one, other = ({key: m.count for key, m in getattr(each, name).items()} for each in (found, without))
        assert one == other, name


def test_a_stratum_is_the_last_value_before_exposure(scene: Any, metric: Any) -> None:
    history = [(1, NOON - 9 * DAY, "NZ", ""), (1, NOON - DAY, "SE", ""), (1, NOON + DAY, "US", "")]
    found = scene([USERS[1]], [], (metric(),), sources=profile(history), experiment=strata("country")).measure()

    assert counts(found, "treatment") == {'["SE"]': 1}


def test_beyond_a_thousand_strata_the_rest_are_one(scene: Any, metric: Any) -> None:
    rows = [(user, "treatment", EXPOSED) for user in range(1010)]
    sources = profile([(user, NOON, f"c{max(user - 5, 0):04d}", "") for user in range(1010)])
    found = counts(scene(rows, [], (metric(),), sources=sources, experiment=strata("country")).measure(), "treatment")

    assert len(found) == 1001
    assert (found['["c0000"]'], found["[]"]) == (6, 5)


def test_sources_are_read_as_often_as_without_strata(scene: Any, metric: Any) -> None:
    def scans(**experiment: Any) -> list[int]:
        made = scene(USERS, [(1, EXPOSED)], (metric(),), sources=PROFILES, experiment=experiment)
        (sql,) = DuckDB().sql(made.question())
        return [sql.count(f"{source}_frame") for source in ("exposures", "plays", "profile")]

    assert scans(dimensions=("country",), strata=("plan", "country")) == scans(dimensions=("country",))


def test_an_unknown_stratum_names_the_nearest(scene: Any, metric: Any) -> None:
    with pytest.raises(NotFound, match=r"^e.yaml:12: attribute 'contry' isn't defined: did you mean 'country'\?"):
        scene(USERS, [], (metric(),), sources=PROFILES, experiment=strata("plan", "contry")).measure()


SPEND = Metric(name="spend", kind=Mean(OutcomeValue("spend")))
SHOP = [
    (1, "control", 4.0, "NZ", 1),
    (2, "control", 0.0, None, 1),
    (3, "treatment", 6.0, "NZ", 2),
    (4, "treatment", 2.0, "NZ", 2),
]


def shop(scene: Any, rows: list[tuple[Any, ...]], *names: str) -> Measured:
    data = pa.table(
        dict(zip(("id", "arm", "spend", "country", "size"), map(list, zip(*rows, strict=True)), strict=True))
    )
    source = UnitSource(
        name="shop",
        relation=Frame(data),
        arm="arm",
        entities={"user": "id"},
        outcomes={"spend": "spend"},
        covariates={"big": "size >= 2"},
    )
    entry = {"entry": Entry.UNITS, "source": "shop"} | strata(*names)
    return scene(metrics=(SPEND,), sources={"shop": source}, experiment=entry, cutoff=None).measure()


def test_strata_are_columns_or_covariates_of_a_table_of_units(scene: Any) -> None:
    found = shop(scene, SHOP, "country", "big")

    assert {key[1:]: one.means.tolist() for key, one in found.strata.items()} == {
        ("control", '["NZ","false"]'): [4],
        ("control", '[null,"false"]'): [0],
        ("treatment", '["NZ","true"]'): [4],
    }


def test_a_unit_of_two_strata_is_refused(scene: Any) -> None:
    with pytest.raises(Invalid, match="unit '1' has several rows with different values"):
        shop(scene, [*SHOP, (1, "control", 4.0, "SE", 1)], "country")


def test_a_stratum_that_the_table_lacks_is_named(scene: Any) -> None:
    with pytest.raises(Invalid, match=r"^e.yaml:12: .*'contry'"):
        shop(scene, SHOP, "contry")
