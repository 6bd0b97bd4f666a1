"""What moved though nobody said it would: every other metric of the catalogue, watched at every look.

A change that works moves its neighbours, too: metrics over the same facts as those that were declared are listed, and
no doubt. One that reads facts which nothing declared here reads is a warning: something else may have reached these
units. What can't be read is named, and the rest is watched without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twyman.doubt.check import Check, Status
from twyman.stats.anytime.evalues import e_bh, p_of_log_e
from twyman.stats.anytime.mixture import log_e_values, rate_for

RATE = 0.01
"""False discovery rate over all undeclared metrics, at all looks together."""
TUNED_FOR = 10_000
"""Units at which the watch is sharpest, where the plan names no number."""
NAMED = 5
"""How many a sentence names."""
REASONS = 3
"""How many reasons it gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What an undeclared metric did in a treatment.

    Attributes:
        score: Difference over its standard error.
        units: Of both arms.
        says: The lift in words.
        foreign: Whether it reads facts that no declared metric reads.
    """

    metric: str
    title: str
    arm: str
    score: float
    units: int
    says: str
    foreign: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """An undeclared metric that can't be read.

    Attributes:
        why: What the data or the definition lack.
    """

    metric: str
    title: str
    why: str


def undeclared(moves: Sequence[Move], *, planned: int | None = None) -> list[Check]:
    """Say which undeclared metrics moved, by e-BH over all of them and all treatments.

    Args:
        moves: Every undeclared metric in every treatment, once.
        planned: Units that the plan names.

    Example:
        >>> ads = Move(metric="ads", title="Ads", arm="new", score=-9.0, units=400, says="-92 %", foreign=True)
        >>> [str(check.status) for check in undeclared([ads])]
        ['warn']

    References:
        Wang, R. and Ramdas, A. (2022). False discovery rate control with e-values. JRSS B 84.
    """
    if not moves:
        return []
    rate = rate_for(planned or TUNED_FOR, alpha=RATE / len(moves))
    scores, weights = [move.score for move in moves], [rate * move.units for move in moves]
    log_e: list[float] = log_e_values(scores, weights).tolist()
    moved = sorted(
        ((one, move) for one, move, found in zip(log_e, moves, e_bh(log_e), strict=True) if found <= RATE),
        key=lambda pair: -pair[0],
    )
    if not moved:
        text = f"{len(moves):,} metrics that nobody declared were watched, and none moved."
        return [Check(code="undeclared", status=Status.OK, text=text, detail={"metrics": len(moves)})]
    groups = [[pair for pair in moved if pair[1].foreign], [pair for pair in moved if not pair[1].foreign]]
    statuses = (Status.WARN, Status.OK)
    return [_check(group, status, len(moves)) for group, status in zip(groups, statuses, strict=True) if group]


def unwatched(unread: Sequence[Unread], *, of: int) -> list[Check]:
    """Say which undeclared metrics can't be read, and why; nothing where all can be.

    Args:
        unread: Those that can't.
        of: How many metrics are undeclared.

    Example:
        >>> print(unwatched([Unread("ads", "Ads", "table 'ads' isn't in the warehouse")], of=30)[0].text)
        1 of 30 metrics that nobody declared can't be read, so nobody would see it move: Ads: table 'ads' isn't in the \
warehouse. Mend its definition, or delete it.
    """
    if not unread:
        return []
    by_why: dict[str, list[str]] = {}
    for one in unread:
        by_why.setdefault(one.why, []).append(one.title)
    told = [f"{_listed(titles)}: {why.rstrip('.')}" for why, titles in by_why.items()]
    more = f"; and {len(told) - REASONS:,} other reasons" if len(told) > REASONS else ""
    it, its, definition = ("it", "its", "definition") if len(unread) == 1 else ("them", "their", "definitions")
    text = (
        f"{len(unread):,} of {of:,} metrics that nobody declared can't be read, so nobody would see {it} move: "
        f"{'; '.join(told[:REASONS])}{more}. Mend {its} {definition}, or delete {it}."
    )
    detail: dict[str, object] = {
        "unread": [one.metric for one in unread],
        "why": {one.metric: one.why for one in unread},
        "metrics": of,
    }
    return [Check(code="undeclared", status=Status.NOTE, text=text, detail=detail)]


def _listed(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - NAMED:,} more" if len(titles) > NAMED else ""
    return f"{', '.join(titles[:NAMED])}{more}"


def _check(moved: Sequence[tuple[float, Move]], status: Status, watched: int) -> Check:
    listed = ", ".join(f"{move.title} {move.says} in {move.arm}" for _, move in moved[:NAMED])
    more = f" and {len(moved) - NAMED:,} more" if len(moved) > NAMED else ""
    why = (
        "no metric declared here reads these facts, so something else may have reached these units: find what, "
        "or declare the metric"
        if status is Status.WARN
        else "they read the same facts as what was declared: neighbours often move along"
    )
    detail: dict[str, object] = {
        "moved": [{"metric": move.metric, "arm": move.arm, "score": move.score, "log_e": one} for one, move in moved],
        "watched": watched,
    }
    loudest, move = moved[0]
    return Check(
        code="undeclared_moved" if status is Status.WARN else "neighbours_moved",
        status=status,
        text=f"Moved, though nobody declared it: {listed}{more} (of {watched:,} watched); {why}.",
        p_value=p_of_log_e(loudest)[0],
        metric=move.metric,
        arm=move.arm,
        detail=detail,
    )
