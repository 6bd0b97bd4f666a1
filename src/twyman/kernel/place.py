"""Where in somebody's files a thing was written, so that an error can point at it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A line in a file.

    Example:
        >>> str(Place("metrics/listening.yaml", 12))
        'metrics/listening.yaml:12'
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a definition was written, and on which line each part of it stands.

    Attributes:
        file: The file, as the user would name it; empty for a thing built in code.
        lines: Line by dotted path of keys (`"measures.seconds"`); `""` is the definition itself.
    """

    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict[str, int])

    def at(self, path: str = "") -> Place | None:
        """Return the place of a part, or of the nearest part around it that has one.

        Example:
            >>> Origin("a.yaml", {"": 3, "window": 7}).at("window.for")
            Place(file='a.yaml', line=7)
        """
        if not self.file:
            return None
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return Place(self.file, self.lines.get(path, 1))
