"""A whole flag, as one function: its rules one after another, each a block that is left where it doesn't serve."""

from twyman.flags.compiled.attributes import read
from twyman.flags.compiled.conditions import Conditions, Parts, Resolve, conjunction, placed
from twyman.flags.compiled.dealing import runs
from twyman.flags.compiled.source import Source
from twyman.flags.context import LONGEST_UNIT, TARGETING_KEY
from twyman.flags.evaluation import Assignment, Evaluation, Reason
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Sticky
from twyman.flags.resolve import assignment, served, served_default

Answer = Evaluation | tuple[Assignment] | None
"""What a side of a split leads to: an answer; for a fallthrough, what is noted; `None` for nobody's buckets."""

MOST_RULES = 500
"""Rules of a flag that are compiled: one with more is read plainly, in no more time for each."""


def live(flag: Flag, parts: Parts) -> list[Rule]:
    """Return a flag's rules that can serve here."""
    return [
        rule
        for place, rule in enumerate(flag.rules)
        if (flag.name, place) not in parts.faults.rules
        and rule.enabled
        and (not rule.environments or not parts.environments.isdisjoint(rule.environments))
    ]


def compiled(flag: Flag, parts: Parts) -> Resolve:
    """Return a flag as a function of context and memory."""
    if flag.name in parts.faults.flags:
        return _always(Evaluation(flag.name, Reason.BROKEN, detail=parts.faults.flags[flag.name]))
    if flag.archived:
        return _always(served_default(flag, Reason.ARCHIVED))
    return _Writer(flag, parts).function()


def _always(answer: Evaluation) -> Resolve:
    source = Source("context, memory")
    source.line(f"return {source.constant(answer)}")
    return source.function()


class _Writer:
    """Writes a flag's rules.

    A unit is read once for each path. A rule that serves everybody takes an id that is no id for none (`t…`);
    to all others it is an error that ends the matter (`u…`).
    """

    def __init__(self, flag: Flag, parts: Parts) -> None:
        self._flag, self._parts = flag, parts
        self._source = Source("context, memory")
        self._units: dict[tuple[str, str], str] = {}
        self._has_noted = False

    def function(self) -> Resolve:
        """Return the flag's function."""
        rules = live(self._flag, self._parts)
        if any(_notes(rule) for rule in rules):
            self._source.line("noted = keep = ()")
        for rule in rules:
            self._source.line("while True:")
            self._rule(rule)
            self._has_noted |= _notes(rule)
        self._answer(served_default(self._flag, Reason.NO_MATCH), 0)
        return self._source.function()

    def _rule(self, rule: Rule) -> None:
        is_strict = bool(rule.by) or not rule.split.is_whole
        key = "u" if is_strict else "t", rule.by
        unit = self._units.get(key, f"{key[0]}{len(self._units)}")
        conditions = Conditions(self._parts, self._source, unit, unit_is_known=is_strict)
        needed = [] if rule.sticky else conditions.of_rule(rule)
        if is_strict or rule.sticky or conditions.needs_unit:
            if key not in self._units:
                self._units[key] = unit
                self._read_unit(unit, rule.by, is_strict=is_strict)
            if is_strict:
                self._source.line(f"if {unit} is None: break", 1)
        if rule.sticky:
            self._sticky(rule, rule.sticky, unit)
            return
        if needed:
            self._unless_broken(f"if not ({' and '.join(needed)}): break")
        self._deal(rule, unit)

    def _read_unit(self, unit: str, by: str, *, is_strict: bool) -> None:
        source, path = self._source, by or TARGETING_KEY
        source.line(f"{unit} = {read(source, path)}", 1)
        source.line(f"if type({unit}) is not str or len({unit}) > {LONGEST_UNIT} or not {unit}.isascii():", 1)
        source.line(f"try: {unit} = unit_of(context, {source.constant(path)})", 2)
        if is_strict:
            source.line(f"except NoUnit as error: return failed({source.constant(self._flag.name)}, error)", 2)
        else:
            source.line(f"except NoUnit: {unit} = None", 2)

    def _unless_broken(self, line: str) -> None:
        self._source.line("try:", 1)
        self._source.line(line, 2)
        self._source.line("except BrokenCriterion: break", 1)

    def _deal(self, rule: Rule, unit: str) -> None:
        """Write which side of the rule's split the unit's bucket belongs to, and what that leads to."""
        split = rule.split
        found = [(0, 0)] if split.is_whole else runs(split)
        answers = [None if side is None else _of_side(self._flag, rule, split.assigned[side]) for _, side in found]
        if len(found) == 1:
            self._answer(answers[0], 1)
            return
        place = placed(self._source, split.salt, unit, split.buckets)
        bounds = [16 * start for start, _ in found[1:]]
        if len(found) == 2:
            self._source.line(f"if {place} < {self._source.constant(bounds[0])}:", 1)
            self._answer(answers[0], 2)
            self._answer(answers[1], 1)
            return
        bounds, sides = self._source.constant(tuple(bounds)), self._source.constant(tuple(answers))
        self._source.line(f"side = {sides}[bisect_right({bounds}, {place})]", 1)
        self._source.line("if side is None: break", 1)
        if _notes(rule):
            self._source.line("if type(side) is tuple:", 1)
            self._source.line("noted += side", 2)
            self._source.line("break", 2)
        self._return("side", 1)

    def _answer(self, answer: Answer, indent: int) -> None:
        if isinstance(answer, Evaluation):
            self._return(self._source.constant(answer), indent)
            return
        if answer is not None:
            self._source.line(f"noted += {self._source.constant(answer)}", indent)
        self._source.line("break", indent)

    def _return(self, answer: str, indent: int) -> None:
        noted = f" if not noted else after({answer}, noted, keep)" if self._has_noted else ""
        self._source.line(f"return {answer}{noted}", indent)

    def _sticky(self, rule: Rule, sticky: Sticky, unit: str) -> None:
        """Write a rule that remembers: its answers are made when they are asked for."""
        source, this = self._source, self._source.constant(rule)
        conditions = (
            conjunction(self._parts, lambda made: made.of_targeting(rule)),
            conjunction(self._parts, lambda made: made.of_rule(rule)),
        )
        found = f"side, is_kept = sticky_side({this}, {source.constant(conditions)}, {unit}, context, memory)"
        self._unless_broken(found)
        source.line("if side is None: break", 1)
        source.line(f"noted += (assignment({this}, side),)", 1)
        if sticky.writes:
            kept = f"Kept({source.constant(sticky.writes)}, {unit}, {source.constant(rule.name)}, side.variant)"
            source.line(f"if not is_kept and {unit} is not None: keep += ({kept},)", 1)
        flag = source.constant(self._flag)
        source.line(f"if side.to is not FALLTHROUGH: return served({flag}, {this}, side, noted, keep)", 1)
        source.line("break", 1)


def _notes(rule: Rule) -> bool:
    """Whether a rule may note something and go on, or keep something."""
    return rule.sticky is not None or any(side.to is Outcome.FALLTHROUGH for side in rule.split.assigned)


def _of_side(flag: Flag, rule: Rule, side: Assigned) -> Answer:
    made = assignment(rule, side)
    return (made,) if side.to is Outcome.FALLTHROUGH else served(flag, rule, side, (made,))
