"""From a source to the state in use: fetched, checked, swapped whole, and never lost to a worse one."""

import threading
from collections.abc import Callable
from enum import StrEnum

from twyman.flags.faults import broken_parts, faults_of
from twyman.flags.state import State
from twyman.kernel.errors import Invalid
from twyman.sdk.changes import changed_flags
from twyman.sdk.settings import Settings
from twyman.sdk.snapshot import Snapshot, snapshot_of
from twyman.sdk.sources.source import Source
from twyman.sdk.tally import Tally

OnChange = Callable[[tuple[str, ...]], object]
"""Called with the names of the flags that may answer differently now."""

MOST_LOGGED = 20
"""Problems of one state that are logged; all of them are counted."""


class Status(StrEnum):
    """How far a client can be relied on."""

    NOT_READY = "not_ready"
    """There is no state: every answer is the caller's default."""
    READY = "ready"
    """The state is what the source last said."""
    STALE = "stale"
    """The source has been silent for too long: the state is the last good one."""


OnStatus = Callable[[Status], object]


class Feed:
    """Keeps a snapshot up to date with its source.

    Attributes:
        snapshot: The state in use; replaced, never changed.

    Args:
        source: Where states come from.
        client: As whom they are read; `None` sees every flag.
        environments: Where they are read.
        tally: Counts what goes wrong.
        settings: The steady clock, and when a state is stale.
    """

    def __init__(
        self, source: Source, *, client: str | None, environments: tuple[str, ...], tally: Tally, settings: Settings
    ) -> None:
        self._source = source
        self._client = client
        self._environments = environments
        self._tally = tally
        self._settings = settings
        self._failures = 0
        self._heard_at = float("-inf")
        self._on_change: list[OnChange] = []
        self._on_status: list[OnStatus] = []
        self._told = Status.NOT_READY
        self._fetching = threading.RLock()
        self.snapshot = Snapshot()
        self.answered = threading.Event()

    def begin(self) -> None:
        """Take what can be had without waiting: all of a near source, the last good state of a far one."""
        self._source.attach(self.refresh)
        if self._source.is_near:
            self.poll()
            return
        try:
            state = self._source.last_good()
        except Exception as error:  # noqa: BLE001 - a cache is no more than a help
            self._tally.fault("cache_not_read", self._source.name, error)
        else:
            self._take(state)

    def poll(self) -> float | None:
        """Ask the source once; returns seconds until the next time, or `None` if it says so itself."""
        self.refresh()
        pause = self._source.pause(self._failures)
        if pause is None or not self._failures or self.is_stale:
            return pause
        return min(pause, max(0.0, self._stale_at() - self._settings.steady()) + 0.001)

    def refresh(self) -> None:
        """Ask the source once, now."""
        with self._fetching:
            try:
                state = self._source.fetch()
            except Exception as error:  # noqa: BLE001 - whatever a source raises, the last good state stays
                self._failed(error)
            else:
                self._heard(state)
            for kind, why in self._source.troubles():
                self._tally.fault(kind, self._source.name, why)
        self.answered.set()
        self._tell_status()

    @property
    def is_stale(self) -> bool:
        """Whether the source has been silent for too long."""
        return self._failures > 0 and self._settings.steady() >= self._stale_at()

    @property
    def status(self) -> Status:
        """How far answers can be relied on."""
        if self.snapshot.state is None:
            return Status.NOT_READY
        return Status.STALE if self.is_stale else Status.READY

    def on_change(self, callback: OnChange) -> None:
        """Call back after a new state has been taken, with the names of the flags that changed."""
        self._on_change.append(callback)

    def on_status(self, callback: OnStatus) -> None:
        """Call back when the status has changed."""
        self._on_status.append(callback)

    def after_fork(self) -> None:
        """Make the locks anew; the state stays."""
        was_answered = self.answered.is_set()
        self._fetching, self.answered = threading.RLock(), threading.Event()
        if was_answered:
            self.answered.set()

    def _stale_at(self) -> float:
        return self._heard_at + self._settings.stale_after

    def _heard(self, state: State | None) -> None:
        self._failures, self._heard_at = 0, self._settings.steady()
        for kind in ("state_not_fetched", "state_refused"):
            self._tally.mended(kind, self._source.name)
        self._take(state)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        kind = "state_refused" if isinstance(error, Invalid) else "state_not_fetched"
        self._tally.fault(kind, self._source.name, error)

    def _take(self, state: State | None) -> None:
        before = self.snapshot.state
        if state is None or state is before or (before and state.version and state.version == before.version):
            return
        self._note_problems(state)
        self.snapshot = snapshot_of(state, client=self._client, environments=self._environments)
        self._tally.add("states_taken")
        changed = changed_flags(before, state)
        for callback in list(self._on_change) if changed else []:
            self.tell(callback, changed)

    def _note_problems(self, state: State) -> None:
        """Count what in a state can't be resolved: the rest of it can."""
        for place, problem in enumerate([*faults_of(state), *broken_parts(state)]):
            if place < MOST_LOGGED:
                self._tally.fault("state_problems", problem, f"state '{state.version}'")
            else:
                self._tally.add("state_problems")

    def _tell_status(self) -> None:
        status = self.status
        if status is self._told:
            return
        self._told = status
        for callback in list(self._on_status):
            self.tell(callback, status)

    def tell(self, callback: Callable[..., object], said: object) -> None:
        """Call a listener back; its fault is counted, and its own."""
        try:
            callback(said)
        except Exception as error:  # noqa: BLE001 - a listener may do anything
            self._tally.fault("listener_failed", getattr(callback, "__qualname__", "listener"), error)
