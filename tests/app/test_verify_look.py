"""A look verified: agreement is counted, a fault is named with both numbers, and what wasn't verified is said."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.fakes.lookbook import FakeLookBook
from tests.fakes.warehouse import FakeWarehouse

from twyman.app.agreement import agreement
from twyman.app.fingerprint import plan_digest
from twyman.app.ports import Cell, Cohort, Cutoff, Entrants, Extent, Look, Measured, Question
from twyman.app.recomputation import Recomputed, Unverified
from twyman.app.verify_look import Verification, VerifyLook
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.kernel.errors import Conflict, Invalid, NotFound
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric
from twyman.metrics.source import FactSource, Frame, Timestamp
from twyman.report.verification import document, text
from twyman.stats.moments import Moments

DAY = datetime(2024, 5, 1, tzinfo=UTC)
CUT = Cutoff(DAY, DAY)
METRIC = Metric(name="spend", kind=Mean(FactValue("plays", Aggregate.COUNT)))
PLAYS = FactSource(name="plays", relation=Frame(None), entities={"user": "u"}, timestamp=Timestamp("at"))
CATALOGUE = Catalogue({}, {"plays": PLAYS}, {"spend": METRIC})
EXPERIMENT = Experiment(
    name="e",
    arms=(Arm("a", 0.5, control=True), Arm("b", 0.5)),
    tracked=(Tracked(metric="spend", role=Role.SUCCESS),),
    entry=Entry.EXPOSURES,
    source="exposures",
    measure_until=DAY,
)


def numbers(a: list[float], b: list[float]) -> Measured:
    return Measured(
        columns={"spend": ("value",)},
        cells={Cell("spend", "a"): Moments.of(a), Cell("spend", "b"): Moments.of(b)},
        units={"a": len(a), "b": len(b)},
        entrants=Entrants(rows=len(a) + len(b), units=len(a) + len(b)),
        cohorts={
            ("spend", arm): Cohort(entered=len(one), matured=len(one), measured=len(one))
            for arm, one in (("a", a), ("b", b))
        },
    )


TRUE = numbers([1, 2, 3], [4, 5, 9])


@dataclass
class FakeRecomputation:
    found: Recomputed

    def recompute(self, question: Question) -> Recomputed:
        del question
        return self.found


def verified(measured: Measured, found: Recomputed, *looks: Look, number: int | None = None) -> Verification:
    warehouse = FakeWarehouse(lambda _: measured, Extent(first_exposure=DAY, end=DAY))
    use_case = VerifyLook(warehouse, FakeRecomputation(found), FakeLookBook(kept=list(looks)), lambda: DAY)
    return use_case(EXPERIMENT, CATALOGUE, number=number)


def kept(measured: Measured, plan: str = "") -> Look:
    digest = plan or plan_digest(Question(experiment=EXPERIMENT, catalogue=CATALOGUE))
    return Look(experiment="e", number=1, cutoff=CUT, measured=measured, plan=digest, taken_at=DAY)


def test_paths_that_agree_are_counted() -> None:
    found = verified(TRUE, Recomputed(TRUE))

    assert found.agrees
    assert found.today.numbers > 10
    assert text(found).startswith("e as of 2024-05-01T00:00:00Z: everything agrees")


def test_a_fault_in_the_statement_is_named_with_both_numbers() -> None:
    found = verified(numbers([1, 2, 3], [4, 5, 9.5]), Recomputed(TRUE))

    assert not found.agrees
    assert [(one.metric, one.arm, one.quantity) for one in found.today.disagreements] == [
        ("spend", "b", "mean"),
        ("spend", "b", "squares of value"),
    ]
    assert "metric 'spend', arm 'b': mean is 6.16666666666666" in text(found)


def test_a_kept_look_that_differs_from_both_says_that_the_data_changed() -> None:
    found = verified(TRUE, Recomputed(TRUE), kept(numbers([1, 2, 3], [4, 5])))

    assert found.changed
    assert not found.agrees
    assert "the data have changed since that look was kept" in text(found)
    assert document(found)["look"]["number"] == 1


def test_a_kept_look_of_another_plan_answers_another_question() -> None:
    with pytest.raises(Conflict, match="plan of 'e' has changed since look 1"):
        verified(TRUE, Recomputed(TRUE), kept(TRUE, plan="other"))


def test_a_look_that_was_not_kept_is_not_found() -> None:
    with pytest.raises(NotFound, match="look 4 of 'e' isn't kept: kept are 1"):
        verified(TRUE, Recomputed(TRUE), kept(TRUE), number=4)


def test_a_metric_left_out_is_named_and_not_compared() -> None:
    part = replace(TRUE, columns={}, cells={}, cohorts={})
    found = verified(TRUE, Recomputed(part, (Unverified("metric 'spend'", "expression 'f(x)' calls f()"),)))

    assert found.agrees
    assert "all that was verified agrees" in text(found)
    assert "Not verified: metric 'spend': expression 'f(x)' calls f()" in text(found)


def test_a_metric_left_out_without_a_word_is_a_disagreement() -> None:
    found = agreement(TRUE, Recomputed(replace(TRUE, columns={}, cells={}, cohorts={})))

    assert [one.quantity for one in found.disagreements][:1] == ["columns"]


def test_nothing_verified_is_no_agreement() -> None:
    empty = Measured(columns={}, cells={}, units={})
    with pytest.raises(Invalid, match=r"'e' can't be verified: nothing of the experiment: calls f\(\)"):
        verified(TRUE, Recomputed(empty, (Unverified("nothing of the experiment", "calls f()"),)))


@pytest.mark.parametrize(
    ("mean", "off", "agrees"), [(1.0, 1e-13, True), (1.0, 1e-10, False), (1e9, 1e-5, True), (1e9, 3e-3, False)]
)
def test_rounding_is_allowed_and_no_more(mean: float, off: float, *, agrees: bool) -> None:
    rows = np.array([mean - 1, mean, mean + 1])
    exact = Moments.of(rows)
    other = Moments(3, exact.means, exact.products * (1 + off))
    one, two = (replace(TRUE, cells=dict(TRUE.cells) | {Cell("spend", "a"): each}) for each in (exact, other))

    assert bool(agreement(two, Recomputed(one))) == agrees
