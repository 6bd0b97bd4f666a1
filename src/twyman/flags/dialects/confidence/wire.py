"""The binary form of a state, read into the same fields by name as its JSON.

The table below holds the field numbers that resolution needs, as the vendor publishes them; other fields are
skipped. Reading takes time and memory in proportion to the bytes, and goes no deeper than `DEEPEST`.

References:
    Protocol Buffers, "Encoding": https://protobuf.dev/programming-guides/encoding/
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, cast

from twyman.flags.dialects.confidence.piece import Unreadable

DEEPEST = 120
"""Messages within messages: a deeper one is read as empty."""

_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    # field number: name, and how it is read. [X] is a list of X, {X} a map from text to X.
    "ResolverState": {
        1: ("flags", "[Flag]"),
        2: ("segmentsNoBitsets", "[Segment]"),
        5: ("bitsets", "[PackedBitset]"),
        6: ("clients", "[Client]"),
        7: ("clientCredentials", "[Credential]"),
        10: ("bloomFilters", "[BloomFilter]"),
    },
    "PackedBitset": {1: ("segment", "text"), 2: ("gzippedBitset", "bytes"), 3: ("fullBitset", "truth")},
    "BloomFilter": {
        1: ("materializedSegment", "text"),
        2: ("data", "bytes"),
        3: ("hashFunctionCount", "whole"),
        4: ("bitCount", "whole"),
        5: ("strategy", "whole"),
    },
    "Client": {1: ("name", "text")},
    "Credential": {1: ("name", "text"), 3: ("clientSecret", "Secret"), 16: ("environments", "[text]")},
    "Secret": {1: ("secret", "text")},
    "Flag": {
        1: ("name", "text"),
        2: ("schema", "StructSchema"),
        3: ("variants", "[Variant]"),
        4: ("state", "whole"),
        5: ("rules", "[Rule]"),
        12: ("clients", "[text]"),
    },
    "StructSchema": {1: ("schema", "{Schema}")},
    "Schema": {
        1: ("structSchema", "StructSchema"),
        2: ("listSchema", "ListSchema"),
        3: ("intSchema", "Empty"),
        4: ("doubleSchema", "Empty"),
        5: ("stringSchema", "Empty"),
        6: ("boolSchema", "Empty"),
    },
    "ListSchema": {1: ("elementSchema", "Schema")},
    "Variant": {1: ("name", "text"), 2: ("value", "Struct")},
    "Rule": {
        1: ("name", "text"),
        2: ("segment", "text"),
        5: ("targetingKeySelector", "text"),
        11: ("enabled", "truth"),
        12: ("assignmentSpec", "AssignmentSpec"),
        13: ("materializationSpec", "MaterializationSpec"),
        16: ("environments", "[text]"),
    },
    "MaterializationSpec": {
        1: ("writeMaterialization", "text"),
        2: ("readMaterialization", "text"),
        3: ("mode", "ReadMode"),
    },
    "ReadMode": {1: ("materializationMustMatch", "truth"), 2: ("segmentTargetingCanBeIgnored", "truth")},
    "AssignmentSpec": {1: ("bucketCount", "whole"), 2: ("assignments", "[Assignment]")},
    "Assignment": {
        1: ("assignmentId", "text"),
        2: ("variant", "VariantAssignment"),
        3: ("fallthrough", "Empty"),
        4: ("clientDefault", "Empty"),
        5: ("bucketRanges", "[BucketRange]"),
    },
    "VariantAssignment": {1: ("variant", "text")},
    "BucketRange": {1: ("lower", "whole"), 2: ("upper", "whole")},
    "Segment": {1: ("name", "text"), 2: ("targeting", "Targeting")},
    "Targeting": {1: ("criteria", "{Criterion}"), 2: ("expression", "Expression")},
    "Criterion": {
        1: ("attribute", "AttributeCriterion"),
        2: ("segment", "SegmentCriterion"),
        3: ("materializedSegment", "MaterializedCriterion"),
    },
    "SegmentCriterion": {1: ("segment", "text")},
    "MaterializedCriterion": {1: ("materializedSegment", "text")},
    "AttributeCriterion": {
        1: ("attributeName", "text"),
        2: ("eqRule", "EqRule"),
        3: ("setRule", "ValueList"),
        4: ("rangeRule", "RangeRule"),
        5: ("anyRule", "OuterRule"),
        6: ("allRule", "OuterRule"),
        7: ("startsWithRule", "TextRule"),
        8: ("endsWithRule", "TextRule"),
        9: ("containsRule", "TextRule"),
    },
    "OuterRule": {1: ("rule", "InnerRule")},
    "InnerRule": {
        1: ("eqRule", "EqRule"),
        2: ("setRule", "ValueList"),
        3: ("rangeRule", "RangeRule"),
        4: ("startsWithRule", "TextRule"),
        5: ("endsWithRule", "TextRule"),
        6: ("containsRule", "TextRule"),
    },
    "EqRule": {1: ("value", "Value")},
    "ValueList": {1: ("values", "[Value]")},
    "RangeRule": {
        1: ("startInclusive", "Value"),
        2: ("startExclusive", "Value"),
        3: ("endInclusive", "Value"),
        4: ("endExclusive", "Value"),
    },
    "TextRule": {1: ("value", "text")},
    "Value": {
        1: ("boolValue", "truth"),
        4: ("stringValue", "text"),
        5: ("timestampValue", "Timestamp"),
        6: ("versionValue", "SemanticVersion"),
        7: ("numberValue", "double"),
        8: ("listValue", "ValueList"),
    },
    "SemanticVersion": {1: ("version", "text")},
    "Timestamp": {1: ("seconds", "whole"), 2: ("nanos", "whole")},
    "Expression": {1: ("ref", "text"), 2: ("not", "Expression"), 3: ("and", "Operands"), 4: ("or", "Operands")},
    "Operands": {1: ("operands", "[Expression]")},
    "Empty": {},
    "Struct": {1: ("fields", "{Json}")},
    "Json": {
        1: ("null", "whole"),
        2: ("number", "double"),
        3: ("text", "text"),
        4: ("truth", "truth"),
        5: ("struct", "Struct"),
        6: ("list", "JsonList"),
    },
    "JsonList": {1: ("values", "[Json]")},
}

_TYPES = {"whole": 0, "truth": 0, "double": 1}
"""Wire types; everything else has its length before it."""


def resolver_state(data: bytes) -> dict[str, object]:
    r"""Read a binary `ResolverState`.

    Raises:
        Unreadable: If it is none, or cut off.

    Example:
        >>> resolver_state(b"\n\x09\n\x07flags/a")
        {'flags': [{'name': 'flags/a'}]}
    """
    return cast("dict[str, object]", _message(memoryview(data), "ResolverState", 1))


def _message(data: memoryview, kind: str, depth: int) -> object:
    known, found = _MESSAGES[kind], dict[str, Any]()
    if depth > DEEPEST:
        return found
    for number, wire_type, raw in _fields(data):
        if number not in known:
            continue
        name, reader = known[number]
        inner = reader.strip("[]{}")
        if wire_type != _TYPES.get(inner, 2) or (reader[0] == "{" and wire_type != 2):
            raise Unreadable(f"field '{name}' of {kind} has another type on the wire than it must have")
        if reader[0] == "[":
            found.setdefault(name, []).append(_read(raw, inner, depth + 1))
        elif reader[0] == "{":
            key, value = _entry(cast("memoryview", raw), inner, depth + 1)
            found.setdefault(name, {})[key] = value
        else:
            found[name] = _read(raw, reader, depth + 1)
    return _JSON[kind](found) if kind in _JSON else found


def _entry(data: memoryview, kind: str, depth: int) -> tuple[str, object]:
    key, value = "", memoryview(b"")
    for number, wire_type, raw in _fields(data):
        if wire_type == 2 and number == 1:
            key = cast("str", _read(raw, "text", depth))
        elif wire_type == 2 and number == 2:
            value = cast("memoryview", raw)
    return key, _message(value, kind, depth)


def _read(raw: int | memoryview, kind: str, depth: int) -> object:
    match kind, raw:
        case ("whole", int()):
            return raw - (1 << 64) if raw >> 63 else raw
        case ("truth", int()):
            return raw != 0
        case ("double", memoryview()):
            return struct.unpack("<d", raw)[0]
        case ("bytes", memoryview()):
            return raw.tobytes()
        case ("text", memoryview()):
            try:
                return str(raw, "utf-8")
            except UnicodeDecodeError:
                raise Unreadable("a text in it isn't UTF-8") from None
        case _:
            return _message(cast("memoryview", raw), kind, depth)


def _fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield field number, wire type, and a whole number or a view of bytes, so that no level is a copy."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, at = _varint(data, at)
            yield number, wire_type, value
            continue
        if wire_type == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(wire_type, -1)
        if size < 0 or not number or at + size > len(data):
            raise Unreadable(f"it is cut off, or no such message (at byte {at:,} of {len(data):,})")
        yield number, wire_type, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + 10]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value & ((1 << 64) - 1), at + place + 1
    raise Unreadable(f"it is cut off, or no such message (at byte {at:,} of {len(data):,})")


def _json_value(found: dict[str, Any]) -> object:
    value = next(iter(found.values()), None) if "null" not in found else None
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53
    return int(value) if is_whole and value is not None else value


_JSON: dict[str, Callable[[dict[str, Any]], object]] = {
    "Struct": lambda found: found.get("fields", {}),
    "JsonList": lambda found: found.get("values", []),
    "Json": _json_value,
}
