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


class Sheet:
    """A flag's answers to all rows of a cohort, while its blocks fill them in."""

    def __init__(self, flag: Flag, rows: int) -> None:
        """Start with the flag's default for everybody."""
        self.flag, self.names = flag, _names(flag)
        default = self.names.index(served_default(flag, Reason.NO_MATCH).variant)
        self.reasons = np.full(rows, CODE[Reason.NO_MATCH], dtype=np.uint8)
        self.variants = np.full(rows, default, dtype=place_type(len(self.names)))
        self.rules = np.full(rows, -1, dtype=place_type(len(flag.rules)))
        self.sides = dict[int, Sides]()
        self.keep = dict[int, Mask]()

    def sides_of(self, place: int) -> Sides:
        """Return the sides that the rule at a place gave; -1 all over at first."""
        if place not in self.sides:
            kind = place_type(len(self.flag.rules[place].split.assigned))
            self.sides[place] = np.full(len(self.reasons), -1, dtype=kind)
        return self.sides[place]

    def keep_of(self, place: int) -> Mask:
        """Return which rows' assignments by the rule at a place are to be kept; none at first."""
        if place not in self.keep:
            self.keep[place] = np.zeros(len(self.reasons), dtype=np.bool_)
        return self.keep[place]

    def answers(self) -> Assignments:
        """Return the answers as they are now."""
        sides, keep = dict(sorted(self.sides.items())), dict(sorted(self.keep.items()))
        return Assignments(self.flag.name, self.names, self.reasons, self.variants, self.rules, sides, keep)


class Progress:
    """Which rows of a block no rule has served yet, and what was noted of each so far."""

    def __init__(self, sheet: Sheet, at: slice) -> None:
        """Start with all rows open; `at` is where the block's are on the sheet."""
        self._sheet, self._at = sheet, at
        self._reasons, self._variants, self._rules = sheet.reasons[at], sheet.variants[at], sheet.rules[at]
        self.open: Mask = np.ones(len(self._reasons), dtype=np.bool_)

    def fail(self, failed: Mask, place: int) -> None:
        """Close rows whose id, for the rule at a place, is no id: nothing that was noted of them counts."""
        self._reasons[failed] = CODE[Reason.UNIT_ERROR]
        self._variants[failed] = 0
        self._rules[failed] = place
        for sides in self._sheet.sides.values():
            sides[self._at][failed] = -1
        for keep in self._sheet.keep.values():
            keep[self._at][failed] = False
        self.open &= ~failed

    def assign(self, place: int, rule: Rule, units: Units, made: Dealt) -> None:
        """Note what a rule assigned; rows are closed but where it was a fallthrough."""
        if not len(made.rows):
            return
        self._sheet.sides_of(place)[self._at][made.rows] = made.sides
        if rule.sticky and rule.sticky.writes:
            keep = np.zeros_like(self.open)
            keep[made.rows[made.fresh]] = True
            self._sheet.keep_of(place)[self._at] = units.known_among(keep)
        self._close(place, rule, made)

    def _close(self, place: int, rule: Rule, made: Dealt) -> None:
        ends = np.array([side.to is not Outcome.FALLTHROUGH for side in rule.split.assigned])
        codes = np.array([self._sheet.names.index(side.variant) for side in rule.split.assigned])
        rows, given = made.rows, made.sides
        if not ends.all():
            ended = ends.take(given)
            rows, given = rows[ended], given[ended]
        self._reasons[rows] = CODE[Reason.MATCH]
        self._variants[rows] = codes.take(given)
        self._rules[rows] = place
        self.open[rows] = False


def _names(flag: Flag) -> tuple[str, ...]:
    """Return every name that the flag may answer with, the empty one first."""
    sides = (side.variant for rule in flag.rules for side in rule.split.assigned)
    return tuple(dict.fromkeys(("", *(variant.name for variant in flag.variants), *sides)))
