"""A piece of work done again and again in the background, at its own pace.

Waiting is by the steady clock, so that a wall clock set back delays nothing.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

Work = Callable[[], float | None]
"""Does the work once; returns seconds until the next time, or `None` for not before it is rung for."""

WORK, STOP = "work", "stop"


class Beat:
    """A daemon thread that works, waits and works again; ringing wakes it.

    Args:
        name: What it does, as its thread is named.
        work: What it does.
        rest: Seconds before the first time.

    Example:
        >>> done = threading.Event()
        >>> beat = Beat("example", lambda: done.set())
        >>> beat.start()
        >>> done.wait(5)
        True
        >>> beat.stop(5)
    """

    def __init__(self, name: str, work: Work, *, rest: float | None = 0.0) -> None:
        self._name = name
        self._work = work
        self._rest = rest
        self._bell: SimpleQueue[str] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start working, unless it is already."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, args=(self._bell,), name=f"twyman-{self._name}", daemon=True
            )
            self._thread.start()

    def ring(self) -> None:
        """Have the work done now; waits for nothing, and may be called from anywhere."""
        self._bell.put(WORK)

    def stop(self, timeout: float) -> None:
        """Stop working; what is being done is given so many seconds to end."""
        self._bell.put(STOP)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def after_fork(self) -> None:
        """Forget the parent's thread: `start` makes one of the child's own."""
        self._bell, self._thread = SimpleQueue(), None

    def _run(self, bell: "SimpleQueue[str]") -> None:
        pause = self._rest
        while _said(bell, pause) != STOP:
            pause = self._work()


def _said(bell: "SimpleQueue[str]", pause: float | None) -> str:
    """Return what the bell says within so many seconds: to stop, or to work, as does its silence."""
    try:
        said = {bell.get(timeout=pause)}
        while not bell.empty():
            said.add(bell.get())
    except Empty:
        return WORK
    return STOP if STOP in said else WORK
