"""A fault: where in a world's making it strikes, how large it may be, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from math import exp, log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from faultlab.world import World


class Layer(Enum):
    """After which layer of the world a fault strikes."""

    ASSIGNED = auto()
    MET = auto()
    SERVED = auto()
    LOGGED = auto()


Damage = Callable[["World", float, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        name: Its own, such as `leak_20`.
        cause: What somebody should be told: several faults may have one cause.
        title: What people call it.
        low, high: Between which its size is drawn, evenly on the scale of logarithms.
        whole: Share of draws that are as large as can be.
        size: What the size is, in words.
        damage: Changes a world by it.
        beside: What is in the world with it and no fault: what is left where the fault alone is taken away.
    """

    name: str
    cause: str
    title: str
    layer: Layer
    low: float
    high: float
    size: str
    damage: Damage
    whole: float = 0.0
    beside: Damage | None = None

    @property
    def undone(self) -> "Fault | None":
        """The same world without the fault: what its bias is measured against; `None` where that is plain health."""
        return None if self.beside is None else replace(self, damage=self.beside)

    def drawn(self, seed: int) -> float:
        """Draw a size."""
        luck, other = np.random.default_rng([seed, 5]).random(2)
        if other < self.whole:
            return self.high
        return exp(log(self.low) + luck * (log(self.high) - log(self.low)))
