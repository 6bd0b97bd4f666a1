"""Our provider for Python, in process, follows the server's changes, and outlives the server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from tests.conformance.cases import KEY
from tests.conformance.folder import change, until
from tests.conformance.providers import provided
from tests.conformance.running import Server

from twyman.sdk import Client, ServerState
from twyman.sdk.openfeature import TwymanProvider

pytestmark = pytest.mark.slow


@contextmanager
def following(server: Server) -> Iterator[Any]:
    state = ServerState(server.address, credential=KEY["web"], every=0.1)
    with provided(TwymanProvider(Client(state))) as client:
        yield client


def test_a_change_of_the_files_reaches_the_program(changing: Server, folder: Path) -> None:
    told: list[EventDetails] = []
    with following(changing) as client:
        client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, told.append)
        assert client.get_integer_value("rows", 7) == 12
        change(folder)
        until(lambda: told)
        assert told[0].flags_changed == ["rows"]
        assert client.get_integer_details("rows", 7).variant == "many"


def test_values_stay_when_the_server_goes(folder: Path, tmp_path: Path) -> None:
    with Server(folder, tmp_path / "log") as server, following(server) as client:
        server.stop()
        context = EvaluationContext("u-2", {"country": "NZ"})
        assert client.get_string_details("theme", "x", context).variant == "night"
