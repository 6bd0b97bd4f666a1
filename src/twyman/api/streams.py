"""Change events: one line to each who listens, whenever what it is served has changed.

A stream carries no answers, only the news that there are new ones. Each stream is a task of its own that sends
the latest version and no more, so that a slow reader misses steps in between, and holds up nobody.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from twyman.api.asgi import Headers, Receive, Send
from twyman.api.reply import Header, Refused, json_of

STREAMS = "/ofrep/v1/streams/"
"""Where change events are; a token follows."""
_SINCE = re.compile(rb"(?:^|&)since=([0-9a-f]+)")
_HEADERS: list[Header] = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_RETRY = b"retry: 3000\n\n"
"""Milliseconds after which a browser connects again."""


class News(NamedTuple):
    """What there is to be told: a version, and since when it is served."""

    version: str
    since: datetime


class _Told(Struct, frozen=True, rename="camel"):
    """The payload of an event, as OFREP has it."""

    type: str
    etag: str
    last_modified: int


class Streams:
    """All who listen.

    Attributes:
        count: How many there are.
    """

    def __init__(self, *, most: int, heartbeat: float) -> None:
        """Make room for listeners.

        Args:
            most: How many there may be; more are sent away.
            heartbeat: Seconds of silence after which a comment shows that the line holds.
        """
        self.count = 0
        self._most = most
        self._heartbeat = heartbeat
        self._changed: asyncio.Future[None] | None = None
        self._closed = False

    def publish(self) -> None:
        """Let every stream look whether there is something new for it."""
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
        self._changed = None

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self.publish()

    async def serve(
        self, news: Callable[[], News | None], told: bytes, extra: list[Header], receive: Receive, send: Send
    ) -> None:
        """Tell one listener, until it goes, or there is no news for it any more.

        Args:
            news: What there is to be told at present; `None` where it may not listen any more.
            told: The version that the listener has; empty for the one that is served now.
            extra: Headers that the answer bears beside its own.
            receive: Tells when the listener goes.
            send: Takes what it is told.

        Raises:
            Refused: 404 if there is none for it to begin with, 503 if too many listen.
        """
        first = news()
        if first is None:
            raise Refused(404, "stream isn't there: take its address from a bulk evaluation")
        if self.count >= self._most:
            raise Refused(503, f"{self.count:,} listen already: poll, or try again later", (b"retry-after", b"30"))
        self.count += 1
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *extra]})
            await send({"type": "http.response.body", "body": _RETRY, "more_body": True})
            await self._tell(news, told or first.version.encode(), gone, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b""})
        finally:
            self.count -= 1
            gone.cancel()

    async def _tell(self, news: Callable[[], News | None], told: bytes, gone: asyncio.Future[None], send: Send) -> None:
        while not (self._closed or gone.done()):
            changed = self._change()
            latest = news()
            if latest is None:
                return
            if latest.version.encode() != told:
                told = latest.version.encode()
                await send({"type": "http.response.body", "body": event(latest), "more_body": True})
            done, _ = await asyncio.wait({gone, changed}, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})

    def _change(self) -> asyncio.Future[None]:
        """Return what is done at the next change."""
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
        return self._changed


def address(token: str, version: str) -> str:
    """Return where to listen for what comes after a version: a change before anybody listens is told at once.

    Example:
        >>> address("open", "8b448a239fc0b743")
        '/ofrep/v1/streams/open?since=8b448a239fc0b743'
    """
    return f"{STREAMS}{token}?since={version}"


def told_already(query: bytes, headers: Headers) -> bytes:
    """Return the version that a listener has: of the last event that reached it, or else of its address.

    Example:
        >>> told_already(b"since=8b44", {}), told_already(b"since=8b44", {b"last-event-id": b"9c55"})
        (b'8b44', b'9c55')
    """
    found = _SINCE.search(query)
    return headers.get(b"last-event-id") or (found.group(1) if found else b"")


def event(news: News) -> bytes:
    r"""Return news as a server-sent event.

    Example:
        >>> from datetime import UTC
        >>> event(News("v1", datetime(2026, 11, 3, tzinfo=UTC))).splitlines()[-2]
        b'data: {"type":"refetchEvaluation","etag":"v1","lastModified":1793664000}'
    """
    told = json_of(_Told("refetchEvaluation", news.version, int(news.since.timestamp())))
    return b"id: %s\nevent: message\ndata: %s\n\n" % (news.version.encode(), told)


async def _gone(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
