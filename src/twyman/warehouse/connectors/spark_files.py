"""Files of a folder as Spark reads them: each becomes a temporary view of its name.

Text files are read as text and then typed by what all their values are, as DuckDB would: truths, whole numbers,
numbers, else text. Nothing is taken for a date.
"""

import csv
import glob
import gzip
from pathlib import Path
from typing import Any

from sqlglot import exp

from twyman.warehouse.connector import Refused
from twyman.warehouse.connectors.spark_session import Session, quoted
from twyman.warehouse.connectors.spark_types import spelled
from twyman.warehouse.dialects.spark import forced_types

_DELIMITERS = (",", "\t", ";", "|")
_KINDS = {
    "BOOLEAN": r"\A\s*(?i:true|false|t|f|yes|no|y|n)\s*\z",
    "BIGINT": r"\A\s*-?(0|[1-9][0-9]{0,17})\s*\z",
    "DOUBLE": r"\A\s*-?(((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:inf|nan))\s*\z",
}
"""What every value of a column looks like, by the type that it then has."""


def literal(value: str) -> str:
    r"""Return a text as Spark reads it.

    Example:
        >>> print(literal("it's"))
        'it\'s'
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def open_file(session: Session, root: Path, reader: exp.Anonymous, view: str) -> None:
    """Make the view of a file.

    Args:
        session: Where it is made.
        root: Folder that the file's name starts from.
        reader: The call that reads it, in our words: its name or pattern, and what types columns must have.
        view: Name of the view.

    Raises:
        Refused: If the file can't be read so.
        Unavailable: If Spark doesn't answer.
    """
    title = str(reader.expressions[0].name)
    place = f"file://{root / title}"
    with session.asked():
        match reader.name:
            case "read_parquet":
                frame = session.spark.read.parquet(place)
            case "read_csv":
                frame = _typed(_texts(session, root, title, place), forced_types(reader))
            case _:
                frame = _lines(session, place, forced_types(reader))
        session.view(frame, view)


def _lines(session: Session, place: str, forced: dict[str, str]) -> Any:  # noqa: ANN401 - a frame of Spark's
    reader = session.spark.read.option("mode", "FAILFAST").option("inferTimestamp", "false")
    if forced:
        reader = reader.schema(", ".join(f"{quoted(name)} {spelled(kind)}" for name, kind in forced.items()))
    return reader.json(place)


def _texts(session: Session, root: Path, title: str, place: str) -> Any:  # noqa: ANN401 - as above
    """Return a text file with every column as text, nothing as null."""
    columns, delimiter = _header(root, title)
    schema = ", ".join(f"{quoted(name)} STRING" for name in columns)
    options = {
        "header": "true", "sep": delimiter, "quote": '"', "escape": '"', "multiLine": "true", "mode": "FAILFAST",
        "nullValue": "", "emptyValue": "", "enforceSchema": "true", "columnPruning": "false", "encoding": "UTF-8",
    }  # fmt: skip
    return session.spark.read.options(**options).schema(schema).csv(place)


def _header(root: Path, title: str) -> tuple[list[str], str]:
    file = Path(sorted(glob.glob(str(root / title), recursive=True))[0])
    if file.suffix == ".zst":
        raise Refused(
            f"'{file.name}' is packed in a way that Spark can't read: pack it by gzip, or analyse it with DuckDB"
        )
    first = _first_line(file).decode("utf-8-sig")
    delimiter = max(_DELIMITERS, key=first.count)
    return next(csv.reader([first], delimiter=delimiter), list[str]()), delimiter


def _first_line(file: Path) -> bytes:
    if file.suffix == ".gz":
        with gzip.open(file) as packed:
            return packed.readline()
    with file.open("rb") as plain:
        return plain.readline()


def _typed(texts: Any, forced: dict[str, str]) -> Any:  # noqa: ANN401 - as above
    """Return texts as what all values of each column are."""
    names: list[str] = texts.columns
    free = [name for name in names if name not in forced]
    tests = [
        f"count_if(nullif({quoted(name)}, '') RLIKE {literal(pattern)}) AS `{place} {kind}`"
        for place, name in enumerate(free)
        for kind, pattern in _KINDS.items()
    ]
    given: list[str] = [f"count(nullif({quoted(name)}, '')) AS `{place} given`" for place, name in enumerate(free)]
    found: Any = texts.selectExpr(*given, *tests).first() if free else {}
    kinds = {name: _kind(found, place) for place, name in enumerate(free)} | forced
    return texts.selectExpr(
        *(f"CAST(nullif({quoted(name)}, '') AS {spelled(kinds[name])}) AS {quoted(name)}" for name in names)
    )


def _kind(found: Any, place: int) -> str:  # noqa: ANN401 - a row of Spark's
    given, counts = found[f"{place} given"], {kind: found[f"{place} {kind}"] for kind in _KINDS}
    if not given:
        return "VARCHAR"
    if counts["BOOLEAN"] == given:
        return "BOOLEAN"
    if counts["BIGINT"] == given:
        return "BIGINT"
    # Each value looks like one or the other: a whole number is a number, too.
    return "DOUBLE" if counts["DOUBLE"] == given else "VARCHAR"
