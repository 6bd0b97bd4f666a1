"""Targeting and shares, as source: an expression that says whether they hold for a unit in a context.

Small ones are written inline; what is too deep or too wide for one function is split into several, so that no
state can make source that Python refuses to read, or takes long over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from twyman.flags.bucketing import BUCKETS
from twyman.flags.compiled.attributes import where
from twyman.flags.compiled.runtime import Condition
from twyman.flags.compiled.source import Source
from twyman.flags.context import Context
from twyman.flags.evaluation import Evaluation
from twyman.flags.faults import Faults, walk
from twyman.flags.flag import Rule
from twyman.flags.memory import Memory
from twyman.flags.population import IdList
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import State
from twyman.flags.targeting import All, Broken, Criterion, Expression, FlagIs, InPopulation, InSegment, Not, Some, Where

Resolve = Callable[[Context, Memory], Evaluation]
"""A compiled flag."""

_DEEPEST, _WIDEST, _MOST_CLAIMS = 8, 50, 8
"""Levels, parts and shares that are written inline."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the flags of a state are compiled from.

    Attributes:
        environments: Where they are asked from.
        flag: Gives a compiled flag, by its name.
        segments: Those compiled so far.
    """

    state: State
    faults: Faults
    environments: frozenset[str]
    flag: Callable[[str], Resolve]
    segments: dict[str, Condition]


class Conditions:
    """Writes conditions into a source, for the unit that a variable there holds.

    Attributes:
        needs_unit: Whether anything written so far asks for the unit.
    """

    def __init__(self, parts: Parts, source: Source, unit: str, *, unit_is_known: bool = False) -> None:
        """Begin.

        Args:
            parts: What there is to refer to.
            source: Where constants go.
            unit: Name of the variable that holds the unit's id.
            unit_is_known: Whether that is text for sure; else it may be `None`.
        """
        self._parts, self._source = parts, source
        self._unit, self._is_known = unit, unit_is_known
        self.needs_unit = False

    def of_rule(self, rule: Rule) -> list[str]:
        """Return what must hold, in this order, for a rule to match: its segment, its targeting, its shares."""
        segment = self._parts.state.segments[rule.segment] if rule.segment else None
        of_segment = [self.expression(segment.when), *self.claims(segment.claims)] if segment else []
        return _needed([*of_segment, self.expression(rule.when), *self.claims(rule.claims)])

    def of_targeting(self, rule: Rule) -> list[str]:
        """Return what must hold for a rule to match, whatever the allocation says."""
        segment = self._parts.state.segments[rule.segment] if rule.segment else None
        return _needed([self.expression(segment.when if segment else None), self.expression(rule.when)])

    def expression(self, expression: Expression | None, depth: int = 1) -> str:
        """Return an expression's source."""
        match expression:
            case None:
                return "True"
            case All():
                return self._joined(expression, "and", depth)
            case Some():
                return self._joined(expression, "or", depth)
            case Not():
                return f"(not {self._part(expression.part, depth + 1)})"
            case _:
                return self._criterion(expression)

    def _joined(self, expression: All | Some, word: str, depth: int) -> str:
        if len(expression.parts) > _WIDEST:
            self.needs_unit = True
            parts = tuple(condition(self._parts, part) for part in expression.parts)
            many = "every" if word == "and" else "some"
            return f"{many}({self._source.constant(parts)}, {self._unit}, context, memory)"
        if not expression.parts:
            return "True" if word == "and" else "False"
        return f"({f' {word} '.join(self._part(part, depth + 1) for part in expression.parts)})"

    def _part(self, part: Expression, depth: int) -> str:
        """Return a part's source: inline, or, where it is deep or wide, a call."""
        is_small = next(islice(walk(part), _WIDEST, None), None) is None
        is_leaf = not isinstance(part, All | Some | Not)
        if is_leaf or (is_small and depth <= _DEEPEST and self._source.is_roomy):
            return self.expression(part, depth)
        return self._call(condition(self._parts, part))

    def _call(self, made: Condition) -> str:
        self.needs_unit = True
        return f"{self._source.constant(made)}({self._unit}, context, memory)"

    def _criterion(self, criterion: Criterion) -> str:
        match criterion:
            case Where():
                return where(self._source, criterion)
            case InSegment():
                return self._segment(criterion.segment)
            case InPopulation():
                return self._population(criterion.population)
            case FlagIs():
                return self._flag_is(criterion)
            case Broken():
                return self._broken(criterion.why)

    def _broken(self, why: str) -> str:
        return f"broken({self._source.constant(why)})"

    def _segment(self, name: str) -> str:
        parts = self._parts
        if name not in parts.state.segments:
            return "False"
        if name in parts.faults.segments:
            return self._broken(parts.faults.segments[name])
        if name not in parts.segments:
            parts.segments[name] = _segment(parts, name)
        return self._call(parts.segments[name])

    def _population(self, name: str) -> str:
        self.needs_unit = True
        population = self._parts.state.populations.get(name)
        if population is None:
            return self._if_known(f"memory.holds({self._source.constant(name)}, {self._unit})")
        ids = population.ids if isinstance(population, IdList) else population
        return self._if_known(f"{self._unit} in {self._source.constant(ids)}")

    def _flag_is(self, wanted: FlagIs) -> str:
        parts = self._parts
        if wanted.flag not in parts.state.flags or wanted.flag in parts.faults.flags:
            return self._broken(f"prerequisite '{wanted.flag}' can't be resolved")
        flag, variants = parts.flag(wanted.flag), frozenset(wanted.variants)
        return f"({self._source.constant(flag)}(context, memory).variant in {self._source.constant(variants)})"

    def claims(self, claims: tuple[Claim, ...]) -> list[str]:
        """Return the sources of shares, all of which must hold."""
        drawn = tuple(claim for claim in claims if not claim.is_whole)
        if not drawn:
            return []
        self.needs_unit = True
        if len(drawn) > _MOST_CLAIMS:
            return [f"claimed({self._source.constant(drawn)}, {self._unit})"]
        return [self._if_known(self._claim(claim)) for claim in drawn]

    def _claim(self, claim: Claim) -> str:
        place, ends = placed(self._source, claim.salt, self._unit, BUCKETS), ends_of(claim.slices)
        bounds = tuple(16 * end for end in ends)
        if len(bounds) == 2:
            return f"{self._source.constant(bounds[0])} <= {place} < {self._source.constant(bounds[1])}"
        return f"bisect_right({self._source.constant(bounds)}, {place}) & 1 == 1"

    def _if_known(self, test: str) -> str:
        return f"({test})" if self._is_known else f"({self._unit} is not None and {test})"


def placed(source: Source, salt: str, unit: str, buckets: int) -> str:
    """Return the source of sixteen times the bucket of a unit, and a rest below sixteen.

    `bucketing` drops the four lowest bits of the hash and takes the remainder: so does the remainder by sixteen
    times as many buckets, whose four lowest bits nobody looks at when the bounds are sixteenfold, too.
    """
    number = "16000000" if buckets == BUCKETS else source.constant(16 * buckets)
    return f"(hash128(f'{{{source.constant(salt + '|')}}}{{{unit}}}') & LOW) % {number}"


def ends_of(slices: tuple[Slice, ...]) -> list[int]:
    """Return where slices begin and end, in turn, and in order; those that touch or overlap are joined.

    Example:
        >>> ends_of((Slice(5, 9), Slice(0, 2), Slice(2, 4), Slice(7, 7)))
        [0, 4, 5, 9]
    """
    ends: list[int] = []
    for part in sorted(part for part in slices if part.start < part.stop):
        if ends and part.start <= ends[-1]:
            ends[-1] = max(ends[-1], part.stop)
        else:
            ends += part.start, part.stop
    return ends


def condition(parts: Parts, expression: Expression) -> Condition:
    """Return an expression as a function of its own."""
    source = Source("unit, context, memory")
    source.line(f"return {Conditions(parts, source, 'unit').expression(expression)}")
    return source.function()


def conjunction(parts: Parts, conditions: Callable[[Conditions], list[str]]) -> Condition:
    """Return a function that says whether all conditions hold."""
    source = Source("unit, context, memory")
    source.line(f"return {' and '.join(conditions(Conditions(parts, source, 'unit'))) or 'True'}")
    return source.function()


def _segment(parts: Parts, name: str) -> Condition:
    segment = parts.state.segments[name]
    return conjunction(parts, lambda made: [made.expression(segment.when), *made.claims(segment.claims)])


def _needed(conditions: list[str]) -> list[str]:
    return [condition for condition in conditions if condition != "True"]
