"""What the tests of the client act upon: a page tested half and half, a server that does as it is told, a clock."""

import gzip
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from twyman.flags.document import versioned, written
from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Sticky, Variant
from twyman.flags.slices import Slice
from twyman.flags.state import State
from twyman.flags.targeting import Broken, In, Where
from twyman.sdk.backoff import Backoff
from twyman.sdk.settings import Settings, Shipping

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WHOLE = (Slice(0, 1_000_000),)
HALVES = (Assigned((Slice(0, 500_000),), "moments"), Assigned((Slice(500_000, 1_000_000),), "classic"))
VARIANTS = (
    Variant("classic", {"layout": "list", "moments": False, "rows": 20, "ratio": 1}),
    Variant("moments", {"layout": "cards", "moments": True, "rows": 12, "ratio": 0.5}),
)
ZEALAND = {"targeting_key": "u-1", "country": "NZ"}
"""A listener in the experiment; `u-1` is dealt `classic`, `u-2` `moments` (which a test makes sure of)."""


def page(**changes: object) -> Flag:
    """A page tested half and half in New Zealand, and classic elsewhere."""
    split = Split(HALVES, salt="moment-page")
    rule = Rule("moment-page", split, when=Where("country", In(("NZ",))), experiment="moment-page")
    return Flag("start-page", VARIANTS, **({"rules": (rule,), "default": "classic"} | changes))  # type: ignore[arg-type]


def whole(name: str, variant: Variant, *, to: Outcome = Outcome.VARIANT, sticky: Sticky | None = None) -> Flag:
    """A flag whose one rule gives everybody the same."""
    side = Assigned(WHOLE, variant.name if to is Outcome.VARIANT else "", to)
    return Flag(name, (variant,), (Rule("all", Split((side,)), sticky=sticky, experiment=f"{name}-all"),))


def state(*flags: Flag) -> State:
    """A state of these flags, bearing its version; of the page, if none is named."""
    return versioned(State({flag.name: flag for flag in flags or (page(),)}))


def document(*flags: Flag) -> bytes:
    """The document of such a state."""
    return written(state(*flags))


def broken(name: str) -> Flag:
    """A flag whose criterion can't be understood."""
    return Flag(name, VARIANTS, (Rule("r", Split((Assigned(WHOLE, "classic"),)), when=Broken("what is 'near'?")),))


@dataclass
class Clocks:
    """A wall clock and a steady one, both moved by hand."""

    wall: datetime = NOON
    steady: float = 1000.0

    def settings(self, **changes: object) -> Settings:
        return Settings(clock=lambda: self.wall, steady=lambda: self.steady, **changes)  # type: ignore[arg-type]


QUICK = Settings(shipping=Shipping(every=0.01, timeout=1.0, backoff=Backoff(0.01, 0.02)), close_within=2.0)
"""Settings for tests with real threads: nothing waits long."""


@dataclass
class Server:
    """A real server on loopback.

    Attributes:
        answer: What it does with each request.
        asked: Method and path of each request, headers, and body.
    """

    answer: Callable[[BaseHTTPRequestHandler], None]
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list[tuple[str, dict[str, str], bytes]])
    url: str = ""

    def asks(self, header: str) -> list[str | None]:
        return [headers.get(header) for _, headers, _ in self.asked]


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None], *, port: int = 0) -> Generator[Server]:
    """Run a server that answers so."""
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the client has gone
                super().handle()

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.asked.append((f"{self.command} {self.path}", dict(self.headers), body))
            server.answer(self)

        do_POST = do_GET  # noqa: N815 - the base class's name

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that left

    with Listening(("127.0.0.1", port), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def says(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer with a status, a body and headers (`Content_Type="…"`)."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def ships(body: bytes, etag: str = '"v1"') -> Callable[[BaseHTTPRequestHandler], None]:
    """What a server of ours does: the document in gzip, under a tag; 304 to who has it."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.headers.get("If-None-Match") == etag:
            says(304, ETag=etag)(request)
        else:
            says(200, gzip.compress(body), ETag=etag, Content_Encoding="gzip")(request)

    return answer


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
