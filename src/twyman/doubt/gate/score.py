"""How much two experiments have in common that may make one change what the other does: a score from 0 to 1.

It ranks pairs, and says where to look first; it is no probability, and blocks nothing by itself (METHODS, 4.2).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twyman.experiments.experiment import Experiment, Role
from twyman.experiments.history import PastPairs

OF_METRICS, OF_HISTORY = 0.2, 1.0
"""What metrics in common weigh, which is little, and what is known of how often two surfaces interact."""
PRIOR_PAIRS = 20
"""Pairs of experiments that the rate over all surfaces counts as, beside those of two surfaces."""
DECIDING = (Role.SUCCESS, Role.GUARDRAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """What an experiment has in common with another one; each term from 0 to 1.

    Attributes:
        other: The other experiment.
        overlap: Units shared, as a share of the smaller one's.
        parameter: 1 where both deal out one flag.
        surface: Surfaces in common, as a share of all that either has.
        metrics: Metrics in common that decide, as a share of all of either's.
        history: How often experiments on these surfaces have interacted; `None` where nothing is known.
    """

    other: str
    overlap: float
    parameter: float
    surface: float
    metrics: float
    history: float | None = None

    @property
    def score(self) -> float:
        """The terms as one number.

        Example:
            >>> round(Conflict(other="b", overlap=0.5, parameter=0, surface=1, metrics=0.5, history=0.1).score, 3)
            0.5
            >>> round(Conflict(other="b", overlap=0.5, parameter=0, surface=0, metrics=0.5, history=0.1).score, 3)
            0.095
        """
        apart = (1 - self.parameter) * (1 - self.surface)
        apart *= (1 - OF_METRICS * self.metrics) * (1 - OF_HISTORY * (self.history or 0.0))
        return self.overlap * (1 - apart)


def conflict(one: Experiment, other: Experiment, *, overlap: float, past: Sequence[PastPairs] = ()) -> Conflict:
    """Return what an experiment has in common with another.

    Args:
        one: The experiment.
        other: The other.
        overlap: Units shared, as a share of the smaller one's.
        past: What was found of pairs of experiments before.
    """
    return Conflict(
        other=other.name,
        overlap=overlap,
        parameter=float(bool(one.flag) and one.flag == other.flag),
        surface=in_common(_surface(one), _surface(other)),
        metrics=in_common(_deciding(one), _deciding(other)),
        history=interaction_rate(past, one.surface, other.surface),
    )


def in_common(one: Collection[str], other: Collection[str]) -> float:
    """Return what two sets share of all that they hold (Jaccard's index); 0 of nothing."""
    held = {*one, *other}
    return len(set(one) & set(other)) / len(held) if held else 0.0


def interaction_rate(past: Sequence[PastPairs], one: str, other: str) -> float | None:
    """Return how often experiments on two surfaces interact, by what was found before; `None` where nothing was.

    Beta-binomial: the rate over all surfaces counts as `PRIOR_PAIRS` pairs, beside what was found of these two.

    Example:
        >>> known = [PastPairs(frozenset({"home", "ads"}), tested=30, interacting=6)]
        >>> interaction_rate(known, "ads", "home"), interaction_rate([], "ads", "home")
        (0.20387096774193547, None)
    """
    tested = sum(each.tested for each in past)
    if not tested or not one or not other:
        return None
    rate = (sum(each.interacting for each in past) + 0.5) / (tested + 1)
    here = [each for each in past if each.surfaces == frozenset((one, other))]
    found, of = sum(each.interacting for each in here), sum(each.tested for each in here)
    return (PRIOR_PAIRS * rate + found) / (PRIOR_PAIRS + of)


def _surface(experiment: Experiment) -> set[str]:
    return {experiment.surface} if experiment.surface else set()


def _deciding(experiment: Experiment) -> set[str]:
    return {tracked.metric for tracked in experiment.tracked if tracked.role in DECIDING}
