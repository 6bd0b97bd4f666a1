"""A world's rows as tables, as its warehouse holds them."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from faultlab.people import COUNTRIES, PLATFORMS
from faultlab.trial import HISTORY
from faultlab.world import DAY, NEVER, ON, OUT, Facts, World

INSTANT = pa.timestamp("us", tz="UTC")
OWN = "start-page"
"""Name of the experiment; the others are called flag-1 and so on."""


def exposures(made: World) -> pa.Table:
    """Return who met which arm of which experiment, and when."""
    met = np.flatnonzero(made.exposed != NEVER)
    again, day, arm = made.again
    user = np.concatenate((met, again))
    days = np.concatenate((made.exposed[met], day))
    treated = np.concatenate((made.treated[met], arm))
    other, flag, on, at = _others(made)
    passed = np.ones(made.trial.users, np.bool_) if made.filter is None else made.filter
    everyone = np.concatenate((user, other))
    return pa.table(
        {
            "experiment": _words(
                np.concatenate((np.zeros(len(user), np.int64), flag + 1)),
                [OWN, *(f"flag-{number + 1}" for number in range(made.trial.flags))],
            ),
            "user_id": made.users.number[everyone],
            "arm": _words(
                np.concatenate((treated, on)).astype(np.int64) + 2 * (np.arange(len(everyone)) >= len(user)),
                ["control", "moments", "off", "on"],
            ),
            "exposed_at": pa.array(np.concatenate((made.exposed_at(user, days), at)), INSTANT),
            "came_back": passed[everyone],
        }
    )


def assignments(made: World) -> pa.Table:
    """Return who was given which arm, before anything could be lost: at the first visit of enrolment."""
    visits = made.visits[:, HISTORY : HISTORY + made.trial.enrols]
    user = np.flatnonzero(visits.any(axis=1))
    at = made.exposed_at(user, HISTORY + visits[user].argmax(axis=1)) - 500_000
    arms = _words(made.treated[user].astype(np.int64), ["control", "moments"])
    return pa.table({"user_id": made.users.number[user], "arm": arms, "assigned_at": pa.array(at, INSTANT)})


def users(made: World) -> pa.Table:
    """Return what is known of users before anything happens."""
    signed_up = made.epoch + DAY * HISTORY - (DAY * made.users.tenure).astype(np.int64)
    return pa.table(
        {
            "user_id": made.users.number,
            "country": _words(made.users.country, list(COUNTRIES)),
            "platform": _words(made.users.platform, list(PLATFORMS)),
            "plan": _words(made.users.paying.astype(np.int64), ["free", "premium"]),
            "is_new": made.users.is_new,
            "signed_up_at": pa.array(signed_up, INSTANT),
        }
    )


def facts(made: World, name: str) -> pa.Table:
    """Return a source of facts."""
    rows: Facts = made.facts[name]
    return pa.table(
        {
            "user_id": made.users.number[rows.user],
            "at": pa.array(rows.at, INSTANT),
            "received_at": pa.array(rows.arrived, INSTANT),
            **rows.measures,
        }
    )


def _others(made: World) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return the exposures to other experiments: half of those run since before ours."""
    starts = np.where(np.arange(made.trial.flags) % 2, HISTORY, HISTORY - 7)
    visits = made.visits[:, HISTORY : HISTORY + made.trial.enrols]
    came = visits.any(axis=1)
    before = made.visits[:, HISTORY - 7 :]
    first = {HISTORY: HISTORY + visits.argmax(axis=1), HISTORY - 7: HISTORY - 7 + before.argmax(axis=1)}
    user, flag = np.nonzero((made.others != OUT) & came[:, None])
    day = np.where(starts[flag] == HISTORY, first[HISTORY][user], first[HISTORY - 7][user])
    return user, flag, made.others[user, flag] == ON, made.exposed_at(user, day) + 300_000


def _words(places: NDArray[np.int64], words: list[str]) -> pa.Array:
    """Return words by their place in a list."""
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(words)).cast(pa.string())
