"""In which segment did the split leave its plan, and does one small segment make the whole effect?

Attributes are frozen before exposure, so that a fair draw splits each of their values alike. Where one value's
split differs, units are lost there: in a browser, a version, a country.

Method: chi-square of arms by values, Bonferroni over dimensions; then leave one out, and, as long as a mismatch is
left, one more (two levels at most): METHODS, part B 4.4, after Fabijan et al. (KDD 2019).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

from twyman.doubt.check import NOTE, SEARCHED, WARN, Check, Status, p_text, share_text, tier
from twyman.stats.balance import srm
from twyman.stats.estimate import Contrast, NotEstimable
from twyman.stats.segments.heterogeneity import heterogeneity

Counts = NDArray[np.float64]

LEAST = 5.0
"""Units expected of each arm in a value; rarer ones are counted together."""
SMALL = 0.25
"""Share of the units up to which a segment is called small."""
CARRIED = 0.5
"""Share of an effect from which on a segment carries it."""
REST = "(rare)"

Segments = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Units by dimension, value and arm."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Units of a dimension: one row a value, one column an arm."""

    dimension: str
    values: Sequence[str]
    counts: Counts


def split_by_segment(segments: Segments, shares: Mapping[str, float]) -> Check | None:
    """Find the value of a dimension in which the split differs from the others'.

    Args:
        segments: Units by dimension, value and arm, drawn one by one: not where whole clusters were.
        shares: Planned share of each arm.

    Returns:
        The check; `None` where nothing is broken down, or too few units tell.

    Example:
        >>> fair, short = {"a": 5000, "b": 5050}, {"a": 1000, "b": 600}
        >>> seen = split_by_segment({"browser": {"one": fair, "old": short}}, {"a": 0.5, "b": 0.5})
        >>> seen.status, seen.detail["values"], seen.arm
        (<Status.BLOCK: 'block'>, ['old'], 'b')

    See docs/explanation/root-causes.md
    """
    arms = [arm for arm in shares if shares[arm] > 0]
    tables = [_table(name, values, arms) for name, values in segments.items()]
    tested = [(one, p) for one in tables if (p := _unlike(one.counts)) is not None]
    if not tested:
        return None
    worst, least = min(tested, key=lambda pair: pair[1])
    p_value = min(1.0, least * len(tested))
    status = tier(p_value, block=SEARCHED)
    if status is Status.OK:
        names = ", ".join(one.dimension for one, _ in tested)
        return Check(
            code="srm_by_segment",
            status=status,
            text=f"The split is alike by {names} ({p_text(p_value)}).",
            p_value=p_value,
            detail={"dimension": worst.dimension, "tested": len(tested)},
        )
    return _segment_check(worst, arms, shares, p_value)


def _table(name: str, values: Mapping[str, Mapping[str, int]], arms: Sequence[str]) -> _Table:
    """Return a dimension's units; values too rare to test are one."""
    held = {value: np.array([float(units.get(arm, 0)) for arm in arms]) for value, units in values.items()}
    total = sum(held.values(), np.zeros(len(arms)))
    least = total[total > 0].min() / max(total.sum(), 1.0) if total.any() else 0.0
    rare = [value for value, units in held.items() if units.sum() * least < LEAST]
    kept = {value: units for value, units in held.items() if value not in rare}
    if rare:
        kept[REST] = sum((held[value] for value in rare), np.zeros(len(arms)))
    return _Table(name, list(kept), np.array(list(kept.values())).reshape(-1, len(arms)))


def _unlike(counts: Counts) -> float | None:
    """Return the p-value that all rows are split alike; `None` where that can't be told."""
    total, sizes = counts.sum(axis=0), counts.sum(axis=1)
    live, rows = total > 0, sizes > 0
    if live.sum() < 2 or rows.sum() < 2:
        return None
    expected = sizes[rows][:, None] * total[live] / total.sum()
    if expected.min() < LEAST:
        keep = expected.min(axis=1) >= LEAST
        return _unlike(counts[rows][keep]) if keep.sum() >= 2 else None
    statistic = float(np.sum((counts[rows][:, live] - expected) ** 2 / expected))
    return float(chdtrc((int(rows.sum()) - 1) * (int(live.sum()) - 1), statistic))


def _segment_check(table: _Table, arms: Sequence[str], shares: Mapping[str, float], p_value: float) -> Check:
    """Say which values differ, and what is left without them."""
    odd = _odd_values(table.counts)
    inside, outside = table.counts[odd].sum(axis=0), np.delete(table.counts, odd, axis=0).sum(axis=0)
    gaps = inside / inside.sum() - outside / outside.sum()
    short = int((gaps / np.sqrt(outside / outside.sum() + 1e-9)).argmin())
    left = _fit(outside, arms, shares)
    values = [table.values[place] for place in odd]
    named = " and ".join(f"{table.dimension} = {value}" for value in values)
    text = (
        f"The split differs by {table.dimension} ({p_text(p_value)}): {arms[short]} holds "
        f"{share_text(inside[short] / inside.sum())} of the units with {named}, "
        f"{share_text(outside[short] / outside.sum())} of the others. "
        f"{_what_is_left(left)} Compare what that segment is served, logs and loses."
    )
    detail: dict[str, object] = {
        "dimension": table.dimension,
        "values": values,
        "units": dict(zip(arms, map(int, inside), strict=True)),
        "units_elsewhere": dict(zip(arms, map(int, outside), strict=True)),
        "p_value_elsewhere": left,
        "alone": left >= NOTE,
    }
    status = tier(p_value, block=SEARCHED)
    return Check(code="srm_by_segment", status=status, text=text, p_value=p_value, arm=arms[short], detail=detail)


def _what_is_left(p_value: float) -> str:
    if p_value >= NOTE:
        return f"Without it the split is as planned ({p_text(p_value)}): units are lost there."
    return f"Without it the split is still off ({p_text(p_value)}): it isn't there alone."


def _odd_values(counts: Counts) -> list[int]:
    """Return the value without which the others are most alike; with a second one, if they still aren't."""
    odd = list[int]()
    for _ in range(min(2, len(counts) - 1)):
        rest = [place for place in range(len(counts)) if place not in odd]
        odd.append(max(rest, key=lambda place: _likeness(counts, [*odd, place])))
        alike = _unlike(np.delete(counts, odd, axis=0))
        if alike is None or alike >= WARN:
            break
    return odd


def _likeness(counts: Counts, left_out: Sequence[int]) -> float:
    """Return how well other values agree without some: less chi-square is more."""
    rest = np.delete(counts, left_out, axis=0)
    if len(rest) < 2:  # of two values either could be the odd one: the smaller is
        return -float(counts[list(left_out)].sum())
    total, sizes = rest.sum(axis=0), rest.sum(axis=1)
    expected = np.maximum(sizes[:, None] * total / total.sum(), 1e-9)
    return -float(((rest - expected) ** 2 / expected).sum())


def _fit(counts: Counts, arms: Sequence[str], shares: Mapping[str, float]) -> float:
    """Return the p-value of a split against the plan."""
    balance = srm([int(count) for count in counts], [shares[arm] for arm in arms])
    return 1.0 if isinstance(balance, NotEstimable) else balance.p_value


@dataclass(frozen=True, slots=True)
class Part:
    """A segment's effect, and how many of the compared units it holds."""

    value: str
    effect: Contrast
    units: int


def concentration(metric: str, arm: str, dimension: str, parts: Sequence[Part], *, checks: int = 1) -> Check | None:
    """Test whether one small segment carries an effect: it holds half of it with a quarter of the units or fewer.

    Args:
        metric: The metric.
        arm: The treatment.
        dimension: What segments are values of, fixed before exposure.
        parts: Each segment's absolute effect, with an error above 0.
        checks: How many such checks are made: the loudness is by p times their number (Bonferroni).

    Returns:
        The check; `None` where nothing can be compared.

    Example:
        >>> flat = [Part(f"country {n}", Contrast(0.0, 0.1, None), 2_000) for n in range(9)]
        >>> seen = concentration("spend", "page", "country", [*flat, Part("NZ", Contrast(3.0, 0.1, None), 500)])
        >>> seen.status, seen.detail["value"]
        (<Status.WARN: 'warn'>, 'NZ')

    See docs/explanation/root-causes.md
    """
    test = heterogeneity([part.effect for part in parts])
    if isinstance(test, NotEstimable):
        return None
    p_value, units = min(1.0, test.p_value * checks), sum(part.units for part in parts)
    whole = sum(part.effect.estimate * part.units for part in parts) / units
    carrier = max(parts, key=lambda part: part.effect.estimate * part.units * (1 if whole >= 0 else -1))
    held = carrier.units / units
    share = carrier.effect.estimate * held / whole if whole else 0.0
    alone = held <= SMALL and share >= CARRIED and _significant(carrier.effect)
    detail: dict[str, object] = {
        "dimension": dimension,
        "value": carrier.value,
        "units_share": held,
        "effect_share": share,
        "heterogeneity": {"q": test.q, "df": test.df, "i2": test.i2},
    }
    status = tier(p_value, loudest=Status.WARN) if alone else Status.OK
    found = f"{metric}: by {dimension} effects of {arm}"
    text = f"{found} {'differ' if p_value < NOTE else 'agree'} ({p_text(p_value)}), and no small segment carries them."
    if status is not Status.OK:
        text = (
            f"{found} differ ({p_text(p_value)}): {carrier.value} holds {share_text(held)} of the units and "
            f"{share_text(min(share, 9.99))} of the effect. Something of that segment alone (another test, a price, "
            "a broken counter) would look like this: read it without the segment."
        )
    return Check(
        code="segment_concentration",
        status=status,
        text=text,
        p_value=p_value,
        metric=metric,
        arm=arm,
        detail=detail,
    )


def _significant(effect: Contrast) -> bool:
    """Whether an effect by itself is beyond chance."""
    return effect.se > 0 and 2 * float(ndtr(-abs(effect.estimate) / effect.se)) < WARN
