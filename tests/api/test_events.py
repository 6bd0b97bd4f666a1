"""Batches of events: taken in as exposures are, into a file of their own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.api.calling import Answer, ask
from tests.api.running import running, write
from tests.api.states import MOBILE, flags, with_clients
from tests.api.test_record_file import room_for
from tests.api.test_server import ask as asked
from tests.fakes.sink import ListSink

from twyman.api import Api, EventRow, Served
from twyman.flags.state import State
from twyman.sdk import Client, EventServer, MemoryState

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
PLAYED = {"unit": "u-1", "at": "2026-11-03T11:59:00Z", "name": "played", "value": 3, "details": {"song": {"id": 7}}}


@pytest.fixture
def sink() -> ListSink[EventRow]:
    return ListSink()


@pytest.fixture
def api(sink: ListSink[EventRow]) -> Api:
    return Api(Served(State(flags())), events=sink, clock=lambda: NOW)


def batch(*events: object, sent_at: str = "2026-11-03T12:00:00Z") -> dict[str, Any]:
    return {"batch": "b-1", "sent_at": sent_at, "events": list(events)}


def send(api: Api, body: object, **headers: str) -> Answer:
    return ask(api, "POST", "/v1/events", body, headers)


def test_an_event_is_kept_as_it_was_sent_and_once(api: Api, sink: ListSink[EventRow]) -> None:
    answers = [send(api, batch(PLAYED, {**PLAYED, "unit": ""})) for _ in range(2)]

    assert [(answer.status, answer.said) for answer in answers] == [(202, {"accepted": 2, "refused": []})] * 2
    assert [row.unit for row in sink.rows] == ["u-1", ""]
    at = datetime(2026, 11, 3, 11, 59, tzinfo=UTC)
    assert sink.rows[0] == EventRow("u-1", at, "played", 3.0, {"song": {"id": 7}}, received_at=NOW, batch="b-1")


@pytest.mark.parametrize(
    "bad",
    [
        {**PLAYED, "unit": "u" * 101},
        {**PLAYED, "unit": None},
        {**PLAYED, "at": "2026-11-03T11:59:00"},
        {**PLAYED, "at": "0001-01-01T00:00:00Z"},
        {**PLAYED, "name": ""},
        {**PLAYED, "name": "n" * 1_001},
        {**PLAYED, "client": "c" * 1_001},
        {**PLAYED, "value": "much"},
        {**PLAYED, "details": [1]},
        {"unit": "u-1"},
        7,
    ],
)
def test_an_event_that_cannot_be_read_is_refused_by_its_place_and_the_rest_kept(
    api: Api, sink: ListSink[EventRow], bad: object
) -> None:
    said = send(api, batch(PLAYED, bad, PLAYED)).said

    assert (said["accepted"], len(sink.rows)) == (2, 2)
    [refusal] = said["refused"]
    assert (refusal["at"], bool(refusal["why"])) == (1, True)


def test_a_clock_that_is_wrong_is_set_right(api: Api, sink: ListSink[EventRow]) -> None:
    send(api, batch({**PLAYED, "at": "2026-11-03T12:59:00Z"}, sent_at="2026-11-03T13:00:00Z"))

    assert sink.rows[0].at == datetime(2026, 11, 3, 11, 59, tzinfo=UTC)


def test_who_sent_it_goes_before_what_it_says_of_itself(sink: ListSink[EventRow]) -> None:
    api = Api(Served(with_clients()), events=sink, clock=lambda: NOW)

    assert send(api, batch(PLAYED)).status == 401
    send(api, batch({**PLAYED, "client": "says-itself"}), **{"X-API-Key": MOBILE})

    assert [row.client for row in sink.rows] == ["mobile"]


def test_without_a_file_for_events_the_answer_says_how_to_have_one() -> None:
    answer = send(Api(Served(State()), sink=ListSink()), batch(PLAYED))

    assert (answer.status, answer.said["errorCode"]) == (404, "GENERAL")
    assert "--events FILE" in answer.said["errorDetails"]


def test_a_batch_of_exposures_is_none_of_events(api: Api) -> None:
    assert send(api, {"batch": "b-1", "sent_at": "2026-11-03T12:00:00Z", "exposures": []}).status == 400


def test_what_cannot_be_kept_is_not_acknowledged_and_shows_in_readiness(api: Api, sink: ListSink[EventRow]) -> None:
    sink.problem = "events can't be kept (No space left on device)"

    assert send(api, batch(PLAYED)).status == 503
    assert sink.problem in ask(api, "GET", "/readyz").said["problems"]


def test_details_however_deep_are_kept_or_refused(tmp_path: Path) -> None:
    write(tmp_path / "state.json", State(flags()))
    file = tmp_path / "events.jsonl"
    with running(tmp_path / "state.json", events=file) as (url, _):
        for depth in (1, 500, 900, 950, 990, 1_000, 5_000):
            deep = b'{"a":' * depth + b"1" + b"}" * depth
            event = b'{"unit":"u","name":"n","at":"2026-11-03T12:00:00Z","details":%s}' % deep
            body = b'{"batch":"%d","sent_at":"2026-11-03T12:00:00Z","events":[%s]}' % (depth, event)
            assert asked(url, "POST", "/v1/events", body)[0] in (202, 400)
    assert file.read_bytes().count(b"\n") >= 3


def test_what_a_client_tracks_is_in_the_file_of_a_server_and_a_full_disk_only_delays_it(tmp_path: Path) -> None:
    write(tmp_path / "state.json", State(flags()))
    file = tmp_path / "events.jsonl"
    with running(tmp_path / "state.json", events=file) as (url, _):
        client = Client(MemoryState(State()), events=EventServer(url))
        client.track("played", {"targeting_key": "u-1"}, value=3.5, details={"song": "s-1"})
        with room_for(10):
            assert not client.flush(5)
        assert file.read_bytes() == b""
        assert client.flush(5)
        client.close()
    [row] = [msgspec.json.decode(line, type=EventRow) for line in file.read_bytes().splitlines()]
    assert (row.unit, row.name, row.value, row.details) == ("u-1", "played", 3.5, {"song": "s-1"})
    assert row.received_at
    assert row.batch
