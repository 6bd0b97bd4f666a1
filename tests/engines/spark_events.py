"""What a server of Spark's did, by the log of events that it writes: what runs, was read, and is kept in memory."""

import json
import time
from collections import Counter
from collections.abc import Generator
from typing import Any

from tests.engines.server import Server

Event = dict[str, Any]
PREFIX = "SparkListener"


def events(server: Server) -> list[Event]:
    """All that happened so far, once what was asked before has been written."""
    server.rows("SELECT count(*) AS n FROM range(2) GROUP BY id")
    time.sleep(1)
    return _written(server)


def running(server: Server, before: int, table: str) -> set[int]:
    """Statements over a table of the catalogue that began after some events, and haven't ended."""
    happened = _written(server)[before:]
    begun = {
        one["executionId"]
        for one in _named(happened, "SQLExecutionStart")
        if any(node["nodeName"].endswith(f".{table}") for node in _nodes(one["sparkPlanInfo"]))
    }
    return begun - {one["executionId"] for one in _named(happened, "SQLExecutionEnd")}


def _written(server: Server) -> list[Event]:
    assert server.log is not None
    (log,) = (server.log.parent / "events").iterdir()
    return [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]


def scanned(happened: list[Event], table: str) -> list[tuple[str, int]]:
    """The columns, and how many rows, of each reading of a table of the catalogue that did read."""
    found: dict[int, str] = {}
    for one in _named(happened, "SQLExecutionStart"):
        for node in _nodes(one["sparkPlanInfo"]):
            if node["nodeName"].endswith(f".{table}"):
                counted = {metric["name"]: metric["accumulatorId"] for metric in node["metrics"]}
                found[counted["number of output rows"]] = node["metadata"]["ReadSchema"]
    rows: Counter[int] = Counter()
    for task in _named(happened, "TaskEnd"):
        for one in task["Task Info"]["Accumulables"]:
            if one["ID"] in found:
                rows[one["ID"]] += int(one["Update"])
    return [(found[one], count) for one, count in rows.items() if count]


def in_memory(happened: list[Event]) -> set[int]:
    """What was to be kept in memory, and isn't let go of yet."""
    stages = [one["Stage Info"] for one in _named(happened, "StageSubmitted")]
    held = {one["RDD ID"] for stage in stages for one in stage["RDD Info"] if one["Storage Level"]["Use Memory"]}
    return held - {one["RDD ID"] for one in _named(happened, "UnpersistRDD")}


def ever_in_memory(happened: list[Event]) -> bool:
    """Whether anything was kept at all."""
    return bool(in_memory([one for one in happened if not one["Event"].endswith("UnpersistRDD")]))


def _named(happened: list[Event], name: str) -> list[Event]:
    return [one for one in happened if one["Event"].rpartition(".")[2] == PREFIX + name]


def _nodes(plan: Event) -> Generator[Event]:
    yield plan
    for child in plan["children"]:
        yield from _nodes(child)
