"""Where the variants that units once got are kept, so that they keep them."""

from twyman.sdk.sticky.memory_store import MemoryStore
from twyman.sdk.sticky.redis_store import RedisStore
from twyman.sdk.sticky.sql_store import SqlStore
from twyman.sdk.sticky.store import StickyStore

__all__ = ["MemoryStore", "RedisStore", "SqlStore", "StickyStore"]
