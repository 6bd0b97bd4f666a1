"""The JSON Schema of every kind, for editors: made of the very types that read the files."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec
from msgspec import Struct

from twyman.definitions.criterion_documents import CriterionDocument, PrerequisiteDocument, WhenDocument
from twyman.definitions.documents import DOCUMENTS
from twyman.definitions.words import ONCE_OR_BY_ARM, TEXT_AS_IT_STANDS
from twyman.kernel.errors import NotFound, nearest

_REFERRED = (WhenDocument, CriterionDocument, PrerequisiteDocument)
"""Parts that others name by reference only, since their keys are the user's."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def schema(kind: str | None = None) -> dict[str, Any]:
    """Return the JSON Schema of one kind of definition, or of any.

    Raises:
        NotFound: If there is no such kind.

    Example:
        >>> schema("metric")["properties"]["kind"]
        {'enum': ['metric']}
    """
    if kind is not None and kind not in DOCUMENTS:
        raise NotFound(f"kind '{kind}' isn't known: {nearest(kind, DOCUMENTS)}")
    documents = [DOCUMENTS[kind]] if kind else list(DOCUMENTS.values())
    wholes, parts = msgspec.json.schema_components([*documents, *_REFERRED], ref_template="#/$defs/{name}")
    types = _structs()
    named = {name: _part(part, types[name]) for name, part in parts.items()}
    wholes = list(wholes)[: len(documents)]
    needed = _reached(wholes, named)
    named = {name: part for name, part in named.items() if name in needed}
    if kind is None:
        return {"$schema": _DIALECT, "title": "A definition of Twyman", "oneOf": wholes, "$defs": named}
    own = named.pop(documents[0].__name__)
    return {"$schema": _DIALECT, **own, **({"$defs": named} if named else {})}


def _reached(wholes: object, parts: dict[str, Any]) -> set[str]:
    """Return the names of the parts that some schemas refer to, and of those that these do."""
    reached: set[str] = set()
    waiting = [*_references(wholes)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _references(parts[name])
    return reached


def _references(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in cast("list[object]", node):
            yield from _references(item)
    elif isinstance(node, dict):
        for key, item in cast("dict[str, object]", node).items():
            if key == "$ref":
                yield str(item).removeprefix("#/$defs/")
            yield from _references(item)


def meanings(document: type[Struct]) -> dict[str, str]:
    """Return what each key means, from the docstrings of the type and of those it builds on.

    Example:
        >>> meanings(DOCUMENTS["metric"])["direction"]
        'Which way is better.'
    """
    keys = {each.name: each.encode_name for each in msgspec.structs.fields(document)}
    found: dict[str, str] = {}
    for kind in reversed(document.__mro__):
        _, _, section = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")
        for name, text in _ATTRIBUTE.findall(section):
            found[keys.get(name) or name] = " ".join(text.split())
    return {key: text for key, text in found.items() if key in keys.values()}


def _structs() -> dict[str, type[Struct]]:
    """Every type of document and part of one, by its name."""
    found: dict[str, type[Struct]] = {}
    waiting: list[type[Struct]] = [Struct]
    while waiting:
        for each in waiting.pop().__subclasses__():
            if each.__module__.startswith("twyman.definitions."):
                found[each.__name__] = each
            waiting.append(each)
    return found


def _part(part: dict[str, Any], document: type[Struct]) -> dict[str, Any]:
    tidy = cast("dict[str, Any]", _tidy(part))
    properties = cast("dict[str, dict[str, Any]]", tidy.get("properties", {}))
    for key, text in meanings(document).items():
        properties[key]["description"] = text
    for each in properties.values():
        _without_nothing(each)
    kinds = cast("list[str]", properties.get("kind", {}).get("enum", []))
    title = kinds[0] if kinds else document.__name__.removesuffix("Document").lower()
    description = inspect.cleandoc(document.__doc__ or "").partition("\n\nAttributes:")[0]
    others = getattr(document, "OTHERS", None)
    rest = {"additionalProperties": {"$ref": f"#/$defs/{others.__name__}"}} if others else {}
    return {**tidy, "title": title, "description": description, **rest}


def _tidy(node: object) -> object:
    """Say in JSON Schema's words what our own marks mean."""
    if isinstance(node, list):
        return [_tidy(item) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(item) for key, item in cast("dict[str, object]", node).items()}
    if tidy.pop(TEXT_AS_IT_STANDS, False):
        tidy["type"] = ["string", "number", "boolean"]
    if tidy.pop(ONCE_OR_BY_ARM, False):
        return {"anyOf": [tidy["additionalProperties"], tidy]}
    return tidy


def _without_nothing(each: dict[str, Any]) -> None:
    """Take out what the reader refuses: a key that is there and holds nothing."""
    if each.get("default", 0) is None:
        del each["default"]
    options = cast("list[dict[str, Any]]", each.get("anyOf", []))
    kept = [option for option in options if option != {"type": "null"}]
    if len(kept) == 1:
        del each["anyOf"]
        each.update({**kept[0], **each})
    elif kept:
        each["anyOf"] = kept
