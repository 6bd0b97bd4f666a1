"""One OFREP evaluation over HTTP against a bare application that answers a constant of the same size.

Both run on one uvicorn worker with the same settings, as processes side by side, and are loaded in turn by one
`wrk` with 32 connections: each request asks for a country-targeted 50/50 flag for one of 10,000 users, and exposures
go to a file. Then requests are sent at a constant rate, half of our peak, whether or not the last ones have been
answered, and each one's time is counted from the moment when it was due. Needs the Debian package `wrk`; everything
stays on the loopback.

    python bench/ofrep.py            # the table
    python bench/ofrep.py ours 8001  # one of the servers
    python bench/ofrep.py bare 8002  # the other
"""

import gc
import os
import re
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import uvicorn

from twyman.api import Api, ExposureFile, Served
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.slices import Slice
from twyman.flags.state import State
from twyman.flags.targeting import In, Where
from twyman.server import configuration

Server = tuple[subprocess.Popen[bytes], str]
"""A process and the address of its flag."""

PATH = "/ofrep/v1/evaluate/flags/start-page"
ROUNDS, SECONDS, CONNECTIONS = 5, 2, 32
WRK = """
local bodies, countries = {}, {"NZ", "SE", "NO", "DE"}
for user = 1, 10000 do
  bodies[user] = string.format(
    '{"context":{"targetingKey":"user-%d","country":"%s","plan":"free"}}', user, countries[user % 4 + 1])
end
local headers = {["Content-Type"] = "application/json"}
local at = 0
function request()
  at = at % 10000 + 1
  return wrk.format("POST", nil, headers, bodies[at])
end
"""
BODY = b'{"context":{"targetingKey":"user-7","country":"NZ","plan":"free"}}'
REQUESTS = [
    b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    % (PATH.encode(), len(body), body)
    for user in range(10_000)
    for body in [BODY.replace(b"user-7", b"user-%d" % user).replace(b"NZ", (b"NZ", b"SE", b"NO", b"DE")[user % 4])]
]


def flag() -> Flag:
    """Return the flag: half and half of two countries."""
    halves = Split((Assigned((Slice(0, 500_000),), "classic"), Assigned((Slice(500_000, 1_000_000),), "moments")), "s1")
    rule = Rule("moment-page", halves, when=Where("country", In(("NZ", "SE"))), experiment="moment-page")
    return Flag("start-page", (Variant("classic", "classic"), Variant("moments", "moments")), (rule,), "classic")


async def bare(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001, ANN401
    """Answer what ours answers for most, without looking at anything."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": CONSTANT})


def constant() -> bytes:
    """Return an answer of ours."""
    view = Served(State({"start-page": flag()})).view({})
    return view.answer(view.resolver.evaluate("start-page", {"targeting_key": "user-7", "country": "NZ"})).body


CONSTANT = constant()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(CONSTANT))]


def run(which: str, port: int) -> None:
    """Serve one of the two."""
    app: Any = bare
    if which == "ours":
        sink = ExposureFile(Path(tempfile.mkdtemp()) / "exposures.jsonl")
        app = Api(Served(State({"start-page": flag()})), sink=sink)
    gc.freeze()  # as `twyman serve` does
    uvicorn.Server(configuration(app)).run(sockets=[socket.create_server(("127.0.0.1", port), backlog=2_048)])


def started(which: str) -> Server:
    """Start one of the two and return it with its address, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, which, str(port)])
    url = f"http://127.0.0.1:{port}{PATH}"
    for _ in range(100):
        try:
            with urlopen(Request(url, BODY), timeout=1) as answer:
                assert len(answer.read()) == len(CONSTANT)  # noqa: S101
        except OSError:
            time.sleep(0.05)
        else:
            return process, url
    raise SystemExit(f"{which} doesn't answer")


def throughput(url: str, script: Path) -> float:
    """Return requests a second at full load."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said  # noqa: S101
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    return float(found.group(1)) if found else 0.0


def latencies(url: str, rate: float, seconds: int = 8) -> list[float]:
    """Return each request's milliseconds at a constant rate, from when it was due; the first second warms up.

    Ends the program where the machine is too busy for the rate: such times say nothing about either server.
    """
    free = connected(url)
    poll, busy, took = select.epoll(), dict[int, tuple[socket.socket, float]](), list[float]()
    for connection in free:
        poll.register(connection, select.EPOLLIN)
    begun, sent = time.perf_counter() + 0.1, 0
    while (now := time.perf_counter()) < begun + seconds or busy:
        due = begun + sent / rate
        if free and due <= now < begun + seconds:
            connection = free.popleft()
            connection.sendall(REQUESTS[sent % len(REQUESTS)])
            busy[connection.fileno()] = connection, due
            sent += 1
        for number, _ in poll.poll(0):
            connection, asked = busy[number]
            if connection.recv(4_096).endswith(b"}"):  # the headers may come first
                took.append((time.perf_counter() - asked) * 1e3)
                free.append(connection)
                del busy[number]
        if due > now:
            time.sleep(20e-6)
    if sent < 0.95 * rate * seconds:
        raise SystemExit(
            f"only {sent / seconds:,.0f} of {rate:,.0f}/s could be sent: other work keeps the machine busy"
        )
    return took[int(rate) :]


def connected(url: str) -> deque[socket.socket]:
    """Return connections to a server, more than are ever busy."""
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    free = deque(socket.create_connection(("127.0.0.1", port)) for _ in range(64))
    for connection in free:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return free


def main() -> None:
    """Print the table."""
    if shutil.which("wrk") is None:
        raise SystemExit("needs wrk: apt-get install wrk")
    servers = {which: started(which) for which in ("bare", "ours")}
    try:
        with tempfile.TemporaryDirectory() as folder:
            report(servers, Path(folder))
    finally:
        for process, _ in servers.values():
            process.terminate()
            process.wait(10)


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return how long a process has computed."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def loaded(server: Server, script: Path) -> tuple[float, float]:
    """Return requests a second at full load, and processor time of each in microseconds."""
    process, url = server
    before = processor_seconds(process)
    rate = throughput(url, script)
    return rate, (processor_seconds(process) - before) / (rate * SECONDS) * 1e6


def cuts(url: str, rate: float) -> list[float]:
    """Return the thousandths of the milliseconds that requests take at a constant rate."""
    return statistics.quantiles(latencies(url, rate, seconds=3), n=1_000)


def report(servers: dict[str, Server], folder: Path) -> None:
    """Load both in turn, then at a constant rate, in several turns: one stall of the machine spoils one of them."""
    script = folder / "users.lua"
    script.write_text(WRK)
    rounds = [{name: loaded(server, script) for name, server in servers.items()} for _ in range(ROUNDS + 1)][1:]
    ratio = statistics.median(each["ours"][0] / each["bare"][0] for each in rounds)
    peak = {name: statistics.median(each[name][0] for each in rounds) for name in servers}
    for name in servers:
        cost = statistics.median(each[name][1] for each in rounds)
        print(f"{name}  peak {peak[name]:7,.0f}/s, {cost:4.0f} µs of processor time a request")
    print(f"ours reaches {ratio:.0%} of bare (aim: at least 60 %)")
    turns = [{name: cuts(url, peak["ours"] / 2) for name, (_, url) in servers.items()} for _ in range(7)]
    for name in servers:
        p50, p99, p999 = (statistics.median(each[name][place] for each in turns) for place in (499, 989, 998))
        print(f"{name}  at {peak['ours'] / 2:,.0f}/s   p50 {p50:.2f} ms   p99 {p99:.2f} ms   p99.9 {p999:.2f} ms")
        print(f"      p99 of each turn: {', '.join(f'{each[name][989]:.2f}' for each in turns)}")
    print("aim: p99 of ours under 3 ms; bare shows what the machine itself adds")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run(sys.argv[1], int(sys.argv[2]))
    else:
        main()
