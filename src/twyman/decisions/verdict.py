"""The verdict: ship, continue, end, abort or hold, with every reason.

The table is METHODS, Rulings 5; the first row that applies names the action, and every row that
applies gives its reasons, so that nobody has to ask again after mending the first.

| what is so | action |
| --- | --- |
| the data are broken | hold (a rollout is contained) |
| a decision is due and, all doubts taken together, a fault is likelier than not | hold |
| a metric deteriorated, on sound data | abort |
| a metric that must not move has changed, and isn't shown to be within its margin | hold |
| a decision is due and the result is too good, or too far, to be believed | hold |
| the goal is met, guardrails with margins are non-inferior, none without deteriorated | ship |
| powered for every success metric's smallest effect of interest, or the last look, and none met | end |
| else | continue |

A metric that must not move and has no estimate doesn't hold: nobody knows whether it moved, and what ships says so.
What all doubts together make possible, and not likelier than not, changes no action: it stands beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from twyman.experiments.experiment import AllOf, AnyOf, Goal, Role


class Action(StrEnum):
    """What the platform recommends."""

    HOLD = "hold"
    ABORT = "abort"
    SHIP = "ship"
    END = "end"
    CONTINUE = "continue"


URGENCY = (Action.HOLD, Action.ABORT, Action.SHIP, Action.END, Action.CONTINUE)
"""Which verdict to show first, where treatments differ."""


class State(StrEnum):
    """What a test says of a metric so far."""

    SUPERIOR = "superior"
    INFERIOR = "inferior"
    NON_INFERIOR = "non_inferior"
    DETERIORATED = "deteriorated"
    CHANGED = "changed"
    UNMOVED = "unmoved"
    INCONCLUSIVE = "inconclusive"
    DESCRIBED = "described"
    NOT_ESTIMABLE = "not_estimable"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: what, why, what now.

    Attributes:
        checklist: What to look into before anybody signs, likeliest first.
    """

    code: str
    text: str
    metric: str | None = None
    checklist: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one metric says about one treatment.

    Attributes:
        state: Of the test that its role asks for.
        deteriorated: Whether the watch for harm crossed its bound.
        has_margin: Whether a guardrail can be shown non-inferior at all.
        powered: Whether the smallest effect of interest would have been seen by now.
        says: The result in words ("+6.1 % [+4.4 %, +7.8 %]").
        title: What people call the metric; its name where left out.
        could_see: The smallest effect that would have been seen, in words.
        doubt: Why a decision on it must be held; `None` where there is no such doubt.
        early: Why this look can't decide on it yet, in words.
    """

    metric: str
    role: Role
    state: State
    deteriorated: bool = False
    has_margin: bool = False
    powered: bool = False
    says: str = ""
    title: str = ""
    could_see: str = ""
    doubt: Reason | None = None
    early: str = ""

    @property
    def called(self) -> str:
        """The metric as a sentence calls it."""
        return self.title or self.metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a verdict rests on.

    Attributes:
        broken: Why the data can't carry a conclusion.
        findings: One a metric.
        goal: When the experiment counts as won; `None` where it has no success metric.
        final: Whether this is the last look.
        waiting: Why no effect is shown at this reading (between looks, before the first, hidden until the end).
        likely_wrong: Why something is likely wrong, all doubts taken together; `None` where nothing is.
        doubtful: Why something may be wrong: what few healthy experiments look like; `None` where they do.
    """

    arm: str
    broken: Sequence[Reason]
    findings: Sequence[Finding]
    goal: Goal | None
    final: bool
    waiting: Reason | None = None
    likely_wrong: Reason | None = None
    doubtful: Reason | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is recommended for one treatment, and why."""

    arm: str
    action: Action
    reasons: tuple[Reason, ...] = field(default_factory=tuple[Reason, ...])


def is_met(goal: Goal | None, won: set[str]) -> bool:
    """Whether a tree of success metrics is met; no tree is met by itself (nothing was to be won).

    Example:
        >>> is_met(AllOf(("a", AnyOf(("b", "c")))), {"a", "c"})
        True
    """
    match goal:
        case None:
            return True
        case str():
            return goal in won
        case AnyOf(parts):
            return any(is_met(part, won) for part in parts)
        case AllOf(parts):
            return all(is_met(part, won) for part in parts)


def verdict(evidence: Evidence) -> Verdict:
    """Go down the table; the first row that applies decides, the others add their reasons."""
    applying = [(action, reasons) for action, rule in _TABLE if (reasons := rule(evidence))]
    action = applying[0][0]
    stays = (Action.HOLD, Action.ABORT)
    told = [reasons for other, reasons in applying if other is action or (other in stays and action in stays)]
    reasons = tuple(reason for group in told for reason in group)
    if evidence.doubtful and action is not Action.HOLD:
        reasons += (evidence.doubtful,)
    if evidence.waiting and action is not Action.CONTINUE:
        reasons += (evidence.waiting,)
    return Verdict(evidence.arm, action, reasons)


def _broken(evidence: Evidence) -> Sequence[Reason]:
    return evidence.broken


def _deteriorated(evidence: Evidence) -> Sequence[Reason]:
    return [
        Reason(
            "deteriorated",
            f"{finding.called} got worse in {evidence.arm}{_said(finding)}, beyond what its watch for harm allows on "
            "sound data. Turn the treatment off, then find which part of it does this.",
            finding.metric,
        )
        for finding in evidence.findings
        if finding.deteriorated
    ]


def _moved(evidence: Evidence) -> Sequence[Reason]:
    return [
        Reason(
            "must_not_move",
            f"{finding.called} must not move, and did{_said(finding)}: the arms differ in something else than this "
            "treatment. Look for another experiment or setting that reaches the same units before reading any success.",
            finding.metric,
        )
        for finding in evidence.findings
        if finding.role is Role.MUST_NOT_MOVE and finding.state is State.CHANGED
    ]


def _not_measured(evidence: Evidence) -> Sequence[Reason]:
    """Say with what ships that nobody looked at what it mustn't touch: only what changed holds (Rulings 5)."""
    return [
        Reason(
            "not_measured",
            f"{finding.called} must not move, and nobody knows whether it did: it has no estimate. "
            "Find out why its row in the table has none before this ships.",
            finding.metric,
        )
        for finding in evidence.findings
        if finding.role is Role.MUST_NOT_MOVE and finding.state is State.NOT_ESTIMABLE
    ]


def _doubted(evidence: Evidence) -> Sequence[Reason]:
    return [finding.doubt for finding in evidence.findings if finding.doubt]


def _likely_wrong(evidence: Evidence) -> Sequence[Reason]:
    """Hold what would be decided where a fault is likelier than not, and nothing that holds says so already.

    Harm aborts on sound data only, and goes before all else that holds: there it is said whatever else is.
    """
    harmed = bool(_deteriorated(evidence))
    if _broken(evidence) or (not harmed and (_moved(evidence) or _doubted(evidence))):
        return []
    due = evidence.final or harmed or bool(_won(evidence) or _spent(evidence))
    return [evidence.likely_wrong] if evidence.likely_wrong and due and not evidence.waiting else []


def _won(evidence: Evidence) -> Sequence[Reason]:
    if any(finding.state is State.INFERIOR for finding in evidence.findings):
        return []
    wins = [finding for finding in evidence.findings if finding.state is State.SUPERIOR]
    guards = [finding for finding in evidence.findings if finding.role is Role.GUARDRAIL]
    margins = [finding for finding in guards if finding.has_margin]
    proven = all(finding.state is State.NON_INFERIOR for finding in margins)
    if not is_met(evidence.goal, {finding.metric for finding in wins}) or not proven or not (wins or margins):
        return []
    reasons = [
        Reason("superior", f"{finding.called} is better in {evidence.arm}{_said(finding)}.", finding.metric)
        for finding in wins
    ]
    reasons += [
        Reason(
            "non_inferior", f"{finding.called} is not worse by more than its margin{_said(finding)}.", finding.metric
        )
        for finding in margins
    ]
    return [*reasons, *_not_measured(evidence)]


def _spent(evidence: Evidence) -> Sequence[Reason]:
    goals = [finding for finding in evidence.findings if finding.role is Role.SUCCESS]
    if not goals or any(finding.state is State.SUPERIOR for finding in goals):
        return []
    if not (evidence.final or all(finding.powered for finding in goals)):
        return []
    why = "this was the last look" if evidence.final else "the smallest effect of interest would have been seen by now"
    return [
        Reason(
            "no_effect",
            f"{finding.called} shows no improvement{_said(finding)}, and {why}{_seen(finding)}. "
            "End it, and keep what it taught.",
            finding.metric,
        )
        for finding in goals
    ]


def _going_on(evidence: Evidence) -> Sequence[Reason]:
    if evidence.waiting:
        return [evidence.waiting]
    reasons = [
        Reason(
            "margin_not_shown",
            f"{finding.called} isn't shown to stay within its margin{_said(finding)}: it may not ship on it yet.",
            finding.metric,
        )
        for finding in evidence.findings
        if finding.role is Role.GUARDRAIL and finding.has_margin and finding.state is not State.NON_INFERIOR
    ]
    reasons += [_open(finding) for finding in evidence.findings if finding.role is Role.SUCCESS]
    return reasons or [Reason("running", "Nothing calls for a decision yet.")]


def _open(finding: Finding) -> Reason:
    match finding.state:
        case State.SUPERIOR:
            return Reason("superior", f"{finding.called} is better{_said(finding)}.", finding.metric)
        case State.INFERIOR:
            return Reason(
                "inferior",
                f"{finding.called} is worse{_said(finding)}, but not beyond its watch for harm: nothing ships on it.",
                finding.metric,
            )
        case _:
            early = f": {finding.early}" if finding.early else ""
            return Reason("undecided", f"{finding.called} is undecided{_said(finding)}{early}.", finding.metric)


def _seen(finding: Finding) -> str:
    return f"; an effect of {finding.could_see} or more would likely have shown" if finding.could_see else ""


def _said(finding: Finding) -> str:
    return f" ({finding.says})" if finding.says else ""


_TABLE: tuple[tuple[Action, Callable[[Evidence], Sequence[Reason]]], ...] = (
    (Action.HOLD, _broken),
    (Action.HOLD, _likely_wrong),
    (Action.ABORT, _deteriorated),
    (Action.HOLD, _moved),
    (Action.HOLD, _doubted),
    (Action.SHIP, _won),
    (Action.END, _spent),
    (Action.CONTINUE, _going_on),
)
"""Rows in order; the last always applies."""
