"""What the launch gate found as SARIF 2.1.0, which forges and editors show beside the lines of a change."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twyman.app.gate_views import GateReport
from twyman.doubt.check import Status
from twyman.doubt.gate.finding import TITLES, Code, Finding
from twyman.doubt.gate.score import Conflict
from twyman.kernel.place import Place
from twyman.report.gate import conflict_document

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Status.BLOCK: "error", Status.WARN: "warning", Status.NOTE: "note", Status.OK: "none"}
"""How loud SARIF says it is."""


def sarif_text(report: GateReport, version: str) -> str:
    """Return the findings as a SARIF log; what somebody let pass is there as suppressed, with the reason.

    Args:
        report: What was found.
        version: Of Twyman.
    """
    driver = {"name": "Twyman", "version": version, "rules": [_rule(code) for code in Code]}
    known = {each.experiment: each.conflicts for each in report.experiments if each.is_shown}
    results = [_result(finding, name, known.get(name, ())) for name, finding in _found(report)]
    run: dict[str, Any] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    if conflicts := {name: [conflict_document(one) for one in held] for name, held in known.items() if held}:
        run["properties"] = {"conflicts": conflicts}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _found(report: GateReport) -> Iterator[tuple[str, Finding]]:
    somewhere = next((each.place for each in report.experiments if each.is_shown and each.place), None)
    for finding in report.general:  # forges show only what stands somewhere
        yield "", replace(finding, place=finding.place or somewhere)
    for each in report.experiments:
        if each.is_shown:
            yield from ((each.experiment, finding) for finding in each.findings)
        elif not each.passes:
            text = "A sealed experiment doesn't pass: its owner asks for it by name, as in --experiment NAME."
            yield "", Finding(code=Code.SEALED, status=Status.BLOCK, text=text, other=each.experiment)


def _rule(code: Code) -> dict[str, Any]:
    return {"id": str(code), "shortDescription": {"text": TITLES[code]}}


def _result(finding: Finding, experiment: str, conflicts: Sequence[Conflict]) -> dict[str, Any]:
    about = f"{experiment}: " if experiment else ""
    made: dict[str, Any] = {
        "ruleId": str(finding.code),
        "ruleIndex": [*Code].index(finding.code),
        "level": LEVELS[finding.status],
        "message": {"text": f"{about}{finding.text}"},
        "partialFingerprints": {"experiment/finding/with": f"{experiment}/{finding.code}/{_known(finding)}"},
    }
    if finding.place:
        made["locations"] = [_location(finding.place)]
    if finding.related:
        made["relatedLocations"] = [{"id": at, **_location(each)} for at, each in enumerate(finding.related, start=1)]
    if common := next((one for one in conflicts if one.other == finding.other), None):
        made["properties"] = {"conflict": conflict_document(common)}
    if finding.override:
        said = f"{finding.override.reason} (reviewed by {finding.override.reviewer})"
        made["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": said}]
    return made


def _known(finding: Finding) -> str:
    """Return what tells a finding from others of its kind, from one run to the next: of what is sealed, a digest."""
    return finding.about or (sha256(finding.other.encode()).hexdigest()[:12] if finding.other else "")


def _location(place: Place) -> dict[str, Any]:
    file = {"uri": _uri(place.file)}
    return {"physicalLocation": {"artifactLocation": file, "region": {"startLine": max(1, place.line)}}}


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
