"""Who gets what, for a whole cohort: the answers of `flags.resolve.Interpreter`, rule by rule instead of row by row.

Each rule in turn is tried on the rows that none before it has served. Only those that its segment and targeting hold
are hashed, and only those that its split has a side for are touched after.
"""

from collections.abc import Callable, Sequence

from twyman.cohorts.assignments import Assignments
from twyman.cohorts.cohort import Block, Cohort
from twyman.cohorts.dealing import dealt
from twyman.cohorts.evaluations import evaluation
from twyman.cohorts.matching import Matching
from twyman.cohorts.progress import Progress, Sheet
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.faults import faults_of
from twyman.flags.flag import Flag, Rule
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.resolve import served_default
from twyman.flags.state import State

Known = dict[str, Assignments]
"""Answers of flags to one block, by name."""


class Vectorised:
    """Reads the rules one by one, each for all rows.

    Example:
        >>> import pyarrow as pa
        >>> from twyman.flags.flag import Assigned, Split, Variant
        >>> from twyman.flags.slices import Slice
        >>> halves = Assigned((Slice(0, 500_000),), "off"), Assigned((Slice(500_000, 1_000_000),), "on")
        >>> page = Flag("page", (Variant("off", 0), Variant("on", 1)), (Rule("test", Split(halves, "page-1")),))
        >>> cohort = Cohort.of_table(pa.table({"user": [f"u-{n}" for n in range(1_000)]}), targeting_key="user")
        >>> Vectorised(State({"page": page})).evaluate("page", cohort).counts()
        {'': 0, 'off': 481, 'on': 519}
    """

    def __init__(self, state: State, *, client: str | None = None, environments: tuple[str, ...] = ()) -> None:
        """Read a state, as `flags.resolve.Interpreter` does.

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

    def evaluate(self, flag: str, cohort: Cohort, memory: Memory = NOTHING) -> Assignments:
        """Return what a flag answers to each row."""
        found = self._visible.get(flag)
        if found is None:
            return Assignments.alike(flag, Reason.NOT_FOUND, len(cohort), detail=f"flag '{flag}' isn't there")
        return self._answered(found, cohort.blocks, memory)

    def evaluation(self, answers: Assignments, cohort: Cohort, row: int) -> Evaluation:
        """Return one row's answer as the plain reading gives it, from the answers to its cohort."""
        return evaluation(self._visible.get(answers.flag), answers, cohort, row)

    def _answered(self, flag: Flag, blocks: Sequence[Block], memory: Memory, known: Known | None = None) -> Assignments:
        """Return what a flag answers to some blocks; `known` holds what others have answered to a lone one."""
        rows = sum(map(len, blocks))
        if flag.name in self._faults.flags:
            return Assignments.alike(flag.name, Reason.BROKEN, rows, detail=self._faults.flags[flag.name])
        if flag.archived:
            default = served_default(flag, Reason.ARCHIVED)
            return Assignments.alike(flag.name, Reason.ARCHIVED, rows, variant=default.variant)
        sheet, start = Sheet(flag, rows), 0
        for block in blocks:
            others = self._others(block, memory, {} if known is None else known)
            matching = Matching(self._state, self._faults, block, memory, others)
            self._fill(flag, Progress(sheet, slice(start, start + len(block))), matching, memory)
            start += len(block)
        return sheet.answers()

    def _fill(self, flag: Flag, progress: Progress, matching: Matching, memory: Memory) -> None:
        for place, rule in enumerate(flag.rules):
            if not progress.open.any():
                break
            if (flag.name, place) not in self._faults.rules and self._is_on(rule):
                self._tried(progress, place, rule, matching, memory)

    def _others(self, block: Block, memory: Memory, known: Known) -> Callable[[Flag], Assignments]:
        """Return what tells another flag's answers to a block, each found once."""

        def answers(other: Flag) -> Assignments:
            if other.name not in known:
                known[other.name] = self._answered(other, [block], memory, known)
            return known[other.name]

        return answers

    def _tried(self, progress: Progress, place: int, rule: Rule, matching: Matching, memory: Memory) -> None:
        units = matching.block.units(rule.by)
        if units.errors is not None and (rule.by or not rule.split.is_whole):
            progress.fail(progress.open & units.errors, place)
        among = units.known_among(progress.open) if rule.by else progress.open
        progress.assign(place, rule, units, dealt(rule, units, among, matching, memory))

    def _is_on(self, rule: Rule) -> bool:
        return rule.enabled and (not rule.environments or not self._environments.isdisjoint(rule.environments))
