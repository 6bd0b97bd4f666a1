"""Power and sizes against rpact, R, statsmodels, tea-tasting, gbstats, spotify-confidence, ambrosia and G*Power."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twyman.stats.anytime.boundary import Asymptotic
from twyman.stats.difference import means
from twyman.stats.estimate import Estimate
from twyman.stats.lift import absolute, relative
from twyman.stats.moments import Moments
from twyman.stats.pair import Pair
from twyman.stats.power.design import Design, Sizes
from twyman.stats.power.history import known_mean, known_proportion
from twyman.stats.power.looks import ONCE, AlwaysValid, GroupSequential
from twyman.stats.power.method import Compared
from twyman.stats.power.midway import More, more_units
from twyman.stats.power.precision import share_inflation
from twyman.stats.power.question import NonInferiority, Superiority
from twyman.stats.power.schedule import Schedule, schedule
from twyman.stats.power.sharing import all_found, best_shares
from twyman.stats.power.textbook import Goal, means_power, means_units, proportions_power, proportions_units
from twyman.stats.proportion import proportions
from twyman.stats.ratio import linearised
from twyman.stats.sequential.bounds import bounds
from twyman.stats.sequential.spending import ObrienFleming, Pocock, Spending
from twyman.stats.sequential.stopping import crossings

Case = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "stats"
REL = 1e-5
CASES: list[Case] = []
for name, wanted in (("power_sample_size", None), ("gs_published_tables", "gpower_total_n")):
    if (FOLDER / f"{name}.json").exists():
        found = json.loads((FOLDER / f"{name}.json").read_text())["cases"]
        CASES += [case for case in found if wanted in (None, case["method"])]
DATA: dict[str, Any] = json.loads((FOLDER / "data.json").read_text()) if (FOLDER / "data.json").exists() else {}

HANDLED = {
    "two_sample_means",
    "two_sample_rates",
    "non_inferiority_means",
    "non_inferiority_rates_farrington_manning",
    "group_sequential_means",
    "power_means",
    "power_r",
    "sample_size_means",
    "sample_size_proportions",
    "power_proportions",
    "power",
    "power_whole_total",
    "mid_experiment_power",
    "achieved_power",
    "design",
    "gpower_total_n",
}


def kind_of(case: Case) -> str:
    """Say which test below answers for a case."""
    if case["method"] == "power" and case["inputs"]["solve_for"] == "n_obs":
        return "power_whole_total"
    return case["inputs"].get("what", case["method"])


def of(kind: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if kind_of(case) == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def close(number: float, *, rel: float = REL) -> Any:
    return pytest.approx(number, rel=rel, abs=0)


def goal_of(inputs: Case) -> Goal:
    return Goal(
        alpha=inputs.get("alpha", inputs.get("alpha_one_sided", 0.05)),
        power=inputs.get("power", 0.8),
        sides=inputs.get("sides", 1),
        ratio=inputs.get("allocation_ratio_treat_over_control", 1.0),
    )


def rounding(ratio: float) -> float:
    """Return by how much whole arms change a total: one more in the smaller may save several in the other."""
    return 1 + max(ratio, 1 / ratio)


@of("two_sample_means")
def test_two_means(case: Case) -> None:
    inputs = case["inputs"]

    sizes = means_units(inputs["delta"], inputs["sd"], goal_of(inputs), df=not inputs["normal_approximation"])

    assert (sizes.total, sizes.treatment, sizes.control) == tuple(
        close(case["expected"][key]) for key in ("n_total", "n_treatment", "n_control")
    )


@of("two_sample_means")
def test_a_design_needs_the_textbook_units_rounded_up(case: Case) -> None:
    inputs, goal = case["inputs"], goal_of(case["inputs"])
    plan = Design(
        known_mean(0.0, inputs["sd"]),
        method=Compared(test="wald" if inputs["normal_approximation"] else "student"),
        shares=(goal.ratio, 1.0),
        alpha=goal.alpha,
        power=goal.power,
        question=Superiority(sides=goal.sides),
        scale="absolute",
    )

    sizes = plan.units(inputs["delta"])

    assert isinstance(sizes, Sizes)
    assert abs(sizes.total - case["expected"]["n_total"]) < rounding(goal.ratio)
    assert sizes.arms[0] == pytest.approx(goal.ratio * sizes.arms[1], abs=1 + goal.ratio)


@of("two_sample_rates")
def test_two_proportions_by_the_null_variance(case: Case) -> None:
    inputs = case["inputs"]

    sizes = proportions_units(inputs["p_treatment"], inputs["p_control"], goal_of(inputs))

    assert (sizes.total, sizes.treatment, sizes.control) == tuple(
        close(case["expected"][key]) for key in ("n_total", "n_treatment", "n_control")
    )


@of("two_sample_rates")
def test_a_design_by_score_needs_them_rounded_up(case: Case) -> None:
    inputs, goal = case["inputs"], goal_of(case["inputs"])
    sign = 1 if inputs["p_treatment"] > inputs["p_control"] else -1
    plan = Design(
        known_proportion(inputs["p_control"]),
        method=Compared(kind="proportion", test="score"),
        shares=(goal.ratio, 1.0),
        alpha=goal.alpha,
        power=goal.power,
        question=Superiority(sides=goal.sides, improving=sign),
        scale="absolute",
    )

    sizes = plan.units(inputs["p_treatment"] - inputs["p_control"])

    assert isinstance(sizes, Sizes)
    assert abs(sizes.total - case["expected"]["n_total"]) < rounding(goal.ratio)


@of("non_inferiority_means")
def test_non_inferiority_of_means(case: Case) -> None:
    """Rpact's numbers are those of the normal approximation."""
    inputs, goal = case["inputs"], goal_of(case["inputs"])
    plan = Design(
        known_mean(5.0, inputs["sd"]),
        method=Compared(test="wald"),
        shares=(goal.ratio, 1.0),
        alpha=goal.alpha,
        power=goal.power,
        question=NonInferiority(inputs["margin"], absolute=True),
        scale="absolute",
    )

    sizes = means_units(inputs["margin"] + inputs["true_delta"], inputs["sd"], goal, df=False)
    whole = plan.units(inputs["true_delta"])

    assert sizes.total == close(case["expected"]["n_total"])
    assert isinstance(whole, Sizes)
    assert abs(whole.total - sizes.total) < rounding(goal.ratio)


@of("non_inferiority_rates_farrington_manning")
def test_non_inferiority_of_proportions(case: Case) -> None:
    inputs = case["inputs"]

    sizes = proportions_units(inputs["p_treatment"], inputs["p_control"], goal_of(inputs), margin=inputs["margin"])

    assert sizes.total == close(case["expected"]["n_total"])


def spending_of(design: str) -> Spending:
    return {"asOF": ObrienFleming(), "asP": Pocock()}[design]


@of("group_sequential_means")
def test_group_sequential_sizes(case: Case) -> None:
    """Rpact's numbers are those of the normal approximation; its looks' effects those of bounds times errors."""
    inputs, expected = case["inputs"], case["expected"]
    times, goal, spending = inputs["information_fractions"], goal_of(case["inputs"]), spending_of(inputs["design"])
    alone = means_units(inputs["delta"], inputs["sd"], goal, df=False).total
    most = alone * share_inflation(times, spending=spending, alpha=goal.alpha, power=goal.power, sides=1)
    z = bounds(times, times, alpha=goal.alpha, spending=spending, sides=1).z
    drift = inputs["delta"] / (inputs["sd"] * math.sqrt(4 / most))
    real, half, none = (
        most * crossings(times, z, drift=share * drift).expected_information for share in (1.0, 0.5, 0.0)
    )

    assert most == close(expected["n_max_total"])
    assert [time * most for time in times] == close(expected["n_per_look"])
    assert (real, half, none) == tuple(close(expected[f"expected_n_{key}"]) for key in ("H1", "H01", "H0"))
    reaches = [bound * inputs["sd"] * math.sqrt(4 / (time * most)) for bound, time in zip(z, times, strict=True)]
    assert reaches == close(expected["critical_effect_per_look"])


@of("group_sequential_means")
def test_a_sequential_design_needs_them_rounded_up(case: Case) -> None:
    inputs, goal = case["inputs"], goal_of(case["inputs"])
    times = (*inputs["information_fractions"][:-1], 1.0)
    plan = Design(
        known_mean(0.0, inputs["sd"]),
        method=Compared(test="wald"),
        alpha=goal.alpha,
        power=goal.power,
        question=Superiority(sides=1),
        looks=GroupSequential(times, spending_of(inputs["design"])),
        scale="absolute",
    )

    sizes = plan.units(inputs["delta"])

    assert isinstance(sizes, Sizes)
    assert 0 <= sizes.total - case["expected"]["n_max_total"] < 2
    looks = schedule(plan, sizes.arms, inputs["delta"])
    assert isinstance(looks, Schedule)
    near = max(1e-3, 4 / sizes.total)  # by being rounded up
    ends = looks.expected_units, looks.expected_units_half, looks.expected_units_none
    assert ends == tuple(close(case["expected"][f"expected_n_{key}"], rel=near) for key in ("H1", "H01", "H0"))
    assert looks.critical_effects == close(case["expected"]["critical_effect_per_look"], rel=near)


@of("power_means")
def test_power_of_means(case: Case) -> None:
    """Rpact's numbers are those of the normal approximation, the wrong tail counted."""
    inputs = case["inputs"]
    goal = Goal(alpha=inputs["alpha"], sides=inputs["sides"], wrong_tail=True)
    half = inputs["n_total"] / 2

    assert means_power(inputs["delta"], inputs["sd"], (half, half), goal, df=False) == close(case["expected"]["power"])


@of("power_r")
def test_sizes_of_r(case: Case) -> None:
    inputs, goal = case["inputs"], goal_of(case["inputs"])
    if "n1" in inputs:
        counted = Goal(alpha=goal.alpha, sides=goal.sides, wrong_tail=True)
        power = means_power(inputs["d"], 1.0, (inputs["n1"], inputs["n2"]), counted)
        assert power == close(case["expected"]["power"])
        return
    if "sd" in inputs:
        sizes = means_units(inputs["delta"], inputs["sd"], goal)
    else:
        variance = "arcsine" if "arcsine" in inputs.get("effect", "") else "score"
        sizes = proportions_units(inputs["p_treatment"], inputs["p_control"], goal, variance=variance)
    assert sizes.control == close(case["expected"]["n_per_group"])


@of("sample_size_means")
def test_sizes_of_statsmodels(case: Case) -> None:
    """Statsmodels counts the wrong tail."""
    inputs = case["inputs"]
    sides = 2 if inputs["alternative"] == "two-sided" else 1
    goal = Goal(
        alpha=inputs["alpha"], power=inputs["power"], sides=sides, ratio=inputs["ratio_n2_over_n1"], wrong_tail=True
    )

    by_t, by_z = (means_units(inputs["effect_size_d"], 1.0, goal, df=df).control for df in (True, False))

    assert (by_t, by_z) == (close(case["expected"]["n1_t"]), close(case["expected"]["n1_z"]))


@of("sample_size_proportions")
def test_sizes_of_proportions(case: Case) -> None:
    inputs = case["inputs"]

    assert proportions_units(inputs["p_treatment"], inputs["p_control"], goal_of(inputs)).control == close(
        case["expected"]["n1"]
    )


@of("power_proportions")
def test_power_of_proportions(case: Case) -> None:
    inputs = case["inputs"]
    goal = Goal(alpha=inputs["alpha"], wrong_tail=True)
    treatment, control = ((inputs[key], inputs["n_per_arm"]) for key in ("p_treatment", "p_control"))

    assert proportions_power(treatment, control, goal) == close(case["expected"]["power"])


COLUMNS = {
    "mean_y": ("y",),
    "cuped_y_x": ("y", "x"),
    "ratio": ("num", "den"),
    "cuped_ratio": ("num", "den", "prenum", "preden"),
}


def tea_moments(metric: str, dataset: str) -> Moments:
    """Return history as tea-tasting sees it: both arms thrown together, a ratio's covariate being a ratio."""
    moments = Moments.of(np.column_stack([DATA[dataset][column] for column in COLUMNS[metric]]))
    if metric != "cuped_ratio":
        return moments
    before = linearised(moments.columns(2, 3, 0, 1))
    assert isinstance(before, Moments)
    return before.columns(1, 2, 0)


def tea_plan(inputs: Case) -> Design:
    """Welch's test with one slope for both arms, the wrong tail counted."""
    return Design(
        tea_moments(inputs["metric"], inputs["dataset"]),
        method=Compared(kind="ratio" if "ratio" in inputs["metric"] else "mean", theta="pooled"),
        shares=(inputs["allocation_ratio"], 1.0),
        alpha=inputs["alpha"],
        power=inputs["power"] or 0.8,
        question=Superiority(
            sides=2 if inputs["alternative"] == "two-sided" else 1,
            improving=-1 if inputs["alternative"] == "less" else 1,
            wrong_tail=True,
        ),
    )


@of("power")
def test_tea_tasting_in_each_direction(case: Case) -> None:
    inputs, expected, plan = case["inputs"], case["expected"], tea_plan(case["inputs"])
    (units,) = inputs["n_obs"]
    if inputs["solve_for"] == "power":
        assert plan.power_at(units, inputs["rel_effect_size"]) == close(expected["power"])
        return
    effect = plan.mde(units)
    assert isinstance(effect, float)
    assert effect == close(expected["rel_effect_size"])
    assert effect * plan.baseline == close(expected["effect_size"])


@of("power_whole_total")
def test_whole_arms_where_tea_tasting_has_a_whole_total(case: Case) -> None:
    """It rounds up all units, and lets an arm have half a one; we round up each arm."""
    inputs, expected = case["inputs"], case["expected"]

    sizes = tea_plan(inputs).units(inputs["rel_effect_size"])

    assert isinstance(sizes, Sizes)
    assert sizes.effect == close(expected["effect_size"])
    assert abs(sizes.total - expected["n_obs"]) < rounding(inputs["allocation_ratio"])
    if expected["n_obs"] % 2 == 0 and inputs["allocation_ratio"] == 1:
        assert sizes.total == expected["n_obs"]


def gb_arm(document: Case) -> Moments:
    if document["type"] == "ProportionStatistic":
        return Moments.binary(document["sum"], document["n"])
    return Moments.from_sums(document["n"], [document["sum"]], [[document["sum_squares"]]])


@of("mid_experiment_power")
def test_power_in_mid_experiment(case: Case) -> None:
    """Gbstats assumes the planned lift, with the error seen; its scaling factor is what is to be added."""
    inputs, expected = case["inputs"], case["expected"]
    treatment, control = gb_arm(inputs["treatment"]), gb_arm(inputs["control"])
    units = treatment.count + control.count
    binary = inputs["control"]["type"] == "ProportionStatistic"
    pair = (proportions if binary else means)(treatment, control, test="wald")
    assert isinstance(pair, Pair)
    effect = relative(pair, method="delta") if inputs["difference"] == "relative" else absolute(pair)
    assert isinstance(effect, Estimate)
    metrics = inputs["num_goal_metrics"]
    tests = metrics * (inputs["num_variations"] - 1) if inputs["p_value_corrected"] else 1
    goal = Goal(alpha=0.05 / tests, power=all_found(inputs["target_power"], metrics), wrong_tail=True)
    sequence = AlwaysValid(Asymptotic.tuned_for(inputs["tuning_n"], alpha=goal.alpha))
    looks = sequence if inputs["sequential"] else ONCE

    now = more_units(inputs["target_mde"], effect.se, units, goal=goal, looks=looks)
    double = more_units(inputs["target_mde"], effect.se / math.sqrt(2), 2 * units, goal=goal, looks=looks)

    assert isinstance(now, More)
    assert isinstance(double, More)
    assert now.power == close(expected["power_now"])
    assert double.power == close(expected["power_at_double"])
    assert now.units == close(expected["additional_users"], rel=1e-3)
    assert now.units / units == close(expected["scaling_factor"], rel=1e-3)


@of("achieved_power")
def test_power_of_counts_at_hand(case: Case) -> None:
    """Spotify-confidence takes each arm's own variance, and counts the wrong tail."""
    inputs = case["inputs"]
    arms = [Moments.binary(inputs[f"{arm}_successes"], inputs[f"{arm}_n"]) for arm in ("treatment", "control")]
    pair = proportions(*arms, test="wald")
    assert isinstance(pair, Pair)

    answer = more_units(
        inputs["mde_abs"], pair.contrast().se, 1000, goal=Goal(alpha=inputs["alpha"], power=0.9999, wrong_tail=True)
    )

    assert isinstance(answer, More)
    assert answer.power == close(case["expected"]["power"])


@of("design")
def test_tables_of_ambrosia(case: Case) -> None:
    """Ambrosia plans by Welch's t, as we do, and prints sizes of one arm, or effects to a tenth of a percent."""
    inputs = case["inputs"]
    (table,) = json.loads(case["expected"]["table"]).values()
    plan = Design(
        Moments.of(DATA[inputs["dataset"]][inputs["metric"]]),
        alpha=inputs["alpha"],
        power=1 - inputs["beta"],
    )

    for key, shown in table.items():
        if isinstance(shown, str):
            (size,) = map(int, re.findall(r"\d+", key))
            assert f"{plan.mde((size, size)):.1%}" == shown
        else:
            (percent,) = map(float, re.findall(r"[\d.]+", key))
            sizes = plan.units(percent / 100)
            assert isinstance(sizes, Sizes)
            assert sizes.arms == (shown, shown)


def gpower_shares(kind: str) -> Sequence[float]:
    """Return shares of treatments, then of control, which the file writes first."""
    parts = re.search(r"\d(?::\d)+", kind)
    if not parts:
        return (1.0, 1.0)
    control, *treated = map(float, parts[0].split(":"))
    return (*treated, control)


@of("gpower_total_n")
def test_numbers_of_gpower_are_those_of_the_defaults_power(case: Case) -> None:
    """The file's power of 0.8 is a slip: the release it quotes has 0.85 for its default, and so have its numbers."""
    inputs = case["inputs"]
    power = 0.85 if inputs["power"] == 0.8 else inputs["power"]
    binomial = "binomial" in inputs["kind"]
    plan = Design(
        known_proportion(inputs["baseline_proportion"])
        if binomial
        else known_mean(0.0, math.sqrt(inputs["baseline_variance"])),
        method="proportion" if binomial else "mean",
        shares=gpower_shares(inputs["kind"]),
        alpha=inputs["alpha"],
        power=power,
        scale="absolute",
    )

    sizes = plan.units(inputs["absolute_mde" if binomial else "average_absolute_mde"])

    assert isinstance(sizes, Sizes)
    assert sizes.total == close(case["expected"]["n_total"], rel=0.005)


def test_control_gets_the_root_of_the_treatments() -> None:
    """Dunnett's rule, not the whole of them as in those tables: it needs fewer units."""
    history = known_mean(0.0, 10.0)

    rule, whole = (
        Design(history, shares=shares, scale="absolute").units(0.3) for shares in (best_shares(3), (1, 1, 1, 3))
    )

    assert isinstance(rule, Sizes)
    assert isinstance(whole, Sizes)
    assert rule.total < whole.total


def test_no_case_is_left_over() -> None:
    assert {kind_of(case) for case in CASES} <= HANDLED
