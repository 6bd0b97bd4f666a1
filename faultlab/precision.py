"""How often a warning is right: of experiments in which a check warns or blocks, how many have a fault?"""

from collections.abc import Iterable, Sequence

from faultlab.evidence import BINS
from faultlab.outcome import Outcome
from faultlab.reliability import believable

TIERS = {"warn": (BINS.index("warn"), BINS.index("warn")), "block": (BINS.index("block"), len(BINS) - 1)}
"""First and last bin of each tier that wants attention."""


def precision(found: Sequence[Outcome]) -> Iterable[str]:
    """Return the table: by check and tier, at any reading of an experiment, with bugs as frequent as the prior says."""
    sick = [one for one in found if one.record["fault"]]
    healthy = [one for one in found if not one.record["fault"]]
    codes = sorted({code for one in found for reading in one.record["readings"] for code in reading["bins"]})
    yield "| Check | at its loudest | with a fault | healthy | of 100 such, with a fault |"
    yield "|---|---|--:|--:|--:|"
    for tier in TIERS:
        for code in codes:
            loud, alarms = (sum(_loudest(one, code) == tier for one in runs) for runs in (sick, healthy))
            if loud + alarms >= LEAST:
                right = _of_100(loud, alarms, (len(sick), len(healthy)))
                yield f"| `{code}` | {tier} | {loud:,} | {alarms:,} | {right} |"


LEAST = 5
"""Experiments below which a check's precision isn't worth a line."""


def _loudest(one: Outcome, code: str) -> str | None:
    most = max((reading["bins"].get(code, 0) for reading in one.record["readings"]), default=0)
    return next((tier for tier, (first, last) in TIERS.items() if first <= most <= last), None)


def _of_100(loud: int, alarms: int, of: tuple[int, int]) -> str:
    low, high = (100 * end for end in believable(loud, alarms, of=of))
    return f"{low:.0f} to {high:.0f}"
