"""The in-row picture: which interval decides, which marks it is read against, what is said aloud."""

import samples
from msgspec.structs import replace

from twyman.app.views import Effect, Interval, Result, Why
from twyman.report.interval import deciding, marks_of, picture, scale_of, spoken


def row(metric: str) -> Result:
    return next(row for row in samples.story().results if row.metric == metric)


def test_the_interval_that_decides_is_the_one_over_all_looks() -> None:
    lift = row("retention_week_4").relative

    assert lift is not None
    assert deciding(lift) is lift.repeated


def test_where_a_look_spends_no_error_its_own_interval_is_shown() -> None:
    fixed = Interval(lower=0.01, upper=0.02, level=0.95)
    none = Interval(lower=None, upper=None, level=0.95, reason=Why(code="no_error_spent", text="none spent"))

    assert deciding(Effect(estimate=0.015, fixed=fixed, repeated=none)) is fixed


def test_marks_are_margin_within_ceiling_and_expectation() -> None:
    assert marks_of(row("minutes_per_user")).margins == (-0.01,)
    assert marks_of(row("ads_per_hour")).margins == (-0.02, 0.02)
    assert marks_of(row("retention_week_4")).ceiling == 0.04
    assert marks_of(row("retention_week_4")).expected == (0.005, 0.02, 0.03)


def test_the_inner_interval_lies_in_the_outer_and_the_point_in_both() -> None:
    result = row("retention_week_4")
    drawn = picture(result, scale_of([result]))

    assert drawn is not None
    assert drawn.inner is not None
    assert drawn.outer[0] < drawn.inner[0] < drawn.point < drawn.inner[1] < drawn.outer[1]
    assert drawn.ceiling is not None
    assert drawn.zero < drawn.ceiling < drawn.outer[0]


def test_two_intervals_that_are_the_same_are_drawn_once() -> None:
    result = row("searches_per_user")
    fixed = Interval(lower=-0.01, upper=0.02, level=0.95)
    drawn = picture(replace(result, relative=Effect(estimate=0.0, fixed=fixed, repeated=fixed)), scale_of([result]))

    assert drawn is not None
    assert drawn.inner is None


def test_an_interval_without_an_end_is_drawn_open() -> None:
    result = row("searches_per_user")
    lift = Effect(estimate=0.01, fixed=Interval(lower=0.005, upper=None, level=0.9))
    drawn = picture(replace(result, relative=lift), scale_of([result]))

    assert drawn is not None
    assert drawn.open_high
    assert not drawn.open_low


def test_a_result_without_a_lift_has_no_picture() -> None:
    missing = replace(
        row("searches_per_user"), relative=Effect(estimate=None, reason=Why(code="x", text="no baseline"))
    )

    assert picture(missing, scale_of([missing])) is None
    assert "no lift" in spoken(missing, "control")


def test_the_sentence_says_the_numbers() -> None:
    said = spoken(row("retention_week_4"), "control").replace("\u00a0", " ")

    assert said == (
        "Still listening in week 4, moments against control: lift +6.10 %, interval +5.55 % to +6.65 %, "
        "expected +0.5 % to +3 %, ceiling +4 %"
    )
