"""A sequential test on paper: its plan and looks as JSON, back to the last bit."""

import json
import math
from dataclasses import asdict

from twyman.kernel.errors import Conflict, Invalid
from twyman.stats.sequential.plan import SequentialPlan, Written, spending_of
from twyman.stats.sequential.state import SequentialLook, SequentialState

UNBOUNDED = {"bound": math.inf, "lower": -math.inf, "upper": math.inf}
"""What JSON's null stands for, as it has no infinity."""


def state_to_json(state: SequentialState) -> str:
    """Return a state as JSON; where a look spent nothing, its infinite numbers are null.

    Raises:
        Invalid: If the plan's spending can't be written down.

    See docs/explanation/group-sequential.md
    """
    looks = [
        {
            name: None if name in UNBOUNDED and value == UNBOUNDED[name] else value
            for name, value in asdict(look).items()
        }
        for look in state.looks
    ]
    paper = {"plan": state.plan.as_written(), "digest": state.plan.digest, "looks": looks}
    return json.dumps(paper, allow_nan=False)


def state_of_json(text: str) -> SequentialState:
    """Return the state that `state_to_json` wrote.

    Raises:
        Invalid: If the text isn't such a state.
        Conflict: If its plan was edited after it was written.

    See docs/explanation/group-sequential.md
    """
    try:
        paper: Written = json.loads(text)
        plan = paper["plan"] | {"spending": spending_of(paper["plan"]["spending"])}
        restored = SequentialState(SequentialPlan(**plan), tuple(map(_look, paper["looks"])))
        written_under = paper["digest"]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"this is no sequential state ({error!r}): give what `state_to_json` wrote, unchanged") from error
    if restored.plan.digest != written_under:
        raise Conflict(
            f"the plan reads {restored.plan.digest} and was {written_under} when its looks were taken: restore it, as "
            "looks spend error by the plan they were taken under"
        )
    return restored


def _look(paper: Written) -> SequentialLook:
    filled: Written = {name: UNBOUNDED.get(name) if value is None else value for name, value in paper.items()}
    return SequentialLook(**filled)
