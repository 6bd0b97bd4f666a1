"""Flags of a folder, as one state: what serving, checking and `twyman flags allocate` start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twyman.definitions.flag_set.allocations import LOCK_FILE, read_lock, write_lock
from twyman.definitions.project import Reading, raise_all, read_path
from twyman.flags.allocation import Lock, allocated, changes
from twyman.flags.state import State
from twyman.kernel.errors import TwymanError


@dataclass(frozen=True, slots=True)
class FlagFolder:
    """All flags of a folder, and what is wrong with them.

    Attributes:
        state: What resolves, with its version: a flag with an error is there as a broken one, with file and line.
        errors: Everything wrong with flags, segments, groups, clients and imports, as `check` reports it.
        problems: The same for a log: one sentence each, warnings behind the errors.
        files: Files that were read: a change of one of them, or a new one beside them, asks for a new reading.
    """

    state: State = field(default_factory=State)
    errors: tuple[TwymanError, ...] = ()
    problems: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocated:
    """What `allocate_folder` did.

    Attributes:
        path: The lock's file.
        changes: One sentence each; empty where nothing changed.
    """

    path: Path
    before: Lock
    after: Lock
    changes: tuple[str, ...] = ()


def load_flags(path: Path | str) -> FlagFolder:
    """Read the flags of the project that a file or folder belongs to; nothing wrong inside stops the rest.

    Raises:
        NotFound: If there is no such file or folder.
        Invalid: If there are more files than a project has.
    """
    reading = read_path(Path(path))
    errors = _errors(reading)
    problems = (*map(str, errors), *map(str, reading.remarks))
    return FlagFolder(reading.flags.state, errors, problems, _files(reading))


def _errors(reading: Reading) -> tuple[TwymanError, ...]:
    """Return what is wrong with flags and all they need, and with files that may hold some."""
    wanted = {error for owner, errors in reading.faults.items() if owner.startswith("flag") for error in errors}
    wanted |= {*reading.folder.errors}
    return tuple(error for error in reading.errors if error in wanted)


def _files(reading: Reading) -> tuple[Path, ...]:
    root = reading.project.root
    beside = [root / name for name in reading.flags.files]
    written = [Path(document.origin.file).resolve() for document in reading.documents]
    return tuple(dict.fromkeys([*written, root / LOCK_FILE, *beside]))


def allocate_folder(path: Path | str, *, renamed: Mapping[str, str] | None = None, dry_run: bool = False) -> Allocated:
    """Give every claim of a folder its slices, and write `allocations.lock`, whole or not at all.

    Args:
        path: A file or folder of the project.
        renamed: New name by old, of claims (segments) and groups: they keep slices and salts.
        dry_run: Only say what would change.

    Raises:
        NotFound: If there is no such folder.
        Invalid: If what claims, or the lock itself, can't be read: nothing is written then.
        Conflict: If a group hasn't room for what its claims ask for.
        Unavailable: If the lock can't be written: the old one stands as it was.
    """
    reading = read_path(Path(path))
    raise_all([*reading.folder.errors, *reading.flags.in_the_way])
    before = read_lock(reading.project.root / LOCK_FILE, LOCK_FILE)
    after = allocated(before.lock, reading.flags.wanted, renamed=renamed)
    if not dry_run and (after != before.lock or not before.path.exists()):
        write_lock(before.path, after)
    return Allocated(before.path, before.lock, after, tuple(changes(before.lock, after)))
