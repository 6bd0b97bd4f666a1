"""Public experiments give their published figures, through definition files and `twyman analyze`.

Expected figures, their conventions and tolerances come from `expected.json` beside the data.
"""

import json
import runpy
import shutil
from collections.abc import Callable
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from twyman.cli import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SHARED = ROOT.parent / "shared"

DATA = {
    "cookie_cats": "cookie_cats",
    "udacity_ab_data": "udacity_ab_data",
    "udacity_free_trial": "udacity_free_trial",
    "udacity_homepage": "udacity_homepage_actions",
    "hillstrom": "hillstrom",
    "adsmart": "adsmart",
    "globox": "globox",
    "cdnow": "cdnow",
    "sparkify": "sparkify_users",
    "lalonde": "lalonde_nsw",
}
OUTSIDE = {
    "ab_data.logit": "logistic regression is outside (METHODS, Rulings 10)",
    "hillstrom.multiplicity": "Holm and Benjamini-Hochberg are another rule; here success metrics share alpha",
    "hillstrom.interaction": "an interaction of two factors, which no experiment file can ask for yet",
}
"""Checks of the file that ask for a method this product hasn't got yet, or doesn't want."""

Json = dict[str, Any]
Analyze = Callable[[str, str], Json]


@pytest.fixture(scope="session")
def analyze(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Analyze:
    """Run an example's experiment by the command line; return the JSON it writes."""

    @cache
    def project(name: str) -> Path:
        folder = tmp_path_factory.mktemp("examples") / name
        shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("data", "*.py"))
        (folder / "data").mkdir()
        for file in (shared / "data" / DATA[name]).iterdir():
            (folder / "data" / file.name).symlink_to(file)
        if (EXAMPLES / name / "prepare.py").exists():
            runpy.run_path(str(EXAMPLES / name / "prepare.py"))["main"](folder / "data")
        return folder

    @cache
    def run(name: str, experiment: str) -> Json:
        folder = project(name)
        output = folder / f"{experiment}.json"
        code = main(["analyze", str(folder / f"{experiment}.yaml"), "--format", "json", "--output", str(output)])
        assert code == 0
        return json.loads(output.read_text())

    return run


@pytest.fixture(scope="session")
def published(shared: Path) -> dict[str, Json]:
    """Every check of the file, by its id."""
    return {check["id"]: check for check in json.loads((shared / "data" / "expected.json").read_text())}


def result(answer: Json, metric: str, arm: str | None = None) -> Json:
    found = [
        row
        for row in answer["results"]
        if row["metric"] == metric and row["segment"] is None and arm in {None, row["arm"]}
    ]
    assert len(found) == 1
    return found[0]


def check(answer: Json, code: str, **having: object) -> Json:
    found = [
        one for one in answer["health"]["checks"] if one["code"] == code and all(one[k] == v for k, v in having.items())
    ]
    assert len(found) == 1, [(one["code"], one["status"]) for one in answer["health"]["checks"]]
    return found[0]


def interval(effect: Json) -> list[float]:
    return [effect["fixed"]["lower"], effect["fixed"]["upper"]]


def agree(seen: object, expected: object, *, rel: float = 1e-6, what: str = "") -> None:
    """Compare numbers, or lists of them, at a relative tolerance."""
    if isinstance(expected, list):
        assert isinstance(seen, list)
        for one, other in zip(seen, expected, strict=True):
            agree(one, other, rel=rel, what=what)
        return
    assert isclose(seen, expected, rel_tol=rel, abs_tol=0), f"{what}: {seen} is not {expected}"  # type: ignore[arg-type]


BIG = pytest.mark.slow
"""294,478 rows read from gzipped text by three conventions, one after the other."""

PROPORTIONS = [
    ("cookie_cats.retention_1", "cookie_cats", "gate-{}", "retention_1", "gate_40"),
    ("cookie_cats.retention_7", "cookie_cats", "gate-{}", "retention_7", "gate_40"),
    ("ab_data.conversion", "udacity_ab_data", "page-{}", "conversion", "treatment"),
    ("hillstrom.visit.mens", "hillstrom", "email-{}", "visit_raw", "mens"),
    ("hillstrom.conversion.mens", "hillstrom", "email-{}", "conversion_raw", "mens"),
    ("hillstrom.visit.womens", "hillstrom", "email-{}", "visit_raw", "womens"),
    ("hillstrom.conversion.womens", "hillstrom", "email-{}", "conversion_raw", "womens"),
    ("adsmart.awareness", "adsmart", "respondents-{}", "awareness", "exposed"),
    ("adsmart.response_bias", "adsmart", "all-{}", "response", "exposed"),
    ("globox.conversion", "globox", "banner-{}", "conversion", "b"),
    ("globox.window_day0", "globox", "banner-{}", "conversion_day_0", "b"),
    ("homepage.ctr", "udacity_homepage", "homepage-{}", "click_through", "experiment"),
]


@pytest.mark.parametrize(
    ("name", "folder", "experiment", "metric", "arm"),
    [pytest.param(*case, id=case[0], marks=BIG if case[1] == "udacity_ab_data" else ()) for case in PROPORTIONS],
)
def test_a_published_difference_of_proportions_comes_out(
    analyze: Analyze, published: dict[str, Json], name: str, folder: str, experiment: str, metric: str, arm: str
) -> None:
    expected, extra = published[name], published[name]["extra"]
    wald = result(analyze(folder, experiment.format("wald")), metric, arm)
    log = result(analyze(folder, experiment.format("wald-log")), metric, arm)
    score = result(analyze(folder, experiment.format("score")), metric, arm)

    absolute, pooled = wald["absolute"], score["absolute"]["fixed"]

    agree(absolute["estimate"], expected["expected"], what="difference")
    agree(interval(absolute), expected["ci95"], what="Wald interval")
    agree(pooled["p_value"], expected["p_value"], what="pooled p")
    agree(pooled["statistic"], extra["z_pooled"], what="pooled z")
    agree(absolute["fixed"]["p_value"], extra["p_unpooled"], what="unpooled p")
    agree(absolute["se"], extra["se_unpooled"], what="unpooled se")
    agree(wald["relative"]["estimate"], extra["rel"], what="lift")
    agree(interval(wald["relative"]), extra["rel_ci_delta"], what="delta interval")
    agree(interval(log["relative"]), extra["rel_ci_log"], what="log interval")
    for side, suffix in (("treatment", "1"), ("control", "0")):
        assert wald[side]["units"] == extra[f"n{suffix}"]
        agree(wald[side]["mean"], extra[f"p{suffix}"], what=f"{side} rate")
        agree(wald[side]["mean"] * wald[side]["units"], extra[f"x{suffix}"], what=f"{side} successes")


MEANS = [
    ("hillstrom.spend.mens", "hillstrom", "email-welch", "spend_raw", "mens", None),
    ("hillstrom.spend.womens", "hillstrom", "email-welch", "spend_raw", "womens", None),
    ("hillstrom.cuped.mens", "hillstrom", "email-welch", "spend_history", "mens", None),
    ("hillstrom.cuped.womens", "hillstrom", "email-welch", "spend_history", "womens", None),
    ("globox.spend", "globox", "banner", "spend", "b", None),
    ("cookie_cats.gamerounds_outlier", "cookie_cats", "gate", "rounds", "gate_40", "raw"),
    ("cookie_cats.gamerounds_outlier", "cookie_cats", "gate-without-outlier", "rounds", "gate_40", "dropped"),
    ("cookie_cats.gamerounds_outlier", "cookie_cats", "gate", "rounds_capped", "gate_40", "winsor_p99"),
    ("sparkify.aa_mean", "sparkify", "aa", "songs_per_user", "group_1", None),
    ("cdnow.aa_cuped", "cdnow", "aa", "spend_one_slope", "group_1", "cuped"),
    ("cdnow.aa_cuped_active", "cdnow", "aa-active", "spend_one_slope", "group_1", "cuped"),
    ("lalonde.dw_experimental", "lalonde", "dehejia-wahba", "earnings", "trained", "welch"),
    ("lalonde.full_experimental", "lalonde", "full-sample", "earnings", "trained", None),
]


@pytest.mark.parametrize(("name", "folder", "experiment", "metric", "arm", "part"), MEANS)
def test_a_published_difference_of_means_comes_out(
    analyze: Analyze,
    published: dict[str, Json],
    name: str,
    folder: str,
    experiment: str,
    metric: str,
    arm: str,
    part: str | None,
) -> None:
    extra = published[name]["extra"]
    figures = extra[part] if part else extra
    answer = analyze(folder, experiment)
    row = result(answer, metric, arm)
    effect = row["unadjusted"]["absolute"] if part == "welch" else row["absolute"]

    agree(effect["estimate"], figures["diff"], what="difference")
    agree(effect["se"], figures["se"], what="se")
    agree(interval(effect), figures["ci"], what="interval")
    for name_, key in (("df", "df"), ("statistic", "t"), ("p_value", "p")):
        agree(effect["fixed"][name_], figures[key], what=name_)
    for side, suffix in (("treatment", "1"), ("control", "0")):
        assert row[side]["units"] == figures[f"n{suffix}"]
        mean = row[side]["mean" if part == "welch" else "adjusted_mean"]
        agree(mean, figures[f"mean{suffix}"], what=f"{side} mean")
        if "theta" not in figures:
            agree(row[side]["sd"], figures[f"sd{suffix}"], what=f"{side} sd")
    if "theta" in figures:
        (covariate,) = row["covariates"]
        agree(covariate["theta"][arm], figures["theta"], what="theta")
        agree(covariate["correlation"], figures["corr"], what="correlation")
        agree(row["variance_reduction"], figures["var_reduction"], what="variance reduction")
    if "cap" in figures:
        agree(row["method"]["cap"], figures["cap"], what="cap")


@pytest.mark.parametrize("experiment", ["aa", "aa-active"])
def test_cdnow_without_covariates_is_the_plain_welch_test(
    analyze: Analyze, published: dict[str, Json], experiment: str
) -> None:
    name = {"aa": "cdnow.aa_cuped", "aa-active": "cdnow.aa_cuped_active"}[experiment]
    expected, plain = published[name], published[name]["extra"]["plain"]
    row = result(analyze("cdnow", experiment), "spend")

    effect = row["unadjusted"]["absolute"]

    agree(effect["estimate"], expected["expected"])
    agree(interval(effect), expected["ci95"])
    agree(effect["fixed"]["p_value"], expected["p_value"])
    agree(effect["fixed"]["df"], plain["df"])


RATIOS = [
    ("sparkify.aa_ratio", "aa-wald", "songs_per_session"),
    ("sparkify.aa_ratio_without_bot", "aa-without-bot-wald", "songs_per_session"),
    ("sparkify.aa_ratio_thumbs", "aa-wald", "thumbs_down_per_song"),
]


@pytest.mark.parametrize(("name", "experiment", "metric"), RATIOS)
def test_a_published_difference_of_ratios_comes_out(
    analyze: Analyze, published: dict[str, Json], name: str, experiment: str, metric: str
) -> None:
    expected, extra = published[name], published[name]["extra"]
    row = result(analyze("sparkify", experiment), metric)

    agree(row["absolute"]["estimate"], expected["expected"])
    agree(row["absolute"]["se"], extra["se"])
    agree(interval(row["absolute"]), expected["ci95"])
    agree(row["absolute"]["fixed"]["p_value"], expected["p_value"])
    agree([row["treatment"]["mean"], row["control"]["mean"]], [extra["r1"], extra["r0"]])
    if "n1" in extra:
        assert [row["treatment"]["units"], row["control"]["units"]] == [extra["n1"], extra["n0"]]


SPLITS = [
    ("cookie_cats.srm", "cookie_cats", "gate"),
    ("ab_data.srm", "udacity_ab_data", "page"),
    ("hillstrom.srm", "hillstrom", "email"),
    ("adsmart.srm", "adsmart", "all"),
    ("globox.srm", "globox", "banner"),
]


@pytest.mark.parametrize(
    ("name", "folder", "experiment"),
    [pytest.param(*case, marks=BIG if case[1] == "udacity_ab_data" else ()) for case in SPLITS],
)
def test_a_published_split_comes_out(
    analyze: Analyze, published: dict[str, Json], name: str, folder: str, experiment: str
) -> None:
    expected = published[name]
    split = check(analyze(folder, experiment), "srm")

    agree(split["detail"]["statistic"], expected["expected"])
    agree(split["p_value"], expected["p_value"])


@pytest.mark.parametrize(("count", "experiment"), [("Pageviews", "sanity"), ("Clicks", "screener")])
def test_the_free_trial_has_as_many_page_views_and_clicks_in_both_arms(
    analyze: Analyze, published: dict[str, Json], count: str, experiment: str
) -> None:
    expected = published[f"free_trial.sanity.{count}"]
    split = check(analyze("udacity_free_trial", experiment), "srm")

    agree(split["detail"]["control_share"], expected["expected"])
    agree([split["detail"]["band"]["lower"], split["detail"]["band"]["upper"]], expected["ci95"])
    agree(split["p_value"], expected["p_value"])
    assert list(split["detail"]["units"].values()) == [expected["extra"]["control"], expected["extra"]["experiment"]]


@pytest.mark.parametrize("metric", ["gross_conversion", "net_conversion"])
def test_the_free_trial_gives_its_published_rates_and_sign_tests(
    analyze: Analyze, published: dict[str, Json], metric: str
) -> None:
    expected, extra = published[f"free_trial.{metric}"], published[f"free_trial.{metric}"]["extra"]
    answer = analyze("udacity_free_trial", "screener-score")
    row, days = result(answer, metric), check(answer, "daily_signs", metric=metric)

    agree(row["absolute"]["estimate"], expected["expected"])
    agree(interval(row["absolute"]), expected["ci95"])
    agree(row["absolute"]["fixed"]["p_value"], expected["p_value"])
    agree(days["p_value"], extra["sign_test_p"])
    assert [days["detail"]["days"], days["detail"]["higher"]] == [extra["days"], extra["sign_test_days_up"]]
    assert [row["treatment"]["units"], row["control"]["units"]] == [extra["n1"], extra["n0"]]


@BIG
def test_udacity_rows_are_counted_as_published(analyze: Analyze, published: dict[str, Json]) -> None:
    expected, extra = published["ab_data.quality"], published["ab_data.quality"]["extra"]
    health = analyze("udacity_ab_data", "page")["health"]
    entrants = health["entrants"]

    assert sum(entrants["left_out"].values()) == expected["expected"]
    assert entrants["rows"] == extra["rows"]
    assert entrants["units"] == extra["unique_users"]
    assert entrants["rows"] - entrants["units"] == extra["duplicate_users_raw"]
    assert entrants["repeated"] == extra["duplicate_users_after_clean"]
    assert entrants["in_two_arms"] == extra["users_in_both_groups"]
    assert sum(health["units"].values()) == extra["clean_users"]


def test_cdnow_windows_are_as_published(analyze: Analyze, published: dict[str, Json]) -> None:
    extra = published["cdnow.counts"]["extra"]
    answer = analyze("cdnow", "repeat")

    def over_both(metric: str) -> float:
        sides = [result(answer, metric)[side] for side in ("treatment", "control")]
        return sum(side["mean"] * side["units"] for side in sides) / sum(side["units"] for side in sides)

    for days in (7, 28, 90):
        agree(over_both(f"repeat_{days}"), extra[f"repeat_day_1_{days}"])
    for metric, total in (("purchases_ever", "rows"), ("cds_ever", "cds"), ("spend_ever", "spend")):
        agree(over_both(metric) * extra["customers"], extra[total])
    assert sum(answer["health"]["units"].values()) == extra["customers"]
    assert [source["rows"] for source in answer["health"]["sources"]] == [extra["rows"]]


def test_sparkify_users_and_churn_are_counted_as_published(analyze: Analyze, published: dict[str, Json]) -> None:
    extra = published["sparkify.counts"]["extra"]
    answer = analyze("sparkify", "aa")
    churn, songs = result(answer, "churn"), result(answer, "songs_per_user")

    def total(row: Json) -> float:
        return sum(row[side]["mean"] * row[side]["units"] for side in ("treatment", "control"))

    assert sum(answer["health"]["units"].values()) == extra["users"]
    agree(total(churn), extra["churned"])
    agree(total(songs), extra["songs_total"])


def test_a_survey_is_no_control_group(analyze: Analyze, published: dict[str, Json]) -> None:
    expected = published["lalonde.observational"]
    answer = analyze("lalonde", "survey-controls")
    row = result(answer, "earnings")

    agree(row["absolute"]["estimate"], expected["expected"])
    agree(interval(row["absolute"]), expected["ci95"])
    agree(row["absolute"]["fixed"]["p_value"], expected["p_value"])
    assert answer["verdict"]["action"] == "hold"


def test_every_published_check_is_tried_or_named_as_outside(published: dict[str, Json]) -> None:
    tried = {case[0] for case in (*PROPORTIONS, *MEANS, *RATIOS, *SPLITS)}
    tried |= {
        f"free_trial.{name}" for name in ("sanity.Pageviews", "sanity.Clicks", "gross_conversion", "net_conversion")
    }
    tried |= {"ab_data.quality", "cdnow.counts", "sparkify.counts", "lalonde.observational"}

    assert tried | set(OUTSIDE) == set(published)
    assert not tried & set(OUTSIDE)


TRAPS = [
    ("cookie_cats", "gate", "srm", "warn"),
    ("cookie_cats", "gate", "dominant_unit", "warn"),
    ("udacity_ab_data", "page", "rows", "note"),
    ("udacity_free_trial", "screener", "immature", "note"),
    ("sparkify", "aa", "dominant_unit", "warn"),
    ("adsmart", "respondents", "filter", "note"),
]


@pytest.mark.parametrize(
    ("folder", "experiment", "code", "status"),
    [pytest.param(*case, marks=BIG if case[0] == "udacity_ab_data" else ()) for case in TRAPS],
)
def test_the_trap_of_a_data_set_is_named_in_its_tier(
    analyze: Analyze, folder: str, experiment: str, code: str, status: str
) -> None:
    found = [one for one in analyze(folder, experiment)["health"]["checks"] if one["code"] == code]

    assert status in {one["status"] for one in found}


def test_the_bot_and_the_outlier_are_named(analyze: Analyze) -> None:
    bots = [one for one in analyze("sparkify", "aa")["health"]["checks"] if one["code"] == "dominant_unit"]
    outliers = [one for one in analyze("cookie_cats", "gate")["health"]["checks"] if one["code"] == "dominant_unit"]

    assert {one["detail"]["unit"] for one in bots} == {"1261737"}
    assert [one["detail"]["values"] for one in outliers] == [[49854.0]]


@pytest.mark.parametrize(("folder", "experiment"), [("hillstrom", "email"), ("cdnow", "aa")])
def test_a_healthy_data_set_raises_nothing(analyze: Analyze, folder: str, experiment: str) -> None:
    loud = [one for one in analyze(folder, experiment)["health"]["checks"] if one["status"] != "ok"]

    assert loud == []
