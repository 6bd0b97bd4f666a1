"""One seed, one world."""

from dataclasses import fields

import numpy as np

from twyman.demo.phase import NEW_ZEALAND
from twyman.demo.world import World, world

SMALL = NEW_ZEALAND.of_size(500)


def arrays(made: World) -> list[np.ndarray]:
    parts = (made.users, made.sessions, made.ads)
    return [made.stays, made.upgraded_at, *(getattr(part, field.name) for part in parts for field in fields(part))]


def same(one: World, other: World) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def test_the_same_seed_gives_the_same_world() -> None:
    assert same(world(SMALL, seed=1), world(SMALL, seed=1))


def test_another_seed_gives_another_world_and_another_split() -> None:
    one, other = world(SMALL, seed=1), world(SMALL, seed=2)

    assert not np.array_equal(one.users.loyalty, other.users.loyalty)
    assert not np.array_equal(one.users.treated, other.users.treated)
