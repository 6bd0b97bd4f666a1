"""A plan's name: what may not change once somebody has looked, and what came later without a say."""

from dataclasses import replace

from tests.app.test_analyze_experiment import CATALOGUE, STORY

from twyman.app.fingerprint import plan_digest
from twyman.app.ports import Question
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, Bound, Comparator, FactValue, Metric, Proportion

SHARE = Proportion(FactValue("listening", Aggregate.SUM, "ads"))


def digest_with(kind: Proportion) -> str:
    catalogue = Catalogue(
        sources=CATALOGUE.sources, metrics={**CATALOGUE.metrics, "ads": Metric(name="ads", kind=kind)}
    )
    return plan_digest(Question(experiment=STORY, catalogue=catalogue))


def test_what_came_later_leaves_the_names_of_older_plans_alone() -> None:
    assert digest_with(SHARE) == "c8de79700fe87b8b"


def test_what_came_later_is_part_of_a_plan_that_says_it() -> None:
    bounds = [Bound(Comparator.AT_LEAST, limit) for limit in (1, 2)]

    assert len({digest_with(SHARE), *(digest_with(replace(SHARE, bound=bound)) for bound in bounds)}) == 3
