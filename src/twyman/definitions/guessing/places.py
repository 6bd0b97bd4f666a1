"""Where the tables are that somebody names: files from here, or a warehouse of a project, a folder or an address."""

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from twyman.definitions.folder import PROJECT_FILE
from twyman.definitions.guessing.exposing import ENDINGS
from twyman.definitions.project import read_path
from twyman.kernel.errors import Invalid, NotFound

ENGINES: Mapping[str, str] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "clickhouse": "clickhouse",
    "clickhouses": "clickhouse",
    "http": "clickhouse",
    "https": "clickhouse",
    "sc": "spark",
}
"""Which engine an address belongs to, by its scheme."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A warehouse as a project says it, and its tables as definitions name them."""

    warehouse: Mapping[str, Any]
    exposures: str
    events: tuple[str, ...]


def placed(exposures: str, events: Sequence[str], warehouse: str) -> Placed:
    """Return where tables are.

    Args:
        exposures: The table of exposures.
        events: Tables of events.
        warehouse: A url (or a variable that holds it, as in `$WAREHOUSE_URL`), a DuckDB file, a folder of data files,
            or the folder of a project; empty: files from the present folder.

    Raises:
        NotFound: If a folder isn't there.
        Invalid: If no engine is known by the url, or the files have no folder in common.
    """
    if not warehouse:
        return _files(exposures, events)
    if "://" in warehouse or warehouse.startswith("$"):
        return Placed({"engine": _engine(warehouse), "url": warehouse}, exposures, tuple(events))
    path = Path(warehouse)
    if not path.exists():
        raise NotFound(f"warehouse '{warehouse}' isn't there: name a folder, a DuckDB file, or a url")
    if (path / PROJECT_FILE).is_file() or path.name == PROJECT_FILE:
        return Placed(_of_project(path), exposures, tuple(events))
    return Placed({"engine": "duckdb", "path": str(path.resolve())}, exposures, tuple(events))


def _engine(url: str) -> str:
    held = os.environ.get(url.strip("${}"), "") if url.startswith("$") else url
    if not held:
        raise Invalid(f"environment variable {url.strip('${}')} isn't set: set it to the warehouse's url")
    scheme = urlsplit(held).scheme
    if scheme not in ENGINES:
        raise Invalid(f"no engine is known by '{scheme}://': write {', '.join(f'{one}://' for one in ENGINES)}")
    return ENGINES[scheme]


def _of_project(path: Path) -> dict[str, Any]:
    place = read_path(path).project.warehouse
    file = path if path.name == PROJECT_FILE else path / PROJECT_FILE
    held: Any = YAML(typ="safe").load(file)  # pyright: ignore[reportUnknownMemberType] - it is untyped
    said: dict[str, Any] = held.get("warehouse") or {"engine": "duckdb"}
    return dict(said) | ({"path": place.path} if "url" not in said else {})


def _files(exposures: str, events: Sequence[str]) -> Placed:
    here = Path.cwd()
    titles = [exposures, *events]
    for title in titles:
        _refuse_unread(here, title)
    if not any(os.path.isabs(title) or ".." in Path(title).parts for title in titles):
        return Placed({"engine": "duckdb", "path": str(here)}, exposures, tuple(events))
    whole = [os.path.normpath(here / title) for title in titles]
    root = os.path.commonpath([_folder(each) for each in whole])
    if root == os.path.sep:
        raise Invalid(
            f"'{exposures}' and '{events[-1]}' lie in folders with nothing in common: put both into one, as links, say"
        )
    first, *others = (os.path.relpath(each, root) for each in whole)
    return Placed({"engine": "duckdb", "path": root}, first, tuple(others))


def _refuse_unread(here: Path, title: str) -> None:
    """Refuse a folder, and a file of a kind that isn't read: neither is a table's name."""
    path = here / title
    if path.is_dir():
        raise Invalid(f"'{title}' is a folder: name its files, as in '{title.rstrip('/')}/*.parquet'")
    if path.is_file() and path.suffix[1:].lower() not in (*ENDINGS, "json", "duckdb"):
        raise Invalid(
            f"file '{title}' is of a kind that isn't read ('{path.suffix}'): save it as CSV, Parquet or JSON lines"
        )


def _folder(pattern: str) -> str:
    """Return the folder of a pattern's files, up to the first sign in it."""
    parts = Path(pattern).parts[:-1]
    plain = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return str(Path(*parts[:plain]))
