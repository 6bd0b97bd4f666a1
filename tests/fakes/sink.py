"""Keeps exposures, or events, in a list; can be told to fail, or to wait."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from twyman.kernel.errors import Unavailable

if TYPE_CHECKING:
    import asyncio


T = TypeVar("T")


class ListSink(Generic[T]):
    def __init__(self) -> None:
        self.rows: list[T] = []
        self.commits = 0
        self.problem = ""
        self.gate: asyncio.Event | None = None

    def offer(self, row: T) -> None:
        self.rows.append(row)

    async def commit(self, rows: Sequence[T]) -> None:
        self.commits += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.problem:
            raise Unavailable(self.problem)
        self.rows += rows
