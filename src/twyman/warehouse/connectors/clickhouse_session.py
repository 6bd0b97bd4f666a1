"""A session with a ClickHouse server over HTTP: the settings without which its answers would be others, and its errors.

Nothing of the address leaves this file: what the driver says of a connection names hosts and users, so it is told in
our own words.
"""

import re
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Lock
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from twyman.kernel.errors import Forbidden, Invalid, TwymanError, Unavailable
from twyman.warehouse.connector import Refused

SETTINGS: dict[str, str | int] = {
    "session_timezone": "UTC",
    # What is missing is null, and no 0 or empty text: after a join, in a total, in a cast, in an aggregate of nothing.
    "join_use_nulls": 1,
    "group_by_use_nulls": 1,
    "cast_keep_nullable": 1,
    "aggregate_functions_null_for_empty": 1,
    "transform_null_in": 0,
    # A name is a column first, and then what was computed under it.
    "prefer_column_name_to_alias": 1,
    # Days and weeks before 1970 and after 2105 are no others.
    "enable_extended_results_for_datetime_functions": 1,
    "output_format_json_escape_forward_slashes": 0,
    "short_circuit_function_evaluation": "enable",
    "count_distinct_implementation": "uniqExact",
    "any_join_distinct_right_table_keys": 0,
    "decimal_check_overflow": 1,
    # A CASE over such a column is of such a type, whatever it gives.
    "allow_suspicious_low_cardinality_types": 1,
    # Limits that would cut an answer short instead of refusing it.
    "read_overflow_mode": "throw",
    "group_by_overflow_mode": "throw",
    "join_overflow_mode": "throw",
    "result_overflow_mode": "throw",
    "timeout_overflow_mode": "throw",
    "skip_unavailable_shards": 0,
}
"""What every session is set to; what a server doesn't know, it hasn't got."""

ONLY_READS = 2
"""SELECTs, temporary tables and settings, and no more."""

PATIENCE = 10
"""Seconds within which a server must take a connection."""

_ENDLESS = 7 * 86_400
_SCHEMES = {"clickhouse": "", "clickhouses": "https", "http": "http", "https": "https"}
_EXAMPLE = "clickhouse://user:password@host:8123/database"
_CODE = re.compile(r"\bCode: (\d+)")
_CUT = re.compile(
    r"([:.] In scope |: [Ww]hile executing |\. ?\([A-Z_]+\)|\(version |\(for url |: \(at row |: While ).*$", re.S
)
_USER = re.compile(r"^[^ :]+: (?=Not enough privileges)")
_GAVE_UP = (
    3, 32, 33, 76, 95, 101, 159, 160, 173, 198, 202, 203, 204, 209, 210, 236, 241, 242, 243, 252, 279, 285, 290, 305,
    319, 335, 373, 396, 425, 439, 499, 545, 589, 645, 700, 999, 1000, 1001,
)  # fmt: skip
"""Codes of what is the server's, and not the statement's."""

_LATE, _CANCELLED = (159, 160), (394, 735)
_MAY_NOT = (164, 291, 344, 392, 497)
_UNREACHED = (
    (("516", "193", "194", "AUTHENTICATION_FAILED"), "it refuses the user or the password"),
    (("192",), "it has no such user"),
    (("81",), "it has no such database"),
    (("timed out", "Timeout"), "it doesn't answer"),
    (("refused",), "nobody listens at that address"),
    (("resolve", "getaddrinfo", "Name or service"), "its host isn't known"),
    (("SSL", "certificate"), "it wants another kind of encryption"),
)


class Session:
    """One session of the server, with temporary tables of its own, that reads; and one beside it that writes.

    Args:
        url: As in `clickhouse://user:password@host:8123/database`; `https://…` where it is encrypted.
        timeout: Seconds that a statement may take; `None`: as long as the server allows.

    Raises:
        Invalid: If the driver isn't installed, or the url is none.
        Forbidden: If the user may not set what answers depend on.
        Unavailable: If the server can't be reached.
    """

    def __init__(self, url: str, timeout: float | None = None) -> None:
        self._driver = driver()
        self._address = _address(url)
        self._timeout = timeout
        self._lock = Lock()
        self._running: str | None = None
        self._writer: Any = None
        self._reader = self._open(f"twyman-{secrets.token_hex(12)}")
        self.version = str(self._reader.server_version)
        self.zone = str(self._reader.server_tz)
        self._set(self._reader, {"readonly": ONLY_READS, **SETTINGS})

    def __repr__(self) -> str:
        return "Session(…)"

    def _open(self, session: str | None) -> Any:  # noqa: ANN401 - the driver is optional
        waits = _ENDLESS if self._timeout is None else self._timeout + PATIENCE
        try:
            return self._driver.get_client(
                **self._address,
                session_id=session,
                autogenerate_session_id=False,
                connect_timeout=PATIENCE,
                send_receive_timeout=int(waits),
                query_limit=0,
                compress=False,
                dedicated_pool=True,
            )
        except Exception as error:  # noqa: BLE001 - what it says names the address
            raise _unreached(error) from None

    def _set(self, client: Any, settings: dict[str, str | int]) -> None:  # noqa: ANN401 - as above
        known = client.server_settings
        limit = {} if self._timeout is None else {"max_execution_time": self._timeout}
        for name, value in {**settings, **limit}.items():
            if name not in known and name != "session_timezone":
                continue
            if name in known and known[name].readonly and str(known[name].value) != str(value):
                raise Forbidden(
                    f"ClickHouse lets this user set no {name}, without which its answers would be others: "
                    "give the user readonly = 2, or none"
                )
            client.set_client_setting(name, value)

    def run(self, sql: str) -> list[dict[str, Any]]:
        """Run a SELECT; return its rows by column.

        Raises:
            Refused: If the server can't make sense of it, or the data don't fit it.
            Unavailable: If the server doesn't answer, gives up, or takes longer than it may.
        """
        with self._asked() as name:
            found = self._reader.query(sql, settings={"query_id": name})
            return [dict(zip(found.column_names, row, strict=True)) for row in found.result_rows]

    def do(self, sql: str) -> None:
        """Run a statement about temporary tables.

        Raises:
            Refused: If the server can't make sense of it, or the data don't fit it.
            Unavailable: If the server doesn't answer, gives up, or takes longer than it may.
        """
        with self._asked() as name:
            self._reader.command(sql, settings={"query_id": name})

    def change(self, sql: str) -> None:
        """Run a statement that writes.

        Raises:
            Refused: If the server doesn't do it; `may_not` says whether it never will.
            Unavailable: If the server doesn't answer, gives up, or takes longer than it may.
        """
        with self._asked() as name:
            self._writing().command(sql, settings={"query_id": name})

    def insert(self, table: str, columns: Sequence[str], row: Sequence[object]) -> None:
        """Put a row into a table; errors are those of `change`."""
        with self._asked():
            self._writing().insert(table, [row], column_names=columns)

    def _writing(self) -> Any:  # noqa: ANN401 - the driver is optional
        if self._writer is None:
            self._writer = self._open(None)
            self._set(self._writer, SETTINGS)
        return self._writer

    @contextmanager
    def _asked(self) -> Generator[str]:
        with self._lock:
            self._running = f"twyman-{secrets.token_hex(12)}"
            try:
                yield self._running
            except TwymanError:
                raise
            except Exception as error:  # noqa: BLE001 - each of them is told in our words
                raise self._told(error) from _Code(_code(error))
            finally:
                self._running = None

    def _told(self, error: Exception) -> Exception:
        code = _code(error)
        if code in _LATE:
            return Unavailable(
                f"ClickHouse took longer than {self._timeout or 0:g} s, and was stopped: "
                "give it more time, or less data"
            )
        if code in _CANCELLED:
            return Unavailable("ClickHouse was told to stop: nothing is left behind; ask again")
        if code and code not in _GAVE_UP:
            return Refused(_said(error))
        why = _said(error) if code else "the connection was lost"
        return Unavailable(f"ClickHouse gave up: {why}: see to the server, and ask again")

    def cancel(self) -> None:
        """End what is running on the server, from another thread."""
        running = self._running
        if running is None:
            return
        killer = self._open(None)  # a session is locked while it works
        try:
            killer.command(f"KILL QUERY WHERE query_id = '{running}' SYNC")
        except Exception as error:  # noqa: BLE001 - as above
            raise self._told(error) from None
        finally:
            killer.close()

    def close(self) -> None:
        """Let go of the connections."""
        for client in (self._reader, self._writer):
            if client is not None:
                client.close()


class _Code(Exception):
    """The server's number of an error: of what it said, all that is passed on as a cause."""


def may_not(error: BaseException) -> bool:
    """Say whether an error that `Session` raised means: here, nothing may be written.

    Example:
        >>> may_not(Refused("no such table"))
        False
    """
    cause = error.__cause__
    return isinstance(cause, _Code) and cause.args[0] in _MAY_NOT


def driver() -> ModuleType:
    """Return clickhouse-connect.

    Raises:
        Invalid: If it isn't installed.
    """
    try:
        import clickhouse_connect  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise Invalid(
            "ClickHouse is asked through clickhouse-connect, which isn't here: pip install 'twyman[clickhouse]'"
        ) from error
    return clickhouse_connect


def _address(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise Invalid(f"the warehouse's url isn't one: write it as in {_EXAMPLE}") from None
    if scheme not in _SCHEMES or not host:
        raise Invalid(f"the warehouse's url isn't one: write it as in {_EXAMPLE}")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    said = {
        "interface": _SCHEMES[scheme] or ("https" if options.pop("secure", "") in ("1", "true") else ""),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.strip("/")),
        "port": port,
    }
    wanted = {key: options[key] for key in ("verify", "ca_cert", "client_cert", "client_cert_key") if key in options}
    return {"host": host, **{key: value for key, value in said.items() if value}, **wanted}


def _code(error: Exception) -> int:
    given = getattr(error, "code", None)
    if isinstance(given, int):
        return given
    found = _CODE.search(str(error))
    return int(found[1]) if found else 0


def _said(error: Exception) -> str:
    """Return what the server said first, without its address, its version, and all of the statement."""
    said = str(error).rpartition("DB::Exception: ")[2]
    first = (_CUT.sub("", said).strip().splitlines() or ["no reason given"])[0].rstrip(":;.! ")
    return _USER.sub("", first)


def _unreached(error: Exception) -> TwymanError:
    code, said = str(_code(error)), str(error)
    why = next(
        (
            ours
            for theirs, ours in _UNREACHED
            if any(one == code or (not one.isdigit() and one in said) for one in theirs)
        ),
        "no connection came about",
    )
    return Unavailable(f"ClickHouse can't be reached: {why}: correct the warehouse's url, or see to the server")
