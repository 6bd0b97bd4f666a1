"""Tidy rows: one a metric, treatment, segment and scale, at full precision."""

import samples

from twyman.report.frame import rows


def test_every_result_gives_a_row_of_each_scale() -> None:
    answer = samples.story()

    tidy = rows(answer)

    assert len(tidy) == 2 * len(answer.results)
    assert {row["scale"] for row in tidy} == {"absolute", "relative"}


def test_every_row_has_the_same_columns() -> None:
    tidy = rows(samples.three_arms()) + rows(samples.units_table())

    assert len({tuple(row) for row in tidy}) == 1


def test_numbers_keep_every_digit() -> None:
    answer = samples.story()
    lift = answer.results[0].relative

    row = rows(answer)[1]

    assert lift is not None
    assert lift.repeated is not None
    assert (row["estimate"], row["repeated_lower"]) == (lift.estimate, lift.repeated.lower)


def test_segments_are_named_and_everybody_has_none() -> None:
    tidy = rows(samples.story())

    assert (tidy[0]["dimension"], tidy[0]["segment"]) == (None, None)
    assert {row["segment"] for row in tidy if row["dimension"] == "plan"} == {"free", "premium"}


def test_what_cannot_be_estimated_is_none_with_its_reason() -> None:
    row = rows(samples.three_arms())[-1]

    assert row["estimate"] is None
    assert "no unit varies" in row["reason"]
