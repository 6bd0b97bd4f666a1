"""The experiment that `bench/warehouse.py` and `bench/spark.py` measure: three metrics with CUPED, and a ratio."""

from datetime import UTC, datetime, timedelta

from twyman.app.ports import Cutoff, Measured, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Adjustment, Aggregate, FactValue, Mean, Metric, Ratio, Retention, Window
from twyman.metrics.source import ExposureSource, FactSource, Table, Timestamp

WEEK, DAY = Window(length=timedelta(days=7)), timedelta(days=1)
CUPED = Adjustment(window=timedelta(days=14))


def question() -> Question:
    """Return the question: two arms, two weeks of enrolment, a week's window each."""
    exposures = ExposureSource(
        name="exposures",
        relation=Table("exposures.parquet"),
        entities={"user": "user_id"},
        timestamp=Timestamp("exposed_at"),
        arm="arm",
        experiment="experiment",
    )
    listening = FactSource(
        name="listening",
        relation=Table("listening/*.parquet"),
        entities={"user": "user_id"},
        timestamp=Timestamp("played_at"),
        measures={"milliseconds": "played_ms", "skipped": "skipped"},
    )
    played = FactValue("listening", Aggregate.COUNT)
    minutes = FactValue("listening", Aggregate.SUM, "milliseconds", scale=1 / 60_000)
    skips = FactValue("listening", Aggregate.SUM, "skipped")
    metrics = (
        Metric(name="minutes", kind=Mean(minutes), window=WEEK, adjustment=CUPED),
        Metric(name="returned", kind=Retention(played), window=Window(DAY, 6 * DAY), adjustment=CUPED),
        Metric(name="plays", kind=Mean(played), window=WEEK, adjustment=CUPED),
        Metric(name="skip_rate", kind=Ratio(skips, played), window=WEEK),
    )
    experiment = Experiment(
        name="bench",
        arms=(Arm("control", 0.5, control=True), Arm("treatment", 0.5)),
        tracked=tuple(Tracked(metric=metric.name, role=Role.SUCCESS) for metric in metrics),
        entry=Entry.EXPOSURES,
        source="exposures",
        entity="user",
        enrol_from=datetime(2026, 1, 15, tzinfo=UTC),
        enrol_until=datetime(2026, 1, 29, tzinfo=UTC),
    )
    catalogue = Catalogue(
        entities={"user": "integer"},
        sources={"exposures": exposures, "listening": listening},
        metrics={metric.name: metric for metric in metrics},
    )
    end = datetime(2026, 2, 5, tzinfo=UTC)
    return Question(experiment=experiment, catalogue=catalogue, cutoff=Cutoff(end, end + DAY))


def moments(measured: Measured) -> dict[str, list[float]]:
    """Return counts, means and products of deviations by metric and arm."""
    found: dict[str, list[float]] = {}
    for cell, one in measured.cells.items():
        p = one.products
        found[f"{cell.metric} {cell.arm}"] = [int(one.count), *one.means.tolist(), p[0, 0], p[0, 1], p[1, 1]]
    return found
