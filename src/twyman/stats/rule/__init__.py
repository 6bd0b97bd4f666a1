"""The rule by which an experiment ships: a tree of hypotheses, its errors handed out, and its verdict.

Say what must be shown (`all_of`, `any_of`, `superior`, `noninferior`, `within`) and what is only watched
(`unharmed`), hand out alpha and beta (`allocated`), and judge p-values or pairs of means (`judged`, `scored`).
"""

from twyman.stats.rule.allocation import Allocation, Errors, Share, allocated
from twyman.stats.rule.guarantee import false_ship_bound, missed_ship_bound
from twyman.stats.rule.tree import All, Any, Claim, Hypothesis, all_of, any_of, noninferior, superior, unharmed, within
from twyman.stats.rule.verdict import Outcome, Verdict, judged, scored

__all__ = [
    "All",
    "Allocation",
    "Any",
    "Claim",
    "Errors",
    "Hypothesis",
    "Outcome",
    "Share",
    "Verdict",
    "all_of",
    "allocated",
    "any_of",
    "false_ship_bound",
    "judged",
    "missed_ship_bound",
    "noninferior",
    "scored",
    "superior",
    "unharmed",
    "within",
]
