"""Keeps what units got in Redis: a hash for each store and unit, its rules as fields."""

from collections.abc import Sequence
from typing import Protocol

from twyman.flags.evaluation import Kept


class Redis(Protocol):
    """What is asked of a client of Redis: `redis.Redis` has it."""

    def hget(self, name: str, key: str) -> "bytes | str | None":
        """Return a field of a hash."""
        ...

    def hsetnx(self, name: str, key: str, value: str) -> object:
        """Set a field of a hash that isn't set."""
        ...

    def exists(self, *names: str) -> object:
        """Return how many of the keys there are."""
        ...


class RedisStore:
    """A store in Redis.

    Args:
        client: The client; give it a time-out (`socket_timeout`), so that reading is bounded.
        prefix: What its keys begin with.
    """

    def __init__(self, client: Redis, *, prefix: str = "twyman:sticky:") -> None:
        self._client = client
        self._prefix = prefix

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        """Return the variant kept."""
        found = self._client.hget(self._key(store, unit), rule)
        return found.decode() if isinstance(found, bytes) else found

    def holds(self, store: str, unit: str) -> bool:
        """Say whether anything is kept for a unit."""
        return bool(self._client.exists(self._key(store, unit)))

    def keep(self, records: Sequence[Kept]) -> None:
        """Keep what isn't kept yet."""
        for record in records:
            self._client.hsetnx(self._key(record.store, record.unit), record.rule, record.variant)

    def _key(self, store: str, unit: str) -> str:
        return f"{self._prefix}{len(store)}:{store}:{unit}"
