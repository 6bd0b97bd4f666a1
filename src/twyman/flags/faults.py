"""What in a state can't be resolved, found before anybody asks: so that one flag's fault stays its own.

A fault is a circle of references, a name that leads nowhere, or an expression beyond all bounds. The
flag, rule or segment that has it is left out of resolution; everything else works. No expression is
evaluated deeper than `DEEPEST` or wider than `LARGEST`, so that no state can make resolution hang.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from twyman.flags.flag import Flag, Outcome, Rule
from twyman.flags.state import State
from twyman.flags.targeting import All, Broken, Expression, FlagIs, InSegment, Not, Some

DEEPEST = 50
"""Levels of nesting, over all segments and prerequisites that an expression leads to."""
LARGEST = 10_000
"""Criteria of an expression, over all segments and prerequisites that it leads to."""

Node = tuple[str, str]
"""A segment or a flag, by its kind and name."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Why things can't be resolved, by their names.

    Attributes:
        rules: By flag and the rule's place in it.
    """

    segments: dict[str, str] = field(default_factory=dict[str, str])
    flags: dict[str, str] = field(default_factory=dict[str, str])
    rules: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])

    def __bool__(self) -> bool:
        return bool(self.segments or self.flags or self.rules)

    def __iter__(self) -> Iterator[str]:
        """Yield each as a sentence."""
        yield from (f"segment '{name}' is left out: {why}" for name, why in self.segments.items())
        yield from (f"flag '{name}' is left out: {why}" for name, why in self.flags.items())
        yield from (f"rule {place + 1} of flag '{name}' is skipped: {why}" for (name, place), why in self.rules.items())


def walk(expression: Expression | None) -> Iterator[tuple[Expression, int]]:
    """Yield every part of an expression with its depth, itself first, without recursion."""
    waiting: list[tuple[Expression, int]] = [(expression, 1)] if expression is not None else []
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, All | Some):
            waiting += [(inner, depth + 1) for inner in reversed(part.parts)]
        elif isinstance(part, Not):
            waiting.append((part.part, depth + 1))


def faults_of(state: State) -> Faults:
    r"""Find everything in a state that can't be resolved.

    Example:
        >>> from twyman.flags.state import Segment
        >>> loop = State(segments={"a": Segment("a", InSegment("b")), "b": Segment("b", InSegment("a"))})
        >>> print(*faults_of(loop), sep="\n")
        segment 'a' is left out: it is defined by way of itself
        segment 'b' is left out: it is defined by way of itself
    """
    found = Faults()
    order, circular = _order(state)
    for kind, name in circular:
        (found.segments if kind == "segment" else found.flags)[name] = "it is defined by way of itself"
    extents: dict[Node, tuple[int, int]] = {}
    for node in order:
        kind, name = node
        if kind == "segment":
            extents[node] = _of_segment(state, name, extents, found)
        else:
            extents[node] = _of_flag(state, state.flags[name], extents, found)
    return found


def _of_segment(state: State, name: str, extents: dict[Node, tuple[int, int]], found: Faults) -> tuple[int, int]:
    segment = state.segments[name]
    extent = _extent(segment.when, extents)
    why = _beyond(extent) or _unwritable(claim.salt for claim in segment.claims)
    if why:
        found.segments[name] = why
        return 0, 1
    return extent


def _of_flag(state: State, flag: Flag, extents: dict[Node, tuple[int, int]], found: Faults) -> tuple[int, int]:
    if flag.broken:
        found.flags[flag.name] = flag.broken
        return 0, 1
    if len(flag.rules) > LARGEST:
        found.flags[flag.name] = f"it has {len(flag.rules):,} rules: at most {LARGEST:,} are read"
        return 0, 1
    known = {variant.name for variant in flag.variants}
    deepest, total = 0, 1
    for place, rule in enumerate(flag.rules):
        depth, width = _extent(rule.when, extents)
        deeper, wider = extents.get(("segment", rule.segment), (0, 1))
        extent = max(depth, deeper) + 1, width + wider
        why = _beyond(extent) or _of_rule(state, rule, known, found)
        if why:
            found.rules[flag.name, place] = why
            continue
        deepest, total = max(deepest, extent[0]), total + extent[1]
    if total > LARGEST:
        found.flags[flag.name] = f"it holds more than {LARGEST:,} criteria, over its rules and all they lead to"
        return 0, 1
    return deepest, total


def _of_rule(state: State, rule: Rule, known: set[str], found: Faults) -> str:
    if rule.segment and rule.segment not in state.segments:
        return f"segment '{rule.segment}' isn't defined"
    if rule.segment in found.segments:
        return f"its segment '{rule.segment}' is left out"
    for side in rule.split.assigned:
        if side.to is Outcome.VARIANT and side.variant not in known:
            return f"variant '{side.variant}' isn't one of the flag's"
    if rule.split.buckets <= 0:
        return f"its split has {rule.split.buckets} buckets"
    return _unwritable([rule.split.salt, *(claim.salt for claim in rule.claims)])


def _unwritable(salts: Iterable[str]) -> str:
    odd = next((salt for salt in salts if not salt.isascii() and salt != salt.encode(errors="ignore").decode()), None)
    return "" if odd is None else f"its salt {odd!a} holds half a character (a lone surrogate)"


def _beyond(extent: tuple[int, int]) -> str:
    depth, width = extent
    if depth > DEEPEST:
        return f"its criteria are nested deeper than {DEEPEST} levels"
    return f"it leads to more than {LARGEST:,} criteria" if width > LARGEST else ""


def _extent(expression: Expression | None, extents: dict[Node, tuple[int, int]]) -> tuple[int, int]:
    """Return depth and number of the criteria that an expression leads to."""
    deepest = total = 0
    for part, depth in walk(expression):
        below, more = 0, 1
        if isinstance(part, InSegment | FlagIs):
            below, more = extents.get(_node(part), (0, 1))
        deepest, total = max(deepest, depth + below), total + more
        if total > LARGEST:
            break
    return deepest, total


def _node(reference: InSegment | FlagIs) -> Node:
    return ("segment", reference.segment) if isinstance(reference, InSegment) else ("flag", reference.flag)


def _order(state: State) -> tuple[list[Node], list[Node]]:
    """Return segments and flags so that each comes after what it refers to, and those on a circle."""
    needs = _needs(state)
    ahead = _peeled(needs)
    left = {node: {other for other in others if other not in ahead} for node, others in needs.items()}
    for node in ahead:
        del left[node]
    needed_by: dict[Node, set[Node]] = {node: set() for node in left}
    for node, others in left.items():
        for other in others:
            needed_by[other].add(node)
    behind = _peeled(needed_by)
    circular = [node for node in left if node not in behind]
    return [*ahead, *reversed(behind)], circular


def _peeled(needs: dict[Node, set[Node]]) -> dict[Node, None]:
    """Return, in order, the nodes that lead to no circle."""
    waits = {node: len(others) for node, others in needs.items()}
    needed_by: defaultdict[Node, list[Node]] = defaultdict(list)
    for node, others in needs.items():
        for other in others:
            needed_by[other].append(node)
    ready = [node for node, count in waits.items() if not count]
    peeled: dict[Node, None] = {}
    while ready:
        node = ready.pop()
        peeled[node] = None
        for other in needed_by[node]:
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    return peeled


def _needs(state: State) -> dict[Node, set[Node]]:
    """Return what each segment and flag refers to, of those there are."""
    needs: dict[Node, set[Node]] = {}
    for name, segment in state.segments.items():
        needs["segment", name] = _references(segment.when)
    for name, flag in state.flags.items():
        wanted = {("segment", rule.segment) for rule in flag.rules if rule.segment}
        needs["flag", name] = wanted.union(*(_references(rule.when) for rule in flag.rules))
    known = needs.keys()
    return {node: others & known for node, others in needs.items()}


def _references(expression: Expression | None) -> set[Node]:
    return {_node(part) for part, _ in walk(expression) if isinstance(part, InSegment | FlagIs)}


def broken_parts(state: State) -> Iterator[str]:
    """Yield each criterion that couldn't be understood, with where it stands."""
    for name, segment in state.segments.items():
        for part, _ in walk(segment.when):
            if isinstance(part, Broken):
                yield f"segment '{name}': {part.why}"
    for name, flag in state.flags.items():
        for rule in flag.rules:
            for part, _ in walk(rule.when):
                if isinstance(part, Broken):
                    yield f"rule '{rule.name}' of flag '{name}': {part.why}"
