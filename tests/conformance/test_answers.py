"""Every provider answers every case as the table says, and what the server says to it is as OFREP has it."""

import json
from collections.abc import Callable

import pytest
from tests.conformance.cases import BROWSER, CASES, IN_PROCESS, NODE, PROVIDERS, PYTHON, Answer, Case
from tests.conformance.conftest import WEB
from tests.conformance.providers import Told, ask_node_provider
from tests.conformance.running import Server

pytestmark = pytest.mark.slow

OVER_OFREP = (PYTHON, NODE, BROWSER)
ASKED = [
    pytest.param(provider, case, id=f"{provider}: {case.name}")
    for provider in PROVIDERS
    for case in CASES
    if provider in case.providers
]


@pytest.mark.parametrize(("provider", "case"), ASKED)
def test_a_provider_answers(told: Callable[[str], Told], provider: str, case: Case) -> None:
    said, expected = told(provider).answers[case.name], case.expected(provider)
    found = Answer(
        reason=said["reason"],
        value=said["value"],
        variant=said["variant"] or "",
        error=said["error"] or "",
        metadata={name: said["metadata"].get(name) for name in expected.metadata},
    )
    assert found == expected
    assert bool(said["message"]) is bool(expected.error)


@pytest.mark.parametrize("provider", [IN_PROCESS, PYTHON])
def test_a_whole_number_of_a_float_flag_is_a_float(told: Callable[[str], Told], provider: str) -> None:
    assert type(told(provider).answers["whole fraction"]["value"]) is float


def test_all_say_the_same_version_of_the_flags(told: Callable[[str], Told]) -> None:
    versions = {told(provider).answers["truth"]["metadata"]["version"] for provider in (IN_PROCESS, PYTHON, NODE)}
    assert len(versions) == 1


@pytest.mark.parametrize("provider", OVER_OFREP)
def test_no_provider_is_ever_told_to_wait(told: Callable[[str], Told], provider: str) -> None:
    replies = told(provider).replies
    assert len(replies) >= 20
    assert {reply.status for reply in replies} <= {200, 304, 400, 404}


@pytest.mark.parametrize("provider", [PYTHON, NODE])
def test_an_error_names_the_flag_and_says_why(told: Callable[[str], Told], provider: str) -> None:
    errors = [reply for reply in told(provider).replies if reply.status >= 400]
    assert len(errors) >= 5
    for reply in errors:
        said = json.loads(reply.body)
        assert said["key"] == reply.url.rpartition("/")[2]
        assert said["errorCode"]
        assert said["errorDetails"]


def test_hundreds_of_questions_at_once_are_all_answered(server: Server) -> None:
    told = ask_node_provider(server.address, WEB, CASES, times=10)
    assert len(told.replies) >= 300
    assert {reply.status for reply in told.replies} <= {200, 400, 404}
