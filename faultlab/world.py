"""What happens: assignment, exposure, listening, and the rows that are logged of it.

All chance is drawn first and kept, so that a world and its twin with a fault differ in nothing but what
the fault does. A fault damages the world after one of four layers: *assigned*, *met*, *served*, *logged*.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faultlab.faults.fault import Fault, Layer
from faultlab.people import Users, people
from faultlab.trial import HISTORY, WINDOW, Trial, trial

HOURS = (
    0.023, 0.025, 0.0195, 0.0161, 0.0197, 0.0256, 0.0286, 0.0272, 0.0305, 0.0386, 0.0442, 0.0485,
    0.0457, 0.0515, 0.0626, 0.0716, 0.0777, 0.071, 0.0719, 0.0535, 0.0493, 0.0405, 0.0307, 0.0277,
)  # fmt: skip
"""Share of the plays by hour of the day. Source: Sparkify (Udacity), user-level aggregates."""

WEEK = (1.0, 1.0, 1.03, 1.0, 1.03, 0.92, 0.88)
"""Factor on the chance to listen, by day of the week from Monday."""

SONG_SECONDS = 248.725
"""Mean length of a song. Source: Sparkify (Udacity), user-level aggregates."""

ADS_PER_SONG = 0.0909
"""On the free plan. Source: Sparkify (Udacity), user-level aggregates."""

SHOWN = 0.97
"""Share of visits on which the treatment's page says that it was shown."""

DAY_SPREAD = 0.5
"""Log-scale spread of a user's songs from one day to the next."""

DAY = 86_400_000_000
"""Microseconds in a day."""

NEVER = -1
OUT, OFF, ON = -1, 0, 1
"""Of another experiment: not in it, its control, its treatment."""


@dataclass(slots=True)
class Luck:
    """All chance of a world but its people's, by user and day where not said otherwise.

    Attributes:
        arm, other, joins: By user; by user and flag.
    """

    arm: NDArray[np.float64]
    other: NDArray[np.float32]
    joins: NDArray[np.float32]
    active: NDArray[np.float32]
    hour: NDArray[np.float32]
    songs: NDArray[np.float32]
    ads: NDArray[np.float32]
    rest: NDArray[np.float32]


@dataclass(slots=True)
class Facts:
    """Rows of a source, with what they measure.

    Attributes:
        user: Index into the users.
        at: Microseconds since 1970, as stamped; `arrived`: as received.
    """

    user: NDArray[np.int64]
    at: NDArray[np.int64]
    arrived: NDArray[np.int64]
    measures: dict[str, NDArray[np.int64]]

    def rows(self, places: NDArray[np.generic]) -> "Facts":
        """Return some rows, by mask or place."""
        measures = {name: values[places] for name, values in self.measures.items()}
        return Facts(self.user[places], self.at[places], self.arrived[places], measures)


@dataclass(slots=True)
class World:
    """A trial as it happens; faults change it on its way.

    Attributes:
        treated: Who is given the treatment.
        shares: Planned share of the treatment, as the experiment's file says.
        others: By user and other experiment: out of it, off, on.
        twin: Which of the others has an effect, on success and advertising of those who are on; else `None`.
        before: Factor on the odds to listen, whatever the treatment: 1 in health.
        exposed: Day of the exposure that is logged; -1 where none is.
        again: Exposures beyond the first: user, day, and whether treated.
        served: By user and day, how much of the treatment's experience they get.
        filter: Users whom the source's filter keeps; `None` where there is no filter.
    """

    trial: Trial
    users: Users
    luck: Luck
    treated: NDArray[np.bool_]
    others: NDArray[np.int8]
    before: NDArray[np.float64]
    share: float = 0.5
    twin: tuple[int, float, float] | None = None
    exposed: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    visits: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), np.bool_))
    again: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]] = field(
        default_factory=lambda: (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))
    )
    served: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    facts: dict[str, Facts] = field(default_factory=dict)
    filter: NDArray[np.bool_] | None = None

    @property
    def epoch(self) -> int:
        """The first day in microseconds since 1970."""
        return int(self.trial.first.timestamp()) * 1_000_000

    def chance(self) -> NDArray[np.float64]:
        """Return each user's chance to listen on a day, without any experiment."""
        odds = self.before * np.exp(self.users.habit)
        return np.minimum(0.97, odds / (1 + odds))

    def daily(self) -> NDArray[np.float64]:
        """Return the same by user and day of the week's rhythm."""
        return self.chance()[:, None] * np.asarray(WEEK)[np.arange(self.trial.days) % 7]

    def exposed_at(self, user: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the moment of exposure: a second before that day's listening begins."""
        return self.epoch + DAY * day + _clock(self.luck.hour[user, day]) - 1_000_000


def world(seed: int, fault: Fault | None = None, size: float = 0.0) -> World:
    """Return a world as it happened, healthy or with a fault of a size.

    Example:
        >>> one, same = world(5), world(5)
        >>> bool((one.exposed == same.exposed).all())
        True
    """
    planned = trial(seed)
    made = _assigned(planned)
    chance = np.random.default_rng([seed, 9])
    for layer, happen in _LAYERS:
        happen(made)
        if fault is not None and fault.layer is layer:
            fault.damage(made, size, chance)
    return made


def _assigned(planned: Trial) -> World:
    who, lot = np.random.default_rng([planned.seed, 2]).spawn(2)
    users = people(planned, who)
    size, days, flags = planned.users, planned.days, planned.flags
    luck = Luck(
        arm=lot.random(size),
        other=lot.random((size, flags), dtype=np.float32),
        joins=lot.random((size, flags), dtype=np.float32),
        active=lot.random((size, days), dtype=np.float32),
        hour=lot.random((size, days), dtype=np.float32),
        songs=lot.standard_normal((size, days), dtype=np.float32),
        ads=lot.standard_normal((size, days), dtype=np.float32),
        rest=lot.random((size, days), dtype=np.float32),
    )
    reach = lot.uniform(0.1, 0.6, flags)
    on = np.where(luck.other < 0.5, OFF, ON)
    others = np.where(luck.joins < reach, on, OUT).astype(np.int8)
    return World(planned, users, luck, luck.arm < 0.5, others, np.ones(size))


def _nothing(_: World) -> None:
    """Assignment is made with the world."""


def _meet(made: World) -> None:
    """Expose each user on the first day of enrolment on which they come."""
    signed_up = HISTORY - np.where(made.users.is_new, made.users.tenure, np.inf)
    made.visits = made.luck.active < made.daily()
    made.visits &= np.arange(made.trial.days) >= signed_up[:, None] - 1
    enrolment = made.visits[:, HISTORY : HISTORY + made.trial.enrols]
    made.exposed = np.where(enrolment.any(axis=1), HISTORY + enrolment.argmax(axis=1), NEVER)


def _serve(made: World) -> None:
    """Give the treatment's experience from the day of exposure on."""
    since = (made.exposed >= 0)[:, None] & (np.arange(made.trial.days) >= made.exposed[:, None])
    made.served = (since & made.treated[:, None]).astype(np.float32)
    user, day, treated = made.again
    later = np.arange(made.trial.days) >= day[:, None]
    made.served[user] = np.where(later, treated[:, None], made.served[user])


def _log(made: World) -> None:
    """Listen, and log a row for each day with listening in every source."""
    trial, users, luck = made.trial, made.users, made.luck
    lift, silence = _effects(made)
    active = made.visits | _gained(made, lift)
    active &= ~_lost(made, lift)
    user, day = np.nonzero(active)
    noise = np.exp(DAY_SPREAD * luck.songs[user, day] - DAY_SPREAD**2 / 2)
    factor = 1 + lift[user, day] if trial.metric == "songs" else 1.0
    played = users.songs[user] * noise * factor
    rest = luck.rest[user, day]
    songs = np.maximum(1, np.floor(played + rest)).astype(np.int64)
    at = made.epoch + DAY * day + _clock(luck.hour[user, day])
    arrived = at + (600_000_000 * (0.1 + rest)).astype(np.int64)
    heard = ADS_PER_SONG * songs * np.exp(0.6 * luck.ads[user, day] - 0.18)
    ads = np.floor(heard * ~users.paying[user] * (1 - silence[user, day]) + rest).astype(np.int64)
    shown = made.served[user, day] > 0
    opens = _again(rest, 7) < SHOWN
    every = Facts(user, at, arrived, {})
    made.facts = {
        "listening": Facts(
            user,
            at,
            arrived,
            {
                "songs": songs,
                "seconds": np.rint(songs * SONG_SECONDS * (0.9 + 0.2 * _again(rest, 3))).astype(np.int64),
                "skipped": np.floor(songs * users.skips[user] + _again(rest, 5)).astype(np.int64),
            },
        ),
        "ads": _some(every, "ads", ads),
        "pages": Facts(
            user.copy(),
            at.copy(),
            arrived.copy(),
            {"home": 1 + (rest < 0.3), "moments": (shown & opens).astype(np.int64)},
        ),
        "searches": _some(every, "searches", np.floor(songs * 0.03 + _again(rest, 11)).astype(np.int64)),
    }


def _effects(made: World) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return by user and day the lift of the success metric, and the share of advertising that is taken away."""
    lift = made.served * np.float32(made.trial.effect)
    silence = np.zeros_like(lift)
    if made.twin is not None:
        flag, effect, without_ads = made.twin
        since = (made.exposed >= 0)[:, None] & (np.arange(made.trial.days) >= made.exposed[:, None])
        on = since & (made.others[:, flag] == ON)[:, None]
        lift = lift + on * np.float32(effect)
        silence = on * np.float32(without_ads)
    return lift, silence


def _gained(made: World, lift: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the days on which someone listens who without the effect would not have."""
    if made.trial.metric != "active_days":
        return np.zeros_like(made.visits)
    more = _diluted(made, lift)
    return (made.luck.active < made.daily() * (1 + more)) & (more > 0)


def _lost(made: World, lift: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the days on which someone doesn't listen who without the effect would have."""
    if made.trial.metric != "active_days":
        return np.zeros_like(made.visits)
    less = _diluted(made, lift)
    return (made.luck.active >= made.daily() * (1 + less)) & (less < 0)


def _diluted(made: World, lift: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the lift on days after the exposure's own, of which nobody can be gained: larger by as much.

    Of the window's last day half lies within it.
    """
    later = float(made.daily()[made.exposed >= 0].mean()) * (WINDOW - 0.5)
    free = np.arange(made.trial.days) > made.exposed[:, None]
    return np.where(free, lift * np.float32((1 + later) / later), 0).astype(np.float32)


def _some(every: Facts, name: str, counts: NDArray[np.int64]) -> Facts:
    """Return the rows in which anything was counted."""
    some = counts > 0
    return Facts(every.user[some], every.at[some], every.arrived[some], {name: counts[some]})


def _again(luck: NDArray[np.float32], salt: int) -> NDArray[np.float64]:
    """Return other numbers between 0 and 1 made of the digits that the first left over."""
    return (luck.astype(np.float64) * (1009 + 2 * salt)) % 1.0


def _clock(luck: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return a time of the day in microseconds, by the hours at which people listen."""
    hours = np.concatenate(([0.0], np.cumsum(HOURS)))
    share = np.interp(luck, hours / hours[-1], np.arange(25) / 24)
    return 2_000_000 + (share * (DAY - 900_000_000)).astype(np.int64)


_LAYERS = ((Layer.ASSIGNED, _nothing), (Layer.MET, _meet), (Layer.SERVED, _serve), (Layer.LOGGED, _log))
