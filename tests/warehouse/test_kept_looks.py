"""Looks kept in an engine's books are read back as they were, once written."""

from typing import Any

import pytest
from tests.warehouse.test_looks import look

from twyman.kernel.errors import Conflict, Unavailable
from twyman.warehouse.connectors.duckdb import DuckDBConnector
from twyman.warehouse.looks.book import KeptLooks


@pytest.fixture
def connector(tmp_path: Any) -> DuckDBConnector:
    return DuckDBConnector(tmp_path)


def test_a_look_is_read_back_as_it_was_kept(connector: DuckDBConnector) -> None:
    book = KeptLooks(connector)

    assert book.keep(look(2))
    assert book.keep(look(1))
    assert KeptLooks(connector).looks("e") == (look(1), look(2))
    assert book.looks("another") == ()


def test_a_look_is_never_rewritten(connector: DuckDBConnector) -> None:
    book = KeptLooks(connector)
    book.keep(look())

    with pytest.raises(Conflict, match="look 1 of 'e' is kept already"):
        book.keep(look())


def test_an_entry_that_is_no_look_is_named(connector: DuckDBConnector) -> None:
    connector.write("looks/e", 1, b"{}")

    with pytest.raises(Unavailable, match="entry 1 of 'looks/e'"):
        KeptLooks(connector).looks("e")
