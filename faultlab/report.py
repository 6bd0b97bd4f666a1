"""The table of the fault lab, and where it stands in the documentation."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from scipy.stats import beta

from faultlab.faults.registry import FAULTS
from faultlab.learned import Learned
from faultlab.outcome import Outcome, outcome
from faultlab.precision import precision
from faultlab.reliability import reliability

EXPECTED = {"above_ceiling", "beyond_high", "far", "between_looks"}
"""Reasons of a hold that comes from what somebody expected, and from nothing else in the data."""

BEGIN, END = "<!-- faultlab -->", "<!-- /faultlab -->"
NEW_PAGE = f"# Doubt\n\n## What the nets catch\n\n{BEGIN}\n{END}\n"


def report(records: Sequence[dict[str, Any]], known: Learned) -> str:
    """Return the tables as Markdown.

    Args:
        records: Experiments on the report's seeds.
        known: What was fixed on the training seeds.
    """
    found = [outcome(record, known) for record in records]
    sick = [one for one in found if one.record["fault"]]
    healthy = [one for one in found if not one.record["fault"]]
    tables = (_faults(sick), _healthy(healthy), reliability(found), precision(found))
    return "\n".join((*_intro(found, known), *(line for table in tables for line in (*table, ""))))


def insert(page: Path, text: str) -> None:
    """Put the tables between their markers; a page that isn't there begins with them."""
    whole = page.read_text() if page.exists() else NEW_PAGE
    before, rest = whole.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def _intro(found: Sequence[Outcome], known: Learned) -> Iterable[str]:
    users = sorted(one.record["users"] for one in found)
    named = "the product" if any(one.by_product for one in found) else "the lab from `doubt/signatures.py`"
    yield (
        f"{len(found):,} simulated experiments of {users[0]:,} to {users[-1]:,} units, read by `twyman.analyze` on the "
        "second day and every week. A fault is *large* where it moves the estimate by more than its standard error in "
        "health, or by more than half of one so that a plain reader (CUPED, 1.96, every net off) does something else: "
        "where that is so it *changes the verdict*. One huge value may do the first and seldom the second, for it "
        "widens the interval, too. A fault is *caught* where, before anything is decided, a reading is held or its "
        "verdict says that something may be wrong: a doubt speaks for a fault, and P(bug) is "
        f"{known.threshold:.2f} or more. That number and the signatures were fixed on other seeds; probabilities and "
        f"causes are named by {named}, at the reading that caught it and at the last. Brackets hold 95 % intervals."
    )
    yield ""


def _faults(found: Sequence[Outcome]) -> Iterable[str]:
    yield (
        "| Fault | runs | large | caught of those | change the verdict | caught of those | caught of all | units | day "
        "| cause in top two | at the end | SRM alone | 50 % cap | generic prior |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for name, fault in FAULTS.items():
        yield from _row(fault.title, [one for one in found if one.record["fault"] == name])
    yield from _row("All", found)


def _row(title: str, runs: Sequence[Outcome]) -> Iterable[str]:
    if not runs:
        return
    large = [one for one in runs if one.record["matters"]]
    caught = [one for one in large if one.doubted]
    turned = [one for one in large if one.turned]
    units = f"{median(one.doubted['units'] for one in caught if one.doubted):,.0f}" if caught else "–"
    day = f"{median(one.doubted['day'] for one in caught if one.doubted):.0f}" if caught else "–"
    cells = (
        title,
        f"{len(runs):,}",
        _share(len(large), len(runs)),
        between(len(caught), len(large)),
        _share(len(turned), len(runs)),
        between(sum(one.doubted is not None for one in turned), len(turned)),
        _share(sum(one.doubted is not None for one in runs), len(runs)),
        units,
        day,
        _share(sum(one.named for one in caught), len(caught)),
        _share(sum(one.named_at_end for one in caught), len(caught)),
        *(_share(sum(getattr(one, net) for one in large), len(large)) for net in ("by_srm", "by_cap", "by_generic")),
    )
    yield f"| {' | '.join(cells)} |"


def _healthy(found: Sequence[Outcome]) -> Iterable[str]:
    yield (
        "| Healthy experiments | runs | doubted | held | of these by the expectation alone | warnings each | SRM alone "
        "| generic prior |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    groups = (
        ("80 % intervals of owners cover 80 %", [one for one in found if one.record["calibrated"]]),
        ("80 % intervals of owners cover 50 %", [one for one in found if not one.record["calibrated"]]),
    )
    for title, runs in groups:
        if runs:
            yield f"| {' | '.join((title, *_quiet(runs)))} |"


def _quiet(runs: Sequence[Outcome]) -> Iterable[str]:
    holds = [[reading for reading in one.record["readings"] if reading["action"] == "hold"] for one in runs]
    held = sum(bool(some) for some in holds)
    surprised = sum(bool(some) and all(set(one["reasons"]) <= EXPECTED for one in some) for some in holds)
    alarms = sum(len(one.record["readings"][-1].get("alarms", ())) for one in runs)
    yield f"{len(runs):,}"
    yield between(sum(one.doubted is not None for one in runs), len(runs))
    yield between(held, len(runs))
    yield f"{surprised:,}"
    yield f"{alarms / len(runs):.3f}"
    yield _share(sum(one.by_srm for one in runs), len(runs))
    yield _share(sum(one.by_generic for one in runs), len(runs))


def between(part: int, whole: int) -> str:
    """Write a share with its interval (Jeffreys).

    Example:
        >>> between(19, 20)
        '95 % [79, 99]'
        >>> between(0, 0)
        '–'
    """
    if not whole:
        return "–"
    low = 0.0 if part == 0 else 100 * float(beta.ppf(0.025, part + 0.5, whole - part + 0.5))
    high = 100.0 if part == whole else 100 * float(beta.ppf(0.975, part + 0.5, whole - part + 0.5))
    digits = 0 if 10 * part > whole else 1
    return f"{_share(part, whole)} [{low:.{digits}f}, {high:.{digits}f}]"


def _share(part: int, whole: int) -> str:
    digits = 1 if 0 < 10 * part <= whole else 0
    return f"{100 * part / whole:.{digits}f} %" if whole else "–"
