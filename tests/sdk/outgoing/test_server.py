"""Batches posted to a real server."""

import json

from tests.sdk.scenes import QUICK, ZEALAND, says, serving, state

from twyman.sdk import Client, EventServer, ExposureServer, MemoryState


def test_a_batch_says_what_it_is_and_when_it_was_sent() -> None:
    with serving(says(202, b'{"accepted":1,"refused":[]}')) as server:
        sink = ExposureServer(server.url, credential="s3cret")
        with Client(MemoryState(state()), exposures=sink, settings=QUICK) as client:
            client.value("start-page.rows", ZEALAND, 0)

    [(line, headers, body)] = server.asked
    said = json.loads(body)
    assert (line, headers["Authorization"]) == ("POST /v1/exposures", "Bearer s3cret")
    assert (headers["Idempotency-Key"], said["sent_at"][-1]) == (said["batch"], "Z")
    assert [(each["unit"], each["arm"]) for each in said["exposures"]] == [("u-1", "classic")]


def test_a_server_that_fails_gets_the_same_batch_until_it_takes_it() -> None:
    with serving(says(503)) as server:
        client = Client(MemoryState(state()), exposures=ExposureServer(server.url), settings=QUICK)
        client.value("start-page.rows", ZEALAND, 0)
        while len(server.asked) < 3:
            client.flush(0.01)
        server.answer = says(202)
        client.close()

    assert client.stats()["exposures_sent"] == 1
    assert len({json.loads(body)["batch"] for _, _, body in server.asked}) == 1


def test_what_the_server_refuses_for_good_is_counted_and_not_sent_again() -> None:
    with serving(says(202, b'{"accepted":1,"refused":[{"at":1,"why":"no unit"}]}')) as server:
        client = Client(MemoryState(state()), exposures=ExposureServer(server.url), settings=QUICK)
        for unit in ("a", "b"):
            client.value("start-page.rows", {**ZEALAND, "targeting_key": unit}, 0)
        assert client.flush()
        server.answer = says(400, b"what is this?")
        client.value("start-page.rows", ZEALAND, 0)
        client.close()

    assert (client.stats()["exposures_sent"], client.stats()["exposures_refused"]) == (1, 2)


def test_events_go_to_an_address_of_their_own() -> None:
    with serving(says(204)) as server, Client(MemoryState(state()), events=EventServer(server.url)) as client:
        client.track("played", {"targeting_key": "u-1"}, value=2.0)

    [(line, _, body)] = server.asked
    assert (line, json.loads(body)["events"][0]["name"]) == ("POST /v1/events", "played")


def test_a_server_that_is_away_costs_the_caller_nothing() -> None:
    client = Client(MemoryState(state()), exposures=ExposureServer("http://127.0.0.1:9"), settings=QUICK)

    assert client.value("start-page.rows", ZEALAND, 0) == 20

    client.close(0.05)
    assert client.stats()["left_at_close"] == 1
