"""The types of a document's fields: what an editor completes, and what the reader insists on.

Each type carries its description and an example (they reach the JSON Schema and the errors) and,
under `extra`, what only our reader knows: the two marks below, and `cure`, the end of an error.
"""

from typing import Annotated, Any

from msgspec import Meta

TEXT_AS_IT_STANDS = "x-text"
"""Mark of a field whose text is taken as it stands in the file, whatever YAML makes of it (`where: true`)."""

ONCE_OR_BY_ARM = "x-once-or-by-arm"
"""Mark of a mapping by arm that may also be written once, for all treatments (`expect`, `ceiling`)."""

NAME = r"^[a-z][a-z0-9_-]*$"

Name = Annotated[
    str,
    Meta(
        pattern=NAME,
        description="A name: lower-case letters, digits, - and _, starting with a letter.",
        examples=["minutes_per_user"],
    ),
]
ArmName = Annotated[
    str,
    Meta(
        pattern=NAME,
        description="The name of an arm; `is` says what the data call it, where that differs.",
        examples=["control"],
        extra={"cure": "; what the data call it goes into the arm, as in {is: Mens E-Mail}"},
    ),
]
Text = Annotated[str, Meta(description="A text for people to read.")]
Expression = Annotated[
    str,
    Meta(
        description="One expression over a row, in DuckDB's dialect.",
        examples=["played_ms / 1000.0"],
        extra={TEXT_AS_IT_STANDS: True},
        extra_json_schema={TEXT_AS_IT_STANDS: True},
    ),
]
Column = Annotated[str, Meta(description="The name of a column, or an expression over the row.", examples=["user_id"])]
TableName = Annotated[
    str,
    Meta(description="A file, a pattern of files, or a table of the warehouse.", examples=["listening/*.parquet"]),
]
Share = Annotated[str | int | float, Meta(description="A share or an error rate: 5% or 0.05.", examples=["5%", 0.05])]
Size = Annotated[str | int | float, Meta(description="An effect: 2% or 0.02.", examples=["2%", 0.02])]
Fraction = Annotated[str | int | float, Meta(description="A factor: a number or a fraction.", examples=["1/60", 0.001])]
Duration = Annotated[str, Meta(description="A length of time: w, d, h, m, s.", examples=["7d", "36h"])]
Time = Annotated[
    str,
    Meta(
        description="An ISO 8601 time; a date means midnight in the project's zone.",
        examples=["2015-06-01", "2015-06-01T12:00Z"],
    ),
]
InData = Annotated[
    str | int | bool, Meta(description="A value as it stands in the data; compared as text.", examples=["Mens E-Mail"])
]
Later = Annotated[Any, Meta(description="Recognised, and not available in this version.")]
Named = dict[Name, Expression] | list[Column]
"""Expressions by name; or a list of columns that keep theirs."""
Formats = dict[str, Annotated[str, Meta(description="A strptime format.", examples=["%m/%d/%Y"])]]

When = Annotated[
    Any,
    Meta(
        description="Whom it speaks to: criteria by attribute, and all, any, not over them.",
        examples=["{country: {in: [NZ]}}"],
        extra_json_schema={"$ref": "#/$defs/WhenDocument"},
    ),
]
FieldType = Annotated[
    Any,
    Meta(
        description="int, double, string or bool; [string] for a list; types by name for a struct; or with limits.",
        examples=["{layout: string, rows: {type: int, minimum: 0}}"],
        extra_json_schema={
            "anyOf": [
                {"enum": ["int", "double", "string", "bool"]},
                {"type": "array", "minItems": 1, "maxItems": 1},
                {"type": "object"},
            ]
        },
    ),
]
Salt = Annotated[
    str, Meta(description="What a draw is salted with: written once, never reused.", examples=["moment-page-2015-04"])
]
UnitPath = Annotated[
    str,
    Meta(
        description="Where the context holds the unit's id; left out: the targeting key.",
        examples=["user_id", "account.id"],
    ),
]
UnitId = Annotated[
    str,
    Meta(
        description="The id of a unit, as it stands.",
        extra={TEXT_AS_IT_STANDS: True},
        extra_json_schema={TEXT_AS_IT_STANDS: True},
    ),
]
