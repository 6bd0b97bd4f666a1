"""Mutations of JSON that stay JSON: a piece goes, doubles, moves, or becomes something hostile.

Bytes changed at random mostly break a document at its first quote; these get to what lies behind the parser.
"""

from copy import deepcopy
from random import Random
from typing import Any

import msgspec

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    1.5,
    -0.0,
    1e308,
    5e-324,
    2**31,
    2**63,
    2**64,
    -(2**63) - 1,
    10**30,
    16 * 10**6,
    10**400,
    "",
    "0",
    "-",
    "1e999",
    "\0",
    "é🦘",
    "a" * 101,
    "1.2.3-" + "0" * 300,
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "(a+)+$",
    "((a{100}){100}){100}",
    "__class__",
    "a.b.c",
    ".",
    [],
    {},
    [[]],
    [None] * 20,
    ["a"] * 50,
)
"""Values that few expect."""

Place = tuple[Any, Any]
"""A mapping or list, and a key of it."""


def mutated(data: bytes, size: int, seed: int) -> bytes:
    """Return JSON with a piece or two changed; one time in four, and what is no JSON, has its bytes changed.

    Args:
        data: The input.
        size: How many bytes it may have at most.
        seed: Of this one mutation's chance.
    """
    chance = Random(seed)  # noqa: S311 - seeded
    try:
        found = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return _bytes_changed(data, chance)[:size]
    if not isinstance(found, dict | list) or chance.random() < 0.25:
        return _bytes_changed(data, chance)[:size]
    for _ in range(chance.choice((1, 1, 2, 4))):
        _change(found, chance)
    try:
        return msgspec.json.encode(found)[:size]
    except (ValueError, RecursionError):
        return data


def _bytes_changed(data: bytes, chance: Random) -> bytes:
    """Return bytes of which a few went, came, doubled or changed."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        start = chance.randint(0, len(changed))
        stop = min(len(changed), start + chance.choice((0, 1, 1, 2, 8, 64)))
        new = chance.choice((b"", chance.randbytes(1), chance.randbytes(stop - start), bytes(changed[start:stop]) * 2))
        changed[start:stop] = new
    return bytes(changed)


def _change(found: Any, chance: Random) -> None:  # noqa: ANN401 - JSON
    places = _places(found)
    if not places:
        return
    (inside, key), (other, its) = chance.choice(places), chance.choice(places)
    kind = chance.randrange(8)
    if kind == 0:
        del inside[key]
    elif kind == 1 and isinstance(inside, list):
        inside.insert(key, deepcopy(other[its]))
    elif kind == 2 and isinstance(inside, dict):
        inside[_name(other, its, chance)] = inside.pop(key)
    elif kind < 5:
        inside[key] = deepcopy(other[its])
    elif kind == 5:
        inside[key] = {"op": "not", "part": inside[key]} if chance.random() < 0.5 else [inside[key]]
    else:
        inside[key] = deepcopy(chance.choice(HOSTILE))


def _name(other: Any, its: Any, chance: Random) -> str:  # noqa: ANN401 - JSON
    return its if isinstance(other, dict) else str(chance.choice(HOSTILE[16:31]))


def _places(found: Any) -> list[Place]:  # noqa: ANN401 - JSON
    places: list[Place] = []
    waiting = [found]
    while waiting:
        inside = waiting.pop()
        keys = list(inside) if isinstance(inside, dict) else range(len(inside))
        places += [(inside, key) for key in keys]
        waiting += [inside[key] for key in keys if isinstance(inside[key], dict | list)]
    return places
