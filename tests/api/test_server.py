"""The server as a process: over the wire, following its files, and stopping without losing anything."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.api.running import load, running, write
from tests.api.states import flags, static, with_clients
from watchfiles import Change

from twyman.api import Served
from twyman.definitions.flags import load_flags
from twyman.flags.flag import Flag
from twyman.flags.memory import Nothing
from twyman.flags.state import Client, State
from twyman.kernel.errors import Conflict
from twyman.server import Source, announcement, listening, to_try

PROGRAM = """
import sys
from pathlib import Path
from tests.api.running import load
from twyman.server import Settings, serve
serve(Path(sys.argv[1]), load, Settings(port=0, exposures=Path(sys.argv[2])))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    state = tmp_path / "state.json"
    write(state, State(flags()))
    return state


@pytest.fixture
def served(path: Path) -> Iterator[str]:
    with running(path) as (url, _):
        yield url


def ask(
    url: str, method: str, target: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def value(url: str, key: str, *, unit: str | None = None) -> Any:
    body = json.dumps({"context": {"targetingKey": unit} if unit else {}}).encode()
    return json.loads(ask(url, "POST", f"/ofrep/v1/evaluate/flags/{key}", body)[2]).get("value")


def ready(url: str) -> Any:
    return json.loads(ask(url, "GET", "/readyz")[2])


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; what never does fails after ten seconds."""
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("it never did")


def test_a_key_may_hold_dots_slashes_and_what_is_percent_encoded(served: str) -> None:
    body = b'{"context": {"targetingKey": "u-1"}}'
    for target in ("dots.and/slashes", "dots.and%2Fslashes", "dots%2Eand%2fslashes"):
        assert ask(served, "POST", f"/ofrep/v1/evaluate/flags/{target}", body)[0] == 200
    status, _, said = ask(served, "POST", f"/ofrep/v1/evaluate/flags/{quote('ключ %')}", body)
    assert (status, json.loads(said)["key"]) == (404, "ключ %")


def test_304_has_its_tag_and_no_body(served: str) -> None:
    tag = ask(served, "POST", "/ofrep/v1/evaluate/flags", b'{"context": {}}')[1]["etag"]

    status, headers, body = ask(
        served, "POST", "/ofrep/v1/evaluate/flags", b'{"context": {}}', **{"If-None-Match": tag}
    )

    assert (status, headers["etag"], body) == (304, tag, b"")
    assert "content-type" not in headers


def test_head_says_how_long_the_body_would_be(served: str) -> None:
    _, headers, body = ask(served, "HEAD", "/v1/state")

    assert body == b""
    assert int(headers["content-length"]) == len(ask(served, "GET", "/v1/state")[2])


def test_a_body_beyond_the_limit_is_refused_before_it_is_sent(served: str) -> None:
    parts = urlsplit(served)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_a_change_of_the_file_is_served_and_told(path: Path, served: str) -> None:
    parts = urlsplit(served)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"GET /ofrep/v1/streams/open HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = connection.recv(65_536)
        write(path, State({**flags(), "a-whole": static("a-whole", 43)}))
        while b"refetchEvaluation" not in heard:
            heard += connection.recv(65_536)
    assert value(served, "a-whole") == 43


def test_a_broken_edit_leaves_what_it_broke_as_it_was_and_says_so_once(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = Flag("a-whole", (), broken="a-whole.yaml:3: 42 is no text")
    with running(path) as (url, _):
        write(path, State({**flags(), "a-whole": broken, "a-text": static("a-text", "new")}))
        until(lambda: value(url, "a-text") == "new")
        assert value(url, "a-whole") == 42
        assert "a-whole.yaml:3: 42 is no text" in ready(url)["problems"]
        write(path, State({**flags(), "a-whole": broken, "a-text": static("a-text", "newer")}))
        until(lambda: value(url, "a-text") == "newer")
    assert capfd.readouterr().err.count("a-whole.yaml:3") == 1


def test_a_file_that_cannot_be_read_changes_nothing_until_it_can(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(path) as (url, _):
        path.write_bytes(b'{"twyman": 1, "flags": ')
        until(lambda: "state can't be read" in str(ready(url)["problems"]))
        assert value(url, "a-whole") == 42
        write(path, State({**flags(), "a-whole": static("a-whole", 44)}))
        until(lambda: value(url, "a-whole") == 44)
        assert ready(url)["problems"] == ["schema says string, value is 7"]
    assert "state can't be read" in capfd.readouterr().err


def test_what_changed_before_files_were_watched_is_not_missed(path: Path) -> None:
    source = Source(path, load)
    before = source.read()

    assert source.again(before) is None
    write(path, State({"a-whole": static("a-whole", 45)}))
    after = source.again(before)

    assert after is not None
    assert set(after.state.flags) == {"a-whole"}


def test_a_batch_that_was_acknowledged_outlives_a_kill(path: Path, tmp_path: Path) -> None:
    exposures = tmp_path / "exposures.jsonl"
    met = {"unit": "u-9", "exposed_at": "2026-01-01T00:00:00Z", "flag": "f", "rule": "r", "variant": "v"}
    batch = {"batch": "b", "sent_at": "2026-01-01T00:00:01Z", "exposures": [{**met, "experiment": "e", "arm": "v"}]}
    process, url = spawned(path, exposures)
    with process:
        status, _, said = ask(url, "POST", "/v1/exposures", json.dumps(batch).encode())
        process.kill()
    assert (status, json.loads(said)["accepted"]) == (202, 1)
    assert [json.loads(line)["unit"] for line in exposures.read_text().splitlines()] == ["u-9"]


def test_stopping_ends_streams_and_writes_what_is_left_of_exposures(path: Path, tmp_path: Path) -> None:
    exposures = tmp_path / "exposures.jsonl"
    process, url = spawned(path, exposures)
    parts = urlsplit(url)
    with process, socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"GET /ofrep/v1/streams/open HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = connection.recv(65_536)
        ask(url, "POST", "/ofrep/v1/evaluate/flags/a-bool", b'{"context": {"targetingKey": "u-1"}}')
        process.send_signal(signal.SIGTERM)
        while chunk := connection.recv(65_536):
            heard += chunk
    assert heard.endswith(b"0\r\n\r\n")
    assert [json.loads(line)["unit"] for line in exposures.read_text().splitlines()] == ["u-1"]


def test_a_server_that_has_stopped_lets_go_of_its_file(path: Path, tmp_path: Path) -> None:
    exposures = tmp_path / "exposures.jsonl"
    for unit in ("u-1", "u-2"):
        with running(path, exposures=exposures) as (url, _):
            body = json.dumps({"context": {"targetingKey": unit}}).encode()
            ask(url, "POST", "/ofrep/v1/evaluate/flags/a-bool", body)

    assert [json.loads(line)["unit"] for line in exposures.read_text().splitlines()] == ["u-1", "u-2"]


class Closing(Nothing):
    """Keeps nothing, and knows whether it was let go of."""

    is_closed = False

    def keep(self, records: Sequence[object]) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def test_a_server_that_has_stopped_has_sticky_variants_written(path: Path) -> None:
    sticky = Closing()
    with running(path, sticky=sticky):
        assert not sticky.is_closed

    assert sticky.is_closed


def spawned(path: Path, exposures: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a process of its own and return it with the address that it prints."""
    command = [sys.executable, "-c", PROGRAM, str(path), str(exposures)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    said = process.stdout.readline()
    return process, said.split(" on ")[-1].strip()


def test_the_announcement_is_a_line_that_works() -> None:
    said = announcement(Served(with_clients()), Path("flags"), "0.0.0.0", 8080)  # noqa: S104

    assert said.splitlines() == [
        "Serving 3 flags of flags on http://0.0.0.0:8080",
        "  curl -s -H 'X-API-Key: CREDENTIAL' http://127.0.0.1:8080/ofrep/v1/evaluate/flags/desktop-only"
        """ -d '{"context": {"targetingKey": "u-1"}}'""",
    ]


def test_the_line_to_try_names_a_flag_that_resolves() -> None:
    bad = {"old": static("old", archived=True), "torn": Flag("torn", (), broken="schema"), "odd": static("odd", 1)}
    hidden = static("hidden", clients=("desktop",))

    assert "flags/odd -d" in announcement(Served(State(bad)), Path("flags"), "127.0.0.1", 8080)
    assert to_try(State({"hidden": hidden, **bad}, clients={"tv": Client("tv")})) == "odd"
    assert to_try(State({"old": bad["old"], "torn": bad["torn"]})) is None


def test_paths_are_said_as_they_were_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(path.parent)
    with running(Path(path.name)) as (url, _):
        write(path, State({**flags(), "a-whole": static("a-whole", 43)}))
        until(lambda: value(url, "a-whole") == 43)
    assert f"flags of {path.name} on http" in capfd.readouterr().out


def test_a_port_that_is_taken_says_what_to_do() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(Conflict, match="name another port"):
        listening("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("changed", "is_concerned"), [("a.yaml", True), ("x/b.yml", True), ("..data", True), ("e.jsonl", False)]
)
def test_only_files_of_flags_are_followed(tmp_path: Path, changed: str, is_concerned: bool) -> None:  # noqa: FBT001
    assert Source(tmp_path, load).concerns(1, str(tmp_path / changed)) is is_concerned  # type: ignore[arg-type]


def test_beside_a_state_file_nothing_else_is_followed(path: Path) -> None:
    source = Source(path, load)

    assert source.concerns(Change.modified, str(path))
    assert not source.concerns(Change.modified, str(path.with_name("other.json")))


def test_a_folder_of_yaml_is_served_and_followed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "twyman.yaml").write_text("kind: project\nname: music\n")
    pages, rows = tmp_path / "flags" / "page.yaml", tmp_path / "flags" / "rows.yaml"
    pages.parent.mkdir()
    flag = "kind: flag\nname: {name}\nschema: {type}\nvariants: {{on: {value}}}\nrules:\n  - {{name: all, serve: on}}\n"
    pages.write_text(flag.format(name="page", type="string", value="cards"))
    rows.write_text(flag.format(name="rows", type="int", value=12))

    with running(tmp_path, load=load_flags) as (url, _):
        assert (value(url, "page"), value(url, "rows")) == ("cards", 12)
        pages.write_text(flag.format(name="page", type="string", value="list"))
        until(lambda: value(url, "page") == "list")
        rows.write_text("kind: flag\nname: rows\nvariants: {on: [")
        until(lambda: bool(ready(url)["problems"]))
        pages.write_text(flag.format(name="page", type="string", value="tiles"))
        until(lambda: value(url, "page") == "tiles")
        assert value(url, "rows") == 12
        rows.write_text(flag.format(name="rows", type="int", value=13))
        until(lambda: value(url, "rows") == 13)
        assert ready(url)["problems"] == []
    assert "rows.yaml" in capfd.readouterr().err
