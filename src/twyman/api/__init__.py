"""The face for programs: OFREP for any language, the state for in-process clients, and exposures and events coming in.

`Api` is an ASGI application without a framework. It serves one `Served` at a time, which is replaced whole
when flags change; a `Sink` is where exposures go, or events.

What it answers (every body is JSON but for the stream; every error holds `errorCode` and `errorDetails`,
and `key` where a flag was asked for):

    POST /ofrep/v1/evaluate/flags/{key}   one flag in a context; logs the exposure where it applies
    POST /ofrep/v1/evaluate/flags         all flags in a context; ETag and 304; logs nothing
    GET  /ofrep/v1/streams/{token}?since= change events (the address comes with the answer above)
    GET  /v1/state                        the state for an in-process client; ETag, 304, gzip
    POST /v1/exposures                    a batch of exposures; 202 once it is on disk
    POST /v1/events                       a batch of events; the same
    GET  /healthz, /readyz                alive; which state, how many flags, what is wrong
"""

from twyman.api.app import Api, Limits
from twyman.api.asker import Asker
from twyman.api.events import EventRow
from twyman.api.ofrep import StickyStore
from twyman.api.record_file import EventFile, ExposureFile, RecordFile
from twyman.api.served import Served
from twyman.api.sink import Row, Sink

__all__ = [
    "Api",
    "Asker",
    "EventFile",
    "EventRow",
    "ExposureFile",
    "Limits",
    "RecordFile",
    "Row",
    "Served",
    "Sink",
    "StickyStore",
]
