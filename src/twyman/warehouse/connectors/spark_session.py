"""A session with Spark: behind Spark Connect, or with a driver of its own in this process.

Nothing of the address leaves this file: what a driver says of a connection names hosts and tokens, so it is told
in our own words.
"""

import logging
import re
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from threading import Event, Lock, Timer
from typing import Any

from twyman.kernel.errors import Invalid, TwymanError, Unavailable
from twyman.warehouse.connector import Refused

CONNECT = "sc://"
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    # Moments of a few metrics are more columns than Spark's own 100, and then it compiles nothing; what grows too long
    # for Java's compiler isn't compiled either way.
    "spark.sql.codegen.maxFields": "2000",
    "spark.sql.codegen.hugeMethodLimit": "8000",
}
"""What every session is set to."""

ALONE = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
"""What a driver of our own starts with besides."""

warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
# Once, and not around each question: filters are the process's own, and two threads that ask at a time lose them.

_RETRIES = 2
_CLASS = re.compile(r"\[(?P<class>[A-Z][A-Z0-9_.]+)\]\s*(?P<said>.+?)(?:\s*SQLSTATE:\s*(?P<state>\w{5}))?\s*$", re.M)
_THROWN = re.compile(r"\((?:\w+\.)+(?P<name>[\w$]+)\)", re.A)
"""What broke inside the server, without a state; what it says of it may name places."""

_CURE = re.compile(r"\s*(?:If necessary set|Use `try_|To tolerate|You can form a valid|Please try to)\b.*$", re.S)
_STATEMENTS = ("07", "0A", "21", "22", "23", "42", "54", "KD")
"""Classes of states that are the statement's, or the data's, and not the server's."""

_OF_STATEMENTS = (
    "AnalysisException", "ParseException", "IllegalArgumentException", "ArithmeticException", "DateTimeException",
    "NumberFormatException", "ArrayIndexOutOfBoundsException", "UnsupportedOperationException",
    "SparkNoSuchElementException", "SparkRuntimeException", "PySparkTypeError", "PySparkValueError",
)  # fmt: skip
_OVERFLOW = ("ARITHMETIC_OVERFLOW", "NUMERIC_VALUE_OUT_OF_RANGE")


class Session:
    """One session; its temporary views are its own.

    Args:
        url: `sc://host:port`, `local[2]` or `spark://host:port`.
        timeout: Seconds that a statement may take; `None`: as long as it takes.
        settings: Further settings of Spark's.

    Raises:
        Invalid: If the driver isn't installed, or the url is none.
        Unavailable: If Spark can't be reached.
    """

    def __init__(self, url: str, timeout: float | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.remote = url.startswith(CONNECT)
        self._shared = "session_id=" in url
        self._timeout = timeout
        self._late = Event()
        self._closed = False
        self.spark = _remote(url) if self.remote else DRIVER.joined(url, settings or {})
        try:
            with self.asked():
                for name, value in {**SETTINGS, **(settings or {})}.items():
                    self._set(name, value)
                self.version = str(self.spark.sql("SELECT version()").collect()[0][0]).partition(" ")[0]
        except TwymanError:
            self.close()
            raise
        except Refused as error:
            self.close()
            raise Invalid(f"Spark can't be set up: {error}: correct warehouse.settings") from error

    def __repr__(self) -> str:
        return "Session(…)"

    @property
    def is_sail(self) -> bool:
        """Whether it is Sail that answers: its version counts from 0."""
        return self.version.startswith("0.")

    def _set(self, name: str, value: str) -> None:
        if self.remote or self.spark.conf.isModifiable(name):
            self.spark.conf.set(name, value)

    @contextmanager
    def asked(self) -> Generator[None]:
        """Run statements: what goes wrong is told in our words, and what takes too long is ended.

        Raises:
            Refused: If Spark can't make sense of a statement, or the data don't fit it.
            Unavailable: If Spark doesn't answer, gives up, or takes longer than it may.
        """
        self._late.clear()
        timer = Timer(self._timeout, self._end_late) if self._timeout else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            yield
        except (TwymanError, Refused):
            raise
        except Exception as error:  # noqa: BLE001 - each of them is told in our words
            raise self._told(error) from None
        finally:
            if timer is not None:
                timer.cancel()

    def _end_late(self) -> None:
        self._late.set()
        self.cancel()

    def _told(self, error: Exception) -> Exception:
        if self._late.is_set():
            return Unavailable(
                f"Spark took longer than {self._timeout:g} s, and was stopped: raise warehouse.timeout, or ask for less"
            )
        found = _CLASS.search(str(error))
        state, kind = (found["state"] or "", found["class"]) if found else ("", "")
        if "CANCEL" in kind or "cancelled" in str(error):
            return Unavailable("Spark was told to stop: ask again")
        if state.startswith(_STATEMENTS) or (not state and type(error).__name__ in _OF_STATEMENTS):
            return Overflown(_first(error)) if kind.startswith(_OVERFLOW) else Refused(_first(error))
        if "OutOfMemory" in str(error):
            return Unavailable(
                "Spark gave up, being out of memory: give its driver or its workers more, or ask for less"
            )
        thrown = _THROWN.match(str(error))
        if found or thrown:
            said = thrown["name"] if thrown and not found else _first(error)
            return Unavailable(f"Spark gave up: {said}: see its log, then try again")
        return Unavailable("Spark doesn't answer: see that it runs at the address in warehouse.url, then try again")

    def view(self, frame: Any, name: str) -> None:  # noqa: ANN401 - the driver is optional
        """Make a frame of Spark's known by a name, for this session."""
        frame.createOrReplaceTempView(name if self.is_sail else quoted(name))

    def cancel(self) -> None:
        """End what is running, from another thread."""
        self.spark.interruptAll()

    def close(self) -> None:
        """End the session; the last one of this process stops the driver, too."""
        if self._closed:
            return
        self._closed = True
        if not self.remote:
            DRIVER.left()
        elif self._shared:
            self.spark.client.close()
        else:
            self.spark.stop()


def quoted(name: str) -> str:
    """Return a name in the quotes of Spark's.

    Example:
        >>> quoted("a`b")
        '`a``b`'
    """
    return "`" + name.replace("`", "``") + "`"


class Overflown(Refused):
    """A sum of whole numbers grew beyond 64 bits."""


def _first(error: Exception) -> str:
    """Return what an error says first, without Spark's name of its kind and its advice about settings."""
    found = _CLASS.search(str(error))
    said = (
        found["said"] if found else next((line for line in str(error).splitlines() if line.strip()), "no reason given")
    )
    return _CURE.sub("", said).strip().rstrip(":;.! ")


def _remote(url: str) -> Any:  # noqa: ANN401 - the driver is optional
    try:
        from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415 - of an extra
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise _uninstalled() from error
    for name in ("SQLQueryContextLogger", "pyspark.sql.connect.logging"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        session = SparkSession(connection=url)
    except Exception:  # noqa: BLE001 - what it says names the address
        raise Invalid("warehouse.url is no address of Spark Connect: write it as in sc://host:15002") from None
    session.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
    return session


class Driver:
    """The one driver that a process may have: started by the first session, stopped by the last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._context: Any = None
        self._sessions = 0

    def joined(self, url: str, settings: Mapping[str, str]) -> Any:  # noqa: ANN401 - the driver is optional
        """Return a session of its own.

        Raises:
            Invalid: If it isn't installed, or works for another master.
            Unavailable: If it can't be started.
        """
        try:
            from pyspark import SparkContext  # noqa: PLC0415 - of an extra
            from pyspark.sql import SparkSession  # noqa: PLC0415 - of an extra
        except ImportError as error:
            raise _uninstalled() from error
        with self._lock:
            there: Any = SparkContext._active_spark_context  # pyright: ignore  # noqa: SLF001 - nothing else tells
            if there is not None and there.master != url:
                raise Invalid(
                    "Spark's driver in this process works for another master already: end it, or ask that one"
                )
            session = _started(SparkSession.builder, url, settings)
            if there is None:
                self._context = session.sparkContext
            self._sessions += 1
            return session.newSession()

    def left(self) -> None:
        """Note that a session has ended."""
        with self._lock:
            self._sessions -= 1
            if not self._sessions and self._context is not None:
                self._context.stop()
                self._context = None


DRIVER = Driver()


def _started(builder: Any, url: str, settings: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    builder = builder.master(url).appName("twyman")
    for name, value in {**ALONE, **SETTINGS, **settings}.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception:  # noqa: BLE001 - what it says names the address
        raise Unavailable(
            "Spark can't be started: see that Java 17 is there and the master in warehouse.url runs, then try again"
        ) from None


def _uninstalled() -> Invalid:
    return Invalid("Spark's driver isn't installed: pip install 'twyman[spark]'")
