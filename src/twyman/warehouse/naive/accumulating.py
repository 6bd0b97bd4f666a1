"""A unit's facts, one after the other, becoming one number: each aggregate keeps what it needs and no rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from twyman.metrics.metric import Aggregate
from twyman.warehouse.naive.comparing import compared
from twyman.warehouse.naive.table import number_of


class Accumulator(Protocol):
    """What is kept of a unit's facts."""

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401 - a value of the row
        """Take one more fact, whose value isn't null."""
        ...

    def result(self) -> Any:  # noqa: ANN401 - as above
        """Return the number that they make."""
        ...


@dataclass(slots=True)
class Count:
    """How many there are."""

    found: int = 0

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401, D102
        del value, moment
        self.found += 1

    def result(self) -> int:  # noqa: D102
        return self.found


@dataclass(slots=True)
class Distinct:
    """How many different ones there are."""

    found: set[Any] = field(default_factory=set[Any])

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401, D102
        del moment
        self.found.add(value)

    def result(self) -> int:  # noqa: D102
        return len(self.found)


@dataclass(slots=True)
class Sum:
    """What they add up to: whole numbers and decimals exactly, others with what rounding lost kept beside.

    References:
        Neumaier, A. (1974). Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen. ZAMM 54.
    """

    exact: Any = 0
    floating: float | None = None
    lost: float = 0.0

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401, D102
        del moment
        given = number_of(value)
        if not isinstance(given, float):
            self.exact += given
            return
        before = self.floating or 0.0
        total = before + given
        self.lost += (before - total) + given if abs(before) >= abs(given) else (given - total) + before
        self.floating = total

    def result(self) -> Any:  # noqa: ANN401, D102
        return self.exact if self.floating is None else float(self.exact) + self.floating + self.lost


@dataclass(slots=True)
class Extreme:
    """The highest of them (sign 1), or the lowest (sign -1)."""

    sign: int
    found: Any = None

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401, D102
        del moment
        given = number_of(value)
        if self.found is None or self.sign * (compared(given, self.found) or 0) > 0:
            self.found = given

    def result(self) -> Any:  # noqa: ANN401, D102
        return self.found


@dataclass(slots=True)
class Edge:
    """The last of them (sign 1), or the first (sign -1): of several at that instant the highest, or the lowest."""

    sign: int
    found: Any = None
    at: datetime | None = None

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401, D102
        given = number_of(value)
        order = 1 if self.at is None else self.sign * ((moment > self.at) - (moment < self.at))
        if order > 0 or (order == 0 and self.sign * (compared(given, self.found) or 0) > 0):
            self.found, self.at = given, moment

    def result(self) -> Any:  # noqa: ANN401, D102
        return self.found


@dataclass(slots=True)
class Several:
    """All of them."""

    found: list[Any] = field(default_factory=list[Any])

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401, D102
        del moment
        self.found.append(value)

    def result(self) -> list[Any]:  # noqa: D102
        return self.found


@dataclass(slots=True)
class Earliest:
    """The earliest of several times."""

    found: datetime | None = None

    def add(self, value: Any, moment: datetime) -> None:  # noqa: ANN401, D102
        del value
        self.found = moment if self.found is None or moment < self.found else self.found

    def result(self) -> datetime | None:  # noqa: D102
        return self.found


ACCUMULATORS: Mapping[Aggregate, Callable[[], Accumulator]] = {
    Aggregate.COUNT: Count,
    Aggregate.COUNT_DISTINCT: Distinct,
    Aggregate.EACH: Count,
    Aggregate.SUM: Sum,
    Aggregate.MIN: lambda: Extreme(-1),
    Aggregate.MAX: lambda: Extreme(1),
    Aggregate.FIRST: lambda: Edge(-1),
    Aggregate.LAST: lambda: Edge(1),
}
"""What is kept for each aggregate: one more is one line more."""
