"""Requests that go nowhere, ask too much, or come from somewhere else; and what is ready."""

import logging

import pytest
from tests.api.calling import BULK, SINGLE, ask, bulk, scope, single
from tests.api.states import flags
from tests.fakes.sink import ListSink

from twyman.api import Api, Limits, Served
from twyman.flags.state import State

SMALL = Limits(context=100, batch=100)


@pytest.fixture
def api() -> Api:
    return Api(Served(State(flags())), limits=SMALL)


@pytest.mark.parametrize("path", ["/", "/ofrep", "/ofrep/v1/evaluate", "/v1/state/", "/favicon.ico", "//"])
def test_a_path_that_is_not_served_is_said_to_be_none(api: Api, path: str) -> None:
    answer = ask(api, "GET", path)

    assert answer.status == 404
    assert answer.said["errorCode"] == "GENERAL"
    assert path in answer.said["errorDetails"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", SINGLE + "a-bool", "POST, OPTIONS"),
        ("DELETE", BULK, "POST, OPTIONS"),
        ("POST", "/v1/state", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/exposures", "POST, OPTIONS"),
        ("POST", "/ofrep/v1/streams/open", "GET, OPTIONS"),
        ("HEAD", "/ofrep/v1/streams/open", "GET, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_is_not_taken_is_refused_with_those_that_are(
    api: Api, method: str, path: str, allow: str
) -> None:
    answer = ask(api, method, path)

    assert answer.status == 405
    assert answer.headers["allow"] == allow
    assert answer.said["errorDetails"]
    assert answer.said.get("key") == ("a-bool" if "a-bool" in path else None)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/state"])
def test_head_has_the_headers_of_get(api: Api, path: str) -> None:
    assert ask(api, "HEAD", path).headers == ask(api, "GET", path).headers


@pytest.mark.parametrize("path", [SINGLE + "a-bool", BULK])
@pytest.mark.parametrize("pieces", [[b"x" * 101], [b"x" * 60, b"x" * 60]])
def test_a_body_beyond_the_limit_is_not_read_further(api: Api, path: str, pieces: list[bytes]) -> None:
    answer = ask(api, "POST", path, pieces)

    assert answer.status == 413
    assert "larger than 100 bytes" in answer.said["errorDetails"]


def test_a_body_that_says_it_is_too_large_is_not_read_at_all(api: Api) -> None:
    assert ask(api, "POST", BULK, b"{}", {"Content-Length": "101"}).status == 413


def test_a_body_in_pieces_is_put_together(api: Api) -> None:
    answer = ask(api, "POST", SINGLE + "a-bool", [b'{"context"', b": {}", b"}"])

    assert answer.status == 200


def test_a_compressed_body_is_refused_and_an_identical_one_is_not(api: Api) -> None:
    assert ask(api, "POST", BULK, {"context": {}}, {"Content-Encoding": "gzip"}).status == 415
    assert ask(api, "POST", BULK, {"context": {}}, {"Content-Encoding": "identity"}).status == 200


def test_a_client_that_goes_away_is_answered_nothing(api: Api) -> None:
    with pytest.raises(ValueError, match="not enough values"):  # nothing was sent
        ask(api, "POST", BULK, [])


def test_a_fault_of_ours_is_told_with_the_key_and_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(ListSink):
        def offer(self, row: object) -> None:
            raise RuntimeError(f"no room for {row}")

    with caplog.at_level(logging.ERROR, logger="twyman.api"):
        answer = single(Api(Served(State(flags())), sink=Failing()), "a-bool", targetingKey="u-1")

    assert answer.status == 500
    assert answer.said["key"] == "a-bool"
    assert "no room for" in caplog.text
    assert "no room for" not in answer.said["errorDetails"]


def test_never_429(api: Api) -> None:
    assert {single(api, "a-bool").status for _ in range(300)} == {200}


def test_any_origin_may_ask_by_default_and_read_the_tag(api: Api) -> None:
    headers = bulk(api, headers={"Origin": "https://shop.example"}).headers

    assert headers["access-control-allow-origin"] == "*"
    assert "ETag" in headers["access-control-expose-headers"]


def test_an_error_can_be_read_by_a_page_of_another_origin(api: Api) -> None:
    answer = single(api, "nothing", headers={"Origin": "https://shop.example"})

    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_preflight_allows_what_providers_send(api: Api) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

    answer = ask(api, "OPTIONS", BULK, headers=asked)

    assert answer.status == 204
    assert answer.body == b""
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"]
    assert {"Authorization", "X-API-Key", "If-None-Match", "Content-Type"} <= set(allowed.split(", "))


def test_of_named_origins_only_they_may_ask() -> None:
    api = Api(Served(State(flags())), origins=("https://a.example/",))

    def allowed(origin: str) -> tuple[str | None, bool, str]:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        said = ask(api, "OPTIONS", BULK, headers=asked).headers
        return said.get("access-control-allow-origin"), "access-control-allow-headers" in said, said["vary"]

    assert allowed("https://a.example") == ("https://a.example", True, "Origin")
    assert allowed("https://b.example") == (None, False, "Origin")


def test_options_without_a_preflight_says_which_methods_there_are(api: Api) -> None:
    answer = ask(api, "OPTIONS", "/v1/state")

    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_health_and_readiness() -> None:
    sink = ListSink()
    sink.problem = "exposures.jsonl: No space left on device"
    api = Api(Served(State(flags()), problems=("flag 'broken' is left out",)), sink=sink)

    assert ask(api, "GET", "/healthz").said == {"status": "ok"}
    said = ask(api, "GET", "/readyz").said
    assert said["version"] == api.served.state.version
    assert said["flags"] == len(flags())
    assert said["problems"] == ["flag 'broken' is left out", "exposures.jsonl: No space left on device"]


def test_another_state_is_served_from_the_next_request_on(api: Api) -> None:
    api.swap(Served(State()))

    assert single(api, "a-bool").status == 404


async def _no_web_socket(api: Api) -> list[dict[str, object]]:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    await api({**scope("GET", "/", {}), "type": "websocket"}, receive, send)
    return sent


def test_a_web_socket_is_closed(api: Api) -> None:
    import asyncio  # noqa: PLC0415

    assert asyncio.run(_no_web_socket(api)) == [{"type": "websocket.close", "code": 1000}]
