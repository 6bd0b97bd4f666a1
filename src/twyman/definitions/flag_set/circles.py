"""Flags and segments that are defined by way of themselves, and the way there."""

from collections.abc import Iterator, Mapping, Sequence

from twyman.definitions.flag_set.targeting import Reference

Node = tuple[str, str]
"""A flag or a segment, by its kind and name."""


def circles(references: Mapping[Node, Sequence[Reference]]) -> Iterator[tuple[Node, str, str]]:
    """Yield each definition that leads back to itself: with the path where the way begins, and the shortest way.

    Example:
        >>> way = {("flag", "a"): [Reference("b", "x", ("on",))], ("flag", "b"): [Reference("a", "y", ("on",))]}
        >>> [*circles(way)]
        [(('flag', 'a'), 'x', 'a → b → a'), (('flag', 'b'), 'y', 'b → a → b')]
    """
    leads = {node: [(_node(each), each.path) for each in named] for node, named in references.items()}
    for node in _on_circles({node: {other for other, _ in named} for node, named in leads.items()}):
        before: dict[Node, Node] = {}
        first: dict[Node, str] = {}
        waiting = [node]
        for at in waiting:
            for other, path in leads.get(at, ()):
                if other not in before:
                    before[other] = at
                    first[other] = path if at == node else first[at]
                    waiting.append(other)
        if node in before:
            yield node, first[node], " → ".join(_way(node, before))


def _node(reference: Reference) -> Node:
    return ("flag" if reference.variants else "segment", reference.name)


def _on_circles(needs: Mapping[Node, set[Node]]) -> list[Node]:
    """Return, in order, the nodes that lead into a circle: the others fall away, leaf by leaf."""
    waits = {node: len(others & needs.keys()) for node, others in needs.items()}
    needed_by: dict[Node, list[Node]] = {node: [] for node in needs}
    for node, others in needs.items():
        for other in others & needs.keys():
            needed_by[other].append(node)
    leaves = [node for node, count in waits.items() if not count]
    for leaf in leaves:
        for node in needed_by[leaf]:
            waits[node] -= 1
            if not waits[node]:
                leaves.append(node)
    return [node for node, count in waits.items() if count]


def _way(node: Node, before: Mapping[Node, Node]) -> list[str]:
    way = [node]
    while len(way) < 2 or way[-1] != node:
        way.append(before[way[-1]])
    kinds = {kind for kind, _ in way}
    return [name if len(kinds) == 1 else f"{kind} {name}" for kind, name in reversed(way)]
