"""Quantiles in the use case: what one unit can sway, strata that can't help, and an arm without values."""

from dataclasses import replace

import numpy as np
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Cell, Extreme, Measured, Ranked
from twyman.app.views import Answer
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.kernel.time import instant
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Quantile
from twyman.stats.moments import Moments

SLOW = Metric(name="slow", kind=Quantile(FactValue("loads", Aggregate.EACH, "ms"), 0.5))
SPENT = Metric(name="spent", kind=Quantile(FactValue("loads", Aggregate.SUM, "ms"), 0.5))
OTHER = Metric(name="other", kind=Mean(FactValue("loads", Aggregate.SUM, "ms")))
PAGE = Experiment(
    name="page",
    arms=(Arm("control", 0.5, control=True), Arm("new", 0.5)),
    tracked=(Tracked(metric="slow", role=Role.SUCCESS), Tracked(metric="other", role=Role.INFORMATION)),
    entry=Entry.UNITS,
    source="shop",
)


def measured(metric: Metric, units: int = 400, facts: int = 3, bot: int = 3) -> Measured:
    """Each unit has values from 1 to as many as there are, in turn; the last unit of each arm has as many as a bot."""
    sizes = np.array([facts] * (units - 1) + [bot])
    count = int(sizes.sum())
    clusters = Moments.of(np.column_stack([sizes * (np.arange(units) % 2), sizes]))
    values = {rank: float(rank) for rank in range(1, count + 1)}
    ranked = Ranked(count=count, values=values, clusters=clusters if metric is SLOW else None)
    names, cells = ("slow", "other"), dict[Cell, Moments]()
    for arm in ("control", "new"):
        cells |= {Cell(name, arm): Moments.of(sizes[:, None].astype(float)) for name in names}
    return Measured(
        columns=dict.fromkeys(names, ("value",)),
        cells=cells,
        units={"control": units, "new": units},
        ranks={Cell("slow", arm): ranked for arm in ("control", "new")},
        extremes={("slow", arm): (Extreme("bot", (float(bot),)),) for arm in ("control", "new")},
    )


def read(found: Measured, metric: Metric = SLOW, experiment: Experiment = PAGE) -> Answer:
    catalogue = Catalogue(metrics={"slow": replace(metric, name="slow"), "other": OTHER})
    ask = AnalyzeExperiment(FakeWarehouse(lambda _: found), FakeLookBook(), lambda: instant("2015-06-01"), "0.0")
    return ask(experiment, catalogue)


def test_a_unit_with_most_of_an_arms_facts_is_named() -> None:
    checks = [check for check in read(measured(SLOW, bot=900)).health.checks if check.code == "dominant_unit"]

    assert {check.metric for check in checks} == {"slow"}
    assert checks[0].text.startswith("slow (facts a unit): one unit of control (bot, value 900) holds")


def test_no_single_unit_can_sway_a_quantile_over_units() -> None:
    checks = read(measured(SPENT, bot=900), SPENT).health.checks

    assert not [check for check in checks if check.code == "dominant_unit"]


def test_strata_say_why_a_quantile_goes_without_them() -> None:
    found = read(measured(SLOW), experiment=replace(PAGE, strata=("country",)))
    (check,) = [check for check in found.health.checks if check.code == "strata" and "quantile" in check.text]

    assert "A quantile is no mean of its strata's quantiles" in check.text
    assert found.results[0].method is not None
    assert found.results[0].method.estimate == "quantile-clustered"


def test_an_arm_without_values_has_no_number_and_says_why() -> None:
    whole = measured(SLOW, bot=5)
    found = read(replace(whole, ranks={cell: one for cell, one in whole.ranks.items() if cell.arm == "new"}))

    assert found.results[0].reason is not None
    assert found.results[0].reason.code == "no_units"
    assert (found.results[0].control.mean, found.results[0].treatment.sd) == (None, None)
