"""A look book in memory, append-only like the real one."""

from dataclasses import dataclass, field

from twyman.app.ports import Look
from twyman.kernel.errors import Conflict


@dataclass
class FakeLookBook:
    """Keeps looks in a list; or none, where its place can't be written."""

    writable: bool = True
    kept: list[Look] = field(default_factory=list[Look])

    def looks(self, experiment: str) -> tuple[Look, ...]:
        return tuple(
            sorted((look for look in self.kept if look.experiment == experiment), key=lambda look: look.number)
        )

    def keep(self, look: Look) -> bool:
        if any(other.number == look.number and other.experiment == look.experiment for other in self.kept):
            raise Conflict(f"look {look.number} is kept already")
        if self.writable:
            self.kept.append(look)
        return self.writable
