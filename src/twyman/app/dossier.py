"""The dossier in the answer's shape: doubts ranked, kinds of fault named, and how likely any of them is."""

from collections.abc import Sequence
from math import erfc, sqrt

from twyman.app.views import (
    Dossier as DossierView,
    Doubt as DoubtView,
    Expected,
    Result,
    Ruling,
    Suspect as SuspectView,
)
from twyman.app.wording import effect_text
from twyman.decisions.verdict import Reason, State
from twyman.doubt.causes import CAUSES
from twyman.doubt.check import Check, Status
from twyman.doubt.dossier import Doubt, Suspect, dossier
from twyman.doubt.signatures import THRESHOLD
from twyman.doubt.surprise import Surprise
from twyman.experiments.experiment import Role

LIKELY = max(0.5, THRESHOLD)
"""Probability of a fault above which nothing is decided: likelier than not, and rarer than in healthy experiments."""
TELLING_UNITS = 300
"""Units below which a check that is quiet says nothing: hardly any fault could be loud."""
TELLING = 2.0
"""How many times likelier a doubt is under a fault, from which on it adds to a surprise."""
SPEAKS = 1.05
"""How many times likelier a doubt is under a fault, from which on it points at any kind of it."""
WORTH = 0.01
"""Probability below which a kind of fault isn't worth a thought."""


def dossier_view(checks: Sequence[Check], rows: Sequence[Result], *, units: int, whole: bool) -> DossierView:
    """Weigh all checks, and the estimates against what was expected of them.

    Args:
        checks: All that were made.
        rows: Results that may be shown.
        units: How many units they are made on: where these are few, a quiet check says nothing.
        whole: Whether every kind of check could be made.
    """
    surprise = surprise_ratio(rows)
    checks = [*checks, *judged_checks(rows)]
    telling = checks if units >= TELLING_UNITS else [check for check in checks if check.status is not Status.OK]
    found = dossier(telling, surprise=surprise, whole=whole and units >= TELLING_UNITS)
    return DossierView(
        probability=found.probability,
        prior=found.prior,
        surprise_ratio=surprise,
        doubts=[_doubt(one) for one in found.doubts],
        causes=[_suspect(one) for one in found.suspects if one.probability >= WORTH],
        checked=len(checks),
    )


def likely_wrong(dossier: DossierView) -> Reason | None:
    """Say why a fault is likelier than not; `None` where it isn't, or where only an expectation says so."""
    if dossier.probability <= LIKELY:
        return None
    return _told(dossier, "likely_wrong", f"Something is likely wrong ({dossier.probability:.0%}, all doubts together)")


def doubtful(dossier: DossierView) -> Reason | None:
    """Say why something may be wrong; `None` where that is no likelier than in healthy experiments now and then."""
    if dossier.probability < THRESHOLD:
        return None
    seen = f"{dossier.probability:.0%}, all doubts together, and {dossier.prior:.0%} before anything was seen"
    return _told(dossier, "doubtful", f"Something may be wrong ({seen})")


def _told(dossier: DossierView, code: str, opening: str) -> Reason | None:
    """Return a reason that names the likeliest fault, where any doubt but an expectation speaks for one."""
    if not _spoken(dossier) or not dossier.causes:
        return None
    first = dossier.causes[0]
    return Reason(code, f"{opening.replace('%', ' %')}, most of all: {first.title}. {first.next}")


def _spoken(dossier: DossierView) -> bool:
    """Whether any doubt but an expectation speaks for a fault."""
    return any(doubt.code != "expectation" and doubt.likelihood_ratio >= TELLING for doubt in dossier.doubts)


def judged_checks(rows: Sequence[Result]) -> list[Check]:
    """Return the doubts that results themselves raise: what mustn't move and did, and what nobody expected."""
    whole = [row for row in rows if row.segment is None]
    moved = [_moved(row, row.decision) for row in whole if row.decision and row.role == Role.MUST_NOT_MOVE.value]
    surprised = [_surprised(row, row.expectation) for row in whole if row.expectation and not _is_signed(row)]
    return [check for check in (*moved, *surprised) if check is not None]


def _moved(row: Result, decision: Ruling) -> Check | None:
    if decision.state != State.CHANGED.value:
        return None
    said = effect_text(row.relative, row.absolute)
    text = f"{row.title} must not move, and did ({said}): the arms differ in something else than this treatment."
    return Check(
        code="must_not_move",
        status=Status.BLOCK,
        text=text,
        p_value=decision.p_adjusted,
        metric=row.metric,
        arm=row.arm,
    )


def _surprised(row: Result, expected: Expected) -> Check | None:
    if expected.status == Surprise.WITHIN.value:
        return None
    said = effect_text(row.relative, row.absolute)
    text = (
        f"{row.title} in {row.arm}: {said}, {abs(expected.surprise_z):.1f} standard deviations from what was expected."
    )
    status = Status.BLOCK if expected.holds else Status.NOTE
    p_value = erfc(abs(expected.surprise_z) / sqrt(2))
    return Check(code="expectation", status=status, text=text, p_value=p_value, metric=row.metric, arm=row.arm)


def surprise_ratio(rows: Sequence[Result]) -> float:
    """Return how many times likelier the results are where something is wrong: their mean, as a fault may be in any."""
    ratios = [_ratio(row) for row in rows if row.segment is None and row.plausible is not None]
    return sum(ratios) / len(ratios) if ratios else 1.0


def _ratio(row: Result) -> float:
    """Return how surprising a result is; what somebody outside the team has signed off no longer is."""
    return 1.0 if row.plausible is None or _is_signed(row) else row.plausible.likelihood_ratio


def _is_signed(row: Result) -> bool:
    return row.signed_off is not None and row.signed_off.covers


def _doubt(one: Doubt) -> DoubtView:
    check, cause = one.check, CAUSES.get(one.cause) if one.ratio >= SPEAKS else None
    return DoubtView(
        code=check.code,
        status=check.status.value,
        text=check.text,
        likelihood_ratio=one.ratio,
        precision=one.precision,
        cause=one.cause if cause else None,
        explains=cause.explains if cause else "",
        next=cause.look if cause else "",
        p_value=check.p_value,
        metric=check.metric,
        arm=check.arm,
        detail=dict(check.detail),
    )


def _suspect(one: Suspect) -> SuspectView:
    cause = CAUSES[one.cause]
    return SuspectView(
        cause=one.cause,
        title=cause.title,
        stage=cause.stage.value,
        probability=one.probability,
        explains=cause.explains,
        next=cause.look,
    )
