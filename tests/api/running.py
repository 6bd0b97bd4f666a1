"""A server of ours on the loopback, in a thread of the test's own process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twyman.api import Api, EventFile, ExposureFile
from twyman.flags.document import read, written
from twyman.flags.state import State
from twyman.server import Load, Server, Settings, Source, Sticky, listening


def load(path: Path) -> Any:
    """Read a state file, as `twyman serve` would."""
    state = read(path.read_bytes())
    return SimpleNamespace(state=state, problems=tuple(flag.broken for flag in state.flags.values() if flag.broken))


def write(path: Path, state: State) -> None:
    """Put a state in the place of another, as an editor does."""
    beside = path.with_suffix(".new")
    beside.write_bytes(written(state))
    beside.replace(path)


@contextmanager
def running(
    path: Path,
    *,
    exposures: Path | None = None,
    events: Path | None = None,
    load: Load = load,
    sticky: Sticky | None = None,
) -> Iterator[tuple[str, Server]]:
    """Serve a state file, or what is read otherwise, and yield the server's address."""
    source = Source(path, load)
    sink = ExposureFile(exposures) if exposures else None
    happened = EventFile(events) if events else None
    api = Api(source.read(), sink=sink, events=happened, sticky=sticky)
    server = Server(api, source, [file for file in (sink, happened) if file], Settings(), sticky)
    socket = listening("127.0.0.1", 0)
    port = socket.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
