"""Without definitions, what stands beside the exposures breaks them down, and ids of events tell repeats."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

import twyman
from twyman.app.views import Answer
from twyman.definitions import check
from twyman.definitions.guessing.guesses import Guesses
from twyman.kernel.errors import Invalid, NotFound
from twyman.wiring.analysis import use_case
from twyman.wiring.guessed import Guessed, guessed

START = datetime(2024, 3, 4, tzinfo=UTC)
Row = dict[str, Any]


def exposed(*, lost: str = "") -> list[Row]:
    """Three thousand users, of three platforms in turn; those of one never meet the new page."""
    rng = np.random.default_rng(5)
    rows = list[Row]()
    for at, drawn in enumerate(rng.permutation(["control", "new"] * 1_500)):
        platform, arm = ("ios", "android", "web")[at % 3], str(drawn)
        if arm == "new" and platform == lost:
            continue
        rows.append(
            {
                "user_id": f"u{at}",
                "ts": START + timedelta(seconds=97 * at),
                "arm": arm,
                "os_name": platform,
                "Country": "NZ",
                "page_segment": f"page {arm}",
                "mood": ("calm", "merry")[int(rng.integers(2))],
                "device_id": f"d{at % 7}",
                "browser": f"version {at % 400}",
            }
        )
    return rows


def stored(folder: Path, name: str, rows: list[Row]) -> str:
    csv.write_csv(pa.Table.from_pylist(rows), folder / f"{name}.csv")
    return str(folder / f"{name}.csv")


def answered(found: Guessed) -> Answer:
    return use_case(found.project)(found.experiment, found.project.catalogue, zone=found.project.zone)


def texts(answer: Answer) -> dict[str, str]:
    return {one.code: one.text for one in answer.health.checks if one.status != "ok"}


def test_a_platform_that_never_meets_the_change_is_named(tmp_path: Path) -> None:
    found = guessed(stored(tmp_path, "seen", exposed(lost="web")), [], None, Guesses(unit=("user_id",)))

    assert found.experiment.dimensions == ("os_name",)
    assert "os_name = web" in texts(answered(found))["srm_by_segment"]
    assert "seen.csv: dimensions, as a unit's first row has them, are 'os_name'" in found.said
    left = next(one for one in found.said if "no dimensions, as they hold one value" in one)
    assert left.endswith("'Country', 'page_segment', 'browser'")


def test_healthy_segments_raise_nothing(tmp_path: Path) -> None:
    found = guessed(stored(tmp_path, "seen", exposed()), [], None, Guesses(unit=("user_id",)))

    assert texts(answered(found)).keys() <= {"immature"}


def test_columns_that_are_named_are_taken_and_no_others(tmp_path: Path) -> None:
    seen = stored(tmp_path, "seen", exposed())

    found = guessed(seen, [], None, Guesses(unit=("user_id",), dimension=("MOOD",)))

    assert found.experiment.dimensions == ("mood",)
    with pytest.raises(NotFound, match=r"--dimension 'moods' isn't a column of 'seen.csv': did you mean 'mood'"):
        guessed(seen, [], None, Guesses(unit=("user_id",), dimension=("moods",)))


def test_written_definitions_have_the_dimensions_too(tmp_path: Path) -> None:
    found = guessed(stored(tmp_path, "seen", exposed(lost="web")), [], None, Guesses(unit=("user_id",)))

    files = found.write(tmp_path / "lab")

    assert check(tmp_path / "lab").ok
    again = twyman.analyze(files[-1]).answer
    assert texts(again)["srm_by_segment"] == texts(answered(found))["srm_by_segment"]


def test_ids_of_events_tell_a_repeat_from_another_event_of_the_same_minute(tmp_path: Path) -> None:
    seen = exposed()
    plays = [(row["user_id"], row["ts"].replace(second=0) + timedelta(minutes=5)) for row in seen for _ in range(4)]
    by_itself = [{"user_id": u, "ts": at, "event_id": f"e{n}"} for n, (u, at) in enumerate(plays)]
    doubled = [*by_itself, *by_itself[: len(by_itself) // 3]]
    bare = [{"user_id": u, "ts": at} for u, at in plays]

    said = dict[str, str]()
    for name, rows in (("by_itself", by_itself), ("doubled", doubled), ("bare", bare)):
        files = [stored(tmp_path, f"seen_{name}", seen), stored(tmp_path, name, rows)]
        found = guessed(files[0], [files[1]], None, Guesses(unit=("user_id",)))
        one = next((one for one in answered(found).health.checks if one.code == "repeated_facts"), None)
        said[name] = f"{one.status}: {one.text}" if one else "none"

    assert said["by_itself"] == "none"
    assert said["doubled"].startswith("warn")
    assert said["bare"].startswith("note")


def test_shares_that_rows_look_like_are_offered(tmp_path: Path) -> None:
    rows = [
        row | {"arm": ("control", "control", "blue", "green")[at % 4 * (at > 40)]} for at, row in enumerate(exposed())
    ]
    seen = stored(tmp_path, "seen", rows)

    found = guessed(seen, [], None, Guesses(unit=("user_id",)))

    offered = "--shares 'control=50%,blue=25%,green=25%', which is what the rows look like"
    assert any(one.endswith(offered) for one in found.said)
    with pytest.raises(Invalid, match=r"names only 'blue', .* needs two arms: name 'control', 'green', too"):
        guessed(seen, [], None, Guesses(unit=("user_id",), shares={"blue": "50%"}))
