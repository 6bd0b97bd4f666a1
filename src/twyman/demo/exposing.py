"""Whole markets meet every flag: what the client would log of each user, by the resolver over columns.

Logging a hundred and fifty thousand users one by one would take longer than the story; a test holds both ways together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.resolver import Vectorised
from twyman.flags.exposure import ARMS
from twyman.flags.flag import Flag
from twyman.flags.state import State

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Met:
    """Users who met one arm of one experiment.

    Attributes:
        users: Their places in the table of contexts.
    """

    experiment: str
    arm: str
    users: Rows


def met(state: State, table: pa.Table) -> Iterator[Met]:
    """Yield who meets what of every flag.

    Args:
        state: The flags.
        table: A context a row, with `user_id`.
    """
    cohort, resolver = Cohort.of_table(table, targeting_key="user_id"), Vectorised(state)
    for flag in state.flags.values():
        for place, sides in resolver.evaluate(flag.name, cohort).sides.items():
            yield from _of_rule(flag, place, sides)


def _of_rule(flag: Flag, place: int, sides: NDArray[Any]) -> Iterator[Met]:
    rule = flag.rules[place]
    for number, side in enumerate(rule.split.assigned):
        users = np.flatnonzero(sides == number)
        if len(users):
            experiment = rule.experiment or f"{flag.name}.{rule.name}"
            yield Met(experiment, ARMS.get(side.to, side.variant), users)
