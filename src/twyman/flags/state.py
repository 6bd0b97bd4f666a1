"""All that is needed to resolve: flags, the segments they share, populations, and who may ask."""

from msgspec import Struct

from twyman.flags.flag import Flag
from twyman.flags.population import Population
from twyman.flags.slices import Claim
from twyman.flags.targeting import Expression


class Segment(Struct, frozen=True, omit_defaults=True):
    """A reusable population: targeting × allocation.

    Attributes:
        when: Whom it speaks to; `None` for everybody.
        claims: Its shares: a unit is in where it is in all of them.
    """

    name: str
    when: Expression | None = None
    claims: tuple[Claim, ...] = ()


class Credential(Struct, frozen=True, omit_defaults=True):
    """A secret that a client shows, known by its SHA-256 only.

    Attributes:
        environments: Where it works; empty for its client's environments.
    """

    name: str
    sha256: str
    environments: tuple[str, ...] = ()


class Client(Struct, frozen=True, omit_defaults=True):
    """An application that asks for flags."""

    name: str
    environments: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()


class State(Struct, frozen=True, omit_defaults=True):
    """One version of everything that resolution needs.

    Attributes:
        version: Digest of the rest: two states of one version resolve alike.
    """

    flags: dict[str, Flag] = {}
    segments: dict[str, Segment] = {}
    populations: dict[str, Population] = {}
    clients: dict[str, Client] = {}
    version: str = ""
