"""A server on the flags of this folder, and a browser: each started once, and only where a test asks for it."""

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.cases import BROWSER, CASES, IN_PROCESS, KEY, NODE, PYTHON
from tests.conformance.javascript import HERE, Browser, page_host
from tests.conformance.providers import Told, ask_browser, ask_in_process, ask_node_provider, ask_python
from tests.conformance.running import Server

WEB = {"X-API-Key": KEY["web"]}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, on flags that no test changes."""
    with Server(HERE / "flags", tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the flags, for a test to change."""
    return Path(shutil.copytree(HERE / "flags", tmp_path / "flags"))


@pytest.fixture
def changing(folder: Path, tmp_path: Path) -> Iterator[Server]:
    """A server on that copy."""
    with Server(folder, tmp_path / "log") as running:
        yield running


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, on a page of another origin than the server's."""
    with (
        page_host(tmp_path_factory.mktemp("page")) as page,
        Browser(page, tmp_path_factory.mktemp("profile")) as opened,
    ):
        yield opened


@pytest.fixture(scope="session")
def told(server: Server, request: pytest.FixtureRequest) -> Callable[[str], Told]:
    """What a provider makes of all cases, asked once."""
    applies = {name: [case for case in CASES if name in case.providers] for name in (IN_PROCESS, PYTHON, NODE, BROWSER)}
    ways: dict[str, Callable[..., Told]] = {IN_PROCESS: ask_in_process, PYTHON: ask_python, NODE: ask_node_provider}

    @cache
    def ask(provider: str) -> Told:
        if provider != BROWSER:
            return ways[provider](server.address, WEB, applies[provider])
        browser: Any = request.getfixturevalue("browser")
        return ask_browser(browser, server.address, WEB, applies[provider])

    return ask
