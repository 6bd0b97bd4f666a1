"""What a flag, a segment, and what stands around them may say in a definition file."""

from typing import Any, Literal

from msgspec import Struct

from twyman.definitions.source_documents import NamedDocument
from twyman.definitions.words import FieldType, Name, Salt, Share, Text, UnitId, UnitPath, When


class StickyDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a unit keeps its variant once it has one.

    Attributes:
        store: Name under which variants are kept; left out: the flag's and the rule's.
        paused: Whether it takes no new units in.
        ignore_targeting: Whether a unit once in stays in, whatever its attributes say later.
    """

    store: Text | None = None
    paused: bool = False
    ignore_targeting: bool = False


class RuleDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """One line of a flag: whom it speaks to, and what they get.

    Attributes:
        name: Its name, unique in its flag.
        when: Whom it speaks to, beside its segment.
        segment: The segment whose units it speaks to.
        by: Where the context holds the unit's id; left out: the targeting key.
        salt: The salt of its split: written once, never reused.
        split: Share by variant; also of fallthrough and client_default.
        serve: The one variant that all get, or fallthrough, or client_default.
        share: The share of its units that it speaks to; the others go on to the next rule.
        otherwise: What the rest of a share or split gets: fallthrough is logged and goes on, client_default ends.
        environments: Where it works; left out: everywhere.
        enabled: Whether it works at all.
        experiment: Key under which its exposures are analysed; left out: flag.rule.
        sticky: Whether, or how, a unit keeps its variant once it has one.
    """

    name: Name
    when: When | None = None
    segment: Name | None = None
    by: UnitPath | None = None
    salt: Salt | None = None
    split: dict[Name, Share] | None = None
    serve: Name | None = None
    share: Share | None = None
    otherwise: Literal["fallthrough", "client_default"] | None = None
    environments: list[Name] | None = None
    enabled: bool = True
    experiment: Name | None = None
    sticky: bool | StickyDocument = False


class FlagDocument(NamedDocument, kw_only=True, tag="flag"):
    """A typed value, served to units by ordered rules: the first that has a side for the unit serves it.

    Attributes:
        schema: The type of its value: types by name for a struct, or one type.
        variants: Its values, by name.
        default: The variant of those whom no rule serves; left out: the caller's own default.
        clients: Who may see it; left out: everybody.
        archived: Whether it is over: all get the default.
        sealed: Whether the launch gate tells others no more of it than that it conflicts, and whom to ask.
        rules: Who gets what, in order.
    """

    schema: FieldType
    variants: dict[Name, Any]
    default: Name | None = None
    clients: list[Name] | None = None
    archived: bool = False
    sealed: bool = False
    rules: list[RuleDocument] | None = None


class AllocationDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A share of the population, claimed.

    Attributes:
        share: How much of it.
        group: The exclusivity group whose other claims it shares no unit with; left out: a draw of its own.
        salt: The salt of a draw of its own; left out: made by twyman flags allocate.
    """

    share: Share
    group: Name | None = None
    salt: Salt | None = None


class IdsDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A file of ids.

    Attributes:
        file: A text file with one id a line, from the project's folder.
    """

    file: Text


class SegmentDocument(NamedDocument, kw_only=True, tag="segment"):
    """A reusable population: targeting × allocation. A unit is in where it is in all that is said.

    Attributes:
        when: Whom it speaks to.
        units: The ids of its units, or a file of them.
        ship: How a list of units is shipped: ids, or bloom, a small filter that takes some strangers in.
        false_positives: The share of strangers that a Bloom filter takes in.
        allocation: A share of the population, or several, of which a unit must be in all.
    """

    when: When | None = None
    units: list[UnitId] | IdsDocument | None = None
    ship: Literal["ids", "bloom"] = "ids"
    false_positives: Share | None = None
    allocation: AllocationDocument | list[AllocationDocument] | None = None


class GroupDocument(NamedDocument, kw_only=True, tag="group"):
    """An exclusivity group: claims of one group share no unit.

    Attributes:
        salt: The salt of its draw; left out: made by twyman flags allocate.
        holdback: The share that no claim ever gets; its units are the segment of the group's name and -holdback.
    """

    salt: Salt | None = None
    holdback: Share | None = None


class CredentialDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    """A secret that a client shows: never in clear.

    Attributes:
        name: Its name.
        secret: The environment variable that holds it, as $NAME.
        sha256: Its SHA-256, in hexadecimal digits.
        environments: Where it works; left out: its client's environments.
    """

    name: Name
    secret: Text | None = None
    sha256: Text | None = None
    environments: list[Name] | None = None


class ClientDocument(NamedDocument, kw_only=True, tag="client"):
    """An application that asks for flags.

    Attributes:
        environments: Where it runs; rules of these environments work for it.
        credentials: What it proves itself by.
    """

    environments: list[Name] | None = None
    credentials: list[CredentialDocument] | None = None


class ImportDocument(NamedDocument, kw_only=True, tag="import", rename={"vendor": "from"}):
    """Flags of another vendor, served as they are.

    Attributes:
        vendor: Whose they are.
        state: File of their state, from the project's folder.
        account: The account's id, where the state doesn't name it.
    """

    vendor: Literal["confidence"]
    state: Text
    account: Text | None = None


FlagsDocument = FlagDocument | SegmentDocument | GroupDocument | ClientDocument | ImportDocument
