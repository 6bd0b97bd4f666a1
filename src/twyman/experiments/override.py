"""A finding of the launch gate that somebody let pass: which one, why, and who looked at it."""

from dataclasses import dataclass

OF_ANOTHER = frozenset({"aliased", "dependent", "prerequisite", "value_conflict", "over_full"})
"""Findings that are about another flag, experiment or group, of which there may be several."""


@dataclass(frozen=True, slots=True)
class Override:
    """One finding that doesn't block any more.

    Attributes:
        finding: Code of the finding, such as `aliased`.
        other: The flag, experiment or group that it is about; empty for any that isn't named in a report: of what is
            sealed, and of the experiment's own flag.
        reason: Why it may pass.
        reviewer: Who looked at it: not the experiment's owner.

    Example:
        >>> Override("aliased", "no-ads", "the two are one launch", "data-science").meets("aliased", "no-ads")
        True
        >>> Override("aliased", "", "whatever it is", "data-science").meets("aliased", "no-ads")
        False
    """

    finding: str
    other: str
    reason: str
    reviewer: str

    def meets(self, finding: str, other: str) -> bool:
        """Say whether it speaks of a finding."""
        return self.finding == finding and (self.other == other or not (self.other or finding in OF_ANOTHER))
