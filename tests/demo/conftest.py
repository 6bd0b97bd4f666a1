"""Worlds to look at: small ones for shape, and a large one of each phase for the truth."""

import pytest

from twyman.demo.phase import LAUNCH, NEW_ZEALAND
from twyman.demo.world import World, world


@pytest.fixture(scope="session")
def new_zealand() -> World:
    return world(NEW_ZEALAND.of_size(200_000), seed=3)


@pytest.fixture(scope="session")
def launch() -> World:
    return world(LAUNCH.of_size(200_000), seed=3)
