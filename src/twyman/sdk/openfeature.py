"""A provider for OpenFeature's SDK: its clients, hooks, events and tracking, over a client of ours."""

# pyright: reportMissingTypeStubs=false
# (its package has types, but no __init__ that pyright could see them from)

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason as Said
from openfeature.hook import Hook
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from twyman.flags.context import TARGETING_KEY, Context
from twyman.flags.evaluation import Evaluation, Reason
from twyman.sdk.client import Client
from twyman.sdk.feed import Status
from twyman.sdk.fitting import Fit, number, struct_or_list, text, truth, whole_number

T = TypeVar("T")
Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]
_REASONS = {
    Reason.MATCH: Said.TARGETING_MATCH,
    Reason.NO_MATCH: Said.DEFAULT,
    Reason.ARCHIVED: Said.DISABLED,
}
_ERRORS = {
    Reason.NOT_FOUND: ErrorCode.FLAG_NOT_FOUND,
    Reason.UNIT_ERROR: ErrorCode.INVALID_CONTEXT,
    Reason.BROKEN: ErrorCode.PARSE_ERROR,
    Reason.NOT_READY: ErrorCode.PROVIDER_NOT_READY,
}


class TwymanProvider(AbstractProvider):
    """Serves OpenFeature from a `Client`.

    Each resolution is an exposure, as OpenFeature's user gets the value; a path reaches into structs
    (`start-page.rows`). An answer's reason is `TARGETING_MATCH`, `SPLIT` where a rule deals its units out,
    `STATIC` where the flag's only rule takes everybody, `DEFAULT`, `DISABLED` for an archived flag, `STALE` where
    the source has been silent for too long, or `ERROR`. Its metadata name the `rule`,
    the `experiment` and the `version` of the state.

    Shutting the provider down closes the client.

    Args:
        client: The client.
        hooks: Hooks of the provider's own, run innermost.
        wait: Seconds that becoming ready may take.

    Example:
        >>> from openfeature import api
        >>> from twyman.flags.flag import Flag, Variant
        >>> from twyman.flags.state import State
        >>> from twyman.sdk import MemoryState
        >>> flag = Flag("new-page", (Variant("on", True),), default="on")
        >>> api.set_provider_and_wait(TwymanProvider(Client(MemoryState(State({"new-page": flag})))), "doc")
        >>> api.get_client("doc").get_boolean_value("new-page", False)
        True
    """

    def __init__(self, client: Client, *, hooks: Sequence[Hook] = (), wait: float = 10.0) -> None:
        super().__init__()
        self._client = client
        self._hooks = list(hooks)
        self._wait = wait
        self._tells = False
        client.on_change(self._tell_change)
        client.on_status(self._tell_status)

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata("twyman")

    def get_provider_hooks(self) -> list[Hook]:
        """Return the provider's own hooks."""
        return self._hooks

    def initialize(self, evaluation_context: EvaluationContext) -> None:  # noqa: ARG002 - nothing depends on it
        """Wait until there is a state.

        Raises:
            ProviderNotReadyError: If there is none in time; when it comes, an event says so.
        """
        self._client.wait(self._wait)
        self._tells = True  # from here on by events; the first is told by returning, or raising
        if self._client.status is Status.NOT_READY:
            raise ProviderNotReadyError(f"no state within {self._wait:g} s: look at the client's log for the reason")

    def shutdown(self) -> None:
        """Close the client: what is waiting is sent."""
        self._client.close()

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001 - OpenFeature's
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Resolve a truth."""
        return self._resolved(flag_key, default_value, evaluation_context, truth)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Resolve a text."""
        return self._resolved(flag_key, default_value, evaluation_context, text)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Resolve a whole number; a double is none, not even 2.0."""
        return self._resolved(flag_key, default_value, evaluation_context, whole_number)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Resolve a number; a whole one comes as a float."""
        return self._resolved(flag_key, default_value, evaluation_context, number)

    def resolve_object_details(
        self, flag_key: str, default_value: Object, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Object]:
        """Resolve a struct or a list."""
        return self._resolved(flag_key, default_value, evaluation_context, struct_or_list)

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Log an event in the client's `events`."""
        said = tracking_event_details or TrackingEventDetails()
        context = _context(evaluation_context)
        self._client.track(tracking_event_name, context, value=said.value, details=said.attributes)

    def _resolved(self, path: str, default: T, given: EvaluationContext | None, fit: Fit) -> FlagResolutionDetails[T]:
        met = self._client.details(path, _context(given), fit)
        answer = met.answer
        code = ErrorCode.TYPE_MISMATCH if met.misfit else _ERRORS.get(answer.reason)
        if code is not None:
            why = met.misfit or answer.detail
            return FlagResolutionDetails(default, error_code=code, error_message=why, reason=Said.ERROR)
        return FlagResolutionDetails(
            default if met.value is None else cast("T", met.value),
            reason=self._reason(answer),
            variant=answer.variant or None,
            flag_metadata=self._metadata(answer),
        )

    def _reason(self, answer: Evaluation) -> Said:
        if self._client.status is Status.STALE:
            return Said.STALE
        if answer.reason is Reason.MATCH and answer.is_split:
            return Said.SPLIT
        if answer.reason is Reason.MATCH and self._client.is_static(answer.flag):
            return Said.STATIC
        return _REASONS[answer.reason]

    def _metadata(self, answer: Evaluation) -> dict[str, bool | int | float | str]:
        said: dict[str, bool | int | float | str] = {"version": self._client.state_version}
        last = answer.assignments[-1] if answer.assignments else None
        if answer.rule:
            said["rule"] = answer.rule
        if last is not None:
            said["experiment"] = last.experiment or f"{answer.flag}.{last.rule}"
        return said

    def _tell_change(self, flags: tuple[str, ...]) -> None:
        if self._tells:
            self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=list(flags)))

    def _tell_status(self, status: Status) -> None:
        if not self._tells:
            return
        match status:
            case Status.READY:
                self.emit_provider_ready(ProviderEventDetails())
            case Status.STALE:
                why = "the source of the state has been silent for too long: the last good one is served"
                self.emit_provider_stale(ProviderEventDetails(message=why))
            case Status.NOT_READY:
                pass


def _context(given: EvaluationContext | None) -> Context:
    """Return OpenFeature's context as our rules read it."""
    if given is None:
        return {}
    if given.targeting_key is None:
        return given.attributes
    return {**given.attributes, TARGETING_KEY: given.targeting_key}
