"""What past experiments found: the memory against which a new result is surprising or not.

A result may only be judged by what was known before its experiment began. So a past result says when it
ended, and an experiment reads none that ended on its first day or later, and never itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite

from twyman.experiments.expectation import Expectation
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin
from twyman.metrics.source import Relation

COLUMNS = ("experiment", "metric", "change", "lift", "se", "ended")
"""What every past result says."""

MORE_COLUMNS = ("decision", "owner", "low", "likely", "high")
"""What it may say besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastResult:
    """One metric of one finished experiment.

    Attributes:
        change: Class of the change, a free word: layout, ranking, price.
        lift: The effect relative to control, as estimated: 0.02 is 2 %.
        se: Its standard error.
        ended: The last day of measurement.
        decision: What was decided.
        owner: The team that had expected it; with `expected`, it tells how well that team knows what it doesn't know.
        expected: What was expected of it, relative to control.

    Example:
        >>> PastResult(experiment="a", metric="m", change="layout", lift=0.02, se=0, ended=date(2014, 5, 1))
        Traceback (most recent call last):
        twyman.kernel.errors.Invalid: result of 'a' on 'm' has a standard error of 0, ...
    """

    experiment: str
    metric: str
    change: str
    lift: float
    se: float
    ended: date
    decision: str = ""
    owner: str = ""
    expected: Expectation | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.lift) and isfinite(self.se) and self.se > 0):
            what = f"a lift of {self.lift:g}" if not isfinite(self.lift) else f"a standard error of {self.se:g}"
            raise Invalid(
                f"result of '{self.experiment}' on '{self.metric}' has {what}, and nothing can be learnt from "
                "that: give both as finite numbers, the error above 0, or leave the result out"
            )


@dataclass(frozen=True, slots=True)
class PastPairs:
    """Pairs of experiments on one surface or two that were looked at for interactions, and how many had one.

    Example:
        >>> PastPairs(frozenset({"home"}), tested=3, interacting=4)
        Traceback (most recent call last):
        twyman.kernel.errors.Invalid: of 3 pairs of experiments on home, 4 are said to interact, ...
    """

    surfaces: frozenset[str]
    tested: int
    interacting: int

    def __post_init__(self) -> None:
        if not 0 <= self.interacting <= self.tested:
            raise Invalid(
                f"of {self.tested:,} pairs of experiments on {' and '.join(sorted(self.surfaces))}, "
                f"{self.interacting:,} are said to interact, and that is no part of them: correct the counts"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTable:
    """A table of past results in the warehouse.

    Attributes:
        columns: Column by what it holds; what is left out has the column of its own name.
    """

    name: str
    relation: Relation
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)


def before(past: Iterable[PastResult], *, start: date | None, but: str) -> tuple[PastResult, ...]:
    """Return what was known when an experiment began; nothing, where nobody knows when that was.

    Args:
        past: All past results.
        start: The experiment's first day.
        but: The experiment itself.
    """
    if start is None:
        return ()
    return tuple(one for one in past if one.ended < start and one.experiment != but)
