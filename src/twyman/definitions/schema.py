"""The JSON Schema of every kind, for editors: made of the very types that read the files."""

from typing import Any, cast

import msgspec

from twyman.definitions.documents import DOCUMENTS
from twyman.kernel.errors import NotFound, nearest

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


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
    kinds = [kind] if kind else list(DOCUMENTS)
    found, parts = msgspec.json.schema_components([DOCUMENTS[each] for each in kinds], ref_template="#/$defs/{name}")
    parts = {name: _tidy(part) for name, part in parts.items()}
    if kind is None:
        title = {"$schema": _DIALECT, "title": "A definition of Twyman"}
        return {**title, "oneOf": list(found), "$defs": parts}
    (own,) = found
    name = str(own["$ref"]).rpartition("/")[2]
    rest = {other: part for other, part in parts.items() if other != name}
    return {"$schema": _DIALECT, **parts[name], **({"$defs": rest} if rest else {})}


def _tidy(part: dict[str, Any]) -> dict[str, Any]:
    """Take out of the schema what the reader refuses too: a key that is there and holds nothing."""
    properties = cast("dict[str, dict[str, Any]]", part.get("properties", {}))
    for each in properties.values():
        if each.get("default", 0) is None:
            del each["default"]
        options = cast("list[dict[str, Any]]", each.get("anyOf", []))
        kept = [option for option in options if option != {"type": "null"}]
        if len(kept) == 1 and len(kept) < len(options):
            del each["anyOf"]
            each.update(kept[0])
        elif kept:
            each["anyOf"] = kept
    return part
