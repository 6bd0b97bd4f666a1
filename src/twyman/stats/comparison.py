"""One result for every comparison: difference and lift, adjusted and not, with how it was made.

`compare` answers for two arms, `compare_all` for arrays of them. What decides (one look, many looks,
any number of looks) is a `Certainty`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from twyman.kernel.errors import Invalid
from twyman.stats.adjusted_pairs import adjusted_pairs
from twyman.stats.cells import Cells
from twyman.stats.certainty import Certainty, OneLook
from twyman.stats.covariates import Adjusted, adjusted
from twyman.stats.difference import means
from twyman.stats.estimate import Estimate, NotEstimable
from twyman.stats.estimates import Estimates, absolutes, criticals, relatives
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.pairs import Pairs, raw_pairs
from twyman.stats.proportion import proportions
from twyman.stats.ratio import ratios
from twyman.stats.settings import Settings

ENGINE = "1"
"""Version of the numbers: the same moments under the same settings and engine give the same result."""

UNSPENT = 0.5
"""Stands in for the error of an interval that is thrown away."""

PAIRS = {"mean": means, "proportion": proportions, "ratio": ratios}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the treatment did, in the metric's own unit and as a share, and how sure we are.

    Attributes:
        absolute: Treatment minus control.
        relative: The same as a share of control; or why there is none.
        unadjusted: The same without covariates, where covariates were used.
        adjustment: Slopes, correlations, what was dropped, variance reduction; where covariates were used.
        pair: The two means behind it all.
        settings: The conventions.
        certainty: What decides: "one look", or the name of a way to look several times.
        engine: Version of the numbers.

    See docs/explanation/statistics.md
    """

    absolute: Estimate
    relative: Estimate | NotEstimable
    unadjusted: "Effect | None" = None
    adjustment: Adjusted | None = None
    pair: Pair
    settings: Settings
    certainty: str
    engine: str = ENGINE


def effect(pair: Pair, settings: Settings | None = None, *, by: Certainty | None = None) -> Effect:
    """Read difference and lift off two means, however these came about.

    Args:
        pair: The means, of any method of this room.
        settings: Lift and alpha are read off these; the rest is recorded. The defaults where left out.
        by: What decides; one look with the settings' alpha where left out. Its own alpha is then the
            level of the intervals.

    Example:
        >>> pair = means(Moments.of([3, 4, 5, 6]), Moments.of([1, 2, 3, 4]))
        >>> found = effect(pair)
        >>> f"{found.absolute.p_value:.3f} {found.relative.p_value:.3f}"
        '0.071 0.071'

    See docs/explanation/statistics.md
    """
    how = settings or Settings()
    sure = by or OneLook(how.alpha)
    nominal = sure.nominal(pair)
    single = nominal or UNSPENT
    difference, lift = absolute(pair, alpha=single), relative(pair, alpha=single, method=how.lift)
    if by:
        difference = _decided(difference, sure, pair, open_ended=not nominal)
        lift = lift if isinstance(lift, NotEstimable) else _decided(lift, sure, pair, open_ended=not nominal)
        how = replace(how, alpha=sure.alpha)
    return Effect(absolute=difference, relative=lift, pair=pair, settings=how, certainty=sure.name)


def _decided(estimate: Estimate, by: Certainty, pair: Pair, *, open_ended: bool) -> Estimate:
    """Return an estimate with the p-value and level of what decides; without ends where it decides nothing yet."""
    p_value, log10_p = by.p_value(estimate.statistic, pair)
    return replace(
        estimate,
        lower=None if open_ended else estimate.lower,
        upper=None if open_ended else estimate.upper,
        level=1 - by.alpha,
        p_value=p_value,
        log10_p=log10_p,
        method=f"{estimate.method}, {by.name}",
    )


def compare(
    treatment: Moments,
    control: Moments,
    settings: Settings | None = None,
    *,
    by: Certainty | None = None,
    everyone: Moments | None = None,
) -> Effect | NotEstimable:
    """Compare two arms.

    Args:
        treatment: Moments of the metric's own columns, then of covariates measured before exposure.
        control: The same of control.
        settings: The conventions; the defaults where left out.
        by: What decides, as in `effect`.
        everyone: Moments over all arms, for the covariates' means; the two together where left out.

    Returns:
        The effect; or why there is none.

    Raises:
        Invalid: If a convention doesn't fit the columns.

    Example:
        >>> found = compare(Moments.binary(250, 1000), Moments.binary(200, 1000), Settings(kind="proportion"))
        >>> f"{found.absolute.estimate:+.3f} {found.relative.estimate:+.0%} {found.absolute.method}"
        '+0.050 +25% proportion'

    See docs/explanation/statistics.md.
    """
    how = settings or Settings()
    own = range(how.own)
    raw = PAIRS[how.kind](treatment.columns(*own), control.columns(*own), test=how.test)
    if isinstance(raw, NotEstimable):
        return raw
    plain = effect(raw, how, by=by)
    if treatment.means.size == how.own:
        return plain
    change = adjusted(treatment, control, own=how.own, theta=how.theta, test=how.test, everyone=everyone)
    if isinstance(change, NotEstimable):
        return change
    pair = change.pair if change.used else raw
    return replace(effect(pair, how, by=by), unadjusted=plain, adjustment=change)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Effects:
    """Arrays of effects, of one shape.

    Attributes:
        absolute, relative: Differences and lifts.
        unadjusted: The same without covariates, where covariates were used.
        settings: The conventions.
        engine: Version of the numbers.

    See docs/explanation/statistics.md
    """

    absolute: Estimates
    relative: Estimates
    unadjusted: "Effects | None" = None
    settings: Settings
    engine: str = ENGINE


def compare_all(
    treatment: Cells,
    control: Cells,
    settings: Settings | None = None,
    *,
    alpha: ArrayLike | None = None,
    everyone: Cells | None = None,
) -> Effects:
    """Compare arrays of arms: metrics by arms by segments by looks, in any arrangement.

    Each element is what `compare` gives of its moments; where that is a reason, numbers are NaN and
    `causes` holds its code.

    Args:
        treatment: Moments of the metric's own columns, then of covariates.
        control: The same of control; shapes are broadcast, so that one control serves several arms.
        settings: The conventions; the defaults where left out.
        alpha: Two-sided error of the intervals, broadcast: one number a look from sequential bounds,
            say. The settings' where left out.
        everyone: Moments over all arms, for the covariates' means; the two together where left out.

    Raises:
        Invalid: If columns don't match or a convention doesn't fit them.

    Example:
        >>> arms = Cells.stacked([Moments.of([1, 2, 3]), Moments.of([2, 3, 5])])
        >>> compare_all(arms, Cells.stacked([Moments.of([0, 1, 2])])).absolute.estimate.round(2).tolist()
        [1.0, 2.33]

    See docs/explanation/statistics.md.
    """
    how = settings or Settings()
    if treatment.k != control.k or treatment.k < how.own:
        raise Invalid(
            f"arms of {treatment.k} and {control.k} columns, {how.own} of them the metric's own, don't match: "
            "reduce all alike"
        )
    shape = np.broadcast_shapes(treatment.shape, control.shape)
    treatment, control = treatment.broadcast(shape), control.broadcast(shape)
    errors = how.alpha if alpha is None else alpha
    own = range(how.own)
    raw = raw_pairs(treatment.columns(*own), control.columns(*own), kind=how.kind, test=how.test)
    plain = _effects(raw, errors, how)
    if treatment.k == how.own:
        return plain
    over_all = None if everyone is None else everyone.broadcast(shape)
    return replace(
        _effects(adjusted_pairs(raw, treatment, control, how, everyone=over_all), errors, how), unadjusted=plain
    )


def _effects(pairs: Pairs, alpha: ArrayLike, settings: Settings) -> Effects:
    q = criticals(pairs, alpha)
    difference = absolutes(pairs, q)
    return Effects(
        absolute=difference, relative=relatives(pairs, q, difference, method=settings.lift), settings=settings
    )
