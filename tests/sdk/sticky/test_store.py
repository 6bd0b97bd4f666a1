"""A sticky flag through a client: kept when met, read rarely, and no worse than its rules when its store is away."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.sdk.scenes import HALVES, QUICK, Clocks, page, state

from twyman.flags.evaluation import Kept
from twyman.flags.flag import Assigned, Flag, Rule, Split, Sticky
from twyman.sdk import Client, MemoryState
from twyman.sdk.sticky import MemoryStore
from twyman.sdk.sticky.store import Remembered
from twyman.sdk.tally import Tally

WHO = {"targeting_key": "u-1"}


def sticky(sides: tuple[Assigned, ...] = HALVES) -> Flag:
    rule = Rule("ab", Split(sides, salt="moment-page"), sticky=Sticky(reads="page", writes="page"))
    return page(rules=(rule,))


SWAPPED = (Assigned(HALVES[0].slices, "classic"), Assigned(HALVES[1].slices, "moments"))


@dataclass
class Counting(MemoryStore):
    """A store that counts how often it is asked, and fails when told to."""

    asked: list[str] = field(default_factory=list[str])
    failing: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        self._tell("variant")
        return super().variant(store, unit, rule)

    def holds(self, store: str, unit: str) -> bool:
        self._tell("holds")
        return super().holds(store, unit)

    def keep(self, records: Sequence[Kept]) -> None:
        self._tell("keep")
        super().keep(records)

    def _tell(self, what: str) -> None:
        self.asked.append(what)
        if self.failing:
            raise ConnectionError("the store is away")


def test_a_unit_keeps_its_variant_when_the_split_turns_round() -> None:
    source, store = MemoryState(state(sticky())), MemoryStore()
    client = Client(source, sticky=store, settings=QUICK)
    assert client.value("start-page.rows", WHO, 0) == 20

    source.replace(state(sticky(SWAPPED)))

    assert client.value("start-page.rows", WHO, 0) == 20
    assert client.value("start-page.rows", {"targeting_key": "u-3"}, 0) == 12
    client.close()
    assert store.variant("page", "u-1", "ab") == "classic"


def test_evaluating_keeps_nothing() -> None:
    store = MemoryStore()
    with Client(MemoryState(state(sticky())), sticky=store) as client:
        client.evaluate("start-page", WHO)

    assert not store.holds("page", "u-1")


def test_a_store_is_read_once_for_a_unit_and_written_once() -> None:
    store = Counting()
    with Client(MemoryState(state(sticky())), sticky=store) as client:
        for _ in range(5):
            client.value("start-page.rows", WHO, 0)
        client.flush()
        for _ in range(5):
            client.value("start-page.rows", WHO, 0)

    assert store.asked == ["variant", "keep", "variant"]


def test_whoever_was_first_wins_and_the_other_takes_it_over() -> None:
    store = MemoryStore()
    client = Client(MemoryState(state(sticky())), sticky=store)
    assert client.value("start-page.rows", WHO, 0) == 20
    store.keep([Kept("page", "u-1", "ab", "moments")])

    client.close()

    assert client.value("start-page.rows", WHO, 0) == 12


def test_a_store_that_is_away_is_counted_and_the_rules_decide() -> None:
    store = Counting(failing=True)
    client = Client(MemoryState(state(sticky())), sticky=store, settings=QUICK)

    assert client.value("start-page.rows", WHO, 0) == 20

    assert not client.flush()
    assert client.stats()["sticky_not_read"] == 1
    assert client.stats()["sticky_not_sent"] >= 1
    store.failing = False
    client.close()
    assert store.variant("page", "u-1", "ab") == "classic"


def test_an_absence_is_remembered_for_a_few_seconds_only() -> None:
    clocks, store = Clocks(), Counting()
    remembered = Remembered(store, Tally(), lambda: clocks.steady, seconds=10)

    for clocks.steady in (0, 9, 10, 11):
        remembered.variant("page", "u-1", "ab")
        remembered.holds("page", "u-1")

    assert store.asked == ["variant", "holds"] * 2


def test_what_is_remembered_is_bounded() -> None:
    store = Counting()
    remembered = Remembered(store, Tally(), lambda: 0.0, limit=3)

    for number in range(100):
        remembered.variant("page", f"u-{number}", "ab")

    assert len(remembered) == 3
