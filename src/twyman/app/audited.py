"""What an audit of an experiment's rows tells: how much each arm's units did, before exposure and after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from twyman.stats.moments import Moments

COLUMNS = ("before", "just_before", "after", "first_week", "second_week")
"""What is counted of each unit's rows: in the two weeks before exposure, in the last hour of them, after exposure, and,
of units that have been in for two weeks, in the first week after exposure and in the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What one arm's units did in one source of facts, from two weeks before exposure to the cut-off.

    Attributes:
        units: Units of the arm, with rows or without.
        matured: Those of them that have been in for two weeks.
        rows: Rows of them.
        volume: Moments of a unit's rows: before exposure, in the hour before it, after it.
        weeks: Moments of a unit's rows in the first and the second week, of the units that have been in for both.
        active: Units with a row after exposure.
        with_rows: Units with any row.
        with_several: Units with more than one.
        tested: Rows of the day after each exposure, of which repeats are looked for; 0 where only the day is known.
        repeated: Those of them that repeat another's unit, time and measures.
        repeating: Units with any such.
        whole_minutes: Rows that were looked at whose time is a whole minute; 0 where they have an id of their own.
        busiest: The unit with the most rows.
        most: How many it has.
        log_mean, log_spread: Mean and standard deviation of the logarithm of rows, of units with any.
        ahead: Of the active units, those more than half of whose rows after exposure arrived before they happened.
        late: The same of rows that arrived an hour after they happened, or later. `None`, both, where the source
            doesn't tell when its rows arrived, or not to the instant.
    """

    source: str
    arm: str
    units: int
    matured: int = 0
    rows: int = 0
    volume: Moments = field(default_factory=lambda: Moments.empty(3))
    weeks: Moments = field(default_factory=lambda: Moments.empty(2))
    active: int = 0
    tested: int = 0
    repeated: int = 0
    repeating: int = 0
    whole_minutes: int = 0
    with_rows: int = 0
    with_several: int = 0
    busiest: str = ""
    most: int = 0
    log_mean: float = 0.0
    log_spread: float = 0.0
    ahead: int | None = None
    late: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """On how many days after exposure units have facts of some sources, and of two of these at once.

    Attributes:
        sources: In the order of the columns.
        days: By arm, moments of a unit's days, of units with any: a column a source, then one a pair of them, in the
            order of `itertools.combinations`.
    """

    sources: tuple[str, ...]
    days: Mapping[str, Moments]

    def pair(self, first: str, second: str, arm: str) -> Moments:
        """Return the moments of a unit's days with the first source, with the second, and with both."""
        i, j = sorted((self.sources.index(first), self.sources.index(second)))
        both = len(self.sources) + list(combinations(range(len(self.sources)), 2)).index((i, j))
        columns = (self.sources.index(first), self.sources.index(second), both)
        return self.days[arm].columns(*columns) if arm in self.days else Moments.empty(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """How many units have a fact before exposure and after it, of those that a filter keeps and of those it leaves out.

    Attributes:
        source: The source of facts.
        kept, left_out: Units with a fact in the stretch before exposure, and in the like stretch after it, of each of
            `STRETCHES`.
    """

    source: str
    kept: tuple[tuple[int, int], ...]
    left_out: tuple[tuple[int, int], ...]


STRETCHES = ("on the day of exposure", "on the day after exposure", "in the week from exposure on")
"""What is looked at after exposure: the first 24 hours, the 24 after them, seven times 24; and the same before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an audit found.

    Attributes:
        activity: By source of facts and arm, arms in their order.
        delivered: Units by arm that met what the experiment declares as delivered; `None` where it declares nothing.
        exposed: Units by arm that were looked at for it.
        assigned: Units by arm in the source of assignments; `None` where none is named.
        together: Days on which units have facts of several sources; `None` where there are no two to compare.
        filtered: Who did what, by source of facts, where the source of exposures has a filter.
        sql: The statements that ran.
    """

    activity: tuple[Activity, ...] = ()
    delivered: Mapping[str, int] | None = None
    exposed: Mapping[str, int] = field(default_factory=dict[str, int])
    assigned: Mapping[str, int] | None = None
    together: Together | None = None
    filtered: tuple[Filtered, ...] = ()
    sql: tuple[str, ...] = ()
