"""Findings of the launch gate that an experiment's file lets pass: each with a reason, and somebody else's eyes."""

from collections.abc import Collection, Mapping

from twyman.definitions.experiment_documents import ExperimentDocument, OverrideDocument
from twyman.definitions.subject import Subject
from twyman.experiments.override import OF_ANOTHER, Override
from twyman.experiments.sign_off import insider


def overrides(
    document: ExperimentDocument, subject: Subject, teams: Mapping[str, Collection[str]]
) -> tuple[Override, ...]:
    """Make the overrides; what is wrong with them is noted with the subject.

    Args:
        document: The experiment.
        subject: Collects what is wrong.
        teams: Members by team, as far as the project names them.
    """
    written = (document.gate.override or []) if document.gate else []
    owner = (document.owner or "").strip()
    for place, each in enumerate(written):
        path = f"gate.override.{place}"
        _check(each, path, subject)
        _check_reviewer(each.reviewer.strip(), owner, teams.get(owner, ()), path, subject)
    return tuple(
        Override(each.finding, each.other or "", each.reason.strip(), each.reviewer.strip()) for each in written
    )


def _check(each: OverrideDocument, path: str, subject: Subject) -> None:
    if not each.reason.strip():
        subject.refuse(f"{path}.reason", "an override without a reason can't be judged later: write why it may pass")
    if each.finding in OF_ANOTHER and not each.other:
        subject.refuse(
            path,
            f"override of '{each.finding}' doesn't say with what, and would let any other pass that nobody has looked "
            f"at: add with: and what the finding names. Of what is sealed, and isn't named, write finding: sealed",
        )


def _check_reviewer(reviewer: str, owner: str, members: Collection[str], path: str, subject: Subject) -> None:
    if not reviewer:
        subject.refuse(f"{path}.reviewer", "an override that nobody reviewed is none: write who looked at it")
    if not owner:
        subject.refuse(path, "nothing says whose the experiment is, so nobody can be told from its owner: add owner:")
    elif inside := insider(reviewer, owner=owner, members=members):
        subject.refuse(
            f"{path}.reviewer", f"reviewer '{reviewer}' {inside}, and nobody reviews themselves: ask somebody else"
        )
