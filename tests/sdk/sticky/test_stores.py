"""One suite for every store: the first write wins, whoever makes it."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.engines import postgresql
from tests.sdk.children import in_child
from tests.sdk.scenes import free_port

from twyman.flags.evaluation import Kept
from twyman.kernel.errors import Invalid
from twyman.sdk.sticky import MemoryStore, RedisStore, SqlStore, StickyStore

KINDS = [
    "memory",
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.slow),
    pytest.param("redis", marks=pytest.mark.slow),
]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[StickyStore]:
    with MAKERS[request.param](tmp_path) as made:
        yield made


def kept(unit: str, variant: str, *, store: str = "page", rule: str = "ab") -> Kept:
    return Kept(store, unit, rule, variant)


def test_the_first_write_wins_within_a_batch_and_between_batches(store: StickyStore) -> None:
    store.keep([kept("u-1", "new"), kept("u-1", "old"), kept("u-2", "")])
    store.keep([kept("u-1", "other"), kept("u-3", "old")])

    assert [store.variant("page", unit, "ab") for unit in ("u-1", "u-2", "u-3", "u-4")] == ["new", "", "old", None]


def test_stores_units_and_rules_are_kept_apart(store: StickyStore) -> None:
    store.keep([kept("b:c", "new", store="a"), kept("u-1", "new", rule="x"), kept("ü😀", "new")])

    assert store.variant("a:b", "c", "ab") is None
    assert store.variant("page", "u-1", "ab") is None
    assert store.variant("page", "u-1", "x") == store.variant("page", "ü😀", "ab") == "new"
    assert [store.holds("page", unit) for unit in ("u-1", "ü😀", "b:c")] == [True, True, False]


def test_of_many_writers_at_once_one_wins_and_all_read_the_same(store: StickyStore) -> None:
    start, read, failed = threading.Barrier(6), list[list[str | None]](), list[Exception]()
    units = [f"u-{number}" for number in range(40)]

    def write(name: str) -> None:
        try:
            start.wait()
            for unit in units if name < "3" else reversed(units):
                store.keep([kept(unit, name)])
            read.append([store.variant("page", unit, "ab") for unit in units])
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert all(each == read[0] and None not in each for each in read)


def test_a_child_reads_and_writes_by_a_connection_of_its_own(store: StickyStore) -> None:
    if isinstance(store, MemoryStore):
        pytest.skip("a store in memory is a process's own")
    store.keep([kept("u-1", "new")])

    def child() -> object:
        store.keep([kept("u-2", "old")])
        return store.variant("page", "u-1", "ab")

    assert in_child(child) == "new"
    assert store.variant("page", "u-2", "ab") == "old"


def test_a_store_in_memory_forgets_the_oldest_beyond_its_limit() -> None:
    store = MemoryStore(limit=2)

    store.keep([kept(unit, "new") for unit in ("u-1", "u-2", "u-3")])

    assert [store.holds("page", unit) for unit in ("u-1", "u-2", "u-3")] == [False, True, True]


def test_what_sqlite_keeps_is_there_for_the_next_program(tmp_path: Path) -> None:
    SqlStore.sqlite(tmp_path / "sticky.db").keep([kept("u-1", "new")])

    assert SqlStore.sqlite(tmp_path / "sticky.db").variant("page", "u-1", "ab") == "new"


def test_a_connection_that_broke_is_replaced(tmp_path: Path) -> None:
    opened = list[sqlite3.Connection]()

    def connect() -> sqlite3.Connection:
        opened.append(sqlite3.connect(tmp_path / "sticky.db"))
        return opened[-1]

    store = SqlStore(connect)
    store.keep([kept("u-1", "new")])
    opened[0].execute("ALTER TABLE twyman_sticky RENAME TO elsewhere")
    with pytest.raises(sqlite3.OperationalError):
        store.variant("page", "u-1", "ab")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
    with sqlite3.connect(tmp_path / "sticky.db") as mending:
        mending.execute("ALTER TABLE elsewhere RENAME TO twyman_sticky")
    mending.close()

    assert store.variant("page", "u-1", "ab") == "new"
    store.close()


@pytest.mark.parametrize("options", [{"table": "sticky; drop"}, {"table": ""}, {"paramstyle": "named"}])
def test_a_table_or_style_that_cannot_be_is_refused_at_the_door(options: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        SqlStore(lambda: None, **options)


@contextmanager
def _memory(_folder: Path) -> Generator[StickyStore]:
    yield MemoryStore()


@contextmanager
def _sqlite(folder: Path) -> Generator[StickyStore]:
    store = SqlStore.sqlite(folder / "sticky.db")
    yield store
    store.close()


@contextmanager
def _postgres(_folder: Path) -> Generator[StickyStore]:
    psycopg = pytest.importorskip("psycopg")
    with postgresql.started() as server:
        store = SqlStore(lambda: psycopg.connect(server.url, connect_timeout=10), paramstyle="format")
        yield store
        store.close()


@contextmanager
def _redis(folder: Path) -> Generator[StickyStore]:
    redis = pytest.importorskip("redis")
    if shutil.which("redis-server") is None:
        pytest.skip("needs redis-server (Debian: apt-get install redis-server)")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        client = redis.Redis(
            port=port, socket_timeout=5, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100)
        )
        try:
            client.ping()
            yield RedisStore(client)
        finally:
            client.close()
            server.terminate()


MAKERS: dict[str, Callable[[Path], Any]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgres": _postgres,
    "redis": _redis,
}
