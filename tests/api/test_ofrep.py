"""OFREP as its clients see it: single and bulk evaluation, and what is logged."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.api.calling import BULK, SINGLE, ask, bulk, single
from tests.api.states import WHOLE, everybody, flags, halved, static
from tests.fakes.sink import ListSink

from twyman.api import Api, Row, Served
from twyman.flags.flag import Assigned, Flag, Rule, Split, Sticky, Variant
from twyman.flags.state import State


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


@pytest.fixture
def api(sink: ListSink) -> Api:
    return Api(Served(State(flags())), sink=sink)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("a-bool", False),
        ("a-text", "héllo"),
        ("a-whole", 42),
        ("an-object", {"rows": 12, "deep": {"on": True}}),
        ("a-list", [1, 2]),
    ],
)
def test_every_type_of_value_comes_back_as_it_is(api: Api, key: str, value: object) -> None:
    answer = single(api, key, targetingKey="u-1")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.said["key"] == key
    assert answer.said["value"] == value
    assert answer.said["variant"] == "on"


def test_a_whole_number_of_a_double_flag_is_written_as_a_double(api: Api) -> None:
    assert b'"value":3.0' in single(api, "a-double").body


@pytest.mark.parametrize(
    ("key", "country", "reason"),
    [
        ("a-bool", "NZ", "STATIC"),
        ("targeted", "NZ", "TARGETING_MATCH"),
        ("targeted", "SE", "DEFAULT"),
        ("start-page", "NZ", "SPLIT"),
        ("start-page", "DE", "DEFAULT"),
        ("retired", "NZ", "DISABLED"),
    ],
)
def test_the_reason_says_why(api: Api, key: str, country: str, reason: str) -> None:
    assert single(api, key, targetingKey="u-1", country=country).said["reason"] == reason


def test_a_flag_with_a_second_rule_is_not_static() -> None:
    flag = Flag("two", (Variant("on", 1),), (everybody("on"), everybody("on", "never")))

    assert single(Api(Served(State({"two": flag}))), "two").said["reason"] == "TARGETING_MATCH"


@pytest.mark.parametrize("key", ["to-the-caller", "targeted"])
def test_the_callers_own_default_is_a_success_without_a_value(api: Api, key: str) -> None:
    said = single(api, key, targetingKey="u-1").said

    assert "value" not in said
    assert said["variant"] == ""  # the Python provider reads it without looking


def test_the_metadata_are_flat_and_say_who_decided(api: Api) -> None:
    said = single(api, "start-page", targetingKey="u-1", country="NZ").said["metadata"]

    assert said == {"version": api.served.view({}).version, "rule": "moments", "experiment": "moment-page"}


@pytest.mark.parametrize("key", ["dots.and/slashes", "no such", "a-bool/", "", "../a-bool", "%", "ключ"])
def test_a_key_is_all_that_comes_behind_the_path(api: Api, key: str) -> None:
    answer = single(api, key, targetingKey="u-1")

    assert answer.said["key"] == key
    assert answer.status == (200 if key == "dots.and/slashes" else 404)


def test_a_flag_that_is_not_there_says_so_with_its_key(api: Api) -> None:
    answer = single(api, "nothing")

    assert answer.status == 404
    assert answer.said == {
        "key": "nothing",
        "errorCode": "FLAG_NOT_FOUND",
        "errorDetails": "flag 'nothing' isn't there",
    }


def test_a_broken_flag_fails_alone_and_does_not_look_like_a_broken_server(api: Api) -> None:
    answer = single(api, "broken")

    assert answer.status == 400
    assert answer.said["errorCode"] == "PARSE_ERROR"
    assert "schema says string" in answer.said["errorDetails"]


def test_a_unit_that_is_no_id_is_an_invalid_context(api: Api) -> None:
    answer = single(api, "start-page", targetingKey="u" * 101, country="NZ")

    assert (answer.status, answer.said["errorCode"]) == (400, "INVALID_CONTEXT")


def test_without_a_targeting_key_every_rule_works_that_needs_none(api: Api) -> None:
    assert single(api, "targeted", country="NZ").said["value"] is True
    assert single(api, "start-page", country="NZ").said["reason"] == "DEFAULT"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "PARSE_ERROR"),
        (b"{", "PARSE_ERROR"),
        (b'{"context": {"a": "\xff"}}', "PARSE_ERROR"),
        (b'{"context": {"a": ' + b"[" * 100_000, "PARSE_ERROR"),
        (b'{"context": {"a": 1e999}}', "INVALID_CONTEXT"),
        (b'{"context": {"a": 1' + b"0" * 5_000 + b"}}", "INVALID_CONTEXT"),
        (b"{}", "INVALID_CONTEXT"),
        (b"[]", "INVALID_CONTEXT"),
        (b'{"context": null}', "INVALID_CONTEXT"),
        (b'{"context": "u-1"}', "INVALID_CONTEXT"),
    ],
)
@pytest.mark.parametrize("path", [SINGLE + "a-bool", BULK])
def test_a_request_that_cannot_be_read_is_refused_with_all_that_clients_read(
    api: Api, path: str, body: bytes, code: str
) -> None:
    answer = ask(api, "POST", path, body)

    assert answer.status == 400
    assert answer.said["errorCode"] == code
    assert answer.said["errorDetails"]
    assert answer.said.get("key") == ("a-bool" if path != BULK else None)


def test_a_single_evaluation_logs_its_exposure_once(api: Api, sink: ListSink) -> None:
    for _ in range(3):
        single(api, "start-page", targetingKey="u-1", country="NZ")

    [met] = sink.rows
    assert (met.unit, met.flag, met.rule, met.experiment) == ("u-1", "start-page", "moments", "moment-page")
    assert met.state == api.served.view({}).version
    assert met.received_at == met.exposed_at


def test_an_answer_that_assigns_nobody_is_no_exposure(api: Api, sink: ListSink) -> None:
    single(api, "start-page", targetingKey="u-1", country="DE")
    single(api, "retired", targetingKey="u-1")

    assert sink.rows == []


def test_an_exposure_is_logged_again_after_its_time() -> None:
    sink, now = ListSink(), [datetime(2026, 1, 1, tzinfo=UTC)]
    api = Api(Served(State(flags())), sink=sink, clock=lambda: now[0])
    for _ in range(5):
        single(api, "a-bool", targetingKey="u-1")
        single(api, "a-bool", targetingKey=f"u-{now[0].hour}-another")
        now[0] += timedelta(hours=1, minutes=1)

    assert [row.exposed_at.hour for row in sink.rows if row.unit == "u-1"] == [0, 2, 4]


def test_bulk_answers_every_flag_archived_ones_too_and_logs_nothing(api: Api, sink: ListSink) -> None:
    said = bulk(api, targetingKey="u-1", country="NZ").said

    assert {each["key"] for each in said["flags"]} == set(flags())
    assert sink.rows == []


def test_bulk_answers_as_single_does_but_for_the_version(api: Api) -> None:
    for each in bulk(api, targetingKey="u-1", country="NZ").said["flags"]:
        alone = single(api, each["key"], targetingKey="u-1", country="NZ").said
        alone.get("metadata", {}).pop("version", None)
        assert each == alone


def test_a_change_of_one_flag_changes_no_other_answer(api: Api) -> None:
    before = bulk(api, targetingKey="u-1").said["flags"]
    api.swap(Served(State({**flags(), "added": static("added")})))

    assert [each for each in bulk(api, targetingKey="u-1").said["flags"] if each["key"] != "added"] == before


def test_one_broken_flag_is_a_failure_among_good_ones(api: Api) -> None:
    failed = [each for each in bulk(api, targetingKey="u-1").said["flags"] if "errorCode" in each]

    assert [(each["key"], each["errorCode"]) for each in failed] == [("broken", "PARSE_ERROR")]


def test_bulk_says_where_to_listen_and_which_set_it_is(api: Api) -> None:
    said = bulk(api).said

    endpoint = {"requestUri": f"/ofrep/v1/streams/open?since={api.served.view({}).version}"}
    assert said["eventStreams"] == [{"type": "sse", "endpoint": endpoint, "inactivityDelaySec": 120}]
    assert said["metadata"] == {"version": api.served.view({}).version, "environments": ""}


def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    first = bulk(api, targetingKey="u-1")

    again = bulk(api, targetingKey="u-1", headers={"If-None-Match": first.headers["etag"]})

    assert again.status == 304
    assert again.body == b""
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("wanted", ["W/{}", '"other", {}', "*"])
def test_every_way_to_name_a_tag_is_read(api: Api, wanted: str) -> None:
    tag = bulk(api).headers["etag"]

    assert bulk(api, headers={"If-None-Match": wanted.format(tag)}).status == 304


def test_the_tag_changes_with_context_state_and_environment(api: Api) -> None:
    changed = Served(State({**flags(), "a-whole": static("a-whole", 43)}))
    elsewhere = Served(State(flags()), environments=("staging",))

    tags = [bulk(api, targetingKey=unit).headers["etag"] for unit in ("u-1", "u-2")]
    tags += [bulk(Api(served), targetingKey="u-1").headers["etag"] for served in (changed, elsewhere)]

    assert len(set(tags)) == 4
    assert bulk(Api(changed), targetingKey="u-1", headers={"If-None-Match": tags[0]}).status == 200


def test_bulk_in_many_threads_gives_everybody_their_own_answer(api: Api) -> None:
    def asked(number: int) -> tuple[str, Any]:
        said = bulk(api, targetingKey=f"u-{number}", country="NZ").said["flags"]
        return f"u-{number}", next(each["variant"] for each in said if each["key"] == "start-page")

    with ThreadPoolExecutor(8) as threads:
        served = dict(threads.map(asked, range(200)))

    for unit, variant in served.items():
        assert (
            variant
            == api.served.view({}).resolver.evaluate("start-page", {"targeting_key": unit, "country": "NZ"}).variant
        )
    assert set(served.values()) == {"old", "new"}


def test_answers_kept_ready_never_leak_between_flags() -> None:
    state = State({name: halved(name) for name in ("one", "two")})
    api = Api(Served(state))

    for number in range(100):
        for name in ("one", "two"):
            assert single(api, name, targetingKey=f"u-{number}", country="NZ").said["key"] == name


class Kept:
    """Keeps sticky variants in a dictionary."""

    def __init__(self) -> None:
        self.variants: dict[tuple[str, str, str], str] = {}

    def variant(self, store: str, unit: str, rule: str) -> str | None:
        return self.variants.get((store, unit, rule))

    def holds(self, store: str, unit: str) -> bool:
        return any(key[:2] == (store, unit) for key in self.variants)

    def keep(self, records: Sequence[Any]) -> None:
        for record in records:
            self.variants.setdefault((record.store, record.unit, record.rule), record.variant)


def sticking(side: str, *, paused: bool = False) -> Served:
    """Serve one side to everybody and the other to nobody, and keep what they got."""
    split = Split(tuple(Assigned(WHOLE if name == side else (), name) for name in ("old", "new")), "s-1")
    rule = Rule("r", split, sticky=Sticky("kept", "kept", paused=paused))
    return Served(State({"page": replace(halved("page"), rules=(rule,))}))


@pytest.mark.parametrize("ask_for", [bulk, lambda api, **context: single(api, "page", **context)])
def test_a_sticky_variant_is_kept_and_served_from_then_on(ask_for: Callable[..., Any]) -> None:
    store = Kept()
    api = Api(sticking("old"), sticky=store)

    ask_for(api, targetingKey="u-1")
    api.swap(sticking("new"))

    assert store.variants == {("kept", "u-1", "r"): "old"}
    assert single(api, "page", targetingKey="u-1").said["value"] == "classic"
    assert single(api, "page", targetingKey="u-2").said["value"] == "cards"


def test_what_is_kept_changes_the_tag() -> None:
    store = Kept()
    api = Api(sticking("new", paused=True), sticky=store)
    tag = bulk(api, targetingKey="u-1").headers["etag"]
    assert bulk(api, targetingKey="u-1", headers={"If-None-Match": tag}).status == 304

    store.variants["kept", "u-1", "r"] = "new"

    assert bulk(api, targetingKey="u-1", headers={"If-None-Match": tag}).status == 200


def test_answers_are_kept_ready_within_bounds_whatever_is_asked(api: Api) -> None:
    view = api.served.view({})
    for number in range(50):
        single(api, f"nothing-{number}")
        single(api, "start-page", targetingKey=f"{number}" + "x" * 100, country="NZ")
        single(api, "start-page", targetingKey=f"u-{number}", country="NZ")

    assert len(view._answers) == 2


def test_a_row_is_an_exposure_with_its_receipt() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    assert Row("u", at, "f", "r", "v", "e", "a", received_at=at).identity == ("u", "f", "r", "v", "e", "a", "", "", "")
