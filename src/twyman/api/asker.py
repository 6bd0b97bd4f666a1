"""Who asks: the client that a credential belongs to, and the environments it asks from.

A state without clients is open to everybody. One with clients answers only who shows a credential of
theirs, in `X-API-Key` or as `Authorization: Bearer`. Only digests of credentials are known here.
"""

from hashlib import sha256
from typing import NamedTuple

from twyman.api.asgi import Headers
from twyman.api.reply import Refused
from twyman.flags.state import State

OPEN_STREAM = "open"
"""Token of the change events of a state that is open to everybody."""

_CHALLENGE = (b"www-authenticate", b'Bearer realm="twyman"')


class Asker(NamedTuple):
    """A client and its environments; `None` stands for nobody in particular, who sees everything."""

    client: str | None
    environments: tuple[str, ...] = ()


class Askers:
    """Everybody who may ask.

    Example:
        >>> Askers(State(), environments=("production",)).asking({})
        Asker(client=None, environments=('production',))
    """

    def __init__(self, state: State, *, environments: tuple[str, ...] = ()) -> None:
        """Read a state's clients.

        Args:
            state: What is served.
            environments: Where those ask from whose credential and client name no environment.
        """
        self._open = None if state.clients else Asker(None, environments)
        self._by_digest: dict[str, Asker] = {}
        self._by_token: dict[str, Asker] = {OPEN_STREAM: self._open} if self._open else {}
        for client in state.clients.values():
            for credential in client.credentials:
                asker = Asker(client.name, credential.environments or client.environments or environments)
                self._by_digest[credential.sha256.lower()] = asker
                self._by_token[_token(credential.sha256.lower())] = asker

    def __contains__(self, asker: Asker) -> bool:
        return asker in self._by_token.values()

    def asking(self, headers: Headers) -> Asker:
        """Return who asks.

        Raises:
            Refused: 401 if there are clients, and no credential of theirs is shown.
        """
        return self._open or self._known(headers)[1]

    def stream(self, headers: Headers) -> str:
        """Return the token under which the asker may listen for changes: browsers can't send it as a header."""
        return OPEN_STREAM if self._open else _token(self._known(headers)[0])

    def listening(self, token: str) -> Asker | None:
        """Return whose token it is; `None` where it is nobody's, or nobody's any more."""
        return self._by_token.get(token)

    def _known(self, headers: Headers) -> tuple[str, Asker]:
        shown = _shown(headers)
        if not shown:
            raise Refused(401, "no credential is shown: send it as X-API-Key, or Authorization: Bearer", _CHALLENGE)
        digest = sha256(shown).hexdigest()
        asker = self._by_digest.get(digest)  # how long it takes tells of a digest, which nobody can steer
        if asker is None:
            raise Refused(401, "credential isn't one of a client's: ask for one, or check what is sent", _CHALLENGE)
        return digest, asker


def _shown(headers: Headers) -> bytes:
    key = headers.get(b"x-api-key", b"").strip()
    if key:
        return key
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _token(digest: str) -> str:
    """Name a credential's stream: it opens nothing but the stream."""
    return sha256(f"stream|{digest}".encode()).hexdigest()[:32]
