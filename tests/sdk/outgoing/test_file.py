"""Exposures as lines of a file."""

import errno
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.children import in_child, with_full_disk
from tests.sdk.scenes import NOON, ZEALAND, Clocks, state

from twyman.kernel.errors import Unavailable
from twyman.sdk import Client, EventFile, ExposureFile, MemoryState
from twyman.sdk.outgoing.sink import Batch


def batch(*records: object) -> Batch[object]:
    return Batch("b-1", NOON, records)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_exposure_is_a_line_whose_columns_fit_a_source_of_exposures(tmp_path: Path) -> None:
    path = tmp_path / "exposures" / "today.jsonl"
    with Client(MemoryState(state()), exposures=ExposureFile(path, fsync=True), settings=Clocks().settings()) as client:
        client.value("start-page.rows", ZEALAND, 0)

    [row] = lines(path)
    assert row == {
        "unit": "u-1", "exposed_at": "2026-06-01T12:00:00Z", "flag": "start-page", "rule": "moment-page",
        "variant": "classic", "experiment": "moment-page", "arm": "classic", "by": "", "id": "", "client": "",
        "state": state().version,
    }  # fmt: skip


def test_an_event_is_a_line_with_its_amount_and_details(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with Client(MemoryState(state()), events=EventFile(path), settings=Clocks().settings()) as client:
        client.track("played", ZEALAND, value=3.5, details={"track": "t-9"})

    [row] = lines(path)
    assert row == {
        "unit": "u-1",
        "at": "2026-06-01T12:00:00Z",
        "name": "played",
        "value": 3.5,
        "details": {"track": "t-9"},
    }
    assert datetime.fromisoformat(row["at"]).tzinfo is not None


def test_several_processes_append_whole_lines_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "shared.jsonl"

    def write() -> None:
        for number in range(50):
            row = {"who": os.getpid(), "number": number, "pad": "x" * 3000}
            ExposureFile(path).send(batch(row, row, row), 30)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(in_child, [write] * 3))

    rows = [(row["who"], row["number"]) for row in lines(path)]
    assert Counter(rows) == {(who, number): 3 for who in {who for who, _ in rows} for number in range(50)}
    assert len(rows) == 450


def test_a_batch_for_which_the_disk_has_no_room_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "exposures.jsonl"

    def append() -> int | None:
        ExposureFile(path).send(batch({"n": 1}), 5)
        try:
            ExposureFile(path).send(batch({"n": 2}, {"pad": "x" * 200}), 5)
        except OSError as error:
            return error.errno
        return None

    assert in_child(with_full_disk(100, append)) == errno.EFBIG
    assert path.read_bytes() == b'{"n":1}\n'


def test_a_line_that_a_crash_tore_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "exposures.jsonl"
    path.write_bytes(b'{"n":1}\n{"n"')

    ExposureFile(path).send(batch({"n": 3}), 5)

    assert path.read_bytes() == b'{"n":1}\n{"n"\n{"n":3}\n'


def test_a_file_held_by_another_process_is_waited_for_no_longer_than_allowed(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "exposures.jsonl"

    with path.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="held by another process"):
            ExposureFile(path).send(batch({"n": 1}), 0.02)


def test_a_device_without_room_is_a_fault_that_is_retried_and_counted() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    client = Client(MemoryState(state()), exposures=ExposureFile(full))
    client.value("start-page.rows", ZEALAND, 0)

    assert not client.flush()

    assert client.stats()["exposures_not_sent"] >= 1
    assert client.stats()["exposures_waiting"] == 1
    client.close(0.01)
