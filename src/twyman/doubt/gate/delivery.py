"""Does the experiment itself come out: is anybody in it, enough to see by, and are its arms served different things?"""

from collections.abc import Iterator, Mapping

import numpy as np

from twyman.doubt.check import Status
from twyman.doubt.gate.candidate import Candidate
from twyman.doubt.gate.finding import Code, Finding
from twyman.doubt.gate.joint import Table, joint, needed
from twyman.kernel.place import Place


def unruled(flag: str, place: Place | None) -> Finding:
    """Say that no rule deals an experiment out."""
    return Finding(
        code=Code.NOBODY,
        status=Status.BLOCK,
        text=(
            f"Flag '{flag}' has no sound rule that deals this experiment out, so nobody would be in it: give a rule of "
            "the flag its name, or its key under experiment:."
        ),
        other=flag,
        place=place,
    )


def nobody(candidate: Candidate, contexts: int, place: Place | None) -> Finding:
    """Say that no context is in an experiment, so that nothing can be said of it."""
    return Finding(
        code=Code.NOBODY,
        status=Status.BLOCK,
        text=(
            f"None of {contexts:,} contexts is in it, so nothing was checked: look by twyman flags explain whom rule "
            f"'{candidate.rule.name}' of flag '{candidate.flag.name}' reaches, and give contexts that it does."
        ),
        other=candidate.flag.name,
        place=place,
    )


def few_units(arms: Mapping[str, int], alpha: float, place: Place | None) -> Finding | None:
    """Warn where there are so few units that even a flag that is the same as the arms wouldn't be seen to be.

    Example:
        >>> few_units({"control": 3, "new": 2}, 0.001, None).detail["needed"]
        16
    """
    counts, units = np.array([*arms.values()], dtype=np.int64), sum(arms.values())
    if len(counts) > 1 and joint(np.diag(counts), alpha=alpha).aliased:
        return None
    shares = counts / units if len(counts) > 1 else np.array([0.5, 0.5])
    wanted = needed(shares, alpha=alpha)
    only = f", all in {next(iter(arms))}" if len(arms) == 1 else ""
    return Finding(
        code=Code.FEW_UNITS,
        status=Status.WARN,
        text=(
            f"Only {units:,} of the contexts' units are in it{only}, and of fewer than about {wanted:,} nothing can be "
            "said: give more contexts, or more like those that it speaks to."
        ),
        place=place,
        detail={"units": units, "needed": wanted},
    )


def undelivered(candidate: Candidate, arms: tuple[str, ...], table: Table, place: Place | None) -> Finding | None:
    """Block where two arms are served one and the same value of the experiment's own flag, and no other.

    Args:
        candidate: The experiment.
        arms: Its arms that have units, the control first.
        table: Units by arm and value of its own flag.
        place: Where its rule stands.
    """
    alike = next(filter(None, ([*_alike(row, arms, table)] for row in range(len(arms)))), None)
    if alike is None:
        return None
    named = f"{', '.join(map(repr, alike[:-1]))} and {alike[-1]!r}"
    return Finding(
        code=Code.UNDELIVERED,
        status=Status.BLOCK,
        text=(
            f"{named} are all served one value of flag '{candidate.flag.name}', so there is nothing to "
            "compare: give the arms' variants different values."
        ),
        other=candidate.flag.name,
        place=place,
    )


def _alike(row: int, arms: tuple[str, ...], table: Table) -> Iterator[str]:
    """Yield an arm and those after it that are served the same; nothing where none is."""
    same = [other for other in range(row + 1, len(arms)) if _is_one(table[[row, other]])]
    yield from (arms[each] for each in ([row, *same] if same else []))


def _is_one(rows: Table) -> bool:
    return int(np.count_nonzero(rows.sum(axis=0))) == 1
