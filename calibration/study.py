"""A study: a method, whom it is tried on, and what it promises; and what came out of it.

Studies are values. Each has a seed of its own, taken from its name, so that what it finds depends
neither on the other studies nor on how many of them run at once.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrik, ndtri

SEED = 2026
"""Of everything; change it, and all numbers are drawn anew."""

RUNS = 20_000
"""Simulated experiments in a study, unless it says otherwise."""

FEW_RUNS = 2_000
"""For methods that go over the rows again and again."""

MISSED = 0.0005
"""Chance that a method which keeps its promise is found beyond one end of the band."""

MISSED_IN_SHORT = 0.0001
"""The same in the short version, whose failure stops people at their work."""

BLOCK = 1_000
"""Experiments simulated at once: part of the seed's meaning, and small enough for memory."""

Vector = NDArray[np.float64]
Trial = Callable[[np.random.Generator, int], Mapping[str, NDArray[np.generic]]]
"""From a generator and a number of experiments: for each promise, by its name, one number an experiment.

1 or true where what is counted happened, 0 or false where it didn't; a number between for a proportion;
NaN where the method gave no answer.
"""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a method says of its own error.

    Attributes:
        what: Name of what is counted, such as "type I error".
        rate: How often it should happen.
        side: "exactly", "at most" for errors of conservative methods, "at least" for their coverage.
        holds_when: The condition of the promise, where this study lies outside of it: then a rate out
            of band is what the documentation warns of, and no failure.
        method: Whose promise it is, where one study tries several methods on the same experiments.
    """

    what: str
    rate: float
    side: str = "exactly"
    holds_when: str = ""
    method: str = ""

    @property
    def key(self) -> str:
        """Return the name by which a trial gives what was counted."""
        return f"{self.method}: {self.what}" if self.method else self.what

    def band(self, runs: int, spread: float | None = None, *, missed: float = MISSED) -> tuple[float, float]:
        """Return the rates that chance leaves to a method that keeps the promise.

        Exact binomial limits; for the average of proportions, whose `spread` is given, normal ones.

        Args:
            runs: Simulated experiments.
            spread: Standard deviation of what was counted, where it isn't zeros and ones.
            missed: Chance beyond each limit.
        """
        if spread is None:
            low = math.ceil(bdtrik(missed, runs, self.rate)) / runs if self.rate else 0.0
            high = math.ceil(bdtrik(1 - missed, runs, self.rate)) / runs if self.rate else 0.0
        else:
            reach = -float(ndtri(missed)) * spread / math.sqrt(runs)
            low, high = self.rate - reach, self.rate + reach
        return (0.0 if self.side == "at most" else low), (1.0 if self.side == "at least" else high)


def exactly(what: str, rate: float, holds_when: str = "") -> Promise:
    """Promise a rate: neither more nor less."""
    return Promise(what, rate, "exactly", holds_when)


def at_most(what: str, rate: float, holds_when: str = "") -> Promise:
    """Promise that an error isn't more frequent."""
    return Promise(what, rate, "at most", holds_when)


def at_least(what: str, rate: float, holds_when: str = "") -> Promise:
    """Promise that something good isn't rarer."""
    return Promise(what, rate, "at least", holds_when)


def of(method: str, *promises: Promise) -> tuple[Promise, ...]:
    """Return promises as a method's own, in a study of several."""
    return tuple(replace(promise, method=method) for promise in promises)


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out for one promise.

    Attributes:
        study: Whose promise it is.
        promise: What was promised.
        measured: How often it happened.
        runs: Experiments in which the method gave an answer.
        low, high: The band.
    """

    study: "Study"
    promise: Promise
    measured: float
    runs: int
    low: float
    high: float

    @property
    def within(self) -> bool:
        """Whether the rate lies in the band."""
        return self.low - 1e-12 <= self.measured <= self.high + 1e-12

    @property
    def verdict(self) -> str:
        """holds, warned (out of band, where the page says when it would hold), or OUT OF BAND."""
        if self.within:
            return "holds"
        return "warned" if self.promise.holds_when else "OUT OF BAND"


@dataclass(frozen=True, eq=False)
class Study:
    """A method on a population, and what it promises there.

    Attributes:
        method: What is tried.
        population: On whom.
        units: How many, in words.
        promises: What is counted.
        trial: The simulation.
        looks: How often data are looked at.
        runs: Simulated experiments.
        quick: Those of the short version; 0 leaves it out of it.
    """

    method: str
    population: str
    units: str
    promises: tuple[Promise, ...]
    trial: Trial
    looks: int = 1
    runs: int = RUNS
    quick: int = FEW_RUNS

    @cached_property
    def name(self) -> str:
        """Return what tells it from all others, and is its seed."""
        return f"{self.method} / {self.population} / {self.units} / {self.looks}"

    def run(self, runs: int | None = None, *, missed: float = MISSED) -> list[Finding]:
        """Simulate, count, and compare with the promises.

        Args:
            runs: Simulated experiments; the study's own number where left out.
            missed: Chance that a kept promise is found beyond one end of its band.
        """
        rng = np.random.default_rng([SEED, crc32(self.name.encode())])
        wanted = self.runs if runs is None else runs
        blocks = [self.trial(rng, min(BLOCK, wanted - done)) for done in range(0, wanted, BLOCK)]
        counted = {key: np.concatenate([np.asarray(block[key], dtype=float) for block in blocks]) for key in blocks[0]}
        return [self._found(promise, counted[promise.key], missed) for promise in self.promises]

    def _found(self, promise: Promise, seen: Vector, missed: float) -> Finding:
        answers = seen[~np.isnan(seen)]
        spread = None if np.isin(answers, (0.0, 1.0)).all() else float(answers.std())
        low, high = promise.band(len(answers), spread, missed=missed)
        return Finding(self, promise, float(answers.mean()), len(answers), low, high)


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """Studies of one family of methods, and what a reader should know of them."""

    title: str
    about: str
    studies: tuple[Study, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a picture."""

    line: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What a picture shows that no table does: something that depends on a number.

    Attributes:
        name: Its own, and its seed.
        trace: The simulation.
    """

    name: str
    trace: Callable[[np.random.Generator], list[Point]]

    def draw(self) -> list[Point]:
        """Simulate."""
        return self.trace(np.random.default_rng([SEED, crc32(self.name.encode())]))
