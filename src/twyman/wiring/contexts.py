"""Contexts that stand for everybody: read from files, or drawn, and seen as the launch gate's sample."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from twyman.app.sample import Answers, Places, Rows
from twyman.cohorts.cohort import Cohort
from twyman.cohorts.distribution import Contexts
from twyman.cohorts.drawn import drawn
from twyman.cohorts.numbering import units_of, values_of
from twyman.cohorts.resolver import Vectorised
from twyman.flags.state import State
from twyman.kernel.errors import TwymanError
from twyman.wiring.context_files import read


@dataclass
class CohortSample:
    """A cohort as the gate sees it.

    Attributes:
        text: Where its contexts come from.
        market: Attribute that holds the market.
        is_new: Attribute that says whether a unit is new.
    """

    text: str
    cohort: Cohort
    market: str = "country"
    is_new: str = "is_new"
    _units: dict[str, Places] = field(default_factory=dict[str, Places])

    def __len__(self) -> int:
        return len(self.cohort)

    def under(self, state: State, environments: tuple[str, ...] = ()) -> Callable[[str], Answers]:
        """Return what answers as a flag of a state, by its name, to who asks from some environments."""
        resolver = Vectorised(state, environments=environments)
        return lambda flag: resolver.evaluate(flag, self.cohort)

    def units(self, by: str) -> Places:
        """Return a number for each context's unit by a path; -1 where it has none."""
        if by not in self._units:
            self._units[by] = units_of(self.cohort, by)
        return self._units[by]

    def markets(self, rows: Rows | None = None) -> Mapping[str, int]:
        """Count some contexts, or all, by market."""
        return _counts(self._markets, rows)

    def newness(self, rows: Rows) -> Mapping[str, int]:
        """Count contexts of new and of existing units."""
        counts = _counts(self._newness, rows)
        names = {"true": "new", "1": "new", "new": "new"}
        found: dict[str, int] = {}
        for value, count in counts.items():
            name = names.get(value.lower(), "existing")
            found[name] = found.get(name, 0) + count
        return found

    def lacking(self, attributes: Iterable[str]) -> tuple[str, ...]:
        """Return which attributes no context has."""
        return tuple(path for path in attributes if not self._has(path))

    def _has(self, path: str) -> bool:
        return any(value is not None for block in self.cohort.blocks for value in block.column(path).distinct[1])

    @cached_property
    def _markets(self) -> tuple[Places, list[str]]:
        return values_of(self.cohort, self.market)

    @cached_property
    def _newness(self) -> tuple[Places, list[str]]:
        return values_of(self.cohort, self.is_new)


def _counts(column: tuple[Places, list[str]], rows: Rows | None) -> dict[str, int]:
    codes, names = column
    codes = codes if rows is None else codes[rows]
    found = np.bincount(codes[codes >= 0], minlength=len(names))
    return {name: int(count) for name, count in zip(names, found, strict=True) if count}


def sample(contexts: Contexts, state: State, *, root: Path) -> CohortSample:
    """Return the sample that a definition of contexts describes.

    Args:
        contexts: The definition.
        state: The flags that are asked: their ids are drawn.
        root: Folder from which files are named.

    Raises:
        NotFound: If there is no such file.
        Invalid: If a file can't be read, or holds no context.
    """
    if contexts.table:
        try:
            cohort = read(root, contexts.table, state)
        except TwymanError as error:
            raise type(error)(error.message, place=contexts.origin.at("table")) from None
        text = f"{len(cohort):,} contexts of '{contexts.table}'"
    else:
        cohort = drawn(contexts.draw, state, np.random.default_rng(contexts.draw.seed))
        text = f"{len(cohort):,} contexts drawn as '{contexts.name}' says"
    return CohortSample(text, cohort, contexts.market, contexts.is_new)
