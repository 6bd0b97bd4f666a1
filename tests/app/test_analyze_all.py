"""All experiments of a project: what they need is read together, and an error of one is its own."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Barrier

import pytest
from tests.app.test_analyze_experiment import ADS, CATALOGUE, END, NOON, RETENTION, STORY, world
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.analyze_all import FACTS, AnalyzeAll, Outcome
from twyman.app.analyze_experiment import AnalyzeExperiment
from twyman.app.ports import Measured, Question
from twyman.app.telling import Step
from twyman.experiments.experiment import Entry, Experiment
from twyman.kernel.errors import Invalid, TwymanError, Unavailable
from twyman.metrics.catalogue import Catalogue

SEARCH, SHELF = replace(STORY, name="search"), replace(STORY, name="shelf")
UNDATED = replace(STORY, name="mail", entry=Entry.UNITS, enrol_from=None, measure_until=None)


@dataclass
class Breaking(FakeWarehouse):
    """Can't measure some experiments."""

    broken: dict[str, TwymanError] = field(default_factory=dict[str, TwymanError])

    def measure(self, question: Question) -> Measured:
        if question.experiment.name in self.broken:
            raise self.broken[question.experiment.name]
        return super().measure(question)


def breaking(**broken: TwymanError) -> Breaking:
    sound = world(lift=0.02)
    return Breaking(sound.answering, sound.runs, broken=broken)


def analyst(warehouse: FakeWarehouse) -> AnalyzeExperiment:
    return AnalyzeExperiment(warehouse, FakeLookBook(), clock=lambda: NOON, version="0.0")


def ask(warehouse: FakeWarehouse, *experiments: Experiment, as_of: datetime | None = None) -> list[Outcome]:
    return AnalyzeAll(analyst(warehouse))(experiments, CATALOGUE, as_of=as_of)


def test_what_they_need_is_read_together_once() -> None:
    warehouse = world(lift=0.02)

    outcomes = ask(warehouse, STORY, SEARCH, SHELF)

    assert warehouse.together_for == [["page", "search", "shelf"]]
    assert [(one.experiment, one.answer.verdict.action) for one in outcomes if one.answer] == [
        ("page", "ship"),
        ("search", "ship"),
        ("shelf", "ship"),
    ]


def test_what_has_no_dates_is_not_read_together_with_the_rest() -> None:
    warehouse = world(lift=0.02)

    outcomes = ask(warehouse, STORY, UNDATED, as_of=END)

    assert warehouse.together_for == [["page"]]
    assert [one.error for one in outcomes] == [None, None]


def test_an_error_of_one_does_not_keep_the_others_from_theirs() -> None:
    error = Invalid("what is this?")

    page, search, shelf = ask(breaking(search=error), STORY, SEARCH, SHELF)

    assert page.answer is not None
    assert search == Outcome("search", error=error)
    assert shelf.answer is not None


def test_a_source_that_is_not_defined_is_an_error_of_those_that_need_it() -> None:
    catalogue = Catalogue(sources={}, metrics={"retention": RETENTION, "ads": ADS})
    warehouse = world()

    (outcome,) = AnalyzeAll(analyst(warehouse))([STORY], catalogue)

    assert warehouse.together_for == [[]]
    assert "listening" in str(outcome.error)


def test_it_is_told_which_experiment_and_which_look_is_next() -> None:
    steps: list[Step] = []

    AnalyzeAll(analyst(world(lift=0.02)), told=steps.append)([STORY, SEARCH], CATALOGUE)

    assert steps[0] == Step(FACTS, number=0, count=2)
    assert [step.number for step in steps if not step.look] == [0, 1, 2]
    assert Step("search", number=2, count=2, look=4, looks=4) in steps


def test_two_at_a_time_have_a_connection_each() -> None:
    first, (one, other) = world(lift=0.02), (world(lift=0.02), world(lift=0.02))
    both = Barrier(2, timeout=30)

    def told(step: Step) -> None:
        if step.number and not step.look:
            both.wait()  # nobody comes through alone

    made = AnalyzeAll(analyst(first), told=told, beside=[analyst(one), analyst(other)])([STORY, SEARCH], CATALOGUE)

    assert [outcome.experiment for outcome in made] == ["page", "search"]
    assert (first.asked, len(first.together_for)) == ([], 1)
    assert one.asked == other.asked != []


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_whoever_stops_them_stops_each(stop: type[BaseException]) -> None:
    beside = [world(lift=0.02), world(lift=0.02)]
    both = Barrier(2, timeout=30)

    def told(step: Step) -> None:
        if step.look == 1 and step.what in {"page", "search"}:  # the third may still be begun, before all are told
            both.wait()
            if step.what == "page":
                raise stop

    ask_all = AnalyzeAll(analyst(world()), told=told, beside=[analyst(one) for one in beside])
    with pytest.raises(stop):
        ask_all([STORY, SEARCH, SHELF], CATALOGUE)

    assert all(len(one.asked) <= 4 for one in beside)


def test_a_stop_leaves_no_look_behind() -> None:
    book, warehouse = FakeLookBook(), breaking(page=Unavailable("gone"))
    sound = world(lift=0.02).answering
    warehouse.broken = {}
    warehouse.answering = lambda events: _gone_at_the_third(warehouse, sound(events))

    with pytest.raises(Unavailable):
        replace(analyst(warehouse), looks=book)(STORY, CATALOGUE)

    assert (len(warehouse.asked), book.kept) == (3, [])


def _gone_at_the_third(warehouse: FakeWarehouse, measured: Measured) -> Measured:
    if len(warehouse.asked) == 3:
        raise Unavailable("gone")
    return measured
