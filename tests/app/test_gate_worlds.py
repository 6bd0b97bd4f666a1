"""The gate in each environment by itself, and both as it is today and with what is scheduled."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.app.launches import VARIANTS, experiment, flag, gated, served, split, told, users

from twyman.app.gate_views import Gated
from twyman.doubt.check import Status
from twyman.experiments.override import Override
from twyman.flags.flag import Flag, Variant
from twyman.flags.resolve import Interpreter
from twyman.flags.state import Client, Credential, State
from twyman.flags.targeting import FlagIs, In, Where

PAGE = flag("page", split("page-test", "page-1"))
TEST = experiment("page-test", on="page")
EVERYBODY = users(400)
LATER = experiment("ads-next", on="ads")
"""Switched off by its rule, and over at no time: it is scheduled."""


def treated(contexts: Sequence[dict[str, object]] = EVERYBODY) -> Where:
    """Those whom the page's test treats, by a list of their ids."""
    ask = Interpreter(State({"page": PAGE}))
    ids = [str(each["targeting_key"]) for each in contexts if ask.evaluate("page", each).variant == "on"]
    return Where("targeting_key", In(tuple(ids)))


def ads(*environments: str, name: str = "quiet") -> Flag:
    """A flag that a rule of QA's takes in staging, and a list of the treated in some environments."""
    quiet = served(name, "off", when=treated(), environments=environments)
    return flag("ads", served("qa", "on", environments=("staging",)), quiet, default="on")


def codes(found: Gated) -> list[tuple[str, str]]:
    return [(str(each.code), str(each.status)) for each in found.findings]


def test_a_rule_of_another_environment_hides_no_alias() -> None:
    [found] = gated([PAGE, ads("production")], [TEST], EVERYBODY).experiments

    [finding] = found.told(Status.BLOCK)
    assert finding.code == "aliased"
    assert finding.text.endswith(" Only in environment 'production'.")
    assert finding.detail["environments"] == ["production"]
    assert [each.joint.aliased for each in found.neighbours] == [True]


def test_environments_that_are_named_are_one_world() -> None:
    flags = [PAGE, ads("production")]

    several = [
        gated(flags, [TEST], EVERYBODY, environments=names).experiments[0].passes
        for names in (("staging",), ("production",), ("production", "staging"))
    ]

    assert several == [True, False, True]


def test_who_asks_from_nowhere_that_a_rule_names_is_a_world_too() -> None:
    [found] = gated([PAGE, ads()], [TEST], EVERYBODY).experiments

    [finding] = found.told(Status.BLOCK)
    assert finding.text.endswith(" Only where no rule names the environment.")


def test_what_is_so_everywhere_is_said_once_and_of_no_environment() -> None:
    quiet = flag("ads", served("quiet", "off", when=treated()), default="on")
    other = flag("other", served("qa", "on", environments=("staging",)))

    [found] = gated([PAGE, quiet, other], [TEST], EVERYBODY).experiments

    assert codes(found) == [("aliased", "block")]
    assert "Only" not in found.findings[0].text
    assert "environments" not in found.findings[0].detail


def test_a_rule_of_another_environment_above_ours_takes_nobody_from_us() -> None:
    page = flag(
        "page",
        served("qa", "on", environments=("staging",)),
        split("page-test", "page-1", environments=("production",)),
    )

    [found] = gated([page], [TEST], EVERYBODY).experiments

    assert found.findings == ()
    assert sum(found.arms.values()) == 400


def test_nobody_in_one_of_its_environments_warns_and_in_all_blocks() -> None:
    page = flag("page", served("qa", "on", environments=("staging",)), split("page-test", "page-1"))

    [somewhere] = gated([page], [TEST], EVERYBODY).experiments
    [nowhere] = gated([page], [TEST], EVERYBODY, environments=("staging",)).experiments

    assert codes(somewhere) == [("nobody", "warn")]
    assert somewhere.findings[0].text.endswith(" Only in environment 'staging'.")
    assert codes(nowhere) == [("nobody", "block")]


def test_two_experiments_on_one_flag_in_two_environments_are_no_conflict() -> None:
    page = flag(
        "page",
        split("page-test", "page-1", environments=("production",)),
        split("try", "page-2", environments=("staging",)),
    )

    report = gated([page], [TEST, experiment("try", on="page")], EVERYBODY)

    assert [codes(each) for each in report.experiments] == [[], []]


@pytest.mark.parametrize(
    "client",
    [
        Client("web", environments=("production", "eu")),
        Client("web", credentials=(Credential("one", "00", environments=("eu", "production")),)),
    ],
)
def test_a_client_of_two_environments_asks_from_both_at_once(client: Client) -> None:
    page = flag("page", split("page-test", "page-1", environments=("production",)))
    quiet = flag("ads", served("quiet", "off", when=treated(), environments=("eu",)), default="on")

    [apart] = gated([page, quiet], [TEST], EVERYBODY).experiments
    [both] = gated([page, quiet], [TEST], EVERYBODY, state=State(clients={"web": client})).experiments

    assert codes(apart) == []
    assert codes(both) == [("aliased", "block")]
    assert both.findings[0].text.endswith(" Only in environments 'eu' and 'production' at once.")


def test_a_rule_that_is_scheduled_hides_no_alias_of_today() -> None:
    quiet = served("quiet", "off", when=treated())
    both = flag("ads", split("ads-next", "ads-1", enabled=False), quiet, default="on")

    [page, later] = gated([PAGE, both], [TEST, LATER], EVERYBODY).experiments

    assert codes(page) == [("aliased", "block")]
    assert page.findings[0].text.endswith(" Only as long as nothing else that is scheduled is switched on.")
    assert page.findings[0].detail["scheduled"] is False
    assert codes(later) == []


def test_what_will_alias_once_it_is_switched_on_is_found_too() -> None:
    twin = flag("ads", split("ads-next", "page-1", enabled=False))

    [page, later] = gated([PAGE, twin], [TEST, LATER], EVERYBODY).experiments

    assert page.findings[0].text.endswith(" Only once all that is scheduled is switched on.")
    assert codes(page) == codes(later) == [("aliased", "block")]
    assert "Only" not in later.findings[0].text


def test_each_of_several_that_are_scheduled_is_looked_at_beside_what_is_live_today() -> None:
    off = flag("page", split("page-test", "page-1", enabled=False))
    both = flag("ads", split("ads-next", "ads-1", enabled=False), served("quiet", "off", when=treated()), default="on")

    [page, _] = gated([off, both], [TEST, LATER], EVERYBODY).experiments
    [asked] = gated([off, both], [TEST, LATER], EVERYBODY, asked="page-test").experiments

    assert codes(page) == codes(asked) == [("aliased", "block")]


def test_an_override_of_what_only_one_world_has_is_of_use() -> None:
    let = replace(
        TEST, overrides=(Override("aliased", "ads", "one launch", "ann"), Override("aliased", "x", "y", "ann"))
    )

    [found] = gated([PAGE, ads("production")], [let], EVERYBODY).experiments

    assert found.passes
    assert codes(found) == [("aliased", "block"), ("unused_override", "note")]
    assert found.findings[1].other == "x"


def test_of_what_is_sealed_no_environment_is_named() -> None:
    [found] = gated([PAGE, ads("production")], [TEST], EVERYBODY, sealed=frozenset({"ads"})).experiments

    [finding] = found.told(Status.BLOCK)
    assert finding.code == "sealed"
    assert "production" not in str(finding)


def test_a_flag_that_asks_for_one_with_environments_is_resolved_anew_in_each() -> None:
    """Its own rules are the same everywhere, and what they ask for isn't."""
    variants = (*VARIANTS, Variant("quiet", value=None))
    other = flag("other", served("quiet", "quiet", when=FlagIs("ads", ("off",))), variants=variants)

    [found] = gated([PAGE, ads("production"), other], [TEST], EVERYBODY).experiments

    assert [each.other for each in found.told(Status.BLOCK)] == ["ads", "other"]


def test_what_is_in_common_is_the_most_of_any_world() -> None:
    home = replace(TEST, surface="home")
    other = flag("ads", split("ads-test", "ads-1", environments=("production",)))

    page = gated([PAGE, other], [home, experiment("ads-test", on="ads", surface="home")], EVERYBODY).experiments[0]

    assert page.overlaps == {"ads-test": 400}
    assert page.same_surface == ("ads-test",)
    assert [each.other for each in page.conflicts] == ["ads-test"]
    assert told(page, Status.BLOCK) == []
