"""Tables of an Iceberg catalogue, for an engine that reads Parquet: which files a table is made of at this moment.

The snapshot of a table that is current when it is first named is read until the connection ends, so that one answer
tells of one state. Where its files say all there is to know, the engine reads them itself; where rows were deleted
beside the files, columns were renamed or added, or the files are no Parquet files of its own folder, pyiceberg reads
the columns that a statement names.
"""

import warnings
from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twyman.kernel.errors import Invalid, NotFound, TwymanError, Unavailable, nearest
from twyman.kernel.time import YEARS
from twyman.warehouse.connector import Scan

PARQUET = "PARQUET"
MAPPED = "schema.name-mapping.default"
"""Property of a table whose files were written by somebody else, and know their columns by name."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as it was when it was first named.

    Attributes:
        number: The snapshot's; `None`: nothing was ever written.
        folder: Its own folder of data; `None` where that is on no disk of this machine.
        files: Parquet files that are all of it; `None` where pyiceberg has to read it.
        empty: An Arrow table of its columns, without rows.
    """

    name: str
    number: int | None
    folder: Path | None
    files: tuple[str, ...] | None
    empty: Any
    table: Any

    def read(self, columns: Collection[str], scan: Scan) -> Any:  # noqa: ANN401 - pyarrow is optional
        """Return rows as an Arrow table, of some columns only.

        Args:
            columns: Names, in any case.
            scan: Between which times a row matters.

        Raises:
            Unavailable: If its files can't be read.
        """
        wanted = {one.lower() for one in columns}
        named = tuple(one for one in self.empty.schema.names if one.lower() in wanted) or ("*",)
        try:
            with _quiet():
                found = self.table.scan(row_filter=_matters(self.table, scan), selected_fields=named)
                return found.to_arrow()
        except Exception as error:  # noqa: BLE001 - each catalogue and store has errors of its own
            raise Unavailable(
                f"Iceberg table '{self.name}' can't be read ({type(error).__name__}): see that its files are there, "
                "that this machine may read them, and that it has no equality deletes"
            ) from None


class Lakehouse:
    """One catalogue, as pyiceberg's own configuration names it; its tables are read and never written.

    Args:
        catalog: Its name in pyiceberg's configuration; `None`: the one that is the default there.
    """

    def __init__(self, catalog: str | None = None) -> None:
        self._named = catalog
        self._catalog: Any = None
        self._snapshots: dict[str, Snapshot] = {}

    def folders(self, titles: Iterable[str]) -> tuple[Path, ...]:
        """Return the folders in which the data of some tables lie; one that can't be read has none."""
        found: set[Path] = set()
        for title in titles:
            with suppress(TwymanError):  # told where a definition reads it
                one = self.snapshot(title)
                found |= {one.folder} if one.folder is not None and one.files else set()
        return tuple(sorted(found))

    def snapshot(self, title: str) -> Snapshot:
        """Return a table, as it was when it was first asked for.

        Args:
            title: Namespace and name, as in `shop.plays`.

        Raises:
            NotFound: If there is no such catalogue, or no such table in it.
            Invalid: If pyiceberg isn't installed.
            Unavailable: If the catalogue doesn't answer.
        """
        if title not in self._snapshots:
            self._snapshots[title] = _snapshot(title, self._table(title))
        return self._snapshots[title]

    def _table(self, title: str) -> Any:  # noqa: ANN401 - pyiceberg is optional
        if self._catalog is None:
            self._catalog = _catalogue(self._named)
        from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError  # noqa: PLC0415 - of an extra

        try:
            return self._catalog.load_table(title)
        except (NoSuchTableError, NoSuchNamespaceError, ValueError):
            name, hint = self._catalog.name, nearest(title, self._titles(title))
            raise NotFound(f"Iceberg catalogue '{name}' has no table '{title}': {hint}") from None
        except Exception as error:  # noqa: BLE001 - as above; what it says may name hosts and keys
            raise _unanswered(self._catalog.name, error) from None

    def _titles(self, title: str) -> list[str]:
        with suppress(Exception):
            return [".".join(one) for one in self._catalog.list_tables(title.rpartition(".")[0])]
        return []


def _catalogue(named: str | None) -> Any:  # noqa: ANN401 - pyiceberg is optional
    try:
        from pyiceberg.catalog import load_catalog  # noqa: PLC0415 - of an extra, and slow to load
        from pyiceberg.utils.config import Config  # noqa: PLC0415 - as above
    except ImportError as error:
        raise Invalid("pyiceberg isn't installed, and reads Iceberg's catalogues: pip install 'twyman[iceberg]'") from (
            error
        )
    config = Config()  # read now: pyiceberg's own was read when it was loaded
    name = named or config.get_default_catalog_name()
    settings: Any = config.get_catalog_config(name)
    if not settings:
        known = nearest(name, config.get_known_catalogs()) if config.get_known_catalogs() else "it names none"
        raise NotFound(
            f"Iceberg catalogue '{name}' isn't in pyiceberg's configuration: {known}: "
            f"add it to .pyiceberg.yaml, or set PYICEBERG_CATALOG__{name.upper()}__URI"
        )
    try:
        with _quiet():
            return load_catalog(name, **{**settings, "init_catalog_tables": "false"})
    except Exception as error:  # noqa: BLE001 - what it says may hold the settings
        raise _unanswered(name, error) from None


def _unanswered(name: str, error: Exception) -> Unavailable:
    return Unavailable(
        f"Iceberg catalogue '{name}' doesn't answer ({type(error).__name__}): "
        "see that pyiceberg's settings of it are right, then try again"
    )


def _snapshot(title: str, table: Any) -> Snapshot:  # noqa: ANN401 - pyiceberg is optional
    from pyiceberg.io.pyarrow import schema_to_pyarrow  # noqa: PLC0415 - of an extra

    number = table.metadata.current_snapshot_id
    folder = _local(table.location())
    folder = folder / "data" if folder is not None else None
    empty = schema_to_pyarrow(table.schema(), include_field_ids=False).empty_table()
    files = _files(table, folder) if number is not None and folder is not None else None
    return Snapshot(title, number, folder, files, empty, table)


def _files(table: Any, folder: Path) -> tuple[str, ...] | None:  # noqa: ANN401 - as above
    """Return the files of a table whose files are all there is to it."""
    if len(table.schemas()) > 1 or MAPPED in table.properties:
        return None
    found: list[str] = []
    try:
        tasks = list(table.scan().plan_files())
    except Exception as error:  # noqa: BLE001 - each store has errors of its own
        raise Unavailable(
            f"Iceberg table '{'.'.join(table.name())}' can't be read ({type(error).__name__}): "
            "see that its metadata are there, and that this machine may read them"
        ) from None
    for task in tasks:
        path = _local(task.file.file_path)
        if task.delete_files or task.file.file_format.name != PARQUET or path is None:
            return None
        if not path.resolve().is_relative_to(folder.resolve()):
            return None
        found.append(str(path))
    return tuple(sorted(found)) or None


def _local(address: str) -> Path | None:
    """Return the path of an address on this machine.

    Example:
        >>> _local("file:///data/plays"), _local("s3://data/plays")
        (PosixPath('/data/plays'), None)
    """
    parts = urlsplit(address)
    return Path(parts.path) if parts.scheme in ("", "file") and not parts.netloc else None


def _matters(table: Any, scan: Scan) -> Any:  # noqa: ANN401 - as above
    """Return which rows matter: those in time, and those whose time is to be refused or counted for what it is."""
    from pyiceberg import expressions  # noqa: PLC0415 - of an extra
    from pyiceberg.types import DateType, TimestampType, TimestamptzType  # noqa: PLC0415 - of an extra

    say: Any = expressions  # its own types know of no arguments
    kinds = {one.name: one.field_type for one in table.schema().fields}
    kind = kinds.get(scan.time)
    if not isinstance(kind, DateType | TimestampType | TimestamptzType):
        return say.AlwaysTrue()

    def written(moment: datetime) -> str:
        if isinstance(kind, DateType):
            return date.isoformat(moment.date())
        return (moment.replace(tzinfo=UTC) if isinstance(kind, TimestamptzType) else moment).isoformat()

    first, after = (datetime(year, 1, 1) for year in (YEARS[0], YEARS[-1] + 1))  # noqa: DTZ001 - written without zone
    inside = say.And(
        say.GreaterThanOrEqual(scan.time, written(scan.start)), say.LessThanOrEqual(scan.time, written(scan.end))
    )
    never = say.Or(say.LessThan(scan.time, written(first)), say.GreaterThanOrEqual(scan.time, written(after)))
    return say.Or(say.IsNull(scan.time), say.Or(inside, never))


@contextmanager
def _quiet() -> Generator[None]:
    """Keep pyiceberg from warning of what it does within."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
