"""Pieces of a document as the types they must have, or the reason why they can't be read."""

import math
from collections.abc import Mapping, Sequence
from typing import cast

Piece = Mapping[str, object]
"""A message: its fields by their JSON names. A field that is missing or null is unset."""


class Unreadable(Exception):
    """A piece isn't what it must be: whatever needs it is broken, and nothing else."""


def message(value: object, what: str) -> Piece:
    """Return a message; an unset one is empty.

    Raises:
        Unreadable: If it is none, or one of its names is no text.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) for name in cast("Mapping[object, object]", value)
    ):
        raise Unreadable(f"{what} is {_kind(cast('object', value))}, where named fields were expected")
    return cast("Piece", value)


def items(value: object, what: str) -> Sequence[object]:
    """Return a list; an unset one is empty.

    Raises:
        Unreadable: If it is none.
    """
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise Unreadable(f"{what} is {_kind(value)}, where a list was expected")
    return cast("Sequence[object]", value)


def text(value: object, what: str) -> str:
    """Return text that UTF-8 can write; unset text is empty.

    Raises:
        Unreadable: If it is none.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"{what} is {_kind(value)}, where text was expected")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable(f"{what} holds half a character (a lone surrogate)") from None
    return value


def texts(value: object, what: str) -> tuple[str, ...]:
    """Return a list of texts."""
    return tuple(text(each, what) for each in items(value, what))


def whole(value: object, what: str) -> int:
    """Return a whole number, which JSON may write as text; an unset one is 0.

    Raises:
        Unreadable: If it is none, or one that 64 bits can't hold.
    """
    if isinstance(value, str) and len(value) <= 20 and value.lstrip("-").isdecimal() and value.isascii():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > 63:
        raise Unreadable(f"{what} is {_kind(value)}, where a whole number of 64 bits was expected")
    return value


def number(value: object, what: str) -> float | int:
    """Return a finite number.

    Raises:
        Unreadable: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise Unreadable(f"{what} is {_kind(value)}, where a finite number was expected")
    return value


def truth(value: object, what: str) -> bool:
    """Return a truth; an unset one is false.

    Raises:
        Unreadable: If it is none.
    """
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Unreadable(f"{what} is {_kind(value)}, where true or false was expected")
    return value


def only(piece: Piece, names: Sequence[str]) -> tuple[str, object] | None:
    """Return the one of several fields that is set, with its name; `None` where none is.

    Raises:
        Unreadable: If more than one is.

    Example:
        >>> only({"ref": "c1", "not": None}, ["ref", "not"])
        ('ref', 'c1')
    """
    found = [(name, piece[name]) for name in names if piece.get(name) is not None]
    if len(found) > 1:
        raise Unreadable(f"'{found[0][0]}' and '{found[1][0]}' are both set, where one excludes the other")
    return found[0] if found else None


def short(name: str, collection: str) -> str:
    """Return a name without the name of its collection.

    Example:
        >>> short("flags/new-page", "flags")
        'new-page'
    """
    return name.removeprefix(f"{collection}/")


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def _kind(value: object) -> str:
    shown = (
        value if isinstance(value, str | bool | float) or (isinstance(value, int) and value.bit_length() < 65) else ""
    )
    return f"{type(value).__name__} {shown!r:.40}" if shown != "" else f"of type {type(value).__name__}"
