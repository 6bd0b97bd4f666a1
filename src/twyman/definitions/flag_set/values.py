"""The type of a flag's value, and its variants held against it."""

from dataclasses import dataclass
from typing import cast

from twyman.definitions.node import Entry, Listing, Mapped, Node, Scalar
from twyman.definitions.reading import builtins
from twyman.definitions.subject import Subject
from twyman.flags.flag import Variant
from twyman.flags.schema import Field, Type, conformed, misfits
from twyman.kernel.errors import nearest

WORDS = ("int", "double", "string", "bool")
RESERVED = ("fallthrough", "client_default")
"""What a rule may say in place of a variant, so that no variant may have the name."""

_LIMITS = ("type", "fields", "items", "minimum", "maximum", "one_of", "optional")
_UNREAD = Field(Type.STRUCT)


@dataclass(frozen=True, slots=True)
class Types:
    """Reads the types of one flag."""

    subject: Subject

    def read(self, node: Node, path: str) -> Field:
        """Read a type; what is wrong with it is noted with the subject.

        A mapping with a known word under `type`, and limits beside it, is one type with its limits; any other
        mapping is a struct, its types by name.
        """
        match node:
            case Scalar():
                return self._word(node, path)
            case Listing((item,)):
                return Field(Type.LIST, items=self.read(item, f"{path}.0"))
            case Listing():
                self.subject.refuse(
                    path, f"'{path}' has {len(node.items)} types, and a list's elements one: write [string]"
                )
                return _UNREAD
            case Mapped():
                return self._limited(node, path) if _is_limited(node) else self._struct(node, path)

    def _word(self, node: Scalar, path: str) -> Field:
        if node.value in WORDS:
            return Field(Type(cast("str", node.value)))
        known = (*WORDS, "list, as in [string],", "struct, as in {rows: int},")
        self.subject.refuse(path, f"'{path}' {node.text!r} isn't a type: {nearest(node.text, known)}")
        return _UNREAD

    def _struct(self, node: Mapped, path: str) -> Field:
        if not node.entries:
            self.subject.refuse(path, f"'{path}' has no fields: write one, such as {{layout: string}}")
        return Field(Type.STRUCT, {entry.key: self.read(entry.node, f"{path}.{entry.key}") for entry in node.entries})

    def _limited(self, node: Mapped, path: str) -> Field:
        kind = Type(node.text("type"))
        fields, items = node.get("fields"), node.get("items")
        made = Field(
            kind,
            self._struct(fields, f"{path}.fields").fields if isinstance(fields, Mapped) else None,
            self.read(items, f"{path}.items") if items is not None else None,
            self._limit(node, "minimum", path),
            self._limit(node, "maximum", path),
            self._one_of(node, path),
            self._optional(node, path),
        )
        self._check(made, node, path)
        return made

    def _limit(self, node: Mapped, key: str, path: str) -> float | None:
        found = node.get(key)
        if found is None:
            return None
        if isinstance(found, Scalar) and isinstance(found.value, int | float) and not isinstance(found.value, bool):
            return found.value
        self.subject.refuse(f"{path}.{key}", f"'{path}.{key}' isn't a number: write one")
        return None

    def _one_of(self, node: Mapped, path: str) -> tuple[str | int | float | bool, ...] | None:
        found = node.get("one_of")
        if found is None:
            return None
        plain = builtins(found)
        if (
            isinstance(plain, list)
            and plain
            and all(isinstance(each, str | int | float) for each in cast("list[object]", plain))
        ):
            return tuple(cast("list[str | int | float | bool]", plain))
        self.subject.refuse(
            f"{path}.one_of", f"'{path}.one_of' isn't a list of values: write one, such as [list, cards]"
        )
        return None

    def _optional(self, node: Mapped, path: str) -> bool:
        found = node.get("optional")
        if found is None:
            return False
        if isinstance(found, Scalar) and isinstance(found.value, bool):
            return found.value
        self.subject.refuse(f"{path}.optional", f"'{path}.optional' is true or false: write one of them")
        return False

    def _check(self, made: Field, node: Mapped, path: str) -> None:
        for key, kinds in (
            ("fields", (Type.STRUCT,)),
            ("items", (Type.LIST,)),
            ("minimum", (Type.INT, Type.DOUBLE, Type.STRING, Type.LIST)),
            ("maximum", (Type.INT, Type.DOUBLE, Type.STRING, Type.LIST)),
            ("one_of", (Type.INT, Type.DOUBLE, Type.STRING)),
        ):
            if node.get(key) is not None and made.type not in kinds:
                self.subject.refuse(f"{path}.{key}", f"'{path}.{key}' limits no {made.type.value}: leave it out")
        if made.type is Type.STRUCT and made.fields is None:
            self.subject.refuse(path, f"'{path}' is a struct without fields: add fields: {{layout: string}}")
        if made.minimum is not None and made.maximum is not None and made.minimum > made.maximum:
            self.subject.refuse(
                f"{path}.minimum", f"'{path}' has its minimum above its maximum, so no value fits: exchange them"
            )
        for each in made.one_of or ():
            for _, why in misfits(each, Field(made.type, minimum=made.minimum, maximum=made.maximum)):
                self.subject.refuse(f"{path}.one_of", f"'{path}.one_of': {why}: correct it")


def _is_limited(node: Mapped) -> bool:
    return node.text("type") in {*Type} and all(entry.key in _LIMITS for entry in node.entries)


def variants(node: Mapped, field: Field | None, subject: Subject) -> tuple[Variant, ...]:
    """Read a flag's variants; whatever doesn't fit its type (`None`: any does) is noted with its path."""
    if not node.entries:
        subject.refuse("variants", "it has no variant, so nothing could be served: write one, such as on: true")
    return tuple(_variant(entry, field, subject) for entry in node.entries)


def _variant(entry: Entry, field: Field | None, subject: Subject) -> Variant:
    path = f"variants.{entry.key}"
    if entry.key in RESERVED:
        subject.refuse(
            path, f"'{entry.key}' is no name for a variant, since rules say it for something else: take another"
        )
    value = builtins(entry.node)
    if field is None:
        return Variant(entry.key, value)
    for below, why in misfits(value, field):
        at = f"{path}.{below}" if below else path
        subject.refuse(at, f"'{at}' doesn't fit the schema ({why}): correct the value, or the schema")
    return Variant(entry.key, conformed(value, field))
