"""Functions that an expression may call, by the name a definition calls them; null in, null out.

A function that isn't here isn't verified, and its name is said.
"""

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from twyman.warehouse.naive import dates, texts
from twyman.warehouse.naive.casts import text_of
from twyman.warehouse.naive.unverifiable import Unverifiable

Function = Callable[..., Any]


def rounded(value: Any, digits: int = 0) -> Any:  # noqa: ANN401 - a value of the row
    """Return a number to so many digits, halves away from zero."""
    if isinstance(value, float):
        factor = 10.0**digits
        scaled = value * factor
        if not math.isfinite(scaled):
            return value
        return math.copysign(math.floor(abs(scaled) + 0.5), scaled) / factor
    exact = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return int(exact) if isinstance(value, int) else exact


def _edge(rounding: str, plain: Callable[[float], int]) -> Function:
    def found(value: Any) -> Any:  # noqa: ANN401 - as above
        if isinstance(value, Decimal):
            return value.quantize(Decimal(1), rounding)
        return float(plain(value)) if math.isfinite(value) else value

    return found


def _logarithm(*given: Any) -> float:  # noqa: ANN401 - as above
    *base, value = [float(one) for one in given]
    if value <= 0 or any(one <= 0 or one == 1 for one in base):
        raise Unverifiable("takes the logarithm of what has none")
    return math.log10(value) if not base or base[0] == 10 else math.log(value) / math.log(base[0])


def _root(value: Any) -> float:  # noqa: ANN401 - as above
    if value < 0:
        raise Unverifiable("takes the root of a negative number")
    return math.sqrt(value)


def _power(base: Any, exponent: Any) -> float:  # noqa: ANN401 - as above
    found = float(base) ** float(exponent)
    if isinstance(found, complex):
        raise Unverifiable("takes the root of a negative number")
    return found


def _sign(value: Any) -> int:  # noqa: ANN401 - as above
    return (value > 0) - (value < 0)


def _natural(value: Any) -> float:  # noqa: ANN401 - as above
    return math.log(value) if value > 0 else _logarithm(value)


FUNCTIONS: Mapping[str, Function] = {
    "abs": abs,
    "round": rounded,
    "floor": _edge(ROUND_FLOOR, math.floor),
    "ceil": _edge(ROUND_CEILING, math.ceil),
    "ceiling": _edge(ROUND_CEILING, math.ceil),
    "trunc": _edge(ROUND_DOWN, math.trunc),
    "sign": _sign,
    "sqrt": _root,
    "exp": math.exp,
    "ln": _natural,
    "log": _logarithm,
    "power": _power,
    "pow": _power,
    "isnan": math.isnan,
    "is_nan": math.isnan,
    "isinf": math.isinf,
    "is_inf": math.isinf,
    "isfinite": math.isfinite,
    "lower": texts.in_case(str.lower),
    "upper": texts.in_case(str.upper),
    "length": len,
    "strlen": texts.bytes_of,
    "substring": texts.substring,
    "left": texts.left,
    "right": texts.right,
    "reverse": texts.backwards,
    "split_part": texts.part_of,
    "replace": texts.exchanged,
    "starts_with": str.startswith,
    "prefix": str.startswith,
    "ends_with": str.endswith,
    "suffix": str.endswith,
    "contains": str.__contains__,
    "str_position": texts.place_of,
    "regexp_like": texts.finds,
    "regexp_full_match": texts.matches,
    "regexp_extract": texts.extracted,
    "regexp_replace": texts.replaced,
    "date_part": dates.date_part,
    "datepart": dates.date_part,
    "date_trunc": dates.date_trunc,
    "date_diff": dates.date_diff,
    "epoch": dates.epoch,
    "epoch_us": dates.from_epoch(1_000_000, zoned=False),
    "epoch_ms": dates.from_epoch(1_000, zoned=False),
    "to_timestamp": dates.from_epoch(1, zoned=True),
    "make_timestamp": dates.from_epoch(1_000_000, zoned=False),
    "text": text_of,
}
