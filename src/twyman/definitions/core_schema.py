"""What a plain word means in YAML 1.2's core schema: nothing, a truth, a number, else itself.

YAML 1.1 read `NO` and `off` as false, `12:30` as 750 and `2015-06-01` as a date; 1.2 doesn't.
"""

import math
import re

from twyman.definitions.node import Plain
from twyman.kernel.errors import Invalid

_NOTHING = {"", "~", "null", "Null", "NULL"}
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MAX_DIGITS = 18


def core(text: str) -> Plain:
    """Return what a plain (unquoted) scalar means.

    Raises:
        Invalid: If it is a number that can't be reckoned with.

    Example:
        >>> core("NO"), core("off"), core("true"), core("0x1F"), core("5.20"), core("2015-06-01"), core("~")
        ('NO', 'off', True, 31, 5.2, '2015-06-01', None)
    """
    if text in _NOTHING:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _NOT_FINITE.fullmatch(text):
        raise Invalid(f"number {text} is none that can be reckoned with: write a finite number")
    if _WHOLE.fullmatch(text) or _OTHER_BASE.fullmatch(text):
        return _whole(text)
    return _decimal(text) if _NUMBER.fullmatch(text) else text


def _whole(text: str) -> int:
    if len(text.lstrip("+-")) > _MAX_DIGITS:
        raise Invalid(f"number {text[:20]} has more than {_MAX_DIGITS} digits: quote it, if it is an id")
    return int(text, 0) if _OTHER_BASE.fullmatch(text) else int(text)


def _decimal(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Invalid(f"number {text[:20]} is too large to be reckoned with: write a smaller one")
    return number
