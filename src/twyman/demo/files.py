"""The world as a folder: Parquet files under `warehouse/`, the definition files beside it.

DuckDB writes the Parquet, straight from the arrays. Times carry their zone (UTC). The folder may
be filled again: what an earlier demo wrote there goes first, and nothing else is touched.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from twyman.demo.exposing import met
from twyman.demo.listening import Sessions
from twyman.demo.live import contexts
from twyman.demo.opening import log_visits, visits
from twyman.demo.population import NEVER
from twyman.demo.world import World
from twyman.flags.state import State
from twyman.kernel.errors import Conflict

Columns = Mapping[str, NDArray[Any]]

MARK = ".twyman-demo"
"""Says that a demo filled the folder, so that the next one may fill it again."""

WRITTEN = (
    *("warehouse", "logs", "reports"),
    *("experiments", "flags", "metrics", "segments", "sources"),
    *("allocations.lock", "contexts.yaml", "history.yaml", "surfaces.yaml", "twyman.yaml"),
)
"""What a demo, and the analyses of it, leave in the folder."""

LIST = "segments/quiet-listeners.txt"
"""The copy of a list of users that the advertising test was given."""

MOST_CONTEXTS = 20_000
"""Contexts kept of each phase for the launch gate."""

USERS = """
select 'u' || number as user_id, {country} as country, plan, make_timestamp(signed_up_at)::timestamptz as signed_up_at,
  make_timestamp(valid_from)::timestamptz as valid_from
from rows
"""

EXPOSURES = """
select 'u' || number as user_id, {experiments}[key + 1] as experiment, {arms}[key + 1] as arm,
  make_timestamp(exposed_at)::timestamptz as exposed_at
from rows
"""

LOGGED = """
select unit as user_id, experiment, arm, exposed_at
from read_json('{log}', columns = {{unit: 'varchar', experiment: 'varchar', arm: 'varchar', exposed_at: 'timestamptz'}})
"""

CONTEXTS = """
select 'u' || number as user_id, {country} as country, case when premium then 'premium' else 'free' end as plan
from rows limit {most}
"""

UPGRADES = """
select 'u' || number as user_id, make_timestamp(upgraded_at)::timestamptz as upgraded_at
from rows order by upgraded_at, number
"""

LISTENING = """
select 'u' || number as user_id, make_timestamp(played_at)::timestamptz as played_at, played_ms,
  songs::integer as songs, skipped::integer as skipped,
  searches::integer as searches, saved::integer as saved, shared::integer as shared
from rows
"""

ADS = """
select 'u' || number as user_id, make_timestamp(shown_at)::timestamptz as shown_at, ads::integer as ads
from rows
"""


def clear(folder: Path) -> None:
    """Make the folder ready for a demo.

    Raises:
        Conflict: If it holds something, and no demo wrote it.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise Conflict(
            f"folder '{folder}' holds files that no demo wrote, and a demo would mix with them: "
            "name an empty folder, or one that isn't there yet"
        )
    for name in WRITTEN if folder.exists() else ():
        old = folder / name
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("`twyman demo` wrote this folder, and will write it again when asked to.\n")


def write_definitions(folder: Path, listed: "NDArray[np.int64] | None" = None) -> None:
    """Copy the project into the folder, with the list of users that was passed on.

    Args:
        folder: Where to.
        listed: Numbers of the users on the list; left out, nobody.
    """
    with as_file(files("twyman.demo") / "project") as project:
        shutil.copytree(project, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    if listed is not None:
        (folder / LIST).write_text("".join(f"u{number}\n" for number in listed.tolist()))


def write_world(world: World, folder: Path, state: State) -> None:
    """Write one phase's tables, each as one file in its folder of the warehouse, and its log where one is kept."""
    users, phase = world.users, world.phase
    heard, shown = world.sessions, world.ads
    country = _country(phase.markets)
    upgraded = np.flatnonzero(world.upgraded_at < NEVER)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        table = _Table(connection, folder / "warehouse", phase.file)
        table.write("users", USERS.format(country=country), _plans(world))
        asking = {"number": users.number, "country": users.country, "premium": users.premium}
        table.write("contexts", CONTEXTS.format(country=country, most=MOST_CONTEXTS), asking)
        bought = {"number": users.number[upgraded], "upgraded_at": world.upgraded_at[upgraded]}
        table.write("upgrades", UPGRADES, bought)
        table.write("listening", LISTENING, {"number": users.number[heard.user], **_day(heard)})
        table.write("ads", ADS, {"number": users.number[shown.user], "shown_at": shown.shown_at, "ads": shown.ads})
        if phase.logged:
            log = folder / "logs" / f"{phase.experiment}.jsonl"
            log_visits(state, visits(world), log)
            table.write("exposures", LOGGED.format(log=log), {})
        else:
            table.write("exposures", *_met(world, state))


def _day(heard: Sessions) -> Columns:
    names = ("played_at", "played_ms", "songs", "skipped", "searches", "saved", "shared")
    return {name: getattr(heard, name) for name in names}


def _met(world: World, state: State) -> tuple[str, Columns]:
    """Return what all users of a phase meet, and the statement that writes it."""
    users = world.users
    found = list(met(state, contexts(users.number, *world.country_and_plan())))
    rows = np.concatenate([each.users for each in found])
    key = np.repeat(np.arange(len(found)), [len(each.users) for each in found])
    select = EXPOSURES.format(experiments=[each.experiment for each in found], arms=[each.arm for each in found])
    return select, {"number": users.number[rows], "key": key, "exposed_at": users.exposed_at[rows]}


@dataclass(frozen=True, slots=True)
class _Table:
    """Writes tables of one phase."""

    connection: duckdb.DuckDBPyConnection
    warehouse: Path
    file: str

    def write(self, name: str, select: str, columns: Columns) -> None:
        """Write what a SELECT makes of the arrays, named `rows` in it, to a Parquet file."""
        target = self.warehouse / name / self.file
        target.parent.mkdir(parents=True, exist_ok=True)
        if columns:
            self.connection.register("rows", dict(columns))
        self.connection.sql(select).write_parquet(str(target), compression="zstd")


def _country(markets: Mapping[str, float]) -> str:
    """Return the expression that names a country by its index."""
    return "[" + ", ".join(f"'{code}'" for code in markets) + "][country + 1]"


def _plans(world: World) -> Columns:
    """Return the history of each user's plan: one row a user, two for those who went over to the paid plan."""
    users = world.users
    upgraded = np.flatnonzero(users.premium_since > users.signed_up_at)
    later = np.flatnonzero(world.upgraded_at < NEVER)
    now = np.where(users.premium, "premium", "free")
    first = np.concatenate((np.repeat("free", len(upgraded)), np.repeat("premium", len(later))))
    more = np.concatenate((upgraded, later))
    return {
        "number": np.concatenate((users.number, users.number[more])),
        "country": np.concatenate((users.country, users.country[more])),
        "plan": np.concatenate((now, first)).astype(object),
        "signed_up_at": np.concatenate((users.signed_up_at, users.signed_up_at[more])),
        "valid_from": np.concatenate((users.premium_since, users.signed_up_at[upgraded], world.upgraded_at[later])),
    }
