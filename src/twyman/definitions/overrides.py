"""Findings of the launch gate that an experiment's file lets pass: each with a reason, and somebody else's eyes."""

from twyman.definitions.experiment_documents import ExperimentDocument, OverrideDocument
from twyman.definitions.subject import Subject
from twyman.experiments.override import Override


def overrides(document: ExperimentDocument, subject: Subject) -> tuple[Override, ...]:
    """Make the overrides; what is wrong with them is noted with the subject."""
    written = (document.gate.override or []) if document.gate else []
    for place, each in enumerate(written):
        _check(each, document.owner or "", f"gate.override.{place}", subject)
    return tuple(
        Override(each.finding, each.other or "", each.reason.strip(), each.reviewer.strip()) for each in written
    )


def _check(each: OverrideDocument, owner: str, path: str, subject: Subject) -> None:
    if not each.reason.strip():
        subject.refuse(f"{path}.reason", "an override without a reason can't be judged later: write why it may pass")
    if not each.reviewer.strip():
        subject.refuse(f"{path}.reviewer", "an override that nobody reviewed is none: write who looked at it")
    if not owner.strip():
        subject.refuse(path, "nothing says whose the experiment is, so nobody can be told from its owner: add owner:")
    elif each.reviewer.strip().casefold() == owner.strip().casefold():
        subject.refuse(
            f"{path}.reviewer",
            f"reviewer '{each.reviewer.strip()}' owns the experiment, and nobody reviews themselves: ask somebody else",
        )
