"""Apache Spark: tables of a catalogue and files of a folder, by Spark Connect or with a driver in this process.

Spark computes what is named twice twice, so named parts become temporary views that are computed once. Sail, which
speaks the same protocol, keeps no views: there they are tables for as long as the answer takes.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from twyman.kernel.errors import NotFound, TwymanError
from twyman.warehouse.connector import Kept, Row
from twyman.warehouse.connectors.spark_files import open_file
from twyman.warehouse.connectors.spark_frames import as_arrow, selected
from twyman.warehouse.connectors.spark_keeping import SCHEMA, Catalogue, Folder, named
from twyman.warehouse.connectors.spark_parts import Cached, Parts, Written, forgotten
from twyman.warehouse.connectors.spark_session import Overflown, Session, quoted
from twyman.warehouse.connectors.spark_types import plain, type_word
from twyman.warehouse.connectors.table_folder import TableFolder
from twyman.warehouse.dialects.dialect import Dialect
from twyman.warehouse.dialects.spark import DIALECT, SAIL, exact, is_file, source, view_of
from twyman.warehouse.language.syntax import name

_SIZE = re.compile(
    r"^[ :+*|-]*(?:Relation|LogicalRDD|LocalRelation|FileScan).*Statistics\(sizeInBytes=([0-9.E+]+) ([KMGTPE]?i?B)"
)
_UNITS = {unit: 1024**power for power, unit in enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))}


class SparkConnector:
    """Fulfils `twyman.warehouse.connector.Connector`, `Staging` and `Keeping`.

    Args:
        master_or_url: `sc://host:port` for Spark Connect (and for Sail); `local[2]` or `spark://host:port` for a
            driver in this process.
        path: Folder that file names start from, under the name by which Spark's workers know it, too.
        timeout: Seconds that a statement may take; `None`: as long as it takes.
        settings: Further settings of Spark's, as in `{"spark.sql.shuffle.partitions": "8"}`.

    Raises:
        NotFound: If the folder isn't there.
        Invalid: If the driver isn't installed, or the url is none.
        Unavailable: If Spark can't be reached.
    """

    def __init__(
        self,
        master_or_url: str,
        *,
        path: Path | None = None,
        timeout: float | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._root = path.absolute() if path is not None else None
        if self._root is not None and not self._root.exists():
            raise NotFound(
                f"warehouse '{self._root}' isn't there: correct warehouse.path in twyman.yaml, or make the folder"
            )
        self._session = Session(master_or_url, timeout, settings)
        self._wanted: dict[str, exp.Anonymous] = {}
        self._opened: set[str] = set()
        self._staged: dict[str, str] = {}
        self._parts: Parts = Written(self._asked) if self._session.is_sail else Cached(self._session)
        spoken = SAIL if self._session.is_sail else DIALECT
        self._dialect = replace(spoken, nodes={**spoken.nodes, exp.Table: self._noted})
        self._own = (
            Catalogue(self._asked, renames=not self._session.is_sail)
            if self._root is None
            else Folder(self._root, self._write)
        )

    def __repr__(self) -> str:
        return f"SparkConnector({self.engine})"

    @property
    def engine(self) -> str:
        """Name and version of the engine."""
        return f"{'sail' if self._session.is_sail else 'spark'} {self._session.version}"

    @property
    def dialect(self) -> Dialect:
        """Spark's, or what Sail understands of it."""
        return self._dialect

    @property
    def files(self) -> Path | None:
        """The folder that file names start from; `None` where there are tables only."""
        return self._root

    def rows(self, sql: str) -> list[Row]:
        """Run one SELECT and return its rows.

        Raises:
            Refused: If Spark can't make sense of it, or the data don't fit it.
            Unavailable: If Spark doesn't answer, gives up, or takes longer than it may.
        """
        self._open_files()
        try:
            return self._asked(sql)
        except Overflown:
            if self._session.is_sail:
                raise
        return self._exactly(sql)

    def _asked(self, sql: str) -> list[Row]:
        with self._session.asked():
            found = self._session.spark.sql(sql).toArrow()
            return [{title: plain(value) for title, value in row.items()} for row in found.to_pylist()]

    def _exactly(self, sql: str) -> list[Row]:
        """Run a SELECT again, and all that it stands on, with sums that don't overflow."""
        for title, part in list(self._staged.items()):
            self.stage(title, exact(part))
        return self._asked(exact(sql))

    def types(self, sql: str) -> dict[str, str]:
        """Return the type of each column that a SELECT would give, without running it.

        Raises:
            Refused: If Spark can't make sense of it.
            Unavailable: If Spark doesn't answer.
        """
        self._open_files()
        with self._session.asked():
            schema = self._session.spark.sql(sql).schema.jsonValue()
        return {field["name"]: type_word(field["type"]) for field in schema["fields"]}

    def _noted(self, node: exp.Expr) -> exp.Expr:
        if is_file(node):
            self._wanted.setdefault(view_of(node.this), node.this.copy())
        return source(node)

    def _open_files(self) -> None:
        for view, reader in list(self._wanted.items()):
            if view not in self._opened and self._root is not None:
                open_file(self._session, self._root, reader, view)
                self._opened.add(view)

    def tables(self) -> list[str]:
        """Return the names of the tables and views of the current schema, and of others with theirs before them."""
        current = self._asked("SELECT current_schema() AS name")[0]["name"]
        schemas = [next(iter(row.values())) for row in self._asked("SHOW SCHEMAS")]
        found = [(schema, row) for schema in schemas if schema != SCHEMA for row in self._asked(_shown(schema))]
        every = [
            row["tableName"] if schema == current or row["isTemporary"] else f"{schema}.{row['tableName']}"
            for schema, row in found
        ]
        ours = {*self._opened, *self._staged}
        return [title for title in dict.fromkeys(every) if title not in ours]

    def item(self, title: str) -> exp.Expr | None:
        """Return a table by name, or by catalogue, schema and name."""
        with self._session.asked():
            parts = title.split(".")
            there = self._session.spark.catalog.tableExists(".".join(map(quoted, parts)))
        if not there:
            return None
        *above, last = [name(part) for part in parts]
        return exp.Table(this=last, **dict(zip(("db", "catalog"), reversed(above), strict=False)))

    def register(self, name: str, data: object) -> None:
        """Make a table held in memory known by a name.

        Raises:
            Refused: If it is no table that Spark reads.
        """
        table = as_arrow(name, data)
        with self._session.asked():
            frame = self._session.spark.createDataFrame(table)
            # Spark takes a time without a zone for an instant, in the session's zone: that is UTC.
            self._session.view(frame.selectExpr(*map(selected, table.schema)), name)

    def stage(self, name: str, sql: str) -> None:
        """Keep the rows of a SELECT as a view that is computed once, for this session."""
        self._open_files()
        self.unstage([name])
        self._staged[name] = sql
        self._parts.keep(name, sql)

    def unstage(self, names: Sequence[str]) -> None:
        """Forget them, last first."""
        forgotten(self._parts, [name for name in names if self._staged.pop(name, None) is not None])

    def cost(self, sql: str) -> int | None:
        """Return how many bytes the tables and files of a SELECT hold, as Spark reckons; Sail doesn't tell."""
        self._open_files()
        plan = next(iter(self._asked(f"EXPLAIN COST {sql}")[0].values()))
        logical = plan.partition("== Physical Plan ==")[0]
        sizes = [_SIZE.search(line) for line in logical.splitlines()]
        known = [round(float(found[1]) * _UNITS[found[2]]) for found in sizes if found]
        return sum(known) if known else None

    def cancel(self) -> None:
        """End what is running, from another thread; its views go with its answer."""
        self._session.cancel()

    def close(self) -> None:
        """End the session, and what it keeps: views would stay in the memory of Spark's workers."""
        with suppress(TwymanError):
            self.unstage(list(self._staged))
        self._session.close()

    def keep(self, name: str, sql: str) -> bool:
        """Keep the rows of a SELECT, whole or not at all: in `.twyman` beside the data, or in the schema `twyman`.

        Raises:
            Refused: If the data don't fit the statement.
            Unavailable: If Spark or a disk gave out.
        """
        self._open_files()
        return self._own.keep(name, sql)

    def _write(self, sql: str, folder: Path) -> None:
        with self._session.asked():
            self._session.spark.sql(sql).write.parquet(f"file://{folder}")

    def own(self, name: str) -> exp.Expr | None:
        """Return what reads a table of our own."""
        if isinstance(self._own, Catalogue):
            there = self._own.has(name)
            return exp.table_(named(name), SCHEMA, quoted=True) if there else None
        folder = self._own.path(name)
        return None if folder is None else exp.table_(f"file://{folder}", "parquet", quoted=True)

    def kept(self) -> list[Kept]:
        """Return the tables of our own."""
        return self._own.kept()

    def drop(self, name: str) -> None:
        """Drop a table of our own."""
        self._own.drop(name)

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book; return whether books may be written here. One writer at a time is assumed.

        Raises:
            Conflict: If an entry of this number is there already.
            Unavailable: If Spark or a disk gave out.
        """
        return self._books.write(book, number, document)

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        return self._books.entries(book)

    def books(self) -> list[str]:
        """Return the names of the books."""
        return self._books.books()

    def strike(self, book: str, number: int) -> None:
        """Take an entry out of a book."""
        self._books.strike(book, number)

    @property
    def _books(self) -> Catalogue | TableFolder:
        return self._own if isinstance(self._own, Catalogue) else self._own.books


def _shown(schema: str) -> str:
    return f"SHOW TABLES IN {quoted(schema)}"
