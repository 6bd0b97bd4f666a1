"""What a sample can't show: rules that ask for attributes that no context has, and flags that can't be resolved."""

from collections.abc import Collection, Iterator, Sequence

from twyman.doubt.check import Status
from twyman.doubt.gate.finding import Code, Finding
from twyman.doubt.gate.neighbour import asked_by
from twyman.doubt.gate.sealing import Sealing
from twyman.flags.faults import walk
from twyman.flags.state import State
from twyman.flags.targeting import Where

LISTED = 8
"""Names in a sentence."""


def asked_attributes(state: State) -> tuple[str, ...]:
    """Return the attributes that targeting asks for, and ids that rules deal by, each once, in order.

    Example:
        >>> from twyman.flags.state import Segment
        >>> from twyman.flags.targeting import Is
        >>> asked_attributes(State(segments={"nz": Segment("nz", Where("country", Is("NZ")))}))
        ('country',)
    """
    rules = [rule for flag in state.flags.values() if not flag.archived for rule in flag.rules if rule.enabled]
    needed = {rule.segment for rule in rules} | {*state.segments}
    asked = [rule.when for rule in rules] + [each.when for name, each in state.segments.items() if name in needed]
    attributes = {part.attribute for when in asked for part, _ in walk(when) if isinstance(part, Where)}
    return tuple(sorted(attributes | {rule.by for rule in rules if rule.by}))


def blind(state: State, lacking: Sequence[str], sealing: Sealing) -> Iterator[Finding]:
    """Yield a warning for attributes that no context has, and one for flags that can't be resolved.

    Args:
        state: All flags.
        lacking: Attributes that no context has.
        sealing: Whose names, and whose attributes, aren't shown.
    """
    told = [*{*lacking} & {*asked_attributes(sealing.shown)}]
    if told:
        yield Finding(
            code=Code.BLIND,
            status=Status.WARN,
            text=(
                f"No context has {_listed(sorted(told))}, which rules ask for: what they would do isn't seen. "
                "Add it to the contexts."
            ),
            detail={"attributes": sorted(told)},
        )
    broken = [name for name, flag in state.flags.items() if flag.broken and name not in sealing.flags]
    if broken:
        yield Finding(
            code=Code.BLIND,
            status=Status.WARN,
            text=f"{_listed(broken)} can't be resolved, so what they would do isn't seen: run twyman flags check.",
            detail={"flags": broken},
        )
    secret = {name for name in sealing.flags & {*state.flags} if _is_unseen(state, name, {*lacking} - {*told})}
    if secret:
        text = (
            "What is sealed asks for what no context has, or can't be resolved, so what it would do isn't seen: ask "
            f"its owner ({sealing.of_flags(secret)})."
        )
        yield Finding(code=Code.SEALED, status=Status.WARN, text=text)


def _is_unseen(state: State, name: str, lacking: Collection[str]) -> bool:
    flag = state.flags[name]
    segments = {each: state.segments[each] for each in asked_by(state, flag) if each in state.segments}
    asked = asked_attributes(State({name: flag}, segments))
    return bool(flag.broken) or not set(lacking).isdisjoint(asked)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(f"'{name}'" for name in names[:LISTED]) + more
