"""A definition as it was written: scalars, lists and mappings, each with its line.

Nothing is decided here: a scalar keeps its text beside the value that YAML gives it, so that `5.20`
can still be told from `5.2` where a version was meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

Plain: TypeAlias = "bool | int | float | str | None"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, truth, or nothing; `text` is what stands in the file."""

    value: Plain
    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: "tuple[Node, ...]"
    line: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping, where it stands, and what it holds."""

    key: str
    line: int
    node: "Node"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping, in the order written; no key stands twice."""

    entries: tuple[Entry, ...]
    line: int = 0

    def get(self, key: str) -> "Node | None":
        """Return what a key holds; `None` where there is no such key."""
        return next((entry.node for entry in self.entries if entry.key == key), None)

    def text(self, key: str) -> str:
        """Return a key's text; empty where it has none."""
        node = self.get(key)
        return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""


Node = Scalar | Listing | Mapped


def lines(node: Node, path: str = "") -> Iterator[tuple[str, int]]:
    """Yield the line of each part of a node, by dotted path of keys (items by number)."""
    match node:
        case Mapped(entries):
            for entry in entries:
                below = f"{path}.{entry.key}" if path else entry.key
                yield below, entry.line
                yield from lines(entry.node, below)
        case Listing(items):
            for number, item in enumerate(items):
                yield f"{path}.{number}", item.line
                yield from lines(item, f"{path}.{number}")
        case Scalar():
            return
