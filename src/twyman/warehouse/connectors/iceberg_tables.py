"""Iceberg's tables in statements for DuckDB: lists of files, or tables in memory of the columns that are named."""

import glob
from collections.abc import Callable

from sqlglot import exp, parse_one

from twyman.warehouse.connector import Scan
from twyman.warehouse.connectors.iceberg import Lakehouse, Snapshot
from twyman.warehouse.dialects.duckdb import DIALECT
from twyman.warehouse.language.syntax import array, call, column, table, text


class LakeTables:
    """What stands in FROM for tables of a catalogue.

    Args:
        lake: The catalogue.
        register: Makes an Arrow table known by a name.
    """

    def __init__(self, lake: Lakehouse, register: Callable[[str, object], None]) -> None:
        self._lake = lake
        self._register = register
        self._known: dict[str, tuple[Snapshot, Scan]] = {}
        self._read: dict[str, tuple[set[str], object]] = {}

    def item(self, title: str, scan: Scan) -> exp.Expr:
        """Return what reads a table; the statement tells its snapshot.

        Raises:
            NotFound, Invalid, Unavailable: As `Lakehouse.snapshot` does.
        """
        found = self._lake.snapshot(title)
        if found.files is not None:
            return _files(found, found.files)
        name = f"iceberg {title}, snapshot {found.number or 'none'}"
        if scan.time:
            name += f", {scan.start.date()} to {scan.end.date()}"
        self._known[name] = (found, scan)
        return table(name)

    def read_for(self, sql: str) -> None:
        """Read what a statement needs of the tables that the engine can't read itself.

        Raises:
            Unavailable: If their files can't be read.
        """
        for name in self._named(sql):
            snapshot, scan = self._known[name]
            wanted = _columns(sql, snapshot)
            held, rows = self._read.get(name, (set[str](), None))
            if rows is None or not wanted <= held:
                held |= wanted
                rows = snapshot.read(held, scan)
                self._read[name] = (held, rows)
            self._register(name, rows)

    def described_for(self, sql: str) -> None:
        """Make the columns known of the tables that the engine can't read itself: what has no rows costs nothing."""
        for name in self._named(sql):
            self._register(name, self._known[name][0].empty)

    def _named(self, sql: str) -> list[str]:
        return [name for name in self._known if name in sql]


def _files(snapshot: Snapshot, files: tuple[str, ...]) -> exp.Expr:
    # Folders of partitions repeat what stands in the files, as text; names are taken as they are.
    names = array(text(glob.escape(one)) for one in files)
    plain = exp.EQ(this=column("hive_partitioning"), expression=exp.false())
    item = exp.Table(this=call("read_parquet", names, plain))
    item.add_comments([f"iceberg {snapshot.name}, snapshot {snapshot.number}"])
    return item


def _columns(sql: str, snapshot: Snapshot) -> set[str]:
    """Return the columns that a statement may read: those that it names anywhere, or all."""
    every = {one.lower() for one in snapshot.empty.schema.names}
    tree = parse_one(sql, dialect=DIALECT.printer)
    if any(_gives_all(star) for star in tree.find_all(exp.Star)):
        return every
    named = {str(found.this).lower() for found in tree.find_all(exp.Identifier)} & every
    return named or every


def _gives_all(star: exp.Star) -> bool:
    """Whether a star stands for columns that nobody names: at the top of a statement, or within a function."""
    above = star.parent
    if isinstance(above, exp.Count):
        return False
    return not isinstance(above, exp.Select) or above.parent is None
