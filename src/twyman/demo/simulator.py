"""The music service of the story, written as a folder that `twyman analyze` can read."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from twyman.demo.files import clear, write_definitions, write_world
from twyman.demo.history import write_history
from twyman.demo.live import state_of
from twyman.demo.phase import PHASES, Phase
from twyman.demo.world import world

SEED = 2015
"""The seed of the story as it is told: a run whose figures lie near the truth. A slow test tells it with 100 others."""


def simulate(folder: Path = Path("demo"), *, seed: int = SEED, phases: Iterable[Phase] = PHASES) -> Path:
    """Write the tables and definition files of the story, and return the folder.

    Args:
        folder: Made if it isn't there; what an earlier demo wrote in it is replaced.
        seed: The same seed gives the same tables, on every machine.
        phases: Which parts of the story; smaller ones in tests.

    Raises:
        Conflict: If the folder holds files that no demo wrote.
    """
    clear(folder)
    worlds = [world(phase, seed=seed) for phase in phases]
    passed_on = [made.users.number[made.users.treated] for made in worlds if made.phase.truth.no_ads]
    write_definitions(folder, np.concatenate(passed_on) if passed_on else None)
    write_history(folder / "warehouse", seed=seed)
    state = state_of(folder)
    for made in worlds:
        write_world(made, folder, state)
    return folder
