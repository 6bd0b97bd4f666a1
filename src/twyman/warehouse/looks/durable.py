"""Files that are there as a whole or not at all, whoever is killed while writing them.

A file is written under a name of its own, flushed to the disk, and only then given its name: by a link
that fails where the name is taken, or by a rename.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path

FAILING = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)
"""A disk that gave out, where any other refusal means that the place can't be written."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)


def write_once(target: Path, content: bytes) -> None:
    """Write a file that nobody has written before.

    Raises:
        FileExistsError: If it is there already.
        OSError: If it can't be written.
    """
    draft = _draft(target)
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _name(draft, target, content)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    flush_folder(target.parent)


def write_whole(target: Path, write: Callable[[Path], None]) -> None:
    """Let somebody write a file, and give it its name once it is whole.

    Args:
        target: The file's name.
        write: Writes it to the path it is given.

    Raises:
        OSError: If it can't be written; what `write` raises, passed on.
    """
    draft = _draft(target)
    try:
        write(draft)
        _flush(draft)
        draft.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    flush_folder(target.parent)


def flush_folder(folder: Path) -> None:
    """Flush a folder's names to the disk."""
    _flush(folder)


def _draft(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}")


def _name(draft: Path, target: Path, content: bytes) -> None:
    try:
        os.link(draft, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with target.open("xb") as file:  # no links on this disk: still exclusive, no longer all or nothing
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
