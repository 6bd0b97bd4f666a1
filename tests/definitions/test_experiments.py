"""Experiments: arms, roles, expectations, plans, and what can't be right about them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from twyman.definitions import load, project_of
from twyman.experiments.expectation import Ceiling, Expectation, Scale
from twyman.experiments.experiment import AllOf, AnyOf, Arm, Entry, Experiment, Role
from twyman.experiments.plan import AlwaysValid, Lift, Looks, Plan, Results, Spending, SpendingFamily, Test

Spoilt = Callable[..., list[str]]
DAY = timedelta(days=1)

UNITS = {
    "kind": "units",
    "name": "shop",
    "table": "s.csv",
    "row_is_unit": True,
    "arm": "segment",
    "outcomes": ["spend"],
}
SPEND = {"kind": "metric", "name": "spend", "type": "mean", "value": {"outcome": "spend"}}
RETURNS = {**SPEND, "name": "returns", "direction": "decrease"}


def experiment(*others: dict[str, Any], **written: object) -> Experiment:
    body: dict[str, object] = {
        "kind": "experiment",
        "name": "mail",
        "units": "shop",
        "arms": {"control": {}, "mail": {}},
        "metrics": {"spend": {"role": "success"}},
    }
    return project_of([UNITS, SPEND, RETURNS, *others, body | written]).experiments["mail"]


def test_an_experiment_over_exposures_is_read(music: Path) -> None:
    page = load(music).experiments["page"]

    assert (page.entry, page.source, page.key, page.entity) == (Entry.EXPOSURES, "exposures", "page", "user")
    assert page.arms == (Arm("control", 0.5, control=True, value="control"), Arm("moments", 0.5, value="moments"))
    assert page.enrol_from == datetime(2015, 4, 6, tzinfo=UTC)
    assert page.measure_until == datetime(2015, 6, 1, tzinfo=UTC)
    assert [(each.metric, each.role, each.mde, each.margin) for each in page.tracked] == [
        ("minutes_per_user", Role.SUCCESS, 0.01, None),
        ("skip_rate", Role.GUARDRAIL, None, 0.01),
    ]
    assert str(page.origin.at("metrics.skip_rate.margin")) == "music.yaml:45"


def test_shares_are_as_given_or_equal() -> None:
    given = experiment(arms={"control": {"share": "99%"}, "mail": {"share": 0.01}})

    assert [arm.share for arm in given.arms] == [0.99, 0.01]
    assert [arm.share for arm in experiment().arms] == [0.5, 0.5]


@pytest.mark.parametrize(("written", "value"), [("Mens E-Mail", "Mens E-Mail"), (1, "1"), (True, "true")])
def test_an_arm_says_what_the_data_call_it_as_text(written: object, value: str) -> None:
    assert experiment(arms={"control": {}, "mail": {"is": written}}).arms[1].value == value


def test_the_control_is_the_arm_marked_so_else_the_one_named_so() -> None:
    marked = experiment(arms={"control": {}, "none": {"control": True}})

    assert marked.control.name == "none"
    assert experiment().control.name == "control"


FLAG = {
    "kind": "flag",
    "name": "start",
    "schema": "bool",
    "variants": {"old": False, "new": True},
    "rules": [
        {"name": "testers", "when": {"user_id": {"in": ["u-1"]}}, "serve": "new"},
        {"name": "mail", "salt": "s-1", "split": {"old": "90%", "new": "10%"}, "experiment": "mail"},
    ],
}


def test_shares_come_from_the_flags_rule_of_the_experiments_name() -> None:
    arms = {"control": {"variant": "old"}, "mail": {"variant": "new"}}

    assert [(arm.share, arm.value) for arm in experiment(FLAG, flag="start", arms=arms).arms] == [
        (0.9, "old"),
        (0.1, "new"),
    ]
    assert [arm.share for arm in experiment(flag="elsewhere", arms=arms).arms] == [0.5, 0.5]


def test_an_expectation_is_for_every_treatment_or_for_one() -> None:
    numbers = {"low": "0.5%", "likely": "2%", "high": 0.03}
    ceiling = {"at": "4%", "because": "none ever was"}
    arms = {"control": {}, "mail": {}, "call": {}}
    for_all = experiment(arms=arms, metrics={"spend": {"role": "success", "expect": numbers, "ceiling": ceiling}})
    for_one = experiment(arms=arms, metrics={"spend": {"role": "success", "expect": {"call": numbers}}})

    expected = Expectation(0.005, 0.02, 0.03, Scale.RELATIVE, Ceiling(0.04, "none ever was"))
    assert for_all.tracked[0].expectations == {"mail": expected, "call": expected}
    assert for_one.tracked[0].expectations == {"call": Expectation(0.005, 0.02, 0.03)}


def test_an_expectation_may_be_absolute_and_its_ceiling_per_arm() -> None:
    expect = {"low": 1, "likely": 2, "high": 3, "scale": "absolute"}
    ceiling = {"mail": {"at": 4, "because": "a reason"}}
    tracked = experiment(metrics={"spend": {"role": "success", "expect": expect, "ceiling": ceiling}}).tracked[0]

    assert tracked.expectations["mail"] == Expectation(1, 2, 3, Scale.ABSOLUTE, Ceiling(4, "a reason"))


def test_the_decision_is_a_tree_over_success_metrics() -> None:
    metrics = {"spend": {"role": "success"}, "returns": {"role": "success"}}

    assert experiment(metrics=metrics).decide == AnyOf(("spend", "returns"))
    assert experiment(metrics=metrics, decide="returns").decide == "returns"
    assert experiment(metrics=metrics, decide={"any": ["spend", {"all": ["spend", "returns"]}]}).decide == AnyOf(
        ("spend", AllOf(("spend", "returns")))
    )
    assert experiment(metrics={"spend": {"role": "information"}}).decide is None


def test_a_plan_is_as_written() -> None:
    analysis = {
        "units": 160000, "alpha": "10%", "power": "90%", "test": "score", "lift": "log", "alpha_deterioration": "2%",
        "results": "at_end", "sequential": {"spending": "power-3", "looks": "daily"},
    }  # fmt: skip

    assert experiment(analysis=analysis).plan == Plan(
        alpha=0.1,
        power=0.9,
        units=160000,
        spending=Spending(SpendingFamily.POWER, 3),
        looks=Looks(DAY),
        test=Test.SCORE,
        lift=Lift.LOG,
        alpha_deterioration=0.02,
        results=Results.AT_END,
    )


def test_a_plan_left_out_is_one_look_at_the_projects_error_rates() -> None:
    project = {"kind": "project", "defaults": {"alpha": "1%", "power": "70%", "alpha_deterioration": "3%"}}

    assert experiment().plan == experiment(analysis={"sequential": "fixed"}).plan == Plan()
    assert experiment(project).plan == Plan(alpha=0.01, power=0.7, alpha_deterioration=0.03)


@pytest.mark.parametrize(
    ("looks", "planned"),
    [
        ("weekly", Looks(7 * DAY)),
        ("36h", Looks(timedelta(hours=36))),
        (2, Looks(None, (datetime(2015, 1, 6, tzinfo=UTC), datetime(2015, 1, 11, tzinfo=UTC)))),
        (
            ["2015-01-02", "2015-01-11"],
            Looks(None, (datetime(2015, 1, 2, tzinfo=UTC), datetime(2015, 1, 11, tzinfo=UTC))),
        ),
    ],
)
def test_looks_are_a_rhythm_a_number_or_dates(looks: object, planned: Looks) -> None:
    times = {"enrol": {"from": "2015-01-01"}, "measure_until": "2015-01-11"}

    assert experiment(**times, analysis={"sequential": {"spending": "pocock", "looks": looks}}).plan.looks == planned


@pytest.mark.parametrize(
    ("analysis", "tuned_for", "looks"),
    [
        ({"sequential": {"always-valid": {"tuned_for": 160000}}}, 160000, Looks()),
        ({"units": 9000, "sequential": "always-valid"}, 9000, Looks()),
        ({"units": 9000, "sequential": {"always-valid": {}, "looks": "daily"}}, 9000, Looks(DAY)),
        ({"units": 9000, "sequential": {"always-valid": {"tuned_for": 500}}}, 500, Looks()),
    ],
)
def test_bounds_that_hold_at_any_look_are_tuned_for_units(analysis: object, tuned_for: int, looks: Looks) -> None:
    plan = experiment(analysis=analysis).plan

    assert plan.spending == AlwaysValid(tuned_for)
    assert plan.looks == looks
    assert plan.always_valid


def test_effects_hidden_to_the_end_need_an_end(spoilt: Spoilt) -> None:
    analysis = "analysis: {results: at_end, sequential: {always-valid: {tuned_for: 900}}}\n"
    endless = "\n".join(spoilt("measure_until: 2015-06-01\n", analysis))

    assert "'at_end' hides effects until the last look, and an always-valid plan has none of itself" in endless
    assert "a.yaml:" in endless
    assert spoilt("enrol: {from", f"{analysis}enrol: {{from") == []


def test_what_it_may_speak_for_and_what_it_is_broken_down_by() -> None:
    read = experiment(population={"say": "claims about NZ only"}, dimensions=["zone"], strata=["size"])

    assert (read.claims, read.dimensions, read.strata) == ("claims about NZ only", ("zone",), ("size",))


def test_times_are_read_in_the_projects_zone() -> None:
    read = experiment({"kind": "project", "timezone": "Pacific/Auckland"}, enrol={"from": "2015-06-01"})

    assert read.enrol_from == datetime(2015, 5, 31, 12, tzinfo=UTC)


ARMS = "arms: {control: {}, moments: {}}"
MINUTES = "minutes_per_user: {role: success, mde: 1%}"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            ARMS,
            "arms: {control: {}}",
            "a.yaml:39: experiment 'page' has 1 arm: a comparison needs a control and a treatment",
        ),
        (
            ARMS,
            "arms: {a: {}, b: {}}",
            "a.yaml:39: experiment 'page' needs one control, and has none: mark one arm with",
        ),
        (ARMS, "arms: {a: {control: true}, b: {control: true}}", "needs one control, and has a, b"),
        (
            ARMS,
            "arms: {control: {share: 50%}, b: {}}",
            "arm 'b' has no share, and others have one: give each arm a share",
        ),
        (ARMS, "arms: {control: {share: 50%}, b: {share: 40%}}", "shares of 'page' sum to 0.9, and must sum to 1"),
        (ARMS, "arms: {control: {share: 50}, b: {share: 50}}", "share 50 isn't between 0 and 1: write 50% or 0.5"),
        (ARMS, "arms: {control: {is: x}, b: {is: x}}", "two arms of 'page' have the same value in the data"),
        (ARMS, "arms: {control: {}, b: {is: 5.20}}", 'is read as the number 5.2, not as text: quote it, as in "5.20"'),
        (
            "exposures: exposures\nenrol",
            "exposures: exposure\nenrol",
            "source 'exposure' of kind exposures isn't defined: did",
        ),
        (
            "exposures: exposures\nenrol",
            "exposures: listening\nenrol",
            "source 'listening' of kind exposures isn't defined",
        ),
        (
            "exposures: exposures\nenrol",
            "enrol",
            "enters by exposures, units or aggregates, and this one says none of them",
        ),
        (
            "exposures: exposures\nenrol",
            "exposures: exposures\nunits: x\nenrol",
            "this one says several of them: name one",
        ),
        ("until: 2015-05-04}", "until: 2015-03-04}", "a.yaml:41: enrolment of 'page' ends before it starts"),
        ("measure_until: 2015-06-01", "measure_until: 20150601", "'measure_until' '20150601' is read as the number"),
        ("measure_until: 2015-06-01", "measure_until: '20150601'", "time '20150601' isn't written as a date or time"),
        (
            MINUTES,
            "minutes: {role: success}",
            "a.yaml:44: experiment 'page': metric 'minutes' isn't defined: did you mean",
        ),
        (
            MINUTES,
            "minutes_per_user: {role: sucess}",
            "'sucess' isn't one of the words known here: did you mean 'success'?",
        ),
        (MINUTES, "minutes_per_user: {}", "'metrics.minutes_per_user' has no 'role', which it needs: add role:"),
        (MINUTES, "minutes_per_user: {role: success, margin: 1%}", "'margin' is for a metric with role guardrail"),
        (MINUTES, "minutes_per_user: {role: success, within: 1%}", "'within' is for a metric with role must_not_move"),
        (
            "margin: 1%",
            "margin: -1%",
            "a.yaml:45: experiment 'page', metrics.skip_rate.margin: -1% isn't a size between",
        ),
        ("mde: 1%}", "mde: 0}", "metrics.minutes_per_user.mde: 0 isn't a size between 0 and 100 %"),
        (
            "mde: 1%}",
            "expect: {low: 3%, likely: 2%, high: 1%}}",
            "expectation 0.03, 0.02, 0.01 isn't ordered: write low <",
        ),
        (
            "mde: 1%}",
            "expect: {moment: {low: 1%, likely: 2%, high: 3%}}}",
            "'moment' is no treatment of this",
        ),
        (
            "mde: 1%}",
            "expect: {low: 1%, likely: 2%}}",
            "'metrics.minutes_per_user.expect' has no 'high', which it needs",
        ),
        (
            "mde: 1%}",
            "ceiling: {at: 4%, because: x}}",
            "a ceiling is a bound on an expectation, and none is given: add expect",
        ),
        (
            "mde: 1%}",
            "expect: {low: 1%, likely: 2%, high: 3%}, ceiling: {at: 1%, because: x}}",
            "ceiling 0.01 isn't above the likely effect 0.02, and bounds the improving side of a metric",
        ),
        (
            "margin: 1%}",
            "expect: {low: -3%, likely: -2%, high: -1%}, ceiling: {at: 5%, because: x}}",
            "ceiling 0.05 isn't below the likely effect -0.02",
        ),
        (
            "mde: 1%}",
            "expect: {low: 1%, likely: 2%, high: 3%}, ceiling: {at: 4%, because: ' '}}",
            "a ceiling without a reason convinces nobody",
        ),
        (
            "enrol: {from",
            "decide: skip_rate\nenrol: {from",
            "'skip_rate' has no role success here, and only those decide",
        ),
        ("enrol: {from", "decide: {any: [minutes]}\nenrol: {from", "'minutes' has no role success here"),
        ("enrol: {from", "decide: {any: []}\nenrol: {from", "a decision is any or all of at least one metric"),
        (
            "enrol: {from",
            "dimensions: [contry]\nenrol: {from",
            "attribute 'contry' isn't defined by any source of attributes:",
        ),
        ("enrol: {from", "strata: [plan, profile.pln]\nenrol: {from", "attribute 'profile.pln' isn't defined"),
        ("enrol: {from", "analysis: {alpha: 5}\nenrol: {from", "share 5 isn't between 0 and 1: write 5% or 0.05"),
        ("enrol: {from", "analysis: {power: 1}\nenrol: {from", "1 is no error rate and no power"),
        (
            "enrol: {from",
            "analysis: {units: 0}\nenrol: {from",
            "units 0 can't be compared: plan at least one unit an arm",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: always-valid}\nenrol: {from",
            "none is named: add units, or write {always-valid: {tuned_for: 160000}}",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {always-valid: {tuned_for: 1}}}\nenrol: {from",
            "tuned_for 1 can't be compared: write the units of all arms",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {always-valid: {tuned: 9}}}\nenrol: {from",
            "key 'tuned' isn't known in 'analysis.sequential.always-valid': did you mean 'tuned_for'",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {always-valid: {tuned_for: 160k}}}\nenrol: {from",
            "'160k'",
        ),
        (
            "enrol: {from",
            "analysis: {units: 900, sequential: {spending: pocock, always-valid: {}}}\nenrol: {from",
            "has both 'spending' and 'always-valid'",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {spending: always-valid}}\nenrol: {from",
            "'always-valid' spends no error: write sequential: {always-valid: {tuned_for: 160000}}",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: always_valid}\nenrol: {from",
            "'always_valid' spends no error",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {looks: daily}}\nenrol: {from",
            "'sequential' names no spending of error",
        ),
        ("enrol: {from", "analysis: {sequential: {spending: x}}\nenrol: {from", "spending 'x' isn't a family of ours"),
        (
            "enrol: {from",
            "analysis: {sequential: {spending: pocock, looks: [2015-05-02, 2015-05-01]}}\nenrol: {from",
            "in the or",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {spending: pocock, looks: [2016-05-02]}}\nenrol: {from",
            "after measure_until",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {spending: pocock, looks: [2014-05-02]}}\nenrol: {from",
            "before anyone is",
        ),
        (
            "enrol: {from",
            "analysis: {sequential: {spending: pocock, looks: 0}}\nenrol: {from",
            "0 looks can't be planned",
        ),
        ("enrol: {from", "type: switchback\nenrol: {from", "a switchback isn't available in this version"),
        ("enrol: {from", "entity: device\nenrol: {from", "its source holds no id of entity 'device': known are 'user'"),
    ],
)
def test_experiments_that_cannot_be_right_are_refused(spoilt: Spoilt, before: str, after: str, said: str) -> None:
    assert said in "\n".join(spoilt(before, after))


def test_randomisation_by_the_entity_itself_is_no_news(spoilt: Spoilt) -> None:
    assert spoilt("enrol: {from", "randomised_by: user\nenrol: {from") == []


def test_a_number_of_looks_needs_a_span(errors: Spoilt) -> None:
    body = (
        "arms: {control: {}, b: {}}\nunits: shop\nmetrics: {}\nanalysis: {sequential: {spending: pocock, looks: 5}}\n"
    )

    assert "5 looks need a span to be spread over" in "\n".join(errors(f"kind: experiment\nname: x\n{body}"))


def test_an_experiment_that_measures_nothing_is_refused(spoilt_table: Spoilt) -> None:
    assert "it measures nothing, so nothing could be decided" in spoilt_table("{visits: {role: success}}", "{}")[0]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "value: {outcome: visit}",
            "value: {outcome: vist}",
            "metric 'visits' reads 'vist', no outcome of 'shop': did you",
        ),
        (
            "type: proportion",
            "type: proportion\ncuped: {covariates: [histry]}",
            "is adjusted by 'histry', no covariate of",
        ),
        (
            "units: shop\n",
            "units: shop\ndimensions: [spend]\n",
            "'spend' is an outcome, and units may only be told apart by",
        ),
    ],
)
def test_an_experiment_and_its_table_must_agree(spoilt_table: Spoilt, before: str, after: str, said: str) -> None:
    assert said in "\n".join(spoilt_table(before, after))


def test_a_metric_over_facts_cannot_be_read_of_a_table(errors: Spoilt, music: Path) -> None:
    table = "kind: units\nname: shop\ntable: s\nrow_is_unit: true\narm: a\n---\n"
    page = "kind: experiment\nname: x\narms: {control: {}, b: {}}\nunits: shop\nmetrics: {skip_rate: {role: success}}\n"

    found = errors(table + page)

    assert "metric 'skip_rate' reads facts after exposure, which units don't hold: use one that they do" in found[0]
    assert music.exists()


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        (
            "{control: {variant: old}, b: {variant: nw}}",
            "variant 'nw' isn't in the split of the flag's rule: did you mean 'new'",
        ),
        (
            "{control: {variant: old, share: 50%}, b: {variant: new}}",
            "share 0.5 of arm 'control' isn't the one in the flag's",
        ),
    ],
)
def test_arms_and_the_flags_rule_must_agree(spoilt_table: Spoilt, here: Path, arms: str, said: str) -> None:
    rule = "{name: mail, salt: s-1, split: {old: 90%, new: 10%}}"
    variants = "variants: {old: false, new: true}"
    (here / "b.yaml").write_text(f"kind: flag\nname: f\nschema: bool\n{variants}\nrules: [{rule}]\n")

    assert said in "\n".join(spoilt_table("arms: {control: {}, mail: {}}\n", f"arms: {arms}\nflag: f\n"))
