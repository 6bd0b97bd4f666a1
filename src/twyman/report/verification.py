"""What came of verifying a look, as a person reads it, and as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from twyman.app.agreement import Agreement, Disagreement
from twyman.app.verify_look import Verification
from twyman.kernel.time import instant_text

SHOWN = 20
"""Disagreements named one by one; JSON holds them all."""


def text(found: Verification) -> str:
    """Return what was compared, and on what the paths differ, in sentences."""
    when = f" as of {instant_text(found.cutoff)}" if found.cutoff else ""
    lines = [f"{found.experiment}{when}: {_said(found)}", "", _numbers("Measured now by " + found.engine, found.today)]
    lines += _listed(found.today.disagreements)
    if found.look is not None and found.kept is not None:
        taken = f"Look {found.look.number}, kept {instant_text(found.look.taken_at)}"
        lines += [_numbers(taken, found.kept), *_listed(found.kept.disagreements)]
    if found.changed:
        lines.append("Today's statement and the rows agree, so the data have changed since that look was kept.")
    lines += [f"Not verified: {one.what}: {one.why}" for one in found.unverified]
    return "\n".join(lines)


def _said(found: Verification) -> str:
    if not found.agrees:
        return "the statement and the rows disagree" if not found.today else "the look kept and the rows disagree"
    return "all that was verified agrees" if found.unverified else "everything agrees"


def _numbers(what: str, one: Agreement) -> str:
    differing = len(one.disagreements)
    return f"{what}: {one.numbers:,} numbers agree" + (f", {differing:,} differ:" if differing else ".")


def _listed(several: Sequence[Disagreement]) -> list[str]:
    shown = [
        f"  {_where(one)}{one.quantity} is {_number(one.measured)}, and {_number(one.recomputed)} by the rows"
        for one in several[:SHOWN]
    ]
    rest = len(several) - SHOWN
    return [*shown, f"  and {rest:,} more: --format json names them all"] if rest > 0 else shown


def _where(one: Disagreement) -> str:
    metric = f"metric '{one.metric}'" if one.metric else ""
    arm = f"arm '{one.arm}'" if one.arm else ""
    named = ", ".join(part for part in (metric, arm) if part)
    return f"{named}: " if named else ""


def _number(value: float | str | None) -> str:
    if value is None:
        return "missing"
    return repr(value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value or "nothing"


def document(found: Verification) -> dict[str, Any]:
    """Return all of it as plain dictionaries and lists."""
    look = found.look
    return {
        "experiment": found.experiment,
        "cutoff": instant_text(found.cutoff) if found.cutoff else None,
        "engine": found.engine,
        "agrees": found.agrees,
        "today": _agreement(found.today),
        "look": {"number": look.number, "taken_at": instant_text(look.taken_at), **_agreement(found.kept)}
        if look and found.kept is not None
        else None,
        "changed": found.changed,
        "unverified": [{"what": one.what, "why": one.why} for one in found.unverified],
    }


def _agreement(one: Agreement) -> dict[str, Any]:
    return {
        "agreements": one.numbers,
        "disagreements": [
            {
                "metric": each.metric or None,
                "arm": each.arm or None,
                "quantity": each.quantity,
                "measured": each.measured,
                "recomputed": each.recomputed,
            }
            for each in one.disagreements
        ],
    }


def json_text(found: Verification) -> str:
    """Return it as JSON."""
    return json.dumps(document(found), indent=2, ensure_ascii=False)
