"""Whom methods are tried on: populations whose truth is known, drawn as moments of many arms at once.

An arm is drawn `shape` times: (experiments,) or (experiments, looks), each cell with its own units. Where the
law of the moments is known (normal, zeros and ones) they are drawn themselves; otherwise units are drawn
and reduced.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twyman.stats.cells import Cells
from twyman.stats.moments import Moments

Vector = NDArray[np.float64]
Shape = tuple[int, ...]


def scaled(cells: Cells, *factors: float) -> Cells:
    """Return each column times its factor: a multiplicative effect."""
    scale = np.array(factors)
    return Cells(cells.counts, cells.means * scale, cells.products * np.outer(scale, scale))


def cumulated(cells: Cells) -> Cells:
    """Merge along the last axis: what is known at each look, from what each look brought."""
    counts = np.cumsum(cells.counts, axis=-1)
    centre = cells.means[..., :1, :]
    gaps = cells.means - centre
    shifted = np.cumsum(cells.counts[..., None] * gaps, axis=-2) / counts[..., None]
    outer = gaps[..., :, None] * gaps[..., None, :]
    about = np.cumsum(cells.products + cells.counts[..., None, None] * outer, axis=-3)
    products = about - counts[..., None, None] * (shifted[..., :, None] * shifted[..., None, :])
    return Cells(counts, centre + shifted, products)


def each(cells: Cells) -> list[Moments]:
    """Return the moments one by one, for methods that take two arms at a time."""
    k = cells.k
    flat = zip(cells.counts.ravel(), cells.means.reshape(-1, k), cells.products.reshape(-1, k, k), strict=True)
    return [Moments(int(count), means, products) for count, means, products in flat]


class Population(Protocol):
    """Units of one kind."""

    @property
    def name(self) -> str:
        """What it is, in a few words."""
        ...

    def draw(self, rng: np.random.Generator, shape: Shape, units: int, lift: float = 0.0) -> Cells:
        """Draw arms whose mean (or ratio) is higher by a relative lift."""
        ...

    def moved(self, rng: np.random.Generator, arms: Cells, lift: float) -> Cells:
        """Return arms, drawn without a lift, as they would be with it: cheaper than drawing others."""
        ...

    def truth(self, units: int, lift: float = 0.0) -> Cells:
        """Return the moments of an arm that is as the population is."""
        ...


def exact(units: int, mean: float, variance: float) -> Cells:
    """Return one arm of a mean and a variance."""
    return Cells(np.array([units]), np.array([[mean]]), np.array([[[variance * (units - 1)]]]))


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal values; a lift shifts them."""

    mean: float = 10.0
    sd: float = 5.0

    @property
    def name(self) -> str:
        """What it is."""
        return f"normal {self.mean:g} ± {self.sd:g}"

    def draw(self, rng: np.random.Generator, shape: Shape, units: int, lift: float = 0.0) -> Cells:
        """Draw mean and spread from their laws."""
        means = rng.normal(self.mean * (1 + lift), self.sd / np.sqrt(units), shape)
        products = self.sd**2 * (rng.chisquare(units - 1, shape) if units > 1 else np.zeros(shape))
        return Cells(np.full(shape, units), means[..., None], products[..., None, None])

    def moved(self, rng: np.random.Generator, arms: Cells, lift: float) -> Cells:
        """Return arms as they would be with a lift."""
        del rng
        return Cells(arms.counts, arms.means + self.mean * lift, arms.products)

    def truth(self, units: int, lift: float = 0.0) -> Cells:
        """Return what is drawn on average."""
        return exact(units, self.mean * (1 + lift), self.sd**2)


@dataclass(frozen=True, slots=True)
class Bernoulli:
    """Zeros and ones; a lift raises the share of ones."""

    share: float = 0.001

    @property
    def name(self) -> str:
        """What it is."""
        return f"Bernoulli {self.share:g}"

    def draw(self, rng: np.random.Generator, shape: Shape, units: int, lift: float = 0.0) -> Cells:
        """Draw successes."""
        successes = rng.binomial(units, self.share * (1 + lift), shape)
        share = successes / units
        return Cells(np.full(shape, units), share[..., None], (successes * (1 - share))[..., None, None])

    def moved(self, rng: np.random.Generator, arms: Cells, lift: float) -> Cells:
        """Return arms as they would be with a lift."""
        before = np.rint(arms.means[..., 0] * arms.counts).astype(np.int64)
        if lift < 0:
            successes = rng.binomial(before, 1 + lift)
        else:
            successes = before + rng.binomial(arms.counts - before, self.share * lift / (1 - self.share))
        share = successes / arms.counts
        return Cells(arms.counts, share[..., None], (successes * (1 - share))[..., None, None])

    def truth(self, units: int, lift: float = 0.0) -> Cells:
        """Return what is drawn on average."""
        share = self.share * (1 + lift)
        return exact(units, share, share * (1 - share) * units / (units - 1))


@dataclass(frozen=True, slots=True)
class Revenue:
    """Nine in ten buy nothing, the others lognormally much; a lift multiplies what they spend."""

    buyers: float = 0.1
    sigma: float = 1.0

    @property
    def name(self) -> str:
        """What it is."""
        return f"lognormal, {1 - self.buyers:.0%} zeros".replace("%", " %")

    @property
    def mean(self) -> float:
        """Of all units."""
        return self.buyers * float(np.exp(self.sigma**2 / 2))

    @property
    def variance(self) -> float:
        """Of all units."""
        return self.buyers * float(np.exp(2 * self.sigma**2)) - self.mean**2

    @property
    def skewness(self) -> float:
        """Of all units."""
        second, third = (self.buyers * float(np.exp(k * k * self.sigma**2 / 2)) for k in (2, 3))
        return (third - 3 * self.mean * second + 2 * self.mean**3) / self.variance**1.5

    def draw(self, rng: np.random.Generator, shape: Shape, units: int, lift: float = 0.0) -> Cells:
        """Draw who buys, then how much."""
        buyers = rng.binomial(units, self.buyers, shape)
        flat = buyers.ravel()
        spent = np.exp(self.sigma * rng.standard_normal(int(flat.sum()) + 1)) * (1 + lift)
        starts = np.concatenate(([0], np.cumsum(flat)[:-1]))
        some = flat > 0
        sums = np.where(some, np.add.reduceat(spent, starts), 0.0).reshape(shape)
        squares = np.where(some, np.add.reduceat(spent * spent, starts), 0.0).reshape(shape)
        # the last cell took the one value drawn too many, which saves an empty array
        sums[(-1,) * len(shape)] -= spent[-1] if some[-1] else 0.0
        squares[(-1,) * len(shape)] -= spent[-1] ** 2 if some[-1] else 0.0
        means = sums / units
        return Cells(np.full(shape, units), means[..., None], (squares - units * means * means)[..., None, None])

    def moved(self, rng: np.random.Generator, arms: Cells, lift: float) -> Cells:
        """Return arms as they would be with a lift."""
        del rng
        return scaled(arms, 1 + lift)

    def truth(self, units: int, lift: float = 0.0) -> Cells:
        """Return what is drawn on average."""
        return exact(units, self.mean * (1 + lift), self.variance * (1 + lift) ** 2)


POOL = 65_536
"""Units of a tabled population."""


@dataclass(frozen=True)
class Table:
    """A finite population of rows, drawn from with replacement: whatever its law, its truth is exactly known.

    Attributes:
        rows: One row of k numbers a unit.
        name: What it is.
        lifted: Which columns a lift multiplies.
    """

    rows: Vector
    name: str
    lifted: tuple[int, ...] = (0,)

    @cached_property
    def whole(self) -> Moments:
        """Return the moments of the population."""
        return Moments.of(self.rows)

    @cached_property
    def _prepared(self) -> tuple[Vector, NDArray[np.int64], NDArray[np.int64]]:
        """Deviations of each row and their products, upper triangle, one line a column."""
        centred = self.rows - self.whole.means
        above = np.triu_indices(self.rows.shape[1])
        return np.concatenate([centred.T, centred.T[above[0]] * centred.T[above[1]]]), *above

    def draw(self, rng: np.random.Generator, shape: Shape, units: int, lift: float = 0.0) -> Cells:
        """Draw rows, and reduce them."""
        tabled, i, j = self._prepared
        chosen = rng.integers(0, len(self.rows), (*shape, units), dtype=np.uint32)
        sums = np.stack([line[chosen].sum(axis=-1) for line in tabled], axis=-1)
        k = self.rows.shape[1]
        about = np.zeros((*shape, k, k))
        about[..., i, j] = about[..., j, i] = sums[..., k:]
        gaps = sums[..., :k] / units
        products = about - units * (gaps[..., :, None] * gaps[..., None, :])
        return self._moved(Cells(np.full(shape, units), self.whole.means + gaps, products), lift)

    def moved(self, rng: np.random.Generator, arms: Cells, lift: float) -> Cells:
        """Return arms as they would be with a lift."""
        del rng
        return self._moved(arms, lift)

    def truth(self, units: int, lift: float = 0.0) -> Cells:
        """Return what is drawn on average."""
        products = self.whole.products * ((units - 1) / len(self.rows))
        return self._moved(Cells(np.array([units]), self.whole.means[None], products[None]), lift)

    def _moved(self, cells: Cells, lift: float) -> Cells:
        return scaled(cells, *(1 + lift if column in self.lifted else 1.0 for column in range(self.rows.shape[1])))


def clicks_by_visit() -> Table:
    """Return users whose clicks a visit grow with how much they visit: the ratio's parts go together."""
    rng = np.random.default_rng([2026, 1])
    keen = rng.gamma(4, 0.25, POOL)
    visits = rng.poisson(5 * keen)
    return Table(np.column_stack([rng.poisson(visits * 0.3 * keen), visits]).astype(float), "correlated ratio")


def clusters() -> Table:
    """Return schools: sum of the pupils' marks, and pupils; marks within a school go together (intraclass 0.2)."""
    rng = np.random.default_rng([2026, 2])
    size = 5 + rng.poisson(rng.gamma(4, 5, POOL))
    marks = size * rng.normal(10, np.sqrt(0.2) * 3, POOL) + rng.normal(0, np.sqrt(0.8 * size) * 3)
    return Table(np.column_stack([marks, size]), "clusters")


def with_past() -> Table:
    """Return users with a metric that their past predicts (correlation 0.85), both skewed."""
    rng = np.random.default_rng([2026, 3])
    past = rng.gamma(4, 0.5, POOL)
    return Table(np.column_stack([1 + past + rng.normal(0, 0.62, POOL), past]), "skewed, past ρ = 0.85")


def ratio_with_past() -> Table:
    """Return clicks and visits, now and before."""
    rng = np.random.default_rng([2026, 4])
    keen = rng.gamma(4, 0.25, POOL)
    visits, before = 1 + rng.poisson(5 * keen), 1 + rng.poisson(5 * keen)
    rows = [rng.poisson(visits * 0.3 * keen), visits, rng.poisson(before * 0.3 * keen), before]
    return Table(np.column_stack(rows).astype(float), "correlated ratio, with its past")
