"""What an experiment at the gate has in common with others: overlaps counted by hand, ranked, said in every format."""

import json
from dataclasses import replace

import pytest
from tests.app.launches import experiment, flag, gated, split, users

from twyman.app.gate_views import GateReport
from twyman.experiments.history import PastPairs
from twyman.flags.slices import Claim, Slice
from twyman.flags.targeting import In, Where
from twyman.report.gate import json_text, text
from twyman.report.sarif import sarif_text

NZ = Where("country", In(("NZ",)))
PAGE = flag("page", split("page-test", "page-1"))
ADS = flag("ads", split("ads-test", "ads-1", when=NZ))
SEARCH = flag("search", split("search-test", "search-1"))
FAR = flag("mail", split("mail-test", "mail-1"))
EVERYBODY = users(3000, country=("NZ", "SE", "SE", "US"))
EXPERIMENTS = (
    experiment("page-test", on="page", surface="home"),
    experiment("ads-test", on="ads", surface="home", moves="clicks"),
    experiment("search-test", on="search", surface="search"),
    experiment("mail-test", on="mail", moves="opens"),
)


def report(**more: object) -> GateReport:
    return gated([PAGE, ADS, SEARCH, FAR], EXPERIMENTS, EVERYBODY, **more)  # type: ignore[arg-type]


def test_the_overlap_is_a_share_of_the_smaller_one_and_the_most_in_common_comes_first() -> None:
    page, ads, *_ = report().experiments

    assert [(one.other, one.overlap, one.score) for one in page.conflicts] == [
        ("ads-test", 1.0, 1.0),
        ("search-test", 1.0, pytest.approx(0.2)),
        ("mail-test", 1.0, 0.0),
    ]
    assert [one.other for one in ads.conflicts] == ["page-test", "mail-test", "search-test"]
    assert page.passes


def test_claims_of_a_quarter_each_share_what_is_in_both() -> None:
    quarter = (Claim("a", (Slice(0, 250_000),)),)
    one = flag("page", split("page-test", "page-1", claims=quarter))
    other = flag("ads", split("ads-test", "ads-1", claims=(Claim("b", (Slice(0, 500_000),)),)))

    page, ads = gated([one, other], EXPERIMENTS[:2], EVERYBODY).experiments

    shared = page.overlaps["ads-test"] / min(sum(page.arms.values()), sum(ads.arms.values()))
    assert page.conflicts[0].overlap == ads.conflicts[0].overlap == shared
    assert 0.4 < shared < 0.6


def test_two_experiments_on_one_flag_conflict_as_far_as_their_rules_reach_the_same() -> None:
    both = flag("page", split("page-test", "page-1"), split("ads-test", "ads-1", when=NZ))

    page, ads = gated([both], [EXPERIMENTS[0], replace(EXPERIMENTS[1], flag="page")], EVERYBODY).experiments

    assert [(one.other, one.overlap, one.parameter, one.score) for one in page.conflicts] == [("ads-test", 1, 1, 1)]
    assert [one.other for one in ads.conflicts] == ["page-test"]


def test_history_counts_where_there_is_one() -> None:
    known = (PastPairs(frozenset({"home", "search"}), 30, 6),)

    page = report(past=known).experiments[0]

    found = {one.other: one for one in page.conflicts}
    rate = found["search-test"].history
    assert rate == pytest.approx(0.2, abs=0.01)
    assert found["search-test"].score == pytest.approx(1 - 0.8 * (1 - (rate or 0)))
    assert found["mail-test"].history is None


def test_of_what_is_sealed_nothing_in_common_is_told() -> None:
    sealed = replace(EXPERIMENTS[1], sealed=True)

    page, *_ = gated([PAGE, ADS], [EXPERIMENTS[0], sealed], EVERYBODY).experiments

    assert page.conflicts == ()
    both = flag("page", split("page-test", "page-1"), split("ads-test", "ads-1"))
    on_one = gated([both], [EXPERIMENTS[0], replace(sealed, flag="page")], EVERYBODY, asked="page-test")
    assert on_one.experiments[0].conflicts == ()


def test_a_table_ranks_those_that_have_anything_in_common() -> None:
    printed = text(report())

    _, after = printed.split("in common with other experiments", 1)
    rows = after.split("\n\n")[0].split("\n")[1:]
    assert len(rows) == 3
    assert rows[0].split() == ["conflict", "units", "flag", "surface", "metrics", "history"]
    assert rows[1].split() == ["1.00", "1.00", "0.00", "1.00", "0.00", "unknown", "ads-test"]
    assert rows[2].split() == ["0.20", "1.00", "0.00", "0.00", "1.00", "unknown", "search-test"]


def test_only_the_first_five_are_in_the_table_and_the_others_counted() -> None:
    flags = [PAGE, *(flag(f"f{n}", split(f"e{n}", f"s{n}")) for n in range(7))]
    several = [EXPERIMENTS[0], *(experiment(f"e{n}", on=f"f{n}", surface="home") for n in range(7))]

    printed = text(gated(flags, several, users(100)))

    assert "    and 2 more by --format json" in printed


def test_json_and_sarif_have_every_term() -> None:
    whole = report()
    terms = {
        "experiment": "ads-test", "score": 1.0, "overlap": 1.0, "parameter": 0.0, "surface": 1.0, "metrics": 0.0,
        "history": None,
    }  # fmt: skip

    assert json.loads(json_text(whole))["experiments"][0]["conflicts"][0] == terms
    assert json.loads(sarif_text(whole, "1"))["runs"][0]["properties"]["conflicts"]["page-test"][0] == terms


def test_a_finding_about_another_experiment_carries_the_score() -> None:
    still = experiment("ads-test", on="ads", moves="clicks", still="minutes", surface="home")

    log = json.loads(sarif_text(gated([PAGE, ADS], [EXPERIMENTS[0], still], EVERYBODY), "1"))

    found = [one for one in log["runs"][0]["results"] if one["ruleId"] == "must_not_move"]
    assert {one["properties"]["conflict"]["score"] for one in found} == {1.0}
