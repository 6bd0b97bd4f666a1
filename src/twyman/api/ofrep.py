"""Evaluation over HTTP: one flag for servers, all of them for browsers and phones.

The context's `targetingKey` may be missing: a rule that needs a unit is then passed over, and every other rule works.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from twyman.api.asgi import Headers
from twyman.api.etag import has_not_changed, tag_of, unchanged
from twyman.api.exposure_log import ExposureLog
from twyman.api.reply import Refused, Reply, json_of, json_reply
from twyman.api.streams import address
from twyman.api.view import View
from twyman.flags.context import Context, with_targeting_key
from twyman.flags.evaluation import Evaluation, Kept
from twyman.flags.memory import NOTHING, Memory

INACTIVITY = 120
"""Seconds out of sight after which a client may stop listening."""


class _Asked(Struct):
    context: dict[str, Any]


_ASKED = msgspec.json.Decoder(_Asked)


def context_of(body: bytes) -> Context:
    """Read the context of a request.

    Raises:
        Refused: 400, `PARSE_ERROR` if the body isn't JSON, `INVALID_CONTEXT` if it holds no context.

    Example:
        >>> context_of(b'{"context": {"targetingKey": "u-1"}}')["targeting_key"]
        'u-1'
    """
    try:
        return with_targeting_key(_ASKED.decode(body).context)
    except msgspec.ValidationError as error:
        why = f"request holds no context ({error}): send a context with a targetingKey, as JSON"
        raise Refused(400, why, code="INVALID_CONTEXT") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, f"request isn't JSON ({error}): send a context, as JSON", code="PARSE_ERROR") from None


class StickyStore(Memory, Protocol):
    """Keeps what units got. It is asked between two requests, so it must answer at once, and never fail."""

    def keep(self, records: Sequence[Kept]) -> None:
        """Keep each record whose store, unit and rule have nothing kept yet."""
        ...


class Ofrep:
    """Answers of a view, in OFREP's words."""

    def __init__(self, log: ExposureLog, sticky: StickyStore | None) -> None:
        """Note exposures in a log, and keep sticky variants in a store; without one, none stick."""
        self._log = log
        self._sticky = sticky
        self._memory: Memory = sticky or NOTHING

    def single(self, view: View, key: str, body: bytes) -> Reply:
        """Return what a flag answers, and note the exposure where it applies.

        Raises:
            Refused: 400 if the request holds no context.
        """
        context = context_of(body)
        evaluation = self._evaluated(view, key, context)
        if evaluation.assignments:
            self._log.note(evaluation, context, client=view.asker.client or "", state=view.version)
        return view.answer(evaluation)

    def bulk(self, view: View, stream: str, headers: Headers, body: bytes) -> Reply:
        """Return what all flags answer, or 304 where the client has it already; notes nothing.

        Raises:
            Refused: 400 if the request holds no context.
        """
        context = context_of(body)
        tag = tag_of(view.stamp, body)
        if self._sticky is None and has_not_changed(headers, tag):
            return unchanged(tag)
        flags = b",".join([view.item(self._evaluated(view, name, context)) for name in view.flags])
        if self._sticky is not None:  # what is kept may change an answer: only the answers tell
            tag = tag_of(view.stamp, flags)
            if has_not_changed(headers, tag):
                return unchanged(tag)
        return json_reply(200, b'{"flags":[%s],%s' % (flags, _tail(view, stream)), (b"etag", tag))

    def _evaluated(self, view: View, key: str, context: Context) -> Evaluation:
        evaluation = view.resolver.evaluate(key, context, self._memory)
        if evaluation.keep and self._sticky is not None:
            self._sticky.keep(evaluation.keep)
        return evaluation


def _tail(view: View, stream: str) -> bytes:
    """Return the end of a bulk answer: where to listen for changes, and what of the set is worth knowing."""
    listen = {
        "type": "sse",
        "endpoint": {"requestUri": address(stream, view.version)},
        "inactivityDelaySec": INACTIVITY,
    }
    about = {"version": view.version, "environments": ",".join(view.asker.environments)}
    return json_of({"eventStreams": [listen], "metadata": about})[1:]
