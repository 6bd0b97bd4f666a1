"""Whether experiments change each other: found where it is there, seldom where it isn't, with what would have shown."""

import numpy as np
import pytest

from twyman.doubt.check import Status
from twyman.doubt.interactions import LEAST, RATE, Crossing, crossing, interaction_checks, ranked
from twyman.stats.estimate import NotEstimable
from twyman.stats.moments import Moments

Shape = tuple[int, int]


def cells(rng: np.random.Generator, units: int, together: float = 0.0, shape: Shape = (2, 2)) -> list[list[Moments]]:
    """Units spread over the cells; both treatments add, and their last arms add something more together."""
    last = (shape[0] - 1, shape[1] - 1)
    return [
        [
            Moments.of(
                rng.normal(10 + 0.2 * i + 0.1 * j + together * ((i, j) == last), 2, units // (shape[0] * shape[1]))
            )
            for j in range(shape[1])
        ]
        for i in range(shape[0])
    ]


def made(*given: list[list[Moments]], planned: int = 10_000) -> list[Crossing]:
    found = [
        crossing(one, experiments=("page", f"x{k}"), metric=("m", "Minutes"), planned=planned)
        for k, one in enumerate(given)
    ]
    return ranked([one for one in found if isinstance(one, Crossing)])


def test_its_size_and_error_are_those_of_the_four_means() -> None:
    table = cells(np.random.default_rng(1), 4_000, together=0.5)

    (one,) = made(table)

    (a, b), (c, d) = table
    assert one.estimate == pytest.approx(float(d.means[0] - c.means[0] - b.means[0] + a.means[0]))
    assert one.se == pytest.approx(np.sqrt(sum(cell.variance() / cell.count for cell in (a, b, c, d))))


def test_effects_that_add_up_are_seldom_flagged_however_often_one_looks() -> None:
    rng, alarms = np.random.default_rng(2), 0
    for _ in range(15):
        tables = [cells(rng, 600) for _ in range(20)]
        for _ in range(10):
            tables = [_more(rng, one) for one in tables]
            if made(*tables)[0].rate <= RATE:
                alarms += 1
                break

    # Three of fifteen have a chance below one in a thousand where each is wrong in 1 %.
    assert alarms < 3


def _more(rng: np.random.Generator, table: list[list[Moments]]) -> list[list[Moments]]:
    return [[one + two for one, two in zip(*rows, strict=True)] for rows in zip(table, cells(rng, 600), strict=True)]


def test_what_would_have_shown_is_shown_in_eight_of_ten_cases() -> None:
    rng, units = np.random.default_rng(3), 4_000
    quiet = [cells(rng, units) for _ in range(49)]
    size = made(*quiet)[0].seen(50)

    seen = [_flagged(cells(rng, units, together=size), tests=50) for _ in range(300)]

    assert np.mean(seen) == pytest.approx(0.8, abs=0.08)


def _flagged(table: list[list[Moments]], *, tests: int) -> bool:
    return made(table)[0].log_e >= np.log(tests / RATE)


def test_an_interaction_among_many_is_the_one_that_is_named() -> None:
    rng = np.random.default_rng(4)

    checks = interaction_checks(made(*[cells(rng, 4_000) for _ in range(30)], cells(rng, 4_000, together=1.0)))

    assert [(check.code, check.status) for check in checks] == [("interaction", Status.WARN)]
    assert checks[0].detail["experiments"] == ["page", "x30"]


def test_of_several_arms_the_one_that_interacts_is_found() -> None:
    (one,) = made(cells(np.random.default_rng(5), 9_000, together=1.5, shape=(3, 3)))

    assert (one.contrasts, one.rate <= RATE) == (4, True)
    assert one.estimate == pytest.approx(1.5, abs=0.4)


def test_none_found_comes_with_what_would_have_shown() -> None:
    found = made(*[cells(np.random.default_rng(6), 4_000) for _ in range(3)])

    (check,) = interaction_checks(found)

    assert check.status is Status.OK
    assert "would have shown, eight times out of ten; smaller ones would not" in check.text
    assert [one["mde"] for one in check.detail["mde"]] == [one.seen(3) for one in found]  # type: ignore[attr-defined]


def test_cells_with_few_units_are_not_asked() -> None:
    found = crossing(
        cells(np.random.default_rng(7), 4 * (LEAST - 1)), experiments=("a", "b"), metric=("m", "m"), planned=1_000
    )

    assert isinstance(found, NotEstimable)


def test_covariates_sharpen_it_and_ratios_are_taken_as_such() -> None:
    rng = np.random.default_rng(8)
    before = [[rng.normal(10, 2, 1_000) for _ in range(2)] for _ in range(2)]
    plain = [[Moments.of(x + rng.normal(0, 0.5, x.size)) for x in row] for row in before]
    sharper = [[Moments.of(np.column_stack([x + rng.normal(0, 0.5, x.size), x])) for x in row] for row in before]
    ratio = [[Moments.of(np.column_stack([2 * x, x + rng.normal(0, 0.1, x.size)])) for x in row] for row in before]

    kept = crossing(ratio, experiments=("a", "b"), metric=("r", "r"), planned=1_000, own=2)

    assert made(sharper)[0].se < made(plain)[0].se / 3
    assert isinstance(kept, Crossing)
    assert kept.baseline == pytest.approx(2, abs=0.01)
