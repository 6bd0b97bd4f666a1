"""Forty finished experiments of the year before: their true effects, and what was measured of them.

Effects are as small as a mature product's: 90 % of those that do anything lie within 1.2 % of nothing (standard
deviation .73 %; Browne and Jones 2017), and three in ten do nothing at all. Nothing is typed in: each arm's count of
users is drawn, its successes are binomial, and lift and standard error come from the counts by our own statistics, as
an analysis of these experiments would have found them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from twyman.kernel.errors import Invalid
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import relative
from twyman.stats.moments import Moments
from twyman.stats.proportion import proportions

SPREAD = 0.0073
NULLS = 12
USERS = (40_000, 200_000)
"""Fewest and most users of an arm."""

FIRST, EVERY = date(2014, 4, 7), timedelta(days=9)
"""When the first of them ended, and how long after it the next did: the last did in March 2015."""

BASELINES = {"retention_week_4": 0.80, "retention_week_2": 0.92, "sharers": 0.08}

OPTIMISTS = "start-page"
EXPECTED = (0.005, 0.02, 0.03)
"""What the team of the start page expected of its pages, every time: low, likely, high."""

COLUMNS = ["experiment", "metric", "change", "lift", "se", "ended", "decision", "owner", "low", "likely", "high"]

FINISHED = {
    "page": (
        "start-page:larger-covers start-page:one-column start-page:two-rows start-page:friends-on-top "
        "start-page:darker-colours start-page:weekday-heading start-page:radio-tile album:tracklist-first "
        "artist:top-five artist:tour-dates search:empty-page playlist:wide-header charts:by-city genre:moods"
    ),
    "ranking": (
        "discovery:fresh-first discovery:skips-count discovery:by-listening-time search:popular-first "
        "search:personal-results radio:less-the-same radio:deeper-cuts charts:last-day"
    ),
    "player": "player:bigger-buttons player:swipe-to-skip player:cover-blur player:queue-button player:repeat-one",
    "message": "growth:monday-mail growth:release-push growth:fewer-pushes growth:year-in-music growth:welcome-mail",
    "streaming": "streaming:faster-start streaming:smaller-cache streaming:quality-on-mobile",
    "sign-up": "growth:one-field-less growth:sign-up-by-phone growth:skip-the-tour",
    "price": "growth:student-price growth:family-plan",
}
"""Owner and name by class of change."""


@dataclass(frozen=True, slots=True)
class Finished:
    """One finished experiment.

    Attributes:
        lift: What it truly did to each metric, relative to control.
        users: Of each arm.
    """

    name: str
    owner: str
    change: str
    ended: date
    lift: float
    users: tuple[int, int]


def finished(rng: np.random.Generator) -> tuple[Finished, ...]:
    """Return the forty, in the order in which they ended.

    Example:
        >>> len(finished(np.random.default_rng(1)))
        40
    """
    named = [(change, each) for change, names in FINISHED.items() for each in names.split()]
    lifts = _lifts(len(named), rng)
    control = rng.integers(USERS[0], USERS[1], size=len(named))
    treatment = rng.binomial(2 * control, 0.5)
    made: list[Finished] = []
    order = [int(at) for at in np.asarray(rng.permutation(len(named)), dtype=np.int64)]
    for place, at in enumerate(order):
        change, (owner, _, name) = named[at][0], named[at][1].partition(":")
        arms = int(control[at]), int(treatment[at])
        made.append(Finished(name, owner, change, FIRST + place * EVERY, float(lifts[at]), arms))
    return tuple(made)


def _lifts(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return true effects: normal scores, so that luck alone makes none of them huge, and some of nothing."""
    scores = SPREAD * ndtri((np.arange(size - NULLS) + 0.5) / (size - NULLS))
    return rng.permutation(np.concatenate((scores, np.zeros(NULLS))))


def measured(one: Finished, baseline: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return lift and standard error of an experiment on a share, from drawn counts.

    Raises:
        Invalid: If a count has no lift; with this many users none has.
    """
    control, treatment = (
        Moments.binary(int(rng.binomial(users, share)), users)
        for users, share in zip(one.users, (baseline, baseline * (1 + one.lift)), strict=True)
    )
    pair = proportions(treatment, control)
    found = pair if isinstance(pair, NotEstimable) else relative(pair)
    if isinstance(found, NotEstimable):
        raise Invalid(f"'{one.name}' has no lift ({found.text}): give its arms more users")
    return found.estimate, found.se


def write_history(warehouse: Path, *, seed: int) -> None:
    """Write what the forty found, a row a metric and experiment."""
    rng = np.random.default_rng([seed, 40])
    file = warehouse / "history" / "finished.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as written:
        table = csv.writer(written, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(row for one in finished(rng) for row in _rows(one, rng))


def _rows(one: Finished, rng: np.random.Generator) -> Iterator[tuple[object, ...]]:
    decision = ""
    for metric, baseline in BASELINES.items():
        lift, se = measured(one, baseline, rng)
        decision = decision or ("ship" if lift > 1.96 * se else "abort" if lift < -1.96 * se else "end")
        expected = EXPECTED if one.owner == OPTIMISTS and metric == "retention_week_4" else ("", "", "")
        yield one.name, metric, one.change, f"{lift:.6f}", f"{se:.6f}", one.ended, decision, one.owner, *expected
