"""Which rows an expression speaks to: `resolve.Interpreter`'s reading of it, for a block of rows at once.

An expression is tried part by part, as there, and a row leaves where the plain reading would stop: so a part that
is broken breaks only the rows whose answer needs it. A mask `among` says which rows are still asked about; what
comes back says nothing of the others.
"""

from collections.abc import Callable
from typing import cast

import numpy as np

from twyman.cohorts.assignments import Assignments
from twyman.cohorts.cohort import Block
from twyman.cohorts.criterion import meets
from twyman.cohorts.population import members
from twyman.cohorts.shares import Shares
from twyman.cohorts.truth import Mask, Truth, joined
from twyman.cohorts.units import Units
from twyman.flags.bucketing import BUCKETS
from twyman.flags.faults import Faults
from twyman.flags.flag import Flag, Rule
from twyman.flags.memory import Memory
from twyman.flags.slices import Claim
from twyman.flags.state import State
from twyman.flags.targeting import All, Broken, Criterion, Expression, FlagIs, InPopulation, InSegment, Not, Some, Where


class Matching:
    """Reads expressions for the rows of one block."""

    def __init__(
        self, state: State, faults: Faults, block: Block, memory: Memory, answers: Callable[[Flag], Assignments]
    ) -> None:
        """Take what an expression may ask: segments, attributes, what is kept, and the answers of other flags."""
        self._state, self._faults = state, faults
        self.block, self._memory, self._answers = block, memory, answers

    def matches(self, rule: Rule, units: Units, among: Mask) -> Mask:
        """Return which rows a rule speaks to: those that its segment, targeting and allocation all hold."""
        if rule.segment:
            truth = self._in_segment(rule.segment, units, among)
            among = among & truth.holds
        return self._claimed(rule.claims, units, among & self._holds(rule.when, units, among).holds)

    def targets(self, rule: Rule, units: Units, among: Mask) -> Mask:
        """Return which rows the targeting holds, whatever the allocation says."""
        segment = self._state.segments[rule.segment].when if rule.segment else None
        return self._all((segment, rule.when), units, among).holds

    def _in_segment(self, name: str, units: Units, among: Mask) -> Truth:
        segment = self._state.segments.get(name)
        if segment is None:
            return Truth.everywhere(len(among), holds=False)
        if name in self._faults.segments:
            return Truth.broken_everywhere(len(among))
        truth = self._holds(segment.when, units, among)
        return Truth(self._claimed(segment.claims, units, among & truth.holds), truth.broken)

    def _claimed(self, claims: tuple[Claim, ...], units: Units, among: Mask) -> Mask:
        """Return which rows are in all of the shares."""
        for claim in claims:
            if claim.is_whole:
                continue
            known = units.known_among(among)
            rows = None if known.all() else np.flatnonzero(known)
            found = Shares([claim.slices], BUCKETS).sides(units.buckets(rows, salt=claim.salt, buckets=BUCKETS)) >= 0
            if rows is None:
                among = found
            else:
                among = np.zeros_like(among)
                among[rows] = found
        return among

    def _holds(self, expression: Expression | None, units: Units, among: Mask) -> Truth:
        match expression:
            case None:
                return Truth(among)
            case All():
                return self._all(expression.parts, units, among)
            case Some():
                return self._some(expression.parts, units, among)
            case Not():
                truth = self._holds(expression.part, units, among)
                return Truth(~(truth.holds if truth.broken is None else truth.holds | truth.broken), truth.broken)
            case _:
                return self._criterion_holds(expression, units, among)

    def _all(self, parts: tuple[Expression | None, ...], units: Units, among: Mask) -> Truth:
        broken: Mask | None = None
        for part in parts:
            if not among.any():
                break
            truth = self._holds(part, units, among)
            broken = joined(broken, None if truth.broken is None else truth.broken & among)
            among = among & truth.holds
        return Truth(among, broken)

    def _some(self, parts: tuple[Expression, ...], units: Units, among: Mask) -> Truth:
        holds, broken = np.zeros_like(among), None
        for part in parts:
            if not among.any():
                break
            truth = self._holds(part, units, among)
            holds |= truth.holds & among
            broken = joined(broken, None if truth.broken is None else truth.broken & among)
            among = among & ~truth.holds if truth.broken is None else among & ~truth.holds & ~truth.broken
        return Truth(holds, broken)

    def _criterion_holds(self, criterion: Criterion, units: Units, among: Mask) -> Truth:
        match criterion:
            case Where():
                return meets(criterion.test, self.block.column(criterion.attribute))
            case InSegment():
                return self._in_segment(criterion.segment, units, among)
            case InPopulation():
                return Truth(self._in_population(criterion.population, units, units.known_among(among)))
            case FlagIs():
                return self._flag_is(criterion)
            case Broken():
                return Truth.broken_everywhere(len(among))

    def _flag_is(self, wanted: FlagIs) -> Truth:
        other = self._state.flags.get(wanted.flag)
        if other is None or wanted.flag in self._faults.flags:
            return Truth.broken_everywhere(len(self.block))
        answers = self._answers(other)
        served = np.array([name in wanted.variants for name in answers.names], dtype=np.bool_)
        return Truth(served.take(answers.variants))

    def _in_population(self, name: str, units: Units, among: Mask) -> Mask:
        population = self._state.populations.get(name)
        if population is not None:
            found = members(population, units.texts)
            return among & (found if units.codes is None else found.take(units.codes))
        found = np.zeros_like(among)
        for row in np.flatnonzero(among).tolist():
            found[row] = self._memory.holds(name, cast("str", units.text(row)))
        return found
