"""A state from a real server, that does all that servers do."""

import gzip
import random
import stat
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.sdk.children import in_child, with_full_disk
from tests.sdk.scenes import QUICK, ZEALAND, document, free_port, page, says, serving, ships, state

from twyman.flags.document import read
from twyman.kernel.errors import Invalid, Unavailable
from twyman.sdk import Client, Endpoint, ServerState
from twyman.sdk.backoff import Backoff
from twyman.sdk.feed import Status
from twyman.sdk.sources.server import Pace

CHANCE = random.Random(1)  # noqa: S311 - fixed
SLOW = Pace(3600.0, Backoff(3600.0, 3600.0, CHANCE))
EAGER = Pace(0.01, Backoff(0.01, 0.02, CHANCE))


def test_a_state_is_shipped_once_and_then_only_asked_about() -> None:
    with serving(ships(document())) as server:
        source = ServerState(server.url + "/", credential="s3cret", every=SLOW)

        assert (source.fetch(), source.fetch()) == (state(), None)
        assert [line for line, *_ in server.asked] == ["GET /v1/state"] * 2
        assert server.asks("If-None-Match") == [None, '"v1"']
        assert set(server.asks("Authorization")) == {"Bearer s3cret"}


def drips(request: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then, for ever."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(200):
        request.wfile.write(b"a")
        time.sleep(0.02)


def hangs(_request: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def bomb() -> bytes:
    return gzip.compress(b" " * 5_000_000)


FAULTS = {
    "error": says(500, b"oops"),
    "denied": says(401),
    "redirect": says(302, Location="http://elsewhere.example/"),
    "not modified, though nothing is there": says(304),
    "truncated": says(200, document()[:50], Content_Length=str(len(document()))),
    "truncated without a length": says(200, document()[:50], Content_Length=""),
    "truncated gzip": says(200, bomb()[:100], Content_Encoding="gzip"),
    "no gzip": says(200, document(), Content_Encoding="gzip"),
    "garbage": says(200, b"<html>Welcome to Hotel Wi-Fi</html>"),
    "no HTTP": lambda request: request.wfile.write(b"SSH-2.0-OpenSSH_9.7\r\n"),
    "nothing": lambda _: None,
    "empty": says(200, b""),
    "later format": says(200, b'{"twyman":2}'),
    "no flags": says(200, b'{"twyman":1,"version":"x"}'),
    "huge": says(200, b" " * 300_000),
    "packed huge": says(200, bomb(), Content_Encoding="gzip"),
    "hangs": hangs,
    "drips": drips,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_server_does_the_last_good_state_stays(fault: str) -> None:
    with serving(says(200, document())) as server:
        endpoint = Endpoint(server.url + "/v1/state", timeout=0.3, limit=200_000)
        source = ServerState(endpoint, every=SLOW)
        source.fetch()
        server.answer = FAULTS[fault]

        with pytest.raises((Unavailable, Invalid)):
            source.fetch()
        server.answer = says(200, document(page(default="moments")))
        assert source.fetch() == state(page(default="moments"))


def test_a_server_that_dies_and_comes_back_is_followed_again() -> None:
    port, changed, stale = free_port(), threading.Event(), threading.Event()
    with serving(ships(document(), '"a"'), port=port) as server:
        client = Client(ServerState(server.url, every=EAGER), settings=QUICK)
        assert client.wait(10)
    client.on_change(lambda _: changed.set())
    while "state_not_fetched" not in client.stats():
        stale.wait(0.01)

    assert client.value("start-page.rows", ZEALAND, 0) == 20
    with serving(ships(document(page(rules=(), default="moments")), '"b"'), port=port):
        assert changed.wait(10)
    assert client.value("start-page.rows", ZEALAND, 0) == 12
    client.close()


def test_a_client_starts_from_disk_when_the_server_is_away(tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "flags.json"
    with serving(ships(document())) as server, Client(ServerState(server.url, cache=cache, every=SLOW)) as client:
        assert client.wait(10)
    assert read(cache.read_bytes()) == state()
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600

    with Client(ServerState(server.url, cache=cache, every=SLOW)) as client:
        assert client.wait(10)
        assert client.value("start-page.rows", ZEALAND, 0) == 20
        assert client.status is Status.STALE
        assert client.stats()["state_not_fetched"] == 1


@pytest.mark.parametrize("kept", [b"", b"{", b"\x00" * 100])
def test_a_cache_that_is_no_state_is_counted_and_the_server_asked(tmp_path: Path, kept: bytes) -> None:
    cache = tmp_path / "flags.json"
    cache.write_bytes(kept)

    with serving(ships(document())) as server, Client(ServerState(server.url, cache=cache, every=SLOW)) as client:
        assert client.wait(10)
        assert (client.state_version, client.stats()["cache_not_read"]) == (state().version, 1)


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path: Path) -> None:
    cache = tmp_path / "flags.json"
    cache.write_bytes(document()[:40])

    def start() -> list[object]:
        with Client(ServerState(server.url, cache=cache, every=SLOW)) as client:
            client.wait(10)
            return [client.value("start-page.rows", ZEALAND, 0), client.stats()["cache_not_written"]]

    with serving(ships(document())) as server:
        assert in_child(with_full_disk(64, start)) == [20, 1]
    assert cache.read_bytes() == document()[:40]
    assert [path.name for path in tmp_path.iterdir()] == ["flags.json"]


def test_a_cache_that_cannot_be_written_is_counted_each_time_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = tmp_path / "file" / "flags.json"

    with serving(says(200, document())) as server, Client(ServerState(server.url, cache=cache, every=SLOW)) as client:
        assert client.wait(10)
        client.refresh()
        assert client.stats()["cache_not_written"] == 2
    assert len([record for record in caplog.records if "cache_not_written" in record.message]) == 1


@pytest.mark.parametrize("url", ["flags.example", "ftp://flags.example", "http://", "http://a:port", "http://a:99999"])
def test_an_address_that_is_none_is_refused_at_the_door(url: str) -> None:
    with pytest.raises(Invalid, match="isn't one of a server"):
        ServerState(url)


def test_a_credential_is_not_shown() -> None:
    assert "s3cret" not in repr(Endpoint("http://a", "s3cret"))


def test_pauses_double_up_to_a_ceiling_and_are_drawn_anew() -> None:
    backoff = Backoff(1.0, 60.0, random.Random(4))  # noqa: S311 - fixed

    pauses = [[backoff.pause(failures) for _ in range(200)] for failures in (1, 2, 3, 20, 5_000)]

    assert [max(drawn) <= ceiling for drawn, ceiling in zip(pauses, (1, 2, 4, 60, 60), strict=True)] == [True] * 5
    assert [max(drawn) > ceiling / 2 for drawn, ceiling in zip(pauses, (1, 2, 4, 60, 60), strict=True)] == [True] * 5
    assert min(pauses[3]) < 6
