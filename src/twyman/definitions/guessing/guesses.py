"""What the asker says beforehand, so that nothing of it has to be guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """What settles a guess.

    Attributes:
        unit: Columns of the unit's id; each table takes the first that it has.
        time: Columns of the time, likewise.
        time_format: How times are written that are text and no ISO 8601: a strptime format.
        event: Columns of the event's name, likewise.
        value: Numeric columns of events that are summed per unit; none: all that aren't ids or times.
        dimension: Columns of the exposures that are dimensions; none: those that are called so.
        key: Column of the experiment's key, in the exposures.
        arm: Column of the arm, in the exposures.
        control: The arm that the others are compared with, as the data call it.
        shares: Planned share by arm, as the data call it; empty: equal shares of all arms found.
        warehouse: A url, a DuckDB file, a folder of data files or of a project; empty: files from here.

    Example:
        >>> Guesses(unit=("user_id",)).columns("unit")
        ('user_id',)
    """

    unit: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    time_format: str | None = None
    event: tuple[str, ...] = ()
    value: tuple[str, ...] = ()
    dimension: tuple[str, ...] = ()
    key: str | None = None
    arm: str | None = None
    control: str | None = None
    shares: Mapping[str, str] = field(default_factory=dict[str, str])
    warehouse: str = ""

    def columns(self, role: str) -> tuple[str, ...]:
        """Return the columns that were named for a role."""
        named: str | tuple[str, ...] | None = getattr(self, role)
        return (named,) if isinstance(named, str) else named or ()

    def formats(self, column: str) -> dict[str, str]:
        """Return the format of a column of times; none where it wasn't told."""
        return {column: self.time_format} if self.time_format else {}
