"""What is asked of Redis, by a stand-in that answers as it does; `test_stores` asks a real one in the slow lane."""

import pytest

from twyman.flags.evaluation import Kept
from twyman.sdk.sticky import RedisStore


class Hashes:
    """Hashes as Redis keeps them; `encoded` says whether it answers in bytes, as its client does by default."""

    def __init__(self, *, encoded: bool) -> None:
        self.encoded = encoded
        self.hashes: dict[str, dict[str, str]] = {}

    def hget(self, name: str, key: str) -> bytes | str | None:
        found = self.hashes.get(name, {}).get(key)
        return found.encode() if found is not None and self.encoded else found

    def hsetnx(self, name: str, key: str, value: str) -> bool:
        return self.hashes.setdefault(name, {}).setdefault(key, value) is value

    def exists(self, *names: str) -> int:
        return sum(name in self.hashes for name in names)


@pytest.mark.parametrize("encoded", [True, False])
def test_the_first_write_wins(*, encoded: bool) -> None:
    store = RedisStore(Hashes(encoded=encoded))

    store.keep([Kept("page", "u-1", "ab", "new"), Kept("page", "u-1", "ab", "old"), Kept("page", "u-2", "ab", "ü")])

    assert [store.variant("page", unit, "ab") for unit in ("u-1", "u-2", "u-3")] == ["new", "ü", None]
    assert [store.holds("page", unit) for unit in ("u-1", "u-3")] == [True, False]


def test_no_store_and_unit_share_a_key_with_another_pair() -> None:
    hashes = Hashes(encoded=False)

    RedisStore(hashes).keep([Kept("a:b", "c", "ab", "x"), Kept("a", "b:c", "ab", "y")])

    assert len(hashes.hashes) == 2
