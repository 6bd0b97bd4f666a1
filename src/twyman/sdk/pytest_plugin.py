"""The fixture `flags`, for tests of programs that ask flags.

    def test_the_new_page_has_twelve_rows(flags):
        with flags.override("start-page", value={"rows": 12}):
            assert rows_of_the_page(flags.client) == 12
        assert [met.flag for met in flags.exposures] == ["start-page"]

A test that needs real flags asks for `flags.load("flags.json")`. What was overridden, loaded and logged is gone
when the test ends. Loading this plugin loads nothing of ours but its own lines; the fixture brings the rest.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from twyman.flags.evaluation import Evaluation
    from twyman.flags.exposure import Exposure
    from twyman.flags.state import State


class Flags:
    """A client for one test, and what it logged.

    Attributes:
        client: The client, to hand to the program under test.
    """

    def __init__(self) -> None:
        from twyman.flags.state import State  # noqa: PLC0415 - a run without flags loads none of them
        from twyman.sdk import Client, ExposureList, MemoryState  # noqa: PLC0415

        self._list = ExposureList()
        self._source = MemoryState(State())
        self._until_the_end = ExitStack()
        self.client: Client = Client(self._source, exposures=self._list)

    @property
    def exposures(self) -> "list[Exposure]":
        """What was logged so far, each exposure once, in order."""
        self.client.flush()
        return list(self._list.records)

    def override(
        self, flag: str, variant: str | None = None, *, value: object = None
    ) -> "AbstractContextManager[Evaluation]":
        """Have a flag answer otherwise, in all threads, within a `with` block; meeting it is logged.

        Args:
            flag: The flag's name; with a value, it needn't exist.
            variant: A variant of the flag, by name.
            value: Any value.
        """
        return self.client.override(flag, variant, value=value, everywhere=True, exposes=True)

    def set(self, flag: str, variant: str | None = None, *, value: object = None) -> None:
        """Have a flag answer otherwise until the test ends."""
        self._until_the_end.enter_context(self.override(flag, variant, value=value))

    def load(self, state: "State | str | Path") -> None:
        """Serve a state, or the one in a file, from now on."""
        from twyman.flags.document import read  # noqa: PLC0415 - as above
        from twyman.flags.state import State  # noqa: PLC0415

        self._source.replace(state if isinstance(state, State) else read(Path(state).read_bytes()))

    def end(self) -> None:
        """End every override, and the client."""
        self._until_the_end.close()
        self.client.close()


@pytest.fixture
def flags() -> Generator[Flags]:
    """A client of flags that the test may set as it likes."""
    made = Flags()
    try:
        yield made
    finally:
        made.end()
