"""`twyman serve`: flags over OFREP, from a folder of YAML alone."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twyman.cli.exits import ANSWERED
from twyman.kernel.errors import Invalid

Command = Callable[..., argparse.ArgumentParser]


def add_serve(command: Command, add: Callable[..., Any]) -> None:
    """Add `serve` to the parser."""
    serve = command(add, "serve", "serve flags over OFREP, and follow the changes of their files", _serve)
    serve.set_defaults(stoppable=False)  # the server listens for signals itself
    serve.add_argument("--flags", type=Path, default=Path(), metavar="PATH", help="a folder of YAML, or a state file")
    serve.add_argument("--host", default="127.0.0.1", help="where to listen; 0.0.0.0 for every address")
    serve.add_argument("--port", type=int, default=8080, help="where to listen; 0 takes a free port")
    serve.add_argument("--exposures", type=Path, metavar="FILE", help="keep exposures here, one JSON object a line")
    serve.add_argument("--events", type=Path, metavar="FILE", help="keep events here, one JSON object a line")
    serve.add_argument("--sticky", type=Path, metavar="FILE", help="keep sticky variants here, in SQLite")
    serve.add_argument("--origin", action="append", metavar="URL", help="pages that may ask; left out, any")
    serve.add_argument("--environment", action="append", metavar="NAME", help="of those whose credential names none")
    serve.add_argument("--access-log", action="store_true", help="write each request to standard error")


def _serve(options: argparse.Namespace) -> int:
    try:
        from twyman.server import Settings, serve  # noqa: PLC0415 - needs uvicorn
    except ModuleNotFoundError as error:
        raise Invalid(f"serving needs '{error.name}', which isn't installed: pip install 'twyman[server]'") from None
    from twyman.wiring.flags import load, sequence_of  # noqa: PLC0415
    from twyman.wiring.sticky import kept_in  # noqa: PLC0415

    settings = Settings(
        host=options.host,
        port=options.port,
        exposures=options.exposures,
        events=options.events,
        origins=sequence_of(options.origin) or ("*",),
        environments=sequence_of(options.environment),
        access_log=options.access_log,
    )
    serve(options.flags, load, settings, sticky=kept_in(options.sticky) if options.sticky else None)
    return ANSWERED
