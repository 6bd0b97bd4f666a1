"""Two experiments on the same units: whether they modify each other, and what launching both would do."""

from twyman.stats.interactions.dependence import Dependence, dependence
from twyman.stats.interactions.grid import Grid, grid
from twyman.stats.interactions.modification import Interaction, interaction
from twyman.stats.interactions.scenario import conditional, launched, scenario

__all__ = [
    "Dependence",
    "Grid",
    "Interaction",
    "conditional",
    "dependence",
    "grid",
    "interaction",
    "launched",
    "scenario",
]
