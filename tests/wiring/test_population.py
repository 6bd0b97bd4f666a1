"""From definitions to the answer: households drawn, users triggered, staff left out; against plain Python."""

from collections import defaultdict
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import twyman

START = datetime(2024, 3, 4)  # noqa: DTZ001 - as it stands in a zoneless column
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = 600


def people() -> list[dict[str, Any]]:
    """Users of 200 households, what each opened and played, and who is staff."""
    rng = np.random.default_rng(5)
    made = list[dict[str, Any]]()
    for user in range(PEOPLE):
        home = int(rng.integers(0, 200))
        met = START + int(rng.integers(0, 200)) * HOUR
        opened = met + int(rng.integers(-5, 60)) * HOUR if rng.random() < 0.7 else None
        plays = [met + int(hour) * HOUR for hour in rng.integers(0, 200, rng.poisson(3) + home % 3)]
        staff = bool(rng.random() < 0.1)
        person = {"user": user, "home": f"h{home}", "arm": "new" if home % 2 else "control", "met": met}
        made.append(person | {"opened": opened, "plays": plays, "staff": staff})
    return made


def definitions(everybody: list[dict[str, Any]]) -> list[dict[str, Any]]:
    exposed = [(one["user"], one["home"], one["arm"], one["met"]) for one in everybody]
    profile = [(one["user"], one["staff"]) for one in everybody]
    facts = [(one["user"], one["opened"], "open") for one in everybody if one["opened"]]
    facts += [(one["user"], at, "play") for one in everybody for at in one["plays"]]
    names = {"users": ("user_id", "staff"), "seen": ("user_id", "home", "arm", "moment")}
    names |= {"facts": ("user_id", "moment", "what")}
    tables = {
        name: pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
        for (name, columns), rows in zip(names.items(), (profile, exposed, facts), strict=True)
    }
    entities, user = {"user": "user_id", "household": "home"}, {"user": "user_id"}
    return [
        {
            "kind": "exposures", "name": "seen", "table": tables["seen"], "entities": entities,
            "timestamp": "moment", "arm": "arm",
        },
        {"kind": "facts", "name": "happened", "table": tables["facts"], "entities": user, "timestamp": "moment"},
        {"kind": "attributes", "name": "profile", "table": tables["users"], "entities": user, "columns": ["staff"]},
        {"kind": "segment", "name": "staff", "when": {"staff": {"is": True}}},
        {
            "kind": "metric", "name": "plays", "type": "mean", "facts": "happened", "value": {"count": "*"},
            "where": "what = 'play'", "window": "2d", "cuped": "none",
        },
    ]  # fmt: skip


def test_households_triggers_and_segments_give_the_numbers_of_plain_python() -> None:
    everybody = people()
    experiment = {
        "kind": "experiment", "name": "page", "exposures": "seen", "arms": {"control": {}, "new": {}},
        "entity": "user", "randomised_by": "household", "exclude": ["staff"],
        "trigger": {"facts": "happened", "where": "what = 'open'", "counterfactual": "logged"},
        "enrol": {"from": "2024-03-04", "until": "2024-03-14"}, "measure_until": "2024-03-20",
        "metrics": {"plays": {"role": "success"}},
    }  # fmt: skip
    answer = twyman.analyze(experiment, definitions=definitions(everybody)).answer
    (row,) = answer.results

    sums: dict[str, dict[str, list[int]]] = {arm: defaultdict(list) for arm in ("control", "new")}
    for one in everybody:
        triggered = one["opened"] is not None and one["opened"] >= one["met"]
        if triggered and not one["staff"] and one["opened"] < START + 10 * DAY:
            after = sum(one["opened"] <= at < one["opened"] + 2 * DAY for at in one["plays"])
            sums[one["arm"]][one["home"]].append(after)
    means, errors = dict[str, float](), dict[str, float]()
    for arm, homes in sums.items():
        total, size = (np.array([function(home) for home in homes.values()]) for function in (sum, len))
        means[arm] = total.sum() / size.sum()
        scores = (total - means[arm] * size) / size.mean()
        errors[arm] = float(np.var(scores, ddof=1)) / len(homes)

    assert row.absolute is not None
    assert row.absolute.estimate == pytest.approx(means["new"] - means["control"])
    assert row.absolute.se == pytest.approx(sqrt(errors["new"] + errors["control"]))
    assert (row.control.units, row.control.clusters) == (sum(map(len, sums["control"].values())), len(sums["control"]))
    assert [(step["kind"], step["name"]) for step in answer.health.kept] == [
        ("exclude", "staff"),
        ("trigger", "happened"),
    ]
    of, kept = (sum(answer.health.kept[1][side].values()) for side in ("of", "kept"))
    assert row.diluted is not None
    assert row.diluted.estimate == pytest.approx(row.absolute.estimate * kept / of)
