"""What goes back: a status, headers and a body; and refusals, each of which says why and what to do."""

from typing import NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

Header = tuple[bytes, bytes]

_ENCODER = msgspec.json.Encoder()
_TYPE: Header = (b"content-type", b"application/json")


class Reply(NamedTuple):
    """An answer to a request; its headers are shared and never changed."""

    status: int
    headers: list[Header]
    body: bytes = b""


def json_reply(status: int, body: bytes, *headers: Header) -> Reply:
    """Return an answer that holds JSON.

    Example:
        >>> json_reply(200, b"{}").headers
        [(b'content-type', b'application/json'), (b'content-length', b'2')]
    """
    return Reply(status, [_TYPE, (b"content-length", b"%d" % len(body)), *headers], body)


def json_of(value: object) -> bytes:
    """Return a value as JSON."""
    return _ENCODER.encode(value)


class Failure(Struct, frozen=True, rename="camel", omit_defaults=True):
    """An error as OFREP writes it; clients read `errorDetails` without looking whether it is there."""

    error_code: str
    error_details: str
    key: str | UnsetType = UNSET


class Refused(Exception):
    """A request that isn't answered.

    Attributes:
        status: Of HTTP. Never 429: OFREP's clients then stop evaluating altogether for a while.
        details: What, why, what now.
        code: One of OpenFeature's error codes.
    """

    def __init__(self, status: int, details: str, *headers: Header, code: str = "GENERAL") -> None:
        super().__init__(details)
        self.status = status
        self.details = details
        self.code = code
        self.headers = headers

    def reply(self, key: str | None = None) -> Reply:
        """Return it as an answer, with the flag's key where one was asked for.

        Example:
            >>> Refused(400, "no JSON", code="PARSE_ERROR").reply("page").body
            b'{"errorCode":"PARSE_ERROR","errorDetails":"no JSON","key":"page"}'
        """
        body = _ENCODER.encode(Failure(self.code, self.details, UNSET if key is None else key))
        return json_reply(self.status, body, *self.headers)
