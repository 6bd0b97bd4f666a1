"""The shapes of ASGI, and the request as our rooms read it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from twyman.api.reply import Refused

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]
"""Headers by name in lower case; of several with one name, the last."""

_DIGITS = 20
"""Digits of a length: Python takes long over very many."""


class Gone(Exception):
    """The client went away before it had asked."""


class Request(NamedTuple):
    """A request: its body is still to be read."""

    method: str
    path: str
    headers: Headers
    receive: Receive


async def body_of(headers: Headers, receive: Receive, *, limit: int) -> bytes:
    """Return a request's body.

    Raises:
        Refused: 400 if its length is no number, 413 if it is larger than the limit in bytes, 415 if it is compressed.
        Gone: If the client went away.
    """
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > _DIGITS:
        raise Refused(400, f"content-length '{length[:40].decode('latin-1')}' is no length: send the number of bytes")
    if int(length) > limit:
        raise _too_large(limit)
    if b"content-encoding" in headers and headers[b"content-encoding"] != b"identity":
        said = headers[b"content-encoding"].decode("latin-1")
        raise Refused(415, f"content encoding '{said:.40}' isn't read here: send the body as it is")
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False) and len(message["body"]) <= limit:
        return message["body"]
    return await _rest(message, receive, limit)


async def _rest(message: Mapping[str, Any], receive: Receive, limit: int) -> bytes:
    body = bytearray()  # grows in place, in however many pieces it comes
    while True:
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)
        message = await receive()


def _too_large(limit: int) -> Refused:
    return Refused(413, f"body is larger than {limit:,} bytes: send less at once")
