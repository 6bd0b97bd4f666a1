"""Batches of exposures, or of events, coming in: each is kept once, however often it is sent."""

import asyncio
from collections import OrderedDict
from typing import Generic, TypeVar

from msgspec import Struct

from twyman.api.batch import Kind, Refusal, batch_of, rows_of
from twyman.api.reply import Refused, Reply, json_of, json_reply
from twyman.api.sink import Sink
from twyman.kernel.errors import Unavailable
from twyman.kernel.time import Clock

R = TypeVar("R", bound=Struct)

UNAVAILABLE = 503
"""Status of what may be sent again later."""
MOST_REMEMBERED = 10_000
"""Batches whose ids are remembered; older ones, sent again, are kept twice (exposures count once even so)."""


class Accepted(Struct, frozen=True):
    """What became of a batch.

    Attributes:
        accepted: Records that are on disk.
        refused: Those that aren't, and won't be however often they are sent.
    """

    accepted: int
    refused: tuple[Refusal, ...] = ()


class Intake(Generic[R]):
    """Takes batches in, each once."""

    def __init__(self, kind: Kind[R], sink: Sink[R] | None, clock: Clock) -> None:
        """Keep what comes in a sink; without one, everything is sent back."""
        self._kind = kind
        self._sink = sink
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], asyncio.Task[Accepted]] = OrderedDict()

    async def take(self, body: bytes, client: str | None) -> Reply:
        """Return 202 once a batch is kept.

        Raises:
            Refused: 400 or 413 if it is no batch, 404 or 503 if there is no file for it, 503 if it can't be kept
                just now: send it again later.
        """
        if self._sink is None:
            raise self._homeless()
        received_at = self._clock()
        batch = batch_of(body, self._kind)
        name = client or "", batch.batch
        task = self._known.get(name)
        if task is None:
            rows, refused = rows_of(batch, self._kind, client=client, received_at=received_at)
            task = asyncio.ensure_future(self._kept(self._sink, rows, tuple(refused)))
            self._remember(name, task)
        try:
            return json_reply(202, json_of(await asyncio.shield(task)))
        except Unavailable as error:
            if self._known.get(name) is task:
                del self._known[name]
            raise _unavailable(str(error)) from None

    async def _kept(self, sink: Sink[R], rows: list[R], refused: tuple[Refusal, ...]) -> Accepted:
        await sink.commit(rows)
        return Accepted(len(rows), refused)

    def _homeless(self) -> Refused:
        name, status = self._kind.name, self._kind.homeless
        why = f"{name} aren't kept here: start the server with --{name} FILE"
        return _unavailable(why) if status == UNAVAILABLE else Refused(status, why)

    def _remember(self, name: tuple[str, str], task: asyncio.Task[Accepted]) -> None:
        self._known[name] = task
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)


def _unavailable(why: str) -> Refused:
    return Refused(UNAVAILABLE, why, (b"retry-after", b"10"))
