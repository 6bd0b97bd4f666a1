"""The client for programs with threads, or with none: work in the background is done by daemon threads."""

import threading
from types import TracebackType
from typing import Self

from twyman.sdk.beat import Beat
from twyman.sdk.ending import finish_at_exit, finish_with_worker, finished
from twyman.sdk.feed import Status
from twyman.sdk.journal import EventSink, ExposureSink, Sinks
from twyman.sdk.reader import Reader
from twyman.sdk.settings import SETTINGS, Settings
from twyman.sdk.sources.source import Source
from twyman.sdk.sticky.store import StickyStore


class Client(Reader):
    """Asks flags in this process, and keeps their state up to date.

    Safe to share between threads, and to fork: a child starts threads of its own at its first question. Close it,
    or use it in a `with` block; a program that just ends has what is waiting sent for it.

    Args:
        source: Where the state comes from: `FileState`, `ServerState`, `MemoryState`.
        exposures: Where exposures go: `ExposureFile`, `ExposureServer`, or a function of exposures; `None`: nowhere.
        events: Where events of `track` go.
        sticky: Keeps variants of rules that are sticky.
        client: As whom flags are asked; `None` sees every flag, or what the server says of whom it ships to.
        environments: Where they are asked: `("production",)`.
        settings: Times, sizes and clocks.

    Example:
        >>> from twyman.flags.flag import Flag, Variant
        >>> from twyman.flags.state import State
        >>> from twyman.sdk import MemoryState
        >>> flag = Flag("new-page", (Variant("on", True),), default="on")
        >>> with Client(MemoryState(State({"new-page": flag}))) as client:
        ...     client.boolean("new-page", {"targeting_key": "u-1"}, default=False)
        True
    """

    def __init__(  # noqa: PLR0913 - where things come from and go to, each by its name
        self,
        source: Source,
        *,
        exposures: ExposureSink | None = None,
        events: EventSink | None = None,
        sticky: StickyStore | None = None,
        client: str | None = None,
        environments: tuple[str, ...] = (),
        settings: Settings = SETTINGS,
    ) -> None:
        sinks = Sinks(exposures, events, sticky)
        super().__init__(source, sinks, client=client, environments=environments, settings=settings)
        self._waking = threading.Lock()
        self._is_closed = self._is_forked = False
        self._feed.begin()
        self._beats = {kind: Beat(kind, box.work) for kind, box in self._journal.boxes.items()}
        pause = source.pause(0)
        if pause is not None:
            self._beats["state"] = Beat("state", self._feed.poll, rest=pause if source.is_near else 0.0)
        finish_at_exit(self)
        self._wake()

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait until the source has been asked once; returns whether there is a state, its own or a kept one.

        Args:
            timeout: Seconds to wait at most.
        """
        self._awake()
        self._feed.answered.wait(timeout)
        return self.status is not Status.NOT_READY

    def flush(self, timeout: float | None = None) -> bool:
        """Send all that is waiting, and wait for it; returns whether nothing is left."""
        return self._journal.send(self._settings.close_within if timeout is None else timeout)

    def close(self, timeout: float | None = None) -> None:
        """Send what is waiting and stop, in so many seconds; answers are given still, from the last state."""
        if self._is_closed:
            return
        self._is_closed = True
        finished(self)
        if not self.flush(timeout):
            left = sum(self._journal.waiting().values())
            self._tally.fault("left_at_close", "records", f"{left:,} weren't sent in time", number=left)
        for beat in self._beats.values():
            beat.stop(0.1)

    def finish(self) -> None:
        """Close at the end of the program."""
        self.close()

    def after_fork(self) -> None:
        """Be ready to wake up in a child."""
        self._waking = threading.Lock()
        for beat in self._beats.values():
            beat.after_fork()
        super().after_fork()
        self._is_forked = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wake(self) -> None:
        if self._is_closed or not self._waking.acquire(blocking=False):
            return
        try:
            if self._is_forked:
                finish_with_worker()
            for beat in self._beats.values():
                beat.start()
        except RuntimeError as error:  # no more threads, or the program is ending
            self._tally.fault("thread_not_started", "client", error)
        finally:
            self._waking.release()

    def _ring(self, box: str) -> None:
        self._beats[box].ring()
