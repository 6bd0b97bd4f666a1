"""The folder that the demo writes: the same bytes for the same seed, and nobody else's files touched."""

from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from twyman.demo.phase import LAUNCH, NEW_ZEALAND
from twyman.demo.simulator import simulate
from twyman.demo.world import world
from twyman.kernel.errors import Conflict

SMALL = (NEW_ZEALAND.of_size(300), LAUNCH.of_size(300))

STAYS = """
select count(distinct user_id) from listening join exposures using (user_id)
where played_at >= exposed_at + interval 21 day and played_at < exposed_at + interval 28 day
  and experiment = 'moment-page-nz'
"""


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        for table in ("users", "exposures", "listening", "ads", "upgrades"):
            connection.execute(f"create view {table} as from '{folder}/warehouse/{table}/*.parquet'")
        return connection.sql(sql).fetchall()


def _is_of_users(name: str) -> bool:
    return name.endswith((".parquet", ".csv", ".jsonl", ".txt"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("world") / "demo", seed=5, phases=SMALL)


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = simulate(tmp_path / "again", seed=5, phases=SMALL)

    assert digests(again) == digests(folder)


def test_another_seed_gives_other_tables_under_the_same_definitions(folder: Path, tmp_path: Path) -> None:
    ours, theirs = digests(folder), digests(simulate(tmp_path / "other", seed=6, phases=SMALL))

    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]) != _is_of_users(name) for name in ours)


def test_a_demo_replaces_what_an_earlier_one_wrote(tmp_path: Path) -> None:
    first = simulate(tmp_path, seed=5, phases=SMALL)
    (first / "warehouse" / "listening" / "stale.parquet").write_bytes(b"")

    simulate(tmp_path, seed=5, phases=SMALL[:1])

    assert [path.name for path in (tmp_path / "warehouse" / "listening").iterdir()] == [NEW_ZEALAND.file]


def test_a_demo_leaves_other_files_in_its_folder_alone(tmp_path: Path) -> None:
    simulate(tmp_path, seed=5, phases=SMALL[:1])
    (tmp_path / "notes.txt").write_text("mine")

    simulate(tmp_path, seed=5, phases=SMALL[:1])

    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_no_demo_wrote_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "twyman.yaml").write_text("kind: project\n")

    with pytest.raises(Conflict, match="name an empty folder"):
        simulate(tmp_path, phases=SMALL)

    assert [path.name for path in tmp_path.iterdir()] == ["twyman.yaml"]


def test_the_tables_hold_what_the_world_held(folder: Path) -> None:
    made = world(SMALL[0], seed=5)

    assert query(folder, STAYS) == [(int(made.stays.sum()),)]


def test_the_advertising_test_reached_all_of_the_treatment_and_none_of_the_control(folder: Path) -> None:
    reached = query(
        folder,
        "select page.arm, count(*) - count(silent.user_id), count(silent.user_id) from exposures page "
        "left join exposures silent on silent.user_id = page.user_id and silent.experiment = 'no-ads' "
        "where page.experiment = 'moment-page-nz' group by 1 order by 1",
    )
    treated = int(world(SMALL[0], seed=5).users.treated.sum())

    assert reached == [("control", 300 - treated, 0), ("moments", 0, treated)]


def test_an_upgrade_is_a_second_row_of_the_user(folder: Path) -> None:
    history = "select string_agg(plan, ' ' order by valid_from) as history from users group by user_id"

    histories = {row[0] for row in query(folder, f"select distinct history from ({history})")}

    assert histories == {"free", "premium", "free premium"}


def test_who_went_over_has_the_paid_plan_from_then_on(folder: Path) -> None:
    [(went, known)] = query(
        folder,
        "select (select count(*) from upgrades), count(*) from upgrades join users using (user_id) "
        "where plan = 'premium' and valid_from = upgraded_at",
    )

    assert went == known > 0


def test_times_carry_their_zone(folder: Path) -> None:
    [(kind,)] = query(folder, "select distinct typeof(played_at) from listening")

    assert kind == "TIMESTAMP WITH TIME ZONE"
