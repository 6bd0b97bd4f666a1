"""Post-stratification: compare like with like, and weight the comparisons by how common each kind is.

Chance gives one arm more of the heavy users; comparing arms within strata takes that difference
out. Strata must have been fixed before exposure, as covariates must.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from twyman.kernel.errors import Invalid, nearest
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import VARIANCES, chosen, means
from twyman.stats.estimate import Cause, Contrast, NotEstimable
from twyman.stats.moments import ROUNDING, Moments
from twyman.stats.pair import NO_VARIATION, Pair
from twyman.stats.ratio import ratios

Cells = Mapping[str, Moments]
Vector = NDArray[np.float64]

SIZES = ("random", "fixed")

PLAIN = "difference"


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """One stratum as it was compared.

    Attributes:
        names: The strata given that are in it: several where small ones were merged.
        share: Its weight.
        pair: Its two means and their covariance.
    """

    names: tuple[str, ...]
    share: float
    pair: Pair


@dataclass(frozen=True, slots=True, eq=False)
class Stratified:
    """Two stratified means, and how they came about.

    Attributes:
        pair: The stratified means and their joint covariance.
        strata: The strata compared, the largest first.
        merged: Strata too small to be compared by themselves, and the one each was merged into.
        variance_reduction: 1 - stratified variance / raw variance of the difference. Negative where
            strata say less than they cost.
    """

    pair: Pair
    strata: tuple[Stratum, ...]
    merged: tuple[tuple[str, str], ...]
    variance_reduction: float


def post_stratified(
    treatment: Cells,
    control: Cells,
    *,
    own: int = 1,
    theta: str = "per_arm",
    sizes: str = "random",
    test: str = "welch",
) -> Stratified | NotEstimable:
    """Compare two means or ratios within strata, and weight strata by their share of all units.

    A stratum with under two units in an arm is merged into the largest one that has them (all into
    one, where none has). With one stratum this is the unstratified comparison, to the last digit.
    Without covariates it equals the regression on treatment, strata and their products. What breaks
    it: strata that the treatment can have moved; hundreds of strata of a few units each.

    Args:
        treatment: Moments by stratum: the metric's own columns, then any covariates, which are
            adjusted for within strata.
        control: The same of control; a stratum may be missing in either.
        own: How many columns are the metric's own: 1, or 2 for a ratio, whose numerator and
            denominator are stratified each by itself.
        theta: Slopes of covariates, as in `covariates.adjusted`.
        sizes: `random`: strata's shares are estimates, as where units arrived as they came;
            `fixed`: shares are given, as in an experiment blocked by stratum.
        test: `welch`, or `wald` for normal quantiles.

    Returns:
        The stratified pair; or why not, where not even the unstratified comparison can be made.

    Raises:
        Invalid: If there is no such option, or columns don't match.

    Example:
        >>> control = {"new": Moments.of([1, 2, 3]), "old": Moments.of([11, 12, 13, 12])}
        >>> treatment = {"new": Moments.of([2, 3, 4, 3]), "old": Moments.of([12, 13, 14])}
        >>> answer = post_stratified(treatment, control)
        >>> effect = answer.pair.contrast()
        >>> f"{effect.estimate:.2f} +- {effect.se:.2f}"
        '1.00 +- 0.50'

    References:
        Miratrix, L. W., Sekhon, J. S. and Yu, B. (2013). Adjusting treatment effect estimates by
        post-stratification in randomized experiments. JRSS B 75.
        Xie, H. and Aurisset, J. (2016). Improving the sensitivity of online controlled experiments:
        case studies at Netflix. KDD 2016.

    See docs/explanation/adjustment.md.
    """
    width = _check(treatment, control, own=own, sizes=sizes, test=test)
    whole = (_sum(treatment, width), _sum(control, width))
    raw = (ratios if own == 2 else means)(*(arm.columns(*range(own)) for arm in whole), test=test)
    if isinstance(raw, NotEstimable):
        return raw
    groups, merged = _grouped(treatment, control, width)
    cells = [(group.treatment, group.control) for group in groups]
    shares = np.array([(t.count + c.count) / (whole[0].count + whole[1].count) for t, c in cells])
    if own == 2:
        linear = _linear_cells(cells, shares)
        if isinstance(linear, NotEstimable):
            return linear
        cells = linear
    pairs = [_compared(t, c, theta=theta, test=test) for t, c in cells]
    strata = tuple(Stratum(g.names, float(s), p) for g, s, p in zip(groups, shares, pairs, strict=True))
    if len(strata) == 1:
        single = _only(whole, raw, own=own, theta=theta, test=test)
        return single if isinstance(single, NotEstimable) else Stratified(single, strata, merged, _gain(single, raw))
    units = (whole[0].count, whole[1].count)
    pair = replace(combined(strata, units=units, sizes=sizes), method=_method(raw, pairs))
    if pair.contrast().se ** 2 <= ROUNDING * raw.contrast().se ** 2 * ROUNDING:
        return NO_VARIATION
    return Stratified(pair, strata, merged, _gain(pair, raw))


def combined(strata: tuple[Stratum, ...], *, units: tuple[int, int], sizes: str = "random") -> Pair:
    """Combine the pairs of strata, however each came about, into one of weighted means.

    Args:
        strata: With shares that sum to one.
        units: Treated and control units in all.
        sizes: `random` adds what strata's shares, being estimates, bring in: the covariance over
            strata of the two means, over the number of units. `fixed` doesn't.

    References:
        Miratrix, L. W., Sekhon, J. S. and Yu, B. (2013), as above.

    See docs/explanation/adjustment.md.
    """
    share = np.array([stratum.share for stratum in strata])
    pairs = [stratum.pair for stratum in strata]
    both = np.array([[pair.treatment, pair.control] for pair in pairs])
    within = (
        np.array([[pair.treatment_variance, pair.control_variance, pair.covariance] for pair in pairs])
        * (share * share)[:, np.newaxis]
    )
    mean = share @ both
    deviations = both - mean
    between = (deviations.T * share) @ deviations / sum(units) if sizes == "random" else np.zeros((2, 2))
    variances = within.sum(axis=0) + np.array([between[0, 0], between[1, 1], between[0, 1]])
    parts = [float(one[0] + one[1] - 2 * one[2]) for one in within]
    spread = float(between[0, 0] + between[1, 1] - 2 * between[0, 1])
    return Pair(
        treatment=float(mean[0]),
        control=float(mean[1]),
        treatment_variance=float(variances[0]),
        control_variance=float(variances[1]),
        covariance=float(variances[2]),
        df=_df([*zip(parts, (pair.df for pair in pairs), strict=True), (spread, sum(units) - 1.0)]),
        treatment_units=units[0],
        control_units=units[1],
        method=f"post-stratified {pairs[0].method}",
    )


def stratified_mean(cells: Cells, shares: Mapping[str, float], *, residuals: str = "cells") -> Contrast | NotEstimable:
    """Return the mean of one sample reweighted to strata's shares of a population that is known.

    Args:
        cells: Moments by stratum; the first column counts.
        shares: How many units of each stratum the population has, in any unit.
        residuals: `cells`: each stratum's variance by its own n - 1; `sample`: squared deviations
            are put together with one factor n / (n - 1), as R's `survey::postStratify` does.

    Returns:
        The mean with its standard error; or why not, where a stratum of the population has too few
        units.

    Raises:
        Invalid: If there is no such option, or strata aren't in the population.

    Example:
        >>> cells = {"young": Moments.of([1, 2, 3]), "old": Moments.of([5, 6, 7])}
        >>> mean = stratified_mean(cells, {"young": 3, "old": 1})
        >>> f"{mean.estimate:.2f} +- {mean.se:.3f}"
        '3.00 +- 0.456'

    References:
        Holt, D. and Smith, T. M. F. (1979). Post stratification. JRSS A 142.

    See docs/explanation/adjustment.md.
    """
    if residuals not in ("cells", "sample"):
        raise Invalid(f"there are no residuals '{residuals}': {nearest(residuals, ('cells', 'sample'))}")
    total = sum(shares.values())
    strange = sorted(set(cells) - set(shares))
    if strange or not total > 0 or min(shares.values()) < 0:
        raise Invalid(f"strata {strange} have no share, or shares are negative: give the population's share of each")
    needed = 2 if residuals == "cells" else 1
    counts = {name: cells[name].count if name in cells else 0 for name, share in shares.items() if share > 0}
    units = sum(counts.values())
    poor = sorted(name for name, count in counts.items() if count < needed)
    if poor or units < 2:
        return NotEstimable(
            Cause.TOO_FEW_UNITS, f"strata {poor} have under {needed} units, and can't be weighted up: merge strata"
        )
    mean, parts = 0.0, list[tuple[float, float | None]]()
    for name, count in counts.items():
        share, cell = shares[name] / total, cells[name]
        mean += share * float(cell.means[0])
        factor = 1 / (count - 1) if residuals == "cells" else units / (units - 1) / count
        parts.append((share * share * max(float(cell.products[0, 0]), 0.0) * factor / count, count - 1.0))
    return Contrast(mean, sqrt(sum(variance for variance, _ in parts)), _df(parts))


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    names: tuple[str, ...]
    treatment: Moments
    control: Moments


def _grouped(treatment: Cells, control: Cells, width: int) -> tuple[list[_Group], tuple[tuple[str, str], ...]]:
    """Merge strata with under two units in an arm into the largest that has them; the largest comes first."""
    none = Moments.empty(width)
    names = sorted(set(treatment) | set(control))
    groups = [_Group((name,), treatment.get(name, none), control.get(name, none)) for name in names]
    groups.sort(key=lambda group: -(group.treatment.count + group.control.count))
    groups = [group for group in groups if group.treatment.count + group.control.count]
    large = [group for group in groups if min(group.treatment.count, group.control.count) >= 2]
    small = [group for group in groups if min(group.treatment.count, group.control.count) < 2]
    if not large:
        large, small = groups[:1], groups[1:]
    into = large[0]
    merged = tuple((group.names[0], into.names[0]) for group in small)
    for group in small:
        into = _Group(into.names + group.names, into.treatment + group.treatment, into.control + group.control)
    return [into, *large[1:]], merged


def _linear_cells(cells: list[tuple[Moments, Moments]], shares: Vector) -> list[tuple[Moments, Moments]] | NotEstimable:
    """Replace numerator and denominator by contributions to the ratio of their stratified means, arm by arm."""
    linear = list[list[Moments]]()
    for side in (0, 1):
        arm = [cell[side] for cell in cells]
        numerator, denominator = shares @ np.array([one.means[:2] for one in arm])
        if denominator == 0:
            return NotEstimable(
                Cause.NO_DENOMINATOR, "the denominator's stratified mean is zero in one arm: wait for data"
            )
        ratio = numerator / denominator
        weights = np.zeros((arm[0].means.size - 1, arm[0].means.size))
        weights[0, :2] = 1 / denominator, -ratio / denominator
        weights[1:, 2:] = np.eye(arm[0].means.size - 2)
        level = np.zeros(arm[0].means.size - 1)
        level[0] = ratio
        linear.append([Moments(a.count, level + weights @ a.means, weights @ a.products @ weights.T) for a in arm])
    return list(zip(*linear, strict=True))


def _compared(treatment: Moments, control: Moments, *, theta: str, test: str) -> Pair:
    """Compare one stratum; where nothing varies in it, its means are known exactly."""
    if treatment.means.size > 1:
        made = adjusted(treatment, control, theta=theta, test=test)
        if isinstance(made, Adjusted):
            return made.pair
    v_t, v_c = (max(arm.variance(), 0.0) / arm.count for arm in (treatment, control))
    df = None
    if v_t + v_c > 0:
        v_t, v_c, df = chosen(test, VARIANCES)(treatment, control)
    return Pair(
        treatment=float(treatment.means[0]),
        control=float(control.means[0]),
        treatment_variance=v_t,
        control_variance=v_c,
        df=df if test == "welch" else None,
        treatment_units=treatment.count,
        control_units=control.count,
        method=PLAIN,
    )


def _method(raw: Pair, pairs: list[Pair]) -> str:
    inside = {pair.method for pair in pairs} - {PLAIN}
    return ", ".join([f"post-stratified {raw.method}", *sorted(inside)])


def _only(whole: tuple[Moments, Moments], raw: Pair, *, own: int, theta: str, test: str) -> Pair | NotEstimable:
    if whole[0].means.size == own:
        return raw
    made = adjusted(*whole, own=own, theta=theta, test=test)
    return made.pair if isinstance(made, Adjusted) else made


def _df(parts: list[tuple[float, float | None]]) -> float | None:
    """Return Satterthwaite's degrees of freedom of a sum of variances; `None` where one of them has none."""
    telling = [(variance, df) for variance, df in parts if variance > 0]
    if not telling or any(df is None for _, df in telling):
        return None
    total = sum(variance for variance, _ in telling)
    return 1 / sum((variance / total) ** 2 / (df or 1.0) for variance, df in telling)


def _gain(pair: Pair, raw: Pair) -> float:
    return 1 - (pair.contrast().se / raw.contrast().se) ** 2


def _sum(cells: Cells, width: int) -> Moments:
    total = Moments.empty(width)
    for cell in cells.values():
        total += cell
    return total


def _check(treatment: Cells, control: Cells, *, own: int, sizes: str, test: str) -> int:
    widths = {cell.means.size for cell in (*treatment.values(), *control.values())}
    if len(widths) != 1 or own not in (1, 2) or min(widths) < own:
        raise Invalid(f"strata of {sorted(widths)} columns, {own} the metric's own, don't match: reduce all alike")
    for asked, known in ((sizes, SIZES), (test, ("welch", "wald"))):
        if asked not in known:
            raise Invalid(f"there is no '{asked}' for strata: {nearest(asked, known)}")
    return widths.pop()
