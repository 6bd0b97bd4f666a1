"""The client on asyncio: the same answers, and nothing that holds up the loop."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.sdk.children import in_child
from tests.sdk.scenes import QUICK, ZEALAND, document, page, serving, ships, state

from twyman.flags.exposure import Exposure
from twyman.sdk import AsyncClient, ExposureList, FileState, MemoryState, ServerState


def test_it_answers_and_logs_as_the_other_does() -> None:
    met = ExposureList()

    async def scene() -> int:
        async with AsyncClient(MemoryState(state()), exposures=met) as client:
            return client.value("start-page.rows", ZEALAND, 0)

    assert asyncio.run(scene()) == 20
    assert [each.unit for each in met.records] == ["u-1"]


def test_it_follows_a_server_and_calls_back_in_the_loop() -> None:
    async def scene(url: str) -> tuple[str, bool]:
        changed, threads = asyncio.Event(), list[int]()
        async with AsyncClient(ServerState(url, every=0.01), settings=QUICK) as client:
            client.on_change(lambda _: (threads.append(threading.get_ident()), changed.set()))
            server.answer = ships(document(page(default="moments")), '"v2"')
            await asyncio.wait_for(changed.wait(), 10)
            return client.state_version, threads == [threading.get_ident()]

    with serving(ships(document())) as server:
        assert asyncio.run(scene(server.url)) == (state(page(default="moments")).version, True)


def test_a_server_that_hangs_does_not_hold_up_the_loop() -> None:
    release = threading.Event()

    async def scene(url: str) -> tuple[bool, int]:
        client = await AsyncClient(ServerState(url), settings=QUICK).start()
        is_there = await client.wait(0.05)
        release.set()
        await client.close()
        return is_there, client.value("start-page.rows", ZEALAND, 7)

    with serving(lambda _: release.wait(30)) as server:
        assert asyncio.run(scene(server.url)) == (False, 7)


def test_what_waits_is_sent_by_itself() -> None:
    async def scene() -> bool:
        sent = threading.Event()
        async with AsyncClient(MemoryState(state()), exposures=lambda _: sent.set(), settings=QUICK) as client:
            client.value("start-page.rows", ZEALAND, 0)
            return await asyncio.to_thread(sent.wait, 10)

    assert asyncio.run(scene())


def test_a_file_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    async def scene() -> dict[str, int]:
        async with AsyncClient(FileState(tmp_path / "none.json", every=60)) as client:
            assert client.value("start-page.rows", ZEALAND, 7) == 7
            return client.stats()

    assert asyncio.run(scene())["not_ready"] == 1


def test_what_was_left_when_the_loop_ended_is_sent_at_the_end() -> None:
    met, is_away = list[Exposure](), threading.Event()
    is_away.set()

    def take(exposures: Sequence[Exposure]) -> None:
        if is_away.is_set():
            raise ConnectionError("away")
        met.extend(exposures)

    async def scene() -> AsyncClient:
        client = await AsyncClient(MemoryState(state()), exposures=take).start()
        client.value("start-page.rows", ZEALAND, 0)
        return client

    client = asyncio.run(scene())
    is_away.clear()
    client.finish()

    assert [each.unit for each in met] == ["u-1"]


def test_a_child_answers_and_may_be_started_in_a_loop_of_its_own() -> None:
    met = ExposureList()

    async def scene(client: AsyncClient) -> list[str]:
        await client.start()
        client.value("start-page.rows", {**ZEALAND, "targeting_key": "child"}, 0)
        await client.close()
        return [each.unit for each in met.records]

    async def parent() -> None:
        async with AsyncClient(MemoryState(state()), exposures=met) as client:
            assert await asyncio.to_thread(in_child, lambda: asyncio.run(scene(client))) == ["child"]

    asyncio.run(parent())
    assert met.records == []


@pytest.mark.parametrize("number", [1, 3])
def test_starting_and_closing_may_be_said_more_than_once(number: int) -> None:
    async def scene() -> int:
        client = AsyncClient(MemoryState(state()))
        for _ in range(number):
            await client.start()
        for _ in range(number):
            await client.close()
        return client.value("start-page.rows", ZEALAND, 0)

    assert asyncio.run(scene()) == 20
