"""What was changed when, in definitions of flags and experiments: told by whoever keeps their history."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from twyman.app.ports import Question
from twyman.doubt.check import Check, Status
from twyman.doubt.srm_cause import Event
from twyman.experiments.experiment import Experiment
from twyman.kernel.time import DAY

EDITS = 3
"""Edits of one change that are told."""

Named = tuple[str, str]
"""A definition, by its kind and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one file of definitions.

    Attributes:
        at: When it came to be there.
        file: The file, as its user names it.
        defines: What it defines, or did.
        edits: What was changed in it, one line an edit, as in `share 10 → 50`.
        by: Who changed it.
        commit: What to look it up by.
        sealed: Whether others see no more of it than that it was changed, by whom and when.
    """

    at: datetime
    file: str
    defines: tuple[Named, ...] = ()
    edits: tuple[str, ...] = ()
    by: str = ""
    commit: str = ""
    sealed: bool = False


Changes = Callable[[datetime, datetime], Sequence[Change]]
"""Tells the changes from one instant up to another, in the order of time."""


def unchanged(first: datetime, until: datetime) -> Sequence[Change]:
    """Tell of no change: where nobody keeps a history."""
    del first, until
    return ()


def changed_around(
    question: Question, found: Iterable[Check], changes: Changes, neighbours: Sequence[Experiment]
) -> list[Event]:
    """Return what was changed within a day of the begin and the end of the run of days whose split is odd.

    Args:
        question: What was asked.
        found: All checks that were made.
        changes: Tells what was changed when.
        neighbours: All experiments of the project.

    Returns:
        The experiment's own changes and those of its flag first, then those on its surface, then all others; nothing
        where no day is odd, and then nobody is asked.
    """
    if not question.experiment.origin.file:
        return []
    seen = dict[Change, None]()
    for edge in edges(found):
        midnight = datetime(edge.year, edge.month, edge.day, tzinfo=ZoneInfo(question.zone))
        seen |= dict.fromkeys(changes(midnight - DAY, midnight + 2 * DAY))
    near = _Nearness(question.experiment, neighbours)
    ranked = sorted(seen, key=lambda change: (near.rank(change), change.at))
    return [Event(change.at.astimezone(ZoneInfo(question.zone)), near.text(change, question.zone)) for change in ranked]


def edges(found: Iterable[Check]) -> tuple[date, ...]:
    """Return the first and the last of the days whose split is odd; nothing where none is."""
    check = next((one for one in found if one.code == "srm_by_day" and one.status is not Status.OK), None)
    if check is None:
        return ()
    return tuple(dict.fromkeys(date.fromisoformat(str(check.detail[key])) for key in ("from", "until")))


class _Nearness:
    """How near a change is to an experiment: its own, one of its surface, another."""

    def __init__(self, experiment: Experiment, neighbours: Sequence[Experiment]) -> None:
        surface = [one for one in neighbours if experiment.surface and one.surface == experiment.surface]
        self.own, self.beside = set(_names([experiment])), set(_names(surface))
        self.sealed = set(_names(one for one in neighbours if one.sealed))

    def rank(self, change: Change) -> int:
        """Return 0 for its own, 1 for one of its surface, 2 for another."""
        return 0 if self.own & set(change.defines) else 1 if self.beside & set(change.defines) else 2

    def text(self, change: Change, zone: str) -> str:
        """Say what was changed, by whom and when; of what is sealed not what, and not in which file: that tells it."""
        file, told = change.file, change.edits[:EDITS]
        if (change.sealed or self.sealed & set(change.defines)) and self.rank(change):
            file, told = "a sealed definition", ("ask its owner",)
        elif len(change.edits) > EDITS:
            told = (*told, f"and {len(change.edits) - EDITS} more")
        at = change.at.astimezone(ZoneInfo(zone))
        return f"{file}: {', '.join(told)}, by {change.by} at {at:%H:%M} (commit {change.commit})"


def _names(several: Iterable[Experiment]) -> Iterator[Named]:
    for one in several:
        yield "experiment", one.name
        if one.flag:
            yield "flag", one.flag
