"""Which bucket a unit falls into: the one place where chance enters.

Every runtime of ours (this one, the vectorised one, those of other languages)
must put a unit into the same bucket, for ever. So the hash is fixed, the
arithmetic is whole numbers only, and each runtime checks itself against
`tests/flags/bucketing_vectors.json`.

To change a line here is to re-randomise every live experiment.
`docs/adr/0012-bucketing.md` says why it is as it is, and what a change takes.
"""

import mmh3

BUCKETS = 1_000_000
"""Buckets of a population: fine enough that a share is exact to a millionth."""


def bucket_of(unit: str, *, salt: str, buckets: int = BUCKETS) -> int:
    """Return the bucket of a unit, from 0 to `buckets` - 1.

    Buckets under two salts are independent, so that two experiments don't
    share their lucky units; a salt belongs to one draw, and is never reused.
    The hash is the lower half of MurmurHash3 x64-128 (seed 0) of
    `salt|unit` in UTF-8, without its lowest four bits.

    Raises:
        ZeroDivisionError: If there are no buckets.
        UnicodeEncodeError: If salt or unit is no text that UTF-8 can write (a lone surrogate).

    Example:
        >>> bucket_of("roug", salt="MegaSalt-confidence-test")
        567493
    """
    low, _ = mmh3.hash64(f"{salt}|{unit}".encode(), seed=0, x64arch=True, signed=False)
    return (low >> 4) % buckets
