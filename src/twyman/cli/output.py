"""Where an answer goes: the terminal, or a file that is there whole or not at all."""

import os
import sys
import tempfile
from pathlib import Path

from twyman.kernel.errors import Forbidden, NotFound


def ready(path: Path) -> None:
    """Refuse a file that can't be written; asked before the work is done, since a look can be taken only once.

    Raises:
        NotFound: If the file's folder doesn't exist.
        Forbidden: If a folder stands in its place.
    """
    if not path.parent.is_dir():
        raise NotFound(f"folder '{path.parent}' doesn't exist, so '{path.name}' can't be written: make it first")
    if os.path.isdir(path):  # the path's own method raises where a name is too long
        raise Forbidden(f"'{path}' can't be written (it is a folder): name a file in it")


def deliver(text: str, path: Path | None) -> None:
    """Print the text, or write it to a file in one step, so that no reader ever finds half of it.

    Raises:
        NotFound: If the file's folder doesn't exist.
        Forbidden: If it can't be written.
    """
    if path is None:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        return
    ready(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            mode = os.umask(0)
            os.umask(mode)
            Path(name).chmod(0o666 & ~mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise Forbidden(
            f"'{path}' can't be written ({getattr(error, 'strerror', error)}): choose another file"
        ) from error
