"""Contexts drawn from declared distributions, with the ids that flags know among them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.distribution import Between, Choice, Days, Distribution, Draw, Given
from twyman.flags.context import TARGETING_KEY
from twyman.flags.faults import walk
from twyman.flags.population import IdList
from twyman.flags.state import State
from twyman.flags.targeting import Expression, In, Is, Where

Column = NDArray[np.object_]


def drawn(draw: Draw, state: State, rng: np.random.Generator) -> Cohort:
    """Draw contexts for a state: every id that its rules deal out by, and every attribute that is declared.

    The ids in lists and criteria come first (at most half of the contexts), since nobody drawn would be in a list.

    Example:
        >>> draw = Draw(4, 1, {"country": Choice(("NZ",), (1.0,))})
        >>> drawn(draw, State(), np.random.default_rng(1)).context(3)
        {'targeting_key': 'unit-3', 'country': 'NZ'}
    """
    paths = unit_paths(state)
    known = _thinned(known_ids(state, paths), draw.size // 2)
    ids: Column = np.array([*known, *(f"unit-{row}" for row in range(len(known), draw.size))], dtype=np.object_)
    columns: dict[str, Column] = {path: ids for path in paths if path not in draw.attributes}
    for path, distribution in draw.attributes.items():
        columns[path] = _column(distribution, np.arange(draw.size), columns, rng)
    return Cohort.of_table(_table(columns))


def unit_paths(state: State) -> tuple[str, ...]:
    """Return where rules look for a unit's id: the targeting key, and whatever else they name."""
    named = {rule.by for flag in state.flags.values() for rule in flag.rules if rule.by}
    return (TARGETING_KEY, *sorted(named - {TARGETING_KEY}))


def known_ids(state: State, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the ids that lists and criteria name, in order.

    Example:
        >>> known_ids(State(populations={"testers": IdList(frozenset(["u-2", "u-1"]))}), [])
        ('u-1', 'u-2')
    """
    found = {each for held in state.populations.values() if isinstance(held, IdList) for each in held.ids}
    for when in _expressions(state):
        for part, _ in walk(when):
            if isinstance(part, Where) and part.attribute in paths:
                found |= {value for value in _named(part) if isinstance(value, str)}
    return tuple(sorted(found))


def _named(where: Where) -> tuple[object, ...]:
    match where.test:
        case Is(value):
            return (value,)
        case In(values):
            return values
        case _:
            return ()


def _expressions(state: State) -> Iterator[Expression | None]:
    yield from (segment.when for segment in state.segments.values())
    yield from (rule.when for flag in state.flags.values() for rule in flag.rules)


def _thinned(ids: Sequence[str], most: int) -> Sequence[str]:
    """Return some ids, evenly over all, where there are too many."""
    if len(ids) <= most:
        return ids
    return [ids[place * len(ids) // most] for place in range(most)]


def _column(
    distribution: Distribution, rows: NDArray[np.intp], columns: Mapping[str, Column], rng: np.random.Generator
) -> Column:
    """Draw an attribute for some rows."""
    match distribution:
        case Choice(values, shares):
            rest = max(0.0, 1.0 - sum(shares))
            chances = np.array([*shares, rest]) / (sum(shares) + rest)
            return np.array([*values, None], dtype=np.object_)[rng.choice(len(chances), size=len(rows), p=chances)]
        case Between(int() as low, int() as high):
            return rng.integers(low, high, size=len(rows), endpoint=True).astype(np.object_)
        case Between(low, high):
            return rng.uniform(low, high, size=len(rows)).astype(np.object_)
        case Days(first, last):
            days: NDArray[np.datetime64] = np.datetime64(first) + rng.integers(
                0, (last - first).days, size=len(rows), endpoint=True
            )
            return days.astype(str).astype(np.object_)
        case Given():
            return _given(distribution, rows, columns, rng)


def _given(given: Given, rows: NDArray[np.intp], columns: Mapping[str, Column], rng: np.random.Generator) -> Column:
    others = np.array([_text(value) for value in columns[given.attribute][rows]], dtype=np.object_)
    made: Column = np.full(len(rows), None, dtype=np.object_)
    for value in sorted({*others.tolist()}):
        case = given.cases.get(value, given.otherwise)
        if case is not None:
            places = np.flatnonzero(others == value)
            made[places] = _column(case, rows[places], columns, rng)
    return made


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(columns: Mapping[str, Column]) -> pa.Table:
    """Return a table whose paths with dots are structs."""
    heads: dict[str, dict[str, Column]] = {}
    for path, column in columns.items():
        head, _, rest = path.partition(".")
        heads.setdefault(head, {})[rest] = column
    return pa.table({head: _array(below) for head, below in heads.items()})


def _array(below: Mapping[str, Column]) -> Any:  # noqa: ANN401 - an array of any type
    if "" in below:
        return _typed(below[""])
    inner = _table(below)
    arrays = [column.combine_chunks() for column in inner.columns]
    return cast("Any", pa.StructArray).from_arrays(arrays, names=inner.column_names)


def _typed(column: Column) -> Any:  # noqa: ANN401 - an array of any type
    """Return a column as Arrow has it; as text where its values are of several types."""
    values = column.tolist()
    try:
        return cast("Any", pa).array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return cast("Any", pa).array([None if value is None else _text(value) for value in values])
