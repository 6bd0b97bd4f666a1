"""Who else reached the same units? For every other flag: does what a unit met of it depend on our arm?

Randomised apart, two experiments know nothing of each other. Where one's variant comes with the other's arm, each also
measures the other, and no check of one experiment by itself can see it: the split is even, an A/A test passes, and an
interaction can't be computed, its cells being empty. The table of joint assignments shows it within two dozen units.

The test holds at every look (METHODS, Rulings 7): an e-value for each flag, e-BH over all flags. How loud it is goes by
the lower bound of Cramér's V, valid at every look too: below .02 it is a note, up to .1 a warning, above it blocks.

Two that depend on each other can be told apart by comparing within the other's variants, unless that leaves next to
nothing, or an arm never meets a variant: then only a follow-up can, and what it takes is said.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twyman.doubt.check import Check, Status, share_text
from twyman.doubt.follow_up import FollowUp, Precision, follow_up
from twyman.doubt.gate.joint import expected_in, surely_empty
from twyman.stats.anytime.dependence import Dependence, dependence
from twyman.stats.anytime.evalues import e_bh
from twyman.stats.estimate import NotEstimable

RATE = 0.01
"""False discovery rate over all other flags, at all looks together; so the chance of any false alarm, too."""
IGNORED, STRONG = 0.02, 0.1
"""Lower bound of V from which on it is a warning; from which on it blocks."""
ONE_IN_TEN = 1.2815515655446004
"""Standard errors by which one reading in ten falls short."""
PRECISE = 1e-3
"""Relative precision of the V that would have been seen."""
NONE = ""
"""The variant of whoever met none."""
WORST = 10.0
"""Variance inflation beyond which too little is left to compare (METHODS, 4.1)."""
NAMED = 5
"""How many a sentence names."""

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One other flag beside our arms.

    Attributes:
        name: The other flag or experiment.
        variants: What was met of it, `""` (none) first where a unit met none.
        table: Units by arm and variant.
        found: The test of independence.
        among_met: The same among those who met any variant; `None` where that can't be asked.
        watched: How many flags are asked at once.
        rate: The false discovery rate at which it would be flagged.
    """

    name: str
    arms: tuple[str, ...]
    variants: tuple[str, ...]
    table: Table
    found: Dependence
    among_met: Dependence | None
    watched: int = 1
    rate: float = 1.0

    @property
    def shared(self) -> int:
        """How many units met any variant."""
        met = [index for index, variant in enumerate(self.variants) if variant != NONE]
        return int(self.table[:, met].sum())

    @property
    def inflation(self) -> float:
        """How many times as large the variance of an effect within its variants is."""
        return 1 / (1 - self.found.v**2) if self.found.v < 1 else math.inf

    @property
    def only_met_unevenly(self) -> bool:
        """Whether arms meet it unequally often, and whoever does is dealt its variants evenly."""
        return self.among_met is not None and self.among_met.p_value > RATE

    @property
    def widest(self) -> tuple[str, str, str]:
        """The variant whose share differs most between two arms, with the arm of the larger and of the smaller."""
        shares = self.table / np.maximum(self.table.sum(axis=1, keepdims=True), 1)
        gaps = np.where([variant != NONE for variant in self.variants], np.ptp(shares, axis=0), -1.0)
        column = int(gaps.argmax())
        return (
            self.variants[column],
            self.arms[int(shares[:, column].argmax())],
            self.arms[int(shares[:, column].argmin())],
        )

    def share(self, arm: str, variant: str) -> float:
        """Return the share of an arm's units that met a variant."""
        row = self.table[self.arms.index(arm)]
        return float(row[self.variants.index(variant)] / max(row.sum(), 1.0))


@dataclass(frozen=True, slots=True)
class Unasked:
    """Flags that reached our units, of which nobody can ask whether they depend on the arm.

    Attributes:
        alike: All units met one and the same variant: nothing depends on it.
        lone: Only one arm has units yet.
    """

    alike: tuple[str, ...] = ()
    lone: tuple[str, ...] = ()


def unasked(units: Mapping[str, int], met: Mapping[str, Mapping[tuple[str, str], int]]) -> Unasked:
    """Return the flags that reached our units and can't be tested.

    Args:
        units: As of `beside`.
        met: As of `beside`.

    Example:
        >>> unasked({"control": 12, "new": 12}, {"no-ads": {("control", "off"): 12, ("new", "off"): 12}}).alike
        ('no-ads',)
    """
    whole = sum(units.values())
    reached = sorted((name, cells) for name, cells in met.items() if any(cells.values()))
    alike = [name for name, cells in reached if sum(cells.values()) >= whole and len(_variants(cells)) == 1]
    lone = [name for name, _ in reached if name not in alike and sum(map(bool, units.values())) < 2]
    return Unasked(tuple(alike), tuple(lone))


def _variants(cells: Mapping[tuple[str, str], int]) -> set[str]:
    return {variant for (_, variant), count in cells.items() if count}


def beside(units: Mapping[str, int], met: Mapping[str, Mapping[tuple[str, str], int]]) -> tuple[Beside, ...]:
    """Test every other flag for dependence on our arms, and rank them by the evidence.

    Args:
        units: Units by arm, all that count.
        met: Of each other flag: units by our arm and the variant they met; whoever met none isn't counted there.

    Returns:
        One for each flag that can be tested: met by a unit of ours, and not by all of them in one variant.

    Example:
        >>> found = beside({"control": 12, "new": 12}, {"no-ads": {("new", "off"): 12}})
        >>> found[0].found.aliased, found[0].widest
        (True, ('off', 'new', 'control'))

    References:
        Wang, R. and Ramdas, A. (2022). False discovery rate control with e-values. JRSS B 84.
    """
    made = [one for name, cells in sorted(met.items()) if (one := _beside(name, units, cells)) is not None]
    rates = e_bh([one.found.log_e for one in made])
    ranked = sorted(zip(rates, made, strict=True), key=lambda pair: -pair[1].found.log_e)
    return tuple(replace(one, rate=rate, watched=len(made)) for rate, one in ranked)


def _beside(name: str, units: Mapping[str, int], cells: Mapping[tuple[str, str], int]) -> Beside | None:
    arms = tuple(units)
    variants = sorted({variant for _, variant in cells})
    table = np.array([[cells.get((arm, variant), 0) for variant in variants] for arm in arms], dtype=np.float64)
    none = np.array([[units[arm]] for arm in arms]) - table.sum(axis=1, keepdims=True)
    whole = np.hstack((none, table))
    found = dependence(whole, none=0)
    if isinstance(found, NotEstimable):
        return None
    among = dependence(table) if len(variants) > 1 else None
    return Beside(
        name=name,
        arms=arms,
        variants=(NONE, *variants),
        table=whole,
        found=found,
        among_met=among if isinstance(among, Dependence) else None,
    )


def coexposure(
    found: Sequence[Beside], *, of: str = "unit", precision: Precision | None = None, unasked: Unasked | None = None
) -> list[Check]:
    """Say which other flags depend on our arms, loudest first; or that none does, and what would have shown.

    Args:
        found: Every flag that could be tested.
        of: What is counted: `unit`, or what was drawn.
        precision: Of the metric that a follow-up is to show something of, where flags can't be separated.
        unasked: Flags that can't be tested.
    """
    checks = [_check(one, of, precision) for one in flagged(found)]
    order = list(Status)
    return sorted(checks, key=lambda check: -order.index(check.status)) or [_quiet(found, of, unasked or Unasked())]


def flagged(found: Sequence[Beside]) -> list[Beside]:
    """Return the flags that depend on our arms."""
    return [one for one in found if one.rate <= RATE]


def code_of(one: Beside) -> str:
    """Return what kind of dependence a flagged one is: `aliased`, `uneven_overlap` or `leak`.

    Aliased are also two that can't be told apart in practice (METHODS, 4.1): where an arm never meets a variant, or
    comparing within variants would leave too little.
    """
    if one.found.aliased:
        return "aliased"
    return "uneven_overlap" if one.only_met_unevenly else "aliased" if inseparable(one) else "leak"


def status_of(one: Beside) -> Status:
    """Return how loud a flagged dependence is."""
    code = code_of(one)
    if code == "aliased":
        return Status.BLOCK
    loud = Status.NOTE if one.found.v_lower < IGNORED else Status.WARN if one.found.v_lower < STRONG else Status.BLOCK
    return Status.WARN if code == "uneven_overlap" and loud is Status.BLOCK else loud


def _check(one: Beside, of: str, precision: Precision | None) -> Check:
    variant, most, least = one.widest
    shares = f"{share_text(one.share(most, variant))} of {most} and {share_text(one.share(least, variant))} of {least}"
    least_v = one.found.v_lower
    strength = f"V = {one.found.v:.2f}" + (f", at least {least_v:.2f}" if least_v >= IGNORED else "")
    seen = f"'{one.name}' = {variant} reached {shares} ({int(one.table.sum()):,} {of}s, {strength})"
    code, why = code_of(one), inseparable(one)
    apart = _apart(one, precision) if why else None
    found_how = f"Find how it reached these {of}s (a shared list, segment or salt)"
    text = {
        "aliased": f"{seen}: part of its effect is counted as ours. {why} {found_how}, and deal it independently.",
        "leak": f"{seen}: part of its effect is counted as ours. {found_how}, or compare within its variants.",
        "uneven_overlap": f"{seen}, though whoever meets it is dealt its variants alike: does the treatment change "
        "who gets there? Then part of the effect goes through it.",
    }[code]
    if one.found.aliased:
        text = (
            f"{seen}: the two can't be separated in this cohort, and every effect here is of both. "
            f"Ask who runs '{one.name}', and deal it independently before reading any metric."
        )
    detail: dict[str, object] = {
        "flag": one.name,
        "variant": variant,
        "shares": {arm: one.share(arm, variant) for arm in one.arms},
        "units": {arm: _row(one, arm) for arm in one.arms},
        "shared": one.shared,
        "cramers_v": one.found.v,
        "cramers_v_lower": one.found.v_lower,
        "leak": _leak(one),
        "log_e": one.found.log_e,
        "rate": one.rate,
        "flags": one.watched,
    }
    if apart is not None:
        text = f"{text} {apart.text}"
        detail["follow_up"] = {"units": apart.units, "days": apart.days, "units_to_flag": apart.apart}
    return Check(code=code, status=status_of(one), text=text, p_value=one.found.p_value, detail=detail)


def inseparable(one: Beside) -> str:
    """Say why a flagged dependence can't be told apart from our arms; empty where it can be, within its variants.

    A cell counts as empty by the rule of the launch gate: of a strong association, by more than chance.

    Example:
        >>> (near,) = beside({"control": 1_000, "new": 1_000}, {"no-ads": {("new", "off"): 970}})
        >>> print(inseparable(near))
        In practice the two can't be separated in this cohort: comparing within its variants would make the variance \
17 times as large: too little is left to compare.
    """
    if one.only_met_unevenly and not one.found.aliased:
        return ""
    if one.found.aliased or one.inflation > WORST:
        return (
            "In practice the two can't be separated in this cohort: comparing within its variants would make the "
            f"variance {one.inflation:,.0f} times as large: too little is left to compare."
        )
    empty = surely_empty(one.table, alpha=RATE / one.watched) if one.found.v_lower >= STRONG else ()
    if not empty:
        return ""
    row, column = max(empty, key=lambda cell: expected_in(one.table, cell))
    arm, variant, due = one.arms[row], one.variants[column], expected_in(one.table, (row, column))
    seen = (
        f"Every unit of {arm} met it, where chance alone would leave {due:,.0f} without"
        if variant == NONE
        else f"No unit of {arm} met {variant}, where chance alone would bring {due:,.0f}"
    )
    return f"{seen}: in practice what it does there can't be separated from our effect."


def _apart(one: Beside, precision: Precision | None) -> FollowUp:
    met = one.table.sum(axis=1)
    together = None if one.found.aliased else one.table
    return follow_up(met[met > 0].tolist(), flags=one.watched, rate=RATE, precision=precision, together=together)


def _row(one: Beside, arm: str) -> dict[str, int]:
    counts = one.table[one.arms.index(arm)]
    return {variant or "(none)": int(count) for variant, count in zip(one.variants, counts, strict=True)}


def _leak(one: Beside) -> float:
    """Return how many more of one arm than of the other met the variant that differs most."""
    variant, most, least = one.widest
    return one.share(most, variant) - one.share(least, variant)


def _quiet(found: Sequence[Beside], of: str, unasked: Unasked) -> Check:
    said, detail = list[str](), dict[str, object]()
    if found:
        seen = smallest_seen(max(float(one.table.sum()) for one in found), len(found))
        said.append(
            f"{len(found):,} other flags reached these {of}s, and none depends on the arm: a dependence of "
            f"V = {seen:.2g} would have shown, nine times out of ten."
        )
        detail |= {"flags": len(found), "smallest_v": seen, "closest": found[0].name}
    if unasked.alike:
        said.append(
            f"{_named(unasked.alike)} reached all of these {of}s alike, so no difference between arms comes of it."
        )
        detail["alike"] = list(unasked.alike)
    if unasked.lone:
        verb = "depends" if len(unasked.lone) == 1 else "depend"
        said.append(
            f"Only one arm has {of}s so far: whether {_named(unasked.lone)} {verb} on the arm can't be asked yet."
        )
        detail["lone"] = list(unasked.lone)
    text = " ".join(said) or f"No other flag reached these {of}s."
    p_value = found[0].found.p_value if found else None
    return Check(code="coexposure", status=Status.OK, text=text, p_value=p_value, detail=detail)


def _named(flags: Sequence[str]) -> str:
    shown = [f"'{flag}'" for flag in flags[:NAMED]]
    if len(flags) > NAMED:
        return f"{', '.join(shown)} and {len(flags) - NAMED:,} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]


def smallest_seen(units: float, flags: int) -> float:
    """Return the V that would have been flagged in nine of ten cases: what "none" is worth.

    Of two arms and two variants, half of the units in each: the V whose evidence is just enough among so many flags,
    and what chance takes away in one case of ten.

    Example:
        >>> round(smallest_seen(10_000, 300), 3)
        0.075
    """
    needed, low, high = np.log(flags / RATE), 0.0, 1.0
    while high - low > PRECISE * high:
        middle = (low + high) / 2
        low, high = (low, middle) if _evidence(units, middle) >= needed else (middle, high)
    return float(min(1.0, high + ONE_IN_TEN / np.sqrt(units)))


def _evidence(units: float, v: float) -> float:
    """Return the logarithm of the e-value of an even table with this V, all of whose units met a variant."""
    alike, other = units * (1 + v) / 4, units * (1 - v) / 4
    found = dependence([[0.0, alike, other], [0.0, other, alike]], none=0)
    return -np.inf if isinstance(found, NotEstimable) else found.log_e
