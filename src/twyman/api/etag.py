"""Entity tags: names of versions of an answer, so that what hasn't changed isn't sent again."""

from hashlib import blake2b

from twyman.api.asgi import Headers
from twyman.api.reply import Reply


def tag_of(*parts: bytes) -> bytes:
    """Return a strong tag, quoted: equal parts give equal tags, and where one part ends matters.

    Example:
        >>> tag_of(b"ab", b"c") == tag_of(b"a", b"bc"), len(tag_of(b""))
        (False, 34)
    """
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return b'"%s"' % digest.hexdigest().encode()


def has_not_changed(headers: Headers, *tags: bytes) -> bool:
    """Say whether a request's `If-None-Match` names one of the tags, or anything at all.

    Example:
        >>> has_not_changed({b"if-none-match": b'"a", W/"b"'}, b'"b"'), has_not_changed({}, b'"b"')
        (True, False)
    """
    wanted = headers.get(b"if-none-match")
    if wanted is None:
        return False
    known = {part.strip().removeprefix(b"W/") for part in wanted.split(b",")}
    return b"*" in known or not known.isdisjoint(tags)


def unchanged(tag: bytes, *headers: tuple[bytes, bytes]) -> Reply:
    """Return the answer that says so: 304, with the tag and no body."""
    return Reply(304, [(b"etag", tag), *headers])
