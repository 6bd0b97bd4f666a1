"""Books in Spark's catalogue, where nothing makes writers take turns: nobody's entry is lost, none is there twice."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from tests.engines.server import Server

from twyman.kernel.errors import Conflict
from twyman.warehouse.connectors.spark import SparkConnector

pytestmark = pytest.mark.engines

WRITERS, ENTRIES = 3, 3


@pytest.fixture
def writers(spark: Server) -> Generator[list[SparkConnector]]:
    with ExitStack() as opened:
        found = [opened.enter_context(closing(SparkConnector(spark.url))) for _ in range(WRITERS)]
        found[0].rows("DROP SCHEMA IF EXISTS twyman CASCADE")
        yield found


def at_once(writers: list[SparkConnector], book: str, numbers: Callable[[int], list[int]]) -> list[bool]:
    """Let each write its entries, all of them at a time; return who was believed."""

    def believed(who: int) -> list[bool]:
        return [_believed(writers[who], book.format(who), n, f"{who}, {n}".encode()) for n in numbers(who)]

    with ThreadPoolExecutor(WRITERS) as pool:
        return [one for each in pool.map(believed, range(WRITERS)) for one in each]


def _believed(connector: SparkConnector, book: str, number: int, document: bytes) -> bool:
    try:
        return connector.write(book, number, document)
    except Conflict:
        return False


def test_writers_of_books_of_their_own_dont_disturb_one_another(writers: list[SparkConnector]) -> None:
    assert all(at_once(writers, "tries/of-{}", lambda _: list(range(ENTRIES))))

    assert writers[0].books() == [f"tries/of-{who}" for who in range(WRITERS)]
    for who in range(WRITERS):
        assert writers[0].entries(f"tries/of-{who}") == [(n, f"{who}, {n}".encode()) for n in range(ENTRIES)]


def test_writers_of_one_book_dont_disturb_one_another(writers: list[SparkConnector]) -> None:
    assert all(at_once(writers, "tries/page", lambda who: [who + WRITERS * one for one in range(ENTRIES)]))

    expected = [(n, f"{n % WRITERS}, {n}".encode()) for n in range(WRITERS * ENTRIES)]
    assert writers[0].entries("tries/page") == expected


def test_of_writers_of_one_entry_one_is_believed(writers: list[SparkConnector]) -> None:
    believed = at_once(writers, "tries/page", lambda _: list(range(ENTRIES)))

    assert sum(believed) == ENTRIES
    kept = [f"{who}, {n}".encode() for who in range(WRITERS) for n in range(ENTRIES) if believed[who * ENTRIES + n]]
    assert {document for _, document in writers[0].entries("tries/page")} == set(kept)
    assert not [one for one in writers[0].kept() if one.name.startswith("draft")]


def test_what_somebody_else_wrote_in_the_meantime_is_seen(writers: list[SparkConnector]) -> None:
    first, other, _ = writers
    assert first.write("tries/page", 0, b"first")
    assert first.entries("tries/page") == [(0, b"first")]
    assert other.write("tries/page", 1, b"other")

    assert first.entries("tries/page") == [(0, b"first"), (1, b"other")]
    with pytest.raises(Conflict, match="entry 1 of 'tries/page' is written already"):
        first.write("tries/page", 1, b"late")
    other.strike("tries/page", 0)
    assert first.entries("tries/page") == [(1, b"other")]
