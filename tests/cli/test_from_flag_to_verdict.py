"""The whole way: a flag in YAML, served in-process, its exposures as they were written down, and the verdict."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import twyman
from twyman.cli.main import main
from twyman.sdk import Client, ExposureFile, MemoryState, Settings

FILES = """
kind: project
name: music
entities: {user: {type: string}}
---
kind: segment
name: new-zealand
when: {country: {in: [NZ]}}
allocation: {share: 40%, group: home}
---
kind: flag
name: start-page
schema: {rows: int}
variants: {classic: {rows: 20}, moments: {rows: 12}}
default: classic
rules:
  - {name: moment-page, segment: new-zealand, by: user_id, salt: moments-1, split: {classic: 50%, moments: 50%}}
---
kind: exposures
name: exposures
table: exposures.jsonl
entities: {user: unit}
timestamp: exposed_at
experiment: experiment
arm: arm
---
kind: facts
name: plays
table: plays.jsonl
entities: {user: user_id}
timestamp: at
measures: {seconds: seconds}
---
kind: metric
name: minutes
entity: user
facts: plays
type: mean
value: {sum: seconds, scale: 1/60}
window: 1d
direction: increase
---
kind: experiment
name: moments
flag: start-page
entity: user
exposures: exposures
arms: {control: {variant: classic, control: true}, moments: {variant: moments}}
metrics: {minutes: {role: success, mde: 5%}}
enrol: {from: 2024-03-01, until: 2024-03-08}
measure_until: 2024-03-10
analysis: {units: 800, sequential: fixed}
"""
NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)


def test_what_a_client_wrote_down_is_what_is_analysed(tmp_path: Path) -> None:
    (tmp_path / "twyman.yaml").write_text(FILES.replace("salt: moments-1,", "salt: moments-1, experiment: moments,"))
    assert main(["flags", "allocate", str(tmp_path)]) == 0
    exposures = ExposureFile(tmp_path / "exposures.jsonl")
    chance, lines, rows = random.Random(5), list[str](), list[int]()  # noqa: S311 - no secret
    source = MemoryState(twyman.load_flags(tmp_path))
    with Client(source, exposures=exposures, settings=Settings(clock=lambda: NOON)) as client:
        for number in range(2_000):
            who = {"user_id": f"u-{number}", "country": "NZ"}
            rows.append(client.value("start-page.rows", who, 0))
            client.value("start-page.rows", who, 0)  # met again: one exposure still
            seconds = chance.gauss(660 if rows[-1] == 12 else 600, 100)
            at = NOON + timedelta(hours=chance.random() * 20)
            lines.append(json.dumps({"user_id": who["user_id"], "at": at.isoformat(), "seconds": seconds}))
    (tmp_path / "plays.jsonl").write_text("\n".join(lines))

    answer = twyman.analyze(tmp_path / "twyman.yaml", as_of="2024-03-10").to_dict()

    units = answer["health"]["units"]
    assert units["moments"] == rows.count(12)
    assert 700 < units["control"] + units["moments"] < 900  # 40 % of 2,000
    assert answer["verdict"]["action"] == "ship"
