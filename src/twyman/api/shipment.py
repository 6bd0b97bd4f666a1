"""The state for in-process clients: sent once, then only when the client's part of it has changed."""

from twyman.api.asgi import Headers
from twyman.api.etag import has_not_changed, unchanged
from twyman.api.reply import Header, Reply
from twyman.api.view import View

_COMMON: list[Header] = [
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Accept-Encoding, Authorization, X-API-Key"),
]


def shipment(view: View, headers: Headers) -> Reply:
    """Return the client's part of the state, or 304; compressed where the client takes gzip.

    Each of the two forms has a tag of its own, and a client that shows either needs no other.
    """
    plain, packed = (b'"%s%s"' % (view.version.encode(), form) for form in (b"", b"-gzip"))
    is_packed = takes_gzip(headers)
    tag = packed if is_packed else plain
    if has_not_changed(headers, plain, packed):
        return unchanged(tag, *_COMMON)
    body = view.compressed if is_packed else view.document
    own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), (b"etag", tag)]
    return Reply(200, [*own, *([(b"content-encoding", b"gzip")] if is_packed else []), *_COMMON], body)


def takes_gzip(headers: Headers) -> bool:
    """Say whether the client takes gzip.

    Example:
        >>> takes_gzip({b"accept-encoding": b"br, gzip;q=0.5"}), takes_gzip({b"accept-encoding": b"gzip;q=0"})
        (True, False)
    """
    for part in headers.get(b"accept-encoding", b"").lower().split(b","):
        name, _, quality = part.replace(b" ", b"").partition(b";q=")
        if name in {b"gzip", b"*"}:
            return quality.rstrip(b"0") not in {b"0.", b"."} and quality != b"0"
    return False
