"""All pairs of 200 experiments over five million units, beside plain scans of the same exposures; and when it fires.

A plain scan counts the rows and hashes all of their columns. Pairs are asked by the product, from rows of Parquet to
checks; then interactions, of pairs that share a surface, with the copy of the exposures that they are read from. Beside
seconds stand those of the processor, which other work on the machine changes less.

What follows is on simulated assignments: after how many units a twin and a leak are flagged among 300 flags that are
watched all the time, and how many healthy experiments ever see a false alarm. Evidence there is computed for many flags
at once, and checked against the product's.

    BENCH_SCALE=0.02 PYTHONPATH=src python bench/coexposure.py [speed|detection|alarms]
"""

import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from scipy.special import gammaln, ndtri

from fresh import SCALE, scaled
from twyman.app.ports import Cutoff, Question
from twyman.app.sweep import Sweep
from twyman.doubt.coexposure import RATE, beside
from twyman.doubt.pairs import dependent_pairs
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Window
from twyman.metrics.source import ExposureSource, FactSource, Table, Timestamp
from twyman.warehouse.duckdb import DuckDB

UNITS, EXPERIMENTS, SURFACES = scaled(5_000_000), 200, 20
EACH_MEETS = 20
"""A unit meets one experiment in so many: ten of them."""
FLAGS, RUNS = 300, 3
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = timedelta(days=30)
ARMS = (Arm("control", 0.5, control=True), Arm("new", 0.5))

Took = tuple[float, float]
"""Seconds on the wall, and of the processor: of all its cores together."""


def made(folder: Path) -> None:
    """Write exposures in the order of time, and a fact or two of each unit."""
    session = duckdb.connect()
    session.execute(
        f"""COPY (SELECT 'user-' || u AS user_id, 'experiment-' || e AS experiment,
            CASE WHEN hash(u * 1009 + e + 7000000000) % 2 = 0 THEN 'control' ELSE 'new' END AS arm,
            TIMESTAMP '2026-01-01' + to_seconds((hash(u * 1013 + e) % 1000000)::BIGINT) AS met_at
            FROM range({UNITS}) AS a(u), range({EXPERIMENTS}) AS b(e)
            WHERE hash(u * 1021 + e + 5000000000) % {EACH_MEETS} = 0 ORDER BY met_at) TO '{folder}/exposures.parquet'"""
    )
    session.execute(
        f"""COPY (SELECT 'user-' || u AS user_id, TIMESTAMP '2026-01-20' AS played_at, (hash(u) % 1000)::DOUBLE AS ms,
            (hash(u + 1) % 7)::DOUBLE AS skips FROM range({UNITS}) AS a(u)) TO '{folder}/plays.parquet'"""
    )


def catalogue() -> Catalogue:
    """Return the sources, and two metrics."""
    exposures = ExposureSource(
        name="exposures",
        relation=Table("exposures.parquet"),
        entities={"user": "user_id"},
        timestamp=Timestamp("met_at"),
        arm="arm",
        experiment="experiment",
    )
    plays = FactSource(
        name="plays",
        relation=Table("plays.parquet"),
        entities={"user": "user_id"},
        timestamp=Timestamp("played_at"),
        measures={"ms": "ms", "skips": "skips"},
    )
    metrics = {
        name: Metric(
            name=name, kind=Mean(FactValue("plays", Aggregate.SUM, name)), window=Window(length=timedelta(days=14))
        )
        for name in ("ms", "skips")
    }
    return Catalogue({"user": "string"}, {"exposures": exposures, "plays": plays}, metrics)


def experiments() -> list[Experiment]:
    """Return 200 experiments, ten on each surface."""
    return [
        Experiment(
            name=f"experiment-{number}",
            arms=ARMS,
            tracked=(Tracked(metric="ms", role=Role.SUCCESS), Tracked(metric="skips", role=Role.GUARDRAIL)),
            entry=Entry.EXPOSURES,
            source="exposures",
            entity="user",
            surface=f"surface-{number % SURFACES}",
        )
        for number in range(EXPERIMENTS)
    ]


def speed() -> None:
    """Print seconds of a plain scan, of all pairs, and how many pairs x metrics a second are tested."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder)
        session = duckdb.connect()
        scan = f"SELECT count(*), bit_xor(hash(user_id, experiment, arm, met_at)) FROM '{folder}/exposures.parquet'"
        rows = session.execute(scan).fetchone()
        everything = catalogue()
        cutoff = Cutoff(START + DAYS, START + DAYS)
        questions = [Question(experiment=one, catalogue=everything, cutoff=cutoff) for one in experiments()]
        plain, counted, told = list[Took](), list[Took](), list[Took]()
        for _ in range(RUNS):  # in turn, so that what else the machine does meets both
            plain.append(_took(lambda: session.execute(scan).fetchone())[0])
            took, found = _took(lambda: DuckDB(folder).paired(questions))
            counted.append(took)
            told.append(_took(lambda found=found: dependent_pairs(found.units, found.met))[0])
        print(f"{UNITS:,} units (scale {SCALE:g}), {EXPERIMENTS} experiments, {rows[0]:,} exposures, load {_load()}")
        scans = tuple(
            min(mine) / min(one) for mine, one in zip(zip(*counted, strict=True), zip(*plain, strict=True), strict=True)
        )
        print(f"plain scan             {_least(plain)}")
        print(
            f"all {len(found.met):,} pairs counted {_least(counted)}   {scans[0]:.1f} plain scans, "
            f"{scans[1]:.1f} of the processor's"
        )
        print(f"and told               {_least(told)}")
        sweep = Sweep(DuckDB(folder), lambda: START + DAYS)
        took, swept = _took(lambda: sweep(experiments(), everything, as_of=START + DAYS))
        rest = [
            whole - min(one) - min(two)
            for whole, one, two in zip(took, zip(*counted, strict=True), zip(*told, strict=True), strict=True)
        ]
        rates = " and ".join(f"{swept.tests / one:.0f}" for one in rest)
        print(f"interactions           {_least([rest])}   {swept.tests:,} pairs x metrics, {rates} a second")


def _took(act: Callable[[], Any]) -> tuple[Took, Any]:
    """Return the seconds on the wall and of the processor that something took, and what it returned."""
    begun, used = time.perf_counter(), time.process_time()
    made = act()
    return (time.perf_counter() - begun, time.process_time() - used), made


def _least(took: Sequence[Sequence[float]]) -> str:
    wall, processor = (min(one) for one in zip(*took, strict=True))
    return f"{wall:8.2f} s ({processor:.2f} s of the processor)"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def detection() -> None:
    """Print the median units at which a twin and a leak are flagged, beside one test at a size fixed beforehand."""
    rng = np.random.default_rng(1)
    score = -float(ndtri(RATE / FLAGS / 2))
    for name, v, step, most in (("full aliasing", 1.0, 1, 200), ("a leak of V = .1", 0.1, 50, 20_000)):
        units = statistics.median(_flagged_at(rng, v, step, most) for _ in range(200))
        best = math.ceil((score / v) ** 2)
        print(
            f"{name:18s} flagged at a median of {units:,.0f} units, watched; {best:,} if the size were known beforehand"
        )


def _flagged_at(rng: np.random.Generator, v: float, step: int, most: int) -> float:
    ours = rng.random(most) < 0.5
    on = rng.random(most) < 0.5 + v * np.where(ours, 0.5, -0.5)
    for end in range(max(step, 8), most + 1, step):
        cells = {
            (arm.name, name): int(np.sum((ours[:end] == treated) & (on[:end] == side)))
            for treated, arm in enumerate(ARMS)
            for side, name in enumerate(("off", "on"))
        }
        units = {arm.name: cells[arm.name, "off"] + cells[arm.name, "on"] for arm in ARMS}
        found = beside(units, {"other": {key: count for key, count in cells.items() if count}})
        if found and found[0].found.log_e >= math.log(FLAGS / RATE):
            return end
    return math.inf


def alarms() -> None:
    """Print how many of a thousand healthy experiments ever flag one of 300 independent flags."""
    rng, count = np.random.default_rng(2), max(round(1_000 * min(1.0, SCALE * 10)), 50)
    looks = np.unique(np.geomspace(8, 100_000, 60).astype(int))
    _check(rng)
    wrong = sum(_alarmed(rng, looks) for _ in range(count))
    print(
        f"false alarms: {wrong} of {count:,} healthy experiments ({wrong / count:.2%}), each with {FLAGS} flags at "
        f"{looks.size} looks up to {looks[-1]:,} units; at most {RATE:.0%} promised"
    )


def _alarmed(rng: np.random.Generator, looks: np.ndarray) -> bool:
    chance = rng.uniform(0.02, 0.98, FLAGS)[:, np.newaxis]
    steps = np.diff(np.concatenate(([0], looks)))
    treated = rng.binomial(steps, 0.5)
    sides = [np.cumsum(arm) for arm in (steps - treated, treated)]
    on = [np.cumsum(rng.binomial(arm, chance, (FLAGS, steps.size)), axis=1) for arm in (steps - treated, treated)]
    log_e = evidence(
        np.stack([[side - met, met] for side, met in zip(np.broadcast_to(sides, (2, steps.size)), on, strict=True)])
    )
    largest = -np.sort(-log_e, axis=0)
    needed = np.log(FLAGS / RATE / np.arange(1, FLAGS + 1))[:, np.newaxis]
    return bool((largest >= needed).any())


def evidence(table: np.ndarray) -> np.ndarray:
    """Return the logarithm of e-values of many tables of two arms and two variants, none having met neither."""
    with_none = np.concatenate((np.zeros_like(table[:, :1]), table), axis=1)
    return np.logaddexp(_both_ways(with_none), _both_ways(table)) - math.log(2)


def _both_ways(table: np.ndarray) -> np.ndarray:
    return np.logaddexp(_one_way(table), _one_way(np.swapaxes(table, 0, 1))) - math.log(2)


def _one_way(table: np.ndarray) -> np.ndarray:
    columns = table.shape[1]
    rows = gammaln(table + 0.5).sum(axis=1) - gammaln(table.sum(axis=1) + columns / 2)
    own = (rows + gammaln(columns / 2) - columns * gammaln(0.5)).sum(axis=0)
    totals = table.sum(axis=0)
    share = np.where(totals > 0, totals / totals.sum(axis=0), 1.0)
    return own - (totals * np.log(share)).sum(axis=0)


def _check(rng: np.random.Generator) -> None:
    """Refuse to go on if evidence for many isn't the product's."""
    for _ in range(50):
        (a, b), (c, d) = counts = rng.integers(1, 500, (2, 2))
        cells = {("control", "off"): a, ("control", "on"): b, ("new", "off"): c, ("new", "on"): d}
        (found,) = beside({"control": a + b, "new": c + d}, {"other": cells})
        if not math.isclose(found.found.log_e, float(evidence(counts.astype(float)[..., np.newaxis])[0]), abs_tol=1e-8):
            sys.exit(f"evidence of {counts.tolist()} isn't the product's")


if __name__ == "__main__":
    for part in sys.argv[1:] or ("speed", "detection", "alarms"):
        {"speed": speed, "detection": detection, "alarms": alarms}[part]()
