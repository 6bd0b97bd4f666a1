"""Another answer for a flag, for as long as a test needs it: in one task or thread, or everywhere."""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType

from twyman.flags.evaluation import Assignment, Evaluation, Reason
from twyman.flags.flag import Flag
from twyman.kernel.errors import Invalid, NotFound, nearest

RULE = "override"
"""The rule that an overridden answer names."""

_HERE: ContextVar[Mapping[tuple[int, str], Evaluation]] = ContextVar(
    "twyman overrides",
    default=MappingProxyType({}),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Put:
    """One override in force; two are never equal, so that each ends itself only."""

    answer: Evaluation


class Overrides:
    """The overrides of one client.

    Those of a task or thread are seen by it and by the tasks it starts, not by other threads; they end with their
    `with` block, and the one around them is in force again.
    """

    def __init__(self) -> None:
        self._everywhere: list[_Put] = []

    def get(self, flag: str) -> Evaluation | None:
        """Return the answer in force here; `None` where the flag is left alone."""
        here = _HERE.get().get((id(self), flag))
        if here is not None:
            return here
        return next((put.answer for put in reversed(self._everywhere) if put.answer.flag == flag), None)

    def put(self, answer: Evaluation, *, everywhere: bool) -> AbstractContextManager[None]:
        """Have a flag answer so within a block."""
        return self._put_everywhere(_Put(answer)) if everywhere else self._put_here(answer)

    @contextmanager
    def _put_here(self, answer: Evaluation) -> Generator[None]:
        token = _HERE.set({**_HERE.get(), (id(self), answer.flag): answer})
        try:
            yield
        finally:
            _HERE.reset(token)

    @contextmanager
    def _put_everywhere(self, put: _Put) -> Generator[None]:
        self._everywhere.append(put)
        try:
            yield
        finally:
            self._everywhere.remove(put)


def overridden(flag: str, found: Flag | None, *, variant: str | None, value: object, exposes: bool) -> Evaluation:
    """Return the answer of an override: a variant of the flag by name, or any value.

    Args:
        flag: The flag's name.
        found: The flag, where the state has it.
        variant: The variant's name; with a value, any name.
        value: The value; `None` for the named variant's own.
        exposes: Whether meeting it is an exposure.

    Raises:
        NotFound: If a variant is named that the flag hasn't, and no value is given.
        Invalid: If neither is given.

    Example:
        >>> overridden("page", None, variant=None, value={"rows": 3}, exposes=False).value
        {'rows': 3}
    """
    if variant is None and value is None:
        raise Invalid(f"override of flag '{flag}' says nothing: name a variant, or give a value")
    if value is None:
        value = _value_of(flag, found, variant or "")
    noted = (Assignment(RULE, variant or ""),) if exposes else ()
    return Evaluation(flag, Reason.MATCH, variant or "", value, RULE, assignments=noted)


def _value_of(flag: str, found: Flag | None, variant: str) -> object:
    if found is None:
        raise NotFound(f"flag '{flag}' isn't in the state, so its variants aren't known: give a value")
    values = {known.name: known.value for known in found.variants}
    if variant not in values:
        raise NotFound(f"flag '{flag}' has no variant '{variant}': {nearest(variant, values)}")
    return values[variant]
