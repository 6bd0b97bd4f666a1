"""A state in a file."""

import os
import threading
from pathlib import Path

import pytest
from tests.sdk.scenes import document, page, state

from twyman.flags.document import written
from twyman.flags.state import State
from twyman.kernel.errors import Invalid, Unavailable
from twyman.sdk import Client, FileState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "flags.json"
    path.write_bytes(document())
    return path


def test_a_file_is_read_once_and_again_when_it_has_changed(path: Path) -> None:
    source = FileState(path)

    assert source.fetch() == state()
    assert source.fetch() is None
    path.write_bytes(document(page(default="moments")))
    assert source.fetch() == state(page(default="moments"))


def test_a_file_of_the_same_size_is_read_again_by_its_time(path: Path) -> None:
    source = FileState(path)
    source.fetch()

    os.utime(path, ns=(1, 1))

    assert source.fetch() == state()


@pytest.mark.parametrize("cut", [document()[:-40], b"", b"{}", b"\xff\xfe", b'{"twyman":99}', b"[" * 100_000])
def test_what_is_no_state_leaves_the_last_good_one_and_is_tried_again(path: Path, cut: bytes) -> None:
    with Client(FileState(path, every=60)) as client:
        path.write_bytes(cut)
        client.refresh()
        client.refresh()

        assert client.state_version == state().version
        assert client.stats()["state_refused"] == 2
        path.write_bytes(document(page(default="moments")))
        client.refresh()
        assert client.state_version == state(page(default="moments")).version


def test_a_state_without_flags_does_not_take_the_place_of_one_with(path: Path) -> None:
    source = FileState(path)
    source.fetch()
    path.write_bytes(written(State()))

    with pytest.raises(Invalid, match="has no flags, and the one before had 1: that one is kept"):
        source.fetch()


def test_a_file_that_is_gone_leaves_the_last_good_state(path: Path) -> None:
    source = FileState(path)
    source.fetch()
    path.unlink()

    with pytest.raises(Unavailable, match="can't be read"):
        source.fetch()


def test_a_client_follows_its_file_by_itself(path: Path) -> None:
    changed = threading.Event()
    with Client(FileState(path, every=0.01)) as client:
        client.on_change(lambda _: changed.set())
        path.write_bytes(document(page(default="moments")))

        assert changed.wait(10)
