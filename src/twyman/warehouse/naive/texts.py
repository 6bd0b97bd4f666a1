"""What can be done with a text, as the dialect of definitions does it."""

import re
from collections.abc import Callable

from twyman.warehouse.naive.unverifiable import Unverifiable


def in_case(change: Callable[[str], str]) -> Callable[[str], str]:
    """Return what changes the case of a text, letter by letter."""

    def found(text: str) -> str:
        letters = [change(letter) for letter in text]
        if any(len(letter) != 1 for letter in letters):
            raise Unverifiable(f"changes the case of '{text}'")
        return "".join(letters)

    return found


def substring(text: str, start: int, length: int | None = None) -> str:
    """Return a part of a text, from a place counted from 1, or from the end where it is below 0."""
    if length is not None and length < 0:
        raise Unverifiable("takes a text of negative length")
    first = start - 1 if start > 0 else len(text) + start if start < 0 else -1
    end = len(text) if length is None else first + length
    return text[max(first, 0) : max(end, 0)]


def part_of(text: str, delimiter: str, index: int) -> str:
    """Return the part of a text between two delimiters, counted from 1, or from the end where it is below 0."""
    parts = text.split(delimiter) if delimiter else [text]
    place = index - 1 if index > 0 else index
    return parts[place] if -len(parts) <= place < len(parts) else ""


def pattern(written: str) -> re.Pattern[str]:
    """Return a regular expression, ASCII in its classes and with an end that is the end.

    Raises:
        Unverifiable: If it isn't one that all engines read in the same way.
    """
    if "$" in written.rstrip("$") or "(?" in written:
        raise Unverifiable(f"matches '{written}'")
    whole = written[:-1] + r"\Z" if written.endswith("$") and not written.endswith(r"\$") else written
    try:
        return re.compile(whole, re.ASCII)
    except re.error:
        raise Unverifiable(f"matches '{written}'") from None


def matches_like(text: str, written: str) -> bool:
    """Whether a text is what a LIKE pattern says.

    Example:
        >>> matches_like("u-12", "u-%")
        True
    """
    parts = {"%": ".*", "_": "."}
    return re.fullmatch("".join(parts.get(one, re.escape(one)) for one in written), text, re.DOTALL) is not None


def extracted(text: str, written: str, group: int = 0) -> str:
    """Return what a pattern, or a group of it, first matches; nothing where it doesn't."""
    found = pattern(written).search(text)
    return (found.group(group) or "") if found else ""


def replaced(text: str, written: str, by: str, modifiers: str = "") -> str:
    """Return a text with the first match of a pattern replaced, or with all of them."""
    if modifiers not in ("", "g") or "\\" in by:
        raise Unverifiable(f"replaces by '{by}' with '{modifiers}'")
    return pattern(written).sub(by, text, count=0 if modifiers else 1)


def left(text: str, count: int) -> str:
    """Return so many letters, or all but so many where that is below 0."""
    return text[:count]


def right(text: str, count: int) -> str:
    """Return so many of the last letters, or all but so many where that is below 0.

    Example:
        >>> right("abc", 2), right("abc", -1)
        ('bc', 'bc')
    """
    return text[-count:] if count else ""


def backwards(text: str) -> str:
    """Return a text from its end."""
    return text[::-1]


def bytes_of(text: str) -> int:
    """Return how many bytes a text has."""
    return len(text.encode())


def exchanged(text: str, old: str, new: str) -> str:
    """Return a text with every part exchanged for another."""
    return text.replace(old, new) if old else text


def place_of(text: str, part: str) -> int:
    """Return where a part begins, counted from 1; 0 where it isn't there."""
    return text.find(part) + 1


def finds(text: str, written: str) -> bool:
    """Whether a pattern matches somewhere."""
    return pattern(written).search(text) is not None


def matches(text: str, written: str) -> bool:
    """Whether a pattern matches the whole."""
    return pattern(written).fullmatch(text) is not None
