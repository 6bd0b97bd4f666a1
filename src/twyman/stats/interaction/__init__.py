"""Two experiments on the same units: whether they modify each other, and what launching both would do."""

from twyman.stats.interaction.dependence import Dependence, dependence
from twyman.stats.interaction.grid import Grid, grid
from twyman.stats.interaction.modification import Interaction, interaction
from twyman.stats.interaction.scenario import conditional, launched, scenario

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
