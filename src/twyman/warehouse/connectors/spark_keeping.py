"""Tables and books of Twyman's own, where Spark keeps them: in a folder beside the data, or in the catalogue.

Spark holds nothing that makes two writers take turns, so one writer at a time is assumed: two that write the same
entry of a book at once are both believed. A folder's books are files, and don't have this weakness.
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from twyman.kernel.errors import Conflict, Unavailable
from twyman.warehouse.connector import Kept, Refused, Row
from twyman.warehouse.connectors.spark_files import literal
from twyman.warehouse.connectors.spark_session import quoted
from twyman.warehouse.connectors.table_folder import OWN, TABLES, TableFolder
from twyman.warehouse.looks.durable import FAILING, flush_folder

SCHEMA, BOOKS = "twyman", "books"
Ask = Callable[[str], list[Row]]
_DONE, _DRAFT, STAGE = "_SUCCESS", "draft.", "stage."


class Folder:
    """Tables as folders of Parquet files in `.twyman`; each gets its name once it is whole.

    Args:
        root: The warehouse's folder, which Spark's workers see under the same name.
        write: Writes the rows of a SELECT to a folder.
    """

    def __init__(self, root: Path, write: Callable[[str, Path], None]) -> None:
        self._tables = root / OWN / TABLES
        self._write = write
        self.books = TableFolder(root)

    def keep(self, name: str, sql: str) -> bool:
        """Keep the rows of a SELECT; return whether the place can be written."""
        draft = self._tables / f".{name}.parquet.{secrets.token_hex(6)}"
        try:
            self._tables.mkdir(parents=True, exist_ok=True)
            if not os.access(self._tables, os.W_OK):
                return False
            self._write(sql, draft)
            self.drop(name)
            draft.rename(self._folder(name))
            flush_folder(self._tables)
        except OSError as error:
            if error.errno in FAILING:
                raise Unavailable(f"table '{name}' can't be kept in {self._tables}: {error.strerror}") from error
            return False
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return True

    def path(self, name: str) -> Path | None:
        """Return the folder of a table; `None` if there is none."""
        folder = self._folder(name)
        return folder if (folder / _DONE).is_file() or any(folder.glob("*.parquet")) else None

    def kept(self) -> list[Kept]:
        """Return the tables, and the bytes they hold; drafts that a killed process left behind are among them."""
        found = sorted(folder for folder in self._tables.glob("*") if folder.is_dir())
        return [Kept(_title(one), size=sum(file.stat().st_size for file in one.rglob("*"))) for one in found]

    def drop(self, name: str) -> None:
        """Drop a table, or a draft."""
        shutil.rmtree(self._tables / name if name.startswith(".") else self._folder(name), ignore_errors=True)

    def _folder(self, name: str) -> Path:
        return self._tables / f"{name}.parquet"


def _title(folder: Path) -> str:
    return folder.name if folder.name.startswith(".") else folder.name.removesuffix(".parquet")


class Catalogue:
    """Tables of the schema `twyman`, and books as rows of one of them.

    Args:
        ask: Runs a statement.
        renames: Whether tables can be renamed; where not, one is copied, and whoever is killed then leaves a part.
    """

    def __init__(self, ask: Ask, *, renames: bool = True) -> None:
        self._ask = ask
        self._renames = renames

    def keep(self, name: str, sql: str) -> bool:
        """Keep the rows of a SELECT; return whether the schema may be written.

        It is written under a draft's name, and then renamed: who is killed before leaves the draft, which is listed.
        """
        if not self._may():
            return False
        draft, target = (_own(named(one)) for one in (f"{_DRAFT}{secrets.token_hex(6)}", name))
        try:
            self._ask(f"CREATE TABLE {draft} USING parquet AS {sql}")
            self.drop(name)
            if self._renames:
                self._ask(f"ALTER TABLE {draft} RENAME TO {target}")
            else:
                self._ask(f"CREATE TABLE {target} USING parquet AS SELECT * FROM {draft}")  # noqa: S608 - our own names
        finally:
            self._ask(f"DROP TABLE IF EXISTS {draft}")
        return True

    def has(self, name: str) -> bool:
        """Say whether there is a table of ours by that name."""
        return named(name) in self._names()

    def kept(self) -> list[Kept]:
        """Return the tables, books aside."""
        return [Kept(meant(table)) for table in self._names() if table != BOOKS and not meant(table).startswith(STAGE)]

    def drop(self, name: str) -> None:
        """Drop a table."""
        if named(name) in self._names():
            self._ask(f"DROP TABLE IF EXISTS {_own(named(name))}")

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book; return whether the schema may be written.

        Raises:
            Conflict: If the entry is there already.
        """
        if not self._may():
            return False
        if any(there == number for there, _ in self.entries(book)):
            raise Conflict(
                f"entry {number} of '{book}' is written already: entries are never rewritten; write the next one"
            )
        self._add(book, number, literal(document.decode()))
        return True

    def strike(self, book: str, number: int) -> None:
        """Take an entry out: by a row that says so, since rows stay."""
        if any(there == number for there, _ in self.entries(book)):
            self._add(book, number, "CAST(NULL AS STRING)")

    def _add(self, book: str, number: int, document: str) -> None:
        columns = "book STRING, number INT, document STRING, written INT"
        self._ask(f"CREATE TABLE IF NOT EXISTS {_own(BOOKS)} ({columns}) USING parquet")
        there = f"book = {literal(book)} AND number = {number}"
        (found,) = self._ask(f"SELECT count(*) AS rows FROM {_own(BOOKS)} WHERE {there}")  # noqa: S608 - quoted
        self._ask(f"INSERT INTO {_own(BOOKS)} VALUES ({literal(book)}, {number}, {document}, {found['rows']})")  # noqa: S608

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        if BOOKS not in self._names():
            return []
        latest = "number, max_by(document, written) AS document"
        asked = f"SELECT {latest} FROM {_own(BOOKS)} WHERE book = {literal(book)} GROUP BY number ORDER BY number"  # noqa: S608
        return [
            (int(row["number"]), row["document"].encode()) for row in self._ask(asked) if row["document"] is not None
        ]

    def books(self) -> list[str]:
        """Return the names of the books."""
        if BOOKS not in self._names():
            return []
        found = self._ask(f"SELECT DISTINCT book FROM {_own(BOOKS)} ORDER BY book")  # noqa: S608 - our own name
        return [row["book"] for row in found if self.entries(row["book"])]

    def _may(self) -> bool:
        try:
            self._ask(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        except Refused:
            return False
        return True

    def _names(self) -> list[str]:
        try:
            return sorted(str(row["tableName"]) for row in self._ask(f"SHOW TABLES IN {SCHEMA}"))
        except Refused:
            return []


def named(name: str) -> str:
    """Return a name that every catalogue takes, of small letters, digits and underscores, and that can be read back.

    Example:
        >>> named("plays 7d"), named("plays_7d")
        ('plays_20_7d', 'plays__7d')
    """
    return re.sub("[^a-z0-9]", lambda found: "__" if found[0] == "_" else f"_{ord(found[0]):x}_", name)


def meant(table: str) -> str:
    """Return the name that a table of ours was given.

    Example:
        >>> meant(named("plays_ 7d"))
        'plays_ 7d'
    """
    return re.sub("_([0-9a-f]*)_", lambda found: chr(int(found[1], 16)) if found[1] else "_", table)


def _own(name: str) -> str:
    return f"{SCHEMA}.{quoted(name)}"
