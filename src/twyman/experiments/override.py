"""A finding of the launch gate that somebody let pass: which one, why, and who looked at it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Override:
    """One finding that doesn't block any more.

    Attributes:
        finding: Code of the finding, such as `aliased`.
        other: The flag, experiment or group that it is about; empty for any.
        reason: Why it may pass.
        reviewer: Who looked at it: not the experiment's owner.

    Example:
        >>> Override("aliased", "no-ads", "the two are one launch", "data-science").meets("aliased", "no-ads")
        True
    """

    finding: str
    other: str
    reason: str
    reviewer: str

    def meets(self, finding: str, other: str) -> bool:
        """Say whether it speaks of a finding."""
        return self.finding == finding and self.other in ("", other)
