"""The moment a unit met its assignment: the only entry into analysis."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from twyman.flags.context import Context, NoUnit, unit_of
from twyman.flags.evaluation import Evaluation
from twyman.flags.flag import Outcome

ARMS = {Outcome.FALLTHROUGH: "control", Outcome.CLIENT_DEFAULT: "client_default"}
"""What exposures of an assignment without a variant log as their arm."""


class Exposure(Struct, frozen=True):
    """One unit met one assignment.

    Attributes:
        unit: The unit's id.
        exposed_at: When it met it, in UTC.
        flag, rule, variant: What assigned it, and what it was served (empty for a fallthrough or client default).
        experiment: Key under which it is analysed: the rule's experiment, or `flag.rule`.
        arm: What the analysis compares: the variant; `control` for a fallthrough, or `client_default`.
        by: Path of the unit's id in the context: which entity it is.
        id: The assignment's own id, for imported states.
        client: Who asked; empty where nobody said.
        state: Version of the state that decided.
    """

    unit: str
    exposed_at: datetime
    flag: str
    rule: str
    variant: str
    experiment: str
    arm: str
    by: str = ""
    id: str = ""
    client: str = ""
    state: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """All but the time and the state: exposures with one identity are one."""
        return (self.unit, self.flag, self.rule, self.variant, self.experiment, self.arm, self.by, self.id, self.client)


def exposures_of(
    evaluation: Evaluation, context: Context, *, at: datetime, client: str = "", state: str = ""
) -> Iterator[Exposure]:
    """Yield what meeting an answer exposes the unit to: one for each rule that assigned it and knows the unit.

    Example:
        >>> from datetime import UTC, datetime
        >>> from twyman.flags.evaluation import Assignment, Reason
        >>> answer = Evaluation("page", Reason.MATCH, "new", True, assignments=(Assignment("ab", "new"),))
        >>> [met] = exposures_of(answer, {"targeting_key": "u-1"}, at=datetime(2026, 1, 1, tzinfo=UTC))
        >>> met.unit, met.experiment, met.arm
        ('u-1', 'page.ab', 'new')
    """
    for made in evaluation.assignments:
        try:
            unit = unit_of(context, made.by)
        except NoUnit:
            unit = None
        if unit is None:
            continue
        arm = ARMS.get(made.to, made.variant)
        experiment = made.experiment or f"{evaluation.flag}.{made.rule}"
        yield Exposure(
            unit, at, evaluation.flag, made.rule, made.variant, experiment, arm, made.by, made.id, client, state
        )
