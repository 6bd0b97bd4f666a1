"""Past results: what may be known, and what can't be learnt from."""

from datetime import date

import pytest

from twyman.experiments.history import PastResult, before
from twyman.kernel.errors import Invalid


def result(name: str, day: date, *, se: float = 0.01) -> PastResult:
    return PastResult(experiment=name, metric="m", change="layout", lift=0.01, se=se, ended=day)


def test_an_experiment_sees_neither_itself_nor_what_ended_on_its_first_day_or_later() -> None:
    start = date(2015, 4, 6)
    past = [
        result("a", date(2015, 4, 5)),
        result("b", start),
        result("c", date(2016, 1, 1)),
        result("own", date(2014, 1, 1)),
    ]

    assert [one.experiment for one in before(past, start=start, but="own")] == ["a"]


def test_an_experiment_whose_start_nobody_knows_sees_nothing() -> None:
    assert before([result("a", date(2014, 1, 1))], start=None, but="own") == ()


def test_a_result_without_an_error_is_refused() -> None:
    with pytest.raises(Invalid, match="a standard error of 0"):
        result("a", date(2014, 1, 1), se=0.0)
