"""Tables and books of Twyman's own, where Spark keeps them: in a folder beside the data, or in the catalogue.

Two that add to one table at a time take each other's rows away, and Spark tells neither. So nothing is ever added to a
table: each is written under a name that nobody else has, and then gets its own, which one of two is refused. In a
catalogue an entry of a book is a table, too. (Sail renames nothing: there, one writer at a time is assumed.)
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from twyman.kernel.errors import Conflict, Unavailable
from twyman.warehouse.connector import Kept, Refused, Row
from twyman.warehouse.connectors.spark_files import literal
from twyman.warehouse.connectors.spark_session import quoted
from twyman.warehouse.connectors.table_folder import OWN, TABLES, TableFolder
from twyman.warehouse.looks.durable import FAILING, flush_folder

SCHEMA = "twyman"
Ask = Callable[[str], list[Row]]
_DONE, _DRAFT, STAGE, _ENTRY = "_SUCCESS", "draft.", "stage.", "entry."


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
    """Tables of the schema `twyman`; each entry of a book is one of them.

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
        with self._draft(sql) as draft:
            self.drop(name)
            self._name(draft, name)
        return True

    @contextmanager
    def _draft(self, sql: str) -> Generator[str]:
        draft = _own(named(f"{_DRAFT}{secrets.token_hex(6)}"))
        try:
            self._ask(f"CREATE TABLE {draft} USING parquet AS {sql}")
            yield draft
        finally:
            self._ask(f"DROP TABLE IF EXISTS {draft}")

    def _name(self, draft: str, name: str) -> None:
        target = _own(named(name))
        if self._renames:
            self._ask(f"ALTER TABLE {draft} RENAME TO {target}")
        else:
            self._ask(f"CREATE TABLE {target} USING parquet AS SELECT * FROM {draft}")  # noqa: S608 - our own names

    def has(self, name: str) -> bool:
        """Say whether there is a table of ours by that name."""
        return named(name) in self._names()

    def kept(self) -> list[Kept]:
        """Return the tables, books aside."""
        return [Kept(title) for table in self._names() if not (title := meant(table)).startswith((STAGE, _ENTRY))]

    def drop(self, name: str) -> None:
        """Drop a table."""
        if named(name) in self._names():
            self._ask(f"DROP TABLE IF EXISTS {_own(named(name))}")

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book; return whether the schema may be written.

        Raises:
            Conflict: If the entry is there already.
            Unavailable: If Spark gave out.
        """
        if not self._may():
            return False
        title = _entry(book, number)
        with self._draft(f"SELECT {literal(document.decode())} AS document") as draft:
            try:
                self._name(draft, title)
            except Refused as error:
                if not self.has(title):
                    raise
                raise Conflict(
                    f"entry {number} of '{book}' is written already: entries are never rewritten; write the next one"
                ) from error
        return True

    def strike(self, book: str, number: int) -> None:
        """Take an entry out."""
        self.drop(_entry(book, number))

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        numbers = self._written().get(book, [])
        parts = (f"SELECT {one} AS number, document FROM {_own(named(_entry(book, one)))}" for one in numbers)  # noqa: S608
        try:
            rows = self._ask(" UNION ALL ".join(parts)) if numbers else []
        except Refused:
            if self._written().get(book, []) == numbers:
                raise
            return self.entries(book)  # somebody struck one in the meantime
        return sorted((int(row["number"]), row["document"].encode()) for row in rows)

    def books(self) -> list[str]:
        """Return the names of the books."""
        return sorted(self._written())

    def _written(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for title in map(meant, self._names()):
            if title.startswith(_ENTRY):
                number, book = title.removeprefix(_ENTRY).split(".", 1)
                found.setdefault(book, []).append(int(number))
        return found

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


def _entry(book: str, number: int) -> str:
    return f"{_ENTRY}{number}.{book}"


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
