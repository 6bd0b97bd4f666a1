"""Whether a flag's value is of the type that the caller wants: it gets that type, or its own default.

Types are strict, for whether a flag fits must not depend on which of its variants a unit was dealt: a whole
number is a number, too, but a number is no whole one, not even 2.0; and a truth is neither.
"""

from collections.abc import Callable, Mapping
from typing import cast

MISFIT = object()
"""What is returned of a value of another type."""

Fit = Callable[[object], object]
"""Returns a value as a type, structs and lists as copies; or `MISFIT`."""


def truth(found: object) -> object:
    """Take a truth."""
    return found if isinstance(found, bool) else MISFIT


def text(found: object) -> object:
    """Take a text."""
    return found if isinstance(found, str) else MISFIT


def whole_number(found: object) -> object:
    """Take a whole number.

    Example:
        >>> whole_number(2), whole_number(2.0) is MISFIT, whole_number(True) is MISFIT
        (2, True, True)
    """
    return found if isinstance(found, int) and not isinstance(found, bool) else MISFIT


def number(found: object) -> object:
    """Take a number, as a float."""
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else MISFIT


def struct(found: object) -> object:
    """Take a struct."""
    return anything(cast("object", found)) if isinstance(found, dict) else MISFIT


def sequence(found: object) -> object:
    """Take a list."""
    return anything(cast("object", found)) if isinstance(found, list | tuple) else MISFIT


def struct_or_list(found: object) -> object:
    """Take either."""
    return anything(cast("object", found)) if isinstance(found, dict | list | tuple) else MISFIT


def anything(found: object) -> object:
    """Take a value of any type, as one's own: it may be changed without changing the flag's for everybody."""
    if isinstance(found, dict):
        return {name: anything(inner) for name, inner in cast("dict[str, object]", found).items()}
    if isinstance(found, list | tuple):
        return [anything(inner) for inner in cast("list[object]", found)]
    return found


_FITS: tuple[tuple[type | tuple[type, ...], Fit], ...] = (
    (bool, truth),  # which is an int to Python
    (int, whole_number),
    (float, number),
    (str, text),
    (Mapping, struct),
    ((list, tuple), sequence),
)
_EXACT: Mapping[type, Fit] = {bool: truth, int: whole_number, float: number, str: text, dict: struct}


def fit_of(default: object) -> Fit:
    """Return the type that a caller's default asks for; `None` asks for any.

    Example:
        >>> fit_of(True).__name__, fit_of(3).__name__, fit_of({}).__name__
        ('truth', 'whole_number', 'struct')
    """
    exact = _EXACT.get(type(default))
    return exact or next((fit for python, fit in _FITS if isinstance(default, python)), anything)
