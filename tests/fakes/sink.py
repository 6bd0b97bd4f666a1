"""Keeps exposures in a list; can be told to fail, or to wait."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twyman.api import Row
from twyman.kernel.errors import Unavailable

if TYPE_CHECKING:
    import asyncio


class ListSink:
    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.commits = 0
        self.problem = ""
        self.gate: asyncio.Event | None = None

    def offer(self, row: Row) -> None:
        self.rows.append(row)

    async def commit(self, rows: Sequence[Row]) -> None:
        self.commits += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.problem:
            raise Unavailable(self.problem)
        self.rows += rows
