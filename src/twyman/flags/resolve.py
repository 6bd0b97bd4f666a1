"""Who gets what: the plain reading of a flag's rules, the oracle of every faster one.

Rules are tried in order. The first whose segment holds the unit, and whose split has a side for the unit's
bucket, serves it; a fallthrough is only noted. A rule that needs a unit and finds none is passed over, and so
is one with a criterion that can't be understood; a unit whose id is no id ends the matter with an error.
"""

from collections.abc import Iterator
from typing import Protocol

from twyman.flags.bucketing import bucket_of
from twyman.flags.context import Context, NoUnit, attribute, unit_of
from twyman.flags.criteria.criterion import BrokenCriterion, holds
from twyman.flags.evaluation import Assignment, Evaluation, Kept, Reason
from twyman.flags.faults import faults_of
from twyman.flags.flag import Assigned, Flag, Outcome, Rule
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.slices import Claim
from twyman.flags.state import State
from twyman.flags.targeting import All, Broken, Criterion, Expression, FlagIs, InPopulation, InSegment, Not, Some, Where


class Resolver(Protocol):
    """Answers for one state, as one client sees it."""

    def evaluate(self, flag: str, context: Context, memory: Memory = NOTHING) -> Evaluation:
        """Return what a flag answers in a context; never raises, whatever the context holds."""
        ...

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flags that the client sees, without the archived ones."""
        ...


class Interpreter:
    """Reads the rules one by one.

    Example:
        >>> from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
        >>> from twyman.flags.slices import Slice
        >>> split = Split((Assigned((Slice(0, 1_000_000),), "on"),))
        >>> state = State({"new-page": Flag("new-page", (Variant("on", True),), (Rule("all", split),))})
        >>> Interpreter(state).evaluate("new-page", {"targeting_key": "u-1"}).value
        True
    """

    def __init__(self, state: State, *, client: str | None = None, environments: tuple[str, ...] = ()) -> None:
        """Read a state.

        Args:
            state: Flags and what they need.
            client: Who asks; `None` sees every flag.
            environments: Where it asks from: rules for other environments are passed over.
        """
        self._state = state
        self._faults = faults_of(state)
        self._environments = frozenset(environments)
        self._visible = {name: flag for name, flag in state.flags.items() if flag.is_seen_by(client)}
        self.flags = tuple(name for name, flag in self._visible.items() if not flag.archived)

    def evaluate(self, flag: str, context: Context, memory: Memory = NOTHING) -> Evaluation:
        """Return what a flag answers in a context."""
        found = self._visible.get(flag)
        if found is None:
            return Evaluation(flag, Reason.NOT_FOUND, detail=f"flag '{flag}' isn't there")
        return self._resolved(found, context, memory)

    def _resolved(self, flag: Flag, context: Context, memory: Memory) -> Evaluation:
        if flag.name in self._faults.flags:
            return Evaluation(flag.name, Reason.BROKEN, detail=self._faults.flags[flag.name])
        if flag.archived:
            return served_default(flag, Reason.ARCHIVED)
        try:
            return self._by_rules(flag, context, memory)
        except NoUnit as error:
            return Evaluation(flag.name, Reason.UNIT_ERROR, detail=str(error))

    def _by_rules(self, flag: Flag, context: Context, memory: Memory) -> Evaluation:
        noted: list[Assignment] = []
        keep: list[Kept] = []
        for rule in self._rules(flag):
            side, unit, is_kept = self._side(rule, context, memory)
            if side is None:
                continue
            noted.append(assignment(rule, side))
            if unit is not None and rule.sticky and rule.sticky.writes and not is_kept:
                keep.append(Kept(rule.sticky.writes, unit, rule.name, side.variant))
            if side.to is not Outcome.FALLTHROUGH:
                return served(flag, rule, side, tuple(noted), tuple(keep))
        return served_default(flag, Reason.NO_MATCH, tuple(noted), tuple(keep))

    def _rules(self, flag: Flag) -> Iterator[Rule]:
        for place, rule in enumerate(flag.rules):
            if (flag.name, place) not in self._faults.rules and self._is_on(rule):
                yield rule

    def _is_on(self, rule: Rule) -> bool:
        return rule.enabled and (not rule.environments or not self._environments.isdisjoint(rule.environments))

    def _side(self, rule: Rule, context: Context, memory: Memory) -> tuple[Assigned | None, str | None, bool]:
        """Return the side of a rule's split for the unit, if any; the unit; and whether it was kept from before."""
        unit = self._unit(rule, context)
        if unit is None and rule.by:
            return None, None, False
        try:
            return self._side_of(unit, rule, context, memory)
        except BrokenCriterion:
            return None, unit, False

    def _side_of(
        self, unit: str | None, rule: Rule, context: Context, memory: Memory
    ) -> tuple[Assigned | None, str | None, bool]:
        sticky = rule.sticky
        if sticky and sticky.reads:
            if unit is None:
                return None, None, False
            kept = memory.variant(sticky.reads, unit, rule.name)
            if kept is None and sticky.paused:
                return None, unit, False
            if kept is not None and (sticky.ignores_targeting or self._targets(rule, unit, context, memory)):
                side = kept_side(rule, kept, unit)
                return (side, unit, True) if side else (dealt(rule, unit), unit, False)
        if not self._matches(rule, unit, context, memory):
            return None, unit, False
        return dealt(rule, unit), unit, False

    def _unit(self, rule: Rule, context: Context) -> str | None:
        try:
            return unit_of(context, rule.by)
        except NoUnit:
            if rule.by or not rule.split.is_whole:
                raise
            return None

    def _targets(self, rule: Rule, unit: str | None, context: Context, memory: Memory) -> bool:
        """Whether the targeting holds, whatever the allocation says."""
        segment = self._state.segments[rule.segment].when if rule.segment else None
        return self._holds(segment, unit, context, memory) and self._holds(rule.when, unit, context, memory)

    def _matches(self, rule: Rule, unit: str | None, context: Context, memory: Memory) -> bool:
        segment = not rule.segment or self._in_segment(rule.segment, unit, context, memory)
        return segment and self._holds(rule.when, unit, context, memory) and claimed(rule.claims, unit)

    def _in_segment(self, name: str, unit: str | None, context: Context, memory: Memory) -> bool:
        segment = self._state.segments.get(name)
        if segment is None:
            return False
        if name in self._faults.segments:
            raise BrokenCriterion(self._faults.segments[name])
        return self._holds(segment.when, unit, context, memory) and claimed(segment.claims, unit)

    def _holds(self, expression: Expression | None, unit: str | None, context: Context, memory: Memory) -> bool:
        match expression:
            case None:
                return True
            case All():
                return all(self._holds(part, unit, context, memory) for part in expression.parts)
            case Some():
                return any(self._holds(part, unit, context, memory) for part in expression.parts)
            case Not():
                return not self._holds(expression.part, unit, context, memory)
            case _:
                return self._criterion_holds(expression, unit, context, memory)

    def _criterion_holds(self, criterion: Criterion, unit: str | None, context: Context, memory: Memory) -> bool:
        match criterion:
            case Where():
                return holds(criterion.test, attribute(context, criterion.attribute))
            case InSegment():
                return self._in_segment(criterion.segment, unit, context, memory)
            case InPopulation():
                return self._in_population(criterion.population, unit, memory)
            case FlagIs():
                return self._flag_is(criterion, context, memory)
            case Broken():
                raise BrokenCriterion(criterion.why)

    def _in_population(self, name: str, unit: str | None, memory: Memory) -> bool:
        if unit is None:
            return False
        population = self._state.populations.get(name)
        return memory.holds(name, unit) if population is None else unit in population

    def _flag_is(self, wanted: FlagIs, context: Context, memory: Memory) -> bool:
        other = self._state.flags.get(wanted.flag)
        if other is None or wanted.flag in self._faults.flags:
            raise BrokenCriterion(f"prerequisite '{wanted.flag}' can't be resolved")
        return self._resolved(other, context, memory).variant in wanted.variants


def claimed(claims: tuple[Claim, ...], unit: str | None) -> bool:
    """Say whether a unit is in all of the shares; one that isn't known is in whole ones only."""
    return all(claim.is_whole or (unit is not None and claim.holds(unit)) for claim in claims)


def dealt(rule: Rule, unit: str | None) -> Assigned | None:
    """Return the side of a rule's split that a unit falls to; `None` where it falls to none."""
    split = rule.split
    if split.is_whole:
        return split.assigned[0]
    if unit is None:
        return None
    bucket = bucket_of(unit, salt=split.salt, buckets=split.buckets)
    return next((side for side in split.assigned if any(bucket in part for part in side.slices)), None)


def kept_side(rule: Rule, variant: str, unit: str) -> Assigned | None:
    """Return the side that serves a kept variant; of several, the one of the unit's bucket; `None` where none does."""
    sides = [side for side in rule.split.assigned if side.to is Outcome.VARIANT and side.variant == variant]
    if not variant or len(sides) < 2:
        return sides[0] if variant and sides else None
    bucket = bucket_of(unit, salt=rule.split.salt, buckets=rule.split.buckets)
    return next((side for side in sides if any(bucket in part for part in side.slices)), None)


def assignment(rule: Rule, side: Assigned) -> Assignment:
    """Return what an exposure logs of one side of a rule."""
    return Assignment(rule.name, side.variant, side.to, rule.by, side.id, rule.experiment)


def served(
    flag: Flag, rule: Rule, side: Assigned, noted: tuple[Assignment, ...], keep: tuple[Kept, ...] = ()
) -> Evaluation:
    """Return the answer of a rule that serves."""
    value = next((variant.value for variant in flag.variants if side.variant and variant.name == side.variant), None)
    is_split = len(rule.split.assigned) > 1
    return Evaluation(flag.name, Reason.MATCH, side.variant, value, rule.name, is_split, noted, keep)


def served_default(
    flag: Flag, reason: Reason, noted: tuple[Assignment, ...] = (), keep: tuple[Kept, ...] = ()
) -> Evaluation:
    """Return the answer where no rule serves: the flag's default variant, or nothing."""
    value = next((variant.value for variant in flag.variants if flag.default and variant.name == flag.default), None)
    return Evaluation(flag.name, reason, flag.default if value is not None else "", value, assignments=noted, keep=keep)
