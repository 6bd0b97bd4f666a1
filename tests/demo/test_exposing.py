"""Whole markets are exposed as our client would log each user, one by one; and the log says what the flags dealt."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from twyman.demo.exposing import met
from twyman.demo.live import contexts, state_of
from twyman.demo.opening import log_visits, visits
from twyman.demo.phase import LAUNCH, NEW_ZEALAND, Phase
from twyman.demo.simulator import simulate
from twyman.demo.world import world
from twyman.kernel.time import instant

SMALL = [NEW_ZEALAND.of_size(400), LAUNCH.of_size(400)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("live") / "demo", seed=5, phases=SMALL)


def logged(folder: Path, phase: Phase, log: Path) -> list[dict[str, str]]:
    log_visits(state_of(folder), visits(world(phase, seed=5)), log)
    return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]


@pytest.mark.parametrize("phase", SMALL, ids=lambda phase: phase.experiment)
def test_columns_and_client_expose_the_same(folder: Path, phase: Phase, tmp_path: Path) -> None:
    users = world(phase, seed=5)
    table = contexts(users.users.number, *users.country_and_plan())
    ids = table.column("user_id").to_pylist()
    by_columns = Counter(
        (ids[row], each.experiment, each.arm) for each in met(state_of(folder), table) for row in each.users
    )

    by_client = Counter(
        (one["unit"], one["experiment"], one["arm"]) for one in logged(folder, phase, tmp_path / "log.jsonl")
    )

    assert by_columns == by_client
    assert len({experiment for _, experiment, _ in by_client}) > 30


def test_the_log_is_in_order_of_time_and_each_is_exposed_when_the_app_opens(folder: Path, tmp_path: Path) -> None:
    users = world(SMALL[0], seed=5).users
    rows = logged(folder, SMALL[0], tmp_path / "log.jsonl")
    times = {row["unit"]: round(instant(row["exposed_at"]).timestamp() * 1_000_000) for row in rows}

    assert times == dict(zip((f"u{number}" for number in users.number), users.exposed_at.tolist(), strict=True))
    assert [row["exposed_at"] for row in rows] == sorted(row["exposed_at"] for row in rows)


def test_the_experiments_arm_is_what_the_simulator_gave(folder: Path, tmp_path: Path) -> None:
    users = world(SMALL[0], seed=5).users
    rows = logged(folder, SMALL[0], tmp_path / "log.jsonl")

    moments = {row["unit"] for row in rows if (row["experiment"], row["arm"]) == ("moment-page-nz", "moments")}
    silenced = {row["unit"] for row in rows if row["experiment"] == "no-ads"}

    assert moments == silenced == {f"u{number}" for number in users.number[users.treated]}
