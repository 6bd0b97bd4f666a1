"""The providers, each asked a list of cases; what they said comes back in one shape."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderNotReadyError
from openfeature.provider import FeatureProvider
from openfeature.provider.no_op_provider import NoOpProvider
from tests.conformance.cases import Case
from tests.conformance.javascript import Browser, ask_node

from twyman.sdk import Client, ServerState
from twyman.sdk.openfeature import TwymanProvider

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What our server said to a provider."""

    url: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider made of each case, by its name, and the server's replies that it got on the way."""

    answers: Mapping[str, Mapping[str, Any]]
    replies: Sequence[Reply] = field(default_factory=list[Reply])


def ask_python(address: str, headers: Headers, cases: Sequence[Case]) -> Told:
    """Ask Python's OFREP provider."""
    provider = OFREPProvider(address, headers_factory=lambda: dict(headers))
    heard: list[Reply] = []
    provider.session.hooks["response"].append(lambda response, **_: heard.append(_reply(response)))
    with provided(provider) as client, provider.session:
        return Told({case.name: _asked(client, case) for case in cases}, heard)


def ask_in_process(address: str, headers: Headers, cases: Sequence[Case]) -> Told:
    """Ask our own provider for Python, which fetches the state once and resolves by itself."""
    client = Client(ServerState(address, credential=headers.get("X-API-Key", "")))
    with provided(TwymanProvider(client)) as asked:
        return Told({case.name: _asked(asked, case) for case in cases})


def ask_node_provider(address: str, headers: Headers, cases: Sequence[Case], times: int = 1) -> Told:
    """Ask Node's OFREP provider, each case several times at once."""
    said = ask_node(
        address=address, headers=list(headers.items()), cases=[case.question for case in cases], times=times
    )
    return Told(said["answers"], [Reply(**reply) for reply in said["replies"]])


def ask_browser(browser: Browser, address: str, headers: Headers, cases: Sequence[Case]) -> Told:
    """Ask the web SDK's OFREP provider in a browser: all flags are evaluated whenever the context changes."""
    browser.replies()
    options = {"baseUrl": address, "headers": list(headers.items()), "cacheMode": "disabled"}
    opened = browser.call("open", options=options, context={})
    answers = browser.call("askAll", cases=[case.question for case in cases])
    browser.call("close")
    replies = [Reply(each["url"], each["status"], each["body"]) for each in browser.replies()]
    return Told({"": opened, **answers}, replies)


@contextmanager
def provided(provider: FeatureProvider) -> Iterator[Any]:
    """Give a client of the official SDK with a provider, ready or not, until the block ends."""
    domain = f"conformance-{id(provider)}"
    with suppress(ProviderNotReadyError):
        api.set_provider_and_wait(provider, domain)
    try:
        yield api.get_client(domain)
    finally:
        api.set_provider(NoOpProvider(), domain)


def _asked(client: Any, case: Case) -> dict[str, Any]:
    """Ask a case of Python's SDK, and say the answer in the words that JavaScript's drivers use."""
    attributes = {name: value for name, value in case.context.items() if name != "targetingKey"}
    context = EvaluationContext(case.context.get("targetingKey"), attributes)
    found = getattr(client, f"get_{case.kind}_details")(case.flag, case.default, context)
    return {
        "value": found.value,
        "reason": str(found.reason),
        "variant": found.variant,
        "error": found.error_code and found.error_code.value,
        "message": found.error_message,
        "metadata": found.flag_metadata,
    }


def _reply(response: requests.Response) -> Reply:
    return Reply(urlsplit(response.url).path, response.status_code, response.text)
