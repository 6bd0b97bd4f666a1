"""The two times the start page was tried: on a cohort in New Zealand, then on 1 % of four markets.

Here stand the cohort, its calendar and the true effects. The dates are those of the experiment
files in `project/experiments`; a test holds the two together.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

HISTORY_DAYS = 14
"""Days of listening before the first exposure: what CUPED learns from."""

WINDOW_DAYS = 28
"""Days after an exposure until its fourth week is over."""

DAY = 86_400_000_000
"""Microseconds in a day; times in this room are whole microseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the treatment really does to those who get it: known here, and nowhere else.

    Attributes:
        page: Relative effect of the start page on retention.
        no_ads: Relative effect on retention, over everybody, of switching the advertising off; 0 where nobody did.
    """

    page: float = -0.01
    no_ads: float = 0.0

    @property
    def lift(self) -> float:
        """Relative effect on retention of all that treated users got.

        Example:
            >>> round(Truth(no_ads=0.07).lift, 3)
            0.06
        """
        return self.page + self.no_ads


@dataclass(frozen=True, slots=True)
class Phase:
    """One experiment on the start page.

    Attributes:
        number: Keeps the phases' random numbers and user ids apart.
        experiment: Its key in the table of exposures.
        file: Name of its files in each folder of the warehouse.
        markets: Share of the users by country.
        users: Users of both arms together.
        starts: Midnight of the first day of enrolment.
        enrol_days: How many days enrolment lasts.
        truth: What the treatment does.
        logged: Whether each user's visit goes through our client, one by one.
    """

    number: int
    experiment: str
    file: str
    markets: dict[str, float]
    users: int
    starts: datetime
    enrol_days: int
    truth: Truth
    logged: bool = False

    @property
    def first_day(self) -> datetime:
        """Midnight of the first day with listening."""
        return self.starts - timedelta(days=HISTORY_DAYS)

    @property
    def days(self) -> int:
        """Days with listening: history, enrolment, and the last user's four weeks."""
        return HISTORY_DAYS + self.enrol_days + WINDOW_DAYS

    @property
    def epoch(self) -> int:
        """The first day in microseconds since 1970."""
        return int(self.first_day.timestamp()) * 1_000_000

    def of_size(self, users: int) -> "Phase":
        """Return the same phase with another number of users: for tests."""
        return replace(self, users=users)


NEW_ZEALAND = Phase(
    number=1,
    experiment="moment-page-nz",
    file="2015-04-new-zealand.parquet",
    markets={"NZ": 1.0},
    users=10_000,
    starts=datetime(2015, 4, 6, tzinfo=UTC),
    enrol_days=28,
    truth=Truth(no_ads=0.07),
    logged=True,
)
"""The cohort whose id list was also given to the advertising test."""

LAUNCH = Phase(
    number=2,
    experiment="moment-page-launch",
    file="2015-07-launch.parquet",
    markets={"US": 0.5, "GB": 0.2, "DE": 0.15, "SE": 0.15},
    users=150_000,
    starts=datetime(2015, 7, 6, tzinfo=UTC),
    enrol_days=14,
    truth=Truth(),
)
"""1 % of the top four markets: the page alone."""

PHASES = (NEW_ZEALAND, LAUNCH)
