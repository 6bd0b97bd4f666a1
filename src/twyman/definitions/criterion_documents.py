"""What `when:` may say: criteria by attribute, and how they combine."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from twyman.definitions.words import Name, Text, Time


class OperandDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A value whose type is said, where it could be taken for another.

    Attributes:
        version: A version, compared by its numbers: quote it.
        time: An ISO 8601 time; a date means midnight in the project's zone.
        text: A text, whatever it looks like.
        number: A number, where the attribute's name sounds like a version.
    """

    version: Text | None = None
    time: Time | None = None
    text: Text | None = None
    number: int | float | None = None


Operand = Annotated[
    str | bool | int | float | OperandDocument,
    Meta(description="A text, number, truth; under bounds, a text such as 5.2.0 is a version, 2015-06-01 a time."),
]


class ElementDocument(
    Struct, kw_only=True, forbid_unknown_fields=True, rename={"equal": "is", "among": "in", "not_among": "not_in"}
):
    """Tests on one value; several must all hold.

    Attributes:
        equal: Equal to this; a list is equal to a list of the same elements.
        among: Equal to one of these.
        not_among: Equal to none of these; a missing attribute is.
        above: Above this.
        at_least: This or above.
        below: Below this.
        at_most: This or below.
        between: From the first to the second, both in.
        starts_with: Text that starts with this.
        ends_with: Text that ends with this.
        contains: Text that holds this somewhere.
        matches: Text in which this regular expression (RE2) is found somewhere.
        exists: Whether it is there and not null.
        is_null: Whether it is missing or null.
        ignore_case: Whether texts are compared without regard to case.
    """

    equal: Operand | list[Operand] | None = None
    among: list[Operand] | None = None
    not_among: list[Operand] | None = None
    above: Operand | None = None
    at_least: Operand | None = None
    below: Operand | None = None
    at_most: Operand | None = None
    between: list[Operand] | None = None
    starts_with: Text | None = None
    ends_with: Text | None = None
    contains: Text | None = None
    matches: Text | None = None
    exists: bool | None = None
    is_null: bool | None = None
    ignore_case: bool = False


class CriterionDocument(ElementDocument, kw_only=True):
    """Tests on one attribute; several must all hold. A list meets a test where some element does.

    Attributes:
        any_of: Some element of the list meets this.
        each_of: Every element of the list meets this.
    """

    any_of: ElementDocument | None = None
    each_of: ElementDocument | None = None


class PrerequisiteDocument(Struct, kw_only=True, forbid_unknown_fields=True, rename={"equal": "is", "among": "in"}):
    """Another flag serves one of these variants in the same context.

    Attributes:
        name: The other flag.
        equal: The variant that it must serve.
        among: The variants of which it must serve one.
    """

    name: Name
    equal: Name | None = None
    among: list[Name] | None = None


class WhenDocument(Struct, kw_only=True, rename={"every": "all", "some": "any", "negated": "not"}):
    """Criteria by attribute, named by its path in the context (`user.country`); several must all hold.

    Attributes:
        every: Each of these must hold.
        some: One of these must hold.
        negated: This mustn't hold.
        segment: A segment to be in.
        flag: A variant that another flag must serve.
    """

    OTHERS: ClassVar[type[Struct]] = CriterionDocument
    """What its other keys, the attributes, hold."""

    every: list["WhenDocument"] | None = None
    some: list["WhenDocument"] | None = None
    negated: "WhenDocument | None" = None
    segment: Name | CriterionDocument | None = None
    flag: (
        Annotated[
            Any,
            Meta(
                extra_json_schema={
                    "anyOf": [{"$ref": "#/$defs/PrerequisiteDocument"}, {"$ref": "#/$defs/CriterionDocument"}]
                }
            ),
        ]
        | None
    ) = None
