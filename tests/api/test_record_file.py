"""The file of exposures, or of events: what is acknowledged is on disk, whole, whatever the disk does."""

import asyncio
import os
import resource
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from twyman.api import ExposureFile, Row, record_file
from twyman.kernel.errors import Conflict, Unavailable

AT = datetime(2026, 11, 3, tzinfo=UTC)


def row(unit: str) -> Row:
    return Row(unit, AT, "flag", "rule", "on", "flag.rule", "on", received_at=AT, batch="b-1")


def units(path: Path) -> list[str]:
    return [msgspec.json.decode(line, type=Row).unit for line in path.read_bytes().splitlines()]


def run(path: Path, story: Callable[[ExposureFile], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        file = ExposureFile(path)
        await story(file)
        await file.close()

    asyncio.run(told())


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let files grow to so many bytes and no further, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "exposures.jsonl"


def test_what_is_committed_is_in_the_file_and_each_line_holds_every_column(path: Path) -> None:
    async def story(file: ExposureFile) -> None:
        await file.commit([row("u-1"), row("u-2")])
        assert units(path) == ["u-1", "u-2"]

    run(path, story)
    first = msgspec.json.decode(path.read_bytes().splitlines()[0])
    assert set(first) == set(Row.__struct_fields__)
    assert first["exposed_at"] == "2026-11-03T00:00:00Z"


def test_many_commits_at_once_share_their_writes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (synced.append(file), real(file))[1])

    async def story(file: ExposureFile) -> None:
        await asyncio.gather(*(file.commit([row(f"u-{number}")]) for number in range(200)))

    run(path, story)
    assert len(units(path)) == 200
    assert 1 <= len(synced) <= 3


def test_what_is_offered_is_written_in_a_moment_and_before_the_end(path: Path) -> None:
    async def story(file: ExposureFile) -> None:
        file.offer(row("u-1"))
        await asyncio.sleep(record_file.GATHERED + 0.1)
        assert units(path) == ["u-1"]
        file.offer(row("u-2"))

    run(path, story)
    assert units(path) == ["u-1", "u-2"]


def test_a_full_disk_acknowledges_nothing_and_leaves_whole_lines(path: Path) -> None:
    async def story(file: ExposureFile) -> None:
        await file.commit([row("u-1")])
        with room_for(path.stat().st_size + 10):
            with pytest.raises(Unavailable, match="free the disk"):
                await file.commit([row("u-2")])
            assert "File too large" in file.problem
        assert units(path) == ["u-1"]
        await file.commit([row("u-3")])
        assert file.problem == ""

    run(path, story)
    assert units(path) == ["u-1", "u-3"]


def test_what_was_offered_to_a_full_disk_is_written_when_there_is_room(path: Path) -> None:
    async def story(file: ExposureFile) -> None:
        await file.commit([row("u-1")])
        with room_for(path.stat().st_size):
            file.offer(row("u-2"))
            await file._write_offered(again=False)
        assert units(path) == ["u-1"]

    run(path, story)
    assert units(path) == ["u-1", "u-2"]


def test_rows_without_room_are_lost_and_counted(path: Path) -> None:
    async def story() -> None:
        file = ExposureFile(path, most_waiting=3)
        for number in range(5):
            file.offer(row(f"u-{number}"))
        assert file.lost == 2
        await file.close()

    asyncio.run(story())
    assert units(path) == ["u-0", "u-1", "u-2"]


@pytest.mark.parametrize("torn", [b"", b'{"unit": "torn', b"x" * 200_000])
def test_half_a_line_that_a_crash_left_is_cut_off(path: Path, torn: bytes) -> None:
    async def story(file: ExposureFile) -> None:
        await file.commit([row("u-2")])

    async def first(file: ExposureFile) -> None:
        await file.commit([row("u-1")])

    run(path, first)
    with path.open("ab") as file:
        file.write(torn)
    run(path, story)
    assert units(path) == ["u-1", "u-2"]


def test_a_file_belongs_to_one_process(path: Path) -> None:
    async def story(_: ExposureFile) -> None:
        with pytest.raises(Conflict, match="another process"):
            ExposureFile(path)

    run(path, story)


def test_a_file_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="name another file"):
        ExposureFile(tmp_path)
