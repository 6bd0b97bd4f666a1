"""What a client answers, and that it never raises."""

import asyncio
import logging
import threading
from typing import Any

import pytest
from tests.sdk.scenes import NOON, VARIANTS, ZEALAND, Clocks, broken, page, state, whole

from twyman.flags.document import versioned
from twyman.flags.evaluation import Reason
from twyman.flags.exposure import exposures_of
from twyman.flags.flag import Flag, Outcome, Variant
from twyman.flags.schema import Field, Type
from twyman.flags.state import Client as Asking, State
from twyman.kernel.errors import Invalid, NotFound
from twyman.sdk import Client, ExposureList, FileState, MemoryState

MOMENTS = {**ZEALAND, "targeting_key": "u-2"}


def reading(*flags: Any, **options: Any) -> tuple[Client, ExposureList]:
    met = ExposureList()
    return Client(MemoryState(state(*flags)), exposures=met, **options), met


def test_the_scene_deals_one_listener_to_each_side() -> None:
    client, _ = reading()

    assert [client.evaluate("start-page", who).variant for who in (ZEALAND, MOMENTS)] == ["classic", "moments"]


def test_evaluating_logs_nothing() -> None:
    client, met = reading()

    client.evaluate("start-page", ZEALAND)
    client.evaluate_all(ZEALAND)
    client.flush()

    assert met.records == []


def test_a_value_is_reached_by_its_path_and_logged_once() -> None:
    client, met = reading(settings=Clocks().settings())

    rows = [client.value("start-page.rows", MOMENTS, 0) for _ in range(3)]
    client.flush()

    assert rows == [12, 12, 12]
    answer = client.evaluate("start-page", MOMENTS)
    assert met.records == list(exposures_of(answer, MOMENTS, at=NOON, state=client.state_version))


def test_two_fields_of_a_flag_are_one_exposure_and_two_units_two() -> None:
    client, met = reading()

    for who in (ZEALAND, MOMENTS):
        client.value("start-page.rows", who, 0)
        client.value("start-page.layout", who, "")
    client.flush()

    assert [each.unit for each in met.records] == ["u-1", "u-2"]


def test_whoever_no_rule_serves_gets_the_default_and_is_not_logged() -> None:
    client, met = reading()

    assert client.value("start-page.rows", {"targeting_key": "u-1", "country": "SE"}, 0) == 20

    client.flush()
    assert met.records == []


@pytest.mark.parametrize("to", [Outcome.FALLTHROUGH, Outcome.CLIENT_DEFAULT])
def test_an_assignment_that_serves_nothing_gives_the_callers_default_and_is_logged(to: Outcome) -> None:
    client, met = reading(whole("ads", Variant("on", value=True), to=to))

    assert client.boolean("ads", ZEALAND, default=False) is False

    client.flush()
    assert [(each.unit, each.variant) for each in met.records] == [("u-1", "")]


@pytest.mark.parametrize(
    ("path", "default", "found"),
    [
        ("start-page.moments", False, True),
        ("start-page.layout", "", "cards"),
        ("start-page.rows", 0, 12),
        ("start-page.rows", 0.0, 12.0),
        ("start-page.ratio", 0.0, 0.5),
        ("start-page", {}, VARIANTS[1].value),
        ("start-page.rows", None, 12),
        ("start-page.moments", 0, 0),
        ("start-page.ratio", 0, 0),
        ("start-page.rows", "", ""),
        ("start-page.rows", True, True),
        ("start-page", [], []),
    ],
)
def test_a_value_comes_in_the_type_of_the_default_or_not_at_all(path: str, default: object, found: object) -> None:
    client, _ = reading()

    value = client.value(path, MOMENTS, default)

    assert value == found
    assert type(value) is type(found)


def test_typed_questions_are_typed() -> None:
    client, _ = reading()

    assert client.boolean("start-page.moments", MOMENTS, default=False) is True
    assert client.string("start-page.layout", MOMENTS, "") == "cards"
    assert client.integer("start-page.rows", MOMENTS, 0) == 12
    assert client.number("start-page.rows", MOMENTS, 0) == 12.0
    assert client.struct("start-page", MOMENTS, {})["layout"] == "cards"
    assert client.integer("start-page.ratio", MOMENTS, 7) == 7


def test_a_value_of_another_type_is_counted_and_is_no_exposure() -> None:
    client, met = reading()

    client.value("start-page.rows", MOMENTS, "")

    client.flush()
    assert (client.stats()["type_mismatch"], met.records) == (1, [])


def test_a_struct_may_be_changed_by_whoever_got_it() -> None:
    client, _ = reading()

    client.value("start-page", MOMENTS, {})["rows"] = 99

    assert client.value("start-page.rows", MOMENTS, 0) == 12


@pytest.mark.parametrize(("optional", "counted"), [(True, None), (False, 1)])
def test_a_missing_field_is_a_fault_unless_its_schema_says_that_it_may_be(
    *, optional: bool, counted: int | None
) -> None:
    schema = Field(Type.STRUCT, {"banner": Field(Type.STRING, optional=optional)})
    client, met = reading(page(schema=schema))

    assert client.value("start-page.banner", MOMENTS, "none") == "none"

    client.flush()
    assert (client.stats().get("field_not_found"), len(met.records)) == (counted, int(optional))


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.evaluate(["unhashable"]).reason,
        lambda client: client.evaluate(None, None).reason,
        lambda client: client.evaluate("start-page", 7).reason,
        lambda client: client.value(7, ZEALAND, "x"),
        lambda client: client.value("start-page.rows", None, 3),
        lambda client: client.value("", {}, 3),
        lambda client: client.expose(None, {}),
        lambda client: client.track(None, {"targeting_key": object()}),
        lambda client: client.evaluate("start-page", {"targeting_key": ["no id"], "country": "NZ"}),
    ],
)
def test_nothing_raises_into_the_caller(ask: Any) -> None:
    client, _ = reading()

    ask(client)

    assert client.value("start-page.rows", MOMENTS, 0) == 12


def test_a_fault_is_counted_each_time_and_logged_once_for_each_flag(caplog: pytest.LogCaptureFixture) -> None:
    client, _ = reading()

    with caplog.at_level(logging.WARNING, "twyman.sdk"):
        for name in ("gone", "gone", "lost"):
            client.boolean(name, ZEALAND, default=True)

    assert client.stats()["not_found"] == 3
    assert [record.message.split(":")[1].strip() for record in caplog.records] == ["gone", "lost"]


def test_a_broken_flag_leaves_the_others_alone() -> None:
    client, _ = reading(page(), broken("near-you"))

    assert client.value("near-you.rows", ZEALAND, 5) == 5
    assert client.value("start-page.rows", MOMENTS, 5) == 12
    assert client.stats()["state_problems"] == 1


def test_without_a_state_there_are_defaults_and_a_reason(tmp_path: Any) -> None:
    with Client(FileState(tmp_path / "not-yet.json", every=60)) as client:
        assert client.value("start-page.rows", ZEALAND, 5) == 5
        assert client.evaluate("start-page", ZEALAND).reason is Reason.NOT_READY
        assert client.stats()["not_ready"] == 2


def test_a_part_that_a_server_ships_says_who_asks_and_from_where() -> None:
    own, others = Flag("a", VARIANTS, default="classic", clients=("web",)), Flag("b", VARIANTS, clients=())
    part = versioned(State({"a": own, "b": others}, clients={"web": Asking("web", ("production",))}))

    assert Client(MemoryState(part)).flags == ("a",)


def test_an_override_names_a_variant_or_gives_a_value_and_ends_with_its_block() -> None:
    client, met = reading()

    with client.override("start-page", "moments"):
        assert client.value("start-page.rows", ZEALAND, 0) == 12
        with client.override("start-page", value={"rows": 3}):
            assert client.value("start-page.rows", ZEALAND, 0) == 3
        assert client.value("start-page.rows", ZEALAND, 0) == 12
    client.flush()

    assert met.records == []
    assert client.value("start-page.rows", ZEALAND, 0) == 20


def test_an_override_of_what_is_not_there_says_so_at_once() -> None:
    client, _ = reading()

    with (
        pytest.raises(NotFound, match="no variant 'moment': did you mean 'moments'"),
        client.override("start-page", "moment"),
    ):
        pass
    with pytest.raises(NotFound, match="give a value"), client.override("end-page", "moments"):
        pass
    with pytest.raises(Invalid, match="says nothing"), client.override("start-page"):
        pass


@pytest.mark.parametrize(("everywhere", "seen"), [(False, 20), (True, 12)])
def test_an_override_is_seen_in_its_own_thread_unless_it_is_meant_everywhere(*, everywhere: bool, seen: int) -> None:
    client, _ = reading()
    found: list[int] = []

    with client.override("start-page", "moments", everywhere=everywhere):
        thread = threading.Thread(target=lambda: found.append(client.value("start-page.rows", ZEALAND, 0)))
        thread.start()
        thread.join()

    assert found == [seen]


def test_overrides_of_two_tasks_do_not_meet() -> None:
    client, _ = reading()

    async def rows(number: int) -> int:
        with client.override("start-page", value={"rows": number}):
            await asyncio.sleep(0)
            return client.value("start-page.rows", ZEALAND, 0)

    async def both() -> list[int]:
        return await asyncio.gather(rows(1), rows(2))

    assert asyncio.run(both()) == [1, 2]
