"""Trials of a comparison of two arms at one look: error without an effect, coverage of lifts, power."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from calibration.answers import covers, planned_lift
from calibration.populations import Population
from calibration.study import FEW_RUNS, Promise, Study, exactly
from twyman.stats.comparison import Effects, compare_all
from twyman.stats.settings import Settings

ERROR, SMALL, LARGE, POWER = "type I error", "coverage at +5 %", "coverage at +50 %", "power"
ABOVE, BELOW = "error above", "error below"


@dataclass(frozen=True)
class Comparison:
    """Two arms of a population, compared once.

    Attributes:
        population: Of the treatment, and of control unless that is given.
        units: In treatment and control.
        settings: Of the comparison.
        of_control: Control's population, where it is another.
        wanted: The promises that are simulated.
    """

    population: Population
    units: tuple[int, int]
    settings: Settings
    of_control: Population | None = None
    wanted: tuple[str, ...] = (ERROR, SMALL, LARGE, POWER)

    def __call__(self, rng: np.random.Generator, runs: int) -> Mapping[str, NDArray[np.generic]]:
        """Simulate: the same arms are seen without an effect, and with each one."""
        treatment, control = self._both
        still, other = treatment.draw(rng, (runs,), self.units[0]), control.draw(rng, (runs,), self.units[1])

        def under(lift: float) -> Effects:
            return compare_all(treatment.moved(rng, still, lift), other, self.settings)

        found: dict[str, NDArray[np.generic]] = {}
        if {ERROR, ABOVE, BELOW} & {*self.wanted}:
            none = compare_all(still, other, self.settings).absolute
            found |= {ERROR: none.p_value < 0.05, ABOVE: none.lower > 0, BELOW: none.upper < 0}
        for name, lift in ((SMALL, 0.05), (LARGE, 0.5)):
            if name in self.wanted:
                lifts = under(lift).relative
                found[name] = covers(lifts.lower, lifts.upper, lift)
        if POWER in self.wanted:
            found[POWER] = under(self._effect).absolute.p_value < 0.05
        return found

    @cached_property
    def _both(self) -> tuple[Population, Population]:
        return self.population, self.of_control or self.population

    @cached_property
    def _effect(self) -> float:
        return planned_lift(self._both, self.units, self.settings)


def tried(
    method: str,
    populations: Population | tuple[Population, Population],
    units: tuple[int, int],
    settings: Settings,
    *promises: Promise,
    called: str = "",
    quick: int = FEW_RUNS,
) -> Study:
    """Return the study of a comparison; with no promises given, of the four that are usual.

    Args:
        method: What it is called on the page.
        populations: Of both arms, or of treatment and control.
        units: In treatment and control.
        settings: Of the comparison.
        promises: What is counted.
        called: Name of the population, where its own doesn't say it.
        quick: Experiments of the short version.
    """
    treatment, control = populations if isinstance(populations, tuple) else (populations, populations)
    chosen = promises or USUAL
    wanted = tuple(promise.what for promise in chosen)
    trial = Comparison(treatment, units, settings, control, wanted)
    name = treatment.name if treatment.name == control.name else f"{treatment.name}; {control.name}"
    return Study(method, called or name, f"{units[0]:,} + {units[1]:,}", chosen, trial, quick=quick)


def usual(**holds_when: str) -> tuple[Promise, ...]:
    """Return the four usual promises, with the condition of those that are outside of it.

    Args:
        holds_when: Conditions by `error`, `small`, `large`, `power`; `all` for those not named.
    """
    every = holds_when.get("all", "")
    names = (("error", ERROR, 0.05), ("small", SMALL, 0.95), ("large", LARGE, 0.95), ("power", POWER, 0.8))
    return tuple(exactly(what, rate, holds_when.get(key, every)) for key, what, rate in names)


USUAL = usual()
