"""The launch gate over real resolution: what it names, what it blocks, and what it leaves alone."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.app.launches import (
    experiment,
    flag,
    gated,
    served,
    split,
    told,
    users,
)

from twyman.doubt.check import Status
from twyman.experiments.experiment import Role, Tracked
from twyman.experiments.override import Override
from twyman.flags.allocation import Wanted, WantedGroup
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Variant
from twyman.flags.population import IdList
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import All, FlagIs, In, InPopulation, InSegment, Is, Not, Where
from twyman.kernel.errors import Invalid, NotFound
from twyman.kernel.place import Origin

PAGE = flag("page", split("page-test", "page-1"))
TEST = experiment("page-test", on="page")
ADS = (Variant("on", {"enabled": True, "hourly": 4}), Variant("off", {"enabled": False, "hourly": 0}))


def treated(contexts: list[dict[str, object]]) -> list[str]:
    """The ids of those whom the page's test treats, by the resolver itself."""
    ask = Interpreter(State({"page": PAGE}))
    return [str(each["targeting_key"]) for each in contexts if ask.evaluate("page", each).variant == "on"]


@pytest.mark.parametrize("how", ["ids in a rule", "a list of ids", "a segment"])
def test_ads_switched_off_for_the_treated_block_the_launch(how: str) -> None:
    everybody = users(400)
    ids = treated(everybody)
    when = {
        "ids in a rule": Where("targeting_key", In(tuple(ids))),
        "a list of ids": InPopulation("quiet"),
        "a segment": InSegment("quiet"),
    }[how]
    state = State(
        segments={"quiet": Segment("quiet", Where("targeting_key", In(tuple(ids))))},
        populations={"quiet": IdList(frozenset(ids))},
    )
    ads = flag("ads", served("quiet", "off", when=when), variants=ADS, default="on")

    [found] = gated([PAGE, ads], [TEST], everybody, state=state).experiments

    [finding] = found.told(Status.BLOCK)
    assert (finding.code, finding.other) == ("aliased", "ads")
    assert finding.text.startswith("`ads.enabled` is off for 100 % of treatment and 0 % of control")
    assert not found.passes


def test_a_list_of_most_of_the_treated_blocks_too_since_no_control_is_in_it() -> None:
    everybody = users(2000)
    ids = treated(everybody)[::3]
    ads = flag("ads", served("quiet", "off", when=Where("targeting_key", In(tuple(ids)))), variants=ADS, default="on")

    [found] = gated([PAGE, ads], [TEST], everybody).experiments

    assert told(found, Status.BLOCK) == ["aliased"]
    assert found.told(Status.BLOCK)[0].detail["empty"] == [{"arm": "control", "value": ADS[1].value}]


def test_two_splits_with_one_salt_are_one_draw() -> None:
    twin = flag("ads", split("ads-test", "page-1"))

    report = gated([PAGE, twin], [TEST, experiment("ads-test", on="ads")], users(300))

    assert [told(each, Status.BLOCK) for each in report.experiments] == [["aliased"], ["aliased"]]
    assert "experiment 'ads-test'" in report.experiments[0].findings[0].text


def test_independent_splits_pass_and_share_their_units() -> None:
    other = flag("ads", split("ads-test", "ads-1"))
    home = replace(TEST, surface="home")

    report = gated([PAGE, other], [home, experiment("ads-test", on="ads", surface="home")], users(3000))

    assert report.passes
    assert [each.findings for each in report.experiments] == [(), ()]
    assert report.experiments[0].overlaps == {"ads-test": 3000}
    assert report.experiments[0].same_surface == ("ads-test",)
    assert report.experiments[0].neighbours[0].shared == 3000


def test_a_leak_warns_with_the_units_at_which_it_would_show() -> None:
    everybody = users(4000)
    some = {*treated(everybody)[::2], *(u for u in (f"u-{n}" for n in range(0, 4000, 8)))}
    ads = flag("ads", served("quiet", "off", when=Where("targeting_key", In(tuple(sorted(some))))), default="on")

    [found] = gated([PAGE, ads], [TEST], everybody).experiments

    [finding] = found.told(Status.WARN)
    v = found.neighbours[0].joint.v
    assert finding.code == "dependent"
    assert finding.detail["shows_at"] == pytest.approx((3.290527 + 1.281552) ** 2 / v**2, abs=1)
    assert f"from about {finding.detail['shows_at']:,} units" in finding.text
    assert found.passes


def test_variants_that_serve_the_same_are_no_difference() -> None:
    same = (Variant("off", {"enabled": True}), Variant("on", {"enabled": True}))
    twin = flag("ads", split("ads-test", "page-1"), variants=same)

    [found] = gated([PAGE, twin], [TEST], users(300)).experiments

    assert found.findings == found.neighbours == ()


def test_a_flag_that_asks_for_ours_is_part_of_the_treatment() -> None:
    covers = flag("covers", served("with-page", "on", when=FlagIs("page", ("on",))))
    further = flag("further", served("with-covers", "on", when=InSegment("covered")))
    state = State(segments={"covered": Segment("covered", FlagIs("covers", ("on",)))})

    [found] = gated([PAGE, covers, further], [TEST], users(300), state=state).experiments

    assert told(found, Status.WARN) == ["prerequisite", "prerequisite"]
    assert found.passes


def quiet(contexts: list[dict[str, object]]) -> Rule:
    """Ads are off for the treated, by a list of their ids."""
    return served("quiet", "off", when=Where("targeting_key", In(tuple(treated(contexts)))))


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("switched off", "aliased"),
        ("for nobody", "aliased"),
        ("by a segment that no rule asks for", "aliased"),
        ("beside a list", "aliased"),
        ("for all that differs", "prerequisite"),
        ("before a rule that is independent", "prerequisite"),
    ],
)
def test_a_rule_that_asks_for_ours_excuses_only_what_comes_of_it(how: str, code: str) -> None:
    everybody = users(600, country=["NZ", "SE"])
    nz, ours, theirs = Where("country", Is("NZ")), FlagIs("page", ("on",)), quiet(everybody)
    rules = {
        "switched off": (theirs, served("asks", "off", when=ours, enabled=False)),
        "for nobody": (theirs, served("asks", "off", when=All((Where("country", Is("AQ")), ours)))),
        "by a segment that no rule asks for": (theirs, served("seg", "off", segment="covered", enabled=False)),
        "beside a list": (served("asks", "on", when=FlagIs("page", ("off",))), theirs),
        "for all that differs": (served("asks", "off", when=ours),),
        "before a rule that is independent": (
            served("asks", "off", when=All((nz, ours))),
            served("nz", "third", when=nz),
        ),
    }[how]
    ads = flag("ads", *rules, variants=(*ADS, Variant("third", {"enabled": True, "hourly": 9})), default="on")
    state = State(segments={"covered": Segment("covered", ours)})

    [found] = gated([PAGE, ads], [TEST], everybody, state=state).experiments

    assert told(found, Status.BLOCK) + told(found, Status.WARN) == [code]


def test_a_prerequisite_is_told_with_the_rule_that_asks() -> None:
    everybody, ours = users(600), FlagIs("page", ("on",))
    follows = flag("ads", served("with-page", "off", when=ours), variants=ADS, default="on")
    asks_too = flag("ads", quiet(everybody), served("with-page", "off", when=ours), variants=ADS, default="on")

    [one] = gated([PAGE, follows], [TEST], everybody).experiments
    [other] = gated([PAGE, asks_too], [TEST], everybody).experiments

    assert "Flag 'ads' follows this one by its rule 'with-page'" in one.told(Status.WARN)[0].text
    assert "Its rule 'with-page' asks for this flag, and without it the two would" in other.told(Status.BLOCK)[0].text


def test_two_experiments_on_one_flag_need_a_group() -> None:
    page = flag("page", split("page-test", "page-1"), split("page-rival", "page-2"))

    report = gated([page], [TEST, experiment("page-rival", on="page")], users(1000))

    assert [told(each, Status.BLOCK)[-1] for each in report.experiments] == ["value_conflict", "value_conflict"]
    first, second = (each.told(Status.BLOCK) for each in report.experiments)
    assert "1,000 of 1,000 (100 %). 'page-test' gets them" in first[0].text
    assert [each.code for each in second] == ["nobody", "value_conflict"]


def test_a_unit_whose_contexts_are_of_two_populations_is_no_conflict() -> None:
    nz = Where("country", Is("NZ"))
    page = flag("page", split("page-test", "p-1", when=nz), split("page-rival", "p-2", when=Not(nz)))
    travellers = [*users(500, country=["NZ"]), *users(500, country=["SE"])]

    report = gated([page], [TEST, experiment("page-rival", on="page")], travellers)

    assert report.passes


def test_a_shared_group_or_targeting_keeps_two_experiments_on_one_flag_apart() -> None:
    segments = {
        name: Segment(name, claims=(Claim("home", (part,), "home"),))
        for name, part in (("first", Slice(0, 400_000)), ("second", Slice(400_000, 900_000)))
    }
    one = flag("page", split("page-test", "p-1", segment="first"), split("page-rival", "p-2", segment="second"))
    nz = Where("country", Is("NZ"))
    two = flag("menu", split("menu-test", "m-1", when=nz), split("menu-rival", "m-2", when=Not(nz)))
    names = {"page-test": "page", "page-rival": "page", "menu-test": "menu", "menu-rival": "menu"}

    report = gated(
        [one, two],
        [experiment(name, on=on) for name, on in names.items()],
        users(4000, country=["NZ", "SE", "US"]),
        state=State(segments=segments),
    )

    assert [told(each, Status.BLOCK) for each in report.experiments] == [[], [], [], []]


def test_a_shared_group_keeps_nobody_apart_by_two_ids() -> None:
    segments = {
        name: Segment(name, claims=(Claim("home", (part,), "home"),))
        for name, part in (("first", Slice(0, 500_000)), ("second", Slice(500_000, 1_000_000)))
    }
    page = flag(
        "page", split("page-test", "p-1", segment="first"), split("page-rival", "p-2", segment="second", by="account")
    )
    everybody = users(500, account=[f"a-{n}" for n in range(100)])

    report = gated([page], [TEST, experiment("page-rival", on="page")], everybody, state=State(segments=segments))

    assert told(report.experiments[0], Status.BLOCK) == ["value_conflict"]


def test_a_group_that_is_promised_twice_over_blocks() -> None:
    state = State(segments={"first": Segment("first", claims=(Claim("home", (Slice(0, 700_000),), "home"),))})
    wanted = Wanted({"home": WantedGroup({"first": 700_000, "second": 250_000}, holdback=100_000)})
    page = flag("page", split("page-test", "p-1", segment="first"))

    [found] = gated([page], [TEST], users(1000), state=state, wanted=wanted).experiments

    [finding] = found.told(Status.BLOCK)
    assert (finding.code, finding.other) == ("over_full", "home")
    assert "first 70 %, its holdback 10 %, second 25 % come to 105 %, 5 % more than there is" in finding.text


def test_a_group_of_nobody_at_the_gate_blocks_as_well() -> None:
    wanted = Wanted({"home": WantedGroup({"first": 700_000, "second": 400_000})})

    report = gated([PAGE], [TEST], users(1000), wanted=wanted)

    assert [each.code for each in report.general] == ["over_full"]
    assert not report.passes


def test_a_group_of_others_may_pass_where_every_experiment_at_the_gate_lets_it() -> None:
    wanted = Wanted({"home": WantedGroup({"first": 700_000, "second": 400_000})})
    said = Override("over_full", "home", "theirs, and it ends on Friday", "data-science")
    ours, other = replace(TEST, overrides=(said,)), experiment("ads-test", on="ads")
    ads = flag("ads", split("ads-test", "ads-1"))

    both = gated([PAGE, ads], [ours, other], users(200), wanted=wanted)
    asked = gated([PAGE, ads], [ours, other], users(200), wanted=wanted, asked="page-test")

    assert not both.passes
    assert asked.passes
    assert [each.override for each in asked.general] == [said]
    assert [told(each, Status.NOTE) for each in (*both.experiments, *asked.experiments)] == [[], [], []]


def test_of_a_sealed_experiments_override_the_words_arent_told() -> None:
    wanted = Wanted({"home": WantedGroup({"first": 700_000, "second": 400_000})})
    said = Override("over_full", "home", "the launch of X", "the head of X")

    report = gated([PAGE], [replace(TEST, sealed=True, overrides=(said,))], users(200), wanted=wanted)

    assert [(each.override.reason, each.override.reviewer) for each in report.general if each.override] == [
        ("sealed", "sealed")
    ]


def test_an_override_without_a_name_lets_nothing_pass_but_what_has_none() -> None:
    twin = flag("ads", split("ads-test", "page-1"))
    ours = replace(TEST, overrides=(Override("aliased", "", "whatever", "ann"),))
    blank = replace(TEST, overrides=(Override("sealed", "", "we asked labs", "ann"),))

    [found] = gated([PAGE, twin], [ours], users(300)).experiments
    [passed] = gated([PAGE, twin], [blank], users(300), sealed=frozenset(["ads"])).experiments

    assert told(found, Status.BLOCK) == ["aliased"]
    assert passed.passes


def test_of_a_sealed_neighbour_no_more_is_told_than_whom_to_ask() -> None:
    secret = flag("launch-x", split("launch-x-test", "page-1"), variants=ADS, default="on")
    hidden = replace(experiment("launch-x-test", on="launch-x"), sealed=True)

    report = gated([PAGE, secret], [TEST, hidden], users(300), owners={"launch-x": "labs"})

    found, sealed = report.experiments
    [finding] = found.told(Status.BLOCK)
    assert finding.text == "It conflicts with a sealed experiment: ask its owner (labs)."
    assert (finding.code, finding.detail, finding.related) == ("sealed", {}, ())
    assert found.overlaps == {}
    assert (found.is_shown, sealed.is_shown) == (True, False)


def test_so_is_a_sealed_flag_without_an_experiment() -> None:
    everybody = users(300)
    rule = served("quiet", "off", when=Where("targeting_key", In(tuple(treated(everybody)))))

    report = gated([PAGE, flag("ads", rule, default="on")], [TEST], everybody, sealed=frozenset(["ads"]))

    assert told(report.experiments[0], Status.BLOCK) == ["sealed"]


def test_a_rival_that_is_sealed_is_not_named() -> None:
    page = flag("page", split("page-test", "page-1"), split("secret", "page-2"))
    secret = replace(experiment("secret", on="page"), sealed=True, owner="labs")

    [found] = gated([page], [TEST, secret], users(300), asked="page-test").experiments

    [finding] = found.told(Status.BLOCK)
    assert finding.text == "It conflicts with a sealed experiment: ask its owner (labs)."


def test_who_asks_for_a_sealed_experiment_by_name_sees_it() -> None:
    [found] = gated([PAGE], [replace(TEST, sealed=True)], users(300), asked="page-test").experiments

    assert found.is_shown


def test_an_override_lets_one_finding_pass_and_one_that_is_of_no_use_is_told() -> None:
    twin = flag("ads", split("ads-test", "page-1"))
    said = Override("aliased", "ads", "one launch", "data-science")
    idle = Override("over_full", "home", "we know", "data-science")

    [found] = gated([PAGE, twin], [replace(TEST, overrides=(said, idle))], users(300)).experiments

    assert found.passes
    assert [each.override for each in found.findings if each.code == "aliased"] == [said]
    assert told(found, Status.NOTE) == ["unused_override"]


def test_nobody_in_the_sample_is_no_pass() -> None:
    page = flag("page", split("page-test", "page-1", when=Where("country", Is("NZ"))))

    [found] = gated([page], [TEST], users(100, country=["SE"])).experiments

    assert told(found, Status.BLOCK) == ["nobody"]
    assert found.arms == {}


def test_few_units_are_said_to_show_nothing() -> None:
    [found] = gated([PAGE], [TEST], users(8)).experiments

    assert told(found, Status.WARN) == ["few_units"]


def test_arms_that_are_served_the_same_are_nothing_to_compare() -> None:
    same = flag("page", split("page-test", "page-1"), variants=(Variant("off", 1), Variant("on", 1)))

    [found] = gated([same], [TEST], users(100)).experiments

    assert told(found, Status.BLOCK) == ["undelivered"]


def test_two_treatments_that_are_served_the_same_are_nothing_to_compare() -> None:
    thirds = tuple(
        Assigned((Slice(at * 300_000, (at + 1) * 300_000),), name) for at, name in enumerate(("off", "new", "newer"))
    )
    variants = (Variant("off", "a"), Variant("new", "b"), Variant("newer", "b"))
    page = flag("page", Rule("page-test", Split(thirds, "page-1"), experiment="page-test"), variants=variants)
    control, arm = TEST.arms
    treatments = (replace(arm, name=name, logged=name, share=0.25) for name in ("new", "newer"))
    arms = (control, *treatments)

    [found] = gated([page], [replace(TEST, arms=arms)], users(300)).experiments

    [finding] = found.told(Status.BLOCK)
    assert (finding.code, "'new' and 'newer' are all served one value of flag 'page'" in finding.text) == (
        "undelivered",
        True,
    )


def test_an_id_that_no_context_has_is_named_too() -> None:
    ads = flag("ads", split("ads-test", "ads-1", by="device_id"))

    report = gated([PAGE, ads], [TEST], users(100))

    assert [each.detail for each in report.general] == [{"attributes": ["device_id"]}]


def test_a_control_that_falls_through_is_an_arm() -> None:
    sides = (Assigned((Slice(0, 500_000),), "on"), Assigned((Slice(500_000, 1_000_000),), to=Outcome.FALLTHROUGH))
    page = flag("page", Rule("page-test", Split(sides, "page-1"), experiment="page-test"))
    control, treatment = TEST.arms
    test = replace(TEST, arms=(replace(control, logged="control"), treatment))

    [found] = gated([page], [test], users(1000)).experiments

    assert [*found.arms] == ["control", "treatment"]
    assert sum(found.arms.values()) == 1000
    assert found.findings == ()


def test_a_unit_counts_once_however_many_contexts_it_has() -> None:
    often = [context for context in users(40) for _ in range(50)]
    other = flag("ads", split("ads-test", "ads-1"))

    [found] = gated([PAGE, other], [TEST], often).experiments

    assert sum(found.arms.values()) == 40


def test_scheduled_experiments_are_resolved_as_if_they_were_live() -> None:
    off = flag("ads", split("ads-test", "page-1", enabled=False))
    later = experiment("ads-test", on="ads", enrol_until=datetime(2015, 5, 1, tzinfo=UTC))
    over = experiment("ads-test", on="ads", enrol_until=datetime(2015, 3, 1, tzinfo=UTC))

    assert told(gated([PAGE, off], [TEST, later], users(300)).experiments[0], Status.BLOCK) == ["aliased"]
    assert [each.experiment for each in gated([PAGE, off], [TEST, over], users(300)).experiments] == ["page-test"]
    assert gated([PAGE, off], [TEST, over], users(300)).passes
    assert not gated([PAGE, off], [TEST, over], users(300), asked="ads-test").passes


def test_a_neighbours_untouchable_metric_is_a_note() -> None:
    other = flag("ads", split("ads-test", "ads-1"))
    careful = experiment("ads-test", on="ads", moves="revenue", still="minutes")

    report = gated([PAGE, other], [TEST, careful], users(1000))

    assert [told(each, Status.NOTE) for each in report.experiments] == [["must_not_move"], ["must_not_move"]]
    assert "'minutes' is what 'page-test' should move, and must not move in 'ads-test'" in (
        report.experiments[0].findings[0].text
    )


def test_units_of_one_market_speak_for_it_only() -> None:
    page = flag("page", split("page-test", "page-1", when=Where("country", Is("NZ"))))
    everybody = users(900, country=["NZ", "SE", "US"], is_new=[True, False])

    [found] = gated([page], [TEST], everybody).experiments
    [said] = gated([page], [replace(TEST, claims="claims about NZ only")], everybody).experiments

    assert found.label.text() == "speaks for NZ only (1 of 3 markets), 50 % new units"
    assert told(found, Status.NOTE) == ["narrow"]
    assert said.findings == ()


def test_what_no_context_has_is_named_and_so_is_a_flag_that_is_broken() -> None:
    odd = flag("ads", served("metal", "on", when=Where("genre", Is("metal"))))
    broken = Flag("menu", (), broken="its file is torn")

    report = gated([PAGE, odd, broken], [TEST], users(100))

    assert [each.detail for each in report.general] == [{"attributes": ["genre"]}, {"flags": ["menu"]}]
    assert report.passes


def test_an_experiment_that_no_rule_deals_out_is_no_pass() -> None:
    [found] = gated([flag("page", served("all", "on"))], [TEST], users(10)).experiments

    assert told(found, Status.BLOCK) == ["nobody"]
    assert found.experiment == "page-test"


def test_places_point_at_the_rules() -> None:
    twin = flag("ads", split("ads-test", "page-1"))
    origins = {"page": Origin("page.yaml", {"": 1, "rules": 7, "rules.0": 8}), "ads": Origin("ads.yaml", {"rules": 5})}

    [found] = gated([PAGE, twin], [TEST], users(300), origins=origins).experiments

    [finding] = found.told(Status.BLOCK)
    assert (str(finding.place), [str(each) for each in finding.related]) == ("page.yaml:8", ["ads.yaml:5"])


def test_asking_for_what_isnt_there_says_so() -> None:
    with pytest.raises(NotFound, match="experiment 'page-tst' isn't defined: did you mean 'page-test'"):
        gated([PAGE], [TEST], users(10), asked="page-tst")
    with pytest.raises(Invalid, match="experiment 'page-test' has no flag"):
        gated([PAGE], [replace(TEST, flag="")], users(10), asked="page-test")


def test_three_hundred_independent_flags_never_block_and_hardly_warn() -> None:
    """At most 1 % of experiments may be warned of a flag that is independent of them: here 100, 300 beside each."""
    draw = random.Random(20150401)  # noqa: S311 - salts
    flags = [flag(f"f-{n}", split(f"e-{n}", f"{draw.random()}")) for n in range(301)]
    experiments = [experiment(f"e-{n}", on=f"f-{n}") for n in range(100)]

    report = gated(flags, experiments, users(3000))

    assert len(report.experiments) == 100
    assert sum(bool(each.findings) for each in report.experiments) <= 3


def test_a_metric_with_both_roles_elsewhere_is_told_once_a_way() -> None:
    still = (Tracked(metric="minutes", role=Role.MUST_NOT_MOVE), Tracked(metric="revenue", role=Role.SUCCESS))
    other = flag("ads", split("ads-test", "ads-1"))
    mutual = replace(experiment("ads-test", on="ads"), tracked=still)
    ours = replace(TEST, tracked=(*TEST.tracked, Tracked(metric="revenue", role=Role.MUST_NOT_MOVE)))

    report = gated([PAGE, other], [ours, mutual], users(500))

    assert [each.detail["metric"] for each in report.experiments[0].findings] == ["minutes", "revenue"]
