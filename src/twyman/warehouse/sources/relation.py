"""What a table, query or frame of a definition becomes in FROM.

Text files are read without guessing at dates (`times` reads those, and refuses what is ambiguous),
and columns that hold ids are read as text where the entity's ids are text: `007` is no 7.
"""

import csv
import glob
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path, PurePath
from typing import TextIO

from sqlglot import exp
from sqlglot.errors import SqlglotError

from twyman.kernel.errors import Forbidden, Invalid, NotFound, TwymanError, nearest
from twyman.kernel.place import Origin, Place
from twyman.metrics.source import Frame, Query, Relation, Table
from twyman.warehouse.connector import Lake, Scan
from twyman.warehouse.engine import Engine
from twyman.warehouse.language.files import (
    ICEBERG,
    JSON_LINES,
    PARQUET,
    TEXT_FILES,
    ending_of,
    is_file,
    named_in_code,
    refuse_outside,
)
from twyman.warehouse.language.query import Reach, read_query, refuse_catalogue
from twyman.warehouse.language.syntax import array, call, name, number, select, struct, table, text

DELIMITERS = (",", "\t", ";", "|")
CSV_TYPES = ("BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR")
"""What a text file's columns may be taken for: no dates, whose order of day and month is a guess."""

EARLIEST = datetime(1, 1, 1)  # noqa: DTZ001 - bounds are written as zoneless UTC
LATEST = datetime(9999, 12, 31)  # noqa: DTZ001 - as above


@dataclass(frozen=True, slots=True)
class Bounds:
    """Zoneless UTC times between which a scan can matter."""

    start: datetime = EARLIEST
    end: datetime = LATEST
    time: str = ""
    """The column that tells when a row is, where all that lies outside can be left out."""


def from_item(
    engine: Engine, relation: Relation, *, known_as: str, origin: Origin, bounds: Bounds, as_text: Iterable[str] = ()
) -> exp.Expr:
    """Return what stands in FROM for a relation.

    Args:
        engine: Where the files or tables are.
        relation: What the definition says.
        known_as: Name of the source.
        origin: Where the definition stands.
        bounds: What `{start}` and `{end}` become.
        as_text: Columns of a text file that must not become numbers.

    Raises:
        NotFound: If there is no such file or table.
        Invalid: If a query is more or other than one SELECT.
    """
    match relation:
        case Frame(data):
            title = f"{known_as}_frame"
            engine.register(title, data, place=origin.at())
            return table(title)
        case Query(sql):
            return _query(engine, sql, origin.at("sql"), bounds)
        case Table(title) if title.startswith(ICEBERG):
            return _iceberg(engine, title.removeprefix(ICEBERG), origin.at("table"), bounds)
        case Table(title):
            if engine.files is not None and is_file(title) and not named_in_code(title, origin):
                refuse_outside(engine.files, title, origin.at("table"), links=True)
            return _table(engine, title, origin.at("table"), tuple(as_text))


def _query(engine: Engine, sql: str, place: Place | None, bounds: Bounds) -> exp.Expr:
    start, end = (f"TIMESTAMP '{moment.isoformat(sep=' ')}'" for moment in (bounds.start, bounds.end))
    written = sql.replace("{start}", start).replace("{end}", end)
    return exp.Subquery(
        this=read_query(written, Reach(engine.files, engine.tables, engine.connector.dialect.name), place)
    )


def _iceberg(engine: Engine, title: str, place: Place | None, bounds: Bounds) -> exp.Expr:
    if not isinstance(engine.connector, Lake):
        raise Invalid(
            f"'{ICEBERG}{title}' names a table of a catalogue that DuckDB reads here, and this engine has catalogues "
            f"of its own: name it as the engine does, as in {title}",
            place=place,
        )
    try:
        return engine.connector.iceberg(title, Scan(bounds.time, bounds.start, bounds.end))
    except TwymanError as error:
        error.place = error.place or place
        raise


def _table(engine: Engine, title: str, place: Place | None, as_text: tuple[str, ...]) -> exp.Expr:
    if title in engine.frames:
        engine.register(f"{title}_frame", engine.frames[title], place=place)
        return table(f"{title}_frame")
    if engine.files is None:
        return _at_hand(engine, title, place)
    ending = ending_of(title)
    if ending in PARQUET:
        title = _file(engine, title, place)
        return exp.Table(this=call("read_parquet", text(title)))
    if ending in TEXT_FILES:
        title = _file(engine, title, place)
        return exp.Table(this=_read_csv(engine, title, place, as_text))
    if ending in JSON_LINES:
        title = _file(engine, title, place)
        return exp.Table(this=_read_json(engine, title, place, as_text))
    return _at_hand(engine, title, place)


def _at_hand(engine: Engine, title: str, place: Place | None) -> exp.Expr:
    try:
        item = engine.connector.item(title)
    except (SqlglotError, ValueError) as error:
        raise Invalid(f"table '{title}' is no name of a table: name one of the warehouse", place=place) from error
    if item is not None:
        _refuse_system(item, title, place)
        return item
    hint = nearest(title, [*engine.tables(), *engine.frames])
    ending = f"; a file is written with its ending, as in {title}.parquet" if engine.files else ""
    raise NotFound(f"table '{title}' isn't in the warehouse: {hint}{ending}", place=place)


def _refuse_system(item: exp.Expr, title: str, place: Place | None) -> None:
    parts = item.parts if isinstance(item, exp.Table) else []
    if not all(isinstance(part, exp.Identifier) for part in parts):
        raise Invalid(f"table '{title}' is no name of a table: name one of the warehouse", place=place)
    refuse_catalogue([part.name for part in parts], place)


def _file(engine: Engine, title: str, place: Place | None) -> str:
    """Return a pattern that finds the files: the title, or where it is the plain name of a file, that."""
    root = engine.files or Path()
    found = glob.glob(str(root / title), recursive=True)
    if not found and (root / title).is_file():
        return glob.escape(title)
    if not found:
        raise NotFound(f"file '{root / title}' isn't there: {_nearby(root, title)}", place=place)
    for each in map(Path, found):
        _refuse_unreadable(each, place)
    return title


def _nearby(root: Path, title: str) -> str:
    """Say what there is where a file was looked for: in its own folder, up to where a pattern begins."""
    shown = PurePath(*takewhile(lambda part: not glob.has_magic(part), PurePath(title).parent.parts))
    folder = root / shown
    if not folder.is_dir():
        return f"nor is its folder '{folder}': correct the name"
    if not shown.is_absolute() and not folder.resolve().is_relative_to(root.resolve()):
        return f"'{shown}' is a link to a folder elsewhere, in which no names are told: correct the name"
    held = (*TEXT_FILES, *JSON_LINES, *PARQUET)
    there = [str(shown / found.name) for found in folder.iterdir() if ending_of(found.name) in held]
    return nearest(title, there) if there else f"its folder '{folder}' has no data files"


def _refuse_unreadable(file: Path, place: Place | None) -> None:
    if not file.is_file():
        raise Invalid(f"'{file}' is a folder: name its files, as in {file.name}/*{file.suffix}", place=place)
    if not os.access(file, os.R_OK):
        raise Forbidden(f"file '{file}' may not be read: ask whoever owns it for permission", place=place)
    if not file.stat().st_size:
        raise Invalid(f"file '{file}' is empty: load it again, or take it away", place=place)


def _read_csv(engine: Engine, title: str, place: Place | None, as_text: tuple[str, ...]) -> exp.Expr:
    options: dict[str, exp.Expr] = {
        "header": exp.true(),
        "auto_type_candidates": array(text(kind) for kind in CSV_TYPES),
        "sample_size": number(-1),
    }
    if as_text:
        columns = engine.types(select(exp.Star()).from_(exp.Table(this=_csv(title, options))), place=place, what=title)
        forced = {column: text("VARCHAR") for column in columns if column in as_text}
        options |= {"types": struct(forced)} if forced else {}
    return _csv(title, options)


def _read_json(engine: Engine, title: str, place: Place | None, as_text: tuple[str, ...]) -> exp.Expr:
    """Read one JSON object a line, as clients write exposures; what looks like a date stays text here, too."""
    options: dict[str, exp.Expr] = {"format": text("newline_delimited"), "sample_size": number(-1)}
    columns = engine.types(
        select(exp.Star()).from_(exp.Table(this=_called("read_json", title, options))), place=place, what=title
    )
    kinds = {
        column: "VARCHAR" if column in as_text or kind.startswith(("DATE", "TIME", "UUID")) else kind
        for column, kind in columns.items()
    }
    options["columns"] = struct({column: text(kind) for column, kind in kinds.items()})
    return _called("read_json", title, options)


def refuse_ragged(engine: Engine, relation: Relation, columns: Collection[str], place: Place | None) -> None:
    """Refuse a text file that isn't UTF-8, or whose lines don't agree on their columns: the first is named.

    The engine looks for a way to read such a file, and may find one in which the header is a line like
    any other: then none of the columns found stands in it.

    Args:
        engine: Where the file is.
        relation: What the definition says; anything but text files passes.
        columns: Columns that the engine found; none where it found no way.
        place: Where the definition names the file.

    Raises:
        Invalid: If a line differs, or can't be decoded.
    """
    if engine.files is None or not isinstance(relation, Table) or PurePath(relation.name).suffix not in TEXT_FILES:
        return
    root = engine.files or Path()
    found = map(Path, sorted(glob.glob(str(root / relation.name), recursive=True)))
    for each in (one for one in found if one.is_file() and one.stat().st_size):
        if not columns:
            _refuse_other_bytes(each, place)
        with each.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            header = file.readline()
            if not _holds(header, columns):
                file.seek(0)
                _refuse_odd_line(file, max(DELIMITERS, key=header.count), place)


def refuse_broken(file: Path, place: Place | None = None) -> None:
    """Refuse a text file that isn't UTF-8, or whose lines don't agree on their columns: the first is named.

    Args:
        file: A file with a header.
        place: Where a definition names it.

    Raises:
        Invalid: If a line can't be decoded, or differs.
    """
    _refuse_other_bytes(file, place)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header = lines.readline()
        lines.seek(0)
        if header.strip():
            _refuse_odd_line(lines, max(DELIMITERS, key=header.count), place)


def _refuse_other_bytes(file: Path, place: Place | None) -> None:
    with file.open("rb") as lines:
        for at, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                raise Invalid(
                    f"line {at:,} of '{file.name}' isn't written in UTF-8 (byte {line[error.start]:#04x}): save the "
                    "file in UTF-8, as `iconv -f LATIN1 -t UTF-8` or `-f UTF-16` does, and name the copy",
                    place=place,
                ) from error


def repeated_columns(engine: Engine, relation: Relation) -> tuple[str, ...]:
    """Return the names that several columns of a text file have, in whatever case; engines rename all but the first.

    Args:
        engine: Where the file is.
        relation: What is read; anything but text files repeats nothing.
    """
    if engine.files is None or not isinstance(relation, Table) or PurePath(relation.name).suffix not in TEXT_FILES:
        return ()
    first = next(iter(sorted(glob.glob(str(engine.files / relation.name), recursive=True))), None)
    if first is None:
        return ()
    counted = Counter(cell.strip().lower() for cell in header_of(Path(first))[0])
    return tuple(cell for cell, count in counted.items() if cell and count > 1)


def header_of(file: Path) -> tuple[tuple[str, ...], str]:
    """Return the columns of a text file, as its first line names them, and what stands between them."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        header = lines.readline()
    delimiter = max(DELIMITERS, key=header.count)
    return tuple(next(csv.reader([header], delimiter=delimiter), list[str]())), delimiter


def _holds(header: str, columns: Collection[str]) -> bool:
    alone = next(iter(columns), "") if len(columns) == 1 else ""
    cells = {cell.strip(' "\r\n') for cell in re.split("|".join(map(re.escape, DELIMITERS)), header)}
    return not cells.isdisjoint(columns) and not any(mark in alone for mark in DELIMITERS)


def _refuse_odd_line(file: TextIO, delimiter: str, place: Place | None) -> None:
    reader = csv.reader(file, delimiter=delimiter)
    width = len(next(reader))
    try:
        odd = next((len(row) for row in reader if row and len(row) != width), None)
    except csv.Error:
        odd = 1
    if odd is not None:
        raise Invalid(
            f"line {reader.line_num} of '{file.name}' has {odd} columns, and its header has {width}: correct that line",
            place=place,
        )


def _csv(title: str, options: dict[str, exp.Expr]) -> exp.Expr:
    return _called("read_csv", title, options)


def _called(reader: str, title: str, options: dict[str, exp.Expr]) -> exp.Expr:
    named = [exp.EQ(this=exp.Column(this=name(key)), expression=value.copy()) for key, value in options.items()]
    return call(reader, text(title), *named)
