"""Who is analysed, checked: every step between exposure and analysis, the trigger, and what was drawn."""

from collections.abc import Iterator

from twyman.app.ports import Measured
from twyman.doubt.check import Check
from twyman.doubt.population import (
    balanced_step,
    few_clusters,
    missing_counterfactual,
    odd_members,
    shared_ids,
    triggered_ratio,
)
from twyman.experiments.experiment import Experiment
from twyman.experiments.population import Counterfactual


def who_counts(experiment: Experiment, measured: Measured) -> Iterator[Check | None]:
    """Judge whether who is analysed is still a fair split of who was exposed."""
    drawn, by = measured.drawn, experiment.randomised_by
    for step in measured.kept:
        if step.kind != "trigger":
            yield balanced_step(step.kind, step.name, step.of, step.kept, clustered=drawn is not None)
    if experiment.trigger is not None and measured.kept:
        last, shares = measured.kept[-1], {arm.name: arm.share for arm in experiment.arms}
        if drawn is None:
            yield triggered_ratio(last.kept, shares, exposed=last.of)
        else:
            yield triggered_ratio(drawn.analysed, shares, exposed=drawn.exposed, of=f"{by}s")
        if experiment.trigger.counterfactual is Counterfactual.MISSING:
            yield missing_counterfactual(experiment.trigger.facts)
    if drawn is not None:
        yield few_clusters(drawn.analysed, by)
        yield from odd_members(drawn.moved, drawn.lost, by)
    yield from (shared_ids(one.entity, one.ids, one.shared) for one in measured.shared)
