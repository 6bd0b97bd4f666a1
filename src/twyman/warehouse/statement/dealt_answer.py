"""From the rows of moments by bucket to `Dealt`."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from twyman.app.ports import Dealt, Question, Repeats
from twyman.kernel.errors import Invalid
from twyman.stats.buckets import Buckets
from twyman.stats.moments import Moments
from twyman.warehouse.engine import Row
from twyman.warehouse.model import CELLS, PART, UNITS, MetricColumns
from twyman.warehouse.statement.answer import not_finite
from twyman.warehouse.statement.dealt import REPEATS, Dealing


def dealt_of(dealing: Dealing, question: Question, rows: Sequence[Row], sql: tuple[str, ...]) -> Dealt:
    """Return the moments by bucket that an answer's rows hold.

    Raises:
        Invalid: If nobody entered, or a value isn't finite.
    """
    cells = [row for row in rows if row[PART] == CELLS and row["bucket"] is not None]
    if not cells:
        raise Invalid(
            f"no unit of '{question.experiment.source}' counts in experiment '{question.experiment.name}', so none can "
            "be dealt: run twyman analyze, which says why",
            place=question.experiment.origin.at(str(question.experiment.entry)),
        )
    totals = next(row for row in rows if row[PART] == UNITS)
    labels = sorted({str(row["bucket"]) for row in cells})
    days = sorted({row.get("exposed_on") for row in cells}, key=str)
    place = {label: index for index, label in enumerate(labels)}
    by_day = {day: [row for row in cells if row.get("exposed_on") == day] for day in days}
    reading = [(made, _Reading(made, by_day, place)) for made in dealing.metrics]
    told = [row for row in rows if row[PART] == REPEATS and row["rows"]]
    return Dealt(
        of=dealing.of,
        units=int(totals["units"]),
        groups=int(totals["groups"]),
        labels=tuple(labels),
        days=tuple(days),
        columns={made.metric.name: tuple(made.columns[place].title for place in one.kept) for made, one in reading},
        buckets={made.metric.name: one.buckets() for made, one in reading},
        skew={made.metric.name: one.skew() for made, one in reading},
        repeats={str(row["source"]): Repeats(int(row["rows"]), int(row["units"])) for row in told},
        sql=sql,
    )


class _Reading:
    """One metric's cells, put in the order of days and buckets."""

    def __init__(
        self, made: MetricColumns, by_day: Mapping[date | None, Sequence[Row]], place: Mapping[str, int]
    ) -> None:
        self.made, self.place = made, place
        self.cells = [[(place[str(row["bucket"])], row["moments"][made.metric.name]) for row in found]
                      for found in by_day.values()]  # fmt: skip
        self.whole = [self._day(cells) for cells in self.cells]
        everyone = np.sum([one.counts[:, None] * one.means for one in self.whole], axis=(0, 1))
        self.units = float(np.sum([one.counts for one in self.whole]))
        self.means = everyone / max(self.units, 1.0)
        self.kept = [index for index, one in enumerate(made.columns) if not one.flag or self._varies(index)]

    def _day(self, cells: Sequence[tuple[int, Row]]) -> Buckets:
        """Read a day's buckets at once: there are too many to make moments of each."""
        columns, size = len(self.made.columns), len(self.place)
        counts, means, products = np.zeros(size), np.zeros((size, columns)), np.zeros((size, columns, columns))
        given = [(index, found) for index, found in cells if found["count"]]
        if given:
            rows = [index for index, _ in given]
            counts[rows] = [float(found["count"]) for _, found in given]
            means[rows] = np.array([found["means"] for _, found in given], dtype=np.float64)
            covariances = np.array([found["covariances"] for _, found in given], dtype=np.float64)
            high, low = np.triu_indices(columns)
            places = np.array(rows)[:, None]
            products[places, high, low] = products[places, low, high] = covariances * counts[rows][:, None]
        if not (np.isfinite(means).all() and np.isfinite(products).all()):
            raise not_finite(self.made)
        return Buckets(counts, means, products)

    def _varies(self, index: int) -> bool:
        return 0 < self.means[index] < 1

    def buckets(self) -> tuple[Buckets, ...]:
        """Return the moments by bucket, day by day, without flags that are never up."""
        return tuple(one.chosen(self.kept) for one in self.whole)

    def pooled(self) -> Moments:
        """Return the moments of all units."""
        return sum((one.pooled() for one in self.whole[1:]), start=self.whole[0].pooled())

    def skew(self) -> float:
        """Return the third standardised moment of units' distances to the mean, or to the ratio; 0 without a spread."""
        moments = self.pooled()
        if self.made.metric.is_binary and self.made.own == 1:
            share = float(moments.means[0]) if moments.count else 0.0
            spread = share * (1 - share)
            return (1 - 2 * share) / spread**0.5 if spread > 0 else 0.0
        own = list(range(self.made.own))
        means, within = moments.means[own], moments.products[np.ix_(own, own)] / max(moments.count, 1)
        weights, centre = np.array([1.0]), float(means[0])
        if len(own) == 2:
            centre, weights = 0.0, np.array([1.0, -means[0] / means[1] if means[1] else 0.0])
        spread = float(weights @ within @ weights)
        return self._third(weights, centre, spread, within + np.outer(means, means)) if spread > 0 else 0.0

    def _third(self, weights: np.ndarray, centre: float, spread: float, squares: np.ndarray) -> float:
        cubes = self._cubes()
        if len(weights) == 1:
            third = cubes[0] - 3 * centre * float(squares[0, 0]) + 2 * centre**3
        else:
            ratio = float(weights[1])
            third = cubes[0] + 3 * ratio * cubes[1] + 3 * ratio**2 * cubes[2] + ratio**3 * cubes[3]
        return float(third / spread**1.5)

    def _cubes(self) -> list[float]:
        found = [(cell["count"], cell["cubes"]) for cells in self.cells for _, cell in cells if cell["count"]]
        wide = range(len(found[0][1]))
        return [sum(float(count) * float(cubes[index]) for count, cubes in found) / self.units for index in wide]
