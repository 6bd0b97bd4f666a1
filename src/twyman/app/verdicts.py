"""What follows for each treatment: the rule's verdict, on the grounds of data, doubts and looks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twyman.app.judgement import Judgement
from twyman.app.views import LookView, Reason as ReasonView, Verdict as VerdictView
from twyman.decisions.verdict import Action, Evidence, Finding, Reason, Verdict, verdict
from twyman.doubt.check import Check
from twyman.experiments.experiment import AnyOf, Experiment, Goal, Role


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a verdict rests on beside its findings.

    Attributes:
        broken: Checks that hold every decision.
        likely_wrong: Why a fault is likelier than not; `None` where it isn't.
        doubtful: Why there may be one; `None` where healthy experiments look the same.
        waiting: Why this reading shows no effect.
    """

    broken: Sequence[Check]
    likely_wrong: Reason | None
    doubtful: Reason | None
    waiting: Reason | None


def verdicts_of(experiment: Experiment, judged: Judgement | None, grounds: Grounds, view: LookView) -> list[Verdict]:
    """Return the verdict of every treatment."""
    return [_verdict(_evidence(experiment, arm.name, judged, grounds, view), view) for arm in experiment.treatments]


def _evidence(experiment: Experiment, arm: str, judged: Judgement | None, grounds: Grounds, view: LookView) -> Evidence:
    findings: Sequence[Finding] = judged.findings[arm] if judged else ()
    return Evidence(
        arm=arm,
        broken=[Reason(check.code, check.text, check.metric) for check in grounds.broken],
        findings=findings,
        goal=experiment.decide or _any_success(experiment),
        final=view.final,
        waiting=grounds.waiting,
        likely_wrong=grounds.likely_wrong,
        doubtful=grounds.doubtful,
    )


def _verdict(evidence: Evidence, view: LookView) -> Verdict:
    """Give the verdict of a treatment; between looks the last look's stands, and its numbers stay there."""
    waiting, arm = evidence.waiting, evidence.arm
    if not view.between or waiting is None:
        return verdict(evidence)
    if evidence.broken:
        return verdict(replace(evidence, findings=()))
    stood = verdict(replace(evidence, waiting=None) if evidence.findings else evidence)
    beside = (waiting, evidence.doubtful) if evidence.doubtful else (waiting,)
    if stood.action is Action.CONTINUE:
        return Verdict(arm, stood.action, beside)
    told = Reason("last_look", f"Look {view.number} said {stood.action.value}, and that stands: read it as of its day.")
    return Verdict(arm, stood.action, (told, *beside))


def _any_success(experiment: Experiment) -> Goal | None:
    goals = tuple(tracked.metric for tracked in experiment.with_role(Role.SUCCESS))
    return AnyOf(goals) if goals else None


def verdict_view(one: Verdict) -> VerdictView:
    """Return a verdict in the answer's shape."""
    reasons = [
        ReasonView(code=reason.code, text=reason.text, metric=reason.metric, checklist=list(reason.checklist))
        for reason in one.reasons
    ]
    return VerdictView(arm=one.arm, action=one.action.value, reasons=reasons)
