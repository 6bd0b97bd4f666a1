"""Tables and books of Twyman's own as files, in `.twyman` beside the data: for engines that read folders."""

import re
from collections.abc import Callable
from pathlib import Path

from twyman.kernel.errors import Conflict, Unavailable
from twyman.warehouse.connector import Kept
from twyman.warehouse.looks.durable import FAILING, write_once, write_whole

OWN = ".twyman"
TABLES, BOOKS, ENDING = "tables", "books", ".parquet"
_ENTRY = re.compile(r"\d+\.json")


class TableFolder:
    """Parquet files that make up tables, and JSON files that make up books.

    Args:
        root: The warehouse's folder.
    """

    def __init__(self, root: Path) -> None:
        self._tables = root / OWN / TABLES
        self._books = root / OWN / BOOKS

    def keep(self, name: str, write: Callable[[Path], None]) -> bool:
        """Keep a table that somebody writes, whole or not at all; return whether the place can be written.

        Raises:
            Unavailable: If the disk gave out.
        """
        try:
            self._tables.mkdir(parents=True, exist_ok=True)
            write_whole(self._file(name), write)
        except OSError as error:
            if error.errno in FAILING:
                raise Unavailable(f"table '{name}' can't be kept in {self._tables}: {error.strerror}") from error
            return False
        return True

    def path(self, name: str) -> Path | None:
        """Return the file of a table; `None` if there is none."""
        file = self._file(name)
        return file if file.is_file() else None

    def kept(self) -> list[Kept]:
        """Return the tables, and the bytes they hold; drafts that a killed process left behind are among them."""
        files = sorted(self._tables.glob(f"*{ENDING}*")) + sorted(self._tables.glob(f".*{ENDING}.*"))
        return [Kept(_title(file), size=file.stat().st_size) for file in dict.fromkeys(files)]

    def drop(self, name: str) -> None:
        """Drop a table, or a draft."""
        file = self._tables / name if name.startswith(".") else self._file(name)
        file.unlink(missing_ok=True)

    def write(self, book: str, number: int, document: bytes) -> bool:
        """Write an entry of a book; return whether the place can be written.

        Raises:
            Conflict: If the entry is there already.
            Unavailable: If the disk gave out.
        """
        target = self._entry(book, number)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_once(target, document)
        except FileExistsError as error:
            raise Conflict(f"entry {number} of '{book}' is written already: read it, and write the next one") from error
        except OSError as error:
            if error.errno in FAILING:
                raise Unavailable(f"entry {number} of '{book}' can't be written: {error.strerror}") from error
            return False
        return True

    def entries(self, book: str) -> list[tuple[int, bytes]]:
        """Return the entries of a book, in order."""
        files = {int(file.stem): file for file in self._book(book).glob("*.json") if _ENTRY.fullmatch(file.name)}
        return [(number, held) for number, file in sorted(files.items()) if (held := _read(file)) is not None]

    def books(self) -> list[str]:
        """Return the names of the books."""
        return sorted({str(file.parent.relative_to(self._books)) for file in self._books.glob("**/*.json")})

    def strike(self, book: str, number: int) -> None:
        """Take an entry out."""
        self._entry(book, number).unlink(missing_ok=True)

    def _book(self, book: str) -> Path:
        return self._books / book

    def _entry(self, book: str, number: int) -> Path:
        return self._book(book) / f"{number:06d}.json"

    def _file(self, name: str) -> Path:
        return self._tables / f"{name}{ENDING}"


def _read(file: Path) -> bytes | None:
    """Return what a file holds; `None` if somebody struck it in the meantime."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _title(file: Path) -> str:
    return file.name if file.name.startswith(".") else file.name.removesuffix(ENDING)
