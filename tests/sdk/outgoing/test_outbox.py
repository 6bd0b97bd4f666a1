"""Records on their way: in batches, again until they are taken, and bounded."""

import threading
from dataclasses import dataclass, field
from typing import Any

from tests.sdk.scenes import NOON, QUICK, ZEALAND, Clocks, state

from twyman.kernel.errors import Invalid, Unavailable
from twyman.sdk import Client, ExposureList, MemoryState
from twyman.sdk.backoff import Backoff
from twyman.sdk.outgoing.outbox import Outbox
from twyman.sdk.outgoing.sink import Batch
from twyman.sdk.settings import Settings, Shipping
from twyman.sdk.tally import Tally


@dataclass
class Moody:
    """A sink that takes a batch, or raises, as it is told."""

    moods: list[Exception | int | None]
    tried: list[Batch[Any]] = field(default_factory=list[Batch[Any]])
    taken: list[Any] = field(default_factory=list[Any])
    name: str = "moody"

    def send(self, batch: Batch[Any], timeout: float) -> int | None:
        assert timeout > 0
        self.tried.append(batch)
        mood = self.moods.pop(0) if self.moods else None
        if isinstance(mood, Exception):
            raise mood
        self.taken += batch.records
        return mood


def box_of(
    *moods: Exception | int | None, clocks: Clocks | None = None, **shipping: Any
) -> tuple[Any, Moody, Tally, list[str]]:
    sink, tally, rings = Moody(list(moods)), Tally(), list[str]()
    settings = (clocks or Clocks()).settings(shipping=Shipping(**shipping))
    return Outbox("exposures", sink, tally, settings=settings, ring=lambda: rings.append("ring")), sink, tally, rings


def test_records_are_sent_in_order_in_batches() -> None:
    box, sink, tally, _ = box_of(size=3)
    for number in range(7):
        assert box.put(number)

    assert box.send(10)

    assert [batch.records for batch in sink.tried] == [(0, 1, 2), (3, 4, 5), (6,)]
    assert len({batch.id for batch in sink.tried}) == 3
    assert (len(box), tally.counts()) == (0, {"exposures_sent": 7})


def test_a_full_batch_rings_once() -> None:
    box, _, _, rings = box_of(size=3)

    for number in range(9):
        box.put(number)

    assert rings == ["ring"]
    box.send(10)
    for number in range(3):
        box.put(number)
    assert rings == ["ring", "ring"]


def test_a_batch_that_was_not_taken_is_sent_again_under_its_name_and_nothing_overtakes_it() -> None:
    clocks = Clocks()
    box, sink, tally, _ = box_of(Unavailable("away"), ValueError("odd"), clocks=clocks, size=2)
    for number in range(4):
        box.put(number)

    assert not box.send(10)
    clocks.wall = NOON.replace(hour=13)
    assert not box.send(10)
    assert box.send(10)

    first, again, third, _ = sink.tried
    assert first.id == again.id == third.id
    assert (first.sent_at.hour, third.sent_at.hour) == (12, 13)
    assert sink.taken == [0, 1, 2, 3]
    assert tally.counts() == {"exposures_not_sent": 2, "exposures_sent": 4}


def test_failures_in_a_row_lengthen_the_pause_and_success_shortens_it() -> None:
    away = Unavailable("away")
    box, *_ = box_of(away, away, away, away, every=5.0, backoff=Backoff(64.0, 1e9, Highest()))  # type: ignore[arg-type]
    box.put(1)

    assert [box.work() for _ in range(5)] == [64.0, 128.0, 256.0, 512.0, 5.0]


class Highest:
    """Chance that always draws the most there is."""

    def uniform(self, _low: float, high: float) -> float:
        return high


def test_what_is_refused_for_good_is_counted_and_stands_in_nobodys_way() -> None:
    box, sink, tally, _ = box_of(Invalid("never"), 1, size=2)
    for number in range(4):
        box.put(number)

    assert box.send(10)

    assert sink.taken == [2, 3]
    assert tally.counts() == {"exposures_refused": 3, "exposures_sent": 1}


def test_what_overflows_is_counted_and_dropped_and_logged_when_its_unit_comes_again() -> None:
    met, clocks = ExposureList(), Clocks()
    settings = clocks.settings(shipping=Shipping(limit=2, every=3600))
    client = Client(MemoryState(state()), exposures=met, settings=settings)

    for unit in ("a", "b", "c", "d"):
        client.value("start-page.rows", {**ZEALAND, "targeting_key": unit}, 0)
    assert (client.stats()["exposures_overflowed"], client.stats()["exposures_waiting"]) == (2, 2)
    client.flush()
    client.value("start-page.rows", {**ZEALAND, "targeting_key": "d"}, 0)
    client.close()

    assert [each.unit for each in met.records] == ["a", "b", "d"]


def test_a_sink_that_hangs_delays_no_caller_and_no_end() -> None:
    release, entered = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        entered.set()
        release.wait(30)

    shipping = Shipping(size=1, every=0.01, timeout=0.05, backoff=Backoff(0.01, 0.01))
    client = Client(MemoryState(state()), exposures=hang, settings=Settings(shipping=shipping, close_within=0.05))
    client.value("start-page.rows", ZEALAND, 0)
    assert entered.wait(10)

    for number in range(100):
        client.value("start-page.rows", {**ZEALAND, "targeting_key": f"u-{number + 10}"}, 0)
    client.close()

    assert client.stats()["left_at_close"] == 101
    release.set()


def test_what_waits_is_sent_by_itself() -> None:
    sent = threading.Event()
    with Client(MemoryState(state()), exposures=lambda _: sent.set(), settings=QUICK) as client:
        client.value("start-page.rows", ZEALAND, 0)

        assert sent.wait(10)
