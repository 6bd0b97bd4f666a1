"""Bitsets, one bit for each bucket of the population, as the runs of buckets that they hold.

A bitset of one contiguous share is a run or two; one whose bits were drawn at random is hundreds of thousands
of them. The runs of a whole state are therefore counted, and bounded.
"""

import re
import zlib
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Sequence

from twyman.flags.bucketing import BUCKETS
from twyman.flags.dialects.confidence.piece import Unreadable, whole
from twyman.flags.slices import Slice

MOST_RUNS = 5_000_000
"""Runs in all the bitsets of a state: some 500 MB of memory."""

_BYTES = BUCKETS // 8
_RUN = re.compile("1+")


def unpacked(zipped: object, *, most: int = MOST_RUNS) -> tuple[Slice, ...]:
    """Return the runs of a gzipped bitset, lowest bit of each byte first; bits beyond the last bucket don't matter.

    Args:
        zipped: Bytes, or their base64.
        most: How many runs there may be: they are counted before any is made.

    Raises:
        Unreadable: If it is no such thing, or in more pieces.

    Example:
        >>> import gzip
        >>> unpacked(gzip.compress(bytes([0b00001110, 0b1])))
        (Slice(start=1, stop=4), Slice(start=8, stop=9))
    """
    inflating = zlib.decompressobj(wbits=31)
    try:
        bits = inflating.decompress(as_bytes(zipped, "gzippedBitset"), _BYTES)
    except zlib.error as error:
        raise Unreadable(f"its bitset isn't gzipped ({error})") from None
    if len(bits) < _BYTES and not inflating.eof:
        raise Unreadable("its bitset is cut off")
    number = int.from_bytes(bits, "little")
    if (number & ~(number << 1)).bit_count() > most:
        raise Unreadable(f"the state's bitsets are in more than {MOST_RUNS:,} pieces")
    shown = f"{number:b}"[::-1]
    return tuple(Slice(run.start(), run.end()) for run in _RUN.finditer(shown))


def of_indices(indices: Sequence[object]) -> tuple[Slice, ...]:
    """Return the runs of buckets listed one by one, in any order.

    Raises:
        Unreadable: If one is no bucket.

    Example:
        >>> of_indices([7, 0, 1])
        (Slice(start=0, stop=2), Slice(start=7, stop=8))
    """
    return tuple(_runs(sorted({_bucket(index) for index in indices})))


def _bucket(index: object) -> int:
    bucket = whole(index, "bucket of its bitset")
    if not 0 <= bucket < BUCKETS:
        raise Unreadable(f"its bitset holds bucket {bucket}, and there are {BUCKETS:,}")
    return bucket


def _runs(buckets: Sequence[int]) -> Iterator[Slice]:
    start = stop = -1
    for bucket in buckets:
        if bucket != stop:
            if stop > start:
                yield Slice(start, stop)
            start = bucket
        stop = bucket + 1
    if stop > start:
        yield Slice(start, stop)


def as_bytes(value: object, what: str) -> bytes:
    """Return bytes, which JSON writes in base64.

    Raises:
        Unreadable: If it is neither.
    """
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise Unreadable(f"{what} is a {type(value).__name__}, where bytes in base64 were expected")
    try:
        return b64decode(value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4), validate=True)
    except (Error, ValueError):
        raise Unreadable(f"{what} isn't base64") from None
