"""Who may spend how much error: the risk-aware rule's bookkeeping.

Success metrics share α, since any of them may win. Guardrails don't: all must pass, so each keeps
α (Schultzberg, Ankargren & Frånberg 2024, arXiv 2402.11609). Watching for harm has an α of its own,
split over what has a better and a worse. What must not move holds a decision, and so is tested
as all that holds one: two-sidedly, at one in a thousand. Several treatments share all of it.
"""

from dataclasses import dataclass

from twyman.experiments.experiment import Experiment, Role

HOLDS = 0.001
"""Error of a test that holds a decision where nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Share:
    """One test's share of an error rate.

    Attributes:
        alpha: The share.
        tests: How many tests share the whole: what a p-value is multiplied by.
    """

    alpha: float
    tests: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The shares of each kind of test.

    Attributes:
        success: Two-sided, of a success metric.
        guardrail: One-sided, of a guardrail with a margin.
        harm: One-sided, of each watch for deterioration.
        unmoved: Two-sided, of a metric that must not move.
        beta: Chance of missing a success metric's `mde` that the decision rule leaves each of its tests.
    """

    success: Share
    guardrail: Share
    harm: Share
    unmoved: Share
    beta: float


def budget(experiment: Experiment) -> Budget:
    """Split the plan's error rates over an experiment's tests.

    Example:
        >>> from twyman.experiments.experiment import Arm, Entry, Tracked
        >>> arms = (Arm("control", 0.5, control=True), Arm("new", 0.5))
        >>> tracked = (Tracked(metric="a", role=Role.SUCCESS), Tracked(metric="b", role=Role.SUCCESS),
        ...            Tracked(metric="c", role=Role.GUARDRAIL, margin=0.01))
        >>> split = budget(Experiment(name="x", arms=arms, tracked=tracked, entry=Entry.UNITS, source="s"))
        >>> split.success.alpha, split.guardrail.alpha, split.harm.tests, round(split.beta, 2)
        (0.025, 0.05, 3, 0.1)
    """
    plan, treatments = experiment.plan, len(experiment.treatments)
    wins = max(1, len(experiment.with_role(Role.SUCCESS)))
    guards = sum(tracked.margin is not None for tracked in experiment.with_role(Role.GUARDRAIL))
    watched = len(experiment.with_role(Role.SUCCESS)) + len(experiment.with_role(Role.GUARDRAIL))
    untouchable = len(experiment.with_role(Role.MUST_NOT_MOVE))

    def share(alpha: float, tests: int) -> Share:
        return Share(alpha / tests, tests)

    return Budget(
        success=share(plan.alpha, wins * treatments),
        guardrail=share(plan.alpha, treatments),
        harm=share(plan.alpha_deterioration, max(1, watched) * treatments),
        unmoved=share(min(HOLDS, plan.alpha_deterioration), max(1, untouchable) * treatments),
        beta=(1 - plan.power) / max(1, guards + bool(experiment.with_role(Role.SUCCESS))),
    )
