"""What a sample can't show: rules that ask for attributes that no context has, and flags that can't be resolved."""

from collections.abc import Iterator, Sequence

from twyman.doubt.check import Status
from twyman.doubt.gate.finding import Code, Finding
from twyman.flags.faults import walk
from twyman.flags.state import State
from twyman.flags.targeting import Where

LISTED = 8
"""Names in a sentence."""


def asked_attributes(state: State) -> tuple[str, ...]:
    """Return the attributes that targeting asks for, each once, in order.

    Example:
        >>> from twyman.flags.state import Segment
        >>> from twyman.flags.targeting import Is
        >>> asked_attributes(State(segments={"nz": Segment("nz", Where("country", Is("NZ")))}))
        ('country',)
    """
    rules = [rule for flag in state.flags.values() if not flag.archived for rule in flag.rules if rule.enabled]
    needed = {rule.segment for rule in rules} | {*state.segments}
    asked = [rule.when for rule in rules] + [each.when for name, each in state.segments.items() if name in needed]
    return tuple(sorted({part.attribute for when in asked for part, _ in walk(when) if isinstance(part, Where)}))


def blind(state: State, lacking: Sequence[str]) -> Iterator[Finding]:
    """Yield a warning for attributes that no context has, and one for flags that can't be resolved."""
    if lacking:
        yield Finding(
            code=Code.BLIND,
            status=Status.WARN,
            text=(
                f"No context has {_listed(lacking)}, which rules ask for: what they would do isn't seen. "
                "Add it to the contexts."
            ),
            detail={"attributes": list(lacking)},
        )
    broken = [name for name, flag in state.flags.items() if flag.broken]
    if broken:
        yield Finding(
            code=Code.BLIND,
            status=Status.WARN,
            text=f"{_listed(broken)} can't be resolved, so what they would do isn't seen: run twyman flags check.",
            detail={"flags": broken},
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(f"'{name}'" for name in names[:LISTED]) + more
