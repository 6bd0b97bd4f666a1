"""Facts that few units have, and nearly all of those once: a table that looks as if it held a row a unit.

Whoever joins units to it and keeps matches only compares buyers with buyers; whoever averages its rows counts some
units twice. Here each unit counts once, and those without facts count as metrics say; a figure that was made by hand
may differ for just that.
"""

from twyman.doubt.check import Check, Status, share_text

SPARSE = 0.1
"""Share of units with a fact below which they are few."""
FEW = 1.5
"""Rows a unit with any, below which most have one."""


def sparse(source: str, units: int, active: int, several: int, rows: int) -> Check | None:
    """Say that units without facts count, and how many have several, where a table may be taken for one of units.

    Args:
        source: The source's name.
        units: Units that entered.
        active: Those of them with a fact.
        several: Those of them with more than one.
        rows: Their facts.

    Example:
        >>> seen = sparse("purchases", units=48_943, active=2_094, several=139, rows=2_233)
        >>> seen.status
        <Status.NOTE: 'note'>
    """
    if not units or not active or active >= SPARSE * units or not active < rows < FEW * active:
        return None
    text = (
        f"{share_text(active / units)} of units have a fact in '{source}', and the others count, too; of {active:,} "
        f"that do, {several:,} have more than one ({rows:,} rows in all). A join that keeps matches only compares the "
        f"{active:,} alone, and one that repeats rows counts those {several:,} more than once: expect figures "
        "made that way to differ."
    )
    detail: dict[str, object] = {
        "source": source,
        "units": units,
        "with_facts": active,
        "with_several": several,
        "rows": rows,
    }
    return Check(code="sparse_facts", status=Status.NOTE, text=text, detail=detail)
