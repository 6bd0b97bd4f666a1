"""Source of one function, with its constants numbered in the order in which it needs them."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from mmh3 import hash128

from twyman.flags.compiled import runtime
from twyman.flags.context import NoUnit, attribute, unit_of
from twyman.flags.criteria.criterion import BrokenCriterion, found_in, holds
from twyman.flags.criteria.reading import as_time
from twyman.flags.evaluation import Kept
from twyman.flags.flag import Outcome
from twyman.flags.resolve import assignment, claimed, served

_NAMES: dict[str, Any] = {
    "__builtins__": {},
    "BrokenCriterion": BrokenCriterion,
    "DATED": frozenset({str, int, float, datetime}),
    "FALLTHROUGH": Outcome.FALLTHROUGH,
    "Kept": Kept,
    "LOW": (1 << 64) - 1,
    "NoUnit": NoUnit,
    "after": runtime.after,
    "as_time": as_time,
    "as_version": runtime.as_version_of_few,
    "assignment": assignment,
    "attribute": attribute,
    "bisect_right": bisect_right,
    "bool": bool,
    "broken": runtime.broken,
    "claimed": claimed,
    "dict": dict,
    "every": runtime.every,
    "failed": runtime.failed,
    "float": float,
    "found_in": found_in,
    "hash128": hash128,
    "holds": holds,
    "int": int,
    "len": len,
    "served": served,
    "some": runtime.some,
    "sticky_side": runtime.sticky_side,
    "str": str,
    "tuple": tuple,
    "type": type,
    "unit_of": unit_of,
}
"""All that generated source can name, beside its constants."""


_MANY = 200


class Source:
    """Lines of a function that are written one after another.

    Constants are the defaults of further parameters: as quick as local variables, and smaller than a closure.

    Example:
        >>> source = Source("value")
        >>> source.line(f"return value == {source.constant('NZ')}")
        >>> source.function()("NZ")
        True
    """

    def __init__(self, parameters: str) -> None:
        """Begin a function of these parameters."""
        self._parameters = parameters
        self._constants: list[object] = []
        self._lines: list[str] = []

    @property
    def is_roomy(self) -> bool:
        """Whether more may be written inline: beyond, what is asked for becomes functions of its own."""
        return len(self._constants) < _MANY

    def constant(self, value: object) -> str:
        """Return the name under which the function finds a value."""
        self._constants.append(value)
        return f"c{len(self._constants) - 1}"

    def line(self, text: str, indent: int = 0) -> None:
        """Write a line."""
        self._lines.append(f"{'  ' * (indent + 1)}{text}\n")

    def function(self) -> Callable[..., Any]:
        """Return the function, bound to its constants."""
        names = "".join(f", c{number}" for number in range(len(self._constants)))
        code = _code(f"def generated({self._parameters}{names}):\n{''.join(self._lines)}")
        return FunctionType(code, _NAMES, "generated", tuple(self._constants))


@lru_cache(maxsize=1024)
def _code(source: str) -> CodeType:
    """Compile a function; flags of one shape, and the same flag in the next state, share it."""
    made: dict[str, Any] = {}
    exec(compile(source, "<flag>", "exec"), {}, made)  # noqa: S102 - the source holds no text of a user's
    return made["generated"].__code__
