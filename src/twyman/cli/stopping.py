"""Ctrl-C, and a polite kill: what runs on an engine ends at once, then everything is tidied up as after an error.

A driver in C may hold the main thread, and Python tells nobody of a signal until it lets go. So the signal is
heard by a thread, which ends what runs; then the main thread wakes up, and stops.
"""

import os
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread, Timer, current_thread, main_thread

from twyman.cli.exits import STOPPED
from twyman.wiring.running import end_all

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 2.0
"""Seconds that engines have to end what they run, before we tidy up."""

GRACE = 20.0
"""Seconds for tidying up. Then the process ends: a driver may wait for an answer that nobody gives any more."""

_AGAIN = 0.1


@contextmanager
def stoppable() -> Generator[None]:
    """Make signals end what runs on engines, and raise KeyboardInterrupt.

    What then isn't tidied up in time is left as it is, and the process ends. Outside the main thread nothing is
    changed: signals are none of its business.
    """
    if current_thread() is not main_thread():
        yield
        return
    heard, ended, late = Event(), Event(), Timer(GRACE, _leave)
    late.daemon = True

    def stop(*_: object) -> None:
        heard.set()
        ended.wait(PATIENCE)
        raise KeyboardInterrupt

    listening, woken = socket.socketpair()
    woken.settimeout(0)
    watch = Thread(target=_watch, args=(listening, heard, ended, late), daemon=True)
    watch.start()
    handlers = {each: signal.signal(each, stop) for each in SIGNALS}
    before = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        for each, handler in handlers.items():
            signal.signal(each, handler)
        late.cancel()
        heard.set()
        woken.close()
        watch.join(PATIENCE)
        listening.close()


def _watch(listening: socket.socket, heard: Event, ended: Event, late: Timer) -> None:
    if listening.recv(1):
        late.start()
        end_all()
        ended.set()
        while not heard.wait(_AGAIN):  # a statement that was about to begin has missed it
            end_all()


def _leave() -> None:
    sys.stderr.write("stopped; an engine didn't answer, and may still run what it was asked\n")
    sys.stderr.flush()
    os._exit(STOPPED)
