"""The state as an in-process client fetches it."""

import gzip

import pytest
from tests.api.calling import ask
from tests.api.states import DESKTOP, MOBILE, everybody, flags, static, with_clients

from twyman.api import Api, Served
from twyman.api.part import part_of
from twyman.flags.compiled import Compiled
from twyman.flags.document import read
from twyman.flags.flag import Flag, Rule, Split, Variant
from twyman.flags.population import IdList
from twyman.flags.state import Segment, State
from twyman.flags.targeting import All, FlagIs, InPopulation, InSegment, Not


@pytest.fixture
def api() -> Api:
    return Api(Served(State(flags())))


def test_a_client_reads_what_is_served(api: Api) -> None:
    answer = ask(api, "GET", "/v1/state")

    state = read(answer.body)
    assert state.flags == flags()
    assert state.version == api.served.state.version
    assert answer.headers["etag"] == f'"{state.version}"'
    assert answer.headers["cache-control"] == "private, no-cache"


def test_who_has_it_already_is_sent_nothing(api: Api) -> None:
    tag = ask(api, "GET", "/v1/state").headers["etag"]

    again = ask(api, "GET", "/v1/state", headers={"If-None-Match": tag})

    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert ask(api, "GET", "/v1/state", headers={"If-None-Match": '"other"'}).status == 200


def test_who_takes_gzip_is_sent_it_under_a_tag_of_its_own(api: Api) -> None:
    packed = ask(api, "GET", "/v1/state", headers={"Accept-Encoding": "gzip, br"})
    plain = ask(api, "GET", "/v1/state")

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in packed.headers["vary"]
    assert ask(api, "GET", "/v1/state", headers={"If-None-Match": packed.headers["etag"]}).status == 304


def test_a_client_is_shown_its_own_flags_and_no_secret() -> None:
    api = Api(Served(with_clients()))

    body = ask(api, "GET", "/v1/state", headers={"X-API-Key": MOBILE}).body

    state = read(body)
    assert set(state.flags) == {"start-page", "in-production"}
    assert set(state.clients) == {"mobile"}
    assert state.clients["mobile"].environments == ("production",)
    assert b"sha256" not in body
    assert b"desktop" not in body


def test_what_changes_for_others_changes_nothing_for_a_client() -> None:
    before = with_clients()
    after = State(
        {**before.flags, "desktop-only": static("desktop-only", value=False, clients=("desktop",))},
        clients=before.clients,
    )

    def tag(state: State, secret: str) -> str:
        return ask(Api(Served(state)), "GET", "/v1/state", headers={"X-API-Key": secret}).headers["etag"]

    assert tag(before, MOBILE) == tag(after, MOBILE)
    assert tag(before, DESKTOP) != tag(after, DESKTOP)


def test_a_part_holds_all_that_its_flags_need_and_resolves_as_the_whole() -> None:
    needs = All((InSegment("outer"), FlagIs("hidden", ("on",))))
    asked = Flag("asked", (Variant("on", 1),), (Rule("r", everybody("on").split, when=needs),), clients=("tv",))
    state = State(
        {
            "asked": asked,
            "hidden": static("hidden", clients=("web",)),
            "apart": static("apart", 1, clients=("web",)),
        },
        {
            "outer": Segment("outer", Not(InSegment("inner"))),
            "inner": Segment("inner", InPopulation("ids")),
            "x": Segment("x"),
        },
        {"ids": IdList(frozenset({"u-1"})), "others": IdList(frozenset())},
    )

    part = part_of(state, "tv", ())

    assert (set(part.flags), set(part.segments), set(part.populations)) == (
        {"asked", "hidden"},
        {"outer", "inner"},
        {"ids"},
    )
    assert Compiled(part, client="tv").flags == Compiled(state, client="tv").flags == ("asked",)
    assert part.flags["hidden"].clients == ()  # and no other client's name
    for unit in ("u-1", "u-2"):
        context = {"targeting_key": unit}
        assert Compiled(part, client="tv").evaluate("asked", context) == Compiled(state, client="tv").evaluate(
            "asked", context
        )


def test_a_circle_of_needs_ends() -> None:
    flag = Flag("a", (), (Rule("r", Split(()), when=FlagIs("a", ("on",))), Rule("s", Split(()), segment="no such")))

    assert set(part_of(State({"a": flag}), "tv", ()).flags) == {"a"}
