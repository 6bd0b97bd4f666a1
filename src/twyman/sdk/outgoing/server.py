"""Records posted to a server of ours, in batches that it knows again."""

from typing import Any, ClassVar

import msgspec

from twyman.kernel.errors import Invalid, Unavailable
from twyman.kernel.time import instant_text
from twyman.sdk.endpoint import Endpoint
from twyman.sdk.outgoing.sink import Batch

_ENCODER = msgspec.json.Encoder()
_NEVER = (400, 413, 415, 422)
"""Statuses that say: this batch will never be taken."""


class _Accepted(msgspec.Struct):
    refused: list[msgspec.Raw] = []


class RecordServer:
    """Posts `{"batch": …, "sent_at": …, "<kind>": […]}` to `<url>/v1/<kind>`; any 2xx says that it was taken.

    Args:
        url: Address of the server; or an `Endpoint`, for other bounds than its own.
        credential: The client's secret.
    """

    kind: ClassVar[str]

    def __init__(self, url: str | Endpoint, *, credential: str = "") -> None:
        at = f"{url.rstrip('/')}/v1/{self.kind}" if isinstance(url, str) else ""
        self._endpoint = url if isinstance(url, Endpoint) else Endpoint(at, credential)
        self.name = self._endpoint.url

    def send(self, batch: Batch[Any], timeout: float) -> int:
        """Post a batch; returns how many of its records the server has refused for good.

        Raises:
            Invalid: If the server says that it will never take it.
            Unavailable: If it doesn't take it now.
        """
        said = {"batch": batch.id, "sent_at": instant_text(batch.sent_at), self.kind: batch.records}
        answer = self._endpoint.post(_ENCODER.encode(said), key=batch.id, timeout=timeout)
        if answer.status in _NEVER:
            raise Invalid(f"server at {self.name} refused a batch ({answer.status}): {answer.body[:200]!r}")
        if answer.status not in range(200, 300):
            raise Unavailable(f"server at {self.name} answered {answer.status}: the batch is sent again")
        return _refused(answer.body)


def _refused(body: bytes) -> int:
    """Return how many records an answer says were refused: `{"accepted": 49, "refused": [{"at": 7, "why": "…"}]}`."""
    try:
        return len(msgspec.json.decode(body, type=_Accepted).refused)
    except msgspec.MsgspecError:
        return 0


class ExposureServer(RecordServer):
    """Posts exposures."""

    kind = "exposures"


class EventServer(RecordServer):
    """Posts events."""

    kind = "events"
