import pytest

from twyman.experiments.expectation import Expectation
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.kernel.errors import Invalid
from twyman.kernel.place import Origin

SUCCESS = (Tracked(metric="retention", role=Role.SUCCESS),)


def build(*arms: Arm, tracked: tuple[Tracked, ...] = SUCCESS) -> Experiment:
    origin = Origin("x.yaml", {"": 1, "arms": 4, "metrics": 9})
    return Experiment(name="x", arms=arms, tracked=tracked, entry=Entry.UNITS, source="u", origin=origin)


@pytest.mark.parametrize(
    ("arms", "says"),
    [
        ((Arm("a", 1.0, control=True),), "1 arm"),
        ((Arm("a", 0.5), Arm("b", 0.5)), "needs one control, and has none"),
        ((Arm("a", 0.5, control=True), Arm("b", 0.5, control=True)), "has a, b"),
        ((Arm("a", 0.5, control=True), Arm("b", 0.4)), "sum to 0.9"),
        ((Arm("a", 0.5, control=True, value="x"), Arm("b", 0.5, value="x")), "same value"),
        (tuple(Arm(f"a{k}", 1 / 10_000, control=k == 0) for k in range(10_000)), "10,000 arms"),
    ],
)
def test_arms_that_make_no_comparison_are_refused_with_their_line(arms: tuple[Arm, ...], says: str) -> None:
    with pytest.raises(Invalid, match=f"x.yaml:4: .*{says}"):
        build(*arms)


def test_an_expectation_for_an_arm_that_is_no_treatment_is_refused() -> None:
    tracked = Tracked(metric="retention", role=Role.SUCCESS, expectations={"momnets": Expectation(0.0, 0.1, 0.2)})

    with pytest.raises(Invalid, match=r"x.yaml:9: .*did you mean 'moments'"):
        build(Arm("control", 0.5, control=True), Arm("moments", 0.5), tracked=(tracked,))


@pytest.mark.parametrize("numbers", [(0.03, 0.02, 0.01), (0.01, 0.01, 0.02), (float("nan"), 0.1, 0.2)])
def test_an_expectation_is_ordered(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(Invalid, match="low < likely < high"):
        Expectation(*numbers)
