"""Forty finished experiments: small true effects, measured with the error that their users leave."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from twyman.demo.history import BASELINES, SPREAD, Finished, finished, measured, write_history
from twyman.demo.phase import NEW_ZEALAND


def test_forty_ended_before_the_story_began() -> None:
    made = finished(np.random.default_rng(1))

    assert len({one.name for one in made}) == 40
    assert max(one.ended for one in made) < NEW_ZEALAND.starts.date()


def test_true_effects_are_as_small_as_a_mature_products_and_some_are_none() -> None:
    lifts = np.array([one.lift for one in finished(np.random.default_rng(1))])
    live = lifts[lifts != 0]

    assert len(live) == 28
    assert live.std() == pytest.approx(SPREAD, rel=0.06)
    assert (np.abs(live) < 0.012).mean() == pytest.approx(0.9, abs=0.04)


def test_what_is_measured_scatters_around_the_truth_by_its_standard_error() -> None:
    rng = np.random.default_rng(2)
    one = Finished("x", "o", "page", date(2015, 1, 1), 0.01, (50_000, 50_000))
    found = np.array([measured(one, 0.8, rng) for _ in range(2_000)])
    z = (found[:, 0] - one.lift) / found[:, 1]

    # 2,000 standard normal deviates: mean within 4 / sqrt(2000), spread within 4 / sqrt(4000)
    assert abs(z.mean()) < 0.09
    assert z.std() == pytest.approx(1, abs=0.063)


@pytest.mark.parametrize("seed", [2015, *range(20)])
def test_no_page_in_forty_experiments_moved_retention_by_more_than_said(tmp_path: Path, seed: int) -> None:
    write_history(tmp_path, seed=seed)
    with (tmp_path / "history" / "finished.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "retention_week_4"]

    pages = [float(row["lift"]) for row in rows if row["change"] == "page"]

    assert (len(rows), len(pages)) == (40, 14)
    assert max(map(abs, pages)) <= 0.026


def test_every_experiment_was_read_on_every_metric(tmp_path: Path) -> None:
    write_history(tmp_path, seed=1)
    with (tmp_path / "history" / "finished.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert {(row["experiment"], row["metric"]) for row in rows} == {
        (one.name, metric) for one in finished(np.random.default_rng(1)) for metric in BASELINES
    }
