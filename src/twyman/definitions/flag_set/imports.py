"""Flags of other vendors, served as they are: the one place that calls their dialects."""

from pathlib import Path

from twyman.definitions.flag_documents import ImportDocument
from twyman.definitions.subject import Subject
from twyman.flags.dialects import confidence
from twyman.flags.faults import broken_parts, faults_of
from twyman.flags.state import State
from twyman.kernel.errors import TwymanError

LARGEST = 1 << 28
"""Bytes of a state file: what is larger isn't one."""


def imported(document: ImportDocument, root: Path, subject: Subject) -> State:
    """Return the state that an import names; empty where it can't be read, and why is noted with the subject."""
    file = root / document.state
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no path"
        subject.refuse("state", f"state '{document.state}' can't be read ({why}): check the path")
        return State()
    if len(data) > LARGEST:
        subject.refuse("state", f"state '{document.state}' is larger than {LARGEST >> 20} MiB, as no state is")
        return State()
    try:
        found = confidence.state(data, account=document.account or "")
    except TwymanError as error:
        subject.adopt("state", error)
        return State()
    for why in (*broken_parts(found), *faults_of(found)):
        subject.remark("state", f"of '{document.state}': {why}")
    return found
