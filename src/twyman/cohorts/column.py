"""One attribute of many contexts: as Arrow has it, or as the objects it was handed over as."""

from functools import cached_property
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from twyman.cohorts.truth import Mask

Codes = NDArray[np.int64]
"""For each row, the place of its value among the distinct ones."""


class ObjectColumn:
    """Values of any kind, as a caller passed them."""

    def __init__(self, values: list[object]) -> None:
        """Take the values as they are."""
        self._values = values

    @cached_property
    def distinct(self) -> tuple[Codes, list[object]]:
        """Every value once, where it is text, a number, a truth or null; the others as often as they come."""
        places: dict[object, int] = {}
        values: list[object] = []
        codes = np.empty(len(self._values), dtype=np.int64)
        for row, value in enumerate(self._values):
            codes[row] = place = places.setdefault(_identity(value), len(values))
            if place == len(values):
                values.append(value)
        return codes, values


def _identity(value: object) -> object:
    """Return what tells a value from all others: 1, 1.0, True and -0.0 are four values."""
    if isinstance(value, float):
        return type(value), value.hex()
    return (type(value), value) if type(value) in {str, int, bool} else (None, id(value))


class ArrowColumn:
    """Values of one type, as Arrow keeps them."""

    def __init__(self, array: "pa.Array[Any]") -> None:
        """Take an array as it is."""
        self.array = array

    @cached_property
    def present(self) -> Mask | None:
        """Where a value is; `None` for everywhere."""
        if not self.array.null_count:
            return None
        return cast("Any", pc).is_valid(self.array).to_numpy(zero_copy_only=False)

    def field(self, name: str) -> "ArrowColumn | None":
        """Return an attribute of an attribute; `None` where there is none."""
        kind = self.array.type
        if not pa.types.is_struct(kind) or name not in [each.name for each in cast("Any", kind)]:
            return None
        return ArrowColumn(cast("Any", pc).struct_field(self.array, name))

    @cached_property
    def distinct(self) -> tuple[Codes, list[object]]:
        """Every value once, where its type has an order; the others as often as they come."""
        array, kind = cast("Any", self.array), self.array.type
        if pa.types.is_dictionary(kind):
            return _looked_up(array.indices, array.dictionary.to_pylist())
        if pa.types.is_floating(kind):
            bits = array.cast(pa.float64()).view(pa.int64()).dictionary_encode()  # by bits: -0.0 isn't 0.0
            return _looked_up(bits.indices, bits.dictionary.view(pa.float64()).to_pylist())
        if _is_scalar(kind):
            encoded = array.dictionary_encode()
            return _looked_up(encoded.indices, encoded.dictionary.to_pylist())
        return np.arange(len(array)), array.to_pylist()


Column = ArrowColumn | ObjectColumn
"""The values of an attribute, row by row."""


def _is_scalar(kind: "pa.DataType") -> bool:
    kinds = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_integer,
        pa.types.is_boolean,
        pa.types.is_temporal,
        pa.types.is_decimal,
    )
    return any(is_kind(kind) for is_kind in kinds)


def _looked_up(indices: Any, values: list[object]) -> tuple[Codes, list[object]]:  # noqa: ANN401 - any integer type
    """Return codes and values, null among them where a row has none."""
    if indices.null_count:
        return indices.cast(pa.int64()).fill_null(len(values)).to_numpy(), [*values, None]
    return indices.cast(pa.int64()).to_numpy(), values
