"""Tables of counts per arm and day, added up row by row."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np

from twyman.app.ports import Cell, Cohort, DaySigns, Entrants, Measured, Question
from twyman.metrics.metric import Metric, OutcomeValue, Proportion, Ratio, Retention
from twyman.metrics.source import AggregateSource
from twyman.stats.moments import Moments
from twyman.warehouse.engine import Engine
from twyman.warehouse.naive.casts import text_of
from twyman.warehouse.naive.comparing import wall
from twyman.warehouse.naive.expression import Computed, Row
from twyman.warehouse.naive.known import refuse_unknown
from twyman.warehouse.naive.metrics import values_of
from twyman.warehouse.naive.moments import moments
from twyman.warehouse.naive.table import Table, Wanted, number_of, opened
from twyman.warehouse.naive.unverifiable import Unverifiable

Key = tuple[int, date | None]


@dataclass(slots=True)
class Day:
    """The counts of one arm on one day.

    Attributes:
        missing: Counts that some row doesn't have.
        matured: Whether all its rows have their outcome.
    """

    counts: dict[str, float] = field(default_factory=dict[str, float])
    missing: set[str] = field(default_factory=set[str])
    matured: bool = True

    def add(self, name: str, count: float | None) -> None:
        """Add one row's count."""
        if count is None:
            self.missing.add(name)
        else:
            self.counts[name] = self.counts.get(name, 0) + count


@dataclass(frozen=True, slots=True)
class Share:
    """A metric over counts: of how many units, how many."""

    metric: str
    successes: str
    of: str
    ratio: bool


@dataclass(slots=True)
class Counts:
    """A source of counts, gone through."""

    question: Question
    source: AggregateSource
    days: dict[Key, Day] = field(default_factory=dict[Key, Day])
    rows: dict[str | None, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def names(self) -> list[str]:
        """The experiment's arms, in order."""
        return [arm.name for arm in self.question.experiment.arms]

    @property
    def unit(self) -> str:
        """The count that is the unit of randomisation, or the first."""
        return self.source.unit or next(iter(self.source.columns))

    @property
    def immature(self) -> set[date | None]:
        """Days on which some arm hasn't its outcome yet."""
        return {day for (_, day), one in self.days.items() if not one.matured}

    @property
    def matured(self) -> dict[Key, Day]:
        """Days that count, by arm."""
        left_out = self.immature
        if self.source.day is None:
            return {key: one for key, one in self.days.items() if one.matured}
        return {key: one for key, one in self.days.items() if key[1] not in left_out}

    def total(self, name: str, arm: int, *, matured: bool) -> int:
        """Return a count of an arm over its days."""
        days = self.matured if matured else self.days
        return int(sum(one.counts.get(name, 0) for (other, _), one in days.items() if other == arm))


def recomputed_counts(engine: Engine, question: Question, metrics: Sequence[Metric]) -> Measured:
    """Add up counts, and return what a look holds of them.

    Raises:
        Unverifiable: If an expression does what isn't computed here.
    """
    source = question.catalogue.source(question.experiment.source, AggregateSource)
    refuse_unknown(source)
    counts = Counts(question, source)
    for value in source.relations:
        _add(engine, counts, value)
    shares = [share for metric in metrics if (share := _share(source, metric)) is not None]
    matured, dated = counts.matured, source.day is not None
    return Measured(
        columns={share.metric: ("numerator", "denominator") if share.ratio else ("value",) for share in shares},
        cells=_cells(counts, shares),
        days={
            (share.metric, counts.names[arm], day): _moments(share, one.counts[share.successes], one.counts[share.of])
            for share in shares
            for (arm, day), one in matured.items()
            if day is not None
        },
        units={name: counts.total(counts.unit, arm, matured=False) for arm, name in enumerate(counts.names)},
        crossovers=dict.fromkeys(counts.names, 0),
        exposed={
            (counts.names[arm], day): int(one.counts.get(counts.unit, 0))
            for (arm, day), one in counts.days.items()
            if day is not None
        },
        entrants=_entrants(counts),
        cohorts=_cohorts(counts, shares),
        days_matured=len({day for _, day in matured}) if dated else None,
        days_left_out=len(counts.immature) if dated else None,
        signs=_signs(counts, shares) if dated else {},
    )


def _add(engine: Engine, counts: Counts, value: str) -> None:
    source, day = counts.source, counts.source.day
    dated = day if day is not None and day.year is None else None
    formats = dict(source.formats) | ({dated.column: dated.format} if dated and dated.format else {})
    wanted = Wanted(
        name=source.name,
        relation=source.relations[value],
        origin=source.origin,
        formats=formats,
        times=(dated.column,) if dated else (),
    )
    table = opened(engine, wanted, counts.question.zone)
    columns = {name: table.expression(written) for name, written in source.columns.items()}
    matured = table.condition(source.matured) if source.matured else None
    for row, label in _labelled(table, source, value):
        counts.rows[label] += 1
        arm = _arm(counts.question, label)
        if arm is None:
            continue
        one = counts.days.setdefault((arm, _day(row, table, source)), Day())
        one.matured = one.matured and (matured is None or matured(row) is True)
        for name, column in columns.items():
            one.add(name, number_of(column(row)))


def _labelled(table: Table, source: AggregateSource, value: str) -> Iterator[tuple[Row, str | None]]:
    arm: Computed = (lambda _: value) if value else table.expression(source.arm or "arm")
    for row in table:
        label = arm(row)
        yield row, None if label is None else text_of(label)


def _arm(question: Question, label: str | None) -> int | None:
    values = [arm.value or arm.name for arm in question.experiment.arms]
    return values.index(label) if label in values else None


def _day(row: Row, table: Table, source: AggregateSource) -> date | None:
    if source.day is None:
        return None
    spelled = {name.lower(): name for name in table.kinds}
    value = row[spelled[source.day.column.lower()]]
    if value is None or source.day.year is None:
        return None if value is None else wall(value).date()
    pattern = f"{source.day.format or '%b %d'} %Y"
    try:
        return datetime.strptime(f"{text_of(value)} {source.day.year}", pattern).date()  # noqa: DTZ007 - a date
    except ValueError:
        raise Unverifiable(f"reads '{value}' as no day") from None


def _share(source: AggregateSource, metric: Metric) -> Share | None:
    if isinstance(metric.kind, Proportion) and metric.kind.bound is not None:
        raise Unverifiable(f"metric '{metric.name}' holds counts against a bound")
    names = [value.outcome for value in values_of(metric) if isinstance(value, OutcomeValue)]
    if isinstance(metric.kind, Ratio):
        return Share(metric.name, names[0], names[1], ratio=True) if names[1] == source.unit else None
    if isinstance(metric.kind, Proportion | Retention) and source.unit:
        return Share(metric.name, names[0], source.unit, ratio=False)
    return None


def _moments(share: Share, successes: float, units: float) -> Moments:
    """Return moments of so many ones and, for the rest of the units, noughts."""
    ones, count = int(successes), int(units)
    column = np.concatenate([np.ones(ones), np.zeros(count - ones)])
    table = np.column_stack([column, np.ones(count)]) if share.ratio else column[:, np.newaxis]
    return moments(table)


def _cells(counts: Counts, shares: Sequence[Share]) -> dict[Cell, Moments]:
    return {
        Cell(share.metric, name): _moments(
            share, counts.total(share.successes, arm, matured=True), counts.total(share.of, arm, matured=True)
        )
        for share in shares
        for arm, name in enumerate(counts.names)
    }


def _cohorts(counts: Counts, shares: Sequence[Share]) -> dict[tuple[str, str], Cohort]:
    found: dict[tuple[str, str], Cohort] = {}
    for share in shares:
        for arm, name in enumerate(counts.names):
            over = counts.total(share.of, arm, matured=True)
            entered = counts.total(share.of, arm, matured=False)
            found[share.metric, name] = Cohort(entered=entered, matured=over, measured=over)
    return found


def _signs(counts: Counts, shares: Sequence[Share]) -> dict[tuple[str, str], DaySigns]:
    experiment, found = counts.question.experiment, dict[tuple[str, str], DaySigns]()
    for share in shares:
        rates: list[Mapping[date | None, float]] = [_rates(counts, share, arm) for arm in range(len(experiment.arms))]
        control = rates[experiment.arms.index(experiment.control)]
        for treatment in experiment.treatments:
            treated = rates[experiment.arms.index(treatment)]
            days = treated.keys() & control.keys()
            higher = sum(treated[day] > control[day] for day in days)
            found[share.metric, treatment.name] = DaySigns(days=len(days), higher=higher)
    return found


def _rates(counts: Counts, share: Share, arm: int) -> dict[date | None, float]:
    return {
        day: one.counts[share.successes] / one.counts[share.of]
        for (other, day), one in counts.matured.items()
        if other == arm and one.counts.get(share.of)
    }


def _entrants(counts: Counts) -> Entrants:
    kept, unknown = dict.fromkeys(counts.names, 0), dict[str, int]()
    for label, rows in counts.rows.items():
        arm = _arm(counts.question, label)
        if arm is None:
            unknown[label or ""] = unknown.get(label or "", 0) + rows
        else:
            kept[counts.names[arm]] += rows
    units = sum(counts.total(counts.unit, arm, matured=False) for arm in range(len(counts.names)))
    return Entrants(rows=sum(counts.rows.values()), units=units, kept=kept, unknown_arms=unknown)
