"""What contexts that stand for everybody may say in a definition file."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from twyman.definitions.source_documents import NamedDocument
from twyman.definitions.words import TableName, Text

Spread = Annotated[
    Any,
    Meta(
        description="Shares by value; or {between: [0, 10]}; or {given: another attribute, of: {a value: …}}.",
        examples=["{NZ: 1%, US: 99%}"],
        extra_json_schema={"type": "object"},
    ),
]


class DrawDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """Contexts to be drawn.

    Attributes:
        size: How many contexts; left out: 100,000.
        seed: The same seed draws the same contexts.
        attributes: How each attribute is spread: shares by value (what they leave over has none), between two numbers
            or days, or given another attribute.
    """

    size: int | None = None
    seed: int = 1
    attributes: dict[str, Spread] | None = None


class ContextsDocument(NamedDocument, kw_only=True, tag="contexts"):
    """Contexts that stand for everybody who may ask: the launch gate resolves all flags for them.

    Attributes:
        table: File or pattern of files (CSV, Parquet, JSON lines) of real contexts, from the project's folder.
        draw: What is drawn instead, where there is no table.
        market: Attribute that holds the market of a context; left out: country.
        is_new: Attribute that says whether a unit is new; left out: is_new.
    """

    table: TableName | None = None
    draw: DrawDocument | None = None
    market: Text | None = None
    is_new: Text | None = None
