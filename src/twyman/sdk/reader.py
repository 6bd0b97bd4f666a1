"""What a client answers without waiting, and never by raising: the edges (`client`, `async_client`) add the rest.

A fault is counted, logged once for its kind and flag, and answered with the caller's own default.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeVar, cast

from twyman.flags.context import Context
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.schema import Field
from twyman.sdk.feed import Feed, OnChange, OnStatus, Status
from twyman.sdk.fitting import MISFIT, Fit, anything, fit_of, number, struct, text, truth, whole_number
from twyman.sdk.fork import put_right_after_fork
from twyman.sdk.journal import Journal, Sinks
from twyman.sdk.override import Overrides, overridden
from twyman.sdk.settings import SETTINGS, Settings
from twyman.sdk.snapshot import Snapshot
from twyman.sdk.sources.source import Source
from twyman.sdk.tally import Tally

T = TypeVar("T")
_NOBODY: Context = {}
_FINE = (Reason.MATCH, Reason.NO_MATCH, Reason.ARCHIVED)


class Details(NamedTuple):
    """What a caller asked for, with why.

    Attributes:
        answer: The flag's whole answer.
        value: As wanted; `None` where the caller's default applies.
        misfit: Why the flag's value isn't what was wanted; empty where it is.
    """

    answer: Evaluation
    value: object = None
    misfit: str = ""


class Reader:
    """Answers from the state in use.

    Args:
        source: Where the state comes from.
        sinks: Where exposures, events and sticky variants go.
        client: As whom flags are asked; `None` sees every flag, or what the server says of whom it ships to.
        environments: Where they are asked.
        settings: Times, sizes and clocks.
    """

    def __init__(
        self,
        source: Source,
        sinks: Sinks,
        *,
        client: str | None = None,
        environments: tuple[str, ...] = (),
        settings: Settings = SETTINGS,
    ) -> None:
        self._settings = settings
        self._tally = Tally()
        self._feed = Feed(source, client=client, environments=environments, tally=self._tally, settings=settings)
        self._journal = Journal(sinks, tally=self._tally, settings=settings, ring=self._ring)
        self._memory = self._journal.memory
        self._overrides = Overrides()
        self._may_be_overridden = False  # once a test has, it stays so
        self._is_plain = True
        self._is_asleep = False
        put_right_after_fork(self)

    def evaluate(self, flag: str, context: Context = _NOBODY) -> Evaluation:
        """Return what a flag answers in a context, with why; logs nothing, and changes nothing.

        Its value is shared with everybody who asks: read it only. Call `expose` when the unit meets it.
        """
        try:
            answer = self._special(flag) if not self._is_plain else None
            if answer is None:
                answer = self._feed.snapshot.resolver.evaluate(flag, context, self._memory)
            if answer.reason not in _FINE:
                self._tally.fault(answer.reason.value, flag, answer.detail)
        except Exception as error:  # noqa: BLE001 - the caller is never raised into
            return self._broken(flag, error)
        return answer

    def evaluate_all(self, context: Context = _NOBODY) -> dict[str, Evaluation]:
        """Return what every flag answers in a context, without the archived ones; logs nothing."""
        return {flag: self.evaluate(flag, context) for flag in self.flags}

    def expose(self, answer: Evaluation, context: Context = _NOBODY) -> None:
        """Log that a unit has met an answer, once; waits for nothing."""
        try:
            self._expose(answer, context, self._feed.snapshot)
        except Exception as error:  # noqa: BLE001 - the caller is never raised into
            self._broken(getattr(answer, "flag", "?"), error)

    def value(self, path: str, context: Context, default: T) -> T:
        """Return a flag's value, or one of a struct's fields (`start-page.rows`), and log the exposure.

        Args:
            path: The flag's name; then, after dots, names of fields.
            context: What is known of the one who asks.
            default: What is returned where the flag has nothing to say, or something of another type than
                this; `None` takes any type.

        Example:
            >>> from twyman.flags.flag import Flag, Variant
            >>> from twyman.flags.state import State
            >>> from twyman.sdk import Client, MemoryState
            >>> page = Flag("start-page", (Variant("classic", {"rows": 20}),), default="classic")
            >>> client = Client(MemoryState(State({"start-page": page})))
            >>> client.value("start-page.rows", {"targeting_key": "u-1"}, 10)
            20
            >>> client.value("start-page.rows", {"targeting_key": "u-1"}, "ten")
            'ten'
        """
        return cast("T", self._value(path, context, fit_of(default), default))

    def boolean(self, path: str, context: Context, *, default: bool) -> bool:
        """Return a truth, and log the exposure."""
        return cast("bool", self._value(path, context, truth, default))

    def string(self, path: str, context: Context, default: str) -> str:
        """Return a text, and log the exposure."""
        return cast("str", self._value(path, context, text, default))

    def integer(self, path: str, context: Context, default: int) -> int:
        """Return a whole number, and log the exposure."""
        return cast("int", self._value(path, context, whole_number, default))

    def number(self, path: str, context: Context, default: float) -> float:
        """Return a number, and log the exposure; a whole one comes as a float."""
        return cast("float", self._value(path, context, number, default))

    def struct(self, path: str, context: Context, default: Mapping[str, object]) -> Mapping[str, object]:
        """Return a struct of one's own, which may be changed, and log the exposure."""
        return cast("Mapping[str, object]", self._value(path, context, struct, default))

    def details(self, path: str, context: Context = _NOBODY, fit: Fit = anything) -> Details:
        """Return a flag's value, or one of a struct's fields, with why; and log the exposure.

        Args:
            path: As of `value`.
            context: What is known of the one who asks.
            fit: The type wanted, of `twyman.sdk.fitting`.
        """
        try:
            return self._met(path, context, fit)
        except Exception as error:  # noqa: BLE001 - the caller is never raised into
            return Details(self._broken(path, error))

    def track(
        self,
        name: str,
        context: Context = _NOBODY,
        *,
        value: float | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Log that something happened: an event in `events`, of the context's targeting key; waits for nothing."""
        try:
            self._awake()
            self._journal.track(name, context, value, details or {})
        except Exception as error:  # noqa: BLE001 - the caller is never raised into
            self._tally.fault("events_failed", name, error)

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flags that the client sees, without the archived ones."""
        return self._feed.snapshot.resolver.flags

    def is_static(self, flag: str) -> bool:
        """Say whether a flag's only rule takes everybody, whoever asks."""
        found = self._feed.snapshot.flag(flag)
        return found is not None and found.is_static

    @property
    def state_version(self) -> str:
        """Version of the state in use; empty before there is any."""
        return self._feed.snapshot.version

    @property
    def status(self) -> Status:
        """How far answers can be relied on: not ready, ready, or stale."""
        return self._feed.status

    def stats(self) -> dict[str, int]:
        """Return how often what happened, by name: states taken, faults by kind, records sent, waiting and lost."""
        return {**self._tally.counts(), **self._journal.waiting()}

    def on_change(self, callback: OnChange) -> None:
        """Call back, from whatever thread took a new state, with the names of the flags that may answer differently."""
        self._feed.on_change(callback)

    def on_status(self, callback: OnStatus) -> None:
        """Call back, from whatever thread saw it, when the status has changed."""
        self._feed.on_status(callback)

    def refresh(self) -> None:
        """Ask the source now, and wait for its answer."""
        self._awake()
        self._feed.refresh()

    @contextmanager
    def override(
        self,
        flag: str,
        variant: str | None = None,
        *,
        value: object = None,
        everywhere: bool = False,
        exposes: bool = False,
    ) -> Generator[Evaluation]:
        """Have a flag answer otherwise within a `with` block: with a variant of its, by name, or any value.

        Args:
            flag: The flag's name; with a value, it needn't exist.
            variant: The variant's name.
            value: The value; left out, it is the variant's.
            everywhere: In all threads; otherwise in this thread or task, and the tasks that it starts.
            exposes: Whether meeting it is logged as an exposure.

        Raises:
            NotFound: If there is no such variant.
            Invalid: If neither variant nor value is given.
        """
        found = self._feed.snapshot.flag(flag)
        answer = overridden(flag, found, variant=variant, value=value, exposes=exposes)
        with self._overrides.put(answer, everywhere=everywhere):
            self._may_be_overridden, self._is_plain = True, False
            yield answer

    def after_fork(self) -> None:
        """Be ready to wake up in a child, at its first question: threads are started then."""
        self._tally.after_fork()
        self._feed.after_fork()
        self._journal.after_fork()
        self._is_asleep, self._is_plain = True, False

    def _value(self, path: str, context: Context, fit: Fit, default: object) -> object:
        found = self.details(path, context, fit).value
        return default if found is None else found

    def _met(self, path: str, context: Context, fit: Fit) -> Details:
        snapshot = self._feed.snapshot
        flag, _, inner = path.partition(".")
        answer = self.evaluate(flag, context)
        found = answer.value
        if inner and found is not None:
            found = _inner(found, inner)
            if found is None and self._lacks(snapshot, answer, inner):
                return self._unfit(answer, "field_not_found", path, "its value has no such field")
        value = found if found is None else fit(found)
        if value is MISFIT:
            why = f"it is of type {type(found).__name__}, and {fit.__name__} was asked for"
            return self._unfit(answer, "type_mismatch", path, why)
        if answer.assignments or answer.keep:
            self._expose(answer, context, snapshot)
        return Details(answer, value)

    def _unfit(self, answer: Evaluation, kind: str, path: str, why: str) -> Details:
        """Return no value: the unit hasn't met its assignment, and an experiment shows that in its balance."""
        self._tally.fault(kind, path, why)
        return Details(answer, misfit=f"'{path}': {why}")

    def _lacks(self, snapshot: Snapshot, answer: Evaluation, inner: str) -> bool:
        """Whether a field is missing by mistake: its schema has none of the name, or doesn't make it optional."""
        flag = snapshot.flag(answer.flag)
        return not _is_optional(flag.schema if flag is not None else None, inner)

    def _expose(self, answer: Evaluation, context: Context, snapshot: Snapshot) -> None:
        self._awake()
        self._journal.expose(answer, context, client=snapshot.client, version=snapshot.version)

    def _broken(self, name: str, error: Exception) -> Evaluation:
        self._tally.fault("broken", str(name), repr(error))
        return Evaluation(str(name), Reason.BROKEN, detail=repr(error))

    def _special(self, flag: str) -> Evaluation | None:
        self._awake()
        return self._overrides.get(flag)

    def _awake(self) -> None:
        if self._is_asleep:
            self._is_asleep, self._is_plain = False, not self._may_be_overridden
            self._wake()

    def _wake(self) -> None:
        """Start what works in the background again, in a forked child."""

    def _ring(self, box: str) -> None:
        """Have a box emptied now; must not wait."""


def _inner(found: object, path: str) -> object:
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = cast("dict[str, object]", found).get(name)
    return found


def _is_optional(schema: Field | None, path: str) -> bool:
    for name in path.split("."):
        schema = (schema.fields or {}).get(name) if schema is not None else None
        if schema is None:
            return False
        if schema.optional:
            return True
    return False
