"""A surprise that somebody outside the team has looked into, and answers for."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from twyman.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """Who signed which surprise off, and why.

    It is bound to the estimate that was looked at: a reading that has moved on from it by more than its own
    interval, further from what was expected, is a surprise that nobody has signed.

    Attributes:
        arm: The treatment.
        by: A person outside the team that owns the experiment.
        estimate: The effect that was signed off, on the scale of the expectation (else relative to control).
    """

    metric: str
    arm: str
    by: str
    on: date
    estimate: float
    because: str

    def covers(self, estimate: float, *, likely: float, half_width: float) -> bool:
        """Whether a later estimate is still the surprise that was signed.

        Args:
            estimate: The present estimate.
            likely: What had been expected.
            half_width: Half the width of the present interval.

        Example:
            >>> signed = SignOff(metric="m", arm="t", by="Dana", on=date(2015, 5, 1), estimate=0.06, because="seen")
            >>> [signed.covers(now, likely=0.02, half_width=0.01) for now in (0.05, 0.065, 0.075, -0.05)]
            [True, True, False, False]
        """
        side = 1 if self.estimate >= likely else -1
        return side * (estimate - likely) >= 0 and side * (estimate - self.estimate) <= half_width


def refuse_insider(by: str, *, owner: str, members: Collection[str]) -> None:
    """Refuse a signature from within the team: nobody sees the fault in their own good news.

    Args:
        by: Who signed.
        owner: The team that owns the experiment.
        members: Its people, as far as the project names them.

    Raises:
        Invalid: If they belong to the team, or nobody knows which team that is.
    """
    if not owner.strip():
        raise Invalid("nobody owns this experiment, so nobody is outside its team: add owner")
    if not by.strip():
        raise Invalid("a surprise is signed off by somebody: write who")
    if inside := insider(by, owner=owner, members=members):
        raise Invalid(f"'{by}' {inside}, and nobody signs their own good news off: ask somebody outside the team")


def insider(by: str, *, owner: str, members: Collection[str]) -> str:
    """Say how somebody belongs to the team that owns an experiment; nothing where they don't.

    Example:
        >>> insider("Ann (page)", owner="page-team", members=["Ann"])
        "belongs to 'page-team', which owns this experiment"
        >>> insider("Joanna", owner="page-team", members=["Ann"])
        ''
    """
    for name in (owner, *members):
        if name.strip() and re.search(rf"(?<!\w){re.escape(name.strip().casefold())}(?!\w)", by.casefold()):
            return "owns this experiment" if name == owner else f"belongs to '{owner}', which owns this experiment"
    return ""
