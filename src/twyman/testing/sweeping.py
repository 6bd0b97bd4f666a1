"""Three experiments of one surface, for a sweep: two dealt apart that change each other, and a twin of the first.

Rows come twice, some units meet two arms of one experiment, some rows have no unit, no arm or one that nobody knows,
and some come after the cut-off.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from twyman.app.ports import Cutoff, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Window
from twyman.metrics.source import ExposureSource, FactSource, Table, Timestamp

UNITS = 1_500
START, DAY = datetime(2024, 3, 4, tzinfo=UTC), timedelta(days=1)
END = START + 20 * DAY

METRIC = Metric(
    name="minutes", kind=Mean(FactValue("swept_plays", Aggregate.SUM, "minutes")), window=Window(length=10 * DAY)
)
PAGE = Experiment(
    name="page",
    arms=(Arm("old", 0.5, control=True, value="o"), Arm("new", 0.5, value="n")),
    tracked=(Tracked(metric="minutes", role=Role.SUCCESS),),
    entry=Entry.EXPOSURES,
    source="swept_exposures",
    entity="user",
    surface="start",
)
EXPERIMENTS = (PAGE, replace(PAGE, name="search"), replace(PAGE, name="the shelf", key='it\'s a "shelf"'))
CATALOGUE = Catalogue(
    {"user": "string"},
    {
        "swept_exposures": ExposureSource(
            name="swept_exposures", relation=Table("swept_exposures"), entities={"user": "user_id"},
            timestamp=Timestamp("met_at"), experiment="test", arm="variant",
        ),
        "swept_plays": FactSource(
            name="swept_plays", relation=Table("swept_plays"), entities={"user": "user_id"},
            timestamp=Timestamp("played_at"), measures={"minutes": "minutes"},
        ),
    },
    {"minutes": METRIC},
)  # fmt: skip


def questions() -> list[Question]:
    """Return one question an experiment."""
    cutoff = Cutoff(END, END)
    return [Question(experiment=one, catalogue=CATALOGUE, cutoff=cutoff) for one in EXPERIMENTS]


@cache
def tables() -> Mapping[str, pa.Table]:
    """Return the tables by name; the same at each call."""
    rng = np.random.default_rng(20240304)
    page, search = (rng.random(UNITS) < 0.5 for _ in range(2))
    met = {"page": page, "search": search, 'it\'s a "shelf"': page}
    rows = [
        (f"u-{unit}", key, "n" if arm else "o", START + float(rng.random()) * 5 * DAY)
        for key, arms in met.items()
        for unit, arm in enumerate(arms)
    ]
    rows += rows[::7]
    rows += [(f"u-{unit}", "page", arm, START + 6 * DAY) for unit in range(9) for arm in "on"]
    rows += [(None, "page", "o", START), ("u-1", "search", None, START), ("u-2", "search", "x", START)]
    rows += [("u-3", "elsewhere", "o", START), *((f"late-{unit}", "search", "n", END) for unit in range(5))]
    minutes = 10 + rng.normal(0, 1, UNITS) + 2.0 * (page & search)
    played = [(f"u-{unit}", START + 7 * DAY, float(one)) for unit, one in enumerate(minutes)]
    moment = pa.timestamp("us", "UTC")
    return {
        "swept_exposures": _table(
            rows, {"user_id": pa.string(), "test": pa.string(), "variant": pa.string(), "met_at": moment}
        ),
        "swept_plays": _table(played, {"user_id": pa.string(), "played_at": moment, "minutes": pa.float64()}),
    }


def _table(rows: list[Any], kinds: Mapping[str, pa.DataType]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table({name: pa.array(list(one), kind) for (name, kind), one in zip(kinds.items(), columns, strict=True)})
