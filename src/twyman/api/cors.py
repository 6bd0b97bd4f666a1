"""Which pages of other origins may ask: browsers' providers call OFREP from wherever the application lives."""

from twyman.api.asgi import Headers
from twyman.api.reply import Header, Reply

_EXPOSED: Header = (b"access-control-expose-headers", b"ETag, Retry-After")
_VARY: Header = (b"vary", b"Origin")
_ALLOWED: list[Header] = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, If-None-Match, Last-Event-ID, Cache-Control, X-API-Key",
    ),
    (b"access-control-max-age", b"86400"),
]


class Origins:
    """The origins that may ask: `*` stands for any.

    No cookie is ever read, so that an origin gains nothing but what its user's machine could ask anyway.
    """

    def __init__(self, origins: tuple[str, ...] = ("*",)) -> None:
        self._any = "*" in origins
        self._origins = frozenset(origin.rstrip("/").encode() for origin in origins)

    def headers(self, headers: Headers) -> list[Header]:
        """Return what an answer bears beside its own headers, so that a page of the request's origin may read it.

        Example:
            >>> Origins(("https://shop.example",)).headers({b"origin": b"https://shop.example"})[0]
            (b'access-control-allow-origin', b'https://shop.example')
        """
        origin = headers.get(b"origin")
        if self._any:
            return [] if origin is None else [(b"access-control-allow-origin", b"*"), _EXPOSED]
        if origin in self._origins:
            return [(b"access-control-allow-origin", origin), _EXPOSED, _VARY] if origin else []
        return [_VARY]

    def preflight(self, headers: Headers, allow: bytes) -> Reply:
        """Return the answer to `OPTIONS`: what may be asked, and, of a known origin, with which headers."""
        known = self._any or headers.get(b"origin") in self._origins
        wanted = b"access-control-request-method" in headers and known
        return Reply(204, [(b"allow", allow), *(_ALLOWED if wanted else [])])
