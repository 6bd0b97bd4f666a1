"""On which day did the split leave its plan?"""

from datetime import date, timedelta

import numpy as np
import pytest

from twyman.doubt.check import BLOCK, NOTE, Check, Status
from twyman.doubt.timing import odd_run, split_by_day

HALF = {"control": 0.5, "page": 0.5}
FIRST = date(2024, 3, 1)


def exposed(counts: np.ndarray, arms: tuple[str, ...] = ("control", "page")) -> dict[tuple[str, date], int]:
    return {
        (arm, FIRST + timedelta(days=day)): int(counts[day, place])
        for day in range(len(counts))
        for place, arm in enumerate(arms)
    }


def drawn(rng: np.random.Generator, days: int = 14, units: int = 2_000, share: float = 0.5) -> np.ndarray:
    sizes = rng.poisson(units * 0.9 ** np.arange(days))
    treated = rng.binomial(sizes, share)
    return np.column_stack([sizes - treated, treated])


def seen(counts: np.ndarray) -> Check:
    found = split_by_day(exposed(counts), HALF)
    assert found is not None
    return found


def test_healthy_splits_are_noted_once_in_twenty_at_most_and_blocked_once_in_a_thousand() -> None:
    rng = np.random.default_rng(1)

    p_values = np.array([seen(drawn(rng)).p_value for _ in range(2_000)])

    assert (p_values < NOTE).mean() < NOTE + 0.01
    assert (p_values < BLOCK).mean() < 0.003
    assert (p_values < 0.5).mean() > 0.1, "a test that never comes near a limit tests nothing"


def test_what_is_sought_anew_each_day_blocks_one_healthy_experiment_in_a_thousand() -> None:
    rng = np.random.default_rng(9)
    days = (3, 5, 7, 10, 14)

    def read(counts: np.ndarray) -> list[Status]:
        return [seen(counts[:day]).status for day in days]

    found = [read(drawn(rng)) for _ in range(2_000)]

    assert sum(Status.BLOCK in one for one in found) <= 1  # of 2,000; three where p < .001 blocked
    assert sum(Status.WARN in one for one in found) > 6, "a test that never comes near a limit tests nothing"


def test_an_arm_that_starts_late_is_named_with_its_days() -> None:
    counts = drawn(np.random.default_rng(2))
    counts[:2, 1] = 0

    found = seen(counts)

    assert found.status is Status.BLOCK
    assert found.arm == "page"
    assert (found.detail["kind"], found.detail["from"], found.detail["until"]) == (
        "late_start",
        "2024-03-01",
        "2024-03-02",
    )
    assert "started later" in found.text


@pytest.mark.parametrize(("days", "kind"), [(slice(5, 7), "pause"), (slice(11, 14), "stopped")])
def test_a_pause_and_a_stop_are_told_apart(days: slice, kind: str) -> None:
    counts = drawn(np.random.default_rng(3))
    counts[days, 0] = 0

    found = seen(counts)

    assert (found.detail["kind"], found.arm) == (kind, "control")
    assert found.detail["from"] == (FIRST + timedelta(days=days.start)).isoformat()


def test_a_ramp_that_hides_in_the_total_is_found_from_its_first_day() -> None:
    rng, sizes = np.random.default_rng(4), np.full(10, 1_000)
    treated = rng.binomial(sizes, [0.4] * 5 + [0.6] * 5)

    found = seen(np.column_stack([sizes - treated, treated]))

    assert found.status is Status.BLOCK
    assert found.detail["kind"] == "shift"
    assert found.detail["days"] == 5
    assert "2024-03-06" in (found.text + str(found.detail["from"])) or found.detail["until"] == "2024-03-05"


def test_a_loss_on_all_days_alike_is_not_one_of_days() -> None:
    rng = np.random.default_rng(5)

    quiet = [seen(drawn(rng, share=0.47)).status for _ in range(100)]

    assert quiet.count(Status.OK) >= 90


def test_power_to_see_a_tenth_of_an_arm_lost_in_a_week_is_near_one() -> None:
    rng, found = np.random.default_rng(6), 0
    for _ in range(100):
        sizes = np.full(14, 2_000)
        treated = rng.binomial(sizes, 0.5)
        treated[7:] = rng.binomial(treated[7:], 0.9)
        check = seen(np.column_stack([sizes - treated, treated]))
        found += check.status is Status.BLOCK and check.arm == "page"

    assert found >= 95


def test_a_plan_of_unequal_shares_and_three_arms_is_kept_to() -> None:
    rng = np.random.default_rng(7)
    counts = rng.multinomial(3_000, [0.8, 0.1, 0.1], size=10)
    counts[0, 2] = 0

    found = split_by_day(exposed(counts, ("a", "b", "c")), {"a": 0.8, "b": 0.1, "c": 0.1})

    assert found is not None
    assert (found.arm, found.detail["kind"], found.detail["days"]) == ("c", "late_start", 1)


def test_the_sum_over_days_walks_away_where_an_arm_is_lost() -> None:
    counts = drawn(np.random.default_rng(8))
    counts[:, 1] = counts[:, 1] * 8 // 10
    counts[0, 1] = 0

    walk = seen(counts).detail["cusum"]

    assert isinstance(walk, list)
    assert walk[-1] < -5


def test_one_day_or_few_units_tell_nothing() -> None:
    assert split_by_day(exposed(np.array([[500, 400]])), HALF) is None
    assert split_by_day(exposed(np.array([[3, 0], [2, 4]])), HALF) is None
    assert odd_run(np.array([[50.0, 0.0], [60.0, 0.0]])) is None
