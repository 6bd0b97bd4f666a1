"""One spelling for a value, so that equal values have equal digests."""

from hashlib import sha256

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """Return the value as JSON with sorted keys and no spaces.

    Example:
        >>> canonical({"b": 1, "a": [True, None]})
        b'{"a":[true,null],"b":1}'
    """
    return _ENCODER.encode(value)


def digest(value: object) -> str:
    """Return a short name of the value: the first 16 hex digits of its SHA-256.

    Example:
        >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
        True
    """
    return sha256(canonical(value)).hexdigest()[:16]
