"""How far a block's rows have come through a flag's rules."""

import numpy as np

from twyman.cohorts.assignments import CODE, Assignments
from twyman.cohorts.dealing import Dealt
from twyman.cohorts.shares import Sides, place_type
from twyman.cohorts.truth import Mask
from twyman.cohorts.units import Units
from twyman.flags.evaluation import Reason
from twyman.flags.flag import Flag, Outcome, Rule
from twyman.flags.resolve import served_default


class Progress:
    """Which rows no rule has served yet, and what was noted of each so far."""

    def __init__(self, flag: Flag, rows: int) -> None:
        """Start with all rows open, and the flag's default."""
        self._flag = flag
        self._names = _names(flag)
        default = self._names.index(served_default(flag, Reason.NO_MATCH).variant)
        self.open: Mask = np.ones(rows, dtype=np.bool_)
        self._reasons = np.full(rows, CODE[Reason.NO_MATCH], dtype=np.uint8)
        self._variants = np.full(rows, default, dtype=place_type(len(self._names)))
        self._rules = np.full(rows, -1, dtype=place_type(len(flag.rules)))
        self._sides = dict[int, Sides]()
        self._keep = dict[int, Mask]()

    def fail(self, failed: Mask, place: int) -> None:
        """Close rows whose id, for the rule at a place, is no id: nothing that was noted of them counts."""
        self._reasons[failed] = CODE[Reason.UNIT_ERROR]
        self._variants[failed] = 0
        self._rules[failed] = place
        for sides in self._sides.values():
            sides[failed] = -1
        for keep in self._keep.values():
            keep[failed] = False
        self.open &= ~failed

    def assign(self, place: int, rule: Rule, units: Units, made: Dealt) -> None:
        """Note what a rule assigned; rows are closed but where it was a fallthrough."""
        if not len(made.rows):
            return
        sides = np.full(len(self.open), -1, dtype=made.sides.dtype)
        self._sides[place] = sides
        sides[made.rows] = made.sides
        if rule.sticky and rule.sticky.writes:
            keep = np.zeros_like(self.open)
            keep[made.rows[made.fresh]] = True
            self._keep[place] = units.known_among(keep)
        self._close(place, rule, made)

    def _close(self, place: int, rule: Rule, made: Dealt) -> None:
        ends = np.array([side.to is not Outcome.FALLTHROUGH for side in rule.split.assigned])
        codes = np.array([self._names.index(side.variant) for side in rule.split.assigned])
        rows, given = made.rows, made.sides
        if not ends.all():
            ended = ends.take(given)
            rows, given = rows[ended], given[ended]
        self._reasons[rows] = CODE[Reason.MATCH]
        self._variants[rows] = codes.take(given)
        self._rules[rows] = place
        self.open[rows] = False

    def answers(self) -> Assignments:
        """Return the answers as they are now."""
        return Assignments(
            self._flag.name, self._names, self._reasons, self._variants, self._rules, self._sides, self._keep
        )


def _names(flag: Flag) -> tuple[str, ...]:
    """Return every name that the flag may answer with, the empty one first."""
    sides = (side.variant for rule in flag.rules for side in rule.split.assigned)
    return tuple(dict.fromkeys(("", *(variant.name for variant in flag.variants), *sides)))
