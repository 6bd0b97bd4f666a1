"""Sticky variants of a server: kept over a restart, and no answer waits for them or fails with them."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.api.test_server import value
from tests.conformance.running import Server

from twyman.flags.evaluation import Kept
from twyman.kernel.errors import Unavailable
from twyman.sdk.sticky import SqlStore
from twyman.wiring.sticky import KeptVariants, kept_in

FLAG = """
kind: flag
name: page
schema: string
variants: {{old: classic, new: cards}}
rules:
  - {{name: ab, salt: page-1, split: {{old: {old}, new: {new}}}, sticky: true}}
"""
RECORD = Kept("page", "u-1", "ab", "old")


class Failing:
    """Raises, whatever it is asked."""

    def variant(self, *_: str) -> str | None:
        raise OSError("disk I/O error")

    def holds(self, *_: str) -> bool:
        raise OSError("disk I/O error")

    def keep(self, _: Sequence[Kept]) -> None:
        raise OSError("disk I/O error")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags" / "twyman.yaml").write_text("kind: project\nname: music\n")
    (tmp_path / "flags" / "page.yaml").write_text(FLAG.format(old="99%", new="1%"))
    return tmp_path / "flags"


def test_a_unit_keeps_its_variant_when_the_split_has_changed_and_the_server_was_restarted(folder: Path) -> None:
    options = ("--sticky", str(folder.parent / "kept" / "sticky.db"))
    with Server(folder, folder.parent / "log", *options) as server:
        assert value(server.address, "page", unit="u-1") == "classic"
    (folder / "page.yaml").write_text(FLAG.format(old="1%", new="99%"))

    with Server(folder, folder.parent / "log", *options) as server:
        assert value(server.address, "page", unit="u-1") == "classic"
        assert value(server.address, "page", unit="u-2") == "cards"


def test_what_is_kept_is_known_at_once_and_written_by_the_end(tmp_path: Path) -> None:
    kept = kept_in(tmp_path / "sticky.db")
    kept.keep([RECORD])
    assert kept.variant("page", "u-1", "ab") == "old"
    kept.close()

    again = kept_in(tmp_path / "sticky.db")
    assert (again.variant("page", "u-1", "ab"), again.holds("page", "u-1")) == ("old", True)
    again.close()
    assert kept.counts() == {"sticky_sent": 1}


def test_the_first_variant_kept_is_the_one(tmp_path: Path) -> None:
    kept = kept_in(tmp_path / "sticky.db")
    kept.keep([RECORD])
    kept.keep([Kept("page", "u-1", "ab", "new")])
    kept.close()

    assert SqlStore.sqlite(tmp_path / "sticky.db").variant("page", "u-1", "ab") == "old"


def test_a_store_that_fails_is_counted_and_never_raises() -> None:
    kept = KeptVariants(Failing())

    assert (kept.variant("page", "u-1", "ab"), kept.holds("page", "u-1")) == (None, False)
    kept.keep([RECORD])
    assert kept.variant("page", "u-1", "ab") == "old"
    kept.close()

    counts = kept.counts()
    assert counts["sticky_not_read"] == 2
    assert counts["sticky_not_sent"] >= 1
    assert counts["left_at_close"] == 1


def test_what_finds_the_file_locked_is_written_later(tmp_path: Path) -> None:
    kept = kept_in(tmp_path / "sticky.db")
    other = sqlite3.connect(tmp_path / "sticky.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert kept.variant("page", "u-1", "ab") is None
    kept.keep([RECORD])
    other.execute("COMMIT")
    other.close()
    kept.close()

    assert kept.counts()["sticky_not_read"] == 1
    assert SqlStore.sqlite(tmp_path / "sticky.db").holds("page", "u-1")


def test_a_file_that_is_none_of_sqlite_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "flags.yaml").write_text("kind: flag\n" * 100)

    with pytest.raises(Unavailable, match="name another file"):
        kept_in(tmp_path / "flags.yaml")
