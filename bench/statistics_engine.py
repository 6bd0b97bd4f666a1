"""Our statistics against spotify-confidence, tea-tasting, statsmodels, and against numpy doing the same arithmetic.

All in one process, in turn, so that ratios mean something on any machine. Runs in an environment of its own
(`make bench` makes it): what it is compared with is no dependency of ours.

    make bench-statistics
"""

import itertools
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit
from spotify_confidence import StudentsTTest
from spotify_confidence.analysis.frequentist.sequential_bound_solver import bounds as spotify_bounds
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep
from tea_tasting.aggr import Aggregates
from tea_tasting.metrics import Mean

from twyman.stats.cells import Cells
from twyman.stats.comparison import Effects, compare, compare_all
from twyman.stats.moments import Moments
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import PowerSpending
from twyman.stats.settings import Settings

Numbers = tuple[Any, ...]

METRICS, ARMS, SEGMENTS = 1000, 4, 50
ALPHA = 0.05
LOOKS = Path(__file__).resolve().parents[2] / "shared" / "oracles" / "stats" / "gs_many_looks.json"


def seconds(work: Callable[[], object], *, runs: int = 5) -> float:
    """Return the median time of a piece of work."""
    taken = list[float]()
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def line(what: str, ours: float, theirs: float, note: str) -> None:
    """Print one comparison: a ratio above 1 says how many times faster ours is."""
    print(f"  {what:<46}{ours * 1e3:>12,.3f} ms{theirs * 1e3:>14,.3f} ms{theirs / ours:>10,.2f}   {note}")


def grid(columns: int) -> Cells:
    """Return moments of metrics x arms x segments, drawn once and for all."""
    rng = np.random.default_rng(20_261_122)
    shape = (METRICS, ARMS, SEGMENTS)
    counts = rng.integers(500, 5000, shape)
    mixing = rng.normal(0, 1, (*shape, columns, columns)) + 2 * np.eye(columns)
    products = mixing @ np.swapaxes(mixing, -1, -2) * counts[..., np.newaxis, np.newaxis]
    return Cells(counts, 20 + rng.normal(0, 0.1, (*shape, columns)), products)


def floor(cells: Cells) -> Numbers:
    """Do Welch's test and Fieller's interval of all treatments with nothing but the arithmetic."""
    n, p = cells.counts, cells.products[..., 0, 0]
    v, m = p / (n - 1) / n, cells.means[..., 0]
    return _intervals((m[:, 1:], m[:, :1]), (v[:, 1:], v[:, :1]), 0.0, (n[:, 1:] - 1, n[:, :1] - 1), v)


def floor_with_a_covariate(cells: Cells) -> Numbers:
    """Do the same, adjusted for one covariate by slopes of each arm's own."""
    n, m, p = cells.counts, cells.means, cells.products
    n_t, n_c = n[:, 1:], n[:, :1]
    total = n_t + n_c
    gap = m[:, 1:, :, 1] - m[:, :1, :, 1]
    centre = m[:, :1, :, 1] + gap * n_t / total
    spread = (p[:, 1:, :, 1, 1] + p[:, :1, :, 1, 1] + gap * gap * n_t * n_c / total) / (total - 1) / total
    theta = p[..., 0, 1] / p[..., 1, 1]
    own = (p[..., 0, 0] - theta * p[..., 0, 1]) / (n - 2) / n
    slopes = theta[:, 1:], theta[:, :1]
    means = [m[:, part, :, 0] - slope * (m[:, part, :, 1] - centre) for part, slope in zip(PARTS, slopes, strict=True)]
    variances = [own[:, part] + slope * slope * spread for part, slope in zip(PARTS, slopes, strict=True)]
    return _intervals(tuple(means), tuple(variances), slopes[0] * slopes[1] * spread, (n_t - 2, n_c - 2), own)


PARTS = slice(1, None), slice(0, 1)


def _intervals(means: Numbers, variances: Numbers, shared: Any, degrees: Numbers, own: Any) -> Numbers:  # noqa: ANN401
    (m_t, m_c), (v_t, v_c) = means, variances
    gap, se = m_t - m_c, np.sqrt(v_t + v_c - 2 * shared)
    o_t, o_c = own[:, 1:], own[:, :1]
    df = (o_t + o_c) ** 2 / (o_t**2 / degrees[0] + o_c**2 / degrees[1])
    q = -stdtrit(df, ALPHA / 2)
    p_value = 2 * stdtr(df, -np.abs(gap / se))
    ratio, a, b, c = m_t / m_c, v_t / m_c**2, v_c / m_c**2, shared / m_c**2
    g, k = q * q * b, q * q * c
    reach = q * np.sqrt(a - 2 * ratio * c + ratio**2 * b + q * q * (c * c - a * b))
    ends = (ratio - k - reach) / (1 - g) - 1, (ratio - k + reach) / (1 - g) - 1
    return gap, gap - q * se, gap + q * se, p_value, *ends


def agree(ours: Effects, bare: Numbers) -> None:
    """Stop where the two don't compute the same."""
    a, r = ours.absolute, ours.relative
    for mine, other in zip((a.estimate, a.lower, a.upper, a.p_value, r.lower, r.upper), bare, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-9)


def many_comparisons() -> None:
    """Compare everything with everything's control, from moments."""
    plain, past = grid(1), grid(2)
    agree(compare_all(plain[:, 1:], plain[:, :1]), floor(plain))
    agree(compare_all(past[:, 1:], past[:, :1]), floor_with_a_covariate(past))
    print(f"{METRICS:,} metrics x {ARMS} arms x {SEGMENTS} segments from moments: aim under 1,000 ms")
    bare = seconds(lambda: floor(plain))
    line("Welch, Fieller", seconds(lambda: compare_all(plain[:, 1:], plain[:, :1])), bare, "numpy's floor")
    bare = seconds(lambda: (floor(past), floor_with_a_covariate(past)))
    line(
        "CUPED, and the same unadjusted", seconds(lambda: compare_all(past[:, 1:], past[:, :1])), bare, "numpy's floor"
    )


def one_comparison() -> None:
    """Compare two arms, as each package does it from what it is given."""
    rng = np.random.default_rng(1)
    rows = [rng.normal((10, 9), 2, (1000, 2)) for _ in range(2)]
    moments = [Moments.of(arm) for arm in rows]
    plain = [arm.columns(0) for arm in moments]
    tea = [_aggregates(arm) for arm in moments]
    mean, cuped = Mean("y"), Mean("y", "x")
    print("one comparison of two arms from moments")
    line(
        "mean: difference and lift",
        each(lambda: compare(*plain)),
        each(lambda: mean.analyze_aggregates(*tea)),
        "tea-tasting",
    )
    line(
        "mean with a covariate",
        each(lambda: compare(*moments)),
        each(lambda: cuped.analyze_aggregates(*tea)),
        "tea-tasting",
    )
    pair = Moments.binary(250, 1000), Moments.binary(200, 1000)
    how = Settings(kind="proportion", test="score")
    line("proportion", each(lambda: compare(*pair, how)), each(_statsmodels), "statsmodels, difference only")


def each(work: Callable[[], object]) -> float:
    """Return the time of one of many."""
    return seconds(lambda: [work() for _ in range(50)]) / 50


def _statsmodels() -> object:
    test = test_proportions_2indep(250, 1000, 200, 1000, method="score", return_results=True)
    return test, confint_proportions_2indep(250, 1000, 200, 1000, method="newcomb")


def _aggregates(arm: Moments) -> Aggregates:
    spread = arm.covariance()
    return Aggregates(
        count_=arm.count,
        mean_={"y": float(arm.means[0]), "x": float(arm.means[1])},
        var_={"y": float(spread[0, 0]), "x": float(spread[1, 1])},
        cov_={("x", "y"): float(spread[0, 1])},
    )


def segments() -> None:
    """Compare one metric of all arms in all segments, as spotify-confidence takes it: a table of sums."""
    cells = grid(1)[0]
    table = pd.DataFrame(
        {
            "arm": np.repeat(np.arange(ARMS), SEGMENTS),
            "segment": np.tile(np.arange(SEGMENTS), ARMS),
            "n": cells.counts.reshape(-1),
            "sum": (cells.counts * cells.means[..., 0]).reshape(-1),
            "squares": (cells.products[..., 0, 0] + cells.counts * cells.means[..., 0] ** 2).reshape(-1),
        }
    )

    def spotify() -> object:
        test = StudentsTTest(
            table,
            numerator_column="sum",
            numerator_sum_squares_column="squares",
            denominator_column="n",
            categorical_group_columns=["arm", "segment"],
            interval_size=1 - ALPHA,
        )
        return test.multiple_difference(level=0, level_as_reference=True, groupby="segment")

    print(f"one metric, {ARMS} arms x {SEGMENTS} segments")
    line("mean", seconds(lambda: compare_all(cells[1:], cells[:1])), seconds(spotify), "spotify-confidence")


def many_looks() -> None:
    """Solve bounds for 181 looks, and see who is right."""
    times = _looks()
    alpha, exact = 0.003333333, PowerSpending(2)
    fresh = itertools.count()

    def ours(sides: int) -> Sequence[float]:
        unseen = alpha * (1 + 1e-12 * next(fresh))  # so that nothing kept from the run before is used
        return bounds(times, times, alpha=unseen, spending=exact, sides=sides).z

    def spotify() -> Sequence[float]:  # as its own tests of significance call it
        return list(spotify_bounds(np.array(times), alpha=alpha, rho=2.0, ztrun=8.0, sides=2, max_nints=1000).bounds)

    print("bounds of 181 looks: aim under 300 ms")
    theirs = seconds(spotify, runs=1)
    line("two sides", seconds(lambda: ours(2)), theirs, "spotify-confidence, two sides")
    line("one side", seconds(lambda: ours(1)), theirs, "spotify-confidence, two sides")
    gaps = np.abs(np.array(ours(2)) - np.array(spotify()))
    print(
        f"  they differ by up to {gaps.max():.3f} (look {int(gaps.argmax()) + 1}), at the last look by {gaps[-1]:.4f}"
    )


def _looks() -> list[float]:
    """Return spotify-confidence's own 181 looks where they are at hand, else as many, evenly spaced."""
    if not LOOKS.exists():
        return [(k + 1) / 181 for k in range(181)]
    cases = json.loads(LOOKS.read_text())["cases"]
    return next(c["inputs"]["information_fractions"] for c in cases if len(c["expected"]["z_upper"]) == 181)


def main() -> int:
    """Print all ratios."""
    warnings.simplefilter("ignore")
    print(f"{'':<48}{'ours':>12}   {'theirs':>14}{'theirs/ours':>12}")
    for part in (many_comparisons, one_comparison, segments, many_looks):
        part()
    return 0


if __name__ == "__main__":
    sys.exit(main())
