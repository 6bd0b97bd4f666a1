"""An answer that a terminal can't be moved by."""

import unicodedata
from typing import Any, TypeVar, cast

import msgspec

from twyman.app.views import Answer

_T = TypeVar("_T")


def inert(answer: _T) -> _T:
    """Drop control characters: a name in the data must not move the cursor or colour the screen."""
    plain = answer.to_dict() if isinstance(answer, Answer) else msgspec.to_builtins(answer)
    return msgspec.convert(_without_controls(plain), type(answer))


def _without_controls(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, str):
        return "".join(sign for sign in value if sign == "\n" or unicodedata.category(sign) != "Cc")
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {_without_controls(key): _without_controls(part) for key, part in pairs}
    if isinstance(value, list):
        return [_without_controls(part) for part in cast("list[Any]", value)]
    return value
