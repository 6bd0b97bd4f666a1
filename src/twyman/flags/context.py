"""What is known of the one who asks: attributes by path, and the unit's id."""

from collections.abc import Mapping
from typing import Any, cast

Context = Mapping[str, object]
"""Attributes by name; nested mappings are reached by a path with dots."""

TARGETING_KEY = "targeting_key"
"""Where the unit's id is, unless a rule names another attribute."""

LONGEST_UNIT = 100
"""Characters of a unit's id: longer ones are a mistake."""


class NoUnit(Exception):
    """The unit's id is no id."""


def attribute(context: Context, path: str) -> object:
    """Return the attribute at a path; `None` where there is none.

    Example:
        >>> attribute({"user": {"name": "roug", "id": 42}}, "user.name")
        'roug'
    """
    found: object = context
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = cast("Any", found).get(name)
    return found


def unit_of(context: Context, path: str) -> str | None:
    """Return the unit's id at a path (empty: the targeting key) as text; `None` where there is none.

    Raises:
        NoUnit: If it is neither text nor a whole number, or longer than 100 characters.

    Example:
        >>> unit_of({"targeting_key": 12345}, "")
        '12345'
    """
    found = attribute(context, path or TARGETING_KEY)
    if found is None:
        return None
    unit = _text(found)
    if len(unit) > LONGEST_UNIT:
        raise NoUnit(f"unit at '{path or TARGETING_KEY}' has {len(unit)} characters: at most {LONGEST_UNIT} are an id")
    if not unit.isascii():
        try:
            unit.encode()
        except UnicodeEncodeError:
            raise NoUnit(f"unit at '{path or TARGETING_KEY}' holds half a character (a lone surrogate)") from None
    return unit


def _text(found: object) -> str:
    if isinstance(found, str):
        return found if type(found) is str else str.__str__(found)  # a member of an enumeration is its value
    if isinstance(found, int) and not isinstance(found, bool):
        return _digits(found)
    if isinstance(found, float) and found.is_integer():
        return f"{found:.0f}"
    raise NoUnit(f"unit is a {type(found).__name__}: an id is text or a whole number")


def _digits(number: int) -> str:
    """Write a whole number; one too long to write is too long for an id, too."""
    return str(number) if number.bit_length() < 1024 else "9" * (LONGEST_UNIT + 1)


def with_targeting_key(context: Mapping[str, object]) -> Context:
    """Return a context as our rules read it, from one of OpenFeature, which says `targetingKey`.

    Example:
        >>> with_targeting_key({"targetingKey": "u-1"})["targeting_key"]
        'u-1'
    """
    if TARGETING_KEY in context or "targetingKey" not in context:
        return context
    return {**context, TARGETING_KEY: context["targetingKey"]}
