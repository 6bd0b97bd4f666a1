"""Without a right credential every provider serves the caller's defaults; with one, the flags of its client."""

from collections.abc import Callable

import pytest
from tests.conformance.cases import IN_PROCESS, KEY, NODE, PYTHON, Case, failed, otherwise, who
from tests.conformance.javascript import Browser
from tests.conformance.providers import Told, ask_browser, ask_in_process, ask_node_provider, ask_python
from tests.conformance.running import Server

pytestmark = pytest.mark.slow

WAYS: dict[str, Callable[..., Told]] = {IN_PROCESS: ask_in_process, PYTHON: ask_python, NODE: ask_node_provider}
ROWS = Case("rows", "rows", "integer", who(), otherwise("few", 12), 7)
PHONES = Case("phones", "phones", "boolean", who(), failed("FLAG_NOT_FOUND"), default=False)
SHOWN = [{"X-API-Key": KEY["web"]}, {"Authorization": f"Bearer {KEY['web']}"}]
NOT_SHOWN: list[dict[str, str]] = [{}, {"X-API-Key": "guessed"}, {"Authorization": "Bearer guessed"}]


@pytest.mark.parametrize("provider", [PYTHON, NODE])
@pytest.mark.parametrize("headers", SHOWN)
def test_a_credential_opens(server: Server, provider: str, headers: dict[str, str]) -> None:
    told = WAYS[provider](server.address, headers, [ROWS, PHONES])
    assert told.answers["rows"]["value"] == 12
    assert told.answers["phones"]["error"] == "FLAG_NOT_FOUND"


@pytest.mark.parametrize("provider", [PYTHON, NODE])
@pytest.mark.parametrize("headers", NOT_SHOWN)
def test_without_one_the_callers_default_is_served(server: Server, provider: str, headers: dict[str, str]) -> None:
    told = WAYS[provider](server.address, headers, [ROWS])
    assert (told.answers["rows"]["value"], told.answers["rows"]["error"]) == (7, "GENERAL")
    assert [reply.status for reply in told.replies] == [401]
    assert '"errorDetails":' in told.replies[0].body


@pytest.mark.parametrize("headers", SHOWN)
def test_a_credential_opens_to_a_browser(server: Server, browser: Browser, headers: dict[str, str]) -> None:
    assert ask_browser(browser, server.address, headers, [ROWS]).answers["rows"]["value"] == 12


@pytest.mark.parametrize("headers", NOT_SHOWN)
def test_without_one_no_browser_starts(server: Server, browser: Browser, headers: dict[str, str]) -> None:
    told = ask_browser(browser, server.address, headers, [ROWS])
    assert told.answers[""] == {"error": "PROVIDER_FATAL"}
    assert told.answers["rows"]["value"] == 7


@pytest.mark.parametrize("credential", ["", "guessed"])
def test_without_one_no_state_is_shipped(server: Server, credential: str) -> None:
    told = ask_in_process(server.address, {"X-API-Key": credential}, [ROWS])
    assert (told.answers["rows"]["value"], told.answers["rows"]["error"]) == (7, "PROVIDER_NOT_READY")


@pytest.mark.parametrize("provider", WAYS)
def test_a_client_sees_its_own_flags(server: Server, provider: str) -> None:
    told = WAYS[provider](server.address, {"X-API-Key": KEY["mobile"]}, [PHONES])
    assert told.answers["phones"]["value"] is True
