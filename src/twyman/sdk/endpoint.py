"""One address of a server, asked over HTTP with a bound on everything: time in all, and size of the answer.

Redirects are not followed and proxies not used, so that a credential goes where it was meant to, and nowhere else.
"""

import io
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from twyman.kernel.errors import Invalid, Unavailable

_CHUNK = 1 << 16
_GZIP = 31
"""How zlib is told to read gzip."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Attributes:
        etag: Its name for the body; empty where it gave none.
    """

    status: int
    body: bytes
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address, and how far we go to get an answer from it.

    Attributes:
        url: `http://…` or `https://…`.
        credential: Shown as a bearer token; empty for none.
        timeout: Seconds in all, from connecting to the last byte of the answer.
        limit: Bytes of an answer, unpacked; a longer one is no answer.
        tls: What to trust; `None` trusts what the system does.
    """

    url: str
    credential: str = field(default="", repr=False)
    timeout: float = 10.0
    limit: int = 64 << 20
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not _has_port(self.url):
            raise Invalid(f"address '{self.url}' isn't one of a server: write https://host/path")

    def get(self, *, etag: str = "") -> Answer:
        """Ask for what is there, unless it still is what the etag names (status 304).

        Raises:
            Unavailable: If there is no answer within the bounds.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        return self._asked("GET", None, headers | ({"If-None-Match": etag} if etag else {}), self.timeout)

    def post(self, body: bytes, *, key: str, timeout: float) -> Answer:
        """Hand JSON over, under a key by which the server knows it again.

        Raises:
            Unavailable: If there is no answer within the bounds, or within so many seconds.
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._asked("POST", body, headers, min(timeout, self.timeout))

    def _asked(self, method: str, body: bytes | None, headers: Mapping[str, str], timeout: float) -> Answer:
        deadline = time.monotonic() + max(timeout, 0.001)
        parts = urlsplit(self.url)
        connection = self._connection(deadline)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        bearer = {"Authorization": f"Bearer {self.credential}"} if self.credential else {}
        try:
            connection.request(method, target, body, {**headers, **bearer, "Connection": "close"})
            with connection.getresponse() as response:
                return Answer(response.status, self._body(response), response.headers.get("ETag", ""))
        except (OSError, HTTPException, zlib.error, UnicodeError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise Unavailable(f"server at {self.url} gave no answer ({why}): it is asked again later") from error
        finally:
            connection.close()

    def _connection(self, deadline: float) -> HTTPConnection:
        parts = urlsplit(self.url)
        host, left = parts.hostname or "", deadline - time.monotonic()
        if parts.scheme == "https":
            connection = HTTPSConnection(host, parts.port, timeout=left, context=self.tls)
        else:
            connection = HTTPConnection(host, parts.port, timeout=left)
        connection.response_class = partial(_response, deadline)  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
        return connection

    def _body(self, response: HTTPResponse) -> bytes:
        unpacker = zlib.decompressobj(_GZIP) if response.headers.get("Content-Encoding") == "gzip" else None
        read = bytearray()
        while chunk := response.read(_CHUNK):
            read += unpacker.decompress(chunk, self.limit + 1 - len(read)) if unpacker else chunk
            if len(read) > self.limit:
                raise ValueError(f"it is longer than {self.limit:,} bytes")
        if unpacker and not unpacker.eof:
            raise ValueError("it ends too soon")
        if response.length:
            raise ValueError(f"it ends {response.length:,} bytes too soon")
        return bytes(read)


def _has_port(url: str) -> bool:
    """Whether the port, where one is given, is one."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _response(deadline: float, sock: socket.socket, *args: object, **named: object) -> HTTPResponse:
    """Return a response that is read up to the deadline, and not for so long after each byte."""
    return HTTPResponse(_Bounded(sock, deadline), *args, **named)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class _Bounded:
    """A socket whose file ends at a deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._sock.makefile("rb", buffering=0), self._deadline))


class _Reader(io.RawIOBase):
    """Reads from a socket; every read has what is left of the time, and no more."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
