"""Who is analysed, as definitions say it: triggers, segments left out, criteria, clusters, combinations."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twyman.definitions import load
from twyman.experiments.experiment import Experiment
from twyman.experiments.population import Counterfactual, Excluded, Trigger
from twyman.flags.targeting import All, In, Is, Not, Some, Where

Spoilt = Callable[..., list[str]]

ENROL = "enrol: {from"
SEGMENTS = """\
---
kind: segment
name: kiwis
when: {country: {in: [NZ]}}
---
kind: segment
name: staff
when: {all: [{segment: kiwis}, {not: {plan: {is: free}}}]}
---
kind: segment
name: shared
when: {country: {in: [NZ]}}
allocation: {share: 20%, salt: s-1}
---
kind: segment
name: listed
units: [u-1]
---
kind: segment
name: patterns
when: {country: {matches: "^N"}}
---
kind: segment
name: versions
when: {profile.plan: {at_least: 5.2.0}}
---
kind: segment
name: lists
when: {plan: {any_of: {in: [a]}}}
---
kind: segment
name: elsewhere
when: {any: [{device: {is: phone}}]}
"""


@pytest.fixture
def segments(music: Path) -> str:
    """The music service with segments of every make."""
    return music.read_text() + SEGMENTS


def read(music: Path, line: str, more: str = "") -> Experiment:
    music.write_text(music.read_text().replace(ENROL, f"{line}\n{ENROL}") + SEGMENTS + more)
    return load(music).experiments["page"]


def test_a_trigger_names_facts_and_says_whether_every_arm_logs_it(music: Path) -> None:
    page = read(music, "trigger: {facts: listening, where: skipped, counterfactual: missing}")

    expected = Trigger(facts="listening", where="skipped", counterfactual=Counterfactual.MISSING)
    assert page.trigger == expected


def test_a_segment_left_out_is_written_out_with_all_it_leans_on(music: Path) -> None:
    page = read(music, "exclude: [staff]")

    when = All((Where("country", In(("NZ",))), Not(Where("plan", Is("free")))))
    assert page.exclude == (Excluded("staff", when),)


def test_a_population_speaks_the_language_of_segments(music: Path) -> None:
    page = read(music, "population: {where: {any: [{segment: kiwis}, {profile.plan: {is: pro}}]}, say: NZ and pro}")

    assert page.population == Some((Where("country", In(("NZ",))), Where("profile.plan", Is("pro"))))
    assert page.claims == "NZ and pro"


def test_dimensions_stand_alone_or_cross(music: Path) -> None:
    page = read(music, "dimensions: [country, [country, profile.plan]]")

    assert page.dimensions == ("country",)
    assert page.crossed == (("country", "profile.plan"),)


def test_what_was_drawn_may_be_linked_by_exposures_or_by_attributes(music: Path) -> None:
    linked = "---\nkind: attributes\nname: homes\ntable: h.csv\nentities: {user: u, household: h}\ncolumns: [size]\n"
    page = read(music, "randomised_by: household", linked)

    assert (page.entity, page.randomised_by) == ("user", "household")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("trigger: {facts: listening}", "has no 'counterfactual', which it needs"),
        ("trigger: {facts: profile, counterfactual: logged}", "facts 'profile' isn't defined: known are 'listening'"),
        ("exclude: [stuff]", "segment 'stuff' isn't defined: did you mean 'staff'?"),
        ("exclude: [staff, staff]", "segment 'staff' is left out twice"),
        ("exclude: [shared]", "segment 'shared' is a share of units (allocation), and attributes don't tell"),
        ("exclude: [listed]", "segment 'listed' lists ids, and only attributes are asked here"),
        ("exclude: [patterns]", "segment 'patterns' matches a pattern, which engines read differently"),
        ("exclude: [versions]", "segment 'versions' compares versions, which no engine orders"),
        ("exclude: [lists]", "segment 'lists' tests the elements of a list"),
        ("exclude: [elsewhere]", "attribute 'device', which segment 'elsewhere' asks about, isn't defined by any"),
        ("population: {where: {flag: {name: f, is: on}}}", "asks what another flag serves"),
        ("population: {where: {profile.age: {is: 1}}}", "attribute 'profile.age', which its population asks about,"),
        ("dimensions: [[country]]", "a combination is of several different attributes, and [country] isn't"),
        ("dimensions: [[country, zone]]", "attribute 'zone' isn't defined by any source of attributes"),
        ("randomised_by: household", "nothing says which household each user is of"),
    ],
)
def test_who_can_not_be_told_is_refused(spoilt: Spoilt, segments: str, line: str, said: str) -> None:
    found = "\n".join(spoilt(ENROL, f"{line}\n{ENROL}", segments))

    assert said in found


def test_a_table_of_units_has_no_exposures_to_trigger_after(spoilt_table: Spoilt) -> None:
    found = "\n".join(spoilt_table("units: shop", "units: shop\ntrigger: {facts: x, counterfactual: logged}"))

    assert "'trigger' needs exposures, and this experiment enters by units" in found
