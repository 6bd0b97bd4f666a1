"""Contexts that stand for everybody: a table of real ones, or the shares from which some are drawn.

Values only, which load no arrays: `drawn` draws from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from twyman.kernel.place import Origin

Value = str | int | float | bool
"""What an attribute may be."""

SIZE = 100_000
"""Contexts drawn unless said: full aliasing shows in an experiment that a thousandth of them are in."""

LARGEST = 5_000_000
"""More contexts than this are a slip: they would fill the memory, and say nothing more."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; what the shares leave over has none.

    Attributes:
        shares: Share of each value; they sum to 1 at most.
    """

    values: tuple[Value, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A number between two, both in: whole where both are, any of them as likely as another."""

    low: int | float
    high: int | float


@dataclass(frozen=True, slots=True)
class Days:
    """A day between two, both in, as ISO 8601."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Given:
    """A distribution that depends on another attribute.

    Attributes:
        attribute: The other attribute, drawn before this one.
        cases: Distribution by the other's value, as text.
        otherwise: For any other value; `None` leaves the attribute out.
    """

    attribute: str
    cases: "Mapping[str, Distribution]"
    otherwise: "Distribution | None" = None


Distribution = Choice | Between | Days | Given
"""How an attribute is spread over contexts."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Contexts to be drawn.

    Attributes:
        size: How many.
        seed: The same seed draws the same contexts.
        attributes: Distribution by path; one that depends on another comes after it.
    """

    size: int = SIZE
    seed: int = 1
    attributes: Mapping[str, Distribution] = field(default_factory=dict[str, Distribution])


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """Contexts that stand for everybody who may ask.

    Attributes:
        table: File, or pattern of files, of real contexts, from the project's folder; empty where they are drawn.
        draw: What is drawn, where there is no table.
        market: Attribute that holds a context's market.
        is_new: Attribute that says whether a unit is new.
    """

    name: str
    table: str = ""
    draw: Draw = field(default_factory=Draw)
    market: str = "country"
    is_new: str = "is_new"
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)
