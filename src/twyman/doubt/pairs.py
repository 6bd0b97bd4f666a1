"""All pairs of experiments: whose assignments depend on each other, the surest first.

Each pair is asked both ways round: does what a unit met of the one (or none) depend on its arm of the other? Two bets,
averaged, are one. Most pairs can't be flagged whatever the bet, since not even the likelihood at its best would do:
those are passed over, which changes no answer.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twyman.doubt.check import Check, share_text
from twyman.doubt.coexposure import RATE, Beside, beside, code_of, smallest_seen, status_of
from twyman.stats.anytime.evalues import average, e_bh

Arm = tuple[str, str]
Cells = Mapping[Arm, int]
LEAST_EVIDENCE = math.log(1 / RATE)
"""Logarithm of the e-value that the first of any number of pairs must have to be flagged."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two experiments whose assignments depend on each other.

    Attributes:
        of: The experiment by whose arms `beside` counts.
        beside: The other one, the way round that says more.
        log_e: Logarithm of the pair's e-value, both ways together.
        rate: False discovery rate at which it is flagged.
    """

    of: str
    beside: Beside
    log_e: float
    rate: float = 1.0


def dependent_pairs(units: Cells, met: Mapping[tuple[str, str], Cells]) -> list[Pair]:
    """Return the pairs whose assignments depend on each other, the surest first.

    Args:
        units: By experiment and arm.
        met: By two experiments, and an arm of each: the units that they share.

    Example:
        >>> units = {("page", "old"): 30, ("page", "new"): 30, ("ads", "off"): 30}
        >>> found = dependent_pairs(units, {("ads", "page"): {("off", "new"): 30}})
        >>> [(pair.of, pair.beside.name, pair.beside.found.aliased) for pair in found]
        [('page', 'ads', True)]
    """
    arms: dict[str, dict[str, int]] = {}
    for (experiment, arm), count in units.items():
        arms.setdefault(experiment, {})[arm] = count
    told = [pair for names, cells in sorted(met.items()) if (pair := _pair(arms, names, cells)) is not None]
    rates = e_bh([pair.log_e for pair in told] + [0.0] * (len(met) - len(told)))
    ranked = [
        replace(pair, rate=rate, beside=replace(pair.beside, rate=rate))
        for pair, rate in zip(told, rates, strict=False)
        if rate <= RATE
    ]
    return sorted(ranked, key=lambda pair: -pair.log_e)


def pair_checks(found: Sequence[Pair], *, pairs: int) -> list[Check]:
    """Say of each dependent pair what it is, the loudest first; nothing of the others.

    Args:
        found: As `dependent_pairs` returns them.
        pairs: How many pairs were asked.
    """
    return [_check(pair, pairs) for pair in found]


def none_found(units: int, pairs: int) -> str:
    """Say that no pair depends on each other, and what would have shown.

    Args:
        units: Units that the median pair shares.
        pairs: How many were asked.
    """
    seen = smallest_seen(max(units, 1), max(pairs, 1))
    return (
        f"{pairs:,} pairs share units, and in none does one arm depend on the other: half of them share at least "
        f"{units:,}, where V = {seen:.2g} would have shown, nine times out of ten."
    )


def _pair(arms: Mapping[str, Mapping[str, int]], names: tuple[str, str], cells: Cells) -> Pair | None:
    first, second = names
    turned = {(two, one): count for (one, two), count in cells.items()}
    ways = [(first, second, cells), (second, first, turned)]
    if max(_most(arms[of], given) for of, _, given in ways) < LEAST_EVIDENCE:
        return None
    found = [(of, made[0]) for of, other, given in ways if (made := beside(_whole(arms[of], given), {other: given}))]
    if not found:
        return None
    of, louder = max(found, key=lambda way: way[1].found.log_e)
    return Pair(of, louder, average([one.found.log_e for _, one in found]))


def _whole(units: Mapping[str, int], cells: Cells) -> dict[str, int]:
    """Return units by arm, as many as met anything at least: whoever met two arms of the other counts with each."""
    return {
        arm: max(count, sum(cells.get((arm, two), 0) for two in {two for _, two in cells}))
        for arm, count in units.items()
    }


def _most(units: Mapping[str, int], cells: Cells) -> float:
    """Return what the evidence can be at most: half the likelihood ratio of the table, none of the units included.

    In plain numbers: of ten thousands of small tables, arrays would cost most of the time.
    """
    rows, columns, inside = dict(units), dict.fromkeys([""], 0), 0.0
    met = dict.fromkeys(units, 0)
    for (arm, variant), count in cells.items():
        met[arm] += count
        columns[variant] = columns.get(variant, 0) + count
        inside += _n_log_n(count)
    for arm, count in met.items():
        rows[arm] = max(units[arm], count)
        columns[""] += rows[arm] - count
        inside += _n_log_n(rows[arm] - count)
    sums = math.fsum(map(_n_log_n, (*rows.values(), *columns.values())))
    return inside - sums + _n_log_n(sum(rows.values()))


def _n_log_n(count: int) -> float:
    return count * math.log(count) if count else 0.0


def _check(pair: Pair, pairs: int) -> Check:
    one, code = pair.beside, code_of(pair.beside)
    variant, most, least = one.widest
    shares = f"{share_text(one.share(most, variant))} of {most} and {share_text(one.share(least, variant))} of {least}"
    meaning = {
        "aliased": "the two can't be separated, and every effect of either is of both"
        if one.found.aliased
        else "in practice the two can't be separated, and part of the effect of either is counted as the other's",
        "leak": "part of the effect of either is counted as the other's",
        "uneven_overlap": "one's arm changes who meets the other",
    }[code]
    text = (
        f"'{pair.of}' and '{one.name}': {one.name} = {variant} reached {shares} "
        f"(V = {one.found.v:.2f}, at least {one.found.v_lower:.2f}): {meaning}."
    )
    detail: dict[str, object] = {
        "experiments": [pair.of, one.name],
        "variant": variant,
        "shares": {arm: one.share(arm, variant) for arm in one.arms},
        "shared": one.shared,
        "cramers_v": one.found.v,
        "cramers_v_lower": one.found.v_lower,
        "log_e": pair.log_e,
        "rate": pair.rate,
        "pairs": pairs,
    }
    return Check(code=code, status=status_of(one), text=text, p_value=one.found.p_value, detail=detail)
