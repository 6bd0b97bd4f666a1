"""How rows came in: duplicates, arms nobody planned, windows that aren't over, facts that end too early.

None of these changes a number by itself; each is a way in which numbers come to be wrong.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from twyman.doubt.check import Check, Status, share_text
from twyman.kernel.time import DAY, duration_text, instant_text

STRAY = 0.01
"""Share of rows with no usable arm or id beyond which it is a warning."""
LATE = 0.05
"""Share of facts that arrive after a look's cut-off beyond which the look is read too early."""
STALE = 2 * DAY
"""How long before the cut-off a source may end before somebody should ask whether it is loaded."""


def repeated_rows(
    repeated: int, rows: int, *, in_two_arms: int, left_out: int, two_arms_kept: int, one_each: bool = False
) -> Check:
    """Report rows beyond a unit's first, and what the source's filter removed before.

    Args:
        repeated: Rows beyond the first of their unit and arm.
        rows: Rows of the experiment.
        in_two_arms: Units in two arms in the source.
        left_out: Rows that its filter leaves out.
        two_arms_kept: Units in two arms after the filter.
        one_each: Whether the table is to hold one row a unit: then repeats are a doubt.
    """
    parts = list[str]()
    if left_out:
        parts.append(f"{left_out:,} of {rows:,} rows are left out by the source's filter")
    if in_two_arms:
        parts.append(f"{in_two_arms:,} units stand in two arms in the source ({two_arms_kept:,} after the filter)")
    if repeated:
        parts.append(f"{repeated:,} rows repeat a unit in its arm, and only its first counts")
    detail: dict[str, object] = {"repeated": repeated, "rows": rows, "left_out": left_out, "in_two_arms": in_two_arms}
    if not parts:
        return Check(code="rows", status=Status.OK, text="Every row is one unit's only row.", detail=detail)
    status = Status.NOTE if left_out or in_two_arms or (repeated and one_each) else Status.OK
    if repeated and one_each:
        parts.append("the table is to hold one row a unit: are its rows events")
    text = "; ".join(parts)
    return Check(
        code="rows",
        status=status,
        text=f"{text[0].upper()}{text[1:]}{'?' if repeated and one_each else '.'}",
        detail=detail,
    )


def stray_rows(unknown_arms: Mapping[str, int], without_unit: int, rows: int) -> Check | None:
    """Report rows whose arm the experiment doesn't have, or that have no id."""
    number = sum(unknown_arms.values()) + without_unit
    if not number:
        return None
    named = [
        f"{count:,} with arm '{arm}'" if arm else f"{count:,} without an arm" for arm, count in unknown_arms.items()
    ]
    named += [f"{without_unit:,} without an id"] if without_unit else []
    status = Status.WARN if number > STRAY * rows else Status.NOTE
    text = f"{number:,} of {rows:,} rows can't be used ({', '.join(named[:5])}): they are left out. Check the source."
    detail: dict[str, object] = {"unknown_arms": dict(unknown_arms), "without_unit": without_unit}
    return Check(code="stray_rows", status=status, text=text, detail=detail)


def undated_rows(source: str, undated: int) -> Check | None:
    """Warn of rows without a time: nobody can say if they lie in a window, so they count for nothing."""
    if not undated:
        return None
    text = f"Rows of {source} without a time: {undated:,}. They count for nothing. Check the source."
    return Check(code="undated_rows", status=Status.WARN, text=text, detail={"source": source, "undated": undated})


def immature(metrics: Sequence[str], matured: int, entered: int, *, final: bool) -> Check | None:
    """Say how many units' windows aren't over: they are left out, and join at a later look.

    Args:
        metrics: All metrics of which it is so many.
        matured: Units whose windows are over.
        entered: All units.
        final: Whether no look comes after.
    """
    if matured >= entered:
        return None
    missing, shown = entered - matured, ", ".join(metrics[:SHOWN])
    titled = f"{shown} and {len(metrics) - SHOWN:,} more metrics" if len(metrics) > SHOWN else shown
    text = f"{titled}: the window of {missing:,} of {entered:,} units isn't over; they are left out"
    text += ". The last look comes too early for them: measure longer." if final else " and join at a later look."
    detail: dict[str, object] = {"matured": matured, "entered": entered, "metrics": list(metrics)}
    metric = metrics[0] if len(metrics) == 1 else None
    return Check(code="immature", status=Status.NOTE, text=text, metric=metric, detail=detail)


SHOWN = 3
"""How many metrics a sentence names."""


def immature_days(matured: int, left_out: int) -> Check | None:
    """Say on how many days there is no outcome yet: they are left out of rates."""
    if not left_out:
        return None
    text = (
        f"{left_out} of {matured + left_out} days have no outcome yet and are left out of rates: "
        "their units are counted for balance only. Wait for them, or say that the rate is of the earlier days."
    )
    detail: dict[str, object] = {"matured": matured, "left_out": left_out}
    return Check(code="immature", status=Status.NOTE, text=text, detail=detail)


def freshness(source: str, last: datetime | None, until: datetime, *, rows: int) -> Check:
    """Warn where a source's facts end well before the last window does: what isn't loaded looks like a drop.

    Args:
        source: The source's name.
        last: Time of its last fact.
        until: End of the last window that reads it, or the cut-off where that comes first.
        rows: Facts read.
    """
    if last is None or not rows:
        text = f"Source '{source}' has no fact before the cut-off: every unit counts as without facts. Check its table."
        return Check(code="freshness", status=Status.WARN, text=text, detail={"source": source})
    detail: dict[str, object] = {"source": source, "last": instant_text(last), "until": instant_text(until)}
    gap = until - last
    found = f"Source '{source}' runs to {instant_text(last)}"
    if gap <= STALE:
        return Check(code="freshness", status=Status.OK, text=f"{found}, {rows:,} rows.", detail=detail)
    whole = timedelta(days=gap.days)
    text = (
        f"{found}, {duration_text(whole)} before the last window that reads it ends. If it isn't loaded to the end, "
        "the last windows look empty: load it, or read as of an earlier day."
    )
    return Check(code="freshness", status=Status.WARN, text=text, detail=detail)


def late_rows(source: str, late: int, after_cutoff: int, rows: int) -> Check | None:
    """Say how many facts came too late for this look."""
    if not late:
        return None
    share = late / (rows + late)
    text = (
        f"Source '{source}': {late:,} facts ({share_text(share)}) arrived after this look's cut-off and belong to the "
        "next."
    )
    status = Status.NOTE
    if share > LATE:
        status = Status.WARN
        text += " That is more than one in twenty: read later after the day (settle), and load the source sooner."
    detail: dict[str, object] = {"source": source, "late": late, "after_cutoff": after_cutoff, "share": share}
    return Check(code="late_facts", status=status, text=text, detail=detail)


def ahead_rows(source: str, ahead: int | None) -> Check | None:
    """Say how many facts of the last day arrived before they happened: who stamped them has a clock that runs ahead."""
    if not ahead:
        return None
    text = (
        f"Source '{source}': {ahead:,} facts of the last day arrived before they happened, so a clock runs ahead; "
        "they count as stamped. Where it is off by more than a window can bear, take the time of receipt."
    )
    return Check(code="clock_skew", status=Status.NOTE, text=text, detail={"source": source, "ahead": ahead})


def used_strata(attributes: Sequence[str], strata: Sequence[str], merged: Sequence[str]) -> Check:
    """Say how many strata arms are compared within, and which were too small to stand by themselves."""
    text = f"Arms are compared within {len(strata) - len(merged):,} strata of {', '.join(attributes)}"
    if merged:
        few = ", ".join(merged[:5]) + (f" and {len(merged) - 5:,} more" if len(merged) > 5 else "")
        text += f"; those with under two units in an arm count with the largest: {few}"
    detail: dict[str, object] = {"attributes": list(attributes), "strata": list(strata), "merged": list(merged)}
    return Check(code="strata", status=Status.NOTE if merged else Status.OK, text=f"{text}.", detail=detail)


def unused_strata(attributes: Sequence[str], metrics: Sequence[str], why: str) -> Check:
    """Say that strata were named and a metric can't use them: that costs precision, and makes nothing wrong."""
    text = f"{', '.join(metrics)}: estimated without strata of {', '.join(attributes)}, and so less sharply. {why}."
    detail: dict[str, object] = {"attributes": list(attributes), "metrics": list(metrics)}
    metric = metrics[0] if len(metrics) == 1 else None
    return Check(code="strata", status=Status.NOTE, text=text, metric=metric, detail=detail)


def zone(sources: tuple[str, ...], name: str) -> Check | None:
    """Say which sources' times had no zone, and in which they were read."""
    if not sources:
        return None
    text = f"Times without a zone are read in {name}: {', '.join(sorted(sources))}."
    return Check(code="zone", status=Status.OK, text=text, detail={"sources": sorted(sources), "zone": name})
