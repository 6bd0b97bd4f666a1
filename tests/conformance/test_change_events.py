"""A browser learns of changes: by events, by asking again, and by a new context; what hasn't changed isn't sent."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.conformance.cases import KEY
from tests.conformance.folder import change, until
from tests.conformance.javascript import Browser
from tests.conformance.running import Server

pytestmark = pytest.mark.slow

BULK = "/ofrep/v1/evaluate/flags"
ROWS = {"name": "rows", "flag": "rows", "kind": "integer", "default": 7}
THEME = {"name": "theme", "flag": "theme", "kind": "string", "default": "x"}
MANY = 9_007_199_254_740_991


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Browser]]:
    """The browser with the provider started against a server."""

    def start(server: Server, **options: Any) -> Browser:
        said = {"baseUrl": server.address, "headers": [["X-API-Key", KEY["web"]]], "cacheMode": "disabled", **options}
        browser.replies()
        assert browser.call("open", options=said, context={"targetingKey": "u-1"}) == {"error": None}
        return browser

    yield start
    browser.call("close")


def bulk(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bulk evaluations among what the browser got."""
    return [reply for reply in replies if reply["url"].partition("?")[0] == BULK]


def asked(server: Server, query: str = "") -> dict[str, Any]:
    """Return all flags' answers, asked for without a provider."""
    headers = {"X-API-Key": KEY["web"]}
    return requests.post(server.address + BULK + query, json={"context": {}}, headers=headers, timeout=5).json()


def test_answers_that_have_not_changed_are_not_sent_again(server: Server, opened: Callable[..., Browser]) -> None:
    browser = opened(server)
    browser.call("setContext", context={"targetingKey": "u-1"})
    first, second = bulk(browser.replies())
    assert (first["status"], second["status"]) == (200, 304)
    assert second["asked"]["if-none-match"] == first["headers"]["etag"]
    assert browser.call("ask", question=ROWS)["value"] == 12


def test_pages_of_other_origins_may_ask_with_a_credential(server: Server, opened: Callable[..., Browser]) -> None:
    [first] = bulk(opened(server).replies())
    assert first["asked"]["origin"] != first["origin"]
    assert first["asked"]["x-api-key"] == KEY["web"]
    assert first["headers"]["access-control-allow-origin"] == "*"


def test_a_new_context_is_evaluated_anew(server: Server, opened: Callable[..., Browser]) -> None:
    browser = opened(server)
    assert browser.call("ask", question=THEME)["reason"] == "DEFAULT"
    browser.call("setContext", context={"targetingKey": "u-2", "country": "NZ"})
    told = browser.call("ask", question=THEME)
    assert (told["reason"], told["variant"]) == ("SPLIT", "night")


def test_a_poll_picks_up_a_change(changing: Server, folder: Path, opened: Callable[..., Browser]) -> None:
    browser = opened(changing, changeDetection="polling", pollInterval=100)
    change(folder)
    assert until(lambda: browser.call("ask", question=ROWS)["variant"] == "many")
    polls = bulk(browser.replies())[1:]
    assert [poll["status"] for poll in polls if poll["status"] != 304] == [200]
    assert all("if-none-match" in poll["asked"] and "?" not in poll["url"] for poll in polls)
    assert browser.call("events")[0]["flags"] == ["rows"]


def test_an_event_makes_the_provider_ask_again(changing: Server, folder: Path, opened: Callable[..., Browser]) -> None:
    browser = opened(changing)
    change(folder)
    [event] = until(lambda: browser.call("events"))
    assert browser.call("ask", question=ROWS)["value"] == MANY
    again = bulk(browser.replies())[1]
    assert again["status"] == 200
    assert f"?flagConfigEtag={asked(changing)['metadata']['version']}&flagConfigLastModified=" in again["url"]
    assert event["flags"] == ["rows"]


def test_an_event_has_the_shape_that_ofrep_gives_it(changing: Server, folder: Path, browser: Browser) -> None:
    [stream] = asked(changing)["eventStreams"]
    browser.call("listen", url=changing.address + stream["endpoint"]["requestUri"])
    change(folder)
    [event] = until(lambda: browser.call("heard"))
    browser.call("hangUp")
    told = json.loads(event["data"])
    found = asked(changing, f"?flagConfigEtag={told['etag']}")
    assert (stream["type"], event["type"], told["type"]) == ("sse", "message", "refetchEvaluation")
    assert event["id"] == told["etag"] == found["metadata"]["version"]
    assert isinstance(told["lastModified"], int)


def test_a_change_before_anyone_listens_is_not_lost(changing: Server, folder: Path, browser: Browser) -> None:
    before = asked(changing)
    change(folder)
    until(lambda: asked(changing)["metadata"] != before["metadata"])
    browser.call("listen", url=changing.address + before["eventStreams"][0]["endpoint"]["requestUri"])
    [event] = until(lambda: browser.call("heard"))
    browser.call("hangUp")
    assert json.loads(event["data"])["etag"] == asked(changing)["metadata"]["version"]


def test_answers_kept_in_the_browser_are_served_at_once(server: Server, opened: Callable[..., Browser]) -> None:
    opened(server, cacheMode="local-cache-first").call("close")
    browser = opened(server, cacheMode="local-cache-first")
    assert browser.call("ask", question=ROWS)["value"] == 12
    refreshed: list[dict[str, Any]] = []
    until(lambda: refreshed.extend(bulk(browser.replies())) or refreshed)
    assert [reply["status"] for reply in refreshed] == [304]


def test_what_changed_while_the_server_was_replaced_is_not_lost(
    folder: Path, tmp_path: Path, opened: Callable[..., Browser]
) -> None:
    with Server(folder, tmp_path / "log") as first:
        browser = opened(first)
    change(folder)
    with Server(folder, tmp_path / "log", "--port", first.address.rpartition(":")[2]):
        until(lambda: browser.call("ask", question=ROWS)["value"] == MANY)


def test_values_stay_when_the_server_goes(folder: Path, tmp_path: Path, opened: Callable[..., Browser]) -> None:
    with Server(folder, tmp_path / "log") as server:
        browser = opened(server)
    assert "PROVIDER_STALE" in {event["kind"] for event in until(lambda: browser.call("events"))}
    assert browser.call("ask", question=ROWS)["value"] == 12


def test_pages_of_strangers_may_not_ask(folder: Path, tmp_path: Path, browser: Browser) -> None:
    with Server(folder, tmp_path / "log", "--origin", "https://shop.example") as server:
        options = {"baseUrl": server.address, "headers": [["X-API-Key", KEY["web"]]], "cacheMode": "disabled"}
        assert browser.call("open", options=options, context={})["error"]
        browser.call("close")
