"""The world as a folder: Parquet files under `warehouse/`, the definition files beside it.

DuckDB writes the Parquet, straight from the arrays. Times carry their zone (UTC). The folder may
be filled again: what an earlier demo wrote there goes first, and nothing else is touched.
"""

import shutil
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from twyman.demo.world import World
from twyman.kernel.errors import Conflict

Columns = Mapping[str, NDArray[Any]]

MARK = ".twyman-demo"
"""Says that a demo filled the folder, so that the next one may fill it again."""

WRITTEN = ("warehouse", "sources", "metrics", "experiments", "reports", "twyman.yaml")
"""What a demo, and the analyses of it, leave in the folder."""

NO_ADS = "no-ads"
"""Key of the advertising test in the table of exposures; its one arm here is the list of treated users."""

USERS = """
select 'u' || number as user_id, {country} as country, plan, make_timestamp(signed_up_at)::timestamptz as signed_up_at,
  make_timestamp(valid_from)::timestamptz as valid_from
from rows
"""

EXPOSURES = """
select 'u' || number as user_id, '{experiment}' as experiment,
  case when treated then 'moments' else 'control' end as arm,
  make_timestamp(exposed_at)::timestamptz as exposed_at
from rows
"""

NO_ADS_EXPOSURES = """
select 'u' || number as user_id, '{no_ads}' as experiment, 'ads_off' as arm,
  make_timestamp(exposed_at)::timestamptz as exposed_at
from rows where treated
"""

LISTENING = """
select 'u' || number as user_id, make_timestamp(played_at)::timestamptz as played_at, played_ms,
  songs::integer as songs, skipped::integer as skipped
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


def write_definitions(folder: Path) -> None:
    """Copy the project, its sources, metrics and experiments into the folder."""
    with as_file(files("twyman.demo") / "project") as project:
        shutil.copytree(project, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)


def write_world(world: World, warehouse: Path) -> None:
    """Write one phase's tables, each as one file in its folder of the warehouse."""
    users, phase, file = world.users, world.phase, world.phase.file
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")

        def write(table: str, select: str, columns: Columns) -> None:
            _copy(connection, select, columns, warehouse / table / file)

        write("users", USERS.format(country=_country(phase.markets)), _plans(world))
        arms = {"number": users.number, "treated": users.treated, "exposed_at": users.exposed_at}
        exposures = EXPOSURES.format(experiment=phase.experiment)
        if phase.truth.no_ads:
            exposures += "union all" + NO_ADS_EXPOSURES.format(no_ads=NO_ADS)
        write("exposures", exposures, arms)
        heard, shown = world.sessions, world.ads
        write(
            "listening",
            LISTENING,
            {
                "number": users.number[heard.user],
                "played_at": heard.played_at,
                "played_ms": heard.played_ms,
                "songs": heard.songs,
                "skipped": heard.skipped,
            },
        )
        write("ads", ADS, {"number": users.number[shown.user], "shown_at": shown.shown_at, "ads": shown.ads})


def _copy(connection: duckdb.DuckDBPyConnection, select: str, columns: Columns, target: Path) -> None:
    """Write what a SELECT makes of the arrays, named `rows` in it, to a Parquet file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    connection.register("rows", dict(columns))
    connection.sql(select).write_parquet(str(target), compression="zstd")
    connection.unregister("rows")


def _country(markets: Mapping[str, float]) -> str:
    """Return the expression that names a country by its index."""
    return "[" + ", ".join(f"'{code}'" for code in markets) + "][country + 1]"


def _plans(world: World) -> Columns:
    """Return the history of each user's plan: one row a user, two for those who upgraded."""
    users = world.users
    upgraded = np.flatnonzero(users.premium_since > users.signed_up_at)
    now = np.where(users.premium, "premium", "free")
    return {
        "number": np.concatenate((users.number, users.number[upgraded])),
        "country": np.concatenate((users.country, users.country[upgraded])),
        "plan": np.concatenate((now, np.repeat("free", len(upgraded)))).astype(object),
        "signed_up_at": np.concatenate((users.signed_up_at, users.signed_up_at[upgraded])),
        "valid_from": np.concatenate((users.premium_since, users.signed_up_at[upgraded])),
    }
