"""Which experiments run on a day, and which of them a sweep over all pairs has to leave out, and why."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from twyman.doubt.check import Check, Status
from twyman.experiments.experiment import Entry, Experiment


def runs(experiment: Experiment, day: datetime) -> bool:
    """Whether an experiment runs on a day: it has begun, and isn't over."""
    ends = experiment.measure_until or experiment.enrol_until
    return (experiment.enrol_from is None or experiment.enrol_from <= day) and (ends is None or day <= ends)


def swept(experiment: Experiment) -> bool:
    """Whether an experiment's units can be counted with another's: they come by exposures, dealt one by one."""
    return experiment.entry is Entry.EXPOSURES and not experiment.randomised_by


def left_out(running: Sequence[Experiment]) -> list[Check]:
    """Say which experiments that run aren't swept, and why; of sealed ones, how many.

    Args:
        running: All that run on the day.
    """
    return [
        Check(code="left_out", status=Status.NOTE, text=text, detail={"experiments": _shown(those)})
        for text, those in _reasons([one for one in running if not swept(one)])
    ]


def _reasons(out: Sequence[Experiment]) -> Iterator[tuple[str, list[Experiment]]]:
    drawn: dict[str, list[Experiment]] = {}
    for one in out:
        if one.entry is Entry.EXPOSURES:
            drawn.setdefault(one.randomised_by, []).append(one)
    for by, those in sorted(drawn.items()):
        yield (
            f"Left out, as dealt by {by}: {_named(those)}. Units of one {by} come together, which a count of units "
            "would take for dependence: twyman doubt FOLDER --experiment NAME counts by what was dealt.",
            those,
        )
    if tables := [one for one in out if one.entry is not Entry.EXPOSURES]:
        yield f"Left out, as no exposures say who met it: {_named(tables)}.", tables


def _shown(those: Sequence[Experiment]) -> list[str]:
    return sorted(one.name for one in those if not one.sealed)


def _named(those: Sequence[Experiment]) -> str:
    names = [f"'{name}'" for name in _shown(those)]
    sealed = len(those) - len(names)
    return ", ".join([*names, *([f"{sealed} sealed"] if sealed else [])])
