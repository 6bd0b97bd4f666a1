"""Would this metric cry wolf? Real values, re-randomised a thousand times into arms that don't differ.

Nothing happened in an A/A test, so its p-values are uniform and 5 % of them are below 0.05: unless the
metric breaks the method's assumptions, by a heavy tail or by units that aren't independent. Values
are needed here, not moments, as the arms are drawn anew each time.

A unit's arm is a hash of the unit and a salt, never a draw: the same units and salts give the same answer
in any order, on any machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtr, chdtrc, kolmogorov

from twyman.kernel.errors import Invalid
from twyman.stats.count import Count, clopper_pearson
from twyman.stats.estimate import Cause, NotEstimable, checked_alpha
from twyman.stats.rates import central_p
from twyman.stats.tails import critical_values, two_sided_of

BATCH = 8_000_000
"""Assignments held in memory at a time."""

DOUBT = 0.01
"""Below this chance a rejection rate, or the p-values' shape, isn't taken for luck."""

Vector = NDArray[np.float64]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticAA:
    """What a metric did in experiments without a treatment.

    Attributes:
        p_values: Welch's, one a salt; those that couldn't be computed (nothing varied) are 1.
        rejections: How many are below alpha.
        rate: Their share.
        band: Interval of coverage 99 % for the true rate.
        rate_p: Chance of a share this far from alpha, in either direction.
        shape_p: Kolmogorov and Smirnov's, of the p-values being uniform.
        split_p: Chi-square's, of arms' sizes scattering around the half as fair coins would.
        covered: Share of intervals that hold an injected lift; of no effect, where none was injected.
        verdict: `trusted`; `inflated`: it rejects too often; `conservative`: too seldom; `uneven`: as
            often as it should, but p-values aren't uniform.

    See docs/explanation/calibration.md .
    """

    p_values: Vector
    rejections: int
    rate: float
    band: tuple[float, float]
    rate_p: float
    shape_p: float
    split_p: float
    covered: float
    verdict: str


def synthetic_aa(
    values: ArrayLike,
    *,
    units: Sequence[str] | None = None,
    denominators: ArrayLike | None = None,
    salts: int = 1000,
    lift: float = 0.0,
    alpha: float = 0.05,
) -> SyntheticAA | NotEstimable:
    """Re-randomise units into two equal arms, again and again, and look at the p-values.

    With ties or few units p-values are lumpy and not uniform, however sound the test: `uneven` then
    says no more than that.

    Args:
        values: One a unit.
        units: Their ids; where left out, their places.
        denominators: One a unit, where the metric is a ratio.
        salts: How many times; a thousand tell 5 % from 7 %.
        lift: Injected into the treatment's values, for `covered`; p-values are of the test without it.
        alpha: Error of the two-sided test.

    Returns:
        The answer; or why not, where there are fewer than four units, or none varies.

    Raises:
        Invalid: If columns don't match, a value isn't finite, or a number is out of range.

    Example:
        >>> answer = synthetic_aa(np.arange(1000) % 17, salts=400)
        >>> answer.verdict, answer.rejections
        ('trusted', 14)

    References:
        Kohavi, R., Tang, D. and Xu, Y. (2020). Trustworthy Online Controlled Experiments, chapter 19.

    See docs/explanation/calibration.md .
    """
    rows = _checked(values, denominators, salts, alpha)
    n = len(rows)
    if n < 4:
        return NotEstimable(Cause.TOO_FEW_UNITS, f"{n} units can't be split again and again: wait for some hundreds")
    if not np.ptp(rows[:, 0] * rows[:, -1].mean() - rows[:, -1] * rows[:, 0].mean()) > 0:
        return NotEstimable(Cause.NO_VARIATION, "all units are alike, so no split of them differs: look at the metric")
    keys = unit_hashes([str(i) for i in range(n)] if units is None else units, expected=n)
    sizes, statistics, dfs, held = _trials(rows, keys, salts, alpha=alpha, lift=lift)
    return _summary(two_sided_of(statistics, dfs)[0], sizes, n, float(held.mean()), alpha)


def unit_hashes(units: Sequence[str], *, expected: int) -> Hashes:
    """Return 64 well mixed bits a unit.

    Raises:
        Invalid: If ids don't match the values in number, or repeat.
    """
    if len(units) != expected or len(set(units)) != expected:
        raise Invalid(
            f"{len(units)} ids, {len(set(units))} of them different, for {expected} values: give one id a unit"
        )
    return np.array([_bits(unit) for unit in units], dtype=np.uint64)


def assignment(keys: Hashes, salts: Sequence[int]) -> NDArray[np.bool_]:
    """Return whether each unit is treated, one row a salt: fair, and independent from salt to salt.

    Example:
        >>> keys = unit_hashes(["ann", "bob", "cid"], expected=3)
        >>> bool((assignment(keys, [0, 1])[1] == assignment(keys, [1])[0]).all())
        True

    References:
        Steele, G. L., Lea, D. and Flood, C. H. (2014). Fast splittable pseudorandom number generators.
        OOPSLA 2014 (its 64-bit finaliser).
    """
    return draws(keys, salts) >> np.uint64(63) == 1


def draws(keys: Hashes, salts: Sequence[int]) -> Hashes:
    """Return 64 fair bits for each unit, one row a salt: independent from unit to unit, and from salt to salt."""
    of_salts = np.array([_bits(f"salt {salt}") for salt in salts], dtype=np.uint64)
    mixed = keys[None, :] ^ of_salts[:, None]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _bits(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _checked(values: ArrayLike, denominators: ArrayLike | None, salts: int, alpha: float) -> Vector:
    y = np.asarray(values, dtype=np.float64)
    x = np.ones_like(y) if denominators is None else np.asarray(denominators, dtype=np.float64)
    checked_alpha(alpha)
    if y.ndim != 1 or x.shape != y.shape or salts < 1:
        raise Invalid(
            f"values of shape {y.shape}, denominators of shape {x.shape} and {salts} salts don't match: "
            "give one number a unit, and a salt or more"
        )
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise Invalid("a value isn't finite: leave out units whose metric is missing")
    return np.column_stack((y, x))


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """One arm over all salts: units, its ratio's distance to the one over all units, and that one's variance."""

    count: Vector
    gap: Vector
    variance: Vector

    @classmethod
    def of(cls, count: Vector, sums: Vector, centre: float) -> "_Arm":
        """Linearise a ratio from sums of z, u, z², zu, u²: z of mean zero over all units, u likewise."""
        n = np.maximum(count, 2.0)
        z, u, zz, zu, uu = (sums / n[:, None]).T
        below = centre + u
        usable = (count >= 2) & (below != 0)
        below = np.where(usable, below, 1.0)
        gap = z / below
        spread = (zz - z * z) - 2 * gap * (zu - z * u) + gap * gap * (uu - u * u)
        variance = np.maximum(spread, 0.0) / (n - 1) / below**2
        return cls(count, np.where(usable, gap, 0.0), np.where(usable, variance, np.nan))


def _trials(
    rows: Vector, keys: Hashes, salts: int, *, alpha: float, lift: float
) -> tuple[Vector, Vector, Vector, NDArray[np.bool_]]:
    """Return arms' sizes, test statistics and their degrees of freedom, and whether intervals held the lift."""
    y, x = rows.T
    if not x.sum():
        raise Invalid("denominators sum to zero, and nothing can be a ratio to them: check how they are recorded")
    z, u = y - y.sum() / x.sum() * x, x - x.mean()
    z -= z.mean()
    features = np.column_stack((z, u, z * z, z * u, u * u))
    step = max(1, BATCH // len(rows))
    sums, counts = list[Vector](), list[Vector]()
    for start in range(0, salts, step):
        treated = assignment(keys, range(start, min(start + step, salts))).astype(np.float64)
        counts.append(treated.sum(axis=1))
        sums.append(treated @ features)
    count, total = np.concatenate(counts), np.concatenate(sums)
    treatment = _Arm.of(count, total, float(x.mean()))
    control = _Arm.of(len(rows) - count, features.sum(axis=0) - total, float(x.mean()))
    statistic, df = _welch(treatment, control, 0.0)
    lifted, lifted_df = _welch(treatment, control, lift)
    held = np.abs(lifted) <= critical_values(np.full(salts, alpha / 2), lifted_df)
    return count, statistic, df, held


def _welch(treatment: _Arm, control: _Arm, lift: float) -> tuple[Vector, Vector]:
    """Return t of the distance to the true lift, and its degrees of freedom; 0 where nothing varies."""
    v_t, v_c = (1 + lift) ** 2 * treatment.variance, control.variance
    both = v_t + v_c
    usable = both > 0
    both = np.where(usable, both, 1.0)
    gap = (1 + lift) * treatment.gap - control.gap
    share = np.where(usable, v_t, 0.0) / both
    spread = share**2 / np.maximum(treatment.count - 1, 1) + (1 - share) ** 2 / np.maximum(control.count - 1, 1)
    return np.where(usable, gap / np.sqrt(both), 0.0), 1 / spread


def _summary(p: Vector, sizes: Vector, units: int, covered: float, alpha: float) -> SyntheticAA:
    rejections = int(np.sum(p < alpha))
    found = Count(rejections, p.size)
    rate_p, shape_p = central_p(found, alpha), _uniform_p(p)
    scatter = float(np.sum((2 * sizes - units) ** 2) / units)
    split_p = min(1.0, 2 * min(float(chdtr(p.size, scatter)), float(chdtrc(p.size, scatter))))
    return SyntheticAA(
        p_values=p,
        rejections=rejections,
        rate=found.share,
        band=clopper_pearson(found, alpha=DOUBT),
        rate_p=rate_p,
        shape_p=shape_p,
        split_p=split_p,
        covered=covered,
        verdict=_verdict(found.share > alpha, rate_p, shape_p),
    )


def _verdict(often: bool, rate_p: float, shape_p: float) -> str:  # noqa: FBT001 the side of alpha, not a switch
    if rate_p < DOUBT:
        return "inflated" if often else "conservative"
    return "uneven" if shape_p < DOUBT else "trusted"


def _uniform_p(p: Vector) -> float:
    """Return Kolmogorov and Smirnov's p-value of uniformity, with Stephens' correction for their number."""
    ordered, n = np.sort(p), p.size
    ranks = np.arange(n + 1) / n
    distance = max(float(np.max(ranks[1:] - ordered)), float(np.max(ordered - ranks[:-1])))
    return float(kolmogorov(distance * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))))
