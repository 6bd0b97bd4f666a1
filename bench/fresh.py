"""Runs in fresh processes, so that nothing measured is warmer than what it is compared with.

A script that measures runs itself once more for each figure, and reads what that run answers: JSON, on the last
line it prints, with the seconds it took and the most memory that it held.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Answer = dict[str, Any]

SCALE = float(os.environ.get("BENCH_SCALE") or 1)
"""Which share of the data a run takes: 0.02 to try whether scripts are right."""


def scaled(count: float) -> int:
    """Return a number of rows at this run's scale."""
    return max(round(count * SCALE), 1000)


def once(script: str, *arguments: object, python: str = sys.executable, env: Mapping[str, str] | None = None) -> Answer:
    """Run a script in a process of its own, and return what it answers; what it complains of ends us, too."""
    command = [python, script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})})
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def answer(found: Answer) -> None:
    """Print what a run found, the most memory that it held, and the processor's seconds from its start to its end."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**found, "megabytes": used.ru_maxrss / 1024, "processor": used.ru_utime + used.ru_stime}))


def in_turn(runs: int, **works: Callable[[], Answer]) -> dict[str, list[Answer]]:
    """Run some works in turn, some times each: what the machine does besides falls on all of them."""
    found: dict[str, list[Answer]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            found[name].append(work())
    return found


def middle(found: Sequence[Answer], key: str = "seconds") -> float:
    """Return the median of a figure."""
    return statistics.median(one[key] for one in found)


def agree(one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]], *, within: float) -> None:
    """Stop where two answers aren't the same: counts exactly, means and products to a share of their size.

    Args:
        one: By metric and arm: the count, then means, then products of deviations by pairs of columns.
        other: Of the same metrics and arms.
        within: Which share.
    """
    if one.keys() != other.keys():
        sys.exit(f"one answers {sorted(one)[:3]}…, the other {sorted(other)[:3]}…")
    for key, expected in other.items():
        for place, (left, right) in enumerate(zip(one[key], expected, strict=True)):
            allowed = 0.0 if place == 0 else within * max(abs(left), abs(right))
            if abs(left - right) > allowed:
                sys.exit(f"{key}, place {place}: {left!r} and {right!r}")
