"""Which flags a new state may have changed."""

from msgspec import structs
from tests.sdk.scenes import VARIANTS, page, state, whole

from twyman.flags.population import IdList
from twyman.flags.state import Segment, State
from twyman.flags.targeting import FlagIs, InPopulation, InSegment, Is, Not, Where
from twyman.sdk.changes import changed_flags

RULE = page().rules[0]


def of_segment(country: str) -> State:
    """A flag in a segment in a segment, and one that requires the first."""
    inner, outer = Segment("inner", Where("country", Is(country))), Segment("outer", Not(InSegment("inner")))
    by_segment = page(rules=(structs.replace(RULE, segment="outer", when=None),))
    requiring = structs.replace(RULE, when=FlagIs("start-page", ("moments",)))
    after = structs.replace(page(rules=(requiring,)), name="party-mode")
    flags = state(by_segment, after, whole("ads", VARIANTS[0])).flags
    return State(flags, {"inner": inner, "outer": outer}, version=country)


def test_a_segment_changes_every_flag_that_leads_to_it() -> None:
    assert changed_flags(of_segment("NZ"), of_segment("SE")) == ("party-mode", "start-page")


def test_a_population_changes_the_flags_that_ask_for_it() -> None:
    flag = page(rules=(structs.replace(RULE, when=InPopulation("vip")),))
    before, after = (
        State({"start-page": flag}, populations={"vip": IdList(frozenset(ids))}) for ids in ({"u-1"}, {"u-2"})
    )

    assert changed_flags(before, after) == ("start-page",)


def test_flags_that_lead_to_nothing_changed_are_left_out() -> None:
    assert changed_flags(state(page(), whole("ads", VARIANTS[0])), state(page(), whole("ads", VARIANTS[1]))) == ("ads",)
    assert changed_flags(None, state()) == ("start-page",)
    assert changed_flags(state(), state()) == ()


def test_flags_in_a_circle_do_not_hang_it() -> None:
    circular = page(rules=(structs.replace(RULE, when=FlagIs("start-page", ("moments",))),))

    assert changed_flags(state(), state(circular)) == ("start-page",)
