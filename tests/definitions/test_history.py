"""What past experiments found, how far a change reaches, and who signed what: as files say it."""

from datetime import date
from typing import Any

import pytest

from twyman.definitions import project_of
from twyman.experiments.expectation import Expectation, Reach
from twyman.experiments.experiment import Experiment
from twyman.experiments.sign_off import SignOff
from twyman.kernel.errors import Invalid
from twyman.metrics.metric import Reference
from twyman.metrics.source import Frame, Table

UNITS = {
    "kind": "units",
    "name": "shop",
    "table": "s.csv",
    "row_is_unit": True,
    "arm": "segment",
    "outcomes": ["kept"],
}
KEPT = {"kind": "metric", "name": "kept", "type": "proportion", "value": {"outcome": "kept"}}
ROW = {"experiment": "a", "metric": "kept", "lift": "2%", "se": 0.004, "ended": "2014-05-01", "change": "layout"}
PROJECT = {"kind": "project", "name": "p", "teams": {"discovery": ["Ana", "Ben"]}}
SIGNED = {"metric": "kept", "by": "Dana", "on": "2015-07-01", "estimate": "6.1%", "because": "seen twice"}


def experiment(*others: dict[str, Any], **written: object) -> Experiment:
    body: dict[str, object] = {
        "kind": "experiment",
        "name": "page",
        "owner": "discovery",
        "units": "shop",
        "enrol": {"from": "2015-06-01"},
        "arms": {"control": {}, "page": {}},
        "metrics": {"kept": {"role": "success"}},
    }
    return project_of([PROJECT, UNITS, KEPT, *others, body | written]).experiments["page"]


def rows(*written: dict[str, Any]) -> Any:
    return project_of([{"kind": "history", "name": "h", "rows": list(written)}]).history


def test_rows_are_read_with_what_was_expected() -> None:
    (one,) = rows({**ROW, "low": "0%", "likely": "1%", "high": "2%", "owner": "discovery"}).results

    assert (one.experiment, one.metric, one.change, one.lift, one.se) == ("a", "kept", "layout", 0.02, 0.004)
    assert (one.ended, one.expected) == (date(2014, 5, 1), Expectation(0.0, 0.01, 0.02))


def test_a_table_is_named_and_read_later() -> None:
    frame = object()
    written = {"kind": "history", "name": "h", "columns": {"lift": "effect"}}

    (named,) = project_of([{**written, "table": "past.csv"}]).history.tables
    (held,) = project_of([{**written, "table": frame}]).history.tables

    assert (named.relation, dict(named.columns)) == (Table("past.csv"), {"lift": "effect"})
    assert held.relation == Frame(frame)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROW, "se": 0}, "a standard error of 0"),
        ({**ROW, "lift": "much"}, "effect 'much' isn't a number"),
        ({**ROW, "ended": "last year"}, "time 'last year' isn't written as a date"),
        ({**ROW, "low": "1%"}, "write all three, or none"),
        ({**ROW, "low": "3%", "likely": "2%", "high": "1%"}, "isn't ordered"),
    ],
)
def test_a_row_that_says_no_result_is_refused(row: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        rows(row)


def test_a_history_comes_from_one_place() -> None:
    with pytest.raises(Invalid, match="neither rows nor a table"):
        project_of([{"kind": "history", "name": "h"}])
    with pytest.raises(Invalid, match="both rows and a table"):
        project_of([{"kind": "history", "name": "h", "rows": [ROW], "table": "past.csv"}])
    with pytest.raises(Invalid, match="a past result has no 'lyft': did you mean 'lift'"):
        project_of([{"kind": "history", "name": "h", "table": "past.csv", "columns": {"lyft": "x"}}])


def test_a_change_has_a_class_and_a_reach() -> None:
    reach = {"share": "12%", "baseline": "80%", "because": "so many open the page"}

    found = experiment(change="layout", metrics={"kept": {"role": "success", "reach": reach}})

    assert (found.change, found.tracked[0].reach) == ("layout", Reach(0.12, 0.8, "so many open the page"))


def test_references_bound_the_improving_side() -> None:
    ads = {"change": "advertising", "lift": "7%", "because": "advertising was removed"}
    metric = project_of([UNITS, {**KEPT, "references": [ads]}]).catalogue.metric("kept")

    assert metric.references == (Reference("advertising", 0.07, "advertising was removed"),)
    with pytest.raises(Invalid, match="a lift of 7% doesn't improve a metric that should decrease"):
        project_of([UNITS, {**KEPT, "direction": "decrease", "references": [ads]}])


def test_a_signature_is_read_alone_and_in_a_list() -> None:
    made = SignOff(metric="kept", arm="page", by="Dana", on=date(2015, 7, 1), estimate=0.061, because="seen twice")

    assert experiment(sign_off=SIGNED).signed == (made,)
    assert experiment(sign_off=[SIGNED, SIGNED]).signed == (made, made)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"by": "discovery"}, "nobody signs their own good news off"),
        ({"by": "Ben"}, "'Ben' belongs to 'discovery', which owns this experiment"),
        ({"by": " "}, "write who"),
        ({"because": " "}, "a sign-off without a reason"),
        ({"metric": "spent"}, "'spent' is no metric of this experiment"),
        ({"arm": "control"}, "'control' is no treatment of this experiment"),
        ({"on": "2015-05-31"}, "before enrolment began"),
        ({"estimate": "lots"}, "effect 'lots' isn't a number"),
    ],
)
def test_a_signature_that_cannot_be_one_is_refused(changed: dict[str, str], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        experiment(sign_off={**SIGNED, **changed})


def test_nobody_is_outside_the_team_of_an_experiment_that_nobody_owns() -> None:
    with pytest.raises(Invalid, match="add owner"):
        experiment(sign_off=SIGNED, owner="")


def test_with_several_treatments_a_signature_says_which() -> None:
    arms = {"control": {}, "page": {}, "list": {}}

    assert experiment(arms=arms, sign_off={**SIGNED, "arm": "list"}).signed[0].arm == "list"
    with pytest.raises(Invalid, match="doesn't say of which arm"):
        experiment(arms=arms, sign_off=SIGNED)
