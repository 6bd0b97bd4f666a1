"""The four nets over the same users and the same days: when each fires, and how many units had been exposed by then."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from twyman.app.gate_views import Gated, GateReport
from twyman.app.views import Answer
from twyman.app.wording import percent
from twyman.demo.phase import NEW_ZEALAND, WINDOW_DAYS
from twyman.demo.usual import retention
from twyman.doubt.check import Check
from twyman.doubt.coexposure import beside, coexposure
from twyman.kernel.time import instant
from twyman.wiring.analysis import Analysis, analyze
from twyman.wiring.gate import gate

PAGE = NEW_ZEALAND.experiment
WATCH = f"experiments/{PAGE}-watch.yaml"
"""The second file over the same users: what must not move, read daily; the experiment itself is read weekly."""
MOST = 500
"""Units after which co-exposure isn't watched one by one any more; a copy of a list shows by two dozen."""

DAYS = 7
"""Days on which the watch is read."""

OVERRIDE = """
gate:
  override:
    - {finding: aliased, with: ads, reason: the press is invited for 20 May, reviewer: head-of-product}
"""


@dataclass(frozen=True, slots=True)
class Fired:
    """A net that fired.

    Attributes:
        net: Which.
        at: When.
        units: Exposed by then.
        brief: What it said, on one line.
        said: The same in its own words.
    """

    net: str
    at: datetime
    units: int
    brief: str
    said: str


def gated(folder: Path) -> Gated:
    """Let the launch gate look at New Zealand on the eve of its first user."""
    return _report(folder).experiments[0]


def _report(folder: Path) -> GateReport:
    return gate(folder, experiment=PAGE, clock=lambda: NEW_ZEALAND.starts - timedelta(days=1))


def by_the_gate(seen: Gated) -> Fired | None:
    """Return what blocked the launch."""
    found = next((each for each in seen.findings if each.blocks), None)
    if found is None:
        return None
    return Fired("Launch gate", NEW_ZEALAND.starts - timedelta(days=1), 0, found.text.split(". ")[0], found.text)


def override(folder: Path) -> str:
    """Let the launch pass, as somebody would, and say who did and why."""
    file = folder / "experiments" / f"{PAGE}.yaml"
    file.write_text(file.read_text("utf-8") + OVERRIDE.lstrip(), encoding="utf-8")
    passed = next(each.override for each in gated(folder).findings if each.override)
    return f"Overridden: {passed.reason}; reviewed by {passed.reviewer}."


def by_coexposure(log: Path) -> Fired | None:
    """Let users in one by one, in the order of the log, and return when some other flag first isn't independent.

    Args:
        log: What the client logged.
    """
    arms, met = Counter[str](), dict[str, Counter[tuple[str, str]]]()
    for count, (at, seen) in enumerate(_entries(log), start=1):
        arm = seen.pop(PAGE)
        arms[arm] += 1
        for other, variant in seen.items():
            met.setdefault(other, Counter())[arm, variant] += 1
        loudest = coexposure(beside(arms, met))[0] if len(arms) > 1 else None
        if loudest is not None and loudest.code == "aliased":
            return Fired("Co-exposure", at, count, _alias(loudest), loudest.text)
        if count == MOST:
            break
    return None


def _alias(found: Check) -> str:
    shares = cast("Mapping[str, float]", found.detail["shares"])
    said = " and ".join(f"{percent(shares[arm], signed=False)} of {arm}" for arm in sorted(shares, reverse=True))
    return f"'{found.detail['flag']}' reached {said}"


def _entries(log: Path) -> Iterator[tuple[datetime, dict[str, str]]]:
    """Yield each user's visit: when, and the arm of every experiment met."""
    unit, at, seen = "", "", dict[str, str]()
    with log.open("rb") as lines:
        for line in lines:
            one = json.loads(line)
            if unit and one["unit"] != unit:
                yield instant(at), seen
                seen = {}
            unit, at = one["unit"], one["exposed_at"]
            seen[one["experiment"]] = one["arm"]
    if unit:
        yield instant(at), seen


def by_what_must_not_move(folder: Path) -> tuple[Fired, Analysis] | None:
    """Read the watch at the end of each day, and return the first on which what must not move has moved."""
    for day in range(1, DAYS + 1):
        at = NEW_ZEALAND.starts + timedelta(days=day)
        found = analyze(folder / WATCH, as_of=at)
        reason = next((each for each in found.verdict.reasons if each.code == "must_not_move"), None)
        if reason is not None:
            row = found.answer.results[0]
            lift = row.relative.estimate if row.relative else None
            moved = f"{percent(lift)} on day {day}" if lift is not None else f"{row.title}, day {day}"
            brief = f"a second file watches ads daily: {moved}"
            return Fired("Must not move", at, _units(found.answer), brief, reason.text), found
    return None


def by_expectation(folder: Path) -> Fired | None:
    """Read the planned looks at which somebody's fourth week is over, and return the first that holds the result."""
    for day in range(WINDOW_DAYS + 7, NEW_ZEALAND.enrol_days + WINDOW_DAYS + 1, 7):
        at = NEW_ZEALAND.starts + timedelta(days=day)
        answer = analyze(folder / "experiments" / f"{PAGE}.yaml", as_of=at).answer
        row = retention(answer)
        if row.expectation is not None and row.expectation.holds and row.relative and row.relative.estimate:
            reason = next(each for each in answer.verdict.reasons if each.code == row.expectation.status)
            brief = (
                f"{percent(row.relative.estimate)} is held: the ceiling is {percent(row.expectation.ceiling or 0.0)}"
            )
            return Fired("Expectation", at, _units(answer), brief, reason.text)
    return None


def _units(answer: Answer) -> int:
    return sum(answer.health.units.values())
