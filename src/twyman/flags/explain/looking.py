"""Why a unit gets what it gets: every rule of a flag with all that was looked at, and what each look found.

What is served is the `Interpreter`'s answer. Unlike it, an explanation looks at everything: also at the rules
after the one that served, and at the criteria after the one that settled the matter, marked as not reached.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from twyman.flags.bucketing import BUCKETS, bucket_of
from twyman.flags.context import TARGETING_KEY, Context, NoUnit, attribute, unit_of
from twyman.flags.criteria.criterion import BrokenCriterion, holds
from twyman.flags.evaluation import Reason
from twyman.flags.explain.explanation import Draw, Explanation, Look, Trial, Verdict
from twyman.flags.explain.phrase import listed, shown, words_of
from twyman.flags.faults import Faults, faults_of
from twyman.flags.flag import Assigned, Flag, Outcome, Rule
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.resolve import Interpreter, claimed, dealt, kept_side
from twyman.flags.slices import Claim
from twyman.flags.state import Segment, State
from twyman.flags.targeting import All, Broken, Criterion, Expression, FlagIs, InPopulation, InSegment, Not, Some, Where

MOST_SLICES = 8
"""Slices of a share that are listed: an imported one may have a hundred thousand."""

_SETTLED = (Verdict.SERVED, Verdict.UNIT_ERROR)


def explain(
    state: State,
    flag: str,
    context: Context,
    *,
    client: str | None = None,
    environments: tuple[str, ...] = (),
    memory: Memory = NOTHING,
) -> Explanation:
    """Explain what a flag answers in a context; never raises, whatever the context holds.

    Args:
        state: Flags and what they need.
        flag: The flag's name.
        context: Attributes, and the unit's id.
        client: Who asks; `None` sees every flag.
        environments: Where it asks from.
        memory: What is kept for units.

    Example:
        >>> from twyman.flags.flag import Split, Variant
        >>> from twyman.flags.slices import Slice
        >>> from twyman.flags.targeting import In
        >>> split = Split((Assigned((Slice(0, 1_000_000),), "on"),))
        >>> rule = Rule("kiwis", split, when=Where("country", In(("NZ",))))
        >>> state = State({"page": Flag("page", (Variant("on", True),), (rule,))})
        >>> print(explain(state, "page", {"targeting_key": "u-1", "country": "SE"}))
        page serves the caller's own default, as no rule does
          1. kiwis: no match
             no     country is one of 'NZ' (it is 'SE')
    """
    evaluation = Interpreter(state, client=client, environments=environments).evaluate(flag, context, memory)
    if evaluation.reason not in (Reason.MATCH, Reason.NO_MATCH, Reason.UNIT_ERROR):
        return Explanation(flag, evaluation)
    tried = _Explainer(state, context, environments, memory).trials(state.flags[flag])
    return Explanation(flag, evaluation, tuple(tried))


class _Explainer:
    """Looks at rules, criteria and shares for one context."""

    def __init__(self, state: State, context: Context, environments: tuple[str, ...], memory: Memory) -> None:
        self._state = state
        self._faults: Faults = faults_of(state)
        self._context = context
        self._environments = environments
        self._memory = memory
        self._prerequisites = Interpreter(state, environments=environments)

    def trials(self, flag: Flag) -> Iterator[Trial]:
        """Try every rule of a flag."""
        reached = True
        for place, rule in enumerate(flag.rules):
            trial = self._trial(rule, self._faults.rules.get((flag.name, place), ""))
            yield trial if reached else replace(trial, reached=False)
            reached = reached and trial.verdict not in _SETTLED

    def _trial(self, rule: Rule, fault: str) -> Trial:
        if fault:
            return Trial(rule.name, Verdict.FAULT, why=fault)
        if not rule.enabled:
            return Trial(rule.name, Verdict.DISABLED)
        if rule.environments and set(rule.environments).isdisjoint(self._environments):
            return Trial(rule.name, Verdict.ENVIRONMENT, why=f"it works in {listed(rule.environments)}")
        try:
            unit = unit_of(self._context, rule.by)
        except NoUnit as error:
            if rule.by or not rule.split.is_whole:
                return Trial(rule.name, Verdict.UNIT_ERROR, why=str(error))
            unit = None
        if unit is None and (rule.by or (rule.sticky and rule.sticky.reads)):
            return _without_unit(rule)
        trial = self._kept(rule, unit) if unit is not None else None
        return trial or self._matched(rule, unit)

    def _kept(self, rule: Rule, unit: str) -> Trial | None:
        """Try what is kept for the unit; `None` where that doesn't settle the matter."""
        sticky = rule.sticky
        if not sticky or not sticky.reads:
            return None
        variant = self._memory.variant(sticky.reads, unit, rule.name)
        if variant is None:
            why = f"nothing is kept in '{sticky.reads}', and it takes nobody in"
            return Trial(rule.name, Verdict.PAUSED, unit=unit, why=why) if sticky.paused else None
        looks = () if sticky.ignores_targeting else self._targeting(rule, unit)
        held = _combined(looks, settled_by=False)
        if held is None:
            return Trial(rule.name, Verdict.BROKEN, unit=unit, looks=looks)
        if not held:
            return None
        side = kept_side(rule, variant, unit)
        if side is None:
            return self._dealt(rule, unit, looks)
        return Trial(rule.name, Verdict.SERVED, unit=unit, variant=side.variant, kept=True, looks=looks)

    def _matched(self, rule: Rule, unit: str | None) -> Trial:
        asked: list[Callable[[], Look]] = []
        if rule.segment:
            asked.append(lambda: self._segment(rule.segment, unit))
        if rule.when is not None:
            when = rule.when
            asked.append(lambda: self._look(when, unit))
        asked += [_share_of(claim, unit) for claim in rule.claims]
        looks = _in_order((ask() for ask in asked), settled_by=False)
        held = _combined(looks, settled_by=False)
        if held:
            return self._dealt(rule, unit, looks)
        verdict = Verdict.BROKEN if held is None else Verdict.NO_MATCH
        return Trial(rule.name, verdict, unit=unit or "", looks=looks)

    def _dealt(self, rule: Rule, unit: str | None, looks: tuple[Look, ...]) -> Trial:
        side, split = dealt(rule, unit), _split(rule, unit)
        if side is None and unit is None:
            return replace(_without_unit(rule), looks=looks)
        if side is None:
            why = "no side of its split takes the unit's bucket"
            return Trial(rule.name, Verdict.NO_SIDE, unit=unit or "", why=why, looks=looks, split=split)
        verdict = Verdict.NOTED if side.to is Outcome.FALLTHROUGH else Verdict.SERVED
        split = split and replace(split, **_slices_of(side))
        return Trial(rule.name, verdict, unit=unit or "", variant=side.variant, looks=looks, split=split)

    def _targeting(self, rule: Rule, unit: str) -> tuple[Look, ...]:
        """Look at the targeting alone, whatever the shares say."""
        segment = self._state.segments[rule.segment].when if rule.segment else None
        parts = [part for part in (segment, rule.when) if part is not None]
        return _in_order((self._look(part, unit) for part in parts), settled_by=False)

    def _look(self, expression: Expression, unit: str | None) -> Look:
        match expression:
            case All() | Some():
                settled_by = isinstance(expression, Some)
                parts = _in_order((self._look(part, unit) for part in expression.parts), settled_by=settled_by)
                asked = "some of" if settled_by else "all of"
                return Look(asked, _combined(parts, settled_by=settled_by), parts=parts)
            case Not():
                part = self._look(expression.part, unit)
                return Look("not", None if part.holds is None else not part.holds, parts=(part,))
            case _:
                return self._criterion(expression, unit)

    def _criterion(self, criterion: Criterion, unit: str | None) -> Look:
        match criterion:
            case Where():
                return self._where(criterion)
            case InSegment():
                return self._segment(criterion.segment, unit)
            case InPopulation():
                return self._population(criterion.population, unit)
            case FlagIs():
                return self._flag(criterion)
            case Broken():
                return Look("a criterion that can't be understood", None, why=criterion.why)

    def _where(self, criterion: Where) -> Look:
        value = attribute(self._context, criterion.attribute)
        asked = f"{criterion.attribute} {words_of(criterion.test)}"
        try:
            return Look(asked, holds(criterion.test, value), shown(value))
        except BrokenCriterion as error:
            return Look(asked, None, shown(value), why=str(error))

    def _segment(self, name: str, unit: str | None) -> Look:
        segment, asked = self._state.segments.get(name), f"in segment {name}"
        if segment is None:
            return Look(asked, holds=False, why="there is no such segment")
        if name in self._faults.segments:
            return Look(asked, None, why=self._faults.segments[name])
        parts = _in_order(self._parts(segment, unit), settled_by=False)
        return Look(asked, _combined(parts, settled_by=False), parts=parts)

    def _parts(self, segment: Segment, unit: str | None) -> Iterator[Look]:
        if segment.when is not None:
            yield self._look(segment.when, unit)
        yield from (_share(claim, unit) for claim in segment.claims)

    def _population(self, name: str, unit: str | None) -> Look:
        asked, population = f"in population {name}", self._state.populations.get(name)
        if unit is None:
            return Look(asked, holds=False, why="no unit is known")
        if population is None:
            return Look(asked, self._memory.holds(name, unit), why="by what is kept")
        return Look(asked, unit in population)

    def _flag(self, wanted: FlagIs) -> Look:
        asked = f"flag {wanted.flag} serves one of {listed(wanted.variants)}"
        if wanted.flag not in self._state.flags or wanted.flag in self._faults.flags:
            return Look(asked, None, why=f"prerequisite '{wanted.flag}' can't be resolved")
        variant = self._prerequisites.evaluate(wanted.flag, self._context, self._memory).variant
        return Look(asked, variant in wanted.variants, shown(variant))


def _without_unit(rule: Rule) -> Trial:
    return Trial(rule.name, Verdict.NO_UNIT, why=f"'{rule.by or TARGETING_KEY}' isn't in the context")


def _in_order(looks: Iterable[Look], *, settled_by: bool) -> tuple[Look, ...]:
    """Mark what stands after the look that settles the matter, by its answer or by being broken."""
    marked: list[Look] = []
    settled = False
    for look in looks:
        marked.append(replace(look, reached=False) if settled else look)
        settled = settled or look.holds is None or look.holds is settled_by
    return tuple(marked)


def _combined(looks: Sequence[Look], *, settled_by: bool) -> bool | None:
    last = next((look for look in looks if look.holds is None or look.holds is settled_by), None)
    return last.holds if last else not settled_by


def _share_of(claim: Claim, unit: str | None) -> Callable[[], Look]:
    return lambda: _share(claim, unit)


def _share(claim: Claim, unit: str | None) -> Look:
    bucket = None if claim.is_whole or unit is None else bucket_of(unit, salt=claim.salt)
    shown_slices, more = claim.slices[:MOST_SLICES], max(0, len(claim.slices) - MOST_SLICES)
    draw = Draw(claim.salt, BUCKETS, bucket, shown_slices, more, claim.group)
    return Look("in the share", claimed((claim,), unit), draw=draw)


def _split(rule: Rule, unit: str | None) -> Draw | None:
    """Return the draw of a split; `None` where one side takes everybody, or nobody is known."""
    split = rule.split
    if split.is_whole or unit is None:
        return None
    return Draw(split.salt, split.buckets, bucket_of(unit, salt=split.salt, buckets=split.buckets))


def _slices_of(side: Assigned) -> dict[str, object]:
    return {"slices": side.slices[:MOST_SLICES], "more": max(0, len(side.slices) - MOST_SLICES)}
