"""Plays and exposures of an experiment of thirty days, and questions about them.

Units enter over thirty days; facts begin fourteen days before. What was loaded on a day is one Parquet file, in
order of loading: most plays on their day, one in twenty up to three days late. Exposures are a twentieth of plays.
Rows are made by DuckDB from hashes, so that everybody has the same, once, under `bench/data`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from fresh import Answer
from market_sql import MOST
from twyman.app.ports import Cutoff, Measured, Question
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import (
    Adjustment,
    Aggregate,
    Cap,
    FactValue,
    Mean,
    Metric,
    Proportion,
    Ratio,
    Retention,
    Window,
)
from twyman.metrics.source import ExposureSource, FactSource, Table, Timestamp

DATA = Path(__file__).parent / "data"
DAY = timedelta(days=1)
START = datetime(2026, 1, 15, tzinfo=UTC)
BEFORE, ENROLMENT = 14, 30
DAYS = BEFORE + ENROLMENT
WEEK = Window(length=7 * DAY)
CUPED = Adjustment(window=14 * DAY)

_EXPOSURES = """
COPY (
  SELECT (hash(i, 1) % {users})::BIGINT AS user_id, 'bench' AS experiment,
    CASE WHEN hash(hash(i, 1) % {users}, 2) % 2 = (hash(i, 3) % 2000 = 0)::INT THEN 'control' ELSE 'treatment' END
      AS arm,
    TIMESTAMP '2026-01-15' + INTERVAL {day} DAY + to_seconds((hash(i, 4) % 86400)::BIGINT) AS exposed_at
  FROM range({since}, {until}) r(i) ORDER BY exposed_at
) TO '{file}' (FORMAT parquet)"""
_PLAYS = """
COPY (
  WITH play AS (
    SELECT i, on_day, hash(i, 11) % 20 = 0 AS is_late, (hash(i, 7) % 86400)::BIGINT AS second
    FROM (SELECT i, i * {days} // {events} AS on_day FROM range({since}, {until}) r(i))
  )
  SELECT (hash(i, 5) % {others} * (hash(i, 6) % 1000 / 1000.0))::BIGINT AS user_id,
    TIMESTAMP '2026-01-01' + to_days(on_day::INT) + to_seconds(second) AS played_at,
    TIMESTAMP '2026-01-01' + to_days((on_day + CASE WHEN is_late THEN 1 + hash(i, 12) % 3 ELSE 0 END)::INT)
      + to_seconds(CASE WHEN is_late THEN (hash(i, 13) % 86400)::BIGINT ELSE second + (86399 - second) // 60 END)
      AS loaded_at,
    (1000 + hash(i, 8) % 299000)::INTEGER AS played_ms,
    hash(i, 9) % 5 = 0 AS skipped,
    (hash(i, 10) % 10)::TINYINT AS genre
  FROM play
  WHERE loaded_at >= TIMESTAMP '2026-01-01' + INTERVAL {day} DAY
    AND loaded_at < TIMESTAMP '2026-01-01' + INTERVAL {following} DAY
  ORDER BY loaded_at
) TO '{file}' (FORMAT parquet)"""


def made(events: int) -> Path:
    """Return the folder of a set of so many plays; write it unless it is there."""
    folder = DATA / f"plays-{events}"
    if (folder / "done").exists():
        return folder
    (folder / "exposures").mkdir(parents=True, exist_ok=True)
    (folder / "plays").mkdir(exist_ok=True)
    exposures = events // 20
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET enable_progress_bar = false")
        for day in range(ENROLMENT):
            since, until = (exposures * (day + one) // ENROLMENT for one in (0, 1))
            file, users = folder / "exposures" / f"{day:02d}.parquet", max(exposures * 6 // 10, 1)
            connection.execute(_EXPOSURES.format(users=users, day=day, since=since, until=until, file=file))
        for day in range(DAYS):
            since, until = (-(-events * one // DAYS) for one in (max(day - 3, 0), day + 1))
            said = {"events": events, "days": DAYS, "others": max(exposures * 16 // 10, 1)}
            said |= {"day": day, "following": day + 1, "since": since, "until": until}
            connection.execute(_PLAYS.format(**said, file=folder / "plays" / f"{day:02d}.parquet"))
    (folder / "done").touch()
    return folder


def usual() -> dict[str, Metric]:
    """Return three metrics with what was before as a covariate, and a ratio."""
    played = FactValue("plays", Aggregate.COUNT)
    minutes = FactValue("plays", Aggregate.SUM, "milliseconds", scale=1 / 60_000)
    skips = FactValue("plays", Aggregate.SUM, "skipped")
    return _named(
        Metric(name="minutes", kind=Mean(minutes), window=WEEK, adjustment=CUPED),
        Metric(name="returned", kind=Retention(played), window=Window(DAY, 6 * DAY), adjustment=CUPED),
        Metric(name="plays", kind=Mean(played), window=WEEK, adjustment=CUPED),
        Metric(name="skip_rate", kind=Ratio(skips, played), window=WEEK),
    )


def by_genre(count: int) -> dict[str, Metric]:
    """Return so many metrics, five a genre: minutes and plays up to a cap, whether any, skips, and skips a play."""
    return _named(*(_of_genre(*divmod(index, 5)) for index in range(count)))


def _of_genre(genre: int, kind: int) -> Metric:
    where = f"genre = {genre}"
    played = FactValue("plays", Aggregate.COUNT, where=where)
    minutes = FactValue("plays", Aggregate.SUM, "milliseconds", where, scale=1 / 60_000)
    skips = FactValue("plays", Aggregate.SUM, "skipped", where)
    match kind:
        case 0:
            return Metric(name=f"minutes_{genre}", kind=Mean(minutes), window=WEEK, cap=Cap(limit=MOST["minutes"]))
        case 1:
            return Metric(name=f"plays_{genre}", kind=Mean(played), window=WEEK, cap=Cap(limit=MOST["plays"]))
        case 2:
            return Metric(name=f"played_{genre}", kind=Proportion(played), window=WEEK)
        case 3:
            return Metric(name=f"skips_{genre}", kind=Mean(skips), window=WEEK, cap=Cap(limit=MOST["skips"]))
        case _:
            return Metric(name=f"skip_rate_{genre}", kind=Ratio(skips, played), window=WEEK)


def _named(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def question(metrics: Mapping[str, Metric], day: int = ENROLMENT) -> Question:
    """Return the question of a day of enrolment, counted from 1: at its end, with what had been loaded by then."""
    user = {"user": "user_id"}
    exposures = ExposureSource(
        name="exposures",
        relation=Table("exposures/*.parquet"),
        entities=user,
        timestamp=Timestamp("exposed_at"),
        arm="arm",
        experiment="experiment",
    )
    plays = FactSource(
        name="plays",
        relation=Table("plays/*.parquet"),
        entities=user,
        timestamp=Timestamp("played_at"),
        arrived="loaded_at",
        measures={"milliseconds": "played_ms", "skipped": "skipped"},
    )
    experiment = Experiment(
        name="bench",
        arms=(Arm("control", 0.5, control=True), Arm("treatment", 0.5)),
        tracked=tuple(Tracked(metric=name, role=Role.SUCCESS) for name in metrics),
        entry=Entry.EXPOSURES,
        source="exposures",
        entity="user",
        enrol_from=START,
        enrol_until=START + ENROLMENT * DAY,
    )
    catalogue = Catalogue(
        entities={"user": "integer"}, sources={"exposures": exposures, "plays": plays}, metrics=dict(metrics)
    )
    end = START + day * DAY
    return Question(experiment=experiment, catalogue=catalogue, cutoff=Cutoff(end, end))


def told(measured: Measured) -> Answer:
    """Return moments as lists: by metric and arm the count, means, and products of deviations by pairs of columns."""
    found: Answer = {}
    for cell, moments in measured.cells.items():
        width = len(moments.means)
        products = [float(moments.products[i, j]) for i in range(width) for j in range(i, width)]
        found[f"{cell.metric} {cell.arm}"] = [int(moments.count), *map(float, moments.means), *products]
    return found
