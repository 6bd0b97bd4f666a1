"""Values of variants, and the schema of a flag, which says what fields a value has at least."""

from collections.abc import Mapping
from typing import cast

from twyman.flags.dialects.confidence.piece import Piece, Unreadable, items, message, number, only, text
from twyman.flags.schema import Field, Type, conformed

DEEPEST = 32
"""Levels of a value or schema: what is deeper isn't one."""

_TYPES = {
    "structSchema": Type.STRUCT,
    "listSchema": Type.LIST,
    "intSchema": Type.INT,
    "doubleSchema": Type.DOUBLE,
    "stringSchema": Type.STRING,
    "boolSchema": Type.BOOL,
}


def schema(given: object) -> Field | None:
    """Read a `StructFlagSchema`; every field may be left out, and is null then.

    Raises:
        Unreadable: If it is none.

    Example:
        >>> schema({"schema": {"rows": {"intSchema": {}}}}).fields["rows"].type
        <Type.INT: 'int'>
    """
    return None if given is None else _struct(message(given, "schema"), depth=1, optional=False)


def _struct(given: Piece, depth: int, *, optional: bool) -> Field:
    fields = message(given.get("schema"), "schema")
    return Field(Type.STRUCT, {name: _field(each, depth + 1) for name, each in fields.items()}, optional=optional)


def _field(given: object, depth: int) -> Field:
    if depth > DEEPEST:
        raise Unreadable(f"its schema is nested deeper than {DEEPEST} levels")
    found = only(message(given, "schema of a field"), tuple(_TYPES))
    match found:
        case None:
            raise Unreadable("its schema has a field of a type that isn't known")
        case ("structSchema", inner):
            return _struct(message(inner, "structSchema"), depth, optional=True)
        case ("listSchema", inner):
            element = message(inner, "listSchema").get("elementSchema")
            return Field(Type.LIST, items=None if element is None else _field(element, depth + 1), optional=True)
        case (kind, _):
            return Field(_TYPES[kind], optional=True)


def value(given: object, kind: Field | None) -> object:
    """Read a variant's value; fields of the schema that it leaves out are null.

    Raises:
        Unreadable: If it isn't JSON.

    Example:
        >>> value({"rows": 20.0}, schema({"schema": {"rows": {"intSchema": {}}, "layout": {"stringSchema": {}}}}))
        {'rows': 20, 'layout': None}
    """
    read = _filled(_plain(message(given, "value"), depth=1), kind)
    return read if kind is None else conformed(read, kind)


def _plain(given: object, depth: int) -> object:
    if depth > DEEPEST:
        raise Unreadable(f"its value is nested deeper than {DEEPEST} levels")
    if given is None or isinstance(given, bool):
        return given
    if isinstance(given, str):
        return text(given, "text in its value")
    if isinstance(given, Mapping):
        fields = message(cast("Piece", given), "value")
        return {text(name, "field of its value"): _plain(each, depth + 1) for name, each in fields.items()}
    if isinstance(given, list | tuple):
        return [_plain(each, depth + 1) for each in items(cast("object", given), "value")]
    return number(given, "number in its value")


def _filled(given: object, kind: Field | None) -> object:
    if kind is None:
        return given
    if kind.type is Type.STRUCT and isinstance(given, dict):
        fields, known = cast("dict[str, object]", given), kind.fields or {}
        own = {name: _filled(each, known.get(name)) for name, each in fields.items()}
        return {**own, **{name: None for name in known if name not in fields}}
    return given
