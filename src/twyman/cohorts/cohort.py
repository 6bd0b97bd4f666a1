"""Many contexts: a table whose columns are attributes, or a list of the contexts themselves."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol, Self, cast

import pyarrow as pa

from twyman.cohorts.column import ArrowColumn, Column, ObjectColumn
from twyman.cohorts.units import Units, units_in
from twyman.flags.context import TARGETING_KEY, Context, attribute
from twyman.kernel.errors import Invalid

BLOCK = 1 << 20
"""Rows answered together, so that what is held between the steps stays within some 60 MB however long the table."""


class _Source(Protocol):
    """Where a block's attributes come from."""

    def __len__(self) -> int: ...

    def column(self, path: str) -> Column: ...

    def context(self, row: int) -> Context: ...


class Block:
    """Some rows of a cohort, with what has been read of them so far."""

    def __init__(self, source: _Source) -> None:
        """Take the rows of a source."""
        self._source = source
        self._columns: dict[str, Column] = {}
        self._units: dict[str, Units] = {}

    def __len__(self) -> int:
        return len(self._source)

    def column(self, path: str) -> Column:
        """Return the attribute at a path; null in every row where there is none."""
        if path not in self._columns:
            self._columns[path] = self._source.column(path)
        return self._columns[path]

    def units(self, by: str) -> Units:
        """Return the units' ids at a path; empty for the targeting key."""
        if by not in self._units:
            self._units[by] = units_in(self.column(by or TARGETING_KEY))
        return self._units[by]

    def context(self, row: int) -> Context:
        """Return a row as a context."""
        return self._source.context(row)


class Cohort:
    """Many contexts.

    Example:
        >>> cohort = Cohort.of_table(pa.table({"user_id": ["u-1", "u-2"], "country": ["NZ", None]}))
        >>> len(cohort), cohort.context(1)
        (2, {'user_id': 'u-2', 'country': None})
    """

    def __init__(self, sources: Sequence[_Source], block: int) -> None:
        """Take sources of up to `block` rows each; all but the last hold that many."""
        self._sources, self._block = sources, block

    @classmethod
    def of_table(cls, table: pa.Table, *, targeting_key: str = "", block: int = BLOCK) -> Self:
        """Read a table: each column is an attribute, each struct column one with attributes of its own.

        A row is the context that `table.to_pylist()` has there.

        Args:
            table: The attributes, in whatever types.
            targeting_key: Column of the units' ids; empty where it is called `targeting_key`.
            block: How many rows are answered together.

        Raises:
            Invalid: If two columns have one name, or the targeting key's isn't there.
        """
        names = table.column_names
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Invalid(f"table has two columns '{twice}', and an attribute has one value: rename one")
        if targeting_key:
            table = _keyed(table, targeting_key)
        table = table.cast(pa.schema([_readable(field) for field in cast("Any", table.schema)]), safe=False)
        return cls([_TableSource(table.slice(start, block)) for start in range(0, table.num_rows, block)], block)

    @classmethod
    def of_contexts(cls, contexts: Sequence[Context], *, block: int = BLOCK) -> Self:
        """Read contexts as they are, whatever they hold.

        Example:
            >>> len(Cohort.of_contexts([{"targeting_key": "u-1", "tags": ["a", 1]}]))
            1
        """
        starts = range(0, len(contexts), block)
        return cls([_ContextSource(contexts[start : start + block]) for start in starts], block)

    def __len__(self) -> int:
        return sum(len(source) for source in self._sources)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The rows, some at a time."""
        return tuple(Block(source) for source in self._sources)

    def context(self, row: int) -> Context:
        """Return a row as a context."""
        block, place = self.found(row)
        return block.context(place)

    def found(self, row: int) -> tuple[Block, int]:
        """Return the block that holds a row, and where.

        Raises:
            IndexError: If there is no such row.
        """
        if row < 0:
            raise IndexError(f"row {row} of a cohort: rows count from 0")
        return self.blocks[row // self._block], row % self._block

    def __iter__(self) -> Iterator[Context]:
        return (block.context(row) for block in self.blocks for row in range(len(block)))


def _keyed(table: pa.Table, column: str) -> pa.Table:
    if column not in table.column_names:
        raise Invalid(f"table has no column '{column}' for the targeting key: it has {', '.join(table.column_names)}")
    without = table.drop_columns([TARGETING_KEY]) if TARGETING_KEY in table.column_names else table
    return without.append_column(TARGETING_KEY, table.column(column))


def _readable(field: Any) -> Any:  # noqa: ANN401 - a field of any type
    """Return the type in which a column is read: microseconds for what is finer, plain text for views of text."""
    kind = field.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return field.with_type(pa.timestamp("us", kind.tz))
    if pa.types.is_string_view(kind):
        return field.with_type(pa.large_string())
    return field


class _TableSource:
    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return self._table.num_rows

    def column(self, path: str) -> Column:
        first, *rest = path.split(".")
        found = ArrowColumn(_whole(self._table.column(first))) if first in self._table.column_names else None
        for name in rest:
            found = found.field(name) if found else None
        return found or ArrowColumn(cast("Any", pa.nulls(len(self))))

    def context(self, row: int) -> Context:
        return self._table.slice(row, 1).to_pylist()[0]


def _whole(column: Any) -> Any:  # noqa: ANN401 - arrays of any type
    """Return a column as one array, copied only where it is in several pieces."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else column.combine_chunks()


class _ContextSource:
    def __init__(self, contexts: Sequence[Context]) -> None:
        self._contexts = contexts

    def __len__(self) -> int:
        return len(self._contexts)

    def column(self, path: str) -> Column:
        return ObjectColumn([attribute(context, path) for context in self._contexts])

    def context(self, row: int) -> Context:
        return self._contexts[row]
