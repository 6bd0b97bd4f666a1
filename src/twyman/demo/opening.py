"""A user opens the app: it asks every flag through our own client, which writes down what was met."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from twyman.demo.live import contexts
from twyman.demo.world import World
from twyman.flags.state import State
from twyman.sdk import Client, ExposureFile, MemoryState, Settings

SENT_EVERY = 500
"""Visits after which the client is asked to send what waits, so that none has to be dropped."""

Visit = tuple[datetime, Mapping[str, object]]


@dataclass
class _Clock:
    """The time of the story."""

    now: datetime = field(default=datetime(1970, 1, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


def visits(world: World) -> Iterator[Visit]:
    """Yield each user's first visit: when, and what the app says of them; in order of time."""
    users = world.users
    order = np.argsort(users.exposed_at, kind="stable")
    start = datetime(1970, 1, 1, tzinfo=UTC)
    table = contexts(users.number[order], *world.country_and_plan(order))
    for at, context in zip(users.exposed_at[order].tolist(), table.to_pylist(), strict=True):
        yield start + timedelta(microseconds=at), {"targeting_key": context["user_id"], **context}


def log_visits(state: State, several: Iterator[Visit], log: Path) -> None:
    """Let each user meet every flag, and write what the client logs, one JSON object a line."""
    clock = _Clock()
    settings = Settings(clock=clock)
    with Client(MemoryState(state), exposures=ExposureFile(log), settings=settings) as client:
        for count, (at, context) in enumerate(several, start=1):
            clock.now = at
            for flag in state.flags:
                client.value(flag, context, None)
            if count % SENT_EVERY == 0:
                client.flush()
