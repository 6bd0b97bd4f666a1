"""The type of a flag's value: struct, list, int, double, string or bool, within limits."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


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
