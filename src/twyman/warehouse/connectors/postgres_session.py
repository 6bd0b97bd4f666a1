"""A session with a PostgreSQL server: each statement in a transaction of its own that can only read.

Nothing of the address leaves this file: what the driver says of a connection names hosts and users, so it is
told in our own words.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from twyman.kernel.errors import Invalid, TwymanError, Unavailable
from twyman.warehouse.connector import Refused
from twyman.warehouse.connectors.postgres_types import far_times

if TYPE_CHECKING:
    import psycopg

PATIENCE = 10
"""Seconds within which a server must take a connection, unless the url says otherwise."""

_SETTINGS = (
    "SET default_transaction_read_only = on",
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO'",
    "SET extra_float_digits = 1",
    # Hundreds of aggregates take seconds to compile, and save none.
    "SET jit = off",
    # What we join is large on both sides. A filter by an expression is taken to keep next to nothing, and a loop
    # over all rows for each of "a few" units never ends; where only a loop can do it, it is still taken.
    "SET enable_nestloop = off",
)
_GONE = ("08", "40", "53", "57", "58", "XX")
"""Classes of errors that are the server's, and not the statement's."""

_CANCELLED = "57014"
_UNREACHED = (
    ("password authentication failed", "it refuses the user or the password"),
    ("no password supplied", "it wants a password"),
    ("does not exist", "it has no such user or database"),
    ("no pg_hba.conf entry", "it lets nobody in from here"),
    ("timeout", "it doesn't answer"),
    ("Connection refused", "nobody listens at that address"),
    ("resolve", "its host isn't known"),
    ("translate host name", "its host isn't known"),
    ("SSL", "it wants another kind of encryption"),
    ("too many", "it has too many connections"),
    ("starting up", "it is starting"),
)


class Session:
    """One connection, made when it is first needed, and again where it was lost.

    Args:
        url: In the words of libpq, as in `postgresql://user:password@host/database`.
        timeout: Seconds that a statement may take; `None`: as long as the server allows.

    Raises:
        Invalid: If the driver isn't installed, or the url is none.
    """

    def __init__(self, url: str, timeout: float | None = None) -> None:
        self._driver = driver()
        self._address = _address(self._driver, url)
        self._timeout = timeout
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return "Session(…)"

    @property
    def version(self) -> str:
        """Version of the server, as in `15.4`."""
        with self._ready() as connection:
            whole = connection.info.server_version
        return f"{whole // 10_000}.{whole % 10_000}"

    def run(self, sql: str, values: Sequence[object] | None = None) -> list[dict[str, Any]]:
        """Run a SELECT in a transaction that only reads; return its rows by column.

        Raises:
            Refused: If the server can't make sense of it, or the data don't fit it.
            Unavailable: If the server doesn't answer, gives up, or takes longer than it may.
        """
        with self._ready() as connection, connection.transaction():
            # Binary: one statement only, and every bit of a number.
            cursor = connection.execute(sql, values, binary=True)  # pyright: ignore[reportArgumentType,reportCallIssue]
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def change(self, *statements: tuple[str, Sequence[object] | None]) -> None:
        """Run statements that write, together or not at all.

        Raises:
            Refused: If the server doesn't do one of them; its `__cause__` says why.
            Unavailable: If the server doesn't answer, gives up, or takes longer than it may.
        """
        with self._ready() as connection:
            connection.read_only = False
            try:
                with connection.transaction():
                    for sql, values in statements:
                        connection.execute(sql, values)  # pyright: ignore[reportArgumentType,reportCallIssue]
            finally:
                if not connection.closed:
                    connection.read_only = True

    def described(self, sql: str) -> list[tuple[str, int, int]]:
        """Return name, type and modifier of each column that a SELECT would give, without running it.

        Raises:
            Refused: If the server can't make sense of it.
            Unavailable: If the server doesn't answer.
        """
        with self._ready() as connection:
            wire = connection.pgconn
            for found in (wire.prepare(b"", sql.encode()), described := wire.describe_prepared(b"")):
                if found.status not in (self._driver.pq.ExecStatus.COMMAND_OK, self._driver.pq.ExecStatus.TUPLES_OK):
                    raise self._driver.errors.error_from_result(found)
            return [
                ((described.fname(place) or b"").decode(), described.ftype(place), described.fmod(place))
                for place in range(described.nfields)
            ]

    def cancel(self) -> None:
        """End what is running on the server, from another thread."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        try:
            connection.cancel_safe(timeout=PATIENCE)
        except self._driver.Error as error:
            raise _unreached(str(error)) from None

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    @contextmanager
    def _ready(self) -> Generator["psycopg.Connection[Any]"]:
        with self._lock:
            try:
                yield self._open()
            except self._driver.Error as error:
                raise _told(self._driver, error, self._timeout) from _State(error.sqlstate)

    def _open(self) -> "psycopg.Connection[Any]":
        if self._connection is not None and not self._connection.closed:
            return self._connection
        try:
            made = self._driver.connect(**self._address, autocommit=True)
        except self._driver.Error as error:
            raise _unreached(str(error)) from None
        for setting in _SETTINGS:
            made.execute(setting)
        if self._timeout is not None:
            made.execute(f"SET statement_timeout = {max(1, round(self._timeout * 1000))}")
        for kind, loader in far_times(self._driver).items():
            made.adapters.register_loader(kind, loader)
        made.isolation_level = self._driver.IsolationLevel.REPEATABLE_READ
        made.read_only = True
        self._connection = made
        return made


class _State(Exception):
    """The server's code of an error: of what it said, all that is passed on as a cause."""


def state_of(error: BaseException) -> str:
    """Return the code by which the server names an error that `Session` raised; empty where it named none.

    Example:
        >>> state_of(Refused("no such table"))
        ''
    """
    cause = error.__cause__
    return str(cause.args[0]) if isinstance(cause, _State) and cause.args[0] else ""


def driver() -> ModuleType:
    """Return psycopg.

    Raises:
        Invalid: If it isn't installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise Invalid(
            "PostgreSQL is asked through psycopg, which isn't here: pip install 'twyman[postgres]'"
        ) from error
    return psycopg


def _address(driver: ModuleType, url: str) -> dict[str, Any]:
    try:
        given: dict[str, Any] = driver.conninfo.conninfo_to_dict(url)
    except driver.Error:
        given = {}
    if not given:
        raise Invalid("the warehouse's url isn't one: write it as in postgresql://user:password@host:5432/database")
    return {"connect_timeout": PATIENCE, "fallback_application_name": "twyman", "client_encoding": "utf8"} | given


def _unreached(said: str) -> Unavailable:
    why = next((ours for theirs, ours in _UNREACHED if theirs in said), "no connection came about")
    return Unavailable(f"PostgreSQL can't be reached: {why}: correct the warehouse's url, or see to the server")


def _told(driver: ModuleType, error: Any, timeout: float | None) -> TwymanError | Refused:  # noqa: ANN401 - the driver's
    state, said = error.sqlstate or "", error.diag.message_primary or ""
    if state == _CANCELLED and "timeout" in said:
        return Unavailable(
            f"PostgreSQL took longer than {timeout or 0:g} s, and was stopped: give it more time, or less data"
        )
    if state == _CANCELLED:
        return Unavailable("PostgreSQL was told to stop: nothing is left behind; ask again")
    if state and not state.startswith(_GONE):
        return Refused(said.splitlines()[0].rstrip(":;.! "))
    if not state and isinstance(error, driver.DataError):
        return Refused(str(error).splitlines()[0])
    return Unavailable(f"PostgreSQL gave up: {said or 'the connection was lost'}: see to the server, and ask again")
