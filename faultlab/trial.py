"""What is tried: its true effect, what its owner believes, and the plan. Drawn before anything happens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

HISTORY = 14
"""Days before the first exposure."""

WINDOW = 7
"""Days after a unit's exposure in which its facts count."""

START = datetime(2016, 3, 7, tzinfo=UTC)
"""Midnight of the first day of enrolment, a Monday."""

EFFECTS = 0.0073
"""Standard deviation of true lifts: 90 % lie within 1.2 % (Browne and Jones 2017; METHODS 4.3)."""

NULL = 0.25
"""Share of changes that do nothing at all."""

BELIEF = 0.0055
"""Standard deviation of a lift around its owner's likely: what nobody knows beforehand."""

TENTH = 1.2815515655446004
"""The normal distribution's 90th percentile: an interval of so many deviations to both sides covers 80 %."""

HALF = 0.6744897501960817
"""Its 75th: what people call 80 % intervals covers about 50 % (Soll and Klayman 2004)."""

CEILING = 0.05
"""Which no change of this kind has passed, as owners say."""

SPREADS = {"active_days": 0.68, "songs": 1.27}
"""Standard error of a lift times the root of the users, by metric: what its owner plans with."""

POWERED = 2.8
"""Standard errors that an experiment sees with a power of 80 %, at a two-sided 5 %."""

MOST, LEAST = 20_000, 2_000
"""Users."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One experiment before its first unit.

    Attributes:
        users: People who could enter it: as many as it takes to see its owner's ceiling, at the least.
        enrols: Days of enrolment.
        flags: Other experiments on the same people.
        metric: The success metric: active_days or songs.
        effect: True lift of the success metric.
        calibrated: Whether the owner's 80 % intervals cover 80 %; else 50 %.
        low, likely, high: What the owner expects.
        sequential: Whether it is looked at every week, or only at the end.
    """

    seed: int
    users: int
    enrols: int
    flags: int
    metric: str
    effect: float
    calibrated: bool
    low: float
    likely: float
    high: float
    sequential: bool

    @property
    def days(self) -> int:
        """Days simulated."""
        return HISTORY + self.enrols + WINDOW

    @property
    def first(self) -> datetime:
        """Midnight of the first day simulated."""
        return START - timedelta(days=HISTORY)

    @property
    def ends(self) -> datetime:
        """When the last window is over."""
        return START + timedelta(days=self.enrols + WINDOW)

    @property
    def readings(self) -> tuple[int, ...]:
        """Days after the start on which somebody reads it: the second, each week if looks are planned, and the end."""
        end = self.enrols + WINDOW
        return (2, *range(7, end, 7), end) if self.sequential else (2, end)


def trial(seed: int) -> Trial:
    """Draw a trial.

    Example:
        >>> trial(1) == trial(1), trial(1) == trial(2)
        (True, False)
    """
    rng = np.random.default_rng([seed, 1])
    null = rng.random() < NULL
    known = np.sqrt(EFFECTS**2 - BELIEF**2)
    error = BELIEF * rng.normal()
    likely = error if null else 0.002 + known * rng.normal()
    calibrated = bool(rng.random() < 0.5)
    reach = BELIEF * (TENTH if calibrated else HALF)
    users, enrols = int(np.exp(rng.uniform(np.log(LEAST), np.log(MOST)))), int(rng.choice((7, 14)))
    flags, metric = int(rng.integers(8, 31)), str(rng.choice(("active_days", "songs")))
    return Trial(
        seed=seed,
        users=max(users, fewest(metric)),
        enrols=enrols,
        flags=flags,
        metric=metric,
        effect=0.0 if null else float(likely + error),
        calibrated=calibrated,
        low=round(float(likely - reach), 6),
        likely=round(float(likely), 6),
        high=round(float(likely + reach), 6),
        sequential=bool(rng.random() < 0.5),
    )


def fewest(metric: str) -> int:
    """Return the fewest users of an experiment on a metric: fewer would only see what its owner takes for impossible.

    Example:
        >>> fewest("active_days"), fewest("songs")
        (2000, 5058)
    """
    return max(LEAST, int((POWERED * SPREADS[metric] / CEILING) ** 2))
