"""How time and memory grow from a million events to a hundred million, with exposures a twentieth of them.

Each point is the median of fresh processes, sizes in turn. The slope is of a straight line through logarithms of
time over logarithms of events: 1 is in proportion, less is better.

    python bench/growth.py              # the table
    python bench/growth.py once 1000000 # one size, as JSON
"""

import sys
import time

import numpy as np

from aims import Figure, note
from fresh import SCALE, answer, in_turn, middle, once, scaled
from plays import made, question, usual
from twyman.warehouse.duckdb import DuckDB

SIZES = 1_000_000, 3_160_000, 10_000_000, 31_600_000, 100_000_000
RUNS = 3
STEEPEST = 1.05
MOST_MEGABYTES = 2_000


def one(events: int) -> None:
    """Answer with the seconds of one size, from the question to the moments."""
    warehouse, asked = DuckDB(made(events)), question(usual())
    started = time.perf_counter()
    measured = warehouse.measure(asked)
    answer({"seconds": time.perf_counter() - started, "units": sum(measured.units.values())})


def slope(sizes: list[int], seconds: list[float]) -> float:
    """Return by which power of events time grows.

    Example:
        >>> round(slope([1, 10, 100], [2.0, 20.0, 200.0]), 6)
        1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def main() -> None:
    """Measure all sizes, and say how steep it is."""
    sizes = [scaled(size) for size in SIZES]
    for size in sizes:
        made(size)
    runs = in_turn(RUNS, **{str(size): lambda size=size: once(__file__, "once", size) for size in sizes})
    seconds = [middle(runs[str(size)]) for size in sizes]
    held = [middle(runs[str(size)], "megabytes") for size in sizes]
    worked = [middle(runs[str(size)], "processor") for size in sizes]
    for size, taken, work, megabytes in zip(sizes, seconds, worked, held, strict=True):
        an_event = f"{taken / size * 1e9:8.1f} ns an event"
        print(f"  {size:>11,} events: {taken:8.2f} s ({work:8.2f} s of processors), {an_event}, {megabytes:8,.0f} MB")
    figures = [
        Figure("growth, 10 M to 100 M events: slope", slope(sizes[2:], seconds[2:]), STEEPEST),
        Figure("growth, 1 M to 100 M events: slope", slope(sizes, seconds), STEEPEST),
        Figure("growth, 10 M to 100 M events: slope of processors' seconds", slope(sizes[2:], worked[2:])),
        Figure("memory at 100 M events: MB", held[-1], MOST_MEGABYTES),
    ]
    note("growth", figures)
    if SCALE != 1:
        print("  (at a scale of less than 1, what doesn't grow weighs more: slopes and memory say little)")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(int(sys.argv[2]))
    else:
        main()
