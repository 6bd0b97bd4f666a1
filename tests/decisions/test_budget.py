"""Who may spend how much error."""

import pytest

from twyman.decisions.budget import budget
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.experiments.plan import Plan


def watching(untouchable: int, *, harm: float = 0.01, treatments: int = 1) -> Experiment:
    names = [("a", Role.SUCCESS), ("b", Role.GUARDRAIL), *((f"m{n}", Role.MUST_NOT_MOVE) for n in range(untouchable))]
    arms = (Arm("control", 0.5, control=True), *(Arm(f"new {n}", 0.5 / treatments) for n in range(treatments)))
    return Experiment(
        name="x",
        arms=arms,
        tracked=tuple(Tracked(metric=name, role=role) for name, role in names),
        entry=Entry.UNITS,
        source="s",
        plan=Plan(alpha_deterioration=harm),
    )


@pytest.mark.parametrize(
    ("untouchable", "treatments", "harm", "alpha"),
    [(1, 1, 0.01, 0.001), (2, 1, 0.01, 0.0005), (2, 2, 0.01, 0.00025), (1, 1, 0.0004, 0.0004), (0, 1, 0.01, 0.001)],
)
def test_what_must_not_move_holds_as_seldom_as_all_that_holds(
    untouchable: int, treatments: int, harm: float, alpha: float
) -> None:
    """METHODS, Rulings 6: what blocks does so at one in a thousand, or less often where that is asked of harm."""
    split = budget(watching(untouchable, harm=harm, treatments=treatments))

    assert split.unmoved.alpha == pytest.approx(alpha)
    assert split.unmoved.alpha * split.unmoved.tests == pytest.approx(min(0.001, harm))


@pytest.mark.parametrize("untouchable", [0, 1, 5])
def test_the_watch_for_harm_is_split_over_what_can_get_worse(untouchable: int) -> None:
    split = budget(watching(untouchable))

    assert (split.harm.alpha, split.harm.tests) == (0.005, 2)
