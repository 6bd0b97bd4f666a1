"""What was found of an experiment in several worlds, as one: each finding once, and where, if only some have it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from twyman.app.gate_views import Gated
from twyman.app.gate_worlds import Ask, World
from twyman.doubt.check import Status
from twyman.doubt.gate.finding import Code, Finding
from twyman.doubt.gate.neighbour import Neighbour

LOUDEST_FIRST = (Status.BLOCK, Status.WARN, Status.NOTE, Status.OK)

TODAY = "only as long as nothing else that is scheduled is switched on"
LATER = "only once all that is scheduled is switched on"

Key = tuple[Code, str, int]
"""A finding's code, what it is about, and how many of the kind stood before it."""

Found = Sequence[tuple[World, Gated]]
"""An experiment in each world that it is looked at in."""


def together(found: Found) -> Gated:
    """Return what was found of one experiment in any world: numbers of the one in which it has most units."""
    base = max((gated for _, gated in found), key=lambda each: each.label.units)
    if len(found) == 1:
        return base
    several = [gated for _, gated in found]
    every = sorted((each for gated in several for each in gated.conflicts), key=lambda each: each.score)
    conflicts = {each.other: each for each in every}
    overlaps: dict[str, int] = {}
    for name, shared in (each for gated in several for each in gated.overlaps.items()):
        overlaps[name] = max(shared, overlaps.get(name, 0))
    return replace(
        base,
        findings=_findings(found),
        neighbours=_neighbours([base, *several]),
        overlaps=overlaps,
        same_surface=tuple(dict.fromkeys(name for gated in several for name in gated.same_surface)),
        conflicts=tuple(sorted(conflicts.values(), key=lambda each: (-each.score, -each.overlap, each.other))),
    )


def _neighbours(several: Iterable[Gated]) -> tuple[Neighbour, ...]:
    """Return each flag as it is in the first world in which it is dependent; else as it is in the first."""
    kept: dict[str, Neighbour] = {}
    for each in (each for gated in several for each in gated.neighbours):
        known = kept.setdefault(each.flag, each)
        if each.joint.is_dependent and not known.joint.is_dependent:
            kept[each.flag] = each
    return tuple(kept.values())


def _findings(found: Found) -> tuple[Finding, ...]:
    """Return each finding once, as it is where it is loudest."""
    met: dict[Key, list[tuple[World, Finding]]] = {}
    for world, gated in found:
        for key, finding in _keyed(gated.findings):
            met.setdefault(key, []).append((world, _softened(finding, world, found)))
    worlds = [world for world, _ in found]
    made: list[Finding] = []
    for (code, _, _), several in met.items():
        loudest = min((finding for _, finding in several), key=lambda each: LOUDEST_FIRST.index(each.status))
        if code is not Code.UNUSED_OVERRIDE:
            made.append(_placed(loudest, [world for world, _ in several], worlds))
        elif len(several) == len(found):  # in no world did it let anything pass
            made.append(loudest)
    return tuple(sorted(made, key=lambda each: LOUDEST_FIRST.index(each.status)))


def _keyed(findings: Iterable[Finding]) -> Iterator[tuple[Key, Finding]]:
    before: Counter[tuple[Code, str, str]] = Counter()
    for each in findings:
        text = each.text if each.code is Code.UNUSED_OVERRIDE else ""
        yield (each.code, each.other + text, before[each.code, each.other, text]), each
        before[each.code, each.other, text] += 1


def _softened(finding: Finding, world: World, found: Found) -> Finding:
    """Return a finding that nobody is in an experiment, as a warning where at that time somebody is elsewhere."""
    if finding.code is not Code.NOBODY or finding.status is not Status.BLOCK:
        return finding
    then = [gated for other, gated in found if other.moment.is_whole == world.moment.is_whole]
    return replace(finding, status=Status.WARN) if any(each.label.units for each in then) else finding


def _placed(finding: Finding, having: Sequence[World], worlds: Sequence[World]) -> Finding:
    """Return a finding that says where it is, if only some worlds have it; of what is sealed it says nothing."""
    if finding.code is Code.SEALED:
        return finding
    said, detail = list[str](), dict(finding.detail)
    asks = _asks(having)
    if asks != _asks(worlds):
        said.append(f"only {where(asks)}")
        detail["environments"] = [",".join(ask) for ask in asks]
    moments = {world.moment.is_whole for world in having}
    if moments != {world.moment.is_whole for world in worlds}:
        said.append(LATER if True in moments else TODAY)
        detail["scheduled"] = True in moments
    if not said:
        return finding
    text = ", and ".join(said)
    return replace(finding, text=f"{finding.text} {text[0].upper()}{text[1:]}.", detail=detail)


def _asks(worlds: Iterable[World]) -> list[Ask]:
    """Return where it is asked from, but for several at once of which one by itself is enough."""
    every = list(dict.fromkeys(ask for world in worlds for ask in world.alike))
    alone = {ask[0] for ask in every if len(ask) == 1}
    return [ask for ask in every if len(ask) < 2 or alone.isdisjoint(ask)]


def where(asks: Sequence[Ask]) -> str:
    """Say where flags are asked from.

    Example:
        >>> where([("eu",), ("us",), ()])
        "in environments 'eu' and 'us', and where no rule names the environment"
        >>> where([("eu", "us")])
        "in environments 'eu' and 'us' at once"
    """
    alone = [ask[0] for ask in asks if len(ask) == 1]
    said = [f"in environment{'s' if len(alone) > 1 else ''} {_listed(alone)}"] if alone else []
    said += [f"in environments {_listed(ask)} at once" for ask in asks if len(ask) > 1]
    said += ["where no rule names the environment"] if () in asks else []
    return ", and ".join(said)


def _listed(names: Sequence[str]) -> str:
    *first, last = (f"'{name}'" for name in names)
    return f"{', '.join(first)} and {last}" if first else last
