"""Both readings of a cohort, held equal; and the flags that the tests of them share."""

from typing import Any

from twyman.cohorts.cohort import Cohort
from twyman.cohorts.resolver import Vectorised
from twyman.flags.evaluation import Reason
from twyman.flags.flag import Assigned, Split, Variant
from twyman.flags.memory import NOTHING, Memory
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Slice
from twyman.flags.state import State

ON = (Variant("on", {"rows": 2}), Variant("off", None))
EVERYBODY = Split((Assigned((Slice(0, 1_000_000),), "on"),))
HALVES = Split((Assigned((Slice(0, 500_000),), "on"), Assigned((Slice(500_000, 1_000_000),), "off")), "halves")


def agree(state: State, cohort: Cohort, memory: Memory = NOTHING, **asker: Any) -> list[Reason]:
    """Hold both readings of a cohort equal, for every flag there is and one there isn't."""
    plain, fast = Interpreter(state, **asker), Vectorised(state, **asker)
    contexts, reasons = list(cohort), list[Reason]()
    assert fast.flags == plain.flags
    for flag in [*state.flags, "nowhere"]:
        expected = [plain.evaluate(flag, context, memory) for context in contexts]
        answers = fast.evaluate(flag, cohort, memory)
        assert [fast.evaluation(answers, cohort, row) for row in range(len(contexts))] == expected
        assert answers.applies.tolist() == [each.applies for each in expected]
        assert answers.variant.to_pylist() == [each.variant for each in expected]
        assert answers.reason.to_pylist() == [each.reason for each in expected]
        reasons += [each.reason for each in expected]
    return reasons
