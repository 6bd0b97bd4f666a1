"""What a flag's variants come to: which of them serve the same, and which parameters they set to what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from twyman.flags.flag import Flag
from twyman.kernel.canonical import canonical

ABSENT = "the caller's own default"
"""What a unit gets that is served no variant: a value that only the caller knows."""


@dataclass(frozen=True, slots=True)
class Values:
    """The different values of a flag.

    Attributes:
        of_variant: By variant, the place of its value; empty for a unit that is served none.
        values: Each value, once; the last is absent.
    """

    flag: str
    of_variant: Mapping[str, int]
    values: tuple[object, ...]

    def codes(self, names: tuple[str, ...]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Return the place of the value of each variant."""
        return np.array([self.of_variant.get(name, len(self.values)) for name in names], dtype=np.int64)

    @property
    def count(self) -> int:
        """How many there are, with the one that only the caller knows."""
        return len(self.values) + 1

    def settings(self) -> Mapping[str, tuple[str, ...]]:
        """Return what each parameter is set to, by value: text, and for the last what only the caller knows.

        Example:
            >>> from twyman.flags.flag import Variant
            >>> values_of(Flag("ads", (Variant("a", {"enabled": True}), Variant("b", {"enabled": False})))).settings()
            {'ads.enabled': ('on', 'off', "the caller's own default")}
        """
        each = [dict(_leaves(self.flag, value)) for value in self.values]
        paths = dict.fromkeys(path for leaves in each for path in leaves)
        return {path: (*(leaves.get(path, "not set") for leaves in each), ABSENT) for path in paths}


def values_of(flag: Flag) -> Values:
    """Return the values of a flag's variants; variants that serve the same are one.

    Example:
        >>> from twyman.flags.flag import Variant
        >>> found = values_of(Flag("ads", (Variant("a", 1), Variant("b", 2), Variant("c", 1))))
        >>> found.of_variant, found.values
        ({'a': 0, 'b': 1, 'c': 0}, (1, 2))
    """
    places: dict[bytes, int] = {}
    of_variant: dict[str, int] = {}
    values: list[object] = []
    for variant in flag.variants:
        place = places.setdefault(canonical(variant.value), len(values))
        if place == len(values):
            values.append(variant.value)
        of_variant[variant.name] = place
    return Values(flag.name, of_variant, tuple(values))


def _leaves(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, inner in cast("Mapping[str, object]", value).items():
            yield from _leaves(f"{path}.{name}", inner)
    else:
        yield path, value_text(cast("object", value))


def value_text(value: object) -> str:
    """Write a value in a sentence: a truth is on or off.

    Example:
        >>> value_text(False), value_text("cards"), value_text(12), value_text([1, 2])
        ('off', "'cards'", '12', '[1, 2]')
    """
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return f"'{value:.40}'" + ("…" if len(value) > 40 else "")
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
