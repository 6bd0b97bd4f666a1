"""One line on a terminal that says how far an analysis has come; whoever needs no more than a second sees none."""

import sys
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from twyman.app.telling import Step

AFTER = 1.0
"""Seconds before the line is drawn."""

_WIDTH = 24
_CLEAR = "\r\x1b[K"


class Progress:
    """Is told steps, and draws the last of them; draws nothing where nobody looks.

    Args:
        stream: Where to draw; left out: standard error.
        after: Seconds before anything is drawn.

    Attributes:
        begun: How many experiments have been begun.
    """

    def __init__(self, stream: TextIO | None = None, *, after: float = AFTER) -> None:
        self._stream = stream or sys.stderr
        self._after = after
        self._seen = self._stream.isatty()
        self.begun = 0
        self._line = ""
        self._drawn = False
        self._over = Event()
        self._lock = Lock()

    def __enter__(self) -> "Progress":
        if self._seen:
            Thread(target=self._begin, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with self._lock:
            if self._drawn:
                self._write(_CLEAR)

    def __call__(self, step: "Step") -> None:
        """Say what is being done now."""
        with self._lock:
            self.begun = max(self.begun, step.number)
            self._line = said(step)
            if self._drawn:
                self._write(_CLEAR + self._line)

    def _begin(self) -> None:
        if self._over.wait(self._after):
            return
        with self._lock:
            if not self._over.is_set():
                self._drawn = True
                self._write(_CLEAR + self._line)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def said(step: "Step") -> str:
    """Return a step as one line.

    Example:
        >>> from twyman.app.telling import Step
        >>> said(Step("moment-page", look=3, looks=8))
        'moment-page, look 3 of 8'
        >>> said(Step("moment-page", number=4, count=12))
        '[######..................] 4/12 moment-page'
    """
    what = step.what + (f", look {step.look} of {step.looks}" if step.look else "")
    if step.count == 1 and step.number:
        return what
    done = _WIDTH * max(0, step.number - 1) // step.count if step.count else 0
    return f"[{'#' * done}{'.' * (_WIDTH - done)}] {step.number}/{step.count} {what}"
