"""Raw requests to the application that serves flags: each gets one whole answer, and never by accident a failure.

A request is written much as on the wire: a line with method and path, headers a line each, an empty line, the
body; `--` on a line of its own cuts the body into pieces, as a slow client would send it.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace
from tests.flags.random_states import drawn_state

from fuzz.laws import Broken
from twyman.api import Api, Limits, Row, Served
from twyman.flags.state import Client, Credential

STATUSES = {200, 202, 204, 304, 400, 401, 404, 405, 413, 415}
"""What an answer may be. 500 is a fault of ours, and nothing here is out of order for a 503."""
MOST = 1 << 20
"""Bytes of an answer to the small states asked here."""
_CUT = b"\n--\n"


class Kept:
    """A sink that counts."""

    problem = ""

    def offer(self, row: Row) -> None:
        """Take one."""
        msgspec.json.encode(row)

    async def commit(self, rows: Sequence[Row]) -> None:
        """Take several."""
        msgspec.json.encode(rows)


@cache
def applications() -> tuple[Api, ...]:
    """Return an application that is open to everybody, and one with clients."""
    limits = Limits(context=1 << 14, batch=1 << 14, streams=4, heartbeat=0.01)
    state = drawn_state(Random(3))  # noqa: S311 - seeded
    secret = Credential("key", sha256(b"secret").hexdigest(), ("production",))
    closed = replace(state, clients={"mobile": Client("mobile", (), (secret,))})
    return tuple(
        Api(Served(each), sink=Kept(), limits=limits, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        for each in (replace(state, clients={}), closed)
    )


def of_request(data: bytes) -> None:
    """Ask both applications the same."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.decode("latin-1").partition("?")
    pairs = [line.partition(b":")[::2] for line in lines if b":" in line]
    scope: dict[str, Any] = {
        "type": "http",
        "method": method.decode("latin-1").upper(),
        "path": unquote(path),
        "query_string": query.encode("latin-1"),
        "headers": [(name.strip().lower(), value.strip()) for name, value in pairs],
    }
    for api in applications():
        _check(asyncio.run(_answered(api, scope, body.split(_CUT))))


async def _answered(api: Api, scope: dict[str, Any], pieces: list[bytes]) -> list[dict[str, Any]]:
    waiting = [
        {"type": "http.request", "body": piece, "more_body": place + 1 < len(pieces)}
        for place, piece in enumerate(pieces)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await api(scope, receive, send)
    return sent


def _check(sent: list[dict[str, Any]]) -> None:
    start, *rest = sent
    headers = dict(start["headers"])
    body = b"".join(message["body"] for message in rest)
    is_stream = headers.get(b"content-type") == b"text/event-stream"
    if start["type"] != "http.response.start" or start["status"] not in STATUSES:
        raise Broken(f"answer is {start['status']}: {body[:200]!r}")
    if len(body) > MOST or not rest:
        raise Broken(f"answer has {len(body):,} bytes in {len(rest)} pieces")
    if not all(isinstance(name, bytes) and isinstance(value, bytes) for name, value in start["headers"]):
        raise Broken("a header isn't bytes")
    if any(b"\n" in value or b"\r" in value for _, value in start["headers"]):
        raise Broken("a header is two")
    if not is_stream and int(headers.get(b"content-length", b"0")) != len(body):
        raise Broken("content-length isn't the body's")
    if headers.get(b"content-type") == b"application/json" and b"content-encoding" not in headers:
        said = msgspec.json.decode(body)
        if start["status"] >= 400 and not said.keys() >= {"errorCode", "errorDetails"}:
            raise Broken(f"failure without a code: {said}")
