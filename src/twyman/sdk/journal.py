"""What a client writes down: exposures, events, and sticky variants to keep. It only puts them in boxes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec.structs import replace

from twyman.flags.context import TARGETING_KEY, Context, NoUnit, unit_of
from twyman.flags.evaluation import Assignment, Evaluation, Kept
from twyman.flags.exposure import Exposure, exposures_of
from twyman.flags.flag import Outcome
from twyman.flags.memory import NOTHING, Memory
from twyman.sdk.outgoing.event import Event
from twyman.sdk.outgoing.outbox import Outbox
from twyman.sdk.outgoing.seen import Identity, Seen
from twyman.sdk.outgoing.sink import Sink, as_sink
from twyman.sdk.settings import Settings
from twyman.sdk.sticky.store import Remembered, StickyStore
from twyman.sdk.tally import Tally

ExposureSink = Sink[Exposure] | Callable[[Sequence[Exposure]], object]
EventSink = Sink[Event] | Callable[[Sequence[Event]], object]


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where a client's records go; `None` for nowhere."""

    exposures: ExposureSink | None = None
    events: EventSink | None = None
    sticky: StickyStore | None = None


class Journal:
    """Puts records in boxes, each exposure once.

    Args:
        sinks: Where records go.
        tally: Counts what goes wrong.
        settings: Sizes, times and clocks.
        ring: Called with a box's name when it has a full batch; must not wait.
    """

    def __init__(self, sinks: Sinks, *, tally: Tally, settings: Settings, ring: Callable[[str], None]) -> None:
        self._settings = settings
        self._tally = tally
        self._seen = Seen(settings.once_for, settings.remembered, settings.steady)
        self._sticky = Remembered(sinks.sticky, tally, settings.steady) if sinks.sticky is not None else None
        self._ring = ring
        self.boxes: dict[str, Outbox[Any]] = {}
        self._exposures = self._box("exposures", sinks.exposures)
        self._events = self._box("events", sinks.events)
        self._kept: Outbox[Kept] | None = self._box("sticky", self._sticky.keep if self._sticky is not None else None)

    @property
    def memory(self) -> Memory:
        """What is kept for units, to resolve with."""
        return self._sticky if self._sticky is not None else NOTHING

    def expose(self, answer: Evaluation, context: Context, *, client: str | None, version: str) -> None:
        """Write down that a unit met an answer: an exposure for each assignment not logged lately, and what to keep."""
        if self._sticky is not None and self._kept is not None:
            for record in answer.keep:
                if self._sticky.expect(record):
                    self._kept.put(record)
        box = self._exposures
        if box is None:
            return
        for made in answer.assignments:
            identity = _identity(answer.flag, made, context, client or "")
            if identity is not None and self._seen.claim(identity):
                alone = replace(answer, assignments=(made,))
                met = exposures_of(alone, context, at=self._settings.clock(), client=client or "", state=version)
                if not all(box.put(each) for each in met):
                    self._seen.forget(identity)

    def track(self, name: str, context: Context, value: float | None, details: Mapping[str, object]) -> None:
        """Write down an event."""
        if self._events is None:
            self._tally.add("events_without_sink")
            return
        try:
            unit = unit_of(context, TARGETING_KEY) or ""
        except NoUnit:
            unit = ""
        self._events.put(Event(unit, self._settings.clock(), name, value, details))

    def waiting(self) -> dict[str, int]:
        """Return how many records wait, by box."""
        return {f"{kind}_waiting": len(box) for kind, box in self.boxes.items()}

    def send(self, timeout: float) -> bool:
        """Send all that waits, in so many seconds; returns whether nothing is left."""
        until = self._settings.steady() + timeout
        empty = [box.send(max(0.0, until - self._settings.steady())) for box in self.boxes.values()]
        return all(empty)

    def after_fork(self) -> None:
        """Leave to the parent what is the parent's."""
        self._seen.after_fork()
        if self._sticky is not None:
            self._sticky.after_fork()
        for box in self.boxes.values():
            box.after_fork()

    def _box(self, kind: str, sink: Any) -> Outbox[Any] | None:  # noqa: ANN401 - of one kind each
        if sink is None:
            return None
        ring = partial(self._ring, kind)
        box: Outbox[Any] = Outbox(kind, as_sink(sink), self._tally, settings=self._settings, ring=ring)
        self.boxes[kind] = box
        return box


def _identity(flag: str, made: Assignment, context: Context, client: str) -> Identity | None:
    """Return what makes an exposure this one (as `Exposure.identity`, but at a third of its price); `None` for none."""
    try:
        unit = unit_of(context, made.by)
    except NoUnit:
        return None
    if unit is None:
        return None
    to = "" if made.to is Outcome.VARIANT else made.to.value
    return unit, flag, made.rule, made.variant, made.experiment, made.id, made.by, to, client
