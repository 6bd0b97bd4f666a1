"""The client for programs on asyncio: the same answers at once, the work in the background done by tasks."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from twyman.sdk.beat import Work
from twyman.sdk.ending import finish_at_exit, finished
from twyman.sdk.feed import OnChange, OnStatus, Status
from twyman.sdk.journal import EventSink, ExposureSink, Sinks
from twyman.sdk.reader import Reader
from twyman.sdk.settings import SETTINGS, Settings
from twyman.sdk.sources.source import Source
from twyman.sdk.sticky.store import StickyStore


class AsyncClient(Reader):
    """Asks flags in this process; `evaluate` and `value` are plain calls, for they wait for nothing.

    Waiting for servers and disks is done in the loop's threads, and never in the loop. Call-backs of `on_change`
    and `on_status` are called in the loop. After a fork, answers go on; `start` it in the child's own loop.

    Args: as of `Client`.

    Example:
        >>> from twyman.flags.flag import Flag, Variant
        >>> from twyman.flags.state import State
        >>> from twyman.sdk import MemoryState
        >>> flag = Flag("new-page", (Variant("on", True),), default="on")
        >>> async def asked() -> bool:
        ...     async with AsyncClient(MemoryState(State({"new-page": flag}))) as client:
        ...         return client.boolean("new-page", {"targeting_key": "u-1"}, default=False)
        >>> asyncio.run(asked())
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
        self._source = source
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bells: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._answered = asyncio.Event()

    async def start(self) -> Self:
        """Begin to work in the background of this loop; returns the client."""
        if self._tasks:
            return self
        self._loop = asyncio.get_running_loop()
        self._answered = asyncio.Event()
        finish_at_exit(self)
        await asyncio.to_thread(self._feed.begin)
        works: dict[str, Work] = {kind: box.work for kind, box in self._journal.boxes.items()}
        if self._source.pause(0) is not None:
            works["state"] = self._feed.poll
        self._bells = {kind: asyncio.Event() for kind in works}
        self._tasks = [asyncio.create_task(self._beat(work, self._bells[kind])) for kind, work in works.items()]
        return self

    async def wait(self, timeout: float = 10.0) -> bool:
        """Wait until the source has been asked once; returns whether there is a state, its own or a kept one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not self._feed.answered.is_set():
                    await self._answered.wait()
        return self.status is not Status.NOT_READY

    async def flush(self, timeout: float | None = None) -> bool:
        """Send all that is waiting; returns whether nothing is left."""
        within = self._settings.close_within if timeout is None else timeout
        return await asyncio.to_thread(self._journal.send, within)

    async def close(self, timeout: float | None = None) -> None:
        """Send what is waiting and stop; answers are given still, from the last state."""
        finished(self)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not await self.flush(timeout):
            self._count_left()
        self._loop = None

    def finish(self) -> None:
        """Send what is waiting at the end of the program, when there is no loop any more."""
        finished(self)
        if not self._journal.send(self._settings.close_within):
            self._count_left()

    def on_change(self, callback: OnChange) -> None:
        """Call back in the loop, with the names of the flags that may answer differently."""
        super().on_change(self._in_loop(callback))

    def on_status(self, callback: OnStatus) -> None:
        """Call back in the loop, when the status has changed."""
        super().on_status(self._in_loop(callback))

    def after_fork(self) -> None:
        """Forget the parent's loop."""
        self._loop, self._tasks, self._bells = None, [], {}
        super().after_fork()

    async def __aenter__(self) -> Self:
        await self.start()
        await self.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _beat(self, work: Work, bell: asyncio.Event) -> None:
        while True:
            pause = await asyncio.to_thread(work)
            self._answered.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await bell.wait()
            bell.clear()

    def _in_loop(self, callback: Callable[..., object]) -> Callable[..., None]:
        def called(said: object) -> None:
            self._soon(lambda: self._feed.tell(callback, said))

        return called

    def _ring(self, box: str) -> None:
        bell = self._bells.get(box)
        if bell is not None:
            self._soon(bell.set)

    def _soon(self, call: Callable[[], object]) -> None:
        """Call in the loop; where there is none, nobody works in the background either."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # closed in this very moment
                loop.call_soon_threadsafe(call)

    def _count_left(self) -> None:
        left = sum(self._journal.waiting().values())
        self._tally.fault("left_at_close", "records", f"{left:,} weren't sent in time", number=left)
