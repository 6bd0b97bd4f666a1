"""An evaluation in OFREP's words: the value with its reason, or the failure with its code.

A rule that serves is `SPLIT` where it deals units out, `STATIC` where it is the flag's only one and takes
everybody, else `TARGETING_MATCH`. No rule is `DEFAULT`, an archived flag `DISABLED`. Where the caller's own
default applies there is no `value`. A flag whose definition is at fault is a failure of its own with status 400: its
server is well, and must not be taken out of service for it.
"""

from msgspec import UNSET, Struct, UnsetType

from twyman.api.reply import Failure, Reply, json_of, json_reply
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.flag import Flag
from twyman.flags.schema import Type
from twyman.flags.state import State

FAILURES = {
    Reason.NOT_FOUND: (404, "FLAG_NOT_FOUND"),
    Reason.UNIT_ERROR: (400, "INVALID_CONTEXT"),
    Reason.BROKEN: (400, "PARSE_ERROR"),
}
"""Status and code of each failure."""

_REASONS = {Reason.NO_MATCH: "DEFAULT", Reason.ARCHIVED: "DISABLED"}


class _Success(Struct, frozen=True):
    """An answer. The variant is always there: the Python provider reads it without looking."""

    key: str
    reason: str
    variant: str
    metadata: dict[str, str]
    value: object | UnsetType = UNSET


def answer(evaluation: Evaluation, state: State, version: str) -> Reply:
    """Return an evaluation as OFREP's answer for one flag; without a version it doesn't say which state decided.

    Example:
        >>> answer(Evaluation("page", Reason.NO_MATCH, "old", 7), State(), "v1").body
        b'{"key":"page","reason":"DEFAULT","variant":"old","metadata":{"version":"v1"},"value":7}'
    """
    if evaluation.reason in FAILURES:
        status, code = FAILURES[evaluation.reason]
        return json_reply(status, json_of(Failure(code, evaluation.detail, evaluation.flag)))
    flag = state.flags.get(evaluation.flag)
    value = UNSET if evaluation.value is None else _typed(evaluation.value, flag)
    success = _Success(
        evaluation.flag, _reason(evaluation, flag), evaluation.variant, _metadata(evaluation, version), value
    )
    return json_reply(200, json_of(success))


def _typed(value: object, flag: Flag | None) -> object:
    """Write a whole number of a double flag as `1.0`: clients in typed languages tell the two apart."""
    if flag and flag.schema and flag.schema.type is Type.DOUBLE and isinstance(value, int):
        return float(value)
    return value


def _reason(evaluation: Evaluation, flag: Flag | None) -> str:
    if evaluation.reason in _REASONS:
        return _REASONS[evaluation.reason]
    if evaluation.is_split:
        return "SPLIT"
    return "STATIC" if flag and flag.is_static else "TARGETING_MATCH"


def _metadata(evaluation: Evaluation, version: str) -> dict[str, str]:
    """Say which state decided, if that is to be said, by which rule, and under which key it is analysed."""
    said = {"version": version} if version else {}
    if evaluation.rule:
        said["rule"] = evaluation.rule
    if evaluation.assignments:
        last = evaluation.assignments[-1]
        said["experiment"] = last.experiment or f"{evaluation.flag}.{last.rule}"
    return said
