"""A flag: named values, and the ordered rules that say who is served which."""

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from twyman.flags.bucketing import BUCKETS
from twyman.flags.schema import Field
from twyman.flags.slices import Claim, Slice, covers
from twyman.flags.targeting import Expression


class Outcome(StrEnum):
    """What an assignment does with a unit: serve a variant, only log it and go on, or leave it to the caller."""

    VARIANT = "variant"
    FALLTHROUGH = "fallthrough"
    CLIENT_DEFAULT = "client_default"


class Assigned(Struct, frozen=True, omit_defaults=True):
    """One side of a split.

    Attributes:
        slices: Its buckets of the split.
        variant: What is served; empty where nothing is.
        id: Its name in exposures; for Confidence's states the assignment's id.
    """

    slices: tuple[Slice, ...]
    variant: str = ""
    to: Outcome = Outcome.VARIANT
    id: str = ""


class Split(Struct, frozen=True, omit_defaults=True):
    """How a rule's units are dealt out: a draw under a salt of its own."""

    assigned: tuple[Assigned, ...]
    salt: str = ""
    buckets: int = BUCKETS

    @property
    def is_whole(self) -> bool:
        """Whether one side takes everybody, so that nothing need be drawn, nor any unit known."""
        sides = self.assigned
        return len(sides) == 1 and len(sides[0].slices) == 1 and covers(sides[0].slices, self.buckets)


class Sticky(Struct, frozen=True, omit_defaults=True):
    """Keeps a unit's variant once it has one, in a store.

    Attributes:
        reads, writes: Names of what is kept; empty where nothing is read or written.
        paused: Takes no new units in: only those kept already.
        ignores_targeting: A unit once in stays in, whatever its attributes say now.
    """

    reads: str = ""
    writes: str = ""
    paused: bool = False
    ignores_targeting: bool = False


class Rule(Struct, frozen=True, omit_defaults=True):
    """One line of a flag: whom it speaks to, and what they get.

    Attributes:
        segment: A reusable population that units must be in.
        when: Targeting of the rule's own, beside the segment's.
        claims: Allocation of the rule's own: a unit is in where it is in all of them.
        by: Path of the unit's id in the context; empty for the targeting key.
        environments: Where it works; empty for everywhere.
        experiment: Key under which its exposures are analysed.
    """

    name: str
    split: Split
    segment: str = ""
    when: Expression | None = None
    claims: tuple[Claim, ...] = ()
    by: str = ""
    enabled: bool = True
    environments: tuple[str, ...] = ()
    sticky: Sticky | None = None
    experiment: str = ""

    @property
    def takes_everybody(self) -> bool:
        """Whether it has one answer for everybody, whoever asks and from wherever."""
        conditions = (self.segment, self.when, self.by, self.environments, self.sticky)
        return self.split.is_whole and not any(conditions) and all(claim.is_whole for claim in self.claims)


class Variant(Struct, frozen=True):
    """A named value of a flag: JSON of its schema's shape."""

    name: str
    value: object


class Flag(Struct, frozen=True, omit_defaults=True):
    """A typed value served to units.

    Attributes:
        default: The variant of those whom no rule serves; empty leaves them to the caller's own default.
        clients: Who may see it; unset for everybody.
        broken: Why it can't be resolved at all; empty where it can.
    """

    name: str
    variants: tuple[Variant, ...]
    rules: tuple[Rule, ...] = ()
    default: str = ""
    schema: Field | None = None
    clients: tuple[str, ...] | UnsetType = UNSET
    archived: bool = False
    broken: str = ""

    @property
    def is_static(self) -> bool:
        """Whether its only rule takes everybody: nothing depends on the context."""
        return len(self.rules) == 1 and self.rules[0].takes_everybody

    def is_seen_by(self, client: str | None) -> bool:
        """Say whether a client may see it; nobody in particular (`None`) sees all."""
        return client is None or self.clients is UNSET or client in self.clients
