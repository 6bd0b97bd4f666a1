"""What two experiments can't both have: a flag's values on the same units, more slices than there are, a metric."""

from collections.abc import Iterable, Iterator, Mapping

from twyman.doubt.check import Status, share_text
from twyman.doubt.gate.candidate import Candidate
from twyman.doubt.gate.finding import Code, Finding
from twyman.doubt.gate.sealing import Sealing
from twyman.experiments.experiment import Experiment, Role
from twyman.flags.allocation import Wanted, percent
from twyman.flags.bucketing import BUCKETS
from twyman.kernel.place import Place


def value_conflict(
    candidate: Candidate, other: Candidate, *, units: int, shared: int, place: Place | None, related: Place | None
) -> Finding | None:
    """Judge two experiments on one flag: they may share no unit. Claims of one group don't, by one id.

    Args:
        candidate: The experiment at the gate.
        other: The other one on its flag.
        units: Units that the candidate's rule would reach by itself.
        shared: Those of them that the other's rule would reach by itself, too.
        place: Where the candidate's rule stands.
        related: Where the other's rule stands.
    """
    if not shared:
        return None
    first, second = sorted((candidate, other), key=lambda each: each.place)
    return Finding(
        code=Code.VALUE_CONFLICT,
        status=Status.BLOCK,
        text=(
            f"Flag '{candidate.flag.name}' is dealt out by rule '{candidate.rule.name}' here and by rule "
            f"'{other.rule.name}' for '{other.name}', to the same units: {shared:,} of {units:,} "
            f"({share_text(shared / units)}). '{first.name}' gets them, and '{second.name}' whoever is left: let both "
            "claim from one exclusivity group, by one id."
        ),
        other=other.name,
        place=place,
        related=(related,) if related else (),
        detail={"units": units, "shared": shared},
    )


def over_full(
    wanted: Wanted, groups: Iterable[str], place: Place | None, sealing: Sealing | None = None
) -> Iterator[Finding]:
    """Yield the groups whose claims ask for more than there is.

    Args:
        wanted: What claims ask of each group.
        groups: Those that are looked at.
        place: Where the experiment's rule stands that asks for them; `None` for groups that none at the gate asks for.
        sealing: Whose claims aren't shown; what they ask for would follow from any sum.

    Example:
        >>> from twyman.flags.allocation import WantedGroup
        >>> [found] = over_full(Wanted({"home": WantedGroup({"a": 700_000, "b": 500_000})}), ["home"], None)
        >>> found.detail["exceeds"]
        200000
    """
    for name in sorted(groups):
        group = wanted.groups.get(name)
        if group is None:
            continue
        asked: Mapping[str, int] = {**group.claims, **({"its holdback": group.holdback} if group.holdback else {})}
        secret = set(asked) & set(sealing.segments) if sealing else set[str]()
        if sum(asked.values()) <= BUCKETS:
            continue
        if sealing and secret:
            told = {claim: buckets for claim, buckets in asked.items() if claim not in secret}
            yield _sealed_group(name, told, sealing.of_segments(secret), place)
        else:
            yield _group(name, asked, place)


def _group(name: str, asked: Mapping[str, int], place: Place | None) -> Finding:
    exceeds = sum(asked.values()) - BUCKETS
    else_ = "" if place else " Or let it pass in each experiment that is launched, by an override."
    return Finding(
        code=Code.OVER_FULL,
        status=Status.BLOCK,
        text=(
            f"Exclusivity group '{name}' is over-full: {_said(asked)} come to {percent(sum(asked.values()))}, "
            f"{percent(exceeds)} more than there is. Lower a claim, end one, or take another group.{else_}"
        ),
        other=name,
        place=place,
        detail={"claims": dict(asked), "exceeds": exceeds},
    )


def _sealed_group(name: str, told: Mapping[str, int], owner: str, place: Place | None) -> Finding:
    if not told:
        text = f"A sealed experiment asks for more of its exclusivity group than there is: ask its owner ({owner})."
        return Finding(code=Code.SEALED, status=Status.BLOCK, text=text, other=name, place=place)
    return Finding(
        code=Code.OVER_FULL,
        status=Status.BLOCK,
        text=(
            f"Exclusivity group '{name}' is over-full: {_said(told)}, beside what is sealed, is more than there is. "
            f"Lower a claim, take another group, or ask the owner of what is sealed ({owner})."
        ),
        other=name,
        place=place,
        detail={"claims": dict(told)},
    )


def _said(asked: Mapping[str, int]) -> str:
    return ", ".join(f"{claim} {percent(buckets)}" for claim, buckets in sorted(asked.items()))


def still_metrics(one: Experiment, other: Experiment, *, shared: int, place: Place | None) -> Iterator[Finding]:
    """Yield metrics that one of two experiments should move and the other must not, where they share units."""
    ours = _names(one, Role.SUCCESS) & _names(other, Role.MUST_NOT_MOVE)
    theirs = _names(one, Role.MUST_NOT_MOVE) & _names(other, Role.SUCCESS)
    if not shared:
        return
    for metric, mover, still in [*((m, one, other) for m in sorted(ours)), *((m, other, one) for m in sorted(theirs))]:
        yield Finding(
            code=Code.MUST_NOT_MOVE,
            status=Status.NOTE,
            text=(
                f"'{metric}' is what '{mover.name}' should move, and must not move in '{still.name}': they share "
                f"{shared:,} units. Both arms of either are alike affected; what both do together isn't known."
            ),
            other=other.name,
            place=place,
            detail={"metric": metric, "shared": shared},
        )


def _names(experiment: Experiment, role: Role) -> set[str]:
    return {tracked.metric for tracked in experiment.with_role(role)}
