"""One experiment of the lab: made, damaged, given to the product, and written down."""

from contextlib import chdir
from dataclasses import asdict
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import twyman
from faultlab.evidence import bins
from faultlab.faults.registry import FAULTS
from faultlab.question import definitions, experiment
from faultlab.reader import matters, read
from faultlab.trial import START
from faultlab.world import NEVER, World, world

Record = dict[str, Any]


def run(seed: int, fault: str = "") -> Record:
    """Run one experiment, and return all that the report needs of it.

    Args:
        seed: Of everything.
        fault: Name of a fault; healthy where left out.
    """
    known = FAULTS.get(fault)
    size = known.drawn(seed) if known else 0.0
    healthy = world(seed, known.undone if known else None, size)
    made = world(seed, known, size) if known else healthy
    plain, damaged = read(healthy), read(made)
    trial = made.trial
    return {
        "seed": seed,
        "fault": fault,
        "size": size,
        "users": int((made.exposed != NEVER).sum()),
        "calibrated": trial.calibrated,
        "sequential": trial.sequential,
        "effect": trial.effect,
        "healthy": asdict(plain),
        "damaged": asdict(damaged),
        "matters": bool(known) and matters(plain, damaged),
        "readings": _readings(made),
    }


def _readings(made: World) -> list[Record]:
    """Let the product read a world on each of its days, up to the first that decides; looks are kept in a folder."""
    asked, given = experiment(made), definitions(made)
    found = list[Record]()
    with TemporaryDirectory(prefix="faultlab-") as folder, chdir(folder):
        for day in made.trial.readings:
            found.append(_reading(asked, given, day))
            if found[-1]["action"] in {"ship", "end", "abort"}:
                break
    return found


def _reading(asked: dict[str, Any], given: list[dict[str, Any]], day: int) -> Record:
    moment = START + timedelta(days=day)
    try:
        answer = twyman.analyze(asked, definitions=given, as_of=moment).to_dict()
    except twyman.TwymanError as error:
        return {"day": day, "units": 0, "action": "refused", "reasons": [str(error)[:200]], "bins": {}}
    dossier = answer.get("dossier") or {}
    return {
        "day": day,
        "units": sum(answer["health"]["units"].values()),
        "action": answer["verdict"]["action"],
        "reasons": [reason["code"] for reason in answer["verdict"]["reasons"]],
        "bins": bins(answer),
        "alarms": sorted(
            {check["code"] for check in answer["health"]["checks"] if check["status"] in {"warn", "block"}}
        ),
        "srm": next((check["p_value"] for check in answer["health"]["checks"] if check["code"] == "srm"), None),
        "lift": _lift(answer),
        "probability": dossier.get("probability"),
        "causes": [[cause["cause"], cause["probability"]] for cause in dossier.get("causes", [])[:4]],
    }


def _lift(answer: dict[str, Any]) -> list[float] | None:
    """Return the success metric's lift and its standard error, where the reading shows it."""
    for row in answer["results"]:
        if row["role"] == "success" and row["segment"] is None and row["relative"] is not None:
            lift = row["relative"]
            if lift["estimate"] is not None:
                return [lift["estimate"], lift["se"] or float(np.nan)]
    return None
