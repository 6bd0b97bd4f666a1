"""Which side of a rule's split each row falls to: by its bucket, or as it is kept from before."""

from dataclasses import dataclass

import numpy as np

from twyman.cohorts.matching import Matching
from twyman.cohorts.shares import Shares, Sides, place_type
from twyman.cohorts.texts import Rows
from twyman.cohorts.truth import Mask
from twyman.cohorts.units import Units
from twyman.flags.flag import Rule, Sticky
from twyman.flags.memory import Memory
from twyman.flags.resolve import kept_side


@dataclass(frozen=True, slots=True)
class Dealt:
    """The rows that a rule assigned.

    Attributes:
        rows: Their places.
        sides: The place of each one's side in the split.
        fresh: Which of them were not kept from before.
    """

    rows: Rows
    sides: Sides
    fresh: Mask


def dealt(rule: Rule, units: Units, among: Mask, matching: Matching, memory: Memory) -> Dealt:
    """Return which of some rows a rule assigns, and where to."""
    if rule.sticky and rule.sticky.reads:
        return _remembered(rule, rule.sticky, units, among, matching, memory)
    rows, sides = _drawn(rule, units, matching.matches(rule, units, among))
    return Dealt(rows, sides, np.ones(len(rows), dtype=np.bool_))


def _drawn(rule: Rule, units: Units, among: Mask) -> tuple[Rows, Sides]:
    """Deal out some rows by their buckets; those in none are left out."""
    split = rule.split
    if split.is_whole:
        rows = np.flatnonzero(among)
        return rows, np.zeros(len(rows), dtype=np.int16)
    rows = np.flatnonzero(units.known_among(among))
    buckets = units.buckets(rows, salt=split.salt, buckets=split.buckets)
    sides = Shares([side.slices for side in split.assigned], split.buckets).sides(buckets)
    served = sides >= 0
    return (rows, sides) if served.all() else (rows[served], sides[served])


def _remembered(rule: Rule, sticky: Sticky, units: Units, among: Mask, matching: Matching, memory: Memory) -> Dealt:
    """Serve those kept what they had, and deal the others out, if the rule takes any in."""
    among = units.known_among(among)
    kept = _kept(rule, sticky, units, among, memory)
    held = np.zeros_like(among)
    held[list(kept)] = True
    if sticky.paused:
        among = held
    if not sticky.ignores_targeting:
        held = held & matching.targets(rule, units, held)  # whom it is broken for it doesn't match either
    rows, sides = _drawn(rule, units, matching.matches(rule, units, among & ~held))
    old_rows = np.flatnonzero(held)
    places = [_place(rule, kept[row], units.text(row)) for row in old_rows.tolist()]
    old_sides: Sides = np.array(places, dtype=place_type(len(rule.split.assigned)))
    lost = np.zeros_like(among)
    lost[old_rows[old_sides < 0]] = True  # what was kept is served no more: they are dealt out anew
    new_rows, new_sides = _drawn(rule, units, lost)
    old = old_sides >= 0
    fresh = np.ones(len(rows) + len(new_rows) + int(old.sum()), dtype=np.bool_)
    fresh[len(rows) + len(new_rows) :] = False
    return Dealt(
        np.concatenate([rows, new_rows, old_rows[old]]), np.concatenate([sides, new_sides, old_sides[old]]), fresh
    )


def _kept(rule: Rule, sticky: Sticky, units: Units, among: Mask, memory: Memory) -> dict[int, str]:
    """Return the variants that are kept, by row."""
    found: dict[int, str] = {}
    for row in np.flatnonzero(among).tolist():
        variant = memory.variant(sticky.reads, units.text(row) or "", rule.name)
        if variant is not None:
            found[row] = variant
    return found


def _place(rule: Rule, variant: str, unit: str | None) -> int:
    """Return the place of the side that serves a kept variant; -1 for none."""
    side = kept_side(rule, variant, unit or "")
    return next((place for place, each in enumerate(rule.split.assigned) if each is side), -1)
