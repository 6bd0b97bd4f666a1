"""`allocations.lock` as text: what each claim holds, in a file that people can read and compare."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from msgspec import Struct

from twyman.definitions.node import Mapped, lines
from twyman.definitions.reading import document
from twyman.definitions.subject import Subject
from twyman.definitions.words import Name, Salt
from twyman.definitions.yaml_text import yaml_documents
from twyman.flags.allocation import Group, Lock, Slices, percent
from twyman.flags.bucketing import BUCKETS
from twyman.flags.slices import Slice, size
from twyman.kernel.errors import TwymanError, Unavailable
from twyman.kernel.place import Origin

LOCK_FILE = "allocations.lock"
"""Beside the project's file: the slices that claims hold."""

_HEADER = """\
# Written by `twyman flags allocate`: commit it, and don't edit it.
# Slices are buckets of 1,000,000, from the first up to and without the second, in the order in which they were given.
"""
_CURE = "take the file from version control, or write it again by twyman flags allocate"


class LockedGroupDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """What has been given out of a group.

    Attributes:
        salt: The salt of its draw.
        holdback: Slices that no claim ever gets.
        claims: Slices by claim.
        retired: What claims that are gone held in the end.
    """

    salt: Salt
    holdback: list[list[int]] | None = None
    claims: dict[Name, list[list[int]]] | None = None
    retired: dict[Name, list[list[int]]] | None = None


class LockDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """All that has been given out.

    Attributes:
        format: Version of the file's shape.
        groups: What has been given out, by group.
        draws: Salt of each allocation outside any group, by its segment.
        retired: Salts that were in use once, and never will be again.
    """

    format: Literal[1]
    groups: dict[Name, LockedGroupDocument] | None = None
    draws: dict[Name, Salt] | None = None
    retired: list[Salt] | None = None


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock as it stands on the disk.

    Attributes:
        errors: Why it can't be read; what it holds isn't known then.
    """

    path: Path
    lock: Lock = field(default_factory=Lock)
    errors: tuple[TwymanError, ...] = ()
    origin: Origin = field(default_factory=Origin)


def read_lock(path: Path, shown: str) -> LockFile:
    """Read a lock; where there is none, nothing has been given out."""
    subject = Subject(LOCK_FILE, Origin(shown, {"": 1}))
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return LockFile(path)
    except OSError as error:
        subject.refuse("", f"it can't be read ({error.strerror}): check its permissions")
        return LockFile(path, errors=tuple(subject.errors))
    try:
        lock, origin = _lock(data, shown, subject)
    except TwymanError as error:
        subject.adopt("", error)
        return LockFile(path, errors=tuple(subject.errors))
    return LockFile(path, lock, tuple(subject.errors), origin)


def _lock(data: bytes, shown: str, subject: Subject) -> tuple[Lock, Origin]:
    nodes = [*yaml_documents(data, shown)]
    if len(nodes) != 1 or not isinstance(nodes[0], Mapped):
        subject.refuse("", f"it isn't one mapping: {_CURE}")
        return Lock(), subject.origin
    subject.origin = Origin(shown, {"": 1, **dict(lines(nodes[0]))})
    read = document(nodes[0], LockDocument, subject)
    if read is None:
        return Lock(), subject.origin
    groups = {name: _group(name, each, subject) for name, each in (read.groups or {}).items()}
    return Lock(groups, read.draws or {}, tuple(read.retired or ())), subject.origin


def _group(name: str, written: LockedGroupDocument, subject: Subject) -> Group:
    path = f"groups.{name}"
    made = Group(
        written.salt,
        _slices(written.holdback or [], f"{path}.holdback", subject),
        {claim: _slices(each, f"{path}.claims.{claim}", subject) for claim, each in (written.claims or {}).items()},
        {claim: _slices(each, f"{path}.retired.{claim}", subject) for claim, each in (written.retired or {}).items()},
    )
    held = {"holdback": made.holdback, **{f"claims.{claim}": each for claim, each in made.claims.items()}}
    taken = sorted((part, owner) for owner, parts in held.items() for part in parts)
    for (before, _), (after, owner) in pairwise(taken):
        if before.stop > after.start:
            subject.refuse(f"{path}.{owner}", f"bucket {after.start} of group '{name}' is given out twice: {_CURE}")
    return made


def _slices(written: list[list[int]], path: str, subject: Subject) -> Slices:
    made: list[Slice] = []
    for place, each in enumerate(written):
        if len(each) == 2 and 0 <= each[0] < each[1] <= BUCKETS:
            made.append(Slice(*each))
        else:
            subject.refuse(f"{path}.{place}", f"{each} isn't a slice of {BUCKETS:,} buckets: {_CURE}")
    return tuple(made)


def lock_text(lock: Lock) -> str:
    """Write a lock, so that a change of one claim is a change of one line.

    Example:
        >>> print(lock_text(Lock({"page": Group("page", (), {"nz": (Slice(0, 200_000),)})})).partition("format")[2])
        : 1
        groups:
          page:
            salt: page
            claims:
              nz: [[0, 200000]]  # 20 %
        <BLANKLINE>
    """
    body = ["format: 1"]
    if lock.groups:
        body += ["groups:", *(line for name in sorted(lock.groups) for line in _group_text(name, lock.groups[name]))]
    if lock.draws:
        body += ["draws:", *(f"  {name}: {_quoted(lock.draws[name])}" for name in sorted(lock.draws))]
    if lock.retired:
        body += ["retired:", *(f"  - {_quoted(salt)}" for salt in sorted(lock.retired))]
    return _HEADER + "\n".join(body) + "\n"


def _group_text(name: str, group: Group) -> Iterator[str]:
    yield f"  {name}:"
    yield f"    salt: {_quoted(group.salt)}"
    if group.holdback:
        yield f"    holdback: {_slices_text(group.holdback)}"
    yield from _named_slices("claims", group.claims)
    yield from _named_slices("retired", group.retired)


def _named_slices(key: str, held: Mapping[str, Slices]) -> Iterator[str]:
    if held:
        yield f"    {key}:"
        for name in sorted(held):
            yield f"      {name}: {_slices_text(held[name])}"


def _slices_text(slices: Slices) -> str:
    runs = ", ".join(f"[{part.start}, {part.stop}]" for part in slices)
    return f"[{runs}]  # {percent(size(slices))}"


def _quoted(salt: str) -> str:
    """Write a salt so that YAML reads it as the text it is."""
    plain = salt[:1].isalpha() and all(each.isalnum() or each in "-_." for each in salt)
    return salt if plain and salt.lower() not in {"true", "false", "null"} else "'" + salt.replace("'", "''") + "'"


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock, whole or not at all.

    Raises:
        Unavailable: If it can't be written: what stood there still stands.
    """
    temporary = ""
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".allocations-", delete=False) as file:
            temporary = file.name
            file.write(lock_text(lock))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise Unavailable(
            f"'{path}' can't be written ({error.strerror}), and stands as it was: make room or check permissions"
        ) from None
