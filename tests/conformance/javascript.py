"""The JavaScript side: providers in Node and in a browser, driven by the scripts in `drivers/`, in JSON."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
DRIVERS = HERE / "drivers"
PAGE = (
    b'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Conformance</title></head><body></body></html>'
)
_PATIENCE = 60


def needed(what: str, path: str | Path | None) -> str:
    """Return where a program or package is; skip where it isn't, or fail where it must be."""
    if path is not None and Path(path).exists():
        return str(path)
    why = f"needs {what}: run `make test-conformance`, with Node 20 or later on the path"
    if os.environ.get("TWYMAN_CONFORMANCE") == "required":
        pytest.fail(why)
    pytest.skip(why)


def node() -> str:
    """Return Node, with the packages in place."""
    needed("the npm packages of tests/conformance", MODULES / "@openfeature")
    return needed("Node", shutil.which("node"))


def ask_node(**said: Any) -> dict[str, Any]:
    """Ask the Node provider; see `drivers/node.mjs` for what goes in and comes out."""
    command = [node(), str(DRIVERS / "node.mjs")]
    done = subprocess.run(
        command, input=json.dumps(said), capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class _Page(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def page_host(folder: Path) -> Iterator[str]:
    """Serve the page that uses the web provider, bundled into a folder, from an origin of its own."""
    bundle = [node(), str(MODULES / "esbuild/bin/esbuild"), str(DRIVERS / "page.mjs"), "--bundle", "--format=iife"]
    subprocess.run([*bundle, "--log-level=error", f"--outfile={folder / 'page.js'}"], timeout=_PATIENCE, check=True)
    (folder / "index.html").write_bytes(PAGE.replace(b"</body>", b'<script src="page.js"></script></body>'))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, directory=str(folder))) as host:
        Thread(target=host.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{host.server_port}/"
        host.shutdown()


class Browser:
    """Chromium with the page open, until the block ends."""

    def __init__(self, page: str, profile: Path) -> None:
        """Start it on a page, with an empty folder of its own."""
        program = needed("Chromium", shutil.which("chromium"))
        self._process = subprocess.Popen(
            [node(), str(DRIVERS / "browser.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._told({"program": program, "profile": str(profile), "page": page}) == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=_PATIENCE)

    def call(self, function: str, **said: Any) -> Any:
        """Call one of the functions of the page in `drivers/page.mjs`."""
        return self._told({"call": function, "with": said})

    def replies(self) -> list[dict[str, Any]]:
        """Return every answer that the browser got since this was last asked."""
        return self._told({"replies": True})

    def _told(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"failed": "the browser is gone"}')
        assert "failed" not in answer, answer["failed"]
        return answer["is"]
