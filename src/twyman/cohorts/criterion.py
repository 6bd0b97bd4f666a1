"""Which rows' values meet a test: `flags.criterion`, asked once for every value that differs.

What a test means is said there, and only there. Three kinds are so common on columns so long that they are read
from the bytes, where that gives the very same answer: texts of a set, numbers of a range, and whether a value is.
"""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from twyman.cohorts.column import ArrowColumn, Column
from twyman.cohorts.texts import Texts, numbers
from twyman.cohorts.truth import Mask, Truth
from twyman.flags.criteria.criterion import LONGEST_LIST, BrokenCriterion, holds
from twyman.flags.targeting import EachOf, Exists, In, Is, Range, Test

_NO, _YES, _BROKEN = range(3)
_SHORT = 7
"""Bytes of a text that fit one word beside their number."""
_FEW = 12
"""Short texts up to which comparing with each is faster than Arrow's hash table."""


def meets(test: Test, column: Column) -> Truth:
    """Say of each row whether its value meets a test.

    Example:
        >>> meets(In(("NZ", "SE")), ArrowColumn(pa.array(["NZ", None, "NO"]))).holds.tolist()
        [True, False, False]
    """
    if isinstance(column, ArrowColumn):
        mask = _read_off(test, column)
        if mask is not None:
            return Truth(mask)
        if _is_list(column.array.type):
            return _of_lists(test, column)
    codes, values = column.distinct
    return _spread(_verdicts(test, values), codes)


def _verdicts(test: Test, values: list[object]) -> NDArray[np.uint8]:
    return np.array([_verdict(test, value) for value in values], dtype=np.uint8)


def _verdict(test: Test, value: object) -> int:
    try:
        return _YES if holds(test, value) else _NO
    except BrokenCriterion:
        return _BROKEN


def _spread(verdicts: NDArray[np.uint8], codes: NDArray[np.int64]) -> Truth:
    truth = (verdicts == _YES).take(codes)
    return Truth(truth, (verdicts == _BROKEN).take(codes)) if (verdicts == _BROKEN).any() else Truth(truth)


def _read_off(test: Test, column: ArrowColumn) -> Mask | None:
    """Return the answer from the column's own bytes; `None` where it must be asked value by value."""
    match test:
        case Exists():
            present = np.ones(len(column.array), dtype=np.bool_) if column.present is None else column.present
            return present if test.there else ~present
        case Is() | In() if _is_text(column.array.type) and not test.ignore_case:
            return _among(test.values if isinstance(test, In) else (test.value,), column)
        case Range():
            return _within(test, column)
        case _:
            return None


def _is_text(kind: "pa.DataType") -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_list(kind: "pa.DataType") -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _among(operands: tuple[object, ...], column: ArrowColumn) -> Mask | None:
    """Return which texts are among some, all of which are text or null."""
    if not all(operand is None or isinstance(operand, str) for operand in operands):
        return None
    texts = {
        text for text in (_written(operand) for operand in operands if isinstance(operand, str)) if text is not None
    }
    if len(texts) <= _FEW and all(len(text) <= _SHORT for text in texts):
        found = _among_short(texts, column)
    else:
        wanted = pa.array(sorted(texts), pa.binary()).cast(column.array.type)
        found = cast("Any", pc).is_in(column.array, value_set=wanted).to_numpy(zero_copy_only=False)
    if None in operands and column.present is not None:
        found = found | ~column.present
    return found


def _written(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None  # half a character is in no column


def _among_short(texts: set[bytes], column: ArrowColumn) -> Mask:
    """Compare texts as whole numbers: their bytes, and above them how many there are."""
    wanted = [np.uint64(int.from_bytes(text, "little") | len(text) << 56) for text in sorted(texts)]
    found = np.zeros(len(column.array), dtype=np.bool_)
    for part, keys in Texts(column.array).chunks():
        words = numbers(keys)
        for number in wanted:
            found[part] |= words == number
    return found if column.present is None else found & column.present


def _within(test: Range, column: ArrowColumn) -> Mask | None:
    """Return which numbers are in a range of numbers."""
    kind = column.array.type
    bounds = test.start, test.end
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)) or bounds == (None, None):
        return None
    if not all(bound is None or _is_exact(bound, kind) for bound in bounds):
        return None
    values = _numbers(column)
    found = np.ones(len(values), dtype=np.bool_) if column.present is None else column.present
    if test.start is not None:
        found = found & _compared(values, test.start, np.greater_equal if test.start_in else np.greater)
    if test.end is not None:
        found = found & _compared(values, test.end, np.less_equal if test.end_in else np.less)
    return found


def _is_exact(bound: object, kind: "pa.DataType") -> bool:
    """Whether a bound is a number that compares with a column's as it would alone."""
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not abs(bound) <= 2**53:
        return False
    return pa.types.is_floating(kind) or bound == math.floor(bound)


def _numbers(column: ArrowColumn) -> NDArray[Any]:
    array = cast("Any", column.array)
    if pa.types.is_floating(array.type):
        array = array.cast(pa.float64())
    return (array.fill_null(0) if array.null_count else array).to_numpy(zero_copy_only=False)


def _compared(values: NDArray[Any], bound: object, compared: Callable[..., Mask]) -> Mask:
    """Compare with one number; numpy takes a whole one as it is, even where it is beyond the column's type."""
    return compared(values, int(cast("Any", bound)) if values.dtype.kind in "iu" else float(cast("Any", bound)))


def _of_lists(test: Test, column: ArrowColumn) -> Truth:
    """Ask once for every element that differs, as one of a list of one, and join the answers row by row."""
    array = cast("Any", column.array)
    elements = ArrowColumn(array.flatten())
    codes, values = elements.distinct
    verdicts = _verdicts(test, [[value] for value in values])
    bare, null = _verdict(test, []), _verdict(test, None)
    lengths: NDArray[np.int64] = cast("Any", pc).list_value_length(array).fill_null(0).cast(pa.int64()).to_numpy()
    is_of_rows = (isinstance(test, Is) and isinstance(test.value, tuple)) or lengths.max(initial=0) > LONGEST_LIST
    if is_of_rows or _BROKEN in {bare, null, *verdicts.tolist()}:
        rows = array.to_pylist()
        return _spread(_verdicts(test, rows), np.arange(len(rows)))
    found = np.full(len(array), bare == _YES)
    if column.present is not None:
        found[~column.present] = null == _YES
    filled = np.flatnonzero(lengths)
    if len(filled):
        joined = np.logical_and if isinstance(test, EachOf) else np.logical_or
        found[filled] = joined.reduceat((verdicts == _YES).take(codes), (np.cumsum(lengths) - lengths)[filled])
    return Truth(found)
