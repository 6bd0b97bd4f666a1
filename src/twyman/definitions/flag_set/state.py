"""All flags of a project as one state, made of definitions that were each read by themselves.

What is wrong is noted with its own definition. A flag with an error becomes a broken one that says why, a
segment with an error one that nobody can be told to be in, and everything else works.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import UNSET

from twyman.definitions.documents import Parsed
from twyman.definitions.flag_documents import (
    ClientDocument,
    FlagDocument,
    GroupDocument,
    IdsDocument,
    ImportDocument,
    SegmentDocument,
)
from twyman.definitions.flag_set.checks import Checks
from twyman.definitions.flag_set.claims import Claims
from twyman.definitions.flag_set.clients import client
from twyman.definitions.flag_set.collection import Collection, ReadFlag
from twyman.definitions.flag_set.imports import imported
from twyman.definitions.flag_set.rules import Rules, never_reached
from twyman.definitions.flag_set.segments import segment
from twyman.definitions.flag_set.values import Types, variants
from twyman.definitions.node import Listing, Mapped
from twyman.definitions.subject import Subject
from twyman.flags.allocation import Wanted
from twyman.flags.document import versioned
from twyman.flags.flag import Flag, Rule
from twyman.flags.state import Segment, State
from twyman.flags.targeting import Broken
from twyman.kernel.errors import TwymanError, nearest
from twyman.kernel.place import Origin

KINDS = ("flag", "segment", "group", "client", "import")


@dataclass(frozen=True, slots=True)
class FlagReading:
    """Flags as far as they could be read.

    Attributes:
        state: What resolves.
        flags: Flags without an error, by name.
        sealed: Those of which others see no more than that they conflict.
        owners: Who answers for each, as far as it is said.
        origins: Where each stands.
        wanted: What claims ask for.
        in_the_way: Errors that leave it open who claims what, so that nothing can be allocated.
        lock_errors: What `twyman flags allocate` mends, and why the lock can't be read.
        files: Files beside the definitions that were read, from the project's folder.
    """

    state: State = field(default_factory=State)
    flags: Mapping[str, Flag] = field(default_factory=dict[str, Flag])
    sealed: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict[str, str])
    origins: Mapping[str, Origin] = field(default_factory=dict[str, Origin])
    wanted: Wanted = field(default_factory=Wanted)
    in_the_way: tuple[TwymanError, ...] = ()
    lock_errors: tuple[TwymanError, ...] = ()
    files: tuple[str, ...] = ()


def read_flags(parsed: Iterable[Parsed], held: Collection, *, root: Path, zone: str) -> FlagReading:
    """Read the definitions of flags among some documents, and hold them together.

    Args:
        parsed: Documents of any kind.
        held: Where they are collected: so far the lock, and what couldn't be read.
        root: Folder from which files of ids, and states to import, are named.
        zone: Zone in which dates and zoneless times are read.
    """
    files: list[str] = []
    for each in parsed:
        match each.document:
            case FlagDocument():
                held.flags[each.document.name] = _flag(each.document, each.written.node, each.subject, zone)
            case SegmentDocument():
                held.segments[each.document.name] = segment(
                    each.document, each.written.node, each.subject, root=root, zone=zone
                )
                files += [each.document.units.file] if isinstance(each.document.units, IdsDocument) else []
            case GroupDocument():
                held.groups[each.document.name] = each.document, each.subject
            case ClientDocument():
                held.clients[each.document.name] = each.document, each.subject
            case ImportDocument():
                held.imports.append((each.document, each.subject))
                files.append(each.document.state)
            case _:
                pass
    return _reading(held, root, tuple(files))


def _reading(held: Collection, root: Path, files: tuple[str, ...]) -> FlagReading:
    claims = Claims(held)
    wanted = claims.wanted()
    state = State({}, {}, {}, {})
    for name, (document, subject) in held.clients.items():
        state.clients[name] = client(document, subject)
    claims.put_segments(state)
    claims.put_holdbacks(state)
    for name, each in held.flags.items():
        state.flags[name] = each.flag
    for document, subject in held.imports:
        _put_import(document, subject, state, root)
    Checks(held, state).run()
    _break(held, state)
    sound = {name: each.flag for name, each in held.flags.items() if not state.flags[name].broken}
    lock_errors = (*held.lock.errors, *claims.stale)
    return FlagReading(
        state=versioned(state),
        flags=sound,
        sealed=frozenset(name for name, each in held.flags.items() if each.document.sealed),
        owners={name: each.document.owner for name, each in held.flags.items() if each.document.owner},
        origins={name: each.subject.origin for name, each in held.flags.items()},
        wanted=wanted,
        in_the_way=tuple(held.errors_of_claims()),
        lock_errors=lock_errors,
        files=files,
    )


def _flag(document: FlagDocument, node: Mapped, subject: Subject, zone: str) -> ReadFlag:
    types, values = node.get("schema"), node.get("variants")
    schema = Types(subject).read(types, "schema") if types is not None else None
    schema = None if subject.errors else schema
    made = variants(values, schema, subject) if isinstance(values, Mapped) else ()
    names = tuple(each.name for each in made)
    if document.default is not None and document.default not in names:
        subject.refuse(
            "default", f"default '{document.default}' isn't one of its variants: {nearest(document.default, names)}"
        )
    reader = Rules(subject, document.name, names, zone)
    rules = tuple(_rules(document, node, reader))
    for place, before in never_reached(rules):
        subject.remark(
            f"rules.{place}",
            f"rule '{rules[place].name}' is never reached, since '{before.name}' before it serves every unit: "
            "move it up, or delete it",
        )
    clients = UNSET if document.clients is None else tuple(document.clients)
    flag = Flag(document.name, made, rules, document.default or "", schema, clients, document.archived)
    return ReadFlag(flag, document, subject, reader.references, reader.salts)


def _rules(document: FlagDocument, node: Mapped, reader: Rules) -> Iterator[Rule]:
    listed = node.get("rules")
    nodes = listed.items if isinstance(listed, Listing) else ()
    known: set[str] = set()
    for place, (each, below) in enumerate(zip(document.rules or (), nodes, strict=True)):
        if each.name in known:
            reader.subject.refuse(
                f"rules.{place}.name", f"rule '{each.name}' stands twice in its flag: rename one of the two"
            )
        known.add(each.name)
        yield reader.read(each, below, f"rules.{place}")


def _put_import(document: ImportDocument, subject: Subject, state: State, root: Path) -> None:
    """Put an imported state into ours; where both have a name, ours stands, and the import is refused."""
    found = imported(document, root, subject)
    for kind, ours, theirs in (
        ("flag", state.flags, found.flags),
        ("segment", state.segments, found.segments),
        ("list of units", state.populations, found.populations),
        ("client", state.clients, found.clients),
    ):
        for name, each in theirs.items():
            if name in ours:
                subject.refuse("state", f"{kind} '{name}' is there already, and a name means one thing: rename ours")
            else:
                ours[name] = each  # pyright: ignore[reportArgumentType] - both are of one kind


def _break(held: Collection, state: State) -> None:
    """Put what has an error into the state as broken."""
    for name, each in held.flags.items():
        if each.subject.errors:
            state.flags[name] = Flag(name, (), clients=each.flag.clients, broken=str(each.subject.errors[0]))
    for name, each in held.segments.items():
        if each.subject.errors:
            state.segments[name] = Segment(name, Broken(str(each.subject.errors[0])))
    for each in held.unread:
        if each.kind == "flag":
            state.flags[each.name] = Flag(each.name, (), broken=str(each.error))
        elif each.kind == "segment":
            state.segments[each.name] = Segment(each.name, Broken(str(each.error)))
