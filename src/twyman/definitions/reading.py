"""A node into a typed document: every unknown key, missing key and wrong type, with its line.

The types are msgspec's, and msgspec makes the document in the end; but it stops at the first error
and knows no lines, so we walk the same types over the nodes first and collect what is wrong.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect as shape

from twyman.definitions.node import Entry, Listing, Mapped, Node, Scalar
from twyman.definitions.subject import Subject
from twyman.definitions.words import ONCE_OR_BY_ARM, TEXT_AS_IT_STANDS
from twyman.kernel.errors import nearest

_D = TypeVar("_D")


def document(node: Mapped, kind: type[_D], subject: Subject) -> _D | None:
    """Read a node as a document; on any error note it with the subject and return `None`."""
    before = len(subject.errors)
    plain = _Walk(subject).plain(_type(kind), node, "")
    if len(subject.errors) > before:
        return None
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        subject.refuse("", f"definition can't be read ({error}): correct this part")
        return None


def part(node: Node, kind: type[_D], subject: Subject, path: str) -> _D | None:
    """Read a part of a definition, at a path, as `document` reads the whole."""
    before = len(subject.errors)
    plain = _Walk(subject).plain(_type(kind), node, path)
    if len(subject.errors) > before:
        return None
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        subject.refuse(path, f"'{path}' can't be read ({error}): correct this part")
        return None


def builtins(node: Node) -> object:
    """Return a node as plain dictionaries, lists and scalars."""
    match node:
        case Scalar(value):
            return value
        case Listing(items):
            return [builtins(item) for item in items]
        case Mapped(entries):
            return {entry.key: builtins(entry.node) for entry in entries}


@cache
def _type(kind: type) -> shape.Type:
    return shape.type_info(kind)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk of a type over a node; returns plain data for msgspec, and notes what is wrong."""

    subject: Subject

    def plain(self, kind: shape.Type, node: Node, path: str, extra: Mapping[str, object] | None = None) -> object:
        extra = extra or {}
        match kind:
            case shape.Metadata():
                return self.plain(kind.type, node, path, {**extra, **_extra(kind)})
            case shape.UnionType():
                return self._union(kind, node, path, extra)
            case shape.AnyType():
                return builtins(node)
            case _:
                return self._one(kind, node, path, extra)

    def _one(self, kind: shape.Type, node: Node, path: str, extra: Mapping[str, object]) -> object:
        match kind, node:
            case shape.StructType(), Mapped():
                return self._struct(kind, node, path)
            case shape.DictType(), Mapped():
                return self._dict(kind, node, path, extra)
            case shape.ListType(), Listing(items):
                return [self.plain(kind.item_type, item, f"{path}.{at}") for at, item in enumerate(items)]
            case _, Scalar():
                return self._scalar((kind,), node, path, extra)
            case _:
                return self._wrong((kind,), node, path, extra)

    def _struct(self, kind: shape.StructType, node: Mapped, path: str) -> dict[str, object]:
        fields = {each.encode_name: each for each in kind.fields}
        tag = {kind.tag_field: kind.tag} if kind.tag_field else {}
        known = [*fields, *tag]
        plain: dict[str, object] = {}
        for entry in node.entries:
            below = _below(path, entry.key)
            if entry.key in tag:
                plain[entry.key] = tag[entry.key]
            elif entry.key in fields:
                plain[entry.key] = self._field(fields[entry.key], entry, below)
            elif kind.forbid_unknown_fields:
                self._unknown(entry, below, path, known)
        missing = [name for name, each in fields.items() if each.required and node.get(name) is None]
        for name in missing:
            within = f"'{path}' " if path else ""
            self.subject.refuse(
                path, f"{within}has no '{name}', which it needs: add {name}:{_sample(fields[name].type)}"
            )
        return plain

    def _unknown(self, entry: Entry, below: str, path: str, known: Iterable[str]) -> None:
        around = f" in '{path}'" if path else ""
        self.subject.refuse(below, f"key '{entry.key}' isn't known{around}: {nearest(entry.key, known)}")

    def _field(self, each: shape.Field, entry: Entry, path: str) -> object:
        if isinstance(entry.node, Scalar) and entry.node.value is None:
            self.subject.refuse(path, f"'{entry.key}' has no value: write one, or leave the key out")
            return None
        return self.plain(each.type, entry.node, path)

    def _dict(self, kind: shape.DictType, node: Mapped, path: str, extra: Mapping[str, object]) -> dict[str, object]:
        value = kind.value_type
        if extra.get(ONCE_OR_BY_ARM) and isinstance(value, shape.StructType):
            own = {each.encode_name for each in value.fields}
            if any(entry.key in own for entry in node.entries):
                return {"": self.plain(value, node, path)}
        plain: dict[str, object] = {}
        for entry in node.entries:
            below = _below(path, entry.key)
            self._key(kind.key_type, entry.key, below)
            plain[entry.key] = self.plain(value, entry.node, below)
        return plain

    def _key(self, kind: shape.Type, key: str, path: str) -> None:
        bare, extra = _bare(kind)
        if not _takes(bare, key):
            around = path.removesuffix(key).rstrip(".")
            self.subject.refuse(path, f"'{key}' in '{around}' isn't a name: {_name_cure(key)}{extra.get('cure', '')}")

    def _union(self, kind: shape.UnionType, node: Node, path: str, extra: Mapping[str, object]) -> object:
        """Choose the one alternative that has the node's form; the types are made so that there is at most one."""
        options = [_bare(option) for option in kind.types]
        for (bare, more), whole in zip(options, kind.types, strict=True):
            if any(_has_form(inner, node) for inner in _alternatives(bare)):
                return self.plain(whole, node, path, {**extra, **more})
        merged = {**extra}
        for _, more in options:
            merged |= more
        kinds = tuple(inner for bare, _ in options for inner in _alternatives(bare))
        if isinstance(node, Scalar):
            return self._scalar(kinds, node, path, merged)
        return self._wrong(kinds, node, path, merged)

    def _scalar(self, kinds: tuple[shape.Type, ...], node: Scalar, path: str, extra: Mapping[str, object]) -> object:
        if node.value is None and not any(isinstance(kind, shape.NoneType) for kind in kinds):
            self.subject.refuse(path, f"'{path}' has no value: write one, or leave the key out")
            return None
        if extra.get(TEXT_AS_IT_STANDS) and node.value is not None:
            return node.text
        if any(_takes(kind, node.value) for kind in kinds):
            return node.value
        return self._wrong(kinds, node, path, extra)

    def _wrong(self, kinds: tuple[shape.Type, ...], node: Node, path: str, extra: Mapping[str, object]) -> None:
        self.subject.refuse(path, f"'{path}' {_shown(node)} {_why(kinds, node)}: {_cure(kinds, node, extra)}")


def _has_form(kind: shape.Type, node: Node) -> bool:
    match node:
        case Mapped():
            return isinstance(kind, shape.StructType | shape.DictType | shape.AnyType)
        case Listing():
            return isinstance(kind, shape.ListType | shape.AnyType)
        case Scalar():
            return isinstance(kind, shape.AnyType)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _bare(kind: shape.Type) -> tuple[shape.Type, Mapping[str, object]]:
    extra: dict[str, object] = {}
    while isinstance(kind, shape.Metadata):
        extra |= _extra(kind)
        kind = kind.type
    return kind, extra


def _alternatives(kind: shape.Type) -> tuple[shape.Type, ...]:
    if not isinstance(kind, shape.UnionType):
        return (kind,)
    return tuple(inner for option in kind.types for inner in _alternatives(_bare(option)[0]))


def _extra(kind: shape.Metadata) -> dict[str, object]:
    """What our types say beside what msgspec understands, and the examples that it would show an editor."""
    known = cast("Any", kind)
    own: dict[str, object] = known.extra or {}
    shown: dict[str, object] = known.extra_json_schema or {}
    return {**own, **{key: shown[key] for key in shown if key == "examples"}}


def _takes(kind: shape.Type, value: object) -> bool:
    if isinstance(value, bool):
        return isinstance(kind, shape.BoolType)
    match kind:
        case shape.LiteralType():
            return value in kind.values
        case shape.StrType():
            return isinstance(value, str) and (kind.pattern is None or _matches(kind.pattern, value))
        case _:
            return isinstance(value, _PYTHON.get(type(kind), ()))


def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern.removesuffix("$"), value) is not None


def _shown(node: Node) -> str:
    match node:
        case Scalar(_, text):
            return repr(text if len(text) <= 60 else text[:57] + "…")
        case Listing():
            return "is a list, and"
        case Mapped():
            return "is a mapping, and"


def _why(kinds: tuple[shape.Type, ...], node: Node) -> str:
    if isinstance(node, Scalar) and _wants_text(kinds) and isinstance(node.value, bool | int | float):
        return (
            f"is read as the {'truth' if isinstance(node.value, bool) else 'number'} {_yaml(node.value)}, not as text"
        )
    wanted = list(dict.fromkeys(_NOUNS[type(kind)] for kind in kinds if type(kind) in _NOUNS))
    if isinstance(node, Scalar) and any(isinstance(kind, shape.StrType) and kind.pattern for kind in kinds):
        return "isn't a name"
    if any(isinstance(kind, shape.LiteralType) for kind in kinds):
        return "isn't one of the words known here"
    return "isn't " + " or ".join(wanted) if isinstance(node, Scalar) else "must be " + " or ".join(wanted)


def _cure(kinds: tuple[shape.Type, ...], node: Node, extra: Mapping[str, object]) -> str:
    literals = [str(word) for kind in kinds if isinstance(kind, shape.LiteralType) for word in kind.values]
    if literals:
        return nearest(node.text, literals) if isinstance(node, Scalar) else "write " + " or ".join(literals)
    if isinstance(node, Scalar) and _wants_text(kinds) and isinstance(node.value, bool | int | float):
        return f'quote it, as in "{node.text}"'
    if isinstance(node, Scalar) and any(isinstance(kind, shape.StrType) and kind.pattern for kind in kinds):
        return _name_cure(node.text)
    examples = extra.get("examples")
    if isinstance(examples, list) and examples:
        return "write it as in " + " or ".join(str(sample) for sample in examples)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    fields = [each.encode_name for kind in kinds if isinstance(kind, shape.StructType) for each in kind.fields]
    return "give it the keys " + ", ".join(fields[:6]) if fields else _plain_cure(kinds, node)


def _plain_cure(kinds: tuple[shape.Type, ...], node: Node) -> str:
    if not isinstance(node, Scalar) or not any(isinstance(kind, shape.IntType) for kind in kinds):
        return "correct it"
    if likely := re.fullmatch(r"([1-9]\d*)[eE]\+?(\d{1,2})", node.text, re.ASCII):
        return f"write its digits, as in {likely[1]}{'0' * int(likely[2])}"
    return "write its digits only, as in 1000"


def _name_cure(text: str) -> str:
    likely = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-").lstrip("0123456789_-")
    sample = f", as in {likely}" if likely else ""
    return f"write lower-case letters, digits, - and _, starting with a letter{sample}"


def _wants_text(kinds: tuple[shape.Type, ...]) -> bool:
    return any(isinstance(kind, shape.StrType) and not kind.pattern for kind in kinds)


def _yaml(value: bool | float) -> str:  # noqa: FBT001 - a scalar, not a switch
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _sample(kind: shape.Type) -> str:
    bare, extra = _bare(kind)
    examples = extra.get("examples")
    if isinstance(bare, shape.LiteralType):
        return " " + " or ".join(str(word) for word in bare.values)
    return f" {examples[0]}" if isinstance(examples, list) and examples else ""  # pyright: ignore[reportUnknownVariableType]


_NOUNS: Mapping[type[shape.Type], str] = {
    shape.StrType: "a text",
    shape.IntType: "a whole number",
    shape.FloatType: "a number",
    shape.BoolType: "true or false",
    shape.ListType: "a list",
    shape.DictType: "a mapping",
    shape.StructType: "a mapping",
}

_PYTHON: Mapping[type[shape.Type], tuple[type, ...]] = {
    shape.NoneType: (type(None),),
    shape.IntType: (int,),
    shape.FloatType: (int, float),
}
