"""Which warehouse a project asks: its engine, its address, and what may be told of it to anybody."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

from twyman.definitions.documents import WarehouseDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import some_length
from twyman.kernel.errors import Invalid, nearest

FILES, SERVERS = ("duckdb",), ("clickhouse", "postgres")
"""Engines that read a folder, and those that have an address; spark may do with either."""
ENGINES = (*FILES, *SERVERS, "spark")

AT_ONCE = 4
"""Experiments at a time on a server where nothing is said; DuckDB and Spark share one statement among all cores."""

CONNECTORS = "twyman.connectors"
"""Entry points under which anybody's connector is found, by the engine's name."""

LEAST = 64 * 10**6
"""Bytes below which DuckDB can't run what an analysis asks."""

_UNITS = {"mb": 10**6, "gb": 10**9, "tb": 10**12, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([MGT]i?B)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Address(str):
    """The address of a server: a text that isn't shown where variables are, in a traceback with locals, say."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Address(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehousePlace:
    """A project's warehouse.

    Attributes:
        engine: Its name, as a definition calls it.
        path: Absolute path of the folder of data files, or of the DuckDB file.
        has_path: Whether the definition says it.
        iceberg: Name of the Iceberg catalogue whose tables DuckDB reads; `None`: pyiceberg's default.
        url: Address of a server, with all that the environment adds; never shown.
        timeout: How long a statement may run; `None`: as long as the engine lets it.
        memory: Bytes that DuckDB may take; `None`: as many as it takes by itself.
        incremental: Whether what was read is kept beside the data.
        concurrency: How many experiments are analysed at the same time, each over a connection of its own.
    """

    engine: str = "duckdb"
    path: str = "."
    has_path: bool = False
    iceberg: str | None = None
    url: Address | None = field(default=None, repr=False)
    timeout: timedelta | None = None
    memory: int | None = None
    incremental: bool = False
    concurrency: int = 1


def warehouse_place(said: WarehouseDocument | None, subject: Subject, root: Path) -> WarehousePlace:
    """Return what a project says of its warehouse; what is wrong with it is noted with the subject."""
    if said is None:
        return WarehousePlace(path=str(root))
    _refuse_misplaced(said, subject)
    path = subject.attempt("warehouse.path", _path, said.path or ".", ".")
    timeout = subject.attempt("warehouse.timeout", some_length, said.timeout, None) if said.timeout else None
    return WarehousePlace(
        engine=said.engine,
        path=os.path.normpath(root / path),
        has_path=said.path is not None,
        iceberg=said.iceberg,
        url=subject.attempt("warehouse.url", _address, said.url, None) if said.url is not None else None,
        timeout=timeout,
        memory=subject.attempt("warehouse.memory", _bytes, said.memory, None) if said.memory is not None else None,
        incremental=said.refresh == "incremental",
        concurrency=_concurrency(said),
    )


def _refuse_misplaced(said: WarehouseDocument, subject: Subject) -> None:
    if said.memory is not None and said.engine not in FILES:
        subject.refuse("warehouse.memory", f"{said.engine} bounds its memory itself: leave this out, and set it there")
    if said.iceberg is not None and said.engine not in FILES:
        subject.refuse(
            "warehouse.iceberg",
            f"{said.engine} has catalogues of its own: leave this out, and name its tables as {said.engine} does",
        )
    known = [*ENGINES, *sorted(one.name for one in entry_points(group=CONNECTORS))]
    if said.engine not in known:
        subject.refuse("warehouse.engine", f"engine '{said.engine}' isn't known: {nearest(said.engine, known)}")
    elif said.engine in FILES and said.url is not None:
        subject.refuse("warehouse.url", f"{said.engine} reads a folder or a file, and has no url: write path instead")
    elif said.engine in SERVERS and said.url is None:
        subject.refuse("warehouse", f"{said.engine} is a server, and needs its address: write url: $WAREHOUSE_URL")
    elif said.engine in SERVERS and said.path is not None:
        subject.refuse("warehouse.path", f"{said.engine} reads tables, and has no path: write url instead")
    elif said.engine == "spark" and said.url is None:
        subject.refuse("warehouse", "spark needs to know where it runs: write url: local[*], or sc://host:port")


def _concurrency(said: WarehouseDocument) -> int:
    return said.concurrency or (AT_ONCE if said.engine in SERVERS else 1)


def _bytes(text: str) -> int:
    """Read an amount of memory.

    Example:
        >>> _bytes("1.5GB"), _bytes("512MiB")
        (1500000000, 536870912)
    """
    found = _AMOUNT.fullmatch(text)
    amount = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if amount < LEAST:
        raise Invalid(f"'{text}' is no amount of memory that a query fits in: write 64MB or more, such as 4GB")
    return amount


def _path(text: str) -> str:
    return str(Path(_VARIABLE.sub(_value(text), text)).expanduser())


def _address(text: str) -> Address:
    try:
        password = urlsplit(text).password
    except ValueError:
        password = None
    if password and not _VARIABLE.fullmatch(password):
        raise Invalid(
            "the url holds a password, and definitions are read by many: "
            "put the url into an environment variable, and write $WAREHOUSE_URL"
        )
    return Address(_VARIABLE.sub(_value(text if password is None else "the url"), text))


def _value(text: str) -> Callable[[re.Match[str]], str]:
    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in os.environ:
            raise Invalid(
                f"environment variable {name} isn't set, and {text!r} needs it: set it, or write the path out"
            )
        return os.environ[name]

    return value
