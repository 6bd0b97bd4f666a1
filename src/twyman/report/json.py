"""The answer as JSON: stable names, every digit, and never a number that JSON can't carry."""

import math
from collections.abc import Iterable
from typing import Any, cast

import msgspec

from twyman.app.views import Answer
from twyman.kernel.errors import Invalid


def json_text(answer: Answer) -> str:
    """Return the answer as indented JSON, at full precision.

    Raises:
        Invalid: If a number in it is infinite or NaN: a value that doesn't exist must be `null`, with its reason.
    """
    plain = answer.to_dict()
    broken = [path for path, value in _floats(plain, "answer") if not math.isfinite(value)]
    if broken:
        raise Invalid(
            f"{broken[0]} isn't a finite number, and JSON has no word for it: "
            "this is a fault in Twyman, please report it with the definition"
        )
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def _floats(value: object, path: str) -> Iterable[tuple[str, float]]:
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, dict):
        for key, part in cast("dict[str, Any]", value).items():
            yield from _floats(part, f"{path}.{key}")
    elif isinstance(value, list):
        for index, part in enumerate(cast("list[Any]", value)):
            yield from _floats(part, f"{path}[{index}]")
