"""The in-process client: flags asked where the program runs, in microseconds, and exposures logged once.

    >>> from twyman.sdk import Client, ExposureServer, ServerState
    >>> client = Client(                                                        # doctest: +SKIP
    ...     ServerState("https://flags.example", credential="…", cache="flags.json"),
    ...     exposures=ExposureServer("https://flags.example", credential="…"),
    ... )
    >>> client.value("start-page.rows", {"targeting_key": "u-1", "country": "NZ"}, 20)  # doctest: +SKIP
    12

The face is lazy: each name brings what it needs, and a client of a file loads no HTTP. Beside these names are
`twyman.sdk.openfeature` (a provider for OpenFeature), `twyman.sdk.sticky` (stores of sticky variants) and
`twyman.sdk.pytest_plugin` (the fixture `flags`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twyman.sdk.async_client import AsyncClient
    from twyman.sdk.client import Client
    from twyman.sdk.endpoint import Endpoint
    from twyman.sdk.outgoing.file import EventFile, ExposureFile
    from twyman.sdk.outgoing.server import EventServer, ExposureServer
    from twyman.sdk.outgoing.sink import ExposureList
    from twyman.sdk.settings import Settings
    from twyman.sdk.sources.file import FileState
    from twyman.sdk.sources.memory import MemoryState
    from twyman.sdk.sources.server import ServerState

__all__ = [
    "AsyncClient",
    "Client",
    "Endpoint",
    "EventFile",
    "EventServer",
    "ExposureFile",
    "ExposureList",
    "ExposureServer",
    "FileState",
    "MemoryState",
    "ServerState",
    "Settings",
]

_ROOMS = {
    "AsyncClient": "async_client",
    "Client": "client",
    "Endpoint": "endpoint",
    "EventFile": "outgoing.file",
    "EventServer": "outgoing.server",
    "ExposureFile": "outgoing.file",
    "ExposureList": "outgoing.sink",
    "ExposureServer": "outgoing.server",
    "FileState": "sources.file",
    "MemoryState": "sources.memory",
    "ServerState": "sources.server",
    "Settings": "settings",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'twyman.sdk' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - the face loads nothing until it is asked

    return getattr(import_module(f"twyman.sdk.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
