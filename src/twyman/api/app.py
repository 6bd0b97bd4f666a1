"""The application: which request goes where, and what is said of one that goes nowhere."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from twyman.api.asgi import Gone, Headers, Receive, Request, Scope, Send, body_of
from twyman.api.cors import Origins
from twyman.api.events import EVENTS, EventRow
from twyman.api.exposure_log import ExposureLog
from twyman.api.exposures import EXPOSURES
from twyman.api.intake import Intake
from twyman.api.ofrep import Ofrep, StickyStore
from twyman.api.reply import Refused, Reply, json_of, json_reply
from twyman.api.served import Served
from twyman.api.shipment import shipment
from twyman.api.sink import Row, Sink
from twyman.api.streams import STREAMS, News, Streams, told_already
from twyman.kernel.time import Clock, system_clock

SINGLE = "/ofrep/v1/evaluate/flags/"
BULK = "/ofrep/v1/evaluate/flags"

Answer = Callable[[Request], Awaitable[Reply]]

_LOGGER = logging.getLogger("twyman.api")


class Limits(Struct, frozen=True):
    """How much the server takes.

    Attributes:
        context: Bytes of an evaluation's request.
        batch: Bytes of a batch of exposures, or of events.
        streams: How many may listen for changes at once.
        heartbeat: Seconds of silence on a stream after which it shows that it is there.
    """

    context: int = 1 << 20
    batch: int = 1 << 23
    streams: int = 1_000
    heartbeat: float = 15.0


class Api:
    """An ASGI application that serves a state.

    Attributes:
        streams: Who listens for changes.

    Example:
        >>> from twyman.flags.state import State
        >>> api = Api(Served(State()))  # uvicorn.run(api)
        >>> api.swap(Served(State()))
    """

    def __init__(  # noqa: PLR0913 - where records go and what is taken, each by its name
        self,
        served: Served,
        *,
        sink: Sink[Row] | None = None,
        events: Sink[EventRow] | None = None,
        origins: tuple[str, ...] = ("*",),
        sticky: StickyStore | None = None,
        limits: Limits = Limits(),  # noqa: B008 - a value
        clock: Clock = system_clock,
    ) -> None:
        """Serve a state.

        Args:
            served: The state.
            sink: Where exposures go; without one they are not kept.
            events: Where events go; without it they are refused.
            origins: Of pages that may ask; `*` stands for any.
            sticky: Where sticky variants are kept; without it, none stick.
            limits: How much is taken.
            clock: Tells the time.
        """
        self.streams = Streams(most=limits.streams, heartbeat=limits.heartbeat)
        self._served = served
        self._since = clock()
        self._clock = clock
        self._sinks = [each for each in (sink, events) if each is not None]
        self._origins = Origins(origins)
        self._limits = limits
        self._ofrep = Ofrep(ExposureLog(sink, clock), sticky)
        self._intake = Intake(EXPOSURES, sink, clock)
        self._events_intake = Intake(EVENTS, events, clock)
        self._routes: Mapping[str, Mapping[str, Answer]] = {
            BULK: {"POST": self._bulk},
            "/v1/state": {"GET": self._state, "HEAD": self._state},
            "/v1/exposures": {"POST": self._exposures},
            "/v1/events": {"POST": self._events},
            "/healthz": {"GET": self._health, "HEAD": self._health},
            "/readyz": {"GET": self._ready, "HEAD": self._ready},
        }

    @property
    def served(self) -> Served:
        """What is served at present."""
        return self._served

    def swap(self, served: Served) -> None:
        """Serve another state from the next request on, and tell those who listen."""
        self._served, self._since = served, self._clock()
        self.streams.publish()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await _aside(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        path: str = scope["path"]
        key = path[len(SINGLE) :] if path.startswith(SINGLE) else None
        extra = self._origins.headers(headers)
        try:
            if key is not None and scope["method"] == "POST":
                view = self._served.view(headers)
                body = await body_of(headers, receive, limit=self._limits.context)
                reply = self._ofrep.single(view, key, body)
            elif path.startswith(STREAMS) and scope["method"] == "GET":
                told = told_already(scope["query_string"], headers)
                await self.streams.serve(self._news(path[len(STREAMS) :]), told, extra, receive, send)
                return
            else:
                reply = await self._routed(Request(scope["method"], path, headers, receive))
        except Refused as refused:
            reply = refused.reply(key)
        except Gone:
            return
        except Exception:  # a fault of ours is told like every other
            _LOGGER.exception("request to %s failed", path)
            reply = Refused(500, "server failed on this request: its log says why").reply(key)
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers + extra})
        await send({"type": "http.response.body", "body": reply.body})

    async def _routed(self, request: Request) -> Reply:
        methods = self._methods(request.path)
        if not methods:
            raise Refused(404, f"path '{request.path:.200}' isn't served here: OFREP is under /ofrep/v1")
        allow = ", ".join((*methods, "OPTIONS"))
        if request.method == "OPTIONS":
            return self._origins.preflight(request.headers, allow.encode())
        answer = self._routes.get(request.path, {}).get(request.method)
        if answer is None:
            raise Refused(405, f"method {request.method} isn't taken here: use {allow}", (b"allow", allow.encode()))
        return await answer(request)

    def _methods(self, path: str) -> tuple[str, ...]:
        if path.startswith(SINGLE):
            return ("POST",)
        return ("GET",) if path.startswith(STREAMS) else tuple(self._routes.get(path, ()))

    def _news(self, token: str) -> Callable[[], News | None]:
        def news() -> News | None:
            view = self._served.listening(token)
            return News(view.version, self._since) if view else None

        return news

    async def _bulk(self, request: Request) -> Reply:
        served = self._served
        view, stream = served.view(request.headers), served.stream(request.headers)
        body = await body_of(request.headers, request.receive, limit=self._limits.context)
        return self._ofrep.bulk(view, stream, request.headers, body)

    async def _state(self, request: Request) -> Reply:
        return shipment(self._served.view(request.headers), request.headers)

    async def _exposures(self, request: Request) -> Reply:
        return await self._taken(self._intake, request)

    async def _events(self, request: Request) -> Reply:
        return await self._taken(self._events_intake, request)

    async def _taken(self, intake: Intake[Any], request: Request) -> Reply:
        client = self._served.view(request.headers).asker.client
        body = await body_of(request.headers, request.receive, limit=self._limits.batch)
        return await intake.take(body, client)

    async def _health(self, _: Request) -> Reply:
        return json_reply(200, b'{"status":"ok"}')

    async def _ready(self, _: Request) -> Reply:
        served = self._served
        problems = (*served.problems, *(sink.problem for sink in self._sinks if sink.problem))
        said = _Ready(served.state.version, len(served.state.flags), self._since, problems)
        return json_reply(200, json_of(said))


class _Ready(Struct, frozen=True):
    """What is served, and what is wrong with it: problems are of single flags, everything else works."""

    version: str
    flags: int
    since: datetime
    problems: tuple[str, ...]
    status: str = "ready"


async def _aside(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what isn't a request: the server's own start and stop, and web sockets, which there are none of."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    while scope["type"] == "lifespan":
        said = (await receive())["type"]
        await send({"type": f"{said}.complete"})
        if said == "lifespan.shutdown":
            return
