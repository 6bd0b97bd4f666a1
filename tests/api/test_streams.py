"""Change events: who listens hears of each change of what it sees, and holds up nobody."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from tests.api.calling import ask, bulk, scope
from tests.api.states import MOBILE, flags, static, with_clients

from twyman.api import Api, Limits, Served
from twyman.api.asker import Askers
from twyman.flags.state import State

OPEN = "/ofrep/v1/streams/open"


@dataclass
class Listener:
    """One who listens: what it has heard, and whether it reads on."""

    api: Api
    path: str = OPEN
    headers: dict[str, str] = field(default_factory=dict[str, str])
    status: int = 0
    heard: bytes = b""
    ended: bool = False
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        self.reads.set()
        first = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if first:
                return first.pop()
            await self.left.wait()
            return {"type": "http.disconnect"}

        await self.api(scope("GET", self.path, self.headers), receive, self._send)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.status = message.get("status", self.status)
        self.heard += message.get("body", b"")
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)

    @property
    def events(self) -> list[Any]:
        lines = [line for line in self.heard.split(b"\n") if line.startswith(b"data: ")]
        return [msgspec.json.decode(line.removeprefix(b"data: ")) for line in lines]


def run(story: Callable[[Callable[[Listener], Coroutine[Any, Any, None]]], Coroutine[Any, Any, None]]) -> None:
    """Tell a story with listeners, who all leave at its end."""

    async def told() -> None:
        listening: list[tuple[Listener, asyncio.Task[None]]] = []

        async def joins(listener: Listener) -> None:
            listening.append((listener, asyncio.create_task(listener.listen())))
            await settled()

        await story(joins)
        for listener, _ in listening:
            listener.reads.set()
            listener.left.set()
        await asyncio.wait_for(asyncio.gather(*(task for _, task in listening)), 5)

    asyncio.run(told())


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def changed(number: int) -> Served:
    return Served(State({**flags(), "a-whole": static("a-whole", number)}))


@pytest.fixture
def api() -> Api:
    return Api(Served(State(flags())))


def test_a_change_is_told_with_its_version(api: Api) -> None:
    async def story(joins: Any) -> None:
        listener = Listener(api)
        await joins(listener)
        assert (listener.status, listener.events) == (200, [])
        api.swap(changed(43))
        await settled()
        [event] = listener.events
        assert event["type"] == "refetchEvaluation"
        assert event["etag"] == api.served.state.version
        assert isinstance(event["lastModified"], int)
        assert f"id: {event['etag']}\nevent: message\n".encode() in listener.heard

    run(story)


def test_the_same_state_again_is_no_news(api: Api) -> None:
    async def story(joins: Any) -> None:
        listener = Listener(api)
        await joins(listener)
        api.swap(Served(State(flags())))
        await settled()
        assert listener.events == []

    run(story)


@pytest.mark.parametrize(("seen", "count"), [("an-old-version", 1), ("same", 0), ("\x00" * 10, 1)])
def test_who_missed_a_change_hears_of_it_at_once(api: Api, seen: str, count: int) -> None:
    seen = api.served.state.version if seen == "same" else seen

    async def story(joins: Any) -> None:
        listener = Listener(api, headers={"Last-Event-ID": seen})
        await joins(listener)
        assert len(listener.events) == count

    run(story)


def test_a_change_between_the_answers_and_listening_is_told_at_once(api: Api) -> None:
    where = bulk(api).said["eventStreams"][0]["endpoint"]["requestUri"]
    api.swap(changed(1))

    async def story(joins: Any) -> None:
        listener = Listener(api, path=where)
        await joins(listener)
        assert [told["etag"] for told in listener.events] == [api.served.state.version]

    run(story)


def test_a_slow_reader_misses_steps_in_between_and_holds_up_nobody(api: Api) -> None:
    async def story(joins: Any) -> None:
        slow, quick = Listener(api), Listener(api)
        await joins(slow)
        await joins(quick)
        slow.reads.clear()
        for number in range(100, 103):
            api.swap(changed(number))
            await settled()
        assert len(quick.events) == 3
        slow.reads.set()
        await settled()
        assert [event["etag"] for event in slow.events][-1] == api.served.state.version
        assert len(slow.events) == 2

    run(story)


def test_silence_is_filled_with_comments() -> None:
    async def story(joins: Any) -> None:
        listener = Listener(Api(Served(State()), limits=Limits(heartbeat=0.01)))
        await joins(listener)
        while listener.heard.count(b":\n\n") < 2:
            await asyncio.sleep(0.005)

    run(story)


def test_there_is_room_for_so_many_and_no_more() -> None:
    async def story(joins: Any) -> None:
        api = Api(Served(State()), limits=Limits(streams=2))
        first, second, third, fourth = (Listener(api) for _ in range(4))
        for listener in (first, second, third):
            await joins(listener)
        assert (first.status, second.status, third.status) == (200, 200, 503)
        assert b"errorDetails" in third.heard
        first.left.set()
        await settled()
        await joins(fourth)
        assert fourth.status == 200
        assert api.streams.count == 2

    run(story)


def test_closing_ends_every_stream(api: Api) -> None:
    async def story(joins: Any) -> None:
        listener = Listener(api)
        await joins(listener)
        api.streams.close()
        await settled()
        assert listener.ended

    run(story)


def test_a_client_hears_only_of_what_it_sees_and_nothing_once_it_is_gone() -> None:
    state = with_clients()
    path = "/ofrep/v1/streams/" + Askers(state).stream({b"x-api-key": MOBILE.encode()})

    async def story(joins: Any) -> None:
        api = Api(Served(state))
        listener = Listener(api, path)
        await joins(listener)
        hidden = static("desktop-only", value=7, clients=("desktop",))
        api.swap(Served(State({**state.flags, "desktop-only": hidden}, clients=state.clients)))
        await settled()
        assert listener.events == []
        api.swap(Served(State(state.flags, clients={"desktop": state.clients["desktop"]})))
        await settled()
        assert listener.ended

    run(story)


@pytest.mark.parametrize("path", ["/ofrep/v1/streams/", "/ofrep/v1/streams/nobody", OPEN])
def test_a_token_of_nobody_is_not_found(path: str) -> None:
    answer = ask(Api(Served(with_clients())), "GET", path)

    assert answer.status == 404
    assert answer.said["errorDetails"]


def test_a_stream_can_be_read_by_a_page_of_another_origin(api: Api) -> None:
    async def story(joins: Any) -> None:
        sent: list[dict[str, Any]] = []
        listener = Listener(api, headers={"Origin": "https://a.example"})
        spoken = listener._send

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            await spoken(message)

        listener._send = send  # type: ignore[method-assign]
        await joins(listener)
        assert (b"access-control-allow-origin", b"*") in sent[0]["headers"]
        assert (b"content-type", b"text/event-stream") in sent[0]["headers"]

    run(story)
