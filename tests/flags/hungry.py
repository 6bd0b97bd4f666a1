"""What would take gigabytes, were it not bounded; run in a process of its own, which has room for hardly any.

python -m tests.flags.hungry      # prints "bounded"
"""

import resource
import sys
import zlib

from twyman.flags.criteria.criterion import found_in, pattern
from twyman.flags.dialects import confidence

ROOM = 150 << 20
"""Bytes beyond those of a process that has loaded everything."""


def patterns() -> None:
    """Keep many patterns, each as large as it may be."""
    kept = [pattern(f"(a?){{600}}b{number}", ignore_case=False) for number in range(150)]
    assert not any(found_in(each, "a" * 50) for each in kept)


def messages_within_messages() -> None:
    """Read one large message through a hundred others."""
    size, heads = 4 << 20, list[bytes]()
    for level in range(103):
        heads.append(head(2 if level else 15, size))
        size += len(heads[-1])
    confidence.state(b"".join(heads[::-1]) + bytes(4 << 20))


def bomb() -> None:
    """Read a bitset of 200 MiB, which is 900 KiB as it comes."""
    packer = zlib.compressobj(1, wbits=31)
    block = bytes(1 << 20)
    data = b"".join([packer.compress(block) for _ in range(200)]) + packer.flush()
    confidence.state({"bitsets": [{"segment": "segments/s", "gzippedBitset": data}]}, account="a")


def bitsets_in_pieces() -> None:
    """Read a hundred small bitsets, each of half a million pieces."""
    packer = zlib.compressobj(wbits=31)
    data = packer.compress(b"\x55" * 125_000) + packer.flush()
    bitsets = [{"segment": f"segments/{place}", "gzippedBitset": data} for place in range(100)]
    found = confidence.bitset
    for each in bitsets:
        try:
            found.unpacked(each["gzippedBitset"], most=1_000)
        except confidence.piece.Unreadable:
            continue
        raise AssertionError


def head(number: int, length: int) -> bytes:
    """Return what stands before so many bytes of a field, in protocol buffers."""
    size = b""
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length])


if __name__ == "__main__":
    with open("/proc/self/statm") as statm:
        most = int(statm.read().split()[0]) * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    patterns()
    messages_within_messages()
    bomb()
    bitsets_in_pieces()
    sys.stdout.write("bounded\n")
