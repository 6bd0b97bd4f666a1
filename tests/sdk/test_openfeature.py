"""OpenFeature's own SDK over our provider."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest
from msgspec import structs
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions, Reason
from openfeature.hook import Hook, HookContext
from openfeature.provider import ProviderStatus
from openfeature.track import TrackingEventDetails
from tests.sdk.scenes import QUICK, VARIANTS, Clocks, broken, document, free_port, page, serving, ships, state, whole

from twyman.flags.flag import Outcome, Variant
from twyman.kernel.errors import Unavailable
from twyman.sdk import Client, ExposureList, MemoryState, ServerState
from twyman.sdk.feed import Status
from twyman.sdk.openfeature import TwymanProvider
from twyman.sdk.outgoing.sink import RecordList

MOMENTS = EvaluationContext("u-2", {"country": "NZ"})
NAMES = ("boolean", "string", "integer", "float", "object")


@contextmanager
def provided(client: Client, **options: Any) -> Generator[OpenFeatureClient]:
    """OpenFeature's client over ours."""
    api.set_provider_and_wait(TwymanProvider(client, **options), "twyman-tests")
    try:
        yield api.get_client("twyman-tests")
    finally:
        api.clear_providers()


def asked(
    asker: OpenFeatureClient, kind: str, key: str, default: Any, context: EvaluationContext | None = MOMENTS
) -> FlagEvaluationDetails[Any]:
    """The details of a flag, which are the same when asked for asynchronously."""
    details = getattr(asker, f"get_{kind}_details")(key, default, context)
    assert asyncio.run(getattr(asker, f"get_{kind}_details_async")(key, default, context)) == details
    return details


@pytest.mark.parametrize(
    ("kind", "key", "default", "value"),
    [
        ("boolean", "start-page.moments", False, True),
        ("string", "start-page.layout", "", "cards"),
        ("integer", "start-page.rows", 0, 12),
        ("float", "start-page.rows", 0.0, 12.0),
        ("float", "start-page.ratio", 0.0, 0.5),
        ("object", "start-page", {}, VARIANTS[1].value),
        ("object", "genres", [], ["metal", "jazz"]),
        ("boolean", "on", False, True),
    ],
)
def test_every_type_has_its_value_variant_reason_and_metadata(kind: str, key: str, default: Any, value: Any) -> None:
    genres, on = whole("genres", Variant("two", ["metal", "jazz"])), whole("on", Variant("yes", value=True))
    client = Client(MemoryState(state(page(), genres, on)))

    with provided(client) as asker:
        details = asked(asker, kind, key, default)

    assert (details.value, type(details.value), details.error_code) == (value, type(value), None)
    if key.startswith("start-page"):
        assert (details.variant, details.reason) == ("moments", Reason.SPLIT)
        expected = {"rule": "moment-page", "experiment": "moment-page", "version": client.state_version}
        assert details.flag_metadata == expected
    else:
        assert details.reason is Reason.STATIC


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (kind, key)
        for key, own in {
            "start-page.moments": {"boolean"},
            "start-page.layout": {"string"},
            "start-page.rows": {"integer", "float"},
            "start-page.ratio": {"float"},
            "start-page": {"object"},
            "start-page.nowhere": set[str](),
        }.items()
        for kind in NAMES
        if kind not in own
    ],
)
def test_a_value_of_another_type_is_a_type_mismatch_and_the_default(kind: str, key: str) -> None:
    default = {"boolean": True, "string": "x", "integer": 7, "float": 7.5, "object": {"x": 1}}[kind]
    met = ExposureList()

    with provided(Client(MemoryState(state()), exposures=met)) as asker:
        details = asked(asker, kind, key, default)

    assert (details.value, details.error_code, details.reason) == (default, ErrorCode.TYPE_MISMATCH, Reason.ERROR)
    assert met.records == []


@pytest.mark.parametrize(
    ("key", "context", "reason", "code", "value"),
    [
        ("start-page.rows", EvaluationContext("u-2", {"country": "SE"}), Reason.DEFAULT, None, 20),
        ("start-page.rows", EvaluationContext(None, {"country": "NZ"}), Reason.DEFAULT, None, 20),
        ("start-page.rows", None, Reason.DEFAULT, None, 20),
        ("archived.rows", MOMENTS, Reason.DISABLED, None, 20),
        ("logged-only", MOMENTS, Reason.STATIC, None, 7),
        ("gone", MOMENTS, Reason.ERROR, ErrorCode.FLAG_NOT_FOUND, 7),
        ("broken", MOMENTS, Reason.ERROR, ErrorCode.PARSE_ERROR, 7),
        (
            "start-page.rows",
            EvaluationContext("u" * 101, {"country": "NZ"}),
            Reason.ERROR,
            ErrorCode.INVALID_CONTEXT,
            7,
        ),
    ],
)
def test_every_reason_and_error_is_said_in_openfeatures_words(
    key: str, context: EvaluationContext | None, reason: Reason, code: ErrorCode | None, value: int
) -> None:
    archived = structs.replace(page(archived=True), name="archived")
    unread = structs.replace(page(broken="it can't be read"), name="broken")
    logged = whole("logged-only", Variant("x", 1), to=Outcome.CLIENT_DEFAULT)

    with provided(Client(MemoryState(state(page(), archived, unread, logged)))) as asker:
        details = asked(asker, "integer", key, 7, context)

    assert (details.reason, details.error_code, details.value) == (reason, code, value)
    assert bool(details.error_message) is (code is not None)


def test_each_value_is_exposed_once_with_the_merged_context() -> None:
    met = ExposureList()
    with provided(Client(MemoryState(state()), exposures=met)) as asker:
        api.set_evaluation_context(EvaluationContext("u-9", {"country": "SE"}))
        asker.context = EvaluationContext(None, {"country": "NZ"})
        try:
            values = [asker.get_integer_value("start-page.rows", 0, EvaluationContext("u-2")) for _ in range(3)]
        finally:
            api.set_evaluation_context(EvaluationContext())

    assert values == [12, 12, 12]
    assert [(each.unit, each.arm) for each in met.records] == [("u-2", "moments")]


class Noting(Hook):
    """Notes its stages, and says where the listener is."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name, self.notes = name, notes

    def before(self, hook_context: HookContext, hints: Any) -> EvaluationContext | None:  # noqa: ARG002
        self.notes.append(f"{self.name} before")
        return EvaluationContext(attributes={"country": "NZ"}) if self.name == "user" else None

    def after(self, hook_context: HookContext, details: Any, hints: Any) -> None:  # noqa: ARG002
        self.notes.append(f"{self.name} after {details.variant}")

    def error(self, hook_context: HookContext, exception: Exception, hints: Any) -> None:  # noqa: ARG002
        self.notes.append(f"{self.name} {type(exception).__name__}")


def test_hooks_of_the_provider_run_inside_those_of_the_user() -> None:
    notes = list[str]()
    options = FlagEvaluationOptions(hooks=[Noting("user", notes)])

    with provided(Client(MemoryState(state())), hooks=[Noting("own", notes)]) as asker:
        asker.get_integer_value("start-page.rows", 0, EvaluationContext("u-2"), options)
        asker.get_integer_value("gone", 0, EvaluationContext("u-2"), options)

    assert notes == [
        *("user before", "own before", "own after moments", "user after moments"),
        *("user before", "own before", "own FlagNotFoundError", "user FlagNotFoundError"),
    ]


def test_what_is_tracked_becomes_an_event() -> None:
    events, clocks = RecordList[Any](), Clocks()
    client = Client(MemoryState(state()), events=events, settings=clocks.settings())

    with provided(client) as asker:
        asker.track("played", MOMENTS, TrackingEventDetails(3.5, {"track": "t-9"}))
        asker.track("opened")

    first, second = events.records
    assert (first.unit, first.at, first.name, first.value, first.details) == (
        *("u-2", clocks.wall, "played", 3.5),
        {"track": "t-9"},
    )
    assert (second.unit, second.value) == ("", None)


def test_a_change_is_an_event_that_names_the_flags() -> None:
    source, told = MemoryState(state()), Queue[EventDetails]()
    with provided(Client(source)) as asker:
        asker.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, told.put)

        source.replace(state(page(default="moments")))

        assert told.get(timeout=10).flags_changed == ["start-page"]


class Silent(MemoryState):
    """A source that falls silent when told to."""

    is_silent = False

    def fetch(self) -> Any:
        if self.is_silent:
            raise Unavailable("away")
        return super().fetch()


def test_a_source_that_falls_silent_makes_answers_stale_and_events_say_so() -> None:
    source, clocks, told = Silent(state()), Clocks(), Queue[EventDetails]()
    client = Client(source, settings=clocks.settings(stale_after=100.0))
    with provided(client) as asker:
        asker.add_handler(ProviderEvent.PROVIDER_STALE, told.put)
        source.is_silent, clocks.steady = True, clocks.steady + 200
        client.refresh()

        assert told.get(timeout=10).provider_name == "twyman"
        assert asker.get_provider_status() is ProviderStatus.STALE
        details = asked(asker, "integer", "start-page.rows", 0)
        assert (details.value, details.reason) == (12, Reason.STALE)

        source.is_silent = False
        client.refresh()
        assert asker.get_provider_status() is ProviderStatus.READY
        assert asked(asker, "integer", "start-page.rows", 0).reason is Reason.SPLIT


def test_a_provider_without_a_state_says_that_it_is_not_ready_and_when_it_is() -> None:
    port, told = free_port(), Queue[EventDetails]()
    client = Client(ServerState(f"http://127.0.0.1:{port}", every=0.05), settings=QUICK)
    api.set_provider(TwymanProvider(client, wait=0.01), "twyman-tests")
    asker = api.get_client("twyman-tests")
    try:
        details = asker.get_integer_details("start-page.rows", 7, MOMENTS)  # the SDK's word for it, or the provider's
        assert (details.value, details.error_code) == (7, ErrorCode.PROVIDER_NOT_READY)

        asker.add_handler(ProviderEvent.PROVIDER_READY, told.put)
        with serving(ships(document()), port=port):
            client.refresh()
            assert told.get(timeout=10).provider_name == "twyman"
        assert asked(asker, "integer", "start-page.rows", 7).value == 12
    finally:
        api.clear_providers()


def test_a_flag_whose_criterion_is_broken_falls_to_its_default_and_others_work() -> None:
    with provided(Client(MemoryState(state(page(), broken("near-you"))))) as asker:
        assert asked(asker, "integer", "near-you.rows", 7).value == 7
        assert asked(asker, "integer", "start-page.rows", 7).value == 12


def test_shutting_down_sends_what_waits() -> None:
    met = ExposureList()
    client = Client(MemoryState(state()), exposures=met)

    with provided(client) as asker:
        asker.get_integer_value("start-page.rows", 0, MOMENTS)

    assert len(met.records) == 1
    assert client.status is Status.READY
