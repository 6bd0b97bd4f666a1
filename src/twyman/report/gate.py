"""What the launch gate found, as a person reads it (what blocks, what warns, a line for what is fine), and as JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from twyman.app.gate_views import Gated, GateReport
from twyman.doubt.check import Status
from twyman.doubt.gate.finding import Finding
from twyman.doubt.gate.neighbour import Neighbour
from twyman.doubt.gate.score import Conflict

SHOWN = 5
"""Experiments of which a table says what they have in common with one."""

_WORDS = {Status.BLOCK: "BLOCKED", Status.WARN: "warning", Status.NOTE: "note"}


def text(report: GateReport, *, notes: bool = False) -> str:
    """Return what blocks and what warns, with its place, and one line for whatever is fine.

    Args:
        report: What was found.
        notes: Whether notes are listed, too.
    """
    lines = [f"{report.flags:,} flags resolved for {report.sample}", ""]
    for finding in report.general:
        lines += _finding(finding) if finding.override is None else _let_pass(finding)
    for each in report.experiments:
        lines += _experiment(each, notes=notes)
    blocked = sum(not each.passes for each in report.experiments)
    total = len(report.experiments)
    if not total:
        return "\n".join([*lines, "no experiment is live or scheduled"])
    if blocked:
        lines.append(f"{blocked} of {total} blocked")
    elif report.passes:
        lines.append(f"{_counted(total)} may go live")
    else:
        lines.append(f"{_counted(total)} must wait for what blocks above, though about none alone")
    return "\n".join(lines)


def _counted(total: int) -> str:
    return "the experiment" if total == 1 else f"all {total} experiments"


def _experiment(each: Gated, *, notes: bool) -> Iterator[str]:
    said = "passes" if each.passes else "is blocked"
    if not each.is_shown:
        yield f"A sealed experiment {said}: its owner asks for it by name, as in --experiment NAME"
        yield ""
        return
    arms = ", ".join(f"{units:,} {arm}" for arm, units in each.arms.items())
    yield f"{each.experiment} {said} ({arms or 'nobody'}; {each.label.text()})"
    for finding in (*each.told(Status.BLOCK), *each.told(Status.WARN), *(each.told(Status.NOTE) if notes else ())):
        yield from _finding(finding)
    for finding in each.findings:
        yield from _let_pass(finding)
    yield f"  {_fine(each, notes=notes)}"
    yield from _in_common(each.conflicts)
    yield ""


def _in_common(conflicts: Sequence[Conflict]) -> Iterator[str]:
    """Yield a table of what there is in common with other experiments, the most first; nothing where nothing is."""
    told = [each for each in conflicts if each.score > 0]
    if not told:
        return
    yield "  in common with other experiments (0 to 1; it ranks them, and blocks nothing):"
    yield f"    {'conflict':>8}  {'units':>5}  {'flag':>5}  {'surface':>7}  {'metrics':>7}  {'history':>7}"
    for each in told[:SHOWN]:
        known = "unknown" if each.history is None else f"{each.history:.2f}"
        yield (
            f"    {each.score:>8.2f}  {each.overlap:>5.2f}  {each.parameter:>5.2f}  {each.surface:>7.2f}  "
            f"{each.metrics:>7.2f}  {known:>7}  {each.other}"
        )
    if len(told) > SHOWN:
        yield f"    and {len(told) - SHOWN} more by --format json"


def _let_pass(finding: Finding) -> Iterator[str]:
    said = finding.override
    if said is not None:
        yield f"  let pass: {finding.code} {_quoted(finding.about)} ({said.reason}; reviewed by {said.reviewer})"


def _quoted(name: str) -> str:
    return f"'{name}'" if name else ""


def _finding(finding: Finding) -> Iterator[str]:
    yield f"  {_WORDS[finding.status]} {finding.code}: {finding.text}"
    places = [str(place) for place in (finding.place, *finding.related) if place]
    if places:
        yield f"    {', '.join(places)}"


def _fine(each: Gated, *, notes: bool) -> str:
    odd = sum(1 for beside in each.neighbours if beside.joint.is_dependent)
    hidden = 0 if notes else len(each.told(Status.NOTE))
    more = f"; {hidden} note{'s' if hidden > 1 else ''} by --notes" if hidden else ""
    return f"independent of {each.flags - odd:,} of {each.flags:,} other flags{more}"


def document(report: GateReport) -> dict[str, Any]:
    """Return everything as plain dictionaries and lists; of what is sealed the name only."""
    return {
        "passes": report.passes,
        "sample": report.sample,
        "contexts": report.contexts,
        "flags": report.flags,
        "findings": [_document(each) for each in report.general],
        "experiments": [_gated(each) for each in report.experiments],
    }


def _gated(each: Gated) -> dict[str, Any]:
    if not each.is_shown:
        return {"experiment": None, "passes": each.passes, "sealed": True}
    return {
        "experiment": each.experiment,
        "passes": each.passes,
        "sealed": False,
        "flag": each.flag,
        "units": dict(each.arms),
        "label": {"text": each.label.text(), "markets": dict(each.label.markets), "new": dict(each.label.new)},
        "findings": [_document(one) for one in each.findings],
        "shared_units": dict(each.overlaps),
        "same_surface": list(each.same_surface),
        "conflicts": [conflict_document(one) for one in each.conflicts],
        "neighbours": [_neighbour(one, tuple(each.arms)) for one in each.neighbours],
    }


def conflict_document(one: Conflict) -> dict[str, Any]:
    """Return what there is in common with another experiment, with each term; `history` is null where none is known."""
    terms = {name: getattr(one, name) for name in ("overlap", "parameter", "surface", "metrics", "history")}
    return {"experiment": one.other, "score": one.score, **terms}


def _neighbour(one: Neighbour, arms: tuple[str, ...]) -> dict[str, Any]:
    if one.sealed:
        return {"flag": None, "sealed": True}
    return {
        "flag": one.flag,
        "sealed": False,
        "experiments": list(one.experiments),
        "shared": one.shared,
        **one.detail(arms),
    }


def _document(finding: Finding) -> dict[str, Any]:
    said = finding.override
    return {
        "code": str(finding.code),
        "status": str(finding.status),
        "text": finding.text,
        "with": finding.about or None,
        "file": finding.place.file if finding.place else None,
        "line": finding.place.line if finding.place else None,
        "override": {"reason": said.reason, "reviewer": said.reviewer} if said else None,
        "detail": dict(finding.detail),
    }


def json_text(report: GateReport) -> str:
    """Return it as JSON."""
    return json.dumps(document(report), indent=2, ensure_ascii=False, allow_nan=False)
