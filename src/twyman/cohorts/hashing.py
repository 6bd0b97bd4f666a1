"""The hash of `flags.bucketing` over a column of ids: the same buckets, some twenty times as fast as one by one.

MurmurHash3 x64-128 (seed 0) reads a key in blocks of two words of eight bytes. All keys here begin with one prefix,
so the blocks that lie within it are hashed once, and each step of the others is done for a chunk of rows at a time.
Method: A. Appleby's reference of MurmurHash3 (public domain), `MurmurHash3_x64_128`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twyman.cohorts.texts import LOW_BYTES, Array, Even, Keys, Rows, Texts, Words
from twyman.flags.bucketing import BUCKETS

Half = Words | np.uint64
"""Half of the hash so far: of each row, or of all."""

_K1, _K2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_F1, _F2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_A1, _A2 = np.uint64(0x52DCE729), np.uint64(0x38495AB5)
_FIVE, _FOUR, _33 = np.uint64(5), np.uint64(4), np.uint64(33)


def buckets_of(units: "Array | Texts", *, salt: str, buckets: int = BUCKETS, rows: Rows | None = None) -> Words:
    """Return the bucket of each unit, as `flags.bucketing.bucket_of` does; a null's means nothing.

    Args:
        units: Ids as text (`string` or `large_string`), sliced or whole; or the same column as read before.
        salt: The draw's own salt.
        buckets: How many there are; more than 0.
        rows: Places of those wanted, ascending; all where left out.

    Returns:
        One whole number for each unit wanted.

    Example:
        >>> import pyarrow as pa
        >>> buckets_of(pa.array(["roug"]), salt="MegaSalt-confidence-test").tolist()
        [567493]
    """
    found = np.empty(len(units) if rows is None else len(rows), dtype=np.uint64)
    divisor = np.uint64(min(buckets, 1 << 60))
    for part, low, spare in halves(units, f"{salt}|".encode(), rows=rows):
        np.right_shift(low, _FOUR, out=low)
        np.floor_divide(low, divisor, out=spare)  # a remainder in two steps: numpy divides by one number fast
        np.multiply(spare, divisor, out=spare)
        np.subtract(low, spare, out=found[part])
    return found


def halves(
    texts: "Array | Texts", prefix: bytes = b"", *, rows: Rows | None = None
) -> Iterator[tuple[slice, Words, Words]]:
    """Yield both halves of the hash of `prefix` and each text, chunk by chunk, with the rows they are of.

    Example:
        >>> import pyarrow as pa
        >>> [(part, low, high)] = halves(pa.array(["roug"]), b"MegaSalt-confidence-test|")
        >>> int((low[0] >> 4) % 1_000_000)
        567493
    """
    start = _Start.of(prefix)
    column = texts if isinstance(texts, Texts) else Texts(texts)
    for part, keys in column.chunks(rows):
        yield part, *_of_chunk(keys, start)


@dataclass(frozen=True, slots=True)
class _Start:
    """What all keys begin with: the hash of its whole blocks, and the bytes beyond them."""

    low: np.uint64
    high: np.uint64
    rest: bytes
    length: int

    @classmethod
    def of(cls, prefix: bytes) -> "_Start":
        whole = len(prefix) // 16 * 16
        low, high = np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=np.uint64)
        for first, second in np.frombuffer(prefix[:whole], dtype="<u8").astype(np.uint64).reshape(-1, 2, 1):
            low, high = _block(low, high, first.copy(), second.copy())
        return cls(low[0], high[0], prefix[whole:], len(prefix))

    @property
    def blocks(self) -> int:
        return self.length // 16


def _of_chunk(keys: Keys, start: _Start) -> tuple[Words, Words]:
    """Hash the keys of a chunk, those of equally many blocks together."""
    fewest, most = (start.length + keys.shortest) >> 4, (start.length + keys.longest) >> 4
    if fewest == most or isinstance(keys, Even):
        return _hashed(keys, start, fewest)
    low, high = np.empty(len(keys), dtype=np.uint64), np.empty(len(keys), dtype=np.uint64)
    blocks = (keys.sizes + start.length) >> 4
    for count in np.flatnonzero(np.bincount(blocks)).tolist():
        rows = np.flatnonzero(blocks == count)
        low[rows], high[rows] = _hashed(keys.among(rows), start, count)
    return low, high


def _hashed(keys: Keys, start: _Start, blocks: int) -> tuple[Words, Words]:
    """Hash keys that all have so many whole blocks, and then a tail of 0 to 15 bytes."""
    low: Half = start.low
    high: Half = start.high
    words = _words(keys, start.rest)
    for _ in range(blocks - start.blocks):
        low, high = _block(low, high, next(words), next(words))
    before = start.length - 16 * blocks
    low = _tail(low, words, keys, before, (_K1, 31, _K2))
    high = _tail(high, words, keys, before - 8, (_K2, 33, _K1))
    return _final(low, high, keys.lengths + np.uint64(start.length))


def _tail(half: Half, words: Iterator[Words], keys: Keys, before: int, by: tuple[np.uint64, int, np.uint64]) -> Words:
    """Take half of the tail in; where no key reaches that far it changes nothing."""
    if keys.longest + before <= 0:
        return half if isinstance(half, np.ndarray) else np.full(len(keys), half)
    word = next(words)
    if keys.shortest + before < 8:
        word &= keys.own(before)
    _scramble(word, *by)
    word ^= half
    return word


def _words(keys: Keys, rest: bytes) -> Iterator[Words]:
    """Yield the keys' words, from those bytes of the prefix on that fill no block."""
    if len(rest) >= 8:
        yield np.full(len(keys), int.from_bytes(rest[:8], "little"), dtype=np.uint64)
    over = len(rest) % 8
    own = keys.words(-over)
    if over:
        word = next(own).copy()
        word &= ~LOW_BYTES[over]
        word |= np.uint64(int.from_bytes(rest[-over:], "little"))
        yield word
    yield from own


def _block(low: Half, high: Half, first: Words, second: Words) -> tuple[Words, Words]:
    """Take one block in; its words' arrays become the halves'."""
    _scramble(first, _K1, 31, _K2)
    first ^= low
    _turn(first, 27)
    first += high
    first *= _FIVE
    first += _A1
    _scramble(second, _K2, 33, _K1)
    second ^= high
    _turn(second, 31)
    second += first
    second *= _FIVE
    second += _A2
    return first, second


def _scramble(words: Words, factor: np.uint64, turn: int, then: np.uint64) -> None:
    words *= factor
    _turn(words, turn)
    words *= then


def _turn(words: Words, bits: int) -> None:
    """Rotate to the left."""
    over = words >> np.uint64(64 - bits)
    words <<= np.uint64(bits)
    words |= over


def _final(low: Words, high: Words, lengths: Half) -> tuple[Words, Words]:
    low ^= lengths
    high ^= lengths
    low += high
    high += low
    _stir(low)
    _stir(high)
    low += high
    high += low
    return low, high


def _stir(words: Words) -> None:
    words ^= words >> _33
    words *= _F1
    words ^= words >> _33
    words *= _F2
    words ^= words >> _33
