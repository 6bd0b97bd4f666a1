"""What comes back: the variant and its value, why, and the assignments that an exposure would log."""

from enum import StrEnum

from msgspec import Struct

from twyman.flags.flag import Outcome


class Reason(StrEnum):
    """Why a unit got what it got."""

    MATCH = "match"
    """A rule served it."""
    NO_MATCH = "no_match"
    """No rule did: the flag's default, or the caller's."""
    ARCHIVED = "archived"
    """The flag is archived: its default, or the caller's."""
    NOT_FOUND = "not_found"
    """There is no such flag, or not for this client."""
    UNIT_ERROR = "unit_error"
    """The unit's id is no id: neither text nor a whole number, or longer than 100 characters."""
    BROKEN = "broken"
    """The flag can't be resolved: its definition is at fault."""
    NOT_READY = "not_ready"
    """No state is there yet: a client's answer, no resolver's."""


class Assignment(Struct, frozen=True):
    """One assignment by a rule.

    Attributes:
        rule: The rule's name.
        variant: What it served; empty for a fallthrough and a client default.
        by: Path of the unit's id in the context; empty for the targeting key.
        id: Its name in exposures.
        experiment: Key under which it is analysed; empty where it isn't.
    """

    rule: str
    variant: str
    to: Outcome = Outcome.VARIANT
    by: str = ""
    id: str = ""
    experiment: str = ""


class Kept(Struct, frozen=True):
    """One sticky assignment to keep: of a unit, by a rule, under a name; the variant is empty where none was served."""

    store: str
    unit: str
    rule: str
    variant: str


class Evaluation(Struct, frozen=True):
    """A flag's answer for one context.

    Attributes:
        variant: The variant served; empty where the caller's own default applies.
        value: Its value; `None` where the caller's own default applies.
        rule: The rule that served it; empty where none did.
        is_split: Whether that rule dealt its units out over several sides.
        assignments: What an exposure logs, in the order in which rules made them: fallthroughs, then the last.
        keep: Sticky assignments to store.
        detail: What an error is about.
    """

    flag: str
    reason: Reason
    variant: str = ""
    value: object = None
    rule: str = ""
    is_split: bool = False
    assignments: tuple[Assignment, ...] = ()
    keep: tuple[Kept, ...] = ()
    detail: str = ""

    @property
    def applies(self) -> bool:
        """Whether meeting it is an exposure: some rule assigned the unit."""
        return bool(self.assignments)
