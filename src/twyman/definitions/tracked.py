"""What an experiment measures: each metric's role, its margins, and what was expected of it."""

from collections.abc import Mapping
from typing import TypeVar

from twyman.definitions.experiment_documents import (
    CeilingDocument,
    ExpectDocument,
    GoalDocument,
    ReachDocument,
    TrackedDocument,
)
from twyman.definitions.subject import Subject
from twyman.definitions.terms import effect, positive, share
from twyman.experiments.expectation import Ceiling, Expectation, Reach, Scale
from twyman.experiments.experiment import AllOf, AnyOf, Goal, Role, Tracked
from twyman.kernel.errors import Invalid, nearest
from twyman.metrics.metric import Direction

_T = TypeVar("_T")

_ROLE_OF = {"margin": "guardrail", "within": "must_not_move"}


def tracked(
    name: str, written: TrackedDocument, treatments: tuple[str, ...], direction: Direction, subject: Subject
) -> Tracked:
    """Make a tracked metric; what is wrong with it is noted with the subject."""
    path = f"metrics.{name}"
    for key, role in _ROLE_OF.items():
        if getattr(written, key) is not None and written.role != role:
            subject.refuse(
                f"{path}.{key}",
                f"'{key}' is for a metric with role {role}, and '{name}' has role {written.role}: "
                f"change its role, or leave {key} out",
            )
    return Tracked(
        metric=name,
        role=Role(written.role),
        margin=_size(f"{path}.margin", written.margin, subject),
        within=_size(f"{path}.within", written.within, subject),
        mde=_size(f"{path}.mde", written.mde, subject),
        expectations=_expectations(path, written, treatments, direction, subject),
        reach=_reach(f"{path}.reach", written.reach, subject),
    )


def _reach(path: str, written: ReachDocument | None, subject: Subject) -> Reach | None:
    if written is None:
        return None
    part = subject.attempt(f"{path}.share", share, written.share, 0.0)
    baseline = None if written.baseline is None else subject.attempt(f"{path}.baseline", share, written.baseline, None)
    return Reach(part, baseline, (written.because or "").strip())


def _size(path: str, written: str | float | None, subject: Subject) -> float | None:
    return None if written is None else subject.attempt(path, positive, written, None)


def _expectations(
    path: str, written: TrackedDocument, treatments: tuple[str, ...], direction: Direction, subject: Subject
) -> Mapping[str, Expectation]:
    if written.expect is None:
        if written.ceiling is not None:
            subject.refuse(f"{path}.ceiling", "a ceiling is a bound on an expectation, and none is given: add expect")
        return {}
    ceilings = _by_treatment(written.ceiling or {}, f"{path}.ceiling", treatments, subject)
    read: dict[str, Expectation] = {}
    for arm, (at, expect) in _by_treatment(written.expect, f"{path}.expect", treatments, subject).items():
        ceiling_at, ceiling = ceilings.get(arm, (f"{path}.ceiling", None))
        limit = None if ceiling is None else _ceiling(ceiling_at, ceiling, subject)
        made = _expectation(at, expect, limit, subject)
        if made is not None:
            _check_ceiling(ceiling_at, made, direction, subject)
            read[arm] = made
    return read


def _by_treatment(
    written: Mapping[str, _T], path: str, treatments: tuple[str, ...], subject: Subject
) -> Mapping[str, tuple[str, _T]]:
    """Return each treatment's own, with the path where it stands."""
    if "" in written:
        return {arm: (path, written[""]) for arm in treatments}
    for arm in written:
        if arm not in treatments:
            subject.refuse(f"{path}.{arm}", f"'{arm}' is no treatment of this experiment: {nearest(arm, treatments)}")
    return {arm: (f"{path}.{arm}", written[arm]) for arm in treatments if arm in written}


def _ceiling(path: str, written: CeilingDocument, subject: Subject) -> Ceiling | None:
    if not written.because.strip():
        subject.refuse(
            f"{path}.because", "a ceiling without a reason convinces nobody: write why nothing goes beyond it"
        )
    at = subject.attempt(f"{path}.at", effect, written.at, None)
    return None if at is None else Ceiling(at, written.because)


def _expectation(path: str, written: ExpectDocument, ceiling: Ceiling | None, subject: Subject) -> Expectation | None:
    read = [subject.attempt(f"{path}.{key}", effect, getattr(written, key), None) for key in ("low", "likely", "high")]
    low, likely, high = read
    if low is None or likely is None or high is None:
        return None
    try:
        return Expectation(low, likely, high, Scale(written.scale), ceiling)
    except Invalid as error:
        subject.adopt(path, error)
        return None


def _check_ceiling(path: str, expectation: Expectation, direction: Direction, subject: Subject) -> None:
    ceiling = expectation.ceiling
    if ceiling is None or (ceiling.at - expectation.likely) * direction.sign > 0:
        return
    side = "above" if direction is Direction.INCREASE else "below"
    subject.refuse(
        f"{path}.at",
        f"ceiling {ceiling.at:g} isn't {side} the likely effect {expectation.likely:g}, and bounds the improving side "
        f"of a metric that should {direction.value}: write one further out",
    )


def goal(written: str | GoalDocument | None, success: tuple[str, ...], subject: Subject) -> Goal | None:
    """Make the tree that decides; left out, any success metric will do."""
    if written is None:
        return AnyOf(success) if success else None
    return _goal(written, "decide", success, subject)


def _goal(written: str | GoalDocument, path: str, success: tuple[str, ...], subject: Subject) -> Goal:
    if isinstance(written, str):
        if written not in success:
            subject.refuse(
                path, f"'{written}' has no role success here, and only those decide: {nearest(written, success)}"
            )
        return written
    if (written.any is None) == (written.all is None) or not (written.any or written.all):
        subject.refuse(
            path, "a decision is any or all of at least one metric: write {any: [name, …]} or {all: [name, …]}"
        )
    key = "any" if written.any is not None else "all"
    parts = tuple(
        _goal(part, f"{path}.{key}.{at}", success, subject) for at, part in enumerate(written.any or written.all or ())
    )
    return AnyOf(parts) if key == "any" else AllOf(parts)
