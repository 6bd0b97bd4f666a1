"""Make what fuzzing starts from: documents, contexts, requests and files of our own, one a file.

python -m fuzz.seeds      # writes fuzz/seeds/TARGET/NAME, and fuzz/words.txt for libFuzzer
"""

import gzip
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
from msgspec.structs import replace
from ruamel.yaml import YAML
from tests.flags.random_states import drawn_context, drawn_state
from tests.warehouse.payloads import PAYLOADS

from fuzz.targets import TARGETS
from twyman.flags import document
from twyman.flags.state import State

HERE = Path(__file__).parent
SEEDS, WORDS = HERE / "seeds", HERE / "words.txt"
EXAMPLES = HERE.parent / "examples"
EXPRESSION, SELECT, INSIDE = range(3)
"""What a text of a definition is, as its first byte says it."""

_RULE = {
    "name": "flags/a/rules/r",
    "segment": "segments/s",
    "enabled": True,
    "assignmentSpec": {
        "bucketCount": 10,
        "assignments": [
            {"assignmentId": "1", "variant": {"variant": "on"}, "bucketRanges": [{"lower": 0, "upper": 5}]},
            {"fallthrough": {}, "bucketRanges": [{"lower": 5, "upper": 10}]},
        ],
    },
    "materializationSpec": {"readMaterialization": "m", "mode": {"materializationMustMatch": True}},
}
_CRITERIA = {
    "c1": {"attribute": {"attributeName": "country", "setRule": {"values": [{"stringValue": "NZ"}]}}},
    "c2": {
        "attribute": {
            "attributeName": "version",
            "rangeRule": {"startInclusive": {"versionValue": {"version": "1.2.3"}}},
        }
    },
    "c3": {"segment": {"segment": "segments/t"}},
    "c4": {"materializedSegment": {"materializedSegment": "m"}},
    "c5": {
        "attribute": {
            "attributeName": "tags",
            "anyRule": {"rule": {"eqRule": {"value": {"timestampValue": "2026-01-01T00:00:00Z"}}}},
        }
    },
}
_EXPRESSION = {"or": {"operands": [{"and": {"operands": [{"ref": "c1"}, {"not": {"ref": "c2"}}]}}, {"ref": "c5"}]}}
CONFIDENCE = {
    "flags": [
        {
            "name": "flags/a",
            "state": "ACTIVE",
            "clients": ["clients/web"],
            "schema": {"schema": {"rows": {"intSchema": {}}, "deep": {"structSchema": {"schema": {}}}}},
            "variants": [{"name": "on", "value": {"rows": 1.0}}],
            "rules": [_RULE],
        }
    ],
    "segmentsNoBitsets": [
        {"name": "segments/s", "targeting": {"criteria": _CRITERIA, "expression": _EXPRESSION}},
        {"name": "segments/t"},
    ],
    "bitsets": [{"segment": "segments/s", "gzippedBitset": gzip.compress(b"\x0f\xf0", mtime=0)}],
    "bloomFilters": [
        {"materializedSegment": "m", "data": bytes(8), "hashFunctionCount": 3, "bitCount": 64, "strategy": 1}
    ],
    "clients": [{"name": "clients/web"}],
    "clientCredentials": [{"name": "clients/web/clientCredentials/x", "clientSecret": {"secret": "s"}}],
}

BINARY = (
    b"\n\x3c\n\x07flags/a\x1a\x04\n\x02on\x20\x01*\x29\n\x01r\x12\nsegments/sX\x01b\x15\x08\n\x12\x11\n\x01a\x12\x04\n\x02on"
    b"*\x06\x08\x00\x10\x05",
    b"\x12\x2d\n\nsegments/s\x12\x1f\n\x12\n\x02c1\x12\x0c\n\n\n\x01x\x12\x05\n\x03\x22\x01y\x12\x09\x12\x07\n\x05c1xyz",
    b"2\r\n\x0bclients/web:\x13\n\x0dclients/web/c\x1a\x02\n\x00R\x0c\n\x01m\x12\x08\0\0\0\0\0\0\0\0\x18\x03\x20\x40\x28\x01",
    b"*\x0c\n\x08segments\x18\x01",
)

REQUESTS = (
    b'POST /ofrep/v1/evaluate/flags/page\ncontent-type: application/json\n\n{"context":{"targetingKey":"user-1"}}',
    b'POST /ofrep/v1/evaluate/flags/page\nx-api-key: secret\n\n{"context":{"targe\n--\ntingKey":"user-1"}}',
    b'POST /ofrep/v1/evaluate/flags\nif-none-match: *, "a", W/"b"\n\n{"context":{"country":["NZ"],"age":1e3}}',
    b'POST /ofrep/v1/evaluate/flags\nauthorization: Bearer secret\norigin: https://a.example\n\n{"context":{}}',
    b"OPTIONS /ofrep/v1/evaluate/flags\norigin: https://a.example\naccess-control-request-method: POST\n\n",
    b"GET /ofrep/v1/streams/open\nlast-event-id: v1\n\n",
    b"GET /v1/state\naccept-encoding: gzip;q=0.5, *\nx-api-key: secret\n\n",
    b"HEAD /v1/state\n\n",
    b"GET /healthz\n\n",
    b"GET /readyz\n\n",
    b'POST /v1/exposures\ncontent-length: 7\n\n{"batch":"b","sent_at":"2026-01-01T00:00:00Z","exposures":[{"unit":"u",'
    b'"exposed_at":"2026-01-01T00:00:00Z","flag":"a","rule":"r","variant":"on","experiment":"e","arm":"on"},7]}',
)

FOLDERS = (
    """kind: segment
name: nz
when:
  all:
    - country: {in: [NZ]}
    - app_version: {at_least: 5.2.0}
    - not: {is_employee: {is: true}}
    - genres: {any_of: {in: [metal, jazz]}}
allocation: {share: 20%, group: page}
---
kind: group
name: page
holdback: 5%
""",
    """kind: flag
name: start
schema: {layout: string, rows: {type: int, max: 100}}
variants:
  classic: {layout: list, rows: 20}
  cards: {layout: cards, rows: 12}
default: classic
rules:
  - {name: testers, when: {user_id: {in: [u-1]}}, serve: cards}
  - {name: ab, by: user_id, salt: s, split: {classic: 50%, cards: 50%}, experiment: ab, sticky: true}
  - {name: slow, environments: [production], share: 1%, salt: t, serve: cards, otherwise: fallthrough}
""",
    """kind: flag
name: b
schema: bool
variants: {on: true, off: false}
rules:
  - {name: r, when: {some: [{a: {matches: "^(a+)+$"}}, {flag: {start: [cards]}}, {segment: nz}]}, serve: on}
---
kind: client
name: web
environments: [production]
credentials: [{name: k, sha256: 0000000000000000000000000000000000000000000000000000000000000000}]
---
kind: segment
name: ids
units: [u-1, u-2]
ship: bloom
""",
)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield each seed with its target."""
    for seed in range(12):
        yield "document", document.written(_small(drawn_state(Random(seed)), seed))  # noqa: S311 - seeded
        yield "model", Random(seed).randbytes(600)  # noqa: S311 - seeded
    yield "confidence", msgspec.json.encode(CONFIDENCE)
    yield from (("confidence", binary) for binary in BINARY)
    for seed in range(20):
        yield from _context(seed)
    yield from (("request", request) for request in REQUESTS)
    yield from (("folder", text.encode()) for text in FOLDERS)
    yield from (("box", bytes([kind]) + text.encode()) for kind, text in boxes())


def boxes() -> Iterator[tuple[int, str]]:
    """Yield texts of definitions with what each is: an expression, the SELECT of a source, or a text inside one.

    They are what the examples say, and what our tests try to get out of the box with, in turn as each.
    """
    said = dict.fromkeys(one for file in sorted(EXAMPLES.glob("*/*.yaml")) for one in _said(file))
    yield from said
    yield from ((place % 3, payload) for place, payload in enumerate(PAYLOADS))


def _said(file: Path) -> Iterator[tuple[int, str]]:
    for read in YAML(typ="safe", pure=True).load_all(file.read_text()):
        columns = {**read.get("columns", {}), **read.get("measures", {})}
        found = [str(one) for one in (*columns.values(), read.get("where"), read.get("matured")) if one]
        yield from ((EXPRESSION, one) for one in found)
        if isinstance(read.get("table"), str):
            where = f" where {read['where']}" if read.get("where") else ""
            wanted = ", ".join(map(str, columns.values())) or "*"
            yield SELECT, f"select {wanted} from '{read['table']}'{where}"  # noqa: S608 - is read, not run
            yield INSIDE, read["table"]


def _small(state: State, seed: int) -> State:
    """Return a state with one of its flags and two segments: small documents are fuzzed faster."""
    flags, segments = list(state.flags.items()), list(state.segments.items())
    return replace(state, flags=dict([flags[seed % len(flags)]]), segments=dict(segments[:2]))


def _context(seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield a drawn context, where JSON can hold it."""
    try:
        yield "context", msgspec.json.encode(dict(drawn_context(Random(seed))))  # noqa: S311 - seeded
    except (TypeError, ValueError, OverflowError):
        return


def words() -> list[str]:
    """Return the words of all seeds and documents: libFuzzer puts them where its own guesses wouldn't."""
    texts = b"\n".join([*(data for target, data in seeds() if target not in {"model"}), *REQUESTS])
    found = {text.decode() for text in _texts(texts)}
    return sorted(f'"{word}"' for word in found if 2 < len(word) < 24)


def _texts(data: bytes) -> Iterator[bytes]:
    parts = data.replace(b":", b'"').split(b'"')
    yield from (part for part, _ in pairwise(parts) if part.isascii() and part.replace(b"_", b"a").isalnum())


def write() -> None:
    """Write all seeds anew."""
    for target in TARGETS:
        (SEEDS / target).mkdir(parents=True, exist_ok=True)
        for old in (SEEDS / target).iterdir():
            old.unlink()
    for place, (target, data) in enumerate(seeds()):
        (SEEDS / target / f"{place:03}").write_bytes(data)
    WORDS.write_text("\n".join(words()) + "\n")


if __name__ == "__main__":
    write()
