"""Calls an ASGI application as a server would, without one."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from twyman.api import Api

SINGLE, BULK = "/ofrep/v1/evaluate/flags/", "/ofrep/v1/evaluate/flags"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return msgspec.json.decode(self.body)


def ask(api: Api, method: str, path: str, body: object = b"", headers: Mapping[str, str] | None = None) -> Answer:
    return asyncio.run(asked(api, method, path, body, headers))


async def asked(
    api: Api, method: str, path: str, body: object = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """Ask in several pieces where the body is a list of bytes; anything else but bytes is sent as JSON."""
    pieces = body if isinstance(body, list) else [body if isinstance(body, bytes) else msgspec.json.encode(body)]
    waiting = [
        {"type": "http.request", "body": piece, "more_body": place + 1 < len(pieces)}
        for place, piece in enumerate(pieces)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await api(scope(method, path, headers or {}), receive, send)
    start, *rest = sent
    names = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], names, b"".join(message.get("body", b"") for message in rest))


def scope(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    before, _, query = path.partition("?")
    return {"type": "http", "method": method, "path": before, "query_string": query.encode(), "headers": encoded}


def single(api: Api, key: str, *, headers: Mapping[str, str] | None = None, **context: object) -> Answer:
    return ask(api, "POST", SINGLE + key, {"context": context}, headers)


def bulk(api: Api, *, headers: Mapping[str, str] | None = None, **context: object) -> Answer:
    return ask(api, "POST", BULK, {"context": context}, headers)
