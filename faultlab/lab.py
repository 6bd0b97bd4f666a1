"""Running experiments: which, over several processes, and what is kept of them."""

import gc
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from faultlab.experiment import Record, run
from faultlab.faults.registry import FAULTS

BUILD = Path(__file__).resolve().parents[1] / "build" / "faultlab"
"""Where records are kept: ignored by git."""

FIRST = {"train": 1_000_000, "report": 6_000_000}
"""First seed of those on which thresholds are fixed, and of those on which they are reported."""

HEALTHY_SHARE = {"train": 0.3, "report": 0.5}
"""Share of experiments without a fault. Shares of the lab play no part in probabilities, which are weighted by the
prior; how seldom a healthy experiment is held takes many of them to say."""


def planned(
    number: int, seeds: str, faults: Sequence[str] = tuple(FAULTS), *, healthy: int = 0
) -> list[tuple[int, str]]:
    """Return seed and fault of each experiment: faults by turns, healthy ones between them, more of these behind.

    How loud a check is under a fault takes a few dozen experiments to say; how seldom it is loud in health, many.

    Example:
        >>> len(planned(40, "train")), planned(1, "train", healthy=1)
        (40, [(1000000, ''), (1000001, '')])
    """
    share = HEALTHY_SHARE[seeds]
    chosen = list[tuple[int, str]]()
    sick = 0
    for place in range(number):
        sound = int((place + 1) * share + 0.7) > int(place * share + 0.7) or not faults
        chosen.append((FIRST[seeds] + place, "" if sound else faults[sick % len(faults)]))
        sick += not sound
    return chosen + [(FIRST[seeds] + number + place, "") for place in range(healthy)]


def run_all(jobs: Sequence[tuple[int, str]], *, workers: int) -> Iterator[Record]:
    """Run experiments, in their order, over so many processes; one process is this one."""
    if workers < 2 or not jobs:
        yield from (run(*job) for job in jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_settle) as pool:
        yield from pool.map(run, *zip(*jobs, strict=True), chunksize=4)


def _settle() -> None:
    """Let the collector come seldom: statements are trees by the ten thousand, and hold no cycles."""
    gc.set_threshold(50_000, 20, 50)


def keep(records: Iterator[Record], path: Path, known: Sequence[Record] = ()) -> list[Record]:
    """Write records as they come, a line each, and return them after those that are known."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = list(known)
    with path.open("w", buffering=1) as lines:
        lines.writelines(_line(record) for record in known)
        for record in records:
            lines.write(_line(record))
            found.append(record)
    return found


def _line(record: Record) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


def kept(path: Path) -> list[Record]:
    """Read records that were kept; the last line of a run that was stopped may be half a line, and is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
