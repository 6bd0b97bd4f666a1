"""Tables of units that tell no time: the arm, outcomes, and no definition."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

import twyman
from twyman.app.views import Answer
from twyman.definitions.guessing.guesses import Guesses
from twyman.kernel.errors import Invalid, NotFound
from twyman.wiring.guessed import answered, guessed

UNITS = 3_000


def table(folder: Path, **more: Any) -> str:
    """Units in two equal arms, what they spent and whether they came back."""
    rng = np.random.default_rng(8)
    columns = {
        "user_id": [f"u{at}" for at in range(UNITS)],
        "arm": ["control", "new"] * (UNITS // 2),
        "spend": rng.gamma(2, 10, UNITS).round(2).tolist(),
        "Came back": (rng.random(UNITS) < 0.3).tolist(),
        "zip_code": rng.integers(10_000, 99_999, UNITS).tolist(),
        **more,
    }
    kept = {name: values for name, values in columns.items() if values is not None}
    csv.write_csv(pa.table(kept), folder / "units.csv")
    return str(folder / "units.csv")


def first(answer: Answer) -> list[str]:
    assert answer.dossier is not None
    return [f"{doubt.code} {doubt.text}" for doubt in answer.dossier.doubts[:3]]


def test_each_row_is_a_unit_with_its_outcomes(tmp_path: Path) -> None:
    found = guessed(table(tmp_path), [], None, Guesses())

    rows = {row.metric: row for row in answered(found).results}
    assert set(rows) == {"spend", "came-back"}
    assert rows["came-back"].treatment.units == UNITS // 2
    assert 0.25 < (rows["came-back"].control.mean or 0) < 0.35
    assert 18 < (rows["spend"].control.mean or 0) < 22
    assert "units.csv: not summed, as ids, times or places are: 'zip_code'" in found.said
    assert "each row is a unit with its outcomes" in found.said[0]


def test_a_unit_that_is_there_twice_is_found_by_its_id(tmp_path: Path) -> None:
    again = [f"u{at if at != 7 else 5}" for at in range(UNITS)]
    across = [f"u{at if at != 7 else 6}" for at in range(UNITS)]

    with pytest.raises(Invalid, match="unit 'u5' has several rows with different values"):
        answered(guessed(table(tmp_path, user_id=again), [], None, Guesses()))
    assert answered(guessed(table(tmp_path, user_id=across), [], None, Guesses())).health.entrants["in_two_arms"] == 1


def test_without_an_id_each_row_is_a_unit_of_its_own(tmp_path: Path) -> None:
    found = guessed(table(tmp_path, user_id=None), [], None, Guesses())

    assert sum(answered(found).health.units.values()) == UNITS
    assert "units.csv: no column is known to hold the unit's id, so each row is a unit of its own" in found.said


def test_of_several_experiments_one_is_asked_for(tmp_path: Path) -> None:
    file = table(tmp_path, experiment=["page"] * 2_000 + ["o'clock"] * 1_000)

    with pytest.raises(Invalid, match=r"\('page' \(2,000 rows\), 'o'clock' \(1,000 rows\)\).*--experiment page"):
        guessed(file, [], None, Guesses())
    with pytest.raises(NotFound, match="'cart' isn't in column 'experiment'"):
        guessed(file, [], "cart", Guesses())
    assert sum(answered(guessed(file, [], "o'clock", Guesses())).health.units.values()) == 1_000


def test_what_is_missing_is_named_with_its_option(tmp_path: Path) -> None:
    file = table(tmp_path)

    with pytest.raises(NotFound, match="--arm 'group' is a column of none of the tables"):
        guessed(file, [], None, Guesses(arm="group"))
    with pytest.raises(Invalid, match="--value 'user_id' is no number"):
        guessed(file, [], None, Guesses(value=("user_id",)))
    with pytest.raises(NotFound, match=r"known to hold the arm .*--arm COLUMN"):
        guessed(table(tmp_path, arm=None), [], None, Guesses())
    with pytest.raises(Invalid, match=r"no number to compare arms by.*--value COLUMN"):
        guessed(table(tmp_path, spend=None, **{"Came back": None}), [], None, Guesses())
    with pytest.raises(NotFound, match=r"known to hold the time.*leave --events out"):
        guessed(table(tmp_path), [table(tmp_path)], None, Guesses())


def test_definitions_written_give_the_same_answer(tmp_path: Path) -> None:
    found = guessed(table(tmp_path), [], None, Guesses())

    again, first_time = twyman.analyze(found.write(tmp_path / "lab")[-1]).answer, answered(found)

    for one, two in zip(again.results, first_time.results, strict=True):
        assert (one.metric, one.arm) == (two.metric, two.arm)
        assert one.absolute
        assert two.absolute
        # sums of floats differ in their last digits with the order in which an engine's threads come
        seen = (one.absolute.estimate, one.absolute.se)
        assert seen == pytest.approx((two.absolute.estimate, two.absolute.se), rel=1e-9, abs=1e-12)


def test_players_of_cookie_cats_with_their_traps(shared: Path) -> None:
    file = str(shared / "data" / "cookie_cats" / "cookie_cats.csv")

    answer = answered(guessed(file, [], None, Guesses(arm="version", control="gate_30")))

    assert any(text.startswith("srm ") and "44,700" in text for text in first(answer))
    assert any(text.startswith("dominant_unit ") and "49,854" in text for text in first(answer))


def test_customers_of_hillstrom_without_any(shared: Path) -> None:
    file = str(shared / "data" / "hillstrom" / "hillstrom.csv")

    assert first(answered(guessed(file, [], None, Guesses(arm="segment", control="No E-Mail")))) == []


def test_lalondes_controls_from_a_survey(shared: Path) -> None:
    file = str(shared / "data" / "lalonde_nsw" / "nsw74psid1.csv")

    answer = answered(guessed(file, [], None, Guesses(arm="trt")))

    assert first(answer)[0].startswith("srm ")
    assert "2,490" in first(answer)[0]
