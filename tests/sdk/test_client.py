"""A client among threads and processes, and at the end of the program."""

import json
import multiprocessing
import subprocess
import sys
import threading
import warnings
from pathlib import Path

from tests.sdk.children import in_child
from tests.sdk.scenes import QUICK, ZEALAND, document, page, says, serving, ships, state

from twyman.sdk import Client, ExposureFile, ExposureList, FileState, MemoryState, ServerState
from twyman.sdk.settings import Settings, Shipping
from twyman.sdk.sources.server import Pace

LAZY = Settings(shipping=Shipping(every=3600.0))
"""Nothing is sent before somebody asks for it."""


def units(path: Path) -> list[str]:
    return [json.loads(line)["unit"] for line in path.read_text().splitlines()] if path.exists() else []


def meets(client: Client, *names: str) -> None:
    for unit in names:
        client.value("start-page.rows", {**ZEALAND, "targeting_key": unit}, 0)


def test_many_threads_log_each_exposure_once() -> None:
    met = ExposureList()
    client = Client(MemoryState(state()), exposures=met)
    threads = [threading.Thread(target=meets, args=(client, *map(str, range(500)))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()

    assert sorted(int(each.unit) for each in met.records) == list(range(500))


def test_a_child_answers_and_sends_its_own_exposures_and_none_of_its_parents(tmp_path: Path) -> None:
    path = tmp_path / "exposures.jsonl"
    client = Client(MemoryState(state()), exposures=ExposureFile(path), settings=LAZY)
    meets(client, "parent")

    def child() -> object:
        meets(client, "parent", "child")
        return [client.flush(), client.stats()]

    assert in_child(child) == [True, {"exposures_sent": 1, "exposures_waiting": 0}]
    assert units(path) == ["child"]
    client.close()
    assert units(path) == ["child", "parent"]


def test_a_childs_own_threads_work_once_it_has_asked(tmp_path: Path) -> None:
    path, flags = tmp_path / "exposures.jsonl", tmp_path / "flags.json"
    flags.write_bytes(document())
    client = Client(FileState(flags, every=0.01), exposures=ExposureFile(path), settings=QUICK)

    def child() -> object:
        changed = threading.Event()
        client.on_change(lambda _: changed.set())
        quiet = threading.active_count()
        meets(client, "child")
        flags.write_bytes(document(page(default="moments")))
        return [quiet, threading.active_count(), changed.wait(10)]

    assert in_child(child) == [1, 3, True]
    client.close()


def test_a_fork_amid_everything_hangs_nobody() -> None:
    met, stop = ExposureList(), threading.Event()
    source = MemoryState(state())
    client = Client(source, exposures=met, settings=QUICK)

    def busy() -> None:
        number = 0
        while not stop.is_set():
            meets(client, f"u-{(number := number + 1)}")
            client.boolean("gone", ZEALAND, default=True)
            client.stats()
            source.replace(state(page(default=("classic", "moments")[number % 2])))

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()

    def child() -> object:
        meets(client, "child")
        client.refresh()
        client.close()
        return [each.unit for each in met.records if each.unit == "child"]

    found = [in_child(child) for _ in range(10)]
    stop.set()
    for thread in threads:
        thread.join()
    client.close()
    assert found == [["child"]] * 10


def test_a_worker_of_multiprocessing_sends_what_it_holds_when_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "exposures.jsonl"
    client = Client(MemoryState(state()), exposures=ExposureFile(path), settings=LAZY)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork with threads
        worker = multiprocessing.get_context("fork").Process(target=meets, args=(client, "worker"))
        worker.start()
    worker.join(30)

    assert (worker.exitcode, units(path)) == (0, ["worker"])
    client.close()


ENDS = """
import sys
from tests.sdk.scenes import ZEALAND, document
from pathlib import Path
from twyman.sdk import Client, ExposureFile, FileState
flags = Path(sys.argv[1]) / "flags.json"
flags.write_bytes(document())
client = Client(FileState(flags), exposures=ExposureFile(Path(sys.argv[1]) / "exposures.jsonl"))
client.value("start-page.rows", ZEALAND, 0)
"""


def test_a_program_that_just_ends_has_what_waits_sent(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", ENDS, tmp_path], capture_output=True, text=True, check=True
    )

    assert units(tmp_path / "exposures.jsonl") == ["u-1"]
    assert run.stderr == ""


def test_a_closed_client_goes_on_answering_and_a_second_close_does_nothing() -> None:
    with serving(ships(document())) as server:
        client = Client(ServerState(server.url), settings=QUICK)
        assert client.wait(10)
        client.close()
        client.close()

    assert client.value("start-page.rows", ZEALAND, 0) == 20
    assert not [thread for thread in threading.enumerate() if thread.name == "twyman-state" and thread.is_alive()]


def test_a_client_waits_for_its_first_answer_whatever_it_is() -> None:
    with serving(says(500)) as server, Client(ServerState(server.url, every=Pace(3600.0))) as client:
        assert client.wait(10) is False
        assert client.stats()["state_not_fetched"] == 1


def test_closing_waits_no_longer_than_it_may_for_a_server_that_hangs() -> None:
    release = threading.Event()
    with serving(lambda _: bool(release.wait(30))) as server:  # type: ignore[arg-type,return-value]
        client = Client(ServerState(server.url), settings=QUICK)
        assert client.wait(0.05) is False
        client.close(0.01)
        release.set()

    assert client.value("start-page.rows", ZEALAND, 7) == 7
