"""Batches of exposures: acknowledged once they are kept, kept once, and each exposure read by itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.api.calling import Answer, ask, asked
from tests.api.states import MOBILE, flags, with_clients
from tests.fakes.sink import ListSink

from twyman.api import Api, Served, intake
from twyman.flags.state import State

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
MET = {
    "unit": "u-1",
    "exposed_at": "2026-11-03T11:59:00Z",
    "flag": "start-page",
    "rule": "moments",
    "variant": "new",
    "experiment": "moment-page",
    "arm": "new",
    "client": "says-itself",
}


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


@pytest.fixture
def api(sink: ListSink) -> Api:
    return Api(Served(State(flags())), sink=sink, clock=lambda: NOW)


def batch(*exposures: object, name: str = "b-1", sent_at: str = "2026-11-03T12:00:00Z") -> dict[str, Any]:
    return {"batch": name, "sent_at": sent_at, "exposures": list(exposures)}


def send(api: Api, body: object, **headers: str) -> Answer:
    return ask(api, "POST", "/v1/exposures", body, headers)


def test_a_batch_is_kept_as_it_was_sent(api: Api, sink: ListSink) -> None:
    answer = send(api, batch(MET, {**MET, "unit": "u-2"}))

    assert answer.status == 202
    assert answer.said == {"accepted": 2, "refused": []}
    assert [row.unit for row in sink.rows] == ["u-1", "u-2"]
    assert sink.rows[0].exposed_at == datetime(2026, 11, 3, 11, 59, tzinfo=UTC)
    assert (sink.rows[0].received_at, sink.rows[0].batch) == (NOW, "b-1")
    assert sink.rows[0].client == "says-itself"


def test_a_batch_sent_again_is_kept_once(api: Api, sink: ListSink) -> None:
    answers = [send(api, batch(MET)) for _ in range(3)]

    assert [answer.status for answer in answers] == [202, 202, 202]
    assert len({answer.body for answer in answers}) == 1
    assert len(sink.rows) == 1


def test_a_batch_sent_again_while_it_is_written_waits_for_that(api: Api, sink: ListSink) -> None:
    async def story() -> list[Answer]:
        sink.gate = asyncio.Event()
        both = [asyncio.create_task(asked(api, "POST", "/v1/exposures", batch(MET))) for _ in range(2)]
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in both)
        sink.gate.set()
        return await asyncio.gather(*both)

    assert [answer.status for answer in asyncio.run(story())] == [202, 202]
    assert sink.commits == 1


def test_a_batch_that_cannot_be_kept_is_not_acknowledged_and_taken_later(api: Api, sink: ListSink) -> None:
    sink.problem = "exposures can't be kept (No space left on device)"
    refused = send(api, batch(MET))
    sink.problem = ""

    assert (refused.status, refused.headers["retry-after"]) == (503, "10")
    assert "No space left" in refused.said["errorDetails"]
    assert send(api, batch(MET)).status == 202
    assert len(sink.rows) == 1


def test_without_a_place_for_exposures_they_are_sent_back() -> None:
    answer = send(Api(Served(State())), batch(MET))

    assert (answer.status, answer.said["errorCode"]) == (503, "GENERAL")


@pytest.mark.parametrize(
    "bad",
    [
        {**MET, "unit": ""},
        {**MET, "unit": "u" * 101},
        {**MET, "unit": 7},
        {**MET, "exposed_at": "yesterday"},
        {**MET, "exposed_at": "2026-11-03T11:59:00"},
        {**MET, "exposed_at": "0001-01-01T00:00:00Z"},
        {**MET, "experiment": ""},
        {**MET, "arm": ""},
        {**MET, "variant": "v" * 1_001},
        {"unit": "u-1"},
        "u-1",
        None,
    ],
)
def test_an_exposure_that_cannot_be_read_is_refused_by_its_place_and_the_rest_kept(
    api: Api, sink: ListSink, bad: object
) -> None:
    answer = send(api, batch(MET, bad, {**MET, "unit": "u-3"}))

    assert answer.status == 202
    assert answer.said["accepted"] == 2
    [refusal] = answer.said["refused"]
    assert refusal["at"] == 1
    assert refusal["why"]
    assert [row.unit for row in sink.rows] == ["u-1", "u-3"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        ({}, 400),
        (batch(name=""), 400),
        (batch(name="b" * 1_001), 400),
        (batch(sent_at="now"), 400),
        (batch(sent_at="2026-11-03T12:00:00"), 400),
        (batch(sent_at="9999-01-01T00:00:00Z"), 400),
        (batch(*([0] * 10_001)), 413),
    ],
)
def test_what_is_no_batch_is_refused_whole(api: Api, sink: ListSink, body: object, status: int) -> None:
    answer = send(api, body)

    assert answer.status == status
    assert answer.said["errorDetails"]
    assert sink.commits == 0


@pytest.mark.parametrize(
    ("ahead", "exposed"),
    [
        (timedelta(0), "11:59:00"),
        (timedelta(seconds=9), "11:59:09"),  # no clock that is wrong, but the way through the network
        (timedelta(hours=1), "11:59:00"),
        (timedelta(days=-2), "11:59:00"),
    ],
)
def test_a_clock_that_is_wrong_is_set_right_by_when_the_batch_was_sent(
    api: Api, sink: ListSink, ahead: timedelta, exposed: str
) -> None:
    sent = NOW + ahead

    send(api, batch({**MET, "exposed_at": (sent - timedelta(minutes=1)).isoformat()}, sent_at=sent.isoformat()))

    assert sink.rows[0].exposed_at == datetime.fromisoformat(f"2026-11-03T{exposed}+00:00")


def test_nothing_was_met_after_it_was_received(api: Api, sink: ListSink) -> None:
    send(api, batch({**MET, "exposed_at": "2026-12-01T00:00:00Z"}))

    assert sink.rows[0].exposed_at == NOW


def test_who_sent_it_goes_before_what_it_says_of_itself(sink: ListSink) -> None:
    api = Api(Served(with_clients()), sink=sink, clock=lambda: NOW)

    send(api, batch(MET), **{"X-API-Key": MOBILE})

    assert sink.rows[0].client == "mobile"


def test_ids_of_batches_are_remembered_within_bounds(api: Api) -> None:
    for number in range(intake.MOST_REMEMBERED + 50):
        api._intake._remember(("", str(number)), None)  # type: ignore[arg-type]

    assert len(api._intake._known) == intake.MOST_REMEMBERED
