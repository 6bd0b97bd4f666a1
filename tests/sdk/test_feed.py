"""The state in use: swapped whole, kept when a worse one comes, and known to be stale."""

import threading
from pathlib import Path

import pytest
from tests.sdk.scenes import VARIANTS, ZEALAND, Clocks, broken, page, state, whole

from twyman.flags.exposure import Exposure
from twyman.flags.flag import Variant
from twyman.flags.state import State
from twyman.kernel.errors import Unavailable
from twyman.sdk import Client, FileState, MemoryState
from twyman.sdk.feed import Feed, Status
from twyman.sdk.tally import Tally


class Fickle:
    """A source that answers or fails as it is told."""

    name = "fickle"
    is_near = False

    def __init__(self, *answers: State | Exception | None) -> None:
        self.answers = list(answers)

    def last_good(self) -> State | None:
        return None

    def fetch(self) -> State | None:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pause(self, failures: int) -> float | None:
        return 60.0 if failures else 30.0

    def attach(self, ring: object) -> None:
        pass

    def troubles(self) -> list[tuple[str, str]]:
        return []


def feeding(*answers: State | Exception | None, clocks: Clocks | None = None) -> tuple[Feed, Tally]:
    tally, settings = Tally(), (clocks or Clocks()).settings(stale_after=100.0)
    return Feed(Fickle(*answers), client=None, environments=(), tally=tally, settings=settings), tally


def test_a_replaced_state_is_in_use_at_once_and_says_what_changed() -> None:
    source, changes = MemoryState(state()), list[tuple[str, ...]]()
    client = Client(source)
    client.on_change(changes.append)

    source.replace(state(page(default="moments"), whole("ads", Variant("on", value=True))))

    assert client.value("start-page.rows", {"targeting_key": "u-1"}, 0) == 12
    assert changes == [("ads", "start-page")]


def test_a_state_of_the_same_version_changes_nothing() -> None:
    source, changes = MemoryState(state()), list[tuple[str, ...]]()
    client = Client(source)
    client.on_change(changes.append)

    source.replace(state())

    assert (changes, client.stats()["states_taken"]) == ([], 1)


def test_a_listener_that_fails_is_counted_and_the_next_is_called() -> None:
    source, changes = MemoryState(state()), list[tuple[str, ...]]()
    client = Client(source)
    client.on_change(lambda _: 1 / 0)
    client.on_change(changes.append)

    source.replace(state(page(archived=True)))

    assert (client.stats()["listener_failed"], changes) == (1, [("start-page",)])


def test_whatever_a_source_raises_the_last_good_state_stays() -> None:
    feed, tally = feeding(state(), Unavailable("away"), MemoryError("no"), ValueError("odd"))

    for _ in range(4):
        feed.refresh()

    assert feed.snapshot.version == state().version
    assert tally.counts() == {"state_not_fetched": 3, "states_taken": 1}


def test_a_state_is_stale_once_its_source_has_been_silent_too_long_and_ready_when_it_is_back() -> None:
    clocks, told = Clocks(), list[Status]()
    feed, _ = feeding(state(), Unavailable("away"), Unavailable("away"), None, clocks=clocks)
    feed.on_status(told.append)

    for _ in range(4):
        feed.refresh()
        clocks.steady += 60

    assert told == [Status.READY, Status.STALE, Status.READY]


def test_a_source_that_has_nothing_to_say_is_not_stale() -> None:
    clocks = Clocks()
    client = Client(MemoryState(state()), settings=clocks.settings(stale_after=100.0))

    clocks.steady += 1e6

    assert client.status is Status.READY


def test_the_moment_of_going_stale_is_not_slept_through() -> None:
    clocks = Clocks()
    feed, _ = feeding(state(), Unavailable("away"), clocks=clocks)
    feed.refresh()
    clocks.steady += 70

    pause = feed.poll()

    assert pause is not None
    assert 30 < pause < 31


def test_a_wall_clock_set_back_stops_neither_new_states_nor_exposures() -> None:
    clocks, met = Clocks(), list[Exposure]()
    source = MemoryState(state())
    client = Client(source, exposures=met.extend, settings=clocks.settings())
    client.value("start-page.rows", ZEALAND, 0)
    clocks.wall = clocks.wall.replace(year=1999)

    source.replace(state(page(default="moments")))
    client.value("start-page.rows", {**ZEALAND, "targeting_key": "u-3"}, 0)

    assert client.flush()
    assert [each.exposed_at.year for each in met] == [2026, 1999]


def test_an_outage_is_logged_once_and_so_is_the_next(caplog: pytest.LogCaptureFixture) -> None:
    away = Unavailable("away")
    feed, _ = feeding(state(), away, away, None, away)

    for _ in range(5):
        feed.refresh()

    assert len([record for record in caplog.records if "state_not_fetched" in record.message]) == 2


def test_the_problems_of_a_state_are_counted_once_a_version_and_not_all_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    several = state(*(broken(f"flag-{number}") for number in range(30)))
    feed, tally = feeding(several, None, several)

    for _ in range(3):
        feed.refresh()

    assert tally.counts()["state_problems"] == 30
    assert len(caplog.records) == 20


def test_threads_that_ask_while_states_are_swapped_see_one_or_the_other() -> None:
    before, after = state(), state(page(default="moments", rules=()))
    source = MemoryState(before)
    client, seen, stop = Client(source), set[tuple[str, int]](), threading.Event()
    sweden = {"targeting_key": "u-1", "country": "SE"}

    def ask() -> None:
        while not stop.is_set():
            answer = client.evaluate("start-page", sweden)
            seen.add((answer.variant, answer.value["rows"]))  # type: ignore[index]

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        source.replace(after)
        source.replace(before)
    stop.set()
    for thread in threads:
        thread.join()

    assert seen <= {("classic", 20), ("moments", 12)}
    assert "broken" not in client.stats()


def test_what_was_there_before_counts_as_changed_when_it_goes() -> None:
    source, changes = MemoryState(state(page(), whole("ads", VARIANTS[0]))), list[tuple[str, ...]]()
    client = Client(source)
    client.on_change(changes.append)

    source.replace(state())

    assert changes == [("ads",)]


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    with Client(FileState(tmp_path / "none.json", every=60)) as client:
        assert client.wait(5) is False
