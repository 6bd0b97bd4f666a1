"""The type of a flag's value: struct, list, int, double, string or bool, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from math import inf
from typing import cast

from msgspec import Struct

_EXACT = 1 << 53
"""Whole numbers below this one are numbers without loss."""


class Type(StrEnum):
    """The types a value may have."""

    STRUCT = "struct"
    LIST = "list"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    BOOL = "bool"


class Field(Struct, frozen=True, omit_defaults=True):
    """A type, and the limits of its values.

    Attributes:
        fields: Of a struct: type by name.
        items: Of a list: the type of each element.
        minimum, maximum: Of a number: both within; of text and lists: of the length.
        one_of: The only values there may be.
        optional: Whether a struct may leave it out.
    """

    type: Type
    fields: dict[str, Field] | None = None
    items: Field | None = None
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[str | int | float | bool, ...] | None = None
    optional: bool = False


_NOUNS = {
    Type.STRUCT: "a mapping",
    Type.LIST: "a list",
    Type.INT: "a whole number",
    Type.DOUBLE: "a number",
    Type.STRING: "text",
    Type.BOOL: "true or false",
}


def conformed(value: object, field: Field) -> object:
    """Return a value as its type has it: 12.0 is the whole number 12, and 5 the number 5.0.

    What doesn't fit stays as it is: `misfits` says why.

    Example:
        >>> fields = {"rows": Field(Type.INT), "ratio": Field(Type.DOUBLE)}
        >>> conformed({"rows": 12.0, "ratio": 5}, Field(Type.STRUCT, fields))
        {'rows': 12, 'ratio': 5.0}
    """
    match field.type, value:
        case Type.STRUCT, dict():
            inner = cast("dict[str, object]", value)
            known = field.fields or {}
            return {name: conformed(each, known[name]) if name in known else each for name, each in inner.items()}
        case Type.LIST, list() if field.items is not None:
            return [conformed(each, field.items) for each in cast("list[object]", value)]
        case Type.INT, float() if value.is_integer():
            return int(value)
        case Type.DOUBLE, int() if not isinstance(value, bool) and abs(value) < _EXACT:
            return float(value)
        case _:
            return value


def misfits(value: object, field: Field, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield everything that a schema refuses in a value: where, and why.

    Example:
        >>> rows = Field(Type.STRUCT, {"rows": Field(Type.INT, maximum=100), "layout": Field(Type.STRING)})
        >>> [*misfits({"rows": 1.5}, rows)]
        [('rows', "1.5 isn't a whole number"), ('', "'layout' is missing")]
    """
    if not _has_type(value, field.type):
        yield path, f"{_shown(value)} isn't {_NOUNS[field.type]}"
        return
    yield from ((path, why) for why in _beyond(value, field))
    if field.type is Type.STRUCT:
        yield from _in_struct(cast("Mapping[str, object]", value), field.fields or {}, path)
    elif field.type is Type.LIST and field.items is not None:
        for place, each in enumerate(cast("Sequence[object]", value)):
            yield from misfits(each, field.items, _below(path, str(place)))


def _in_struct(value: Mapping[str, object], fields: Mapping[str, Field], path: str) -> Iterator[tuple[str, str]]:
    for name, each in value.items():
        if name in fields:
            yield from misfits(each, fields[name], _below(path, name))
        else:
            yield _below(path, name), f"'{name}' isn't in the schema"
    for name, each in fields.items():
        if name not in value and not each.optional:
            yield path, f"'{name}' is missing"


def _has_type(value: object, wanted: Type) -> bool:
    match wanted:
        case Type.STRUCT:
            return isinstance(value, Mapping)
        case Type.LIST:
            return isinstance(value, list | tuple)
        case Type.INT:
            return (isinstance(value, int) and not isinstance(value, bool)) or _is_whole(value)
        case Type.DOUBLE:
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < inf
        case Type.STRING:
            return isinstance(value, str)
        case Type.BOOL:
            return isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _beyond(value: object, field: Field) -> Iterator[str]:
    """Yield which limits a value of the right type is beyond."""
    if field.one_of is not None and value not in field.one_of:
        yield f"{_shown(value)} isn't one of {', '.join(map(_shown, field.one_of))}"
    measured = _measured(value)
    if measured is None:
        return
    what = _shown(value) if measured is value else f"length {measured}"
    if field.minimum is not None and measured < field.minimum:
        yield f"{what} is below the minimum, {field.minimum:g}"
    if field.maximum is not None and measured > field.maximum:
        yield f"{what} is above the maximum, {field.maximum:g}"


def _measured(value: object) -> int | float | None:
    """Return what limits apply to: a number itself, the length of text and lists."""
    if isinstance(value, str | list | tuple):
        return len(cast("Sequence[object]", value))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    said = {None: "nothing", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return said[value]
    return f"'{value:.40}'" if isinstance(value, str) else f"{value}"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
