"""What a treatment's units are to meet, and control's aren't: the difference that the experiment declares."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """Facts that show that a unit met the change.

    Attributes:
        facts: Name of their source.
        where: Facts that show it, beside the source's own filter.
    """

    facts: str
    where: str | None = None
