"""A ClickHouse for tests: chdb's engine behind the part of ClickHouse's HTTP protocol that its driver speaks.

    python chdb_server.py PORT FOLDER

What is as with a server: queries, parameters (`param_x`), settings, sessions with their temporary tables and
their lock, `query_id` and `KILL QUERY WHERE query_id = …`, inserts of any format, error codes. What isn't:
compression, `query_log`, progress in headers, and users, but for one: `asked` has to give the password that
the environment holds as `CHDB_PASSWORD`.
"""

import base64
import json
import os
import re
import sys
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

OF_HTTP = re.compile(
    r"query|database|session_(id|timeout|check)|query_id|(de)?compress|user|password|quota_key|role|buffer_size"
    r"|client_protocol_version|default_format|enable_http_compression|http_zlib_compression_level"
    r"|send_progress_in_http_headers|http_headers_progress_interval_ms|wait_end_of_query"
    r"|cancel_http_readonly_queries_on_client_close"
)
CODE = re.compile(r"Code: (\d+)\. (?:DB::\w+: )?")
STATUS = {"516": 403, "164": 500, "60": 404, "81": 404, "47": 404, "62": 400}
INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.*?)\s+FORMAT\s+(\w+)\s*?\n", re.IGNORECASE | re.DOTALL)
KILLED = re.compile(r"query_id\s*=\s*'([^']*)'")
LONGEST = 500
BY_TEXT = r"startsWith(query, '/* \1 */')"


@dataclass(slots=True)
class Session:
    """One connection to the engine, what was set on it, and whether it is busy."""

    connection: Any
    settings: dict[str, str] = field(default_factory=dict)
    busy: threading.Lock = field(default_factory=threading.Lock)


class Refused(Exception):
    """What a server says of itself, with its code."""


def connect(folder: str) -> Any:
    """Open a session; the engine isn't installed where only this file is looked at."""
    from chdb.state import connect as connected  # noqa: PLC0415

    return connected(folder)


class Engine:
    """The sessions of one folder of data."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._keeper = connect(folder)
        self._sessions: dict[str, Session] = {}
        self._guard = threading.Lock()

    def answer(self, body: bytes, asked: dict[str, str]) -> bytes:
        """Run one request, in the session that it names or in one of its own."""
        name = asked.get("session_id")
        with self._guard:
            session = self._sessions.get(name or "") or Session(connect(self._folder))
            if name:
                self._sessions[name] = session
        if not session.busy.acquire(blocking=False):
            raise Refused(f"Code: 373. DB::Exception: Session {name} is locked by a concurrent client. ")
        try:
            self._settle(session, asked)
            return _run(session.connection, body, asked)
        finally:
            session.busy.release()
            if not name:
                session.connection.close()

    def _settle(self, session: Session, asked: dict[str, str]) -> None:
        """Make a session's settings those of this request; one that may not be changed any more begins anew."""
        wanted = {key: value for key, value in asked.items() if not OF_HTTP.fullmatch(key)}
        if session.settings.get("readonly", "0") != "0" and wanted != session.settings:
            session.connection.close()
            session.connection, session.settings = connect(self._folder), {}
        for key in session.settings.keys() - wanted.keys():
            if not key.startswith("param_"):
                session.connection.query(f"SET {key} = DEFAULT")
        if database := asked.get("database"):
            session.connection.query(f"USE `{database}`")
        for key, value in sorted(wanted.items(), key=lambda one: one[0] == "readonly"):
            if session.settings.get(key) != value:
                session.connection.query(f"SET {key} = {_quoted(value)}")
        session.settings = wanted


def _run(connection: Any, body: bytes, asked: dict[str, str]) -> bytes:
    if insert := INSERT.match(body):
        into = connection.send_insert(insert[1].decode(), insert[2].decode())
        into.append(body[insert.end() :])
        into.finish()
        return b""
    sql = KILLED.sub(BY_TEXT, text) if (text := body.decode()).lstrip()[:4].upper() == "KILL" else text
    print(f"{asked['query_id']}: {' '.join(sql.split())[:LONGEST]}", flush=True)  # noqa: T201 - the server's log
    found = connection.query(f"/* {asked['query_id']} */ {sql}", asked.get("default_format", "TabSeparated"))
    return bytes(found.bytes() or b"")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Handler(BaseHTTPRequestHandler):
    """One request: the statement is in the body, or in the address, or begins there and goes on in the body."""

    protocol_version = "HTTP/1.1"
    engine: Engine

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._say(200, b"Ok.\n", {})
        else:
            self._query(b"")

    def do_POST(self) -> None:
        self._query(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = list[bytes]()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _query(self, body: bytes) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        asked.setdefault("query_id", str(uuid.uuid4()))
        about = {"X-ClickHouse-Query-Id": asked["query_id"], "X-ClickHouse-Timezone": "UTC"}
        statement = asked.get("query", "").encode()
        try:
            self._let_in()
            said = self.engine.answer(b"\n".join(filter(None, (statement, body))), asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
            code = found[1] if (found := CODE.search(str(error))) else "1002"
            text = f"Code: {code}. DB::Exception: {CODE.sub('', str(error), count=1)}(version chdb)\n"
            print(text, flush=True)  # noqa: T201
            self._say(STATUS.get(code, 500), text.encode(), about | {"X-ClickHouse-Exception-Code": code})
        else:
            self._say(200, said, about | {"X-ClickHouse-Summary": json.dumps({"read_rows": "0"})})

    def _let_in(self) -> None:
        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        user, _, password = given.partition(":")
        if user == "asked" and password != os.environ.get("CHDB_PASSWORD", ""):
            why = "password is incorrect, or there is no user with such name."
            raise Refused(f"Code: 516. DB::Exception: {user}: Authentication failed: {why} (AUTHENTICATION_FAILED) ")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Not the address, which is long and says little: what was run is said where it runs."""

    def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Handler.engine = Engine(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    server.serve_forever()
