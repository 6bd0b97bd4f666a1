"""All flags at once: what each serves every context of a sample, and who enters an experiment."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twyman.app.gate_masks import Masks, Words, packed
from twyman.app.gate_worlds import Reach
from twyman.app.sample import Answers, Mask, Places, Rows, Sample
from twyman.doubt.gate.candidate import Candidate, alone
from twyman.doubt.gate.joint import Table
from twyman.doubt.gate.values import Values, values_of
from twyman.flags.flag import Flag
from twyman.flags.state import State


@dataclass(frozen=True, slots=True)
class Met:
    """What a flag serves.

    Attributes:
        served: Places of the values that any context is served.
        sides: By the place of each experiment's rule: the side of its split, -1 for none.
        at: Where its masks begin: one for each value served, one for whom some rule assigned, one for each of `sides`.
    """

    values: Values
    served: NDArray[np.int64]
    sides: Mapping[int, Places]
    at: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A flag beside an experiment's units.

    Attributes:
        table: Units by arm and value.
        assigned: Units that some rule assigned.
        entered: By the place of each experiment's rule: units that it assigned.
    """

    table: Table
    assigned: int
    entered: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Entrants:
    """The units of an experiment: the first context of each.

    Attributes:
        rows: Their contexts.
        arms: Each one's arm, by its place in `names`.
        names: Arms that anybody is in, the control first.
    """

    rows: Rows
    arms: Places
    names: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Units by arm."""
        found = np.bincount(self.arms, minlength=len(self.names))
        return {name: int(count) for name, count in zip(self.names, found, strict=True)}


Resolved = tuple[Met, list[Words]]
"""What a flag serves, and its masks."""


class Known:
    """What several sights have in common: flags of which the same rules are on.

    Attributes:
        reach: Which rules a flag's answers hang on.
        flags: What was resolved of each, by its name, the places of its experiments and the rules that are on.
    """

    def __init__(self, state: State) -> None:
        """Take the flags; which of their rules are on doesn't matter."""
        self.reach = Reach(state)
        self.flags: dict[tuple[object, ...], Resolved] = {}


class Sight:
    """A sample under a state."""

    def __init__(
        self,
        sample: Sample,
        state: State,
        several: Iterable[Candidate],
        environments: tuple[str, ...] = (),
        known: Known | None = None,
    ) -> None:
        """Resolve everything.

        Args:
            sample: Contexts.
            state: The state as it would be.
            several: Experiments that it deals out.
            environments: Where contexts ask from.
            known: What other sights of the sample and these flags have resolved, and this one may add to.
        """
        self.sample, self.state, self.environments, self._known = sample, state, environments, known
        self._places: dict[str, set[int]] = {}
        for each in several:
            self._places.setdefault(each.flag.name, set()).add(each.place)
        found: list[Words] = []
        ask = self.sample.under(self.state, self.environments)
        live = [flag for flag in self.state.flags.values() if not (flag.archived or flag.broken)]
        self.flags: Mapping[str, Met] = {flag.name: self._met(flag, ask, found) for flag in live}
        self._masks = Masks(found)

    def _met(self, flag: Flag, ask: Callable[[str], Answers], found: list[Words]) -> Met:
        at, places = len(found), sorted(self._places.get(flag.name, ()))
        if self._known is None:
            met, words = _resolved(flag, places, ask)
        else:
            key = (flag.name, *places, self._known.reach.on(flag.name, self.state, self.environments))
            if key not in self._known.flags:
                self._known.flags[key] = _resolved(flag, places, ask)
            met, words = self._known.flags[key]
        found += words
        return replace(met, at=at)

    def beside(self, entrants: "Entrants") -> Mapping[str, Seen]:
        """Return each flag beside an experiment's units; nothing where it has none."""
        if not entrants.names:
            return {}
        arms = range(len(entrants.names))
        counts = np.stack([self._masks.counts(self._among(entrants.rows[entrants.arms == arm])) for arm in arms])
        return {name: _seen(met, counts) for name, met in self.flags.items()}

    def _among(self, rows: Rows) -> Words:
        among = np.zeros(len(self.sample), dtype=np.bool_)
        among[rows] = True
        return packed(among)

    def entrants(self, candidate: Candidate) -> Entrants:
        """Return who enters an experiment."""
        met = self.flags.get(candidate.flag.name)
        sides = met.sides.get(candidate.place) if met else None
        if sides is None:
            return Entrants(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int64))
        return self._entered(candidate, sides)

    def reach(self, candidate: Candidate) -> Mask:
        """Return which contexts an experiment would take if its flag had no other rule."""
        answers = self.sample.under(alone(self.state, candidate), self.environments)(candidate.flag.name)
        sides = answers.sides.get(0)
        return np.zeros(len(self.sample), dtype=np.bool_) if sides is None else sides >= 0

    def count(self, contexts: Mask, by: str) -> int:
        """Return how many units some contexts are of."""
        return len(self._firsts(np.flatnonzero(contexts), by))

    def _entered(self, candidate: Candidate, sides: Places) -> Entrants:
        """Take the first context of each unit, and number the arms that have any, the control first."""
        of_side, control = candidate.arms, candidate.experiment.control.name
        names = sorted({name for name in of_side if name}, key=lambda name: (name != control, name))
        lookup = np.array([names.index(name) if name else -1 for name in of_side] + [-1], dtype=np.int64)
        arms = lookup[sides]
        rows = np.flatnonzero(arms >= 0)
        rows = rows[self._firsts(rows, candidate.rule.by)]
        used = np.flatnonzero(np.bincount(arms[rows], minlength=len(names)))
        places = np.full(len(names), -1, dtype=np.int64)
        places[used] = np.arange(len(used))
        return Entrants(rows, places[arms[rows]], tuple(names[place] for place in used))

    def _firsts(self, rows: Rows, by: str) -> Rows:
        """Return which of some contexts are the first of their unit; without a unit, each is."""
        units = self.sample.units(by)[rows]
        known = np.flatnonzero(units >= 0)
        _, firsts = np.unique(units[known], return_index=True)
        return np.sort(np.concatenate([known[firsts], np.flatnonzero(units < 0)]))


def _resolved(flag: Flag, places: Iterable[int], ask: Callable[[str], Answers]) -> Resolved:
    answers, values = ask(flag.name), values_of(flag)
    codes = values.codes(answers.names)[answers.variants]
    served = np.flatnonzero(np.bincount(codes, minlength=values.count))
    sides = {place: answers.sides[place] for place in places if place in answers.sides}
    words = [packed(codes == value) for value in served]
    words.append(packed(answers.applies))
    words += [packed(each >= 0) for each in sides.values()]
    return Met(values, served, sides, at=0), words


def _seen(met: Met, counts: NDArray[np.int64]) -> Seen:
    end = met.at + len(met.served)
    table = np.zeros((len(counts), met.values.count), dtype=np.int64)
    table[:, met.served] = counts[:, met.at : end]
    entered = {place: int(counts[:, end + at].sum()) for at, place in enumerate(met.sides, start=1)}
    return Seen(table, int(counts[:, end].sum()), entered)
