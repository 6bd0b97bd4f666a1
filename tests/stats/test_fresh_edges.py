"""Edges that fresh runs of reference packages found: figures typed in, with their source and call."""

import numpy as np
import pytest

from twyman.stats.count import Count
from twyman.stats.estimate import Cause, NotEstimable
from twyman.stats.survival import RiskTable, kaplan_meier
from twyman.stats.two_counts import ratio_log


@pytest.mark.parametrize("add", [0.0, 0.5])
def test_a_ratio_of_certain_proportions_has_no_width(add: float) -> None:
    """statsmodels 0.15 `confint_proportions_2indep(42, 42, 40, 40, method='log', compare='ratio')` is 1 to 1."""
    answer = ratio_log(Count(42, 42), Count(40, 40), add=add)

    assert isinstance(answer, NotEstimable)
    assert answer.code == Cause.NO_VARIATION


TIME = [1, 2, 2, 3, 4, 5, 5, 6, 7, 7, 7, 8, 9, 10, 10]
EVENT = [1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1]


ENDS = {
    "logit": [0.64800965842220, 0.99069461251985, 0.03404158821424, 0.65160385254653],
    "arcsin": [0.758105489339259, 0.999933950911037, 0.004707326556936, 0.583511691653495],
}


@pytest.mark.parametrize("kind", ENDS)
def test_retention_intervals_by_other_scales_are_rs(kind: str) -> None:
    """R 4.2.2 survival 3.5-3: `survfit(Surv(time, event) ~ 1, conf.type = kind)`, at the first and the last event."""
    lower, upper = kaplan_meier(RiskTable.of(TIME, EVENT)).interval(kind=kind)

    assert np.array([lower[0], upper[0], lower[-1], upper[-1]]) == pytest.approx(ENDS[kind], rel=1e-9)
