"""Flags, segments and what stands around them, as each was read by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from twyman.definitions.flag_documents import ClientDocument, FlagDocument, GroupDocument, ImportDocument
from twyman.definitions.flag_set.allocations import LockFile
from twyman.definitions.flag_set.rules import Salted
from twyman.definitions.flag_set.segments import ReadSegment
from twyman.definitions.flag_set.targeting import Reference
from twyman.definitions.subject import Subject
from twyman.flags.flag import Flag
from twyman.kernel.errors import TwymanError


@dataclass(frozen=True, slots=True)
class Unread:
    """A definition that couldn't be read at all: its kind, its name, and why."""

    kind: str
    name: str
    error: TwymanError


@dataclass(frozen=True, slots=True)
class ReadFlag:
    """A flag, and what it leans on."""

    flag: Flag
    document: FlagDocument
    subject: Subject
    references: list[Reference]
    salts: list[Salted]


@dataclass(frozen=True, slots=True)
class Collection:
    """All definitions of flags in a folder, by name, and the lock beside them."""

    lock: LockFile
    unread: tuple[Unread, ...] = ()
    flags: dict[str, ReadFlag] = field(default_factory=dict[str, ReadFlag])
    segments: dict[str, ReadSegment] = field(default_factory=dict[str, ReadSegment])
    groups: dict[str, tuple[GroupDocument, Subject]] = field(default_factory=dict[str, tuple[GroupDocument, Subject]])
    clients: dict[str, tuple[ClientDocument, Subject]] = field(
        default_factory=dict[str, tuple[ClientDocument, Subject]]
    )
    imports: list[tuple[ImportDocument, Subject]] = field(default_factory=list[tuple[ImportDocument, Subject]])

    def declared(self, kind: str, known: Iterable[str]) -> set[str]:
        """Return the names of a kind: the known ones, and those that couldn't be read."""
        return {*known, *(each.name for each in self.unread if each.kind == kind)}

    def errors_of_claims(self) -> Iterator[TwymanError]:
        """Yield what leaves it open who claims what."""
        yield from self.lock.errors
        yield from (each.error for each in self.unread if each.kind in ("segment", "group"))
        for each in self.segments.values():
            yield from each.subject.errors
        for _, subject in self.groups.values():
            yield from subject.errors
