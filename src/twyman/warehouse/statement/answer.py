"""From the rows of an answer to `Measured`: names for numbers, moments from means and covariances."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twyman.app.ports import Cell, Cohort, Drawn, Entrants, Extreme, Kept, Measured, Ranked, Scanned, Shared
from twyman.kernel.errors import Invalid
from twyman.stats.moments import Moments
from twyman.stats.survival import RiskTable
from twyman.warehouse.engine import Row
from twyman.warehouse.model import (
    CAPS,
    CELLS,
    CLUSTERS,
    ENTRANTS,
    FACTS,
    LINKS,
    MATURED,
    MEMBERS,
    PART,
    RANKS,
    RISK,
    SEEN,
    STEPS,
    STRATA,
    UNITS,
    MetricColumns,
    Statement,
)
from twyman.warehouse.values.ranks import AROUND

PARTS = (CELLS, ENTRANTS, UNITS, FACTS, SEEN, CAPS, RANKS, RISK, STEPS, CLUSTERS, MEMBERS, LINKS)
MOST_UNKNOWN = 50
"""Unknown arms named one by one; the rest are counted together."""


def measured(
    statement: Statement, rows: Sequence[Row], sql: tuple[str, ...], last: Mapping[str, datetime | None]
) -> Measured:
    """Return the answer that the rows hold.

    Args:
        statement: What was asked.
        rows: What came back.
        sql: The statements that ran.
        last: Latest fact of the sources that had none of late.
    """
    parts = {part: [row for row in rows if row[PART] == part] for part in PARTS}
    reading = _Reading(statement, parts[CELLS])
    whole = reading.whole_arms()
    kept = {made.metric.name: _telling(made, whole) for made in statement.metrics}
    return Measured(
        columns={
            made.metric.name: tuple(made.columns[index].title for index in kept[made.metric.name])
            for made in statement.metrics
        },
        cells={cell: found.columns(*kept[cell.metric]) for cell, found in (whole | reading.dimensions()).items()},
        ranks=_ranks(statement, parts[RANKS]),
        risk=_risk(statement, parts[RISK]),
        strata={key: found.columns(*kept[key[0]]) for key, found in reading.strata().items()},
        days={key: found.columns(*kept[key[0]]) for key, found in reading.days().items()},
        units=reading.units(),
        crossovers=_crossovers(statement, parts[UNITS]),
        exposed=reading.exposed(),
        entrants=entrants(statement, parts[ENTRANTS], parts[UNITS]),
        cohorts=reading.cohorts(),
        kept=_kept(statement, parts[STEPS]),
        drawn=_drawn(statement, parts[CLUSTERS], parts[MEMBERS], reading) if statement.clustered else None,
        members=reading.members() if statement.clustered else {},
        shared=tuple(Shared(row["source"], int(row["rows"]), int(row["units"])) for row in parts[LINKS]),
        extremes=reading.extremes(),
        scanned=tuple(_scanned(row, seen, last) for row, seen in zip(parts[FACTS], parts[SEEN], strict=True)),
        caps=_caps(statement, parts[CAPS]),
        zoneless=statement.zoneless,
        sql=sql,
    )


def _telling(made: MetricColumns, whole: Mapping[Cell, Moments]) -> list[int]:
    """Return the columns that say something: a flag of missing values that is never up is dropped."""
    arms = [found for cell, found in whole.items() if cell.metric == made.metric.name]
    varying = {
        index
        for index in range(len(made.columns))
        if any(found.products[index, index] > 0 for found in arms) or len({found.means[index] for found in arms}) > 1
    }
    return [index for index, one in enumerate(made.columns) if not one.flag or index in varying]


def moments_of(found: Row, columns: int, made: MetricColumns) -> Moments:
    """Return moments from a count, means and the upper triangle of population covariances.

    Raises:
        Invalid: If a value isn't a finite number.
    """
    count = int(found["count"])
    if not count:
        return Moments.empty(columns)
    means = np.array(found["means"], dtype=np.float64)
    products = (np.array(found["covariances"], dtype=np.float64) * count)[_pairs(columns)]
    if not (np.isfinite(means).all() and np.isfinite(products).all()):
        raise not_finite(made)
    return Moments(count, means, products)


def not_finite(made: MetricColumns) -> Invalid:
    """Return the error that a metric's values aren't finite numbers."""
    return Invalid(
        f"metric '{made.metric.name}' has values that are no finite numbers (NaN or infinite): "
        "leave those rows out with where, or correct them",
        place=made.metric.origin.at("value"),
    )


@cache
def _pairs(columns: int) -> NDArray[np.intp]:
    """Return where in an upper triangle, row by row, each element of a symmetric matrix stands."""
    places = np.zeros((columns, columns), dtype=np.intp)
    places[np.triu_indices(columns)] = np.arange(columns * (columns + 1) // 2)
    return np.maximum(places, places.T)


class _Reading:
    """The cells of an answer, read metric by metric."""

    def __init__(self, statement: Statement, cells: Sequence[Row]) -> None:
        self.statement = statement
        self.by_stratum = [row for row in cells if row.get(STRATA) is not None]
        rest = [row for row in cells if row.get(STRATA) is None]
        by_day = [row for row in rest if not _dimension(statement, row)[0]]
        # Days are pooled in their order: the same look gives the same numbers, to the last bit.
        self.by_day = sorted(by_day, key=lambda row: str(row.get("exposed_on")))
        self.by_value = [row for row in rest if _dimension(statement, row)[0]]

    def _arm(self, row: Row) -> str:
        return self.statement.arms[int(row["arm"])]

    def _each(self, rows: Iterable[Row]) -> Iterable[tuple[MetricColumns, Row, Row]]:
        for row in rows:
            for made in self.statement.metrics:
                yield made, row, row["moments"][made.metric.name]

    def whole_arms(self) -> dict[Cell, Moments]:
        """Return the moments of each arm: its days pooled."""
        pooled: dict[Cell, Moments] = {}
        for made in self.statement.metrics:
            for arm in self.statement.arms:
                pooled[Cell(made.metric.name, arm)] = Moments.empty(len(made.columns))
        for made, row, found in self._each(self.by_day):
            cell = Cell(made.metric.name, self._arm(row))
            pooled[cell] = pooled[cell] + moments_of(found, len(made.columns), made)
        return {cell: self._moved(cell.metric, moments) for cell, moments in pooled.items()}

    def _moved(self, metric: str, about: Moments) -> Moments:
        """Return moments about zero that were asked for about another number."""
        centres = self.statement.centres.get(metric)
        if centres is None or not about.count:
            return about
        return Moments(about.count, about.means + np.array(centres), about.products)

    def _moments(self, made: MetricColumns, found: Row) -> Moments:
        return self._moved(made.metric.name, moments_of(found, len(made.columns), made))

    def dimensions(self) -> dict[Cell, Moments]:
        """Return the moments by arm and dimension value."""
        return {
            Cell(made.metric.name, self._arm(row), *_dimension(self.statement, row)): self._moments(made, found)
            for made, row, found in self._each(self.by_value)
        }

    def strata(self) -> dict[tuple[str, str, str], Moments]:
        """Return the moments by arm and stratum, of strata with a unit."""
        return {
            (made.metric.name, self._arm(row), row[STRATA]): self._moments(made, found)
            for made, row, found in self._each(self.by_stratum)
            if found["count"]
        }

    def days(self) -> dict[tuple[str, str, date], Moments]:
        """Return the moments by day of exposure."""
        return {
            (made.metric.name, self._arm(row), row["exposed_on"]): self._moments(made, found)
            for made, row, found in self._each(self.by_day)
            if row.get("exposed_on") is not None and found["count"]
        }

    def units(self) -> dict[str, int]:
        """Return how many units each arm has."""
        totals = dict.fromkeys(self.statement.arms, 0)
        for row in self.by_day:
            totals[self._arm(row)] += _units(row)
        return totals

    def clusters(self) -> dict[str, int]:
        """Return how many clusters each arm has, where rows stand for them."""
        totals = dict.fromkeys(self.statement.arms, 0)
        for row in self.by_day:
            totals[self._arm(row)] += int(row["units"])
        return totals

    def members(self) -> dict[Cell, int]:
        """Return how many units each cell's metric takes, where rows stand for clusters."""
        totals: dict[Cell, int] = {}
        for made, row, found in self._each([*self.by_day, *self.by_value]):
            cell = Cell(made.metric.name, self._arm(row), *_dimension(self.statement, row))
            totals[cell] = totals.get(cell, 0) + int(found[MEMBERS])
        return totals

    def exposed(self) -> dict[tuple[str, date], int]:
        """Return how many units each arm gained each day."""
        return {
            (self._arm(row), row["exposed_on"]): _units(row) for row in self.by_day if row.get("exposed_on") is not None
        }

    def cohorts(self) -> dict[tuple[str, str], Cohort]:
        """Return how many units each metric takes of each arm."""
        totals = {(made.metric.name, arm): [0, 0, 0] for made in self.statement.metrics for arm in self.statement.arms}
        for made, row, found in self._each(self.by_day):
            entered = _units(row)
            counts = (entered, int(found.get(MATURED, entered)), int(found.get(MEMBERS, found["count"])))
            total = totals[made.metric.name, self._arm(row)]
            totals[made.metric.name, self._arm(row)] = [sum(pair) for pair in zip(total, counts, strict=True)]
        return {
            key: Cohort(entered=entered, matured=matured, measured=taken)
            for key, (entered, matured, taken) in totals.items()
        }

    def extremes(self) -> dict[tuple[str, str], tuple[Extreme, ...]]:
        """Return the units that stand out most: one a column, and the lowest where it lies below 0."""
        kept: dict[tuple[str, str], list[Extreme]] = {}
        for made, row, found in self._each(self.by_day):
            if "extremes" not in found or not found["count"]:
                continue
            now = [Extreme(one["unit"], tuple(map(float, one["values"]))) for one in found["extremes"]]
            key = (made.metric.name, self._arm(row))
            kept[key] = _further(kept[key], now) if key in kept else now
        return {key: _standing_out(found) for key, found in kept.items()}


def _units(row: Row) -> int:
    """Return how many units a row of cells stands for: itself counts clusters where those were drawn."""
    members = row.get(MEMBERS)
    return int(row["units"] if members is None else members)


def _kept(statement: Statement, rows: Sequence[Row]) -> tuple[Kept, ...]:
    """Return whom each step kept, from one row an arm."""
    came = dict.fromkeys(statement.arms, 0) | {statement.arms[int(row["arm"])]: int(row["units"]) for row in rows}
    made = list[Kept]()
    for index, step in enumerate(statement.steps):
        stayed = {statement.arms[int(row["arm"])]: int(row["passed"][index]) for row in rows}
        kept = dict.fromkeys(statement.arms, 0) | stayed
        made.append(Kept(kind=step.kind, name=step.name, of=came, kept=kept))
        came = kept
    return tuple(made)


def _drawn(statement: Statement, clusters: Sequence[Row], units: Sequence[Row], reading: _Reading) -> Drawn:
    counts = {truth: dict.fromkeys(statement.arms, 0) for truth in (False, True)}
    for row in clusters:
        counts[bool(row["crossed"])][statement.arms[int(row["arm"])]] += int(row["units"])
    return Drawn(
        exposed=counts[False],
        crossed=counts[True],
        analysed=reading.clusters(),
        moved=_total(units, "units"),
        lost=_total(units, "without_unit"),
    )


def _further(old: Sequence[Extreme], new: Sequence[Extreme]) -> list[Extreme]:
    *tops, bottom = zip(old, new, strict=True)
    highest = [max(pair, key=lambda one, index=index: one.values[index]) for index, pair in enumerate(tops)]
    return [*highest, min(bottom, key=lambda one: one.values[0])]


def _standing_out(found: Sequence[Extreme]) -> tuple[Extreme, ...]:
    *tops, bottom = found
    chosen = [*tops, bottom] if bottom.values[0] < 0 else tops
    return tuple(dict.fromkeys(chosen))


def _dimension(statement: Statement, row: Row) -> tuple[str, str]:
    for held, name in statement.dimensions.items():
        if row.get(held) is not None:
            return name, str(row[held])
    return "", ""


def _crossovers(statement: Statement, rows: Sequence[Row]) -> dict[str, int]:
    found = dict.fromkeys(statement.arms, 0)
    for row in rows:
        if row["crossed"] and row["arm"] is not None:
            found[statement.arms[int(row["arm"])]] += int(row["units"])
    return found


def entrants(statement: Statement, by_arm: Sequence[Row], by_unit: Sequence[Row]) -> Entrants:
    """Return how units came in, from counts by arm and by what units met."""
    known = [row for row in by_arm if row["arm"] is not None]
    unknown = [row for row in by_arm if row["arm"] is None]
    unknown.sort(key=lambda row: (-int(row["rows"]), str(row["arm_value"])))
    strange = Counter[str]()
    for row in unknown[:MOST_UNKNOWN]:  # an empty arm and a missing one are both called ""
        strange[str(row["arm_value"] or "")] += int(row["rows"])
    rest = sum(int(row["rows"]) for row in unknown[MOST_UNKNOWN:])
    arms = [(statement.arms[int(row["arm"])], row) for row in known]
    return Entrants(
        rows=_total(by_arm, "rows"),
        units=_total(by_unit, "units"),
        in_two_arms=_total(by_unit, "in_two_arms"),
        left_out={arm: int(row["rows"]) - int(row["kept"]) for arm, row in arms},
        kept={arm: int(row["kept"]) for arm, row in arms},
        repeated=_total(by_unit, "repeated"),
        without_unit=_total(by_arm, "without_unit"),
        unknown_arms=dict(strange) | ({"(other)": rest} if rest else {}),
        outside=_total(known, "outside"),
    )


def _total(rows: Iterable[Row], name: str) -> int:
    return sum(int(row[name] or 0) for row in rows)


def _scanned(row: Row, seen: Row, last: Mapping[str, datetime | None]) -> Scanned:
    return Scanned(
        source=row["source"],
        rows=int(row["rows"] or 0),
        units=int(row["units"] or 0),
        first=aware(seen["first_at"]),
        last=aware(seen["last_at"]) or last.get(row["source"]),
        after_cutoff=int(seen.get("after_cutoff") or 0),
        late=int(seen.get("late") or 0),
        ahead=None if seen.get("ahead") is None else int(seen["ahead"]),
    )


def aware(moment: Any) -> datetime | None:  # noqa: ANN401 - a cell of an answer
    """Return a zoneless UTC time as an aware one."""
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) else None


def _risk(statement: Statement, rows: Sequence[Row]) -> dict[Cell, RiskTable]:
    """Return who was at risk: at a step those whose watch ends there or later, in the order of time."""
    by_cell: dict[Cell, list[Row]] = {}
    for row in rows:
        arm = statement.arms[int(row["arm"])]
        by_cell.setdefault(Cell(row["metric"], arm, *_dimension(statement, row)), []).append(row)
    return {cell: _risk_table(sorted(found, key=lambda row: row["time"])) for cell, found in by_cell.items()}


def _risk_table(rows: Sequence[Row]) -> RiskTable:
    ended = np.array([float(row["ended"]) for row in rows])
    at_risk = ended[::-1].cumsum()[::-1]
    return RiskTable(
        np.array([float(row["time"]) for row in rows]), at_risk, np.array([float(row["events"]) for row in rows])
    )


def _ranks(statement: Statement, rows: Sequence[Row]) -> dict[Cell, Ranked]:
    """Return what was fetched of each quantile's values, by cell.

    Raises:
        Invalid: If a fact's value isn't a finite number, and so has no rank.
    """
    by_name = {made.metric.name: made for made in statement.metrics}
    ranks: dict[Cell, Ranked] = {}
    for row in rows:
        made, found = by_name[row["metric"]], row[RANKS]
        if not np.isfinite([found["lowest"], found["highest"]]).all():
            raise Invalid(
                f"metric '{made.metric.name}' has values that are no finite numbers (NaN or infinite), and so no rank: "
                "leave those rows out with where, or correct them",
                place=made.metric.origin.at("value"),
            )
        dimension = statement.dimensions.get(row.get("dimension") or "", "")
        cell = Cell(made.metric.name, statement.arms[int(row["arm"])], dimension, row.get("segment") or "")
        ranks[cell] = ranked_of(found, made)
    return ranks


def ranked_of(found: Row, made: MetricColumns) -> Ranked:
    """Return the values fetched of a group, by rank, and the moments over units of the facts below."""
    count = int(found["count"])
    wanted = [int(rank or -len(AROUND)) + around for rank in found["ranks"] for around in AROUND]
    pairs = zip(wanted, found["values"], strict=True)
    fetched = {rank: float(value) for rank, value in sorted(pairs) if 1 <= rank <= count}
    clusters = None
    if found["units"] is not None:
        clusters = moments_of({**found, "count": found["units"]}, 2, made)
    return Ranked(count=count, values=fetched, clusters=clusters)


def _caps(statement: Statement, rows: Sequence[Row]) -> dict[str, float]:
    caps: dict[str, float] = {}
    for made in statement.metrics:
        if made.cap is None:
            continue
        if made.cap.limit is not None:
            caps[made.metric.name] = made.cap.limit
        elif rows and (found := rows[0]["thresholds"][made.held(made.columns[0])]) is not None:
            caps[made.metric.name] = float(found)
    return caps
