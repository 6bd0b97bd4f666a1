"""Who asks decides what is seen; who is nobody sees nothing."""

import pytest
from tests.api.calling import BULK, SINGLE, ask, bulk, single
from tests.api.states import DESKTOP, MOBILE, flags, with_clients

from twyman.api import Api, Asker, Served
from twyman.api.asker import Askers
from twyman.flags.state import Client, State


@pytest.fixture
def api() -> Api:
    return Api(Served(with_clients()))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {MOBILE}"},
        {"Authorization": MOBILE},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", SINGLE + "start-page"), ("POST", BULK), ("GET", "/v1/state"), ("POST", "/v1/exposures")],
)
def test_nobody_known_is_refused_with_a_body(api: Api, headers: dict[str, str], method: str, path: str) -> None:
    answer = ask(api, method, path, {"context": {}}, headers)

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.said["errorDetails"]
    assert answer.said.get("key") == ("start-page" if path.endswith("start-page") else None)


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": MOBILE}, {"Authorization": f"Bearer {MOBILE}"}, {"Authorization": f"bearer  {MOBILE}"}],
)
def test_a_credential_is_taken_in_either_header(api: Api, headers: dict[str, str]) -> None:
    assert single(api, "start-page", headers=headers).status == 200


def test_a_flag_of_another_client_is_not_there(api: Api) -> None:
    mobile, desktop = {"X-API-Key": MOBILE}, {"X-API-Key": DESKTOP}

    assert single(api, "desktop-only", headers=mobile).said["errorCode"] == "FLAG_NOT_FOUND"
    assert single(api, "desktop-only", headers=desktop).status == 200
    assert "desktop-only" not in {each["key"] for each in bulk(api, headers=mobile).said["flags"]}
    assert "desktop-only" in {each["key"] for each in bulk(api, headers=desktop).said["flags"]}


def test_a_credentials_environment_goes_before_its_clients_and_the_servers() -> None:
    api = Api(Served(with_clients(), environments=("production",)))

    def served(secret: str) -> bool:
        return "value" in single(api, "in-production", headers={"X-API-Key": secret}).said

    assert [served(MOBILE), served("staging-secret"), served(DESKTOP)] == [True, False, True]


def test_a_state_without_clients_is_open_whatever_is_shown() -> None:
    api = Api(Served(State(flags())))

    assert single(api, "a-bool", headers={"X-API-Key": "anything"}).status == 200


def test_clients_without_a_credential_let_nobody_in() -> None:
    api = Api(Served(State(flags(), clients={"tv": Client("tv")})))

    assert single(api, "a-bool").status == 401


def test_a_streams_token_is_its_clients_alone_and_tells_nothing_of_the_credential() -> None:
    askers = Askers(with_clients())
    token = askers.stream({b"x-api-key": MOBILE.encode()})

    assert askers.listening(token) == Asker("mobile", ("production",))
    assert askers.listening("open") is None
    assert token not in {
        credential.sha256 for client in with_clients().clients.values() for credential in client.credentials
    }


def test_the_client_who_asked_is_in_the_bulk_answers_stream(api: Api) -> None:
    streams = {
        bulk(api, headers={"X-API-Key": secret}).said["eventStreams"][0]["endpoint"]["requestUri"]
        for secret in (MOBILE, DESKTOP)
    }

    assert len(streams) == 2


def test_a_new_state_is_ready_for_those_who_asked_of_the_old_one_and_are_still_known() -> None:
    before = with_clients()
    old, new = Served(before), Served(State(before.flags, clients={"mobile": before.clients["mobile"]}))
    for secret in (MOBILE, DESKTOP):
        old.view({b"x-api-key": secret.encode()})

    assert list(new.warmed(old)._views) == [Asker("mobile", ("production",))]
