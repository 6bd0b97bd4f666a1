"""Experiments on a flag: shares and arms come from its rule, and what doesn't fit together is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twyman.definitions import check, load_experiment, project_of
from twyman.experiments.experiment import Arm
from twyman.kernel.errors import Invalid

FLAG = "kind: flag\nname: start\nschema: bool\nvariants: {old: false, new: true}\n"
SHOP = {"kind": "units", "name": "shop", "table": "s.csv", "row_is_unit": True, "arm": "a", "outcomes": ["visit"]}
VISITS = {"kind": "metric", "name": "visits", "type": "proportion", "value": {"outcome": "visit"}}
MAIL = {"kind": "experiment", "name": "mail", "units": "shop", "metrics": {"visits": {"role": "success"}}}
RULE = {"name": "mail", "salt": "s-1", "split": {"old": "90%", "new": "10%"}, "experiment": "mail"}
PAIR = {"control": {"variant": "old"}, "mail": {"variant": "new"}}

Spoilt = Callable[..., list[str]]


def arms(rule: dict[str, object], arms: dict[str, object], flag: str | None = "start") -> tuple[Arm, ...]:
    variants = {"old": False, "new": True}
    start = {"kind": "flag", "name": "start", "schema": "bool", "variants": variants, "rules": [rule]}
    page = {**MAIL, "arms": arms, **({"flag": flag} if flag else {})}
    return project_of([SHOP, VISITS, start, page]).experiments["mail"].arms


@pytest.mark.parametrize(
    "said",
    [{"control": {}, "mail": {"variant": "new"}}, {"rest": {"control": True, "variant": "fallthrough"}, "new": {}}],
)
def test_a_fallthrough_is_the_control_as_it_is_logged(said: dict[str, object]) -> None:
    rule: dict[str, object] = {"name": "mail", "salt": "s", "share": "10%", "serve": "new", "otherwise": "fallthrough"}

    assert [(arm.share, arm.value, arm.control) for arm in arms(rule, said)] == [
        (0.9, "control", True),
        (0.1, "new", False),
    ]


def test_what_an_arm_is_in_the_data_goes_before_its_variant_and_its_variant_before_its_name() -> None:
    assert [arm.value for arm in arms(RULE, PAIR)] == ["old", "new"]
    assert [arm.value for arm in arms(RULE, {"old": {"is": "A", "control": True}, "new": {}})] == ["A", "new"]
    assert [arm.value for arm in arms(RULE, PAIR, flag=None)] == ["control", "mail"]


def test_shares_come_from_the_rule_that_logs_for_the_experiment() -> None:
    assert [arm.share for arm in arms({**RULE, "name": "other"}, PAIR)] == [0.9, 0.1]
    assert [arm.share for arm in arms({**RULE, "experiment": "other"}, PAIR)] == [0.9, 0.1]
    assert [arm.share for arm in arms({**RULE, "name": "a", "experiment": "b"}, PAIR)] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("named", "rule", "said"),
    [
        (
            "start",
            "name: mail, salt: s, split: {old: 90%, new: 10%}",
            "logs its exposures under 'start.mail'",
        ),
        ("start", "name: else, serve: new", "flag 'start' has no rule for 'mail', so shares are taken as they stand"),
        ("strat", "name: mail, serve: new", "flag 'strat' isn't in this folder: did you mean 'start'?"),
    ],
)
def test_what_doesnt_fit_between_flag_and_experiment_is_remarked_on(
    spoilt_table: Spoilt, here: Path, named: str, rule: str, said: str
) -> None:
    (here / "b.yaml").write_text(f"{FLAG}rules: [{{{rule}}}]\n")
    pair = "arms: {control: {variant: old}, mail: {variant: new}}"

    assert spoilt_table("arms: {control: {}, mail: {}}\n", f"{pair}\nflag: {named}\n") == []
    assert said in "\n".join(map(str, check(here / "a.yaml").remarks))


def test_an_experiment_on_other_units_than_its_flags_is_remarked_on(music: Path) -> None:
    rule = "{name: page, by: household_id, salt: s, split: {old: 50%, new: 50%}, experiment: page}"
    sound = music.read_text()
    ids = "entities: {user: user_id, household: household_id}\ntimestamp: exposed_at"
    both = sound.replace("entities: {user: user_id}\ntimestamp: exposed_at", ids)
    pair = "entity: user\nflag: start\narms: {control: {variant: old}, moments: {variant: new}}\n"
    music.write_text(both.replace("arms: {control: {}, moments: {}}\n", pair) + f"---\n{FLAG}rules: [{rule}]\n")

    report = check(music)

    assert report.errors == ()
    (remark,) = report.remarks
    assert "deals out by 'household_id', which is each household, and this experiment compares each user" in str(remark)


def test_a_broken_flag_stops_its_own_experiment_and_no_other(music: Path) -> None:
    own, between, experiment = music.read_text().partition("kind: experiment\n")
    other = experiment.replace("name: page", "name: other")
    mine = experiment.replace("arms:", "flag: start\narms:")
    music.write_text(f"{own}{between}{mine}---\n{between}{other}---\n{FLAG.replace('true', '1')}")

    with pytest.raises(Invalid, match=r"'variants\.new' doesn't fit the schema"):
        load_experiment(music, "page")
    assert load_experiment(music, "other")[1].name == "other"
