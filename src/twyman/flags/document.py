"""A state as JSON: what a server ships, a client keeps on disk, and every runtime reads.

Reading is forgiving piece by piece: a flag, segment or population that can't be read is left out, with its
reason, and everything else works. Only what is no such document at all is refused whole.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from itertools import accumulate
from typing import cast

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from twyman.flags.flag import Flag
from twyman.flags.population import BloomFilter, IdList, Population
from twyman.flags.state import Client, Segment, State
from twyman.flags.targeting import Broken
from twyman.kernel.errors import Invalid

FORMAT = 1
"""Version of the document's shape: a reader refuses what is newer than itself."""

DEEPEST = 128
"""Levels of a piece: a deeper one could be read here, and then not be written where the stack is fuller."""

_TEXTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\1\1\xff\xff")
_OTHERS = bytes(sorted({*range(256)} - {*b"[]{}"}))

_ENCODER = msgspec.json.Encoder(order="deterministic")


class _Document(Struct, frozen=True):
    """The shape on the wire, its pieces not yet read."""

    twyman: int
    version: str = ""
    flags: dict[str, Raw] = {}
    segments: dict[str, Raw] = {}
    populations: dict[str, Raw] = {}
    clients: dict[str, Raw] = {}


class _Written(Struct, frozen=True, omit_defaults=True):
    twyman: int
    version: str
    flags: dict[str, Flag] = {}
    segments: dict[str, Segment] = {}
    populations: dict[str, Population] = {}
    clients: dict[str, Client] = {}


def written(state: State) -> bytes:
    """Return a state as a document, with its version.

    Example:
        >>> written(State())
        b'{"twyman":1,"version":"..."}'
    """
    body = _Written(FORMAT, "", state.flags, state.segments, state.populations, state.clients)
    return _ENCODER.encode(replace(body, version=sha256(_ENCODER.encode(body)).hexdigest()[:16]))


def versioned(state: State) -> State:
    """Return a state that bears its version: the digest of its document.

    Example:
        >>> versioned(State()).version == versioned(State()).version
        True
    """
    body = _Written(FORMAT, "", state.flags, state.segments, state.populations, state.clients)
    return replace(state, version=sha256(_ENCODER.encode(body)).hexdigest()[:16])


def read(document: bytes) -> State:
    """Read a document; a piece that can't be read is kept as a broken one, with its reason.

    Raises:
        Invalid: If it is no such document, or one of a later format.

    Example:
        >>> state = read(b'{"twyman":1,"flags":{"a":{"name":7},"b":{"name":"b","variants":[]}}}')
        >>> state.flags["a"].broken
        'Expected `str`, got `int` - at `$.name`'
    """
    try:
        found = msgspec.json.decode(document, type=_Document)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid(f"state can't be read ({error}): fetch it again, or build it with twyman flags build") from None
    if found.twyman != FORMAT:
        raise Invalid(f"state has format {found.twyman}, and this version reads {FORMAT}: update twyman")
    flags = {name: _piece(raw, Flag) for name, raw in found.flags.items()}
    segments = {name: _piece(raw, Segment) for name, raw in found.segments.items()}
    populations = {name: _piece(raw, Population) for name, raw in found.populations.items()}
    clients = {name: _piece(raw, Client) for name, raw in found.clients.items()}
    return State(
        {name: _flag(name, piece) for name, piece in flags.items()},
        {name: _segment(name, piece) for name, piece in segments.items()},
        {name: piece for name, piece in populations.items() if isinstance(piece, IdList | BloomFilter)},
        {name: piece for name, piece in clients.items() if isinstance(piece, Client)},
        found.version,
    )


def _piece(raw: Raw, kind: object) -> object:
    """Return a piece as its kind, or why it can't be read."""
    if _is_deep(bytes(raw)):
        return f"it is nested deeper than {DEEPEST} levels"
    try:
        return msgspec.json.decode(raw, type=cast("type[object]", kind))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return str(error)


def _is_deep(piece: bytes) -> bool:
    """Add brackets up: without recursion, and in hardly any time for a usual piece."""
    if piece.count(b"[") + piece.count(b"{") <= DEEPEST:
        return False
    steps = memoryview(_TEXTS.sub(b"", piece).translate(_STEPS, delete=_OTHERS)).cast("b")
    return max(accumulate(steps), default=0) > DEEPEST


def _flag(name: str, piece: object) -> Flag:
    if not isinstance(piece, Flag):
        return Flag(name, (), broken=str(piece))
    return piece if piece.name == name else Flag(name, (), broken=f"it says its name is '{piece.name}'")


def _segment(name: str, piece: object) -> Segment:
    return piece if isinstance(piece, Segment) else Segment(name, Broken(str(piece)))


def plain(state: State) -> Mapping[str, object]:
    """Return a state as plain values, for people to read."""
    return cast("Mapping[str, object]", msgspec.to_builtins(state))
