"""What the product says, as evidence: the loudest check of each code, in one of seven bins.

Everything is read from the answer's plain dictionaries: checks of its health, and those doubts of its dossier that
come from results. A code's bin is its loudest status, which knows what a check may say; of blocks the p-value tells
more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

BINS = ("absent", "ok", "note", "warn", "block", "extreme", "certain")
"""From not in the answer to beyond any chance."""

EDGES = (0.05, 0.01, 0.001, 1e-6, 1e-12)
"""p-values below which evidence is a note, a warning, a block, extreme, certain."""

NO_EVIDENCE = {"srm_cause", "expectation", "rows"}
"""Codes that tell what others mean, or are weighed by a rule of their own."""

AGAIN = {"srm_stage": "srm"}
"""Codes that say the same once more where another is loud: of two tests of one split, one is counted."""

ECHOES = {"mix_shift": ("srm_by_day", "srm_by_segment")}
"""Codes that one accident makes as loud as others: where both only warn, the first isn't counted."""

MADE_WITH = {
    "aliased": "coexposure",
    "clock_skew": "late_by_arm",
    "contaminated": "delivery",
    "leak": "coexposure",
    "not_delivered": "delivery",
    "partly_delivered": "delivery",
    "source_missing": "sources_apart",
    "undeclared_moved": "undeclared",
    "uneven_overlap": "coexposure",
}
"""Of checks that are in an answer only where they found something: another that tells that they were looked for."""

Said = Mapping[str, Any]


def bins(answer: Said) -> dict[str, int]:
    """Return the place of each code's bin; codes that are absent are left out.

    Example:
        >>> said = {"code": "srm", "status": "warn", "p_value": 0.0004}
        >>> bins({"health": {"checks": [said]}})
        {'srm': 3}
    """
    by_code = dict[str, list[Said]]()
    for check in checks(answer):
        if check["code"] in NO_EVIDENCE:
            continue
        by_code.setdefault(str(check["code"]), []).append(check)
    return {code: _bin(found) for code, found in by_code.items()}


def said_again(seen: Mapping[str, int]) -> set[str]:
    """Return the codes that aren't evidence of their own beside the others.

    Example:
        >>> said_again({"srm": 4, "srm_stage": 4}), said_again({"srm": 1, "srm_stage": 3})
        ({'srm_stage'}, set())
        >>> said_again({"srm_by_day": 3, "mix_shift": 3}), said_again({"srm_by_day": 5, "mix_shift": 3})
        ({'mix_shift'}, set())
    """
    quiet, warning = BINS.index("ok"), BINS.index("warn")
    again = {code for code, other in AGAIN.items() if seen.get(other, 0) > quiet}
    loudest = {code: max(seen.get(other, 0) for other in others) for code, others in ECHOES.items()}
    return again | {code for code, other in loudest.items() if quiet < other <= warning >= seen.get(code, 0)}


def was_made(code: str, seen: Mapping[str, int], healthy: Sequence[float]) -> bool:
    """Whether a check was made: it is in the answer, or is there only where it found something, and its like is.

    Args:
        code: Its code.
        seen: Bins by code.
        healthy: Its probabilities of bins in health.

    Example:
        >>> often, seldom = (0.0, 0.95, 0.05), (0.9, 0.0, 0.1)
        >>> was_made("srm", {}, often), was_made("leak", {}, seldom), was_made("leak", {"coexposure": 1}, seldom)
        (False, False, True)
    """
    told = healthy[0] >= healthy[1] and (code not in MADE_WITH or MADE_WITH[code] in seen)
    return code in seen or told


def checks(answer: Said) -> list[Said]:
    """Return the checks of health, and the dossier's doubts of other codes."""
    known = {check["code"] for check in answer["health"]["checks"]}
    doubts = (answer.get("dossier") or {}).get("doubts", ())
    return [*answer["health"]["checks"], *(doubt for doubt in doubts if doubt["code"] not in known)]


def _bin(found: Sequence[Said]) -> int:
    blocks = [float(check["p_value"]) for check in found if check["status"] == "block" and check["p_value"] is not None]
    loudest = max(BINS.index(check["status"]) for check in found)
    return loudest + sum(min(blocks, default=1.0) < edge for edge in EDGES[3:])
